"""Stories as an officer sees them: every number printed, merged and split with a reason."""

from __future__ import annotations

import html
import re

import pytest

from console.pages.stories import CHOSEN
from models.heat import HeatWeights
from models.stories import StoryInput, rebuild
from pipeline.absorb import story_row
from reports.story_sheet import story_sheet
from storage import audit, stories
from storage.store import Store
from tests.console.conftest import Browse, Hands, settings
from tests.world import NOW, Told, add_mentions


@pytest.fixture
def store(store: Store) -> Store:
    """The written world with states that can be grouped further, and a second story."""
    with store.transaction() as tx:
        add_mentions(
            tx, [Told(id=f"m-bin-{n}", title="垃圾桶满了", story="m-bin-0") for n in range(2)]
        )
        for story_id in ("s-water", "m-bin-0"):
            members = [
                StoryInput(
                    id=one.id,
                    title=one.title,
                    lead=one.text,
                    time=one.event_at,
                    repost_of=one.repost_of or None,
                )
                for one in stories.members(tx, story_id)
            ]
            stories.put(tx, [story_row(rebuild(story_id, members, pinned=False))])
    return store


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_list_puts_the_hottest_first_with_both_numbers(officer: Hands) -> None:
    page = officer.open("/stories")
    assert page.index("/stories/s-water") < page.index("/stories/m-bin-0")
    (row,) = [r for r in page.split("<tr>") if "/stories/s-water" in r]
    assert '<td class="n">3</td><td class="n">3</td><td class="n">4</td>' in row
    assert "清岚论坛" in row
    assert "清舆〔2026〕2号" in row


def test_heat_can_be_computed_again_from_what_is_printed(officer: Hands, store: Store) -> None:
    page = officer.open("/stories/s-water")
    table = page.partition("热度怎样算出")[2].partition("</table>")[0]
    rows = [re.findall(r'<td class="n">([^<]*)</td>', row) for row in table.split("<tr>")[2:]]
    assert len(rows) == 6
    points = []
    for count, weight, at_most, printed in rows:
        by_hand = min(float(count) * float(weight.removeprefix("× ")), float(at_most))
        assert round(by_hand, 2) == float(printed)
        points.append(float(printed))
    with store.read() as reader:
        sheet = story_sheet(reader, "s-water", HeatWeights(), NOW)
    assert sheet is not None
    assert round(sum(points), 2) == sheet.heat.value
    assert f"热度 {sheet.heat.value:g} = " in words(page)


def test_a_story_names_its_first_source_its_case_and_where_it_was_told(officer: Hands) -> None:
    page = words(officer.open("/stories/s-water"))
    assert "清岚论坛" in page
    assert "清舆〔2026〕2号" in page
    assert "负面 3 （ 100.0% ）" in page or "负面 3（100.0%）" in page
    assert "网传停水与水质有关，街道尚未回应" in page
    assert "媒体级别最高（自媒体）" in page


def test_the_curve_can_be_read_back_in_time(officer: Hands) -> None:
    officer.open("/stories/s-water")
    earlier = re.search(r'href="(/stories/s-water\?until=[^"]+)">←', officer.page)
    assert earlier
    officer.open(html.unescape(earlier[1]))
    assert officer.status == 200
    assert "再晚" in officer.page


def test_weights_of_the_office_are_the_ones_printed(browse: Browse, store: Store) -> None:
    hands = browse(settings(heat=HeatWeights(source_each=5.0)))
    hands.sign_in()
    assert "× 5</td>" in hands.open("/stories/s-water")


def test_merging_brings_everything_under_one_story(officer: Hands, store: Store) -> None:
    officer.open("/stories/s-water")
    address = "http://127.0.0.1:8321/stories/m-bin-0?days=7"
    page = officer.send("/stories/s-water/merge", other=address, note="同一小区")
    assert "两个热点已合并" in page
    with store.read() as reader:
        assert reader.value("SELECT count(*) FROM mention WHERE story_id = 's-water'") == 8
        assert reader.value("SELECT story_id FROM incident WHERE id = 'i-water'") == "s-water"
    assert "/stories/s-water/merge" in officer.open("/stories/m-bin-0"), "the old address leads on"
    assert "合并热点" in officer.open("/incidents/i-water")
    assert audit.check_store(store).problem == ""


def test_splitting_takes_the_ticked_mentions_with_their_copies(
    officer: Hands, store: Store
) -> None:
    officer.open("/stories/s-water")
    ticked = {f"{CHOSEN}m-rumour": "1", "note": "谣言另案处理"}
    page = officer.send("/stories/s-water/split", **ticked)
    assert "已拆分为新的热点" in page
    with store.read() as reader:
        rows = reader.rows("SELECT id FROM mention WHERE story_id = 'm-rumour'")
    assert {row[0] for row in rows} == {"m-rumour", "m-copy-0", "m-copy-1", "m-copy-2"}
    assert "独立 2 条" in officer.open("/stories/s-water")


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("merge", {"other": "s-water", "note": "x"}, "不能与自己合并"),
        ("merge", {"other": "nothing", "note": "x"}, "没有编号为"),
        ("merge", {"other": "m-bin-0", "note": ""}, "须写明理由"),
        ("split", {"note": "x"}, "没有选择"),
        ("split", {f"{CHOSEN}m-lamp": "1", "note": "x"}, "没有选择"),
    ],
    ids=["itself", "unknown", "no-reason", "none", "of-another-story"],
)
def test_a_refusal_is_shown_and_nothing_changes(
    officer: Hands, store: Store, form: str, fields: dict[str, str], said: str
) -> None:
    officer.open("/stories/s-water")
    assert said in officer.send(f"/stories/s-water/{form}", **fields)
    assert officer.status == 409
    with store.read() as reader:
        assert reader.value("SELECT count(*) FROM mention WHERE story_id = 's-water'") == 6


def test_a_reader_sees_the_numbers_and_changes_nothing(stranger: Hands, store: Store) -> None:
    stranger.sign_in("读者", "reader")
    page = stranger.open("/stories/s-water")
    assert "热度怎样算出" in page
    assert "/merge" not in page
    assert "/split" not in page
    stranger.send("/stories/s-water/merge", other="m-bin-0", note="x")
    assert stranger.status == 403
