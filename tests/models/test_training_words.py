"""Words of feeling become three columns over the n-grams: good, bad, dangerous."""

from __future__ import annotations

import numpy as np

from models.features import BLOCKS
from models.training_made import Feeling, packaged_made
from models.training_vectors import counted, vocabulary, weighed
from models.training_words import feeling_columns

TEXTS = [
    "食堂饭菜很美味",
    "夜里噪音扰民",
    "工厂发生爆炸",
    "感谢工作人员见义勇为",
    "通知明天开会",
] * 4
CHOSEN = vocabulary(counted(TEXTS), np.ones((BLOCKS, len(TEXTS))), np.array([], dtype=np.int64))
WORDS = (
    Feeling("美味", 2, danger=False),
    Feeling("扰民", -1, danger=False),
    Feeling("爆炸", -2, danger=True),
    Feeling("见义勇为", 2, danger=False),
    Feeling("没见过的", -2, danger=True),
)


def sounds(text: str) -> list[float]:
    """Return how good, bad and dangerous the columns find a text."""
    found = weighed(counted([text]), CHOSEN) @ feeling_columns(WORDS, CHOSEN).T
    return [float(value) for value in np.asarray(found)[0]]


def test_a_word_is_heard_in_its_own_columns_alone() -> None:
    good, bad, danger = sounds("食堂饭菜很美味")
    assert good > 0
    assert (bad, danger) == (0, 0)
    good, bad, danger = sounds("工厂发生爆炸")
    assert good == 0
    assert bad == 2 * danger > 0


def test_a_word_of_four_is_heard_by_its_halves() -> None:
    assert sounds("感谢工作人员见义勇为")[0] > 0
    assert sounds("感谢工作人员")[0] == 0


def test_a_plain_text_and_an_unknown_word_sound_like_nothing() -> None:
    assert sounds("通知明天开会") == [0, 0, 0]
    assert np.isfinite(feeling_columns(WORDS, CHOSEN)).all()


def test_without_words_nothing_is_heard() -> None:
    assert not feeling_columns((), CHOSEN).any()


def test_a_stronger_word_weighs_more() -> None:
    columns = feeling_columns(WORDS, CHOSEN)
    assert set(columns[1][columns[1] > 0]) == {1.0, 2.0}


def test_packaged_words_are_known_once_and_have_a_feeling() -> None:
    words = packaged_made().words
    assert len({one.word for one in words}) == len(words) > 5_000
    assert {one.feeling for one in words} == {-2, -1, 1, 2}
    assert all(2 <= len(one.word) <= 4 for one in words)
    assert 0 < sum(one.danger for one in words) < len(words) / 5
