"""Mentions of one matter come together, others stay apart, officers have the last word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import rarity
from models.stories import (
    StoryBook,
    StoryInput,
    StoryState,
    assign,
    from_json,
    merge_stories,
    rebuild,
    to_json,
)
from models.story_terms import terms_of

MONDAY = datetime(2026, 5, 11, 1, tzinfo=UTC)


def mention(name: str, title: str, lead: str = "", *, hours: float = 0, **more: str) -> StoryInput:
    return StoryInput(
        id=name,
        title=title,
        lead=lead,
        time=MONDAY + timedelta(hours=hours),
        place=more.get("place", ""),
        repost_of=more.get("repost_of"),
        original_story=more.get("original_story"),
    )


PLANT = [
    mention("p1", "云溪新城旁边建搅拌站噪音扰民", "云溪新城小区旁边正在建搅拌站，粉尘大、噪音大。"),
    mention("p2", "投诉云溪新城附近搅拌站污染环境", "搅拌站离云溪新城不到一百米。", hours=5),
    mention("p3", "请停建云溪新城搅拌站", "云溪新城居民反对在家门口建搅拌站。", hours=30),
]
STRANGERS = [
    mention("s1", "建议延长图书馆周末开放时间", "希望图书馆周末开到晚上九点。", hours=1),
    mention("s2", "丹江街路灯坏了三盏", "丹江街中段三盏路灯不亮，夜里出行不便。", hours=2),
    mention("s3", "二手房过户需要带什么材料", "咨询二手房过户流程和材料清单。", hours=3),
    mention("s4", "学校食堂饭菜太凉", "孩子说学校食堂中午的饭菜经常是凉的。", hours=4),
    mention("s5", "公交改道后老人出行难", "公交改道后最近的站要走两里路。", hours=6),
]
IN_ORDER = sorted([*PLANT, *STRANGERS], key=lambda one: one.time)


def story_of(name: str, mentions: list[StoryInput], states: list[StoryState]) -> str:
    grouped = assign(mentions, states)
    return next(one.story for one in grouped.assignments if one.mention == name)


def run(mentions: list[StoryInput], *, batch: int) -> tuple[dict[str, str], list[StoryState]]:
    """Group in batches, storing and reading back the states between them, as a restart would."""
    stored: dict[str, str] = {}
    placed: dict[str, str] = {}
    for start in range(0, len(mentions), batch):
        grouped = assign(mentions[start : start + batch], [from_json(s) for s in stored.values()])
        placed |= {one.mention: one.story for one in grouped.assignments}
        stored |= {state.id: to_json(state) for state in grouped.changed}
        for merge in grouped.merges:
            stored.pop(merge.gone, None)
            placed = {m: merge.kept if s == merge.gone else s for m, s in placed.items()}
    return placed, [from_json(text) for text in stored.values()]


def test_mentions_of_one_matter_form_one_story_named_after_the_first() -> None:
    placed, _ = run(IN_ORDER, batch=100)
    assert {placed[one.id] for one in PLANT} == {"p1"}


def test_strangers_stay_alone() -> None:
    placed, _ = run(IN_ORDER, batch=100)
    assert all(placed[one.id] == one.id for one in STRANGERS)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_restart_between_batches_changes_nothing(batch: int) -> None:
    assert run(IN_ORDER, batch=batch)[0] == run(IN_ORDER, batch=100)[0]


def test_the_same_matter_at_two_places_is_two_stories() -> None:
    titles = ["锦绣花园连续停水三天", "翠湖家园电梯停运一周", "龙泉苑消防通道被占"]
    placed, _ = run([mention(str(n), title) for n, title in enumerate(titles)], batch=10)
    assert len(set(placed.values())) == 3


def test_another_known_place_asks_for_more() -> None:
    first = mention("a", "文化路小学门口堵车", place="青林区")
    near = mention("b", "文化路小学门口又堵车了没人管", hours=1, place="青林区")
    far = replace(near, place="白石县")
    state = assign([first], []).changed
    near_share = assign([near], state).assignments[0]
    far_share = assign([far], state).assignments[0]
    assert near_share.story == "a"
    assert not near_share.founds
    assert far_share.founds or far_share.share >= 0.47


def test_an_assignment_names_the_shared_terms() -> None:
    grouped = assign(PLANT, [])
    joined = grouped.assignments[1]
    assert {"云溪", "搅拌"} <= set(joined.shared_terms)
    assert 0 < joined.share <= 1


def test_a_repost_follows_its_original_and_adds_no_voice() -> None:
    copy = mention("r", "标题完全不同", hours=1, repost_of="p1")
    grouped = assign([PLANT[0], copy], [])
    (state,) = grouped.changed
    assert grouped.assignments[1].story == "p1"
    assert (state.size, state.independent) == (2, 1)
    assert state.terms == assign([PLANT[0]], []).changed[0].terms


def test_a_repost_of_a_stored_mention_goes_to_its_story() -> None:
    (state,) = assign([PLANT[0]], []).changed
    copy = mention("r", "无关标题", hours=1, repost_of="p1", original_story="p1")
    assert story_of("r", [copy], [state]) == "p1"


def test_a_repost_of_a_closed_story_still_goes_there() -> None:
    copy = mention("r", "无关标题", repost_of="x", original_story="long ago")
    grouped = assign([copy], [])
    assert grouped.assignments[0].story == "long ago"
    assert grouped.changed == ()


def test_the_same_mention_twice_is_counted_once() -> None:
    grouped = assign([PLANT[0], PLANT[0]], [])
    assert [one.story for one in grouped.assignments] == ["p1", "p1"]
    (state,) = grouped.changed
    assert state.size == 1
    assert assign([PLANT[0]], [state]).assignments[0].story == "p1"


def test_a_storm_does_not_draw_in_strangers() -> None:
    storm = replace(rebuild("storm", PLANT, pinned=False), lively=50_000.0)
    placed = {a.mention: a.story for a in assign(STRANGERS, [storm]).assignments}
    assert all(placed[one.id] == one.id for one in STRANGERS)


def test_a_quiet_story_that_grows_keeps_its_identity() -> None:
    quiet = mention("q", "白鹭湖水质发黑有异味", "白鹭湖最近水质发黑，有异味。")
    burst = [
        mention(
            f"b{n}", f"白鹭湖水质发黑{n}群众反映异味", "白鹭湖水质发黑异味严重。", hours=700 + n
        )
        for n in range(40)
    ]
    placed, states = run([quiet, *STRANGERS, *burst], batch=10)
    assert {placed[one.id] for one in burst} == {"q"}
    (state,) = [state for state in states if state.id == "q"]
    assert state.size == 41
    assert state.first_seen == quiet.time


def test_a_story_split_by_an_officer_is_never_joined_again() -> None:
    one = rebuild("one", PLANT[:2], apart=["two"])
    two = rebuild("two", PLANT[2:], apart=["one"])
    more = [
        mention(f"m{n}", "云溪新城搅拌站扰民何时处理", "云溪新城搅拌站粉尘噪音。", hours=40 + n)
        for n in range(10)
    ]
    grouped = assign(more, [one, two])
    assert grouped.merges == ()
    assert {a.story for a in grouped.assignments} <= {"one", "two"}


def test_a_pinned_story_is_not_merged_away() -> None:
    old = rebuild("old", [PLANT[0]], pinned=False)
    incident = replace(rebuild("incident", [PLANT[2]]), first_seen=MONDAY + timedelta(days=1))
    grouped = assign([mention("n", "云溪新城搅拌站", "云溪新城搅拌站", hours=50)], [old, incident])
    assert all(merge.kept == "incident" for merge in grouped.merges)
    assert all(merge.gone != "incident" for merge in grouped.merges)


def test_two_stories_that_grow_together_merge_into_the_older() -> None:
    old = rebuild("old", [PLANT[0]], pinned=False)
    young = rebuild("young", [PLANT[1], PLANT[2]], pinned=False)
    grouped = assign([mention("n", "云溪新城搅拌站扰民", "云溪新城搅拌站", hours=50)], [old, young])
    assert [(merge.kept, merge.gone) for merge in grouped.merges] == [("old", "young")]
    assert grouped.assignments[0].story == "old"
    (state,) = grouped.changed
    assert (state.id, state.size) == ("old", 4)


def test_merging_by_hand_counts_both_and_stays() -> None:
    one, two = rebuild("one", PLANT[:1], apart=["x"]), rebuild("two", STRANGERS[:1], apart=["y"])
    both, within = merge_stories(one, two)
    assert (both.id, both.size, both.independent) == ("one", 2, 1)
    assert both.apart == {"x", "y"}
    assert both.pinned
    assert both.last_seen == STRANGERS[0].time
    assert (within.id, within.into, within.pinned) == ("two", "one", True)


def test_what_belonged_to_either_of_two_merged_stories_finds_the_whole() -> None:
    one, two = rebuild("one", PLANT[:1]), rebuild("two", STRANGERS[:1])
    book = StoryBook(merge_stories(one, two))
    again = replace(STRANGERS[0], id="again")
    grouped = book.assign([PLANT[1], again, replace(again, id="copy", repost_of="again")])
    assert [a.story for a in grouped.assignments] == ["one", "one", "one"]
    assert grouped.merges == ()
    changed = {state.id: state for state in grouped.changed}
    assert (changed["one"].size, changed["one"].independent) == (5, 2)
    assert (changed["two"].size, changed["two"].into) == (3, "one")
    assert [a.story for a in book.assign([again]).assignments] == ["one"], "told twice"


def test_a_state_rebuilt_from_its_mentions_equals_the_grown_one() -> None:
    _, states = run(PLANT, batch=1)
    grown = next(state for state in states if state.id == "p1")
    rebuilt = rebuild("p1", PLANT, pinned=False)
    assert rebuilt.terms == pytest.approx(grown.terms)
    assert (rebuilt.size, rebuilt.independent) == (grown.size, grown.independent)
    assert rebuilt.lively == pytest.approx(grown.lively, abs=0.01)


def test_a_story_without_mentions_cannot_be_rebuilt() -> None:
    with pytest.raises(ValueError, match="close it"):
        rebuild("empty", [])


def test_a_stored_state_reads_back_equal() -> None:
    state = rebuild("s", PLANT, apart=["x"])
    assert from_json(to_json(state)).apart == {"x"}
    assert from_json(to_json(from_json(to_json(state)))) == from_json(to_json(state))


def test_a_broken_state_is_named() -> None:
    with pytest.raises(ValueError, match="not a stored story"):
        from_json('{"id": "x"}')


def test_silent_stories_close() -> None:
    book = StoryBook(assign(IN_ORDER, []).changed)
    closed = book.close(silent_since=MONDAY + timedelta(hours=5))
    assert set(closed) == {"s1", "s2", "s3", "s4"}
    assert len(book) == 2


def test_a_story_of_one_mention_may_close_sooner() -> None:
    book = StoryBook(assign(IN_ORDER, []).changed)
    closed = book.close(silent_since=MONDAY, lone_since=MONDAY + timedelta(hours=5))
    assert set(closed) == {"s1", "s2", "s3", "s4"}
    assert "p1" in {state.id for state in book.states()}


def test_a_kept_book_answers_as_the_stored_states_do() -> None:
    book = StoryBook()
    placed = {a.mention: a.story for one in IN_ORDER for a in book.assign([one]).assignments}
    assert placed == run(IN_ORDER, batch=1)[0]
    assert {state.id for state in book.states()} == set(placed.values())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=8))
def test_every_mention_gets_exactly_one_story(texts: list[tuple[str, str]]) -> None:
    mentions = [mention(str(n), title, lead) for n, (title, lead) in enumerate(texts)]
    grouped = assign(mentions, [])
    assert [one.mention for one in grouped.assignments] == [one.id for one in mentions]
    known = {state.id for state in grouped.changed}
    assert all(one.story in known for one in grouped.assignments)
    assert sum(state.size for state in grouped.changed) == len(mentions)


def test_terms_leave_passing_words_of_the_lead_out() -> None:
    (terms,) = terms_of(["停水通知"], ["锦绣花园今晚停水，锦绣花园请储水，路过提醒"])
    assert "锦绣" in terms
    assert "提醒" not in terms
    assert terms["停水"] > terms["通知"]


def test_terms_do_not_span_punctuation_and_fold_traditional() -> None:
    one, other = terms_of(["停電，檢修"], [""]), terms_of(["停电,检修"], [""])
    assert one == other
    assert "电检" not in one[0]


def test_a_rare_name_tells_more_than_a_common_word() -> None:
    table = rarity.packaged()
    assert table.share("问题") > table.share("鹭湖")
    assert rarity.weight(table.share("问题")) < 2 < rarity.weight(table.share("鹭湖"))


def test_a_learned_table_counts_documents_not_words() -> None:
    steps, documents = rarity.learn([["甲乙", "甲乙"]] * 7 + [["丙丁"]] * 2)
    table = rarity.Rarity(steps, documents)
    assert documents == 9
    assert table.share("甲乙") == pytest.approx(8 / 10, rel=0.05)
    assert table.share("丙丁") == pytest.approx(1 / 10)
    assert steps.dtype == np.uint8
