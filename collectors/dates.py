"""Dates as sources write them, to aware UTC: RFC 822, ISO 8601, Chinese forms, and a dozen more.

What is not known is never invented: an empty date is "missing", an impossible one "implausible",
and neither becomes now. A date without a zone is read in the zone of the source, which is
Asia/Shanghai unless the caller knows better; `CST` means China there and Chicago elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from collectors.date_chinese import read_chinese
from collectors.date_civil import Civil, Precision, civil, full_year, recent_year
from collectors.date_words import CST_AMERICA_MINUTES, MONTHS, ZONES, fold_word

Flag = Literal["", "no_zone", "implausible", "unparsed", "missing"]

# China has kept one offset, without summer time, since 1991: older dates are implausible here.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
SEOUL = timezone(timedelta(hours=9), "Asia/Seoul")

LONGEST_DATE_CHARS = 120
FUTURE_AT_MOST = timedelta(days=1)
FARTHEST_OFFSET_MINUTES = 18 * 60  # the real ones end at 14 hours; broken clocks go further
PAST_AT_MOST = timedelta(days=30 * 365.25)


class ParsedDate(NamedTuple):
    """A moment in UTC, or None with the reason in `flag`; `precision` is what the text gave.

    A tuple, because feeds make it by the thousand and a frozen dataclass costs twice as much.
    """

    value: datetime | None
    flag: Flag = ""
    precision: Precision = "second"


MISSING = ParsedDate(value=None, flag="missing", precision="day")


def parse_date(text: str | None, now: datetime, *, zone: tzinfo = SHANGHAI) -> ParsedDate:
    """Return the moment that `text` names, read at `now`; never raises.

    `zone` is where a date without a zone was written. Flags: "no_zone" (value is given, read in
    `zone`), "implausible" (more than a day ahead or 30 years back), "unparsed", "missing".
    """
    if not text or not (text := text.strip()):
        return MISSING
    if len(text) > LONGEST_DATE_CHARS:
        return ParsedDate(value=None, flag="unparsed", precision="day")
    try:
        moment = _read_exact(text)
        if moment is not None:
            return _plausible(moment, now, "", "second")
        found = _read(text, now, zone)
        if found is None:
            return ParsedDate(value=None, flag="unparsed", precision="day")
        return _judge(found, now, zone)
    except (ValueError, OverflowError):
        return ParsedDate(value=None, flag="unparsed", precision="day")


def _judge(found: Civil, now: datetime, zone: tzinfo) -> ParsedDate:
    if found.offset_minutes is not None:
        moment = found.local.replace(tzinfo=UTC) - timedelta(minutes=found.offset_minutes)
    else:
        moment = found.local.replace(tzinfo=found.zone or zone).astimezone(UTC)
    flag: Flag = "no_zone" if found.offset_minutes is None and found.zone is None else ""
    return _plausible(moment, now, flag, found.precision)


def _plausible(moment: datetime, now: datetime, flag: Flag, precision: Precision) -> ParsedDate:
    if -PAST_AT_MOST <= moment - now <= FUTURE_AT_MOST:
        return ParsedDate(value=moment, flag=flag, precision=precision)
    return ParsedDate(value=None, flag="implausible", precision=precision)


def _read_exact(text: str) -> datetime | None:
    """Read the two commonest forms to the letter, at a fifth of the general price."""
    try:
        if text[10:11] == "T" and text[16:17] == ":":
            exact = datetime.fromisoformat(text)
            return exact.astimezone(UTC) if exact.tzinfo is not None else None
        if text[3:5] != ", ":
            return None
        if text[6] == " ":  # a day of one digit
            text = f"{text[:5]}0{text[5:]}"
        elif text[5] == " ":
            text = f"{text[:5]}0{text[6:]}"
        if text[7] == text[11] == text[16] == text[25] == " ":
            day = f"{text[12:16]}-{_SHORT_MONTHS[text[8:11]]}-{text[5:7]}"
            return datetime.fromisoformat(f"{day}T{text[17:25]}+00:00") - _USUAL_ZONES[text[26:]]
    except (ValueError, KeyError, IndexError):
        return None
    return None


_USUAL_ZONES = {
    "+0000": timedelta(),
    **{name.upper(): timedelta(minutes=minutes) for name, minutes in ZONES.items()},
    **{
        f"{sign}{hour:02d}{minute:02d}": timedelta(hours=hour, minutes=minute) * int(f"{sign}1")
        for sign in "+-"
        for hour in range(14)
        for minute in (0, 30)
        if hour or minute
    },
}
_SHORT_MONTHS = {
    name.capitalize(): f"{MONTHS[name]:02d}"
    for name in ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
}


def _read(text: str, now: datetime, zone: tzinfo) -> Civil | None:
    in_china = now.astimezone(zone).utcoffset() == timedelta(hours=8)
    cst = 480 if in_china else CST_AMERICA_MINUTES
    quick = _read_rfc822(text, cst) or _read_iso(text, cst)
    if quick is not None:
        return quick
    plain = _SPACE.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).strip()
    plain = _REGION_NOTE.sub("", plain)
    if _HANGUL.search(plain):
        return read_chinese(plain.translate(_KOREAN), now.astimezone(SEOUL), assumed=SEOUL)
    if _HAN.search(plain):
        return read_chinese(plain, now.astimezone(SHANGHAI))
    return (
        _read_rfc822(plain, cst)
        or _read_iso(plain, cst)
        or _read_compact(plain, cst)
        or _read_epoch(plain)
        or _read_without_year(plain, now.astimezone(zone))
        or _read_words(plain, cst)
    )


_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_REGION_NOTE = re.compile(
    r"\[[A-Z][A-Za-z]+/[A-Za-z_]+\]$"
)  # 2026-05-13T10:12+08:00[Asia/Shanghai]
_HAN = re.compile("[\u3400-\u9fff〇]")
_HANGUL = re.compile("[년월일시분초오전후]")
_KOREAN = str.maketrans(
    {"년": "年", "월": "月", "일": "日", "시": "时", "분": "分", "초": "秒", "오": "", "전": "上午",
     "후": "下午"}
)  # fmt: skip

# --- zones -----------------------------------------------------------------------------------

_OFFSET = re.compile(r"(?:utc|gmt|ut)?\s?([+-])(\d{1,2}):?(\d{2})?(?::?\d{2})?z?", re.IGNORECASE)
_REGION = re.compile(r"[A-Za-z]+(?:/[A-Za-z_+-]+\d{0,2}){1,2}")


def _offset_minutes(name: str | None, local: datetime, cst: int) -> int | None:
    """Return minutes east of Greenwich; None without a zone or with a name nobody knows."""
    if not name:
        return None
    key = name.strip("()").lower()
    if key == "cst":
        return cst
    if key in ZONES:
        return ZONES[key]
    if found := _OFFSET.fullmatch(key):
        return _checked(int(found[1] + "1") * (int(found[2]) * 60 + int(found[3] or 0)))
    if _REGION.fullmatch(name):
        return _region_minutes(name, local)
    # The military letters, which RFC 2822 §4.3 reads as UTC.
    return 0 if len(key) == 1 and key.isalpha() else None


def _checked(minutes: int) -> int:
    if abs(minutes) > FARTHEST_OFFSET_MINUTES:
        raise ValueError(f"no time zone is {minutes} minutes from Greenwich")
    return minutes


def _region_minutes(name: str, local: datetime) -> int:
    offset = local.replace(tzinfo=_region(name)).utcoffset()
    return int((offset or timedelta()).total_seconds() // 60)


@lru_cache(maxsize=64)
def _region(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, KeyError) as cause:  # ZoneInfoNotFoundError is a KeyError; a folder an OSError
        raise ValueError(f"unknown time zone {name}") from cause


# --- RFC 822 and ISO 8601: nearly every feed ---------------------------------------------------

_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{2}|\d{4}),?"
    r"(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*([A-Za-z]{1,5}|[+-]\d{4}|[A-Z][\w/+-]+)?"
)
_ISO = re.compile(
    r"(\d{4})([-/.])(0?\d{1,2})\2(\d{1,2})"
    r"(?:(?:\s*T\s*|\s+|,\s*)(\d{1,2})(?::?(\d{2}|(?<=:)\d)(?::?(\d{2}|(?<=:)\d)(?:[.,]\d+)?)?)?)?"
    r"\s*(Z|[+-]\d{2}(?::?\d{2}){0,2}Z?|(?:UTC|GMT)[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,5}"
    r"|[A-Z][a-z]+/[A-Za-z_]+)?",
    re.IGNORECASE,
)


def _read_rfc822(text: str, cst: int) -> Civil | None:
    found = _RFC822.fullmatch(text)
    if found is None:
        return None
    month = MONTHS.get(found[2].lower())
    if month is None:
        return None
    zone = found[7]
    if zone is not None and zone.lower() in {"am", "pm", "a", "p"}:
        return None
    local = civil(full_year(found[3]), month, int(found[1]), found[4], found[5], found[6])
    return Civil(
        local=local,
        offset_minutes=_offset_minutes(zone, local, cst),
        precision=_precision(found[5], found[6]),
    )


def _read_iso(text: str, cst: int) -> Civil | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    zone = found[8]
    if zone is not None and (
        zone.lower() in {"am", "pm"} or (found[5] is None and zone[0] in "+-")
    ):
        return None
    local = civil(int(found[1]), int(found[3]), int(found[4]), found[5], found[6], found[7])
    return Civil(
        local=local,
        offset_minutes=_offset_minutes(zone, local, cst),
        precision=_precision(found[6], found[7]),
    )


def _precision(minute: str | None, second: str | None) -> Precision:
    if second is not None:
        return "second"
    return "minute" if minute is not None else "day"


# --- ISO without its dashes, and machine times ---------------------------------------------------

_TIME_TAIL = (
    r"(?:[T\s]?(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT = tuple(
    re.compile(shape + _TIME_TAIL, re.IGNORECASE)
    for shape in (
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<year>\d\d)-(?P<month>\d\d)-(?P<day>\d\d)",
        r"(?P<year>(?:19|20)\d\d)-?(?P<ordinal>[0-3]\d\d)",
    )
) + tuple(
    re.compile(shape)
    for shape in (
        r"(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<year>\d\d)-?(?P<ordinal>[0-3]\d\d)",
        r"(?P<year>\d{4})-(?P<month>\d\d)",
        r"-(?P<year>\d\d)-?(?P<month>\d\d)",
        r"(?P<year>(?:19|20)\d\d)",
    )
)
_EPOCH = re.compile(r"(\d{10})(\d{3}|\d{6}|\d{9})?(?:\.\d+)?")


def _read_compact(text: str, cst: int) -> Civil | None:
    for shape in _COMPACT:
        if found := shape.fullmatch(text):
            parts = found.groupdict()
            year = full_year(parts["year"])
            local = civil(
                year,
                int(parts.get("month") or 1),
                int(parts.get("day") or 1),
                parts.get("hour"),
                parts.get("minute"),
                parts.get("second"),
            )
            if ordinal := parts.get("ordinal"):
                local += timedelta(days=int(ordinal) - 1)
                if local.year != year:
                    raise ValueError(f"no day {ordinal} in {year}")
            return Civil(
                local=local,
                offset_minutes=_offset_minutes(parts.get("zone"), local, cst),
                precision=_precision(parts.get("minute"), parts.get("second")),
            )
    return None


def _read_epoch(text: str) -> Civil | None:
    """Read seconds, milli-, micro- or nanoseconds since 1970."""
    found = _EPOCH.fullmatch(text)
    if found is None:
        return None
    moment = datetime.fromtimestamp(int(found[1]), UTC).replace(tzinfo=None)
    return Civil(local=moment, offset_minutes=0, precision="second")


_NO_YEAR = re.compile(r"(\d{1,2})[-/](\d{1,2})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def _read_without_year(text: str, now: datetime) -> Civil | None:
    """Read `05-13 10:12` as the last such day."""
    found = _NO_YEAR.fullmatch(text)
    if found is None:
        return None
    month, day = int(found[1]), int(found[2])
    local = civil(recent_year(month, day, now), month, day, found[3], found[4], found[5])
    return Civil(local=local, offset_minutes=None, precision=_precision(found[4], found[5]))


# --- everything else that names a month or writes three numbers --------------------------------

_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2})(?::|h(?=\d))(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(a\.?\s?m\b\.?|p\.?\s?m\b\.?)?"
    r"(?!\d)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\([^()]*\)\s*$")
_AFTER_CLOCK_ZONE = re.compile(
    r"\s*((?:utc|gmt)?\s?[+-]\d{1,2}:?\d{2}z?|(?:utc|gmt)[+-]\d{1,2}|[A-Z][A-Za-z]+/[A-Za-z_/]+"
    r"|[A-Za-z]{1,5}(?![A-Za-z.]))",
    re.IGNORECASE,
)
_YMD = re.compile(r"(?<!\d)(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)")
_THREE_NUMBERS = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])")
_WORD = re.compile(r"[^\W\d_]+")
_WORD_OR_NUMBER = re.compile(r"[^\W_]")
_NUMBER = re.compile(r"\d+")


def _read_words(text: str, cst: int) -> Civil | None:
    text = _COMMENT.sub("", text)
    clock = _CLOCK.search(text)
    date_text, zone_name = text, None
    if clock is not None:
        zone_name, rest = _zone_after(text[clock.end() :])
        date_text = text[: clock.start()] + " " + rest
    else:
        date_text, zone_name = _trailing_zone(text)
    day = _day_of_words(date_text)
    if day is None:
        return None
    hour, minute, second = _clock_parts(clock)
    local = civil(*day, hour, minute, second)
    return Civil(
        local=local,
        offset_minutes=_offset_minutes(zone_name, local, cst),
        precision=_precision(minute, second),
    )


def _zone_after(rest: str) -> tuple[str | None, str]:
    found = _AFTER_CLOCK_ZONE.match(rest)
    if found is None or fold_word(found[1]) in MONTHS:
        return None, rest
    return found[1].replace(" ", ""), rest[found.end() :]


def _trailing_zone(text: str) -> tuple[str, str | None]:
    words = _WORD.findall(text)
    if words and words[-1].lower() in ZONES and text.endswith(words[-1]):
        return text[: -len(words[-1])], words[-1]
    return text, None


def _clock_parts(clock: re.Match[str] | None) -> tuple[str | None, str | None, str | None]:
    if clock is None:
        return None, None, None
    hour = int(clock[1])
    half = (clock[4] or "").lower()[:1]
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return str(hour), clock[2], clock[3]


def _day_of_words(text: str) -> tuple[int, int, int] | None:
    words = [fold_word(word) for word in _WORD.findall(text)]
    months = [MONTHS[word] for word in words if word in MONTHS]
    if months:
        # The last one: in `mar., 01 déc. 2020` the first is a Tuesday.
        return _day_with_month(text, months[-1], words)
    if (found := _YMD.search(text)) and _only_weekday(text[: found.start()], text[found.end() :]):
        return int(found[1]), int(found[2]), int(found[3])
    found = _THREE_NUMBERS.search(text)
    if found and _only_weekday(text[: found.start()], text[found.end() :]):
        return _order_numbers(int(found[1]), int(found[3]), full_year(found[4]), found[2])
    return None


def _only_weekday(before: str, after: str) -> bool:
    return len(_WORD.findall(before)) <= 1 and not _WORD_OR_NUMBER.search(after)


def _day_with_month(text: str, month: int, words: list[str]) -> tuple[int, int, int] | None:
    numbers = _NUMBER.findall(text)
    if len(numbers) == 1 and len(numbers[0]) == 4 and len(words) == 1:
        return int(numbers[0]), month, 1
    if len(numbers) != 2:
        return None
    year, day = numbers if len(numbers[0]) == 4 else reversed(numbers)
    return full_year(year), month, int(day)


def _order_numbers(first: int, second: int, year: int, mark: str) -> tuple[int, int, int]:
    """Read 30.10.23 day first; 03/30/2020 month first unless only the other order is a date."""
    day_first = mark != "/" or first > 12
    if day_first and second > 12:
        day_first = False
    return (year, second, first) if day_first else (year, first, second)
