"""Folding: one text for every way the same words are written, and a way back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fold import fold, fold_batch, fold_text, fold_texts

SAME = {
    "traditional": ("鄭州市上街區人民政府", "郑州市上街区人民政府"),
    "full-width": ("Ｇｄｐ１３８", "gdp138"),
    "zero-width": ("上\u200b街\u200c区\ufeff", "上街区"),
    "spaced": ("上 街 　区", "上街区"),
    "dotted": ("上·街•区", "上街区"),
    "starred": ("上*街|区", "上街区"),
    "ruby": ("國(guó)辦發", "国办发"),
    "ruby full-width brackets": ("國（guo）辦（bàn）", "国办"),
    "ruby bare": ("国guó办bàn", "国办"),
    "ruby of several": ("国办(guó bàn)发", "国办发"),
    "zhuyin": ("街(ㄐㄧㄝ)区", "街区"),
    "entity": ("上&#34903;&nbsp;&#x533a;", "上街区"),
    "entity of an entity": ("&amp;lt;", "<"),
    "disguised entity": ("＆ｌｔ；", "<"),
    "compatibility": ("㎡①⼀", "m21一"),
    "radical": ("⻓江⻔", "长江门"),
    "circle for zero": ("二○一六", "二〇一六"),
    "emoji between": ("上😂街❤区", "上街区"),
    "accents": ("Cafe\u0301 café", "cafe cafe"),
    "keycap": ("1\ufe0f\u20e33\ufe0f\u20e3", "13"),
    "mathematical digits": ("𝟏𝟑𝟖", "138"),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_disguised_forms_fold_alike(case: tuple[str, str]) -> None:
    written, plain = case
    assert fold_text(written) == fold_text(plain) == plain


KEPT = {
    "word spaces": ("open  government data", "open government data"),
    "word beside Han": ("上街 open data 公开", "上街open data公开"),
    "words far from Han": ("2020   年  open", "2020年open"),
    "full stop": ("走上。街区", "走上。街区"),
    "ellipsis": ("走上......街区", "走上......街区"),
    "dividing line": ("通知-----上街", "通知-----上街"),
    "line end": ("走上\n\n 街区", "走上\n街区"),
    "brackets of words": ("手机(app)", "手机(app)"),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT.keys())
def test_punctuation_and_latin_words_stay(case: tuple[str, str]) -> None:
    written, folded = case
    assert fold_text(written) == folded


ODD_CHARACTERS = " \u3000\n\t·*-.…\u200b&＆;㎡①Ａbß1，😀𝟏\u0301()[\uffff\ud800ﷺ\x00"
PIECES = st.sampled_from(
    [
        "上",
        "街",
        "區",
        "国",
        "(guó)",
        "guó",
        "（guo）",
        "(ㄐㄧㄝ)",
        "&amp;",
        "&#22269;",
        "＆ｌｔ；",
        "lt",
    ]
    + list(ODD_CHARACTERS)
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold_text(text)
    assert fold_text(once) == once


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_offsets_are_ordered_and_inside_the_original(text: str) -> None:
    folded = fold(text)
    spans = [folded.span(i, i + 1) for i in range(len(folded.text))]
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert spans == sorted(spans)
    assert folded.span(0, len(folded.text))[0] <= folded.span(len(folded.text), len(folded.text))[0]


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_the_original_of_a_folded_character_folds_back_to_it(text: str) -> None:
    folded = fold(text)
    for i, char in enumerate(folded.text):
        start, end = folded.span(i, i + 1)
        # Blanks at the ends of a text fold to nothing.
        assert char in fold_text("x" + text[start:end] + "x") or char.isspace()


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_a_batch_folds_like_its_texts_alone(texts: list[str]) -> None:
    alone = [fold(text) for text in texts]
    batch = fold_batch(texts)
    assert (
        fold_texts(texts) == [f.text for f in alone] == [batch.text(i) for i in range(len(texts))]
    )


def test_an_unchanged_text_needs_no_map() -> None:
    assert fold("上街区停水，已恢复").starts is None


def test_a_span_shows_the_original_words() -> None:
    text = "今日鄭 州·上\u200b街（jiē）區停水"
    folded = fold(text)
    at = folded.text.index("上街区")
    start, end = folded.span(at, at + 3)
    assert text[start:end] == "上\u200b街（jiē）區"
