"""The health view says whether the model reads as it did, what moved, and what to do."""

from __future__ import annotations

import re

import pytest

from storage import corrections, mentions
from storage.store import Store
from tests import world
from tests.builders import week_table
from tests.console.conftest import Browse, Hands, settings

USUAL = {"negative": 40, "neutral": 70, "positive": 10}
TURNED = {"negative": 190, "neutral": 20, "positive": 10}


def fill(store: Store, now: dict[str, int], weeks: int = 4) -> None:
    """Store some usual weeks and this one; the world's own few mentions are taken away."""
    with store.transaction() as tx:
        tx.run("DELETE FROM mention")
        for weeks_ago in range(1, weeks + 1):
            mentions.add(tx, week_table(weeks_ago, USUAL, now=world.NOW))
        mentions.add(tx, week_table(0, now, now=world.NOW))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_a_turned_mix_says_what_moved_and_what_to_do(officer: Hands, store: Store) -> None:
    fill(store, TURNED)
    page = officer.open("/sources")
    assert "模型判读有变化：倾向。" in words(page)
    assert "11月23日—11月29日 这一周判读 220 条信息。与此前 4 周相比：有变化" in words(page)
    assert "“负面”由 33.3% 变为 86.4%" in page
    assert 'href="/mentions?sentiment=negative">抽查“负面”' in page
    assert "yuqing train" in page
    assert page.count("占比与此前相近") == 3


def test_a_usual_week_is_steady_and_asks_for_nothing(officer: Hands, store: Store) -> None:
    fill(store, USUAL)
    page = officer.open("/sources")
    assert "与此前 4 周相比：稳定" in words(page)
    assert "有变化" not in page
    assert "yuqing train" not in page


def test_too_little_says_what_is_missing_and_claims_nothing(officer: Hands, store: Store) -> None:
    fill(store, {"negative": 20}, weeks=2)
    page = words(officer.open("/sources"))
    assert "11月16日—11月22日 这一周判读 120 条信息。数据不足，还不能判断：" in page
    assert "此前满 100 条的周有 1 个，需要 3 个。" in page
    assert "稳定" not in page.replace("模型判读是否稳定", "")


def test_officers_disagreement_is_told_even_when_the_week_is_thin(
    officer: Hands, store: Store
) -> None:
    fill(store, {"negative": 60}, weeks=0)
    with store.transaction() as tx:
        for i in range(25):
            label = ("sentiment", "neutral" if i < 20 else "negative")
            corrections.add(tx, f"w0-negative-{i}", label, "值班员甲", "", world.NOW)
    page = words(officer.open("/sources"))
    assert "数据不足，还不能判断：这一周只有 60 条" in page
    assert "人工更正 25 次，20 次改了标注（80.0%，一般不超过 25.0%）" in page
    assert "抽查最近的信息" in page


def test_without_mentions_it_says_so(officer: Hands, store: Store) -> None:
    with store.transaction() as tx:
        tx.run("DELETE FROM mention")
    assert "最近 12 周没有模型判读过的信息" in officer.open("/sources")


@pytest.mark.parametrize("now", [TURNED, USUAL, {"negative": 1}], ids=["turned", "usual", "thin"])
def test_it_is_said_in_english_too(browse: Browse, store: Store, now: dict[str, int]) -> None:
    fill(store, now, weeks=4 if now is not TURNED else 5)
    hands = browse(settings(language="en", place="Qinglan", sources={}))
    hands.sign_in("Officer", "duty_officer")
    section = hands.open("/sources").split('id="model"')[1].split("</section>")[0]
    assert re.findall(r"[\u4e00-\u9fff]+", section) == []
    if now is TURNED:
        assert "negative from 33.3% to 86.4%" in section
