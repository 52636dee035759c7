"""Copies of training texts get other names and keep every word that is none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training_names import invented, texts_with_other_names

WORDS = ("小区", "花园", "公司", "集团", "学校", "幼儿园", "医院", "街道", "村")


def other(texts: list[str], seed: int = 0) -> list[str]:
    return texts_with_other_names(texts, random.Random(seed))  # reproducible, no secret


def test_a_name_seen_seldom_is_another_one() -> None:
    (found,) = other(["碧玉小区停水三天了"])
    assert found.endswith("停水三天了")
    assert "碧玉" not in found


def test_a_word_seen_often_before_the_word_is_no_name() -> None:
    texts = [f"安置小区{'漏' * i}水" for i in range(9)]
    assert other(texts) == texts


def test_an_institution_without_a_name_gets_one() -> None:
    (found,) = other(["您好！学校食堂的饭菜凉了"])
    assert found.startswith("您好！")
    assert found.endswith("学校食堂的饭菜凉了")
    assert len(found) > len("您好！学校食堂的饭菜凉了")


def test_a_text_without_names_comes_back_as_it_was() -> None:
    assert other(["请问落户需要什么材料"]) == ["请问落户需要什么材料"]


def test_the_same_seed_gives_the_same_names() -> None:
    texts = ["丽水小区停电", "宏图公司欠薪", "城南医院收费高"]
    assert other(texts, 3) == other(texts, 3)


@pytest.mark.parametrize("what", WORDS)
def test_names_of_a_kind_differ(what: str) -> None:
    draw = random.Random(1)  # reproducible, no secret
    names = {invented(what, draw) for _ in range(50)}
    assert len(names) > 15
    assert all(len(name) >= 3 for name in names)


@given(st.lists(st.text(alphabet="小区公司学校医院村路，。坏了停水ab1 ", max_size=30), max_size=5))
def test_every_text_comes_back_in_its_place(texts: list[str]) -> None:
    found = other(texts)
    assert len(found) == len(texts)
    assert all(bool(new) == bool(old) for new, old in zip(found, texts, strict=True))
