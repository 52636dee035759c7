"""Redaction: what goes, in which shape, and what never goes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.redact import Redacted, redact, redact_many, redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parent / "redaction_cases"

SHAPES = {
    "mobile": ("电话13812345678", "电话138****5678"),
    "identity number": ("身份证410106199003074518", "身份证41*************518"),
    "identity number with X": ("身份证11010119800101100X", "身份证11*************00X"),
    "landline": ("座机0371-68120000", "座机0371-****0000"),
    "bank card": ("卡号6222021001116245702", "卡号6222***********5702"),
    "plate": ("豫A12345违停", "豫A*****违停"),
    "new energy plate": ("豫AD12345违停", "豫A******违停"),
    "e-mail": ("邮箱some.body@example.com", "邮箱s***@example.com"),
    "WeChat": ("微信：somebody_01", "微信：so****"),
    "QQ": ("QQ：123456789", "QQ：12****89"),
    "passport": ("护照E12345678", "护照E******78"),
    "name": ("我叫王小明，", "我叫王**，"),
    "name of two": ("联系人：欧阳雪", "联系人：欧阳**"),
    "name in Traditional": ("聯絡人：歐陽雪", "聯絡人：歐陽**"),
    "name with a dot": ("姓名：古丽·阿依", "姓名：古**"),
    "address": ("家住上街区峡窝镇东柏社村5组12号", "家住上街区峡窝镇***"),
    "address in a subdistrict": ("济源路街道中心路12号院3号楼2单元501室漏水", "济源路街道***漏水"),
    "address without township": ("上街区锦绣花园3号楼2单元501室", "上街区***"),
}


@pytest.mark.parametrize("case", SHAPES.values(), ids=SHAPES.keys())
def test_masks_in_the_shape_of_the_notice(case: tuple[str, str]) -> None:
    text, masked = case
    assert redact_text(text) == masked


DISGUISED = {
    "full-width": "１３８１２３４５６７８",
    "groups": "138 1234 5678",
    "dashes": "138-1234-5678",
    "each digit": "1 3 8 1 2 3 4 5 6 7 8",
    "stars between": "1*3*8*1*2*3*4*5*6*7*8",
    "Chinese numerals": "一三八一二三四五六七八",
    "capital numerals": "壹叁捌壹贰叁肆伍陆柒捌",
    "as spoken": "幺三八幺二三四五六拐八",
    "mixed": "1三8一2三4五6七8",
    "zero-width": "138\u200b1234\u200b5678",
    "circled": "①③⑧①②③④⑤⑥⑦⑧",
    "entities": "&#49;&#51;&#56;12345678",
    "letters for digits": "l38l2345678",
    "one for a dash": "138一1234一5678",
    "mathematical": "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
    "brackets": "(138)1234-5678",
}


@pytest.mark.parametrize("written", DISGUISED.values(), ids=DISGUISED.keys())
def test_a_disguised_number_is_masked_alike(written: str) -> None:
    found = redact(f"请打{written}找我")
    assert found.text == "请打138****5678找我"
    assert [(m.kind, m.start, m.end) for m in found.masks] == [("mobile", 2, 2 + len(written))]


NEVER = {
    "date and time": "2020-05-13 10:12",
    "grouped amount": "1 000 000 000元",
    "amount like a mobile": "投资13812345678元",
    "document number": "国办发〔2016〕61号",
    "hotlines": "12345、110、12315、95598、12369",
    "400 line": "客服400-123-4567、8008201234",
    "public line": "监督电话：0371-68120000",
    "credit code": "统一社会信用代码91410106MA3X4YTQ1X",
    "count": "受理20231件，办结19800件",
    "bank hotline": "请拨打95588",
    "order number": "订单号13812345678",
    "public account": "微信公众号：shangjie_fabu",
    "public place": "地址：上街区中心路135号政务服务大厅",
    "metro line": "中心路5号线延误",
    "share class": "粤B股指数",
    "sentence after a cue": "本人常年在外，我叫了外卖",
}


@pytest.mark.parametrize("text", NEVER.values(), ids=NEVER.keys())
def test_never_masks(text: str) -> None:
    assert redact(text) == Redacted(text, ())


def test_offsets_are_those_of_the_original() -> None:
    text = "我 叫 王 小 明，手机１３８-1234-5678。"
    masks = redact(text).masks
    assert [(m.kind, text[m.start : m.end]) for m in masks] == [
        ("name", "王 小 明"),
        ("mobile", "１３８-1234-5678"),
    ]


def test_a_credit_code_of_digits_is_no_identity_number() -> None:
    assert redact("统一社会信用代码：914101061234567890").masks == ()


def labelled(name: str) -> Iterator[dict[str, object]]:
    with (CASES / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def test_recall_and_precision_on_the_labelled_set() -> None:
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    right = given = 0
    for case in labelled("personal.jsonl"):
        text, masks = str(case["text"]), redact(str(case["text"])).masks
        gold = list(_gold(text, case["masks"]))
        for kind, start, end in gold:
            wanted[kind] += 1
            found[kind] += any(m.kind == kind and m.start <= start and end <= m.end for m in masks)
        # A mask is right when it is of the kind and at most a bracket wider.
        right += sum(
            any(m.kind == k and m.start >= s - 1 and m.end <= e + 1 for k, s, e in gold)
            for m in masks
        )
        given += len(masks)
    harmless = list(labelled("harmless.jsonl"))
    given += sum(len(redact(str(case["text"])).masks) for case in harmless)
    assert wanted.total() >= 400
    assert len(harmless) >= 400
    assert {kind: n / wanted[kind] for kind, n in found.items() if n / wanted[kind] < 0.98} == {}
    assert right / given >= 0.98


def _gold(text: str, masks: object) -> Iterator[tuple[str, int, int]]:
    assert isinstance(masks, list)
    at = 0
    for mask in masks:
        at = text.index(mask["text"], at)
        yield mask["kind"], at, at + len(mask["text"])


CUES = "电话 我叫 联系人： 身份证 卡号 QQ 微信： 家住 护照 ， 。 元 - · * ** &#49;"
DATA = """13812345678 １３８ 一三八 1234 王小明 欧阳雪 410106199003074518 6222021001116245702
豫A12345 豫A abc123 a@b.cn 上街区 峡窝镇 中心路 12号 3号楼2单元 501室 锦绣花园 0371-68120000"""
PIECES = st.sampled_from([" ", *CUES.split(), *DATA.split()])


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=14).map("".join)))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_masks_are_ordered_apart_and_inside(text: str) -> None:
    found = redact(text)
    bounds = [b for m in found.masks for b in (m.start, m.end)]
    assert bounds == sorted(bounds)
    assert all(0 <= m.start < m.end <= len(text) for m in found.masks)
    assert (found.text == text) == (not found.masks)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=5))
def test_many_texts_are_masked_like_each_alone(texts: list[str]) -> None:
    assert redact_many(texts) == [redact(text) for text in texts]


DATE = r"(?:19|20)\d{2}(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月(?:\d{1,2}日)?)"
CLOCK = r"(?<!\d)\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?!\d)"
AMOUNT = r"(?<![\d.-])\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)? ?元|(?<![\d.-])\d{1,9}(?:\.\d+)?[万亿]?元"
DOCUMENT = r"[一-鿿]{1,6}[〔\[【（(]\d{4}[〕\]】）)]\d{1,5}号"


def test_no_date_amount_or_document_number_of_the_corpus_is_masked(shared: Path) -> None:
    harmless = re.compile(f"{DATE}|{CLOCK}|{AMOUNT}|{DOCUMENT}")
    checked, wrong = 0, []
    for text in _corpus(shared):
        spans = [m.span() for m in harmless.finditer(text)]
        if not spans:
            continue
        checked += len(spans)
        masks = redact(text).masks
        wrong += [
            text[max(0, a - 10) : b + 10]
            for a, b in spans
            if any(m.start < b and a < m.end for m in masks)
        ]
    assert checked > 1000
    assert wrong == []


def _corpus(shared: Path) -> Iterator[str]:
    """Texts of the real inputs: pages with known text, and every fifth labelled message."""
    with (shared / "corpus" / "pages.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield str((json.loads(line).get("gold") or {}).get("text") or "")
    for path in sorted((shared / "data").glob("*.parquet")):
        table = pq.read_table(path)
        for column in {"text", "title", "reply"} & set(table.column_names):
            yield from (str(value) for value in table[column].to_pylist()[::5] if value)
