"""Chinese dates: 昨天, 半小时前, 2026年5月13日 10:12, 下午3点半, 上周三, 二〇二六年五月十三日."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from collectors.date_civil import Civil, Precision, civil, full_year, months_before, recent_year
from collectors.date_words import CHINESE_DIGITS, PARTS_OF_DAY, WEEKDAYS

_SIMPLIFY = str.maketrans("時鐘後個週禮號點剛這現間兩內鍾", "时钟后个周礼号点刚这现间两内钟")

_NUMERAL = re.compile(
    "[〇零○一二两三四五六七八九十]+(?=年|月|日|号|点|时|分|秒|天|个|周|星期|小时|钟头|礼拜)"
)
_WEEKDAY_NUMERAL = re.compile("(?:周|星期|礼拜)$")

_UNITS = "秒钟|秒|分钟|分|小时|钟头|刻钟|天|日|周|星期|礼拜|月|年"
_SPAN = rf"((?:(?:\d+|半)\s*个?半?\s*(?:{_UNITS})\s*)+)"
_DURATION = re.compile(rf"(?:大?约|近|约)?\s*{_SPAN}(以?[前后]|之[前后])?")
# Inside a longer text a span counts only with its 前: 编辑于 3 分钟前, 3分钟前 来自网页.
_DURATION_TOLD = re.compile(rf"(?<![\d.:]){_SPAN}(以?[前后]|之[前后])")
_DURATION_PART = re.compile(rf"(\d+|半)\s*个?(半)?\s*({_UNITS})")
_UNIT_SECONDS = {
    "秒": 1, "秒钟": 1, "分": 60, "分钟": 60, "刻钟": 900, "小时": 3_600, "钟头": 3_600,
    "天": 86_400, "日": 86_400, "周": 604_800, "星期": 604_800, "礼拜": 604_800,
}  # fmt: skip
_CLOCK_UNITS = frozenset({"秒", "秒钟", "分", "分钟", "刻钟", "小时", "钟头"})
_UNIT_MONTHS = {"月": 1, "年": 12}

_NOW = re.compile("刚刚|刚才|刚|方才|现在|此刻|这[一1]?(?:秒|分)钟?|(?:这|本)[一1]?个?小时")
# (months, days) before now; negative is ahead.
_SPANS = {
    "去年": (12, 0), "前年": (24, 0), "今年": (0, 0), "本年": (0, 0), "明年": (-12, 0),
    "上个月": (1, 0), "上月": (1, 0), "本月": (0, 0), "这个月": (0, 0), "下个月": (-1, 0),
    "下月": (-1, 0), "上周": (0, 7), "上星期": (0, 7), "上个星期": (0, 7), "上礼拜": (0, 7),
    "本周": (0, 0), "这周": (0, 0), "这星期": (0, 0), "下周": (0, -7), "下星期": (0, -7),
}  # fmt: skip
_DAYS_AGO = {
    "大前天": 3, "前天": 2, "前日": 2, "昨天": 1, "昨日": 1, "昨晚": 1, "昨": 1,
    "今天": 0, "今日": 0, "今早": 0, "今晚": 0, "今晨": 0, "当天": 0, "今": 0,
    "明天": -1, "明日": -1, "后天": -2, "大后天": -3,
}  # fmt: skip
_DAY_WORD = re.compile("|".join(sorted(_DAYS_AGO, key=len, reverse=True)))
_WEEKDAY = re.compile("(上+个?|下+个?|这个?|本)?(?:周|星期|礼拜)([一二三四五六日天])")

_FULL_DAY = re.compile(
    r"(?<!\d)(\d{4})\s*(?:年|[-/.])\s*(\d{1,2})\s*(?:月|[-/.])\s*(\d{1,2})(?!\d)\s*[日号]?"
)
_SHORT_YEAR_DAY = re.compile(r"(?<!\d)(\d{2})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_MONTH_DAY = re.compile(r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_DASHED_DAY = re.compile(r"(?<![\d:])(\d{1,2})[-/](\d{1,2})(?![\d:])")
_YEAR_MONTH = re.compile(r"(?<!\d)(\d{4})\s*年(?:\s*(\d{1,2})\s*月)?")

_CLOCK = re.compile(
    rf"({'|'.join(sorted(PARTS_OF_DAY, key=len, reverse=True))})?\s*(?<!\d)(\d{{1,2}})\s*"
    r"(?::|点钟?|时)\s*(?:(半)|([一三])刻|(\d{1,2})(?!\d)\s*(?:[:分]\s*(?:(\d{1,2})(?!\d)(?:\.\d+)?秒?)?)?)?"
)
_LONE_PART = re.compile("中午|正午|午夜|半夜")
_OFFSET = re.compile(r"(?:(?:UTC|GMT)\s*)?([+-])(\d{2}):?(\d{2})\s*$|(?:北京时间|CST)")


def read_chinese(text: str, now: datetime, *, assumed: tzinfo | None = None) -> Civil | None:
    """Return the time that a Chinese text names, or None.

    `now` is aware and local to the source: 今天 is its day. `assumed` is a zone the form itself
    implies (a Korean date), else the caller's default holds. Raises ValueError for impossible days.
    """
    text = _digits(text.translate(_SIMPLIFY)).strip()
    return _relative(text, now) or _dated(text, now, assumed)


def _digits(text: str) -> str:
    """Write 二〇二六年五月十三日 with Arabic digits; weekdays (星期一) keep theirs."""

    def arabic(found: re.Match[str]) -> str:
        if _WEEKDAY_NUMERAL.search(text, 0, found.start()):
            return found[0]
        return str(chinese_number(found[0]))

    return _NUMERAL.sub(arabic, text)


def chinese_number(numeral: str) -> int:
    """Return the value of 十三, 三十, 二十五 or of a digit run such as 二〇二六."""
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return int("".join(str(CHINESE_DIGITS[digit]) for digit in numeral))
    low = sum(CHINESE_DIGITS.get(digit, 0) for digit in ones[:1])
    return 10 * CHINESE_DIGITS.get(tens or "一", 1) + low


def _relative(text: str, now: datetime) -> Civil | None:
    local = now.replace(tzinfo=None)
    if _NOW.fullmatch(text):
        return Civil(local=local, zone=now.tzinfo)
    if text in _SPANS:
        months, days = _SPANS[text]
        moved = months_before(local, months) - timedelta(days=days)
        return Civil(local=moved, zone=now.tzinfo, precision="day")
    # 2020年5月 and 5月13日前 speak of the calendar, not of a span.
    if _MONTH_DAY.search(text) or _YEAR_MONTH.search(text) or _FULL_DAY.search(text):
        return None
    found = _DURATION.fullmatch(text) or _DURATION_TOLD.search(text)
    if found is None:
        return None
    return _ago(found[1], local, now, ahead="后" in (found[2] or ""))


def _ago(parts: str, local: datetime, now: datetime, *, ahead: bool) -> Civil:
    seconds, months, by_clock = 0.0, 0, False
    for number, half, unit in _DURATION_PART.findall(parts):
        amount = (0.5 if number == "半" else int(number)) + (0.5 if half else 0)
        if unit in _UNIT_MONTHS:
            months += int(amount * _UNIT_MONTHS[unit])
        else:
            seconds += amount * _UNIT_SECONDS[unit]
            by_clock = by_clock or unit in _CLOCK_UNITS
    sign = -1 if ahead else 1
    moved = months_before(local, sign * months) - timedelta(seconds=sign * seconds)
    return Civil(local=moved, zone=now.tzinfo, precision="minute" if by_clock else "day")


def _dated(text: str, now: datetime, assumed: tzinfo | None) -> Civil | None:
    day, rest = _day(text, now)
    hour, minute, second = _clock(rest)
    if day is None and hour is None:
        return None
    year, month, date = day or (now.year, now.month, now.day)
    local = civil(year, month, date, hour, minute, second)
    if day is None and local > now.replace(tzinfo=None):
        local -= timedelta(days=1)  # a bare time of day has already happened
    precision: Precision = "day" if hour is None else "minute" if second is None else "second"
    return Civil(
        local=local, offset_minutes=_written_offset(rest), zone=assumed, precision=precision
    )


def _day(text: str, now: datetime) -> tuple[tuple[int, int, int] | None, str]:
    """Return the day and the text that follows it."""
    if found := _FULL_DAY.search(text) or _SHORT_YEAR_DAY.search(text):
        day = full_year(found[1]), int(found[2]), int(found[3])
        return day, text[found.end() :]
    if found := _MONTH_DAY.search(text) or _DASHED_DAY.search(text):
        month, date = int(found[1]), int(found[2])
        return (recent_year(month, date, now), month, date), text[found.end() :]
    if found := _DAY_WORD.search(text):
        moved = now - timedelta(days=_DAYS_AGO[found[0]])
        # 昨晚 and 今早 name the day and the part of it: the part must stay readable.
        kept = found.end() - 1 if found[0][-1] in "晚早晨" else found.end()
        return (moved.year, moved.month, moved.day), text[kept:]
    if found := _WEEKDAY.search(text):
        moved = _weekday(found[1] or "", WEEKDAYS[found[2]], now)
        return (moved.year, moved.month, moved.day), text[found.end() :]
    if found := _YEAR_MONTH.search(text):
        return (int(found[1]), int(found[2] or 1), 1), text[found.end() :]
    return None, text


def _weekday(which: str, weekday: int, now: datetime) -> datetime:
    if not which:  # 周三 alone is the last Wednesday, today included
        return now - timedelta(days=(now.weekday() - weekday) % 7)
    weeks = which.count("下") - which.count("上")
    return now + timedelta(days=weekday - now.weekday() + 7 * weeks)


def _clock(text: str) -> tuple[str | None, str | None, str | None]:
    found = _CLOCK.search(text)
    if found is None:
        lone = _LONE_PART.search(text)
        if lone is None:
            return None, None, None
        return ("12" if PARTS_OF_DAY[lone[0]] == "noon" else "0"), "0", None
    part, half, quarter = PARTS_OF_DAY.get(found[1] or "", ""), found[3], found[4]
    hour = _hour_of(part, int(found[2]))
    minute = "30" if half else {"一": "15", "三": "45"}.get(quarter or "", found[5] or "0")
    return str(hour), minute, found[6]


def _hour_of(part: str, hour: int) -> int:
    if part == "pm" and 1 <= hour < 12:
        return hour + 12
    if part == "noon" and hour < 3:  # 中午1点 is 13:00, 中午11点 is 11:00
        return hour + 12
    if part in {"am", "early", "midnight"} and hour == 12:
        return 0
    return hour


def _written_offset(text: str) -> int | None:
    found = _OFFSET.search(text)
    if found is None:
        return None
    if found[1] is None:
        return 480
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes
