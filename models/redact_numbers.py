"""Personal numbers in folded text: telephones, identity and bank cards, plates, passports.

Each detector takes folded text and yields `Found` spans in it. They run on two views of the text:
as it is, and with Chinese numerals read as digits (一三八… = 138…, 幺 = 1, 洞 = 0); both views have
the same length. Digits may be split by one sign or space each.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Found(NamedTuple):
    """A span of folded text to mask, and what to write instead."""

    kind: str
    start: int
    end: int
    shown: str


_NUMERALS = str.maketrans(
    "〇零洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾", "0001112223344556677788999"
)
_HAS_NUMERALS = re.compile(
    r"[0-9〇零洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾](?:[ \-.]?[0-9〇零洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾]){4}"
)
_SIGN = r"[ \-–—―_.·•*/|,~]?"
_GROUP = re.compile(r"[0-9x]+")
_DIGITS = re.compile(r"[^0-9x]")

_MOBILE = re.compile(
    rf"(?<![0-9a-z])(?:(?:\+|00)?86{_SIGN})?(1{_SIGN}[3-9](?:{_SIGN}[0-9]){{9}})(?![0-9])"
)
_MOBILE_GROUPS = frozenset(
    {
        (11,),
        (3, 4, 4),
        (3, 8),
        (7, 4),
        (3, 3, 5),
        (5, 6),
        (6, 5),
        (3, 5, 3),
        (3, 2, 3, 3),
        (3, 2, 2, 2, 2),
        (3, 4, 2, 2),
    }
)
_PHONE_CUE = re.compile(
    r"(?:电话|手机|号码|联系|致电|拨打|来电|机主|微信|tel|phone|call|mobile)[^0-9]{0,8}\Z"
)
_NUMBER_CUE = re.compile(
    r"(?:编号|单号|订单号?|流水号?|运单号?|工单号?|案号|文号|条码|批号|序号|代码|税号|合同号?|发票号?|证号|受理号|查询码|sn|no\.?)[码是为:：\s]{0,3}\Z"
)
_AMOUNT = re.compile(
    r"[ ]?(?:元|万|亿|美元|港元|欧元|日元|块|人民币|人次|吨|千瓦|立方|平方|公里|米|股|%|倍|件|张|字节|次浏览)|\.[0-9]"
)
_MONEY_BEFORE = re.compile(r"(?:[¥￥$€£]|rmb|人民币)[ ]?\Z")

_ID = re.compile(rf"(?<![0-9a-z])([1-8](?:{_SIGN}[0-9]){{16}}{_SIGN}[0-9x])(?![0-9a-z])")
_OLD_ID = re.compile(r"(?<![0-9a-z])([1-8][0-9]{14})(?![0-9a-z])")
_ID_CUE = re.compile(r"(?:身份证|身份号|证件号?|公民身份|id ?card|身份証)[^0-9]{0,12}\Z")
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

_CARD = re.compile(rf"(?<![0-9a-z])([3-69](?:{_SIGN}[0-9]){{14,18}})(?![0-9a-z])")
_CARD_CUE = re.compile(
    r"(?:银行卡|卡号|储蓄卡|信用卡|借记卡|账号|账户|帐号|帐户|工资卡|社保卡|[工农中建交招邮]行|银行|信用社|打款|转账|汇款)[^0-9]{0,12}\Z"
)

_LANDLINE = re.compile(
    r"(?<![0-9a-z.])(?:\+?86[- ]?)?[(]?(010|02[0-9]|0[3-9][0-9]{2})[)]?[ \-–—_]{0,2}([2-9][0-9]{2,3}[ \-]?[0-9]{4})(?:(?:转|-|ext\.?)[0-9]{1,5})?(?![0-9])"
)
_LANDLINE_SPLIT = re.compile(r"(?<![0-9a-z.])(0(?:[ .\-][0-9]){9,11})(?![ .\-]?[0-9])")
_LOCAL = re.compile(
    r"(?:电话|座机|固话|tel|宅电|家电)(?:号码?)?(?:是|为|:|：| )*([2-9][0-9]{2,3}[ \-]?[0-9]{4})(?![0-9])"
)
_PUBLIC_CUE = re.compile(
    r"(?:热线|监督电话|举报电话|咨询电话|服务电话|投诉电话|客服|报修电话|值班电话|办公电话|救援电话|预约电话|报警电话|抢修电话|受理电话|公开电话|总机|传真)(?:号码?)?[^0-9一-鿿]{0,4}\Z"
)

_PLATE = re.compile(
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ .·]?[a-hj-z])[ .·\-:]?((?:[a-hj-np-z0-9][ .·\-]?){4,5}[a-hj-np-z0-9挂学警港澳领])(?![0-9a-z])"
)

_PASSPORT = re.compile(
    r"(?:护照|通行证|passport|台胞证|回乡证)[^0-9,，。;；]{0,14}?(?<![a-z0-9])([a-z]{1,2}[ \-]?[0-9]{7,9}|[0-9]{8,10}|1[45][0-9]{7})(?![0-9a-z])"
)


def find_numbers(text: str) -> Iterator[Found]:
    """Yield every personal number of a folded text, the surer kinds first."""
    if not any(c.isdigit() for c in text) and not _HAS_NUMERALS.search(text):
        return
    read = text.translate(_NUMERALS)
    views = (text,) if read == text else (text, read)
    for detect in _DETECTORS:
        for view in views:
            yield from detect(view)


def _plain(number: str) -> str:
    return _DIGITS.sub("", number)


def _groups(number: str) -> tuple[int, ...]:
    return tuple(len(g) for g in _GROUP.findall(number))


def _continues(view: str, start: int, end: int) -> bool:
    """Say whether single split digits go on before or after, so that this is part of a longer row."""
    return bool(re.match(r"[ \-.][0-9](?![0-9])", view[end : end + 3])) or bool(
        re.search(r"(?<![0-9])[0-9][ \-.]\Z", view[max(0, start - 3) : start])
    )


def find_ids(view: str) -> Iterator[Found]:
    """Identity numbers of 18 (GB 11643 check digit, or a cue word) or, with a cue, 15 digits."""
    for match in _ID.finditer(view):
        number = _plain(match[1])
        cued = _ID_CUE.search(view, 0, match.start()) is not None
        if _is_id(number) or (cued and number[:2] in _PROVINCES):
            yield Found(
                "id_number", match.start(1), match.end(1), f"{number[:2]}{'*' * 13}{number[-3:]}"
            )
    for match in _OLD_ID.finditer(view):
        if _ID_CUE.search(view, 0, match.start()):
            yield Found("id_number", *match.span(1), f"{match[1][:2]}{'*' * 10}{match[1][-3:]}")


def _is_id(number: str) -> bool:
    if number[:2] not in _PROVINCES or not _is_birthday(number[6:14]):
        return False
    total = sum(int(d) * w for d, w in zip(number[:17], _ID_WEIGHTS, strict=True))
    return "10x98765432"[total % 11] == number[17]


def _is_birthday(digits: str) -> bool:
    try:
        return 1900 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2035
    except ValueError:
        return False


def find_cards(view: str) -> Iterator[Found]:
    """Bank cards: 15–19 digits after a cue word, or UnionPay numbers with a right Luhn digit."""
    for match in _CARD.finditer(view):
        number = _plain(match[1])
        cued = _CARD_CUE.search(view, 0, match.start()) is not None
        counted = _NUMBER_CUE.search(view, 0, match.start()) is not None
        sure = len(number) >= 16 and number.startswith("62") and _is_luhn(number) and not counted
        if (
            cued
            or sure
            or (
                len(number) == 16
                and number[0] in "45"
                and _groups(match[1]) == (4,) * 4
                and _is_luhn(number)
            )
        ):
            yield Found(
                "bank_card", *match.span(1), f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"
            )


def _is_luhn(number: str) -> bool:
    digits = [int(d) for d in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def find_mobiles(view: str) -> Iterator[Found]:
    """Mobile numbers (1[3-9] and nine digits), with or without +86, split or not."""
    for match in _MOBILE.finditer(view):
        start, end = match.span(1)
        cued = _PHONE_CUE.search(view, 0, match.start()) is not None
        if not cued and not _is_mobile(view, match):
            continue
        number = _plain(match[1])
        yield Found("mobile", start, end, f"{number[:3]}****{number[-4:]}")


def _is_mobile(view: str, match: re.Match[str]) -> bool:
    start, end = match.span(1)
    if _AMOUNT.match(view, end) or _MONEY_BEFORE.search(view, 0, start):
        return False
    if _NUMBER_CUE.search(view, 0, start):
        return False
    groups = _groups(match[1])
    if groups in _MOBILE_GROUPS:
        return True
    return len(groups) >= 6 and max(groups) <= 2 and not _continues(view, start, end)


def find_landlines(view: str) -> Iterator[Found]:
    """Landlines with an area code, or after a word for telephone; never a public line."""
    for match in _LANDLINE.finditer(view):
        if not _PUBLIC_CUE.search(view, 0, match.start()) and not _AMOUNT.match(view, match.end(2)):
            yield Found("landline", match.start(), match.end(), f"{match[1]}-****{match[2][-4:]}")
    for match in _LANDLINE_SPLIT.finditer(view):
        number = _plain(match[1])
        if _LANDLINE.fullmatch(number):
            yield Found("landline", *match.span(), f"{number[:-8]}-****{number[-4:]}")
    for match in _LOCAL.finditer(view):
        if not _PUBLIC_CUE.search(view, 0, match.start(1)):
            yield Found("landline", *match.span(1), f"****{match[1][-4:]}")


def find_plates(view: str) -> Iterator[Found]:
    """Vehicle plates, ordinary and new energy."""
    for match in _PLATE.finditer(view):
        serial = re.sub(r"[ .·\-]", "", match[2])
        if sum(c.isdigit() for c in serial) >= 2:
            yield Found(
                "plate", *match.span(), f"{match[1][0]}{match[1][-1].upper()}{'*' * len(serial)}"
            )


def find_passports(view: str) -> Iterator[Found]:
    """Passports and travel permits after their word."""
    for match in _PASSPORT.finditer(view):
        number = re.sub(r"[ \-]", "", match[1]).upper()
        yield Found(
            "passport", *match.span(1), f"{number[0]}{'*' * (len(number) - 3)}{number[-2:]}"
        )


_DETECTORS: tuple[Callable[[str], Iterator[Found]], ...] = (
    find_ids,
    find_cards,
    find_mobiles,
    find_passports,
    find_plates,
    find_landlines,
)
