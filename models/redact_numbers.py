"""Personal numbers in folded text: telephones, identity and bank cards, plates, passports.

Digits are read in rows: digits or Chinese numerals (一三八… = 138…, 幺 = 1, 洞 = 0) with at most a
few signs or spaces between them. A row is judged as written and as read.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from models import redact_patterns as words
from models.redact_patterns import either

if TYPE_CHECKING:
    from collections.abc import Iterator


class Found(NamedTuple):
    """A span of folded text to mask, and what to write instead."""

    kind: str
    start: int
    end: int
    shown: str


NUMERALS = "〇零洞一幺壹二贰三叁四肆五伍六陆七柒拐八捌九玖勾"
AS_DIGITS = str.maketrans(NUMERALS, "000111223344556677788999")
# 一 stands for a dash as often as for a one.
_SIGNS = r"[ \-–—―_.·•*/|,~()一¤]{0,3}"
_ROW_REST = rf"(?:[ol]?{_SIGNS}[0-9{NUMERALS}ol]){{6,}}x?"
_ROW = re.compile(rf"[0-9{NUMERALS}]{_ROW_REST}")
_ROW_FROM_L = re.compile(rf"(?:[0-9{NUMERALS}]|(?<![a-z])l(?=[3-9])){_ROW_REST}")
_LETTER_DIGITS = re.compile(r"(?:(?<=[0-9])[ol]+|(?<![a-z0-9])l)(?=[0-9])")
_OL = str.maketrans("ol", "01")
_NOT_DIGITS = re.compile(r"[^0-9x]+")
_BACK = 24  # how far before a number a cue may stand

_MOBILE = re.compile(
    rf"(?<![0-9])(?<![0-9]\.)(?:(?:00)?86{_SIGNS})?(1{_SIGNS}[3-9](?:{_SIGNS}[0-9]){{9}})(?![0-9])"
)
_MOBILE_GROUPS = frozenset(
    {(11,), (3, 4, 4), (3, 8), (7, 4), (3, 3, 5), (5, 6), (6, 5), (3, 5, 3), (3, 2, 3, 3)}
    | {(3, 2, 2, 2, 2), (3, 4, 2, 2), (3, 2, 2, 4), (4, 7)}
)
_LETTERS_BEFORE = re.compile(r"[a-z]+\Z")
_LETTERS_ALLOWED = frozenset(
    ["tel", "phone", "mobile", "wx", "vx", "v", "qq", "q", "t", "mob", "call", "weixin", "wechat"]
)

_ID = re.compile(rf"(?<![0-9a-z])([1-8](?:{_SIGNS}[0-9]){{16}}{_SIGNS}[0-9x])(?![0-9a-z])")
_OLD_ID = re.compile(r"(?<![0-9a-z])([1-8][0-9]{14})(?![0-9a-z])")
_PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

_CARD = re.compile(rf"(?<![0-9a-z])([3-69](?:{_SIGNS}[0-9]){{14,20}})(?![0-9a-z])")

_AREA = r"(010|02[0-9]|0[3-9][0-9]{2})"
_LANDLINE = re.compile(
    rf"(?<![0-9a-z.])(?:\+?86[- ]?)?[(]?{_AREA}[)]?[ \-–—_一]{{0,3}}"
    r"([2-9](?:[0-9]{6,7}|[0-9]{2,3}[ \-一][0-9]{4}))((?:转|-|ext\.?)[0-9]{1,5})?(?![0-9])"
)
_SPLIT_LANDLINE = re.compile(rf"(?<![0-9a-z.])(0(?:{_SIGNS}[0-9]){{9,11}})(?![ .\-]?[0-9])")
_LOCAL = re.compile(
    rf"{either('电话 座机 固话 tel 宅电 家电')}(?:号码?)?(?:是|为|[: ])*"
    r"([2-9][0-9]{2,3}[ \-]?[0-9]{4})(?![0-9])"
)
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL = "[a-hj-np-z0-9]"
_PLATE = re.compile(
    rf"([{_PROVINCE}])[ .·\-]?([a-hj-z])[ .·•\-:*]{{0,3}}"
    rf"((?:{_SERIAL}[ ·\-*]?){{4,5}}(?:{_SERIAL}|[挂学警港澳领])(?![0-9a-z]|\.[0-9])"
    rf"|[a-z0-9]?[a-z0-9]?(?:[0-9{NUMERALS}][ ·\-*]?){{3,5}}[0-9{NUMERALS}](?![0-9a-z]|\.[0-9]))"
)
_PASSPORT = re.compile(
    rf"{either(words.PASSPORT_WORDS)}[^0-9,。;]{{0,14}}?(?<![a-z0-9])"
    r"([a-z]{1,2}(?:[ \-]?[0-9]){7,9}|1[45][0-9]{7}|[0-9]{8,10})(?![0-9a-z])"
)


def find_numbers(text: str) -> Iterator[Found]:
    """Yield every personal number of a folded text; where two overlap the surer comes first."""
    row = _ROW_FROM_L if "l" in text else _ROW
    rows = [match.span() for match in row.finditer(text)]
    if rows:
        read = _LETTER_DIGITS.sub(lambda m: m[0].translate(_OL), text.translate(AS_DIGITS))
        views = (text,) if read == text else (text, read)
        for detect in (find_ids, find_cards, find_mobiles, find_landlines):
            for view in views:
                for start, end in rows:
                    yield from detect(view, start, end)
    if "证" in text or "照" in text or "passport" in text:
        yield from find_passports(text)
    yield from find_plates(text)
    if "话" in text or "tel" in text or "电" in text or "座机" in text:
        yield from find_local_lines(text)


def find_ids(view: str, start: int, end: int) -> Iterator[Found]:
    """Identity numbers: 18 digits (GB 11643 check digit, or a cue), 15 digits with a cue."""
    for match in _ID.finditer(view, start, end + 4):
        number = _plain(match[1])
        cued = words.ID_CUE.search(_before(view, match.start())) is not None
        if _is_id(number) or (cued and _PROVINCES.match(number)):
            yield Found("id_number", *match.span(1), f"{number[:2]}{'*' * 13}{number[-3:].upper()}")
    for match in _OLD_ID.finditer(view, start, end + 4):
        if words.ID_CUE.search(_before(view, match.start())):
            number = match[1]
            yield Found("id_number", *match.span(1), f"{number[:2]}{'*' * 10}{number[-3:]}")


def find_cards(view: str, start: int, end: int) -> Iterator[Found]:
    """Bank cards: 15–21 digits after a cue, or UnionPay, Visa, Mastercard with a Luhn digit."""
    for match in _CARD.finditer(view, start, end + 4):
        number = _plain(match[1])
        before = _before(view, match.start())
        if words.CARD_CUE.search(before) or (
            _is_card(number, match[1]) and not words.COUNTED_CUE.search(before)
        ):
            hidden = "*" * (len(number) - 8)
            yield Found("bank_card", *match.span(1), f"{number[:4]}{hidden}{number[-4:]}")


def find_mobiles(view: str, start: int, end: int) -> Iterator[Found]:
    """Mobile numbers (1[3-9] and nine digits), with or without +86, split or not."""
    for match in _MOBILE.finditer(view, start, end + 4):
        if _is_mobile(view, match):
            number = _plain(match[1])
            low, high = match.span(1)
            low -= ")" in match[1] and view[low - 1 : low] == "("
            yield Found("mobile", low, high, f"{number[:3]}****{number[-4:]}")


def find_landlines(view: str, start: int, end: int) -> Iterator[Found]:
    """Landlines with an area code; never a public line."""
    low = max(0, start - 1)
    for match in _LANDLINE.finditer(view, low, end + 7):
        if _is_private_line(view, match.start(), match.end(2)):
            number = _plain(match[2])
            yield Found("landline", *match.span(), f"{match[1]}-****{number[-4:]}")
    for match in _SPLIT_LANDLINE.finditer(view, low, end + 4):
        whole = _LANDLINE.fullmatch(_plain(match[1]))
        if whole and len(_groups(match[1])) >= 4 and _is_private_line(view, *match.span()):
            yield Found("landline", *match.span(), f"{whole[1]}-****{whole[2][-4:]}")


def find_local_lines(text: str) -> Iterator[Found]:
    """Telephone numbers without an area code, after a word for telephone; never a public line."""
    for match in _LOCAL.finditer(text):
        if _is_private_line(text, *match.span(1)):
            yield Found("landline", *match.span(1), f"****{match[1][-4:]}")


def find_plates(text: str) -> Iterator[Found]:
    """Vehicle plates, ordinary and new energy."""
    for match in _PLATE.finditer(text):
        province, letter, written = match.group(1, 2, 3)
        serial = re.sub(r"[ ·\-*]", "", written).translate(AS_DIGITS)
        if sum(c.isdigit() for c in serial) >= 2 and len(serial) in {5, 6}:
            yield Found("plate", *match.span(), f"{province}{letter.upper()}{'*' * len(serial)}")


def find_passports(text: str) -> Iterator[Found]:
    """Passports and travel permits after their word."""
    for match in _PASSPORT.finditer(text):
        number = re.sub(r"[ \-]", "", match[1]).upper()
        shown = f"{number[0]}{'*' * (len(number) - 3)}{number[-2:]}"
        yield Found("passport", *match.span(1), shown)


def _before(view: str, start: int) -> str:
    return view[max(0, start - _BACK) : start]


def _plain(number: str) -> str:
    return _NOT_DIGITS.sub("", number)


def _groups(number: str) -> tuple[int, ...]:
    return tuple(len(group) for group in _NOT_DIGITS.split(number))


def _is_id(number: str) -> bool:
    if not _PROVINCES.match(number) or not _is_birthday(number[6:14]):
        return False
    total = sum(int(d) * w for d, w in zip(number[:17], _ID_WEIGHTS, strict=True))
    return "10x98765432"[total % 11] == number[17]


def _is_birthday(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return 1900 <= born.year <= 2035


def _is_card(number: str, written: str) -> bool:
    if len(number) < 16 or not _is_luhn(number):
        return False
    in_fours = _groups(written) in {(4, 4, 4, 4), (4, 4, 4, 4, 3)}
    return number.startswith("62") or (number[0] in "45" and in_fours)


def _is_luhn(number: str) -> bool:
    digits = [int(d) for d in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def _is_mobile(view: str, match: re.Match[str]) -> bool:
    start, end = match.span(1)
    before = _before(view, start)
    letters = _LETTERS_BEFORE.search(before)
    if letters and letters[0] not in _LETTERS_ALLOWED:
        return False
    if words.PHONE_CUE.search(before):
        return True
    if words.AMOUNT_AFTER.match(view, end) or words.MONEY_BEFORE.search(before):
        return False
    if words.COUNTED_CUE.search(before):
        return False
    groups = _groups(match[1])
    if groups in _MOBILE_GROUPS:
        return True
    return len(groups) >= 6 and max(groups) <= 2 and not _goes_on(view, start, end)


def _goes_on(view: str, start: int, end: int) -> bool:
    """Say whether single split digits go on before or after: then it is part of a longer row."""
    after = re.match(r"[ \-.][0-9](?![0-9])", view[end : end + 3])
    return bool(after or re.search(r"(?<![0-9])[0-9][ \-.]\Z", view[max(0, start - 3) : start]))


def _is_private_line(view: str, start: int, end: int) -> bool:
    return not words.PUBLIC_LINE.search(_before(view, start)) and not words.AMOUNT_AFTER.match(
        view, end
    )
