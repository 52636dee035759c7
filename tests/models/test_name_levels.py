"""Names of places and people become one mark, so that they cannot decide a label."""

from __future__ import annotations

import numpy as np
import pytest

from models.features import code_points
from models.name_levels import PLACES, SURNAMES


def shown(*texts: str) -> list[str]:
    values = code_points(texts).values
    return "".join(chr(value) if value else "|" for value in values).split("|")[:-1]


@pytest.mark.parametrize("place", ["长沙市", "郑州市", "乌鲁市", "上海市", "A市"])
def test_towns_look_alike(place: str) -> None:
    assert shown(f"{place}的公交车") == ["a市的公交车"]


@pytest.mark.parametrize("surname", ["王", "李", "欧", "农"])
def test_surnames_before_an_address_look_alike(surname: str) -> None:
    assert shown(f"我叫{surname}某，请{surname}局长关注") == ["我叫a某,请a局长关注"]


def test_a_surname_inside_a_word_stays() -> None:
    assert shown("高温天气停水", "黄色垃圾桶", "马路不平") == [
        "高温天气停水",
        "黄色垃圾桶",
        "马路不平",
    ]


def test_common_words_that_are_also_towns_stay() -> None:
    assert shown("四平方米", "房东营业执照", "高中卫生间") == [
        "四平方米",
        "房东营业执照",
        "高中卫生间",
    ]


def test_nothing_runs_over_the_border_of_texts() -> None:
    assert shown("去北", "京剧", "", "", "王", "先生") == ["去北", "京剧", "", "", "王", "先生"]


def test_the_lists_hold_characters_of_the_basic_plane_only() -> None:
    assert all(len(name) == 2 for name in PLACES.split())
    assert len(set(SURNAMES)) == len(SURNAMES)
    assert max(map(ord, SURNAMES)) < 1 << 16


def test_spans_still_point_into_the_original() -> None:
    text = "请长沙 市的王局长看看"
    codes = code_points([text])
    mark = int(np.flatnonzero(codes.values == ord("市"))[0])
    low, high = codes.span(0, mark, mark + 1)
    assert text[low:high] == "市"
