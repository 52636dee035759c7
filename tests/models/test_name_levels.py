"""Names of places and people become one mark, so that they cannot decide a label."""

from __future__ import annotations

import numpy as np
import pytest

from models.features import code_points
from models.name_levels import (
    ADDRESSES,
    INSTITUTIONS,
    NAMELESS,
    NO_NAME_ENDS,
    NO_NAME_GOES_ON,
    OF_GRAMMAR,
    PLACES,
    SURNAMES,
    institution_names,
)


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


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("请问碧玉小区电梯坏了", "请问a小区电梯坏了"),
        ("宏图公司欠薪", "a公司欠薪"),
        ("第三小学食堂", "a小学食堂"),
        ("金苹果幼儿园太贵", "金a幼儿园太贵"),
        ("白马村的路面坏了", "a村的路面坏了"),
        ("建设路堵车", "建设路堵车"),
        ("芙蓉路堵车", "a路堵车"),
        ("人民医院收费高", "a医院收费高"),
    ],
)
def test_institutions_look_alike(text: str, level: str) -> None:
    assert shown(text) == [level]


@pytest.mark.parametrize(
    "text",
    [
        "安置小区漏水",
        "我们小区停水",
        "农村公路没人修",
        "村民反映路灯坏了",
        "普惠幼儿园太少",
        "物业公司收费",
        "移动分公司收费",
        "城中村停电",
        "集聚幼儿的地方",
        "孩子上大学校车坏了",
        "小区",
        "村",
        "停水,小区没水",
    ],
)
def test_words_before_an_institution_stay(text: str) -> None:
    assert shown(text) == [text]


def test_an_institution_is_told_with_its_ending() -> None:
    text = "白马村的金苹果幼儿园和碧玉小区"
    named = [text[start:end] for start, end in institution_names(text)]
    assert named == ["白马村", "苹果幼儿园", "碧玉小区"]


def test_nothing_runs_over_the_border_of_texts() -> None:
    assert shown("去北", "京剧", "", "", "王", "先生") == ["去北", "京剧", "", "", "王", "先生"]


def test_the_lists_hold_characters_of_the_basic_plane_only() -> None:
    for words in (PLACES, ADDRESSES, INSTITUTIONS, NAMELESS, NO_NAME_ENDS, NO_NAME_GOES_ON):
        assert all(len(word) == 2 for word in words.split())
    assert len(set(SURNAMES)) == len(SURNAMES)
    assert max(map(ord, SURNAMES + OF_GRAMMAR)) < 1 << 16


def test_spans_still_point_into_the_original() -> None:
    text = "请长沙 市的王局长看看"
    codes = code_points([text])
    mark = int(np.flatnonzero(codes.values == ord("市"))[0])
    low, high = codes.span(0, mark, mark + 1)
    assert text[low:high] == "市"
