"""Addresses below the township in folded text.

A door, building, unit or room ("12号院3号楼2单元501室") is found first; what stands before it says
how much goes: everything below a township (镇, 乡, 街道), else below a district, else from the word
that announces a home (家住, 地址), else from the road or estate's number on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models import redact_patterns as words
from models.redact_numbers import Found
from models.redact_patterns import either

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_BACK = 48
_COUNT = (
    r"(?:[0-9]{1,5}[a-z]?|(?<![a-z])[a-pr-uw-z][0-9]{0,4}|[0-9]{1,4}(?:[-/][0-9a-z]{1,4}){1,3}"
    r"|[一二三四五六七八九十百零〇]{1,5}|[甲乙丙丁])"
)
_DOOR = rf"(?:{_COUNT}号(?:附{_COUNT}号?)?(?:院|楼)?(?!{words.NOT_A_DOOR}))"
_PART = either("号楼 栋 幢 座 单元 楼 层 室 房间 房 户室 门洞 门 弄 队 组 排 # #楼 号房 号室 号院")
_SIDE = rf"[东西南北中]{either('单元 户 门洞 排')}"
_UNITS = re.compile(
    r"(?=[0-9a-z一二三四五六七八九十百零〇甲乙丙丁东西南北中第])"
    rf"(?:第?(?:{_COUNT}{_PART}|{_DOOR}|{_SIDE})[,、 ]?){{1,6}}"
    r"(?:[0-9]{2,4}(?![0-9年月日元万%.平米m多余]| ?平)(?:室|户|房|号)?)?"
)
_HAS_UNITS = re.compile(
    r"[0-9a-z一二三四五六七八九十零〇甲乙丙丁](?:[号栋幢座室组弄#排房队层楼]|单元)"
)
_ONE_UNIT = re.compile(rf"{_COUNT}({_PART}|号)")
_DOOR_NUMBER = re.compile(rf"{_COUNT}号(?!楼)")
_IN_A_SENTENCE = re.compile(r"[的了是我你他被进过把等有也都]")
_LEAD = re.compile(r"[0-9a-z一-鿿·\-()]{0,48}\Z")
_TOWN = re.compile(
    r"街道办事处|街道办|街道|(?<![城乡集])镇(?!政府|长|上|里|区)"
    r"|(?<![家老城下同回返])乡(?!镇|村|政府|亲)"
)
_DISTRICT = re.compile(
    r"新区|开发区|高新区|(?<![小社景园校院城片地辖山老厂库住灾])区"
    r"|(?<![超城都夜早股菜])市(?!场|政|民|区)|县(?!城|委|长)|旗"
)
_GAP = r"(?:是|为|在|于|[: ])*"
_HOME = re.compile(words.HOME_CUES + _GAP)
_CROSSING = rf"(?:与[一-鿿]{{1,8}}{words.ROADS}(?:交叉口|交汇处)?)"
_ENDS_IN_PLACE = re.compile(rf"(?:{words.ROADS}|{words.ESTATES})(?:[东西南北中]段|{_CROSSING})?\Z")
_HOME_VILLAGE = re.compile(
    rf"{words.HOME_CUES}{_GAP}[一-鿿]{{0,16}}?"
    r"(?:街道办事处|街道办|街道|镇|乡|(?<![小社])[区县市旗])(?![一-鿿]{0,6}(?:街道|镇|乡))"
    r"([一-鿿]{1,8}?(?:村|社区|小区|花园|家园|庄|寨|屯|家属院|公寓|新村|嘉园|雅苑))(?![0-9一-鿿]{0,6}?号)"
)
_MAY_BE_HOME = re.compile(r"[住址]|家在|所在地|户籍")
# The name of a public place right after a number, and nobody in between.
_PUBLIC = re.compile(
    r"(?:(?!居民|住户|业主|反映|投诉|[的了被在家])[一-鿿]){0,6}?"
    rf"{words.PUBLIC_PLACES}(?![路街道])"
)


def find_addresses(text: str) -> Iterator[Found]:
    """Yield what goes of each address; what stands above it stays."""
    spans = []
    if _MAY_BE_HOME.search(text):
        homes = _HOME_VILLAGE.finditer(text)
        spans = [home.span(1) for home in homes if not _PUBLIC.match(text, home.end())]
    if _HAS_UNITS.search(text):
        for match in _UNITS.finditer(text):
            start = _start(text, match)
            if start is not None and not _is_public(text, match):
                spans.append((start, _end(match)))
    for start, end in _joined(sorted(spans)):
        yield Found("address", start, end, "***")


def _is_public(text: str, units: re.Match[str]) -> bool:
    """Say whether a mere door number is that of a public place: 中心路135号政务大厅."""
    return _parts(units) == 1 and _PUBLIC.match(text, _end(units)) is not None


def _end(units: re.Match[str]) -> int:
    """Where a row of units ends, without the sign that parted it from what follows."""
    return units.start() + len(units[0].rstrip(",、 "))


def _parts(units: re.Match[str]) -> int:
    """How many levels a row of units has: 3号楼2单元501室 has three, 1栋、2栋 one."""
    return len(set(_ONE_UNIT.findall(units[0])))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans as one: road and number, then estate and room, are one address."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _start(text: str, units: re.Match[str]) -> int | None:
    """Where the part to mask begins, or None if this is no address."""
    at = units.start()
    lead_match = _LEAD.search(text[max(0, at - _LOOK_BACK) : at])
    lead = lead_match[0] if lead_match else ""
    end = _kept(lead, units)
    if end is not None:
        return at - len(lead) + end
    parts = _parts(units)
    if _ENDS_IN_PLACE.search(lead):
        return at if parts >= 2 or _DOOR_NUMBER.match(units[0]) else None
    return at if parts >= 3 or (parts == 2 and re.search(r"室|单元", units[0])) else None


def _kept(lead: str, units: re.Match[str]) -> int | None:
    """Return how much of the text before the units stays: up to township, district or cue."""
    parts, is_home = _parts(units), _HOME.search(lead) is not None
    has_door = _DOOR_NUMBER.search(units[0]) is not None
    for marker, most in ((_TOWN, 32), (_DISTRICT, 28), (_HOME, 28)):
        end = _last_end(marker, lead)
        if end is None or len(lead) - end > most:
            continue
        between = lead[end:]
        if not between:
            # 街道办5楼 is a room of the office, 家住5楼 tells nothing.
            if parts >= 2 and marker is not _DISTRICT:
                return end
            continue
        sure = parts >= 2 or has_door or is_home or marker is not _DISTRICT
        if sure and (_ENDS_IN_PLACE.search(between) or _is_home_lead(marker, between)):
            return end
    return None


def _is_home_lead(marker: re.Pattern[str], between: str) -> bool:
    return marker is _HOME and not _IN_A_SENTENCE.search(between)


def _last_end(marker: re.Pattern[str], lead: str) -> int | None:
    end = None
    for match in marker.finditer(lead):
        end = match.end()
    return end
