"""What an officer merged or split stays so, through new mentions and through a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.actions import ActionRefusedError
from models.stories import StoryBook
from pipeline.actions import Actions
from pipeline.cli.output import CommandError
from pipeline.cli.stories import stories_command
from pipeline.office import Office, open_office
from pipeline.settings import Loaded
from reports.story_sheet import story_sheet
from storage import audit, incidents, story_facts
from tests.builders import NOW, incident
from tests.pipeline.origin import HOTLINE, Origin
from tests.pipeline.test_cycle import cycle, values

HEADER = HOTLINE.splitlines()[0]
WATER = [
    "柳湾街道西苑小区自来水发黄有异味",
    "西苑小区自来水发黄两天了，老人不敢喝",
    "请查一查西苑小区的自来水为什么发黄",
    "西苑小区自来水还是发黄，物业说不知道",
]
MORE_WATER = [
    "西苑小区楼上自来水发黄，楼下也发黄",
    "西苑小区自来水发黄何时解决",
    "投诉西苑小区自来水发黄无人管",
    "西苑小区自来水发黄换了滤芯也没用",
    "再次反映西苑小区自来水发黄",
    "西苑小区自来水发黄，谁来取样检测",
]
BUS = [
    "十二路公交车间隔太长，早高峰等了四十分钟",
    "早高峰十二路公交车间隔太长，天天迟到",
    "希望十二路公交车早高峰缩短间隔",
]


def tell(origin: Origin, *told: str) -> None:
    """Let the hotline hold these messages, from the first one on."""
    lines = [f"{n},2026-05-12 09:{n:02},{words},{words}," for n, words in enumerate(told, 1)]
    origin.pages["/hotline.csv"] = "\n".join([HEADER, *lines]) + "\n"


def story_of(office: Office) -> dict[str, str]:
    """Return title → story of what the hotline brought."""
    with office.store.read() as reader:
        rows = reader.rows("SELECT title, story_id FROM mention WHERE source = 'hotline'")
    return dict(rows)


def ids_of(office: Office, *titles: str) -> list[str]:
    with office.store.read() as reader:
        rows = dict(reader.rows("SELECT title, id FROM mention"))
    return [rows[title] for title in titles]


def acting(office: Office) -> Actions:
    return Actions(office=office, clock=lambda: NOW + timedelta(minutes=5))


def merge(office: Office, kept: str, gone: str, note: str = "同一件事") -> None:
    acting(office).merge_stories(kept, gone, "研判员乙", "analyst", note)


def split(office: Office, story: str, ids: list[str], note: str = "两件事") -> str:
    return acting(office).split_story(story, ids, "研判员乙", "analyst", note)


@pytest.fixture
def quiet(origin: Origin) -> Origin:
    del origin.pages["/feed.xml"]
    tell(origin, *WATER[:3], *BUS[:2])
    return origin


@pytest.fixture
def told(quiet: Origin, office: Office) -> Office:
    """An office that knows three messages of one matter and two of another."""
    cycle(office)
    known = story_of(office)
    assert len({known[words] for words in WATER[:3]}) == 1
    assert known[BUS[0]] == known[BUS[1]] != known[WATER[0]]
    return office


def test_merged_stories_stay_one_and_gain_what_belongs_to_either(
    told: Office, quiet: Origin
) -> None:
    before = story_of(told)
    kept, gone = before[WATER[0]], before[BUS[0]]
    merge(told, kept, gone)
    assert set(story_of(told).values()) == {kept}
    tell(quiet, *WATER[:3], *BUS[:2], WATER[3], BUS[2])
    cycle(told, NOW + timedelta(hours=1))
    assert set(story_of(told).values()) == {kept}
    with told.store.read() as reader:
        head = story_facts.head(reader, gone)
    assert head is not None
    assert head.merged_into == kept


def test_a_split_pair_is_never_joined_again(told: Office, quiet: Origin) -> None:
    whole = story_of(told)[WATER[0]]
    made = split(told, whole, ids_of(told, WATER[1]))
    assert made == ids_of(told, WATER[1])[0]
    for hour in range(1, 4):
        more = MORE_WATER[: hour * 2]
        tell(quiet, *WATER[:3], *BUS[:2], *more)
        cycle(told, NOW + timedelta(hours=hour))
        now = story_of(told)
        assert now[WATER[0]] == now[WATER[2]] == whole
        assert now[WATER[1]] == made
        assert {now[words] for words in more} <= {whole, made}
    assert values(told, "SELECT count(*) FROM story WHERE merged_into <> ''") == [0]


def test_only_the_decision_keeps_them_apart(told: Office, quiet: Origin) -> None:
    whole = story_of(told)[WATER[0]]
    made = split(told, whole, ids_of(told, WATER[1]))
    states = told.mind.book.states()
    assert {s.id: s.apart for s in states if s.apart} == {whole: {made}, made: {whole}}
    undecided = [replace(s, apart=frozenset(), pinned=False) for s in states]
    told.mind = replace(told.mind, book=StoryBook(undecided))
    tell(quiet, *WATER[:3], *BUS[:2], *MORE_WATER)
    cycle(told, NOW + timedelta(hours=1))
    assert len({story_of(told)[words] for words in WATER[:3]}) == 1


def test_a_restart_keeps_what_was_decided(configured: Callable[[], Loaded], quiet: Origin) -> None:
    with open_office(configured(), NOW) as office:
        cycle(office)
        before = story_of(office)
        whole = before[WATER[0]]
        made = split(office, whole, ids_of(office, WATER[1]))
        merge(office, whole, before[BUS[0]])
    with open_office(configured(), NOW) as office:
        tell(quiet, *WATER[:3], *BUS, WATER[3])
        cycle(office, NOW + timedelta(hours=1))
        now = story_of(office)
    assert now[WATER[0]] == now[BUS[0]] == now[BUS[2]] == whole
    assert now[WATER[3]] in {whole, made}
    assert now[WATER[1]] == made


def test_what_was_split_may_be_merged_by_hand_again(told: Office) -> None:
    whole = story_of(told)[WATER[0]]
    made = split(told, whole, ids_of(told, WATER[1]))
    merge(told, whole, made)
    assert len({story_of(told)[words] for words in WATER[:3]}) == 1
    (state,) = [s for s in told.mind.book.states() if s.id == whole]
    assert state.apart == frozenset()
    assert state.size == 3
    again = split(told, whole, ids_of(told, WATER[1]))
    assert again not in {whole, made}, "an id is never given twice"


def test_a_part_of_a_part_is_kept_from_all_the_others(told: Office) -> None:
    whole = story_of(told)[WATER[0]]
    second = split(told, whole, ids_of(told, WATER[1], WATER[2]))
    third = split(told, second, ids_of(told, WATER[2]))
    bus = story_of(told)[BUS[0]]
    merge(told, bus, third)
    apart = {s.id: s.apart for s in told.mind.book.states()}
    assert apart[whole] == {second, bus}
    assert apart[second] == {whole, bus}
    assert apart[bus] == {whole, second}


def test_copies_go_with_their_original(told: Office) -> None:
    whole = story_of(told)[WATER[0]]
    original, copy = ids_of(told, WATER[1], WATER[2])
    with told.store.transaction() as tx:
        tx.run("UPDATE mention SET repost_of = ? WHERE id = ?", [original, copy])
    made = split(told, whole, [copy])
    now = story_of(told)
    assert now[WATER[1]] == now[WATER[2]] == made
    assert now[WATER[0]] == whole


def test_a_case_goes_with_most_of_its_mentions_and_leaves_the_rest(told: Office) -> None:
    whole = story_of(told)[WATER[0]]
    ids = ids_of(told, *WATER[:3])
    with told.store.transaction() as tx:
        incidents.put_incident(tx, incident(id="i1", story_id=whole))
        incidents.add_mentions(tx, "i1", ids, NOW)
    made = split(told, whole, ids[1:])
    with told.store.read() as reader:
        case = incidents.incident(reader, "i1")
        tied = reader.rows("SELECT mention_id FROM incident_mention WHERE incident_id = 'i1'")
        steps = incidents.steps(reader, "i1")
    assert case is not None
    assert case.story_id == made
    assert {row[0] for row in tied} == set(ids[1:])
    assert [(step.action, step.note) for step in steps] == [("story_split", "两件事")]
    merge(told, whole, made)
    with told.store.read() as reader:
        case = incidents.incident(reader, "i1")
    assert case is not None
    assert case.story_id == whole


@pytest.mark.parametrize(
    ("chosen", "note", "words"),
    [
        ([], "两件事", "没有选择"),
        (["nothing"], "两件事", "没有选择"),
        (WATER[:3], "两件事", "不能拆出全部"),
        (WATER[:1], " ", "须写明理由"),
    ],
    ids=["none", "not-a-member", "all", "no-reason"],
)
def test_a_split_that_makes_no_sense_is_refused_and_changes_nothing(
    told: Office, chosen: list[str], note: str, words: str
) -> None:
    whole, before = story_of(told)[WATER[0]], story_of(told)
    ids = ids_of(told, *chosen) if chosen and chosen[0] in before else chosen
    with pytest.raises(ActionRefusedError, match=words):
        split(told, whole, ids, note)
    assert story_of(told) == before
    assert audit.check_store(told.store).rows == 0


@pytest.mark.parametrize("other", ["itself", "nothing"])
def test_a_merge_that_makes_no_sense_is_refused(told: Office, other: str) -> None:
    whole = story_of(told)[WATER[0]]
    with pytest.raises(ActionRefusedError, match="编号"):
        merge(told, whole, whole if other == "itself" else other)
    assert audit.check_store(told.store).rows == 0


def test_every_change_is_in_the_chain_with_who_and_why(told: Office) -> None:
    before = story_of(told)
    split(told, before[WATER[0]], ids_of(told, WATER[1]), "一个是水压")
    merge(told, before[WATER[0]], before[BUS[0]], "同一来信人")
    with told.store.read() as reader:
        rows = reader.rows("SELECT who, action, detail FROM audit ORDER BY seq")
    assert [(who, action) for who, action, _ in rows] == [
        ("研判员乙", "story_split"),
        ("研判员乙", "stories_merged"),
    ]
    assert rows[0][2].endswith("一个是水压")
    assert audit.check_store(told.store).problem == ""


def test_the_story_of_an_open_case_is_pinned_in_the_next_round(told: Office, quiet: Origin) -> None:
    whole = story_of(told)[WATER[0]]
    with told.store.transaction() as tx:
        incidents.put_incident(tx, incident(id="i9", story_id=whole))
    tell(quiet, *WATER[:3], *BUS[:2], WATER[3])
    cycle(told, NOW + timedelta(hours=1))
    (state,) = [s for s in told.mind.book.states() if s.id == whole]
    assert state.pinned
    with told.store.read() as reader:
        rows = dict(reader.rows("SELECT id, state FROM story"))
    assert json.loads(rows[whole])["pinned"]
    assert not json.loads(rows[story_of(told)[BUS[0]]])["pinned"]


def test_the_book_in_use_and_the_stored_stories_are_the_same(told: Office, quiet: Origin) -> None:
    merge(told, story_of(told)[WATER[0]], story_of(told)[BUS[0]])
    split(told, story_of(told)[WATER[0]], ids_of(told, WATER[1]))
    tell(quiet, *WATER[:3], *BUS[:2], WATER[3], BUS[2])
    cycle(told, NOW + timedelta(hours=1))
    kept = told.mind.book
    told.remember(NOW + timedelta(hours=1))
    assert described(kept) == described(told.mind.book)


def described(book: StoryBook) -> dict[str, tuple[object, ...]]:
    return {
        s.id: (s.size, s.independent, s.apart, s.pinned, sorted(s.terms)) for s in book.states()
    }


def test_the_command_prints_the_numbers_of_the_console(
    told: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, just_now = story_of(told)[WATER[0]], datetime.now(UTC) - timedelta(hours=1)
    with told.store.transaction() as tx:  # the command looks at the real clock
        tx.run("UPDATE mention SET event_at = ?", [just_now])
        tx.run("UPDATE story SET last_at = ?", [just_now])
    with told.store.read() as reader:
        sheet = story_sheet(reader, whole, told.loaded.settings.heat.weights(), datetime.now(UTC))
    told.store.close()  # the command opens the database itself
    assert sheet is not None
    stories_command(whole, config=told.loaded.path, as_json=True)
    row = json.loads(capsys.readouterr().out)
    assert (row["heat"], row["formula"]) == (sheet.heat.value, sheet.heat.formula)
    assert (row["independent"], row["reposts"], row["sources"]) == (3, 0, 1)
    assert row["first_source"] == "hotline"
    assert sum(hour[1] for hour in row["curve"]) == 3
    stories_command(config=told.loaded.path, as_json=True)
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["heat"] for one in listed] == sorted((o["heat"] for o in listed), reverse=True)
    assert {one["id"] for one in listed} >= {whole}
    stories_command(whole, config=told.loaded.path)
    assert sheet.heat.formula.partition("。")[0] in capsys.readouterr().out.replace("\n", "")
    with pytest.raises(CommandError, match="there is no story nothing"):
        stories_command("nothing", config=told.loaded.path)
