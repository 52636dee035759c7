from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decode import Kind, codec_for, decode
from collectors.decode_guess import guess_encoding

NOTICE = "关于清岚区部分路段临时停水的通知，请居民提前储水，恢复时间另行通知。"
NOTICE_TRADITIONAL = "關於清嵐區部分路段臨時停水的通知，請居民提前儲水，恢復時間另行通知。"


def test_valid_utf8_wins_over_a_wrong_declaration() -> None:
    found = decode(f'<meta charset="gbk">{NOTICE}'.encode(), "text/html; charset=gb2312")
    assert (found.encoding, found.replaced) == ("utf-8", 0)
    assert NOTICE in found.text


def test_one_bad_byte_costs_one_character_not_the_encoding() -> None:
    body = bytearray((NOTICE * 3).encode())
    body[30] = 0xFF
    found = decode(bytes(body), kind="text")
    assert found.encoding == "utf-8"
    assert found.replaced >= 1
    assert found.text.count(NOTICE) == 2


def test_a_late_bad_byte_among_ascii_does_not_change_the_encoding() -> None:
    body = NOTICE.encode() + b"x" * 5_000 + b"\xc3..." + b"y" * 5_000
    assert decode(body, "utf-8", kind="text").text.startswith(NOTICE)


@pytest.mark.parametrize("label", ["gb2312", "GBK", "x-gbk", "gb_2312-80", "GB18030"])
def test_any_gb_label_reads_what_only_gb18030_has(label: str) -> None:
    text = f"{NOTICE}朱镕基喆堃㐀"
    assert decode(text.encode("gb18030"), label, kind="text").text == text


@pytest.mark.parametrize("text", ["停水通知", "清岚停水通知", "联通"])
def test_a_short_gb_text_is_not_taken_for_utf8_by_accident(text: str) -> None:
    assert decode(text.encode("gb18030"), "gbk", kind="text").text == text


def test_gb18030_is_found_without_any_label() -> None:
    assert decode(NOTICE.encode("gb18030"), kind="text").text == NOTICE


def test_big5_is_found_with_and_without_a_label() -> None:
    body = NOTICE_TRADITIONAL.encode("big5hkscs")
    assert decode(body, "big5", kind="text").text == NOTICE_TRADITIONAL
    assert decode(body, kind="text").text == NOTICE_TRADITIONAL


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_unicode_forms_are_read_with_and_without_a_mark(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="utf-16"?><rss><title>{NOTICE}</title></rss>'
    assert NOTICE in decode(text.encode(encoding), kind="xml").text


def test_the_declaration_inside_is_believed_when_the_header_has_none() -> None:
    body = '<?xml version="1.0" encoding="windows-1251"?><a>Вода</a>'.encode("cp1251")
    assert decode(body, "application/xml", kind="xml").text.endswith("<a>Вода</a>")


def test_a_wrong_label_that_reads_badly_is_not_believed() -> None:
    body = (NOTICE * 4).encode("gb18030")
    assert decode(body, "shift_jis", kind="text").text == NOTICE * 4


def test_utf8_encoded_twice_is_undone() -> None:
    twice = NOTICE.encode().decode("latin-1").encode()
    assert decode(twice, "utf-8", kind="text").text == NOTICE
    assert decode("año niño".encode(), "utf-8", kind="text").text == "año niño"


def test_iso_2022_jp_is_believed_before_utf8() -> None:
    body = "お知らせ".encode("iso2022_jp")
    assert decode(body, "iso-2022-jp", kind="text").text == "お知らせ"


@pytest.mark.parametrize(
    "label", ["utf-7", "base64", "unicode_escape", "zip", "no-such", "a b", ""]
)
def test_what_is_no_charset_of_documents_is_no_codec(label: str) -> None:
    assert codec_for(label) is None


def test_controls_are_dropped_and_line_ends_stay() -> None:
    assert decode(b"a\x00b\x08c\r\n\td\x7f", kind="text").text == "abc\r\n\td"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (NOTICE, "gb18030"),
        (NOTICE_TRADITIONAL, "big5hkscs"),
        ("断水のお知らせ。復旧の時間は改めてお知らせします。", "cp932"),
        ("断水のお知らせ。復旧の時間は改めてお知らせします。", "euc_jp"),
        ("일부 도로의 수돗물 공급이 중단됩니다. 복구 시간은 다시 알려 드립니다.", "cp949"),
        ("На некоторых улицах временно отключена вода, приносим извинения.", "cp1251"),
        ("На некоторых улицах временно отключена вода, приносим извинения.", "koi8-r"),
    ],
    ids=["gb", "big5", "sjis", "eucjp", "euckr", "cp1251", "koi8r"],
)
def test_a_charset_is_guessed_from_letters_alone(text: str, encoding: str) -> None:
    assert text.encode(encoding).decode(guess_encoding(text.encode(encoding))) == text


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=20)))
def test_never_raises(body: bytes, declared: str | None) -> None:
    kinds: tuple[Kind, ...] = ("html", "xml", "text")
    for kind in kinds:
        found = decode(body, declared, kind=kind)
        assert "\x00" not in found.text


@given(st.text(alphabet=st.characters(codec="gb18030", exclude_categories=("Cs", "Cc"))))
def test_gb18030_round_trip(text: str) -> None:
    body = (NOTICE + text).encode("gb18030")
    assert decode(body, "gb2312", kind="text").text == NOTICE + text
