"""Copies of training texts get other names and keep every word that is none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training_names import invented, text_with_other_names

WORDS = ("小区", "花园", "公司", "集团", "学校", "幼儿园", "医院", "街道", "村")


def other(text: str, seed: int = 0) -> str:
    return text_with_other_names(text, random.Random(seed))  # reproducible, no secret


def test_a_name_is_another_one() -> None:
    found = other("碧玉小区停水三天了")
    assert found.endswith("停水三天了")
    assert "碧玉" not in found


def test_a_name_is_the_same_other_one_throughout() -> None:
    first, second = other("碧玉小区停水,碧玉小区没人管").split(",")
    assert first.removesuffix("停水") == second.removesuffix("没人管")


@pytest.mark.parametrize("text", ["安置小区漏水", "农村公路没人修", "我们村停电"])
def test_a_word_before_the_ending_is_no_name(text: str) -> None:
    assert other(text) == text


def test_an_institution_without_a_name_gets_one() -> None:
    found = other("您好！学校食堂的饭菜凉了")
    assert found.startswith("您好！")
    assert found.endswith("学校食堂的饭菜凉了")
    assert len(found) > len("您好！学校食堂的饭菜凉了")


@pytest.mark.parametrize("text", ["请问落户需要什么材料", "", "村", "小区"[:1]])
def test_a_text_without_names_comes_back_as_it_was(text: str) -> None:
    assert other(text) == text


def test_the_same_seed_gives_the_same_names() -> None:
    text = "丽水小区停电，宏图公司欠薪，城南医院收费高"
    assert other(text, 3) == other(text, 3)


@pytest.mark.parametrize("what", WORDS)
def test_names_of_a_kind_differ(what: str) -> None:
    draw = random.Random(1)  # reproducible, no secret
    names = {invented(what, draw) for _ in range(50)}
    assert len(names) > 15
    assert all(len(name) >= 3 for name in names)


@given(st.text(alphabet="小区公司学校医院村路，。坏了停水ab1 ", max_size=30))
def test_no_clause_is_lost(text: str) -> None:
    found = other(text)
    assert [found.count(mark) for mark in "，。"] == [text.count(mark) for mark in "，。"]
    assert bool(found) == bool(text)
