"""What moved is said from what to what, in both languages; what is missing is said too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.drift import Drift, DriftVerdict
from reports import drift
from storage import corrections, mentions
from storage.store import Store
from tests.builders import NOW, week_table

USUAL = {"negative": 40, "neutral": 70, "positive": 10}
TURNED = {"negative": 90, "neutral": 20, "positive": 10}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        yield opened


def fill(store: Store, now: dict[str, int], sure: float = 0.9) -> None:
    with store.transaction() as tx:
        for weeks_ago in range(1, 5):
            mentions.add(tx, week_table(weeks_ago, USUAL))
        mentions.add(tx, week_table(0, now, sure=sure))


def sentiment(store: Store) -> DriftVerdict:
    with store.read() as reader:
        return next(v for v in drift.verdicts(reader, NOW) if v.head == "sentiment")


def test_a_turned_mix_is_told_with_its_labels_from_what_to_what(store: Store) -> None:
    fill(store, TURNED)
    verdict = sentiment(store)
    assert drift.line(verdict, "zh") == (
        "倾向 5月11日—5月17日 有变化：占比：“中性”由 58.3% 变为 16.7%，“负面”由 33.3% 变为 75.0%"
    )
    assert drift.line(verdict, "en") == (
        "sentiment 11 May—17 May changed: "
        "Share of mentions: neutral from 58.3% to 16.7%, negative from 33.3% to 75.0%"
    )
    assert drift.grown_label(verdict) == "negative"


def test_less_confidence_is_told_from_what_to_what(store: Store) -> None:
    fill(store, USUAL, sure=0.8)
    verdict = sentiment(store)
    assert drift.moved_words(verdict, "zh") == ["模型的平均把握由 90.0% 降到 80.0%"]
    assert drift.grown_label(verdict) == ""


def test_disagreement_is_told_with_its_counts(store: Store) -> None:
    fill(store, USUAL)
    with store.transaction() as tx:
        for i in range(30):
            label = "positive" if i < 20 else "neutral"
            corrections.add(tx, f"w0-neutral-{i}", ("sentiment", label), "张科长", "", NOW)
    verdict = sentiment(store)
    assert Drift.DISAGREEMENT in verdict.moved
    said = "人工更正 30 次，20 次改了标注（66.7%，一般不超过 25.0%）"
    assert drift.moved_words(verdict, "zh")[-1] == said


def test_a_usual_week_is_steady(store: Store) -> None:
    fill(store, USUAL)
    assert drift.line(sentiment(store), "zh") == "倾向 5月11日—5月17日 稳定"


def test_a_week_just_begun_waits_and_the_week_before_is_judged(store: Store) -> None:
    fill(store, {"negative": 99})
    verdict = sentiment(store)
    assert verdict.steady
    assert drift.week_words(verdict, "zh") == "5月4日—5月10日"


def test_too_little_says_what_is_missing(store: Store) -> None:
    with store.transaction() as tx:
        mentions.add(tx, week_table(1, {"negative": 20}))
        mentions.add(tx, week_table(0, {"negative": 30}))
    assert drift.line(sentiment(store), "zh") == (
        "倾向 5月11日—5月17日 数据不足：这一周只有 30 条，满 100 条才判断；"
        "此前满 100 条的周有 0 个，需要 3 个"
    )


def test_nothing_read_gives_no_verdict(store: Store) -> None:
    with store.read() as reader:
        assert drift.verdicts(reader, NOW) == ()
