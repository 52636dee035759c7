from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dates import chinese_expectation
from collectors.dates import SHANGHAI, parse_date

# A Tuesday afternoon in Shanghai.
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def shanghai(text: str) -> str:
    """Read `text` at NOW and return the Shanghai clock, or the flag."""
    found = parse_date(text, NOW)
    if found.value is None:
        return found.flag
    return found.value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026年5月13日 10:12", "2026-05-13 10:12:00"),
        ("2026年05月13日10点12分", "2026-05-13 10:12:00"),
        ("2026年5月13日 21時40分", "2026-05-13 21:40:00"),
        ("2026年5月13日下午3点半", "2026-05-13 15:30:00"),
        ("2026年5月13日 上午10:12:33", "2026-05-13 10:12:33"),
        ("二〇二六年五月十三日", "2026-05-13 00:00:00"),
        ("发布时间：2026-05-13 10:12 来源：清岚区政府", "2026-05-13 10:12:00"),
        ("２０２６－０５－１３　１０：１２", "2026-05-13 10:12:00"),
        ("2026.05.13 10:12", "2026-05-13 10:12:00"),
        ("2026/5/13", "2026-05-13 00:00:00"),
        ("26-05-13 10:12", "2026-05-13 10:12:00"),
        ("05-13 10:12", "2026-05-13 10:12:00"),
        ("12-30 10:12", "2025-12-30 10:12:00"),
        ("5月13日 10:12", "2026-05-13 10:12:00"),
        ("昨天", "2026-11-23 00:00:00"),
        ("昨天 08:15", "2026-11-23 08:15:00"),
        ("昨晚8点", "2026-11-23 20:00:00"),
        ("前天 21:07", "2026-11-22 21:07:00"),
        ("今天 08:15", "2026-11-24 08:15:00"),
        ("刚刚", "2026-11-24 14:30:00"),
        ("半小时前", "2026-11-24 14:00:00"),
        ("半个小时前", "2026-11-24 14:00:00"),
        ("3分钟前", "2026-11-24 14:27:00"),
        ("1个半小时前", "2026-11-24 13:00:00"),
        ("两天前", "2026-11-22 14:30:00"),
        ("十五分鐘前", "2026-11-24 14:15:00"),
        ("1年11個月", "2024-12-24 14:30:00"),
        ("星期一", "2026-11-23 00:00:00"),
        ("上周三 14:00", "2026-11-18 14:00:00"),
        ("中午12点05分", "2026-11-24 12:05:00"),
        ("凌晨12:30", "2026-11-24 00:30:00"),
        ("下午4:30", "2026-11-23 16:30:00"),
        ("3分钟前 来自网页", "2026-11-24 14:27:00"),
        ("更新于 3 分钟前", "2026-11-24 14:27:00"),
        ("2026年5月", "2026-05-01 00:00:00"),
        ("2026-5-3 9:2:5", "2026-05-03 09:02:05"),
        ("去年", "2025-11-24 14:30:00"),
    ],
)
def test_chinese_forms_are_exact_to_the_minute(text: str, local: str) -> None:
    assert shanghai(text) == local


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("Wed, 13 May 2026 10:12:00 GMT", "2026-05-13T10:12:00"),
        ("Wed, 13 May 2026 10:12:00 +0800", "2026-05-13T02:12:00"),
        ("Wed, 13 May 26 10:12 EST", "2026-05-13T15:12:00"),
        ("13 May 2026", "2026-05-12T16:00:00"),
        ("Wed, 13 May 2026 10:12:00 CST", "2026-05-13T02:12:00"),
        ("Wed May 13 10:12:00 2026", "2026-05-13T02:12:00"),
        ("2026-05-13T10:12:00Z", "2026-05-13T10:12:00"),
        ("2026-05-13T10:12:00.123+08:00", "2026-05-13T02:12:00"),
        ("2026-05-13 10:12:00 +0800", "2026-05-13T02:12:00"),
        ("20260513T101200Z", "2026-05-13T10:12:00"),
        ("20260513101200", "2026-05-13T02:12:00"),
        ("1778638320", "2026-05-13T02:12:00"),
        ("1778638320000", "2026-05-13T02:12:00"),
        ("mercredi 13 mai 2026 à 10h12", "2026-05-13T02:12:00"),
        ("13. Mai 2026, 10:12 Uhr", "2026-05-13T02:12:00"),
        ("Τετ, 13 Μαϊ 2026 10:12:00 EST", "2026-05-13T15:12:00"),
        ("2026-május-13T10:12+02:00", "2026-05-13T08:12:00"),
        ("2026년 05월 13일 10:12:00", "2026-05-13T01:12:00"),
        ("2026-05-13 오후 11:23:17", "2026-05-13T14:23:17"),
        ("May 13, 2026 at 10:12 PM EDT", "2026-05-14T02:12:00"),
        ("Wed, 13 May 2026 10:12:00 Europe/Brussels", "2026-05-13T08:12:00"),
        ("Wed May 13 2026 10:12:00 GMT+0200 (Central European Summer Time)", "2026-05-13T08:12:00"),
        ("2026-05-13T24:00:00Z", "2026-05-14T00:00:00"),
        ("2026-05-13T23:59:60Z", "2026-05-14T00:00:00"),
    ],
)
def test_other_forms_come_out_in_utc(text: str, utc: str) -> None:
    found = parse_date(text, NOW)
    assert found.value is not None
    assert found.value.replace(microsecond=0) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_time_without_zone_is_read_in_the_zone_of_the_source() -> None:
    assert parse_date("2026-05-13 10:12:00", NOW).flag == "no_zone"
    assert parse_date("2026-05-13 10:12:00", NOW, zone=UTC).value == datetime(
        2026, 5, 13, 10, 12, tzinfo=UTC
    )


def test_cst_is_china_to_a_chinese_source_and_chicago_to_another() -> None:
    text = "Wed, 13 May 2026 10:12:00 CST"
    here, there = parse_date(text, NOW).value, parse_date(text, NOW, zone=UTC).value
    assert here is not None
    assert there is not None
    assert there - here == timedelta(hours=14)


@pytest.mark.parametrize("text", [None, "", "   ", "\n"])
def test_missing_is_not_now(text: str | None) -> None:
    found = parse_date(text, NOW)
    assert (found.value, found.flag) == (None, "missing")


@pytest.mark.parametrize(
    "text", ["9999-01-01", "1980-01-01", "1970-01-01T00:00:00Z", "2026-11-27", "4年后"]
)
def test_more_than_a_day_ahead_or_thirty_years_back_is_implausible(text: str) -> None:
    found = parse_date(text, NOW)
    assert (found.value, found.flag) == (None, "implausible")


@pytest.mark.parametrize(
    "text", ["rubbish", "2026-13-01", "2026-02-30", "99:99", "Sun, Dec x 2026 11:47:32 GMT",
             "2026-05-13T10:12:00+99:00", "昨", "暂无", "9" * 400]
)  # fmt: skip
def test_what_names_no_moment_is_unparsed_or_told(text: str) -> None:
    found = parse_date(text, NOW)
    assert found.value is None or text == "昨"


def test_tomorrow_within_a_day_is_plausible() -> None:
    assert parse_date("2026-11-25T05:00:00Z", NOW).flag == ""


@pytest.mark.parametrize(
    ("text", "precision"),
    [("2026-05-13", "day"), ("2026-05-13 10:12", "minute"), ("2026-05-13T10:12:00Z", "second"),
     ("昨天", "day"), ("3分钟前", "minute")],
)  # fmt: skip
def test_precision_is_what_the_text_gave(text: str, precision: str) -> None:
    assert parse_date(text, NOW).precision == precision


@given(st.text(max_size=60))
def test_never_raises(text: str) -> None:
    found = parse_date(text, NOW)
    assert found.value is None or found.value.tzinfo is UTC


_WORDS = (
    "年 月 日 点 半 前 后 分钟 小时 昨天 上 周 星期 一 十 二 : - / . T Z + 0 3 12 31 2026 99 May am"
    " GMT 下午 个 发布"
)
_PIECES = st.sampled_from(_WORDS.split())


@given(st.lists(_PIECES, max_size=12))
def test_never_raises_on_pieces_of_dates(pieces: list[str]) -> None:
    parse_date("".join(pieces), NOW)
    parse_date(" ".join(pieces), NOW)


@given(
    st.integers(min_value=0, max_value=28 * 365 * 86_400).map(
        lambda seconds: (NOW - timedelta(seconds=seconds)).astimezone(SHANGHAI)
    )
)
def test_written_dates_round_trip(moment: datetime) -> None:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%a, %d %b %Y %H:%M:%S +0800"):
        found = parse_date(moment.strftime(form), NOW).value
        assert found == moment


def test_every_chinese_date_of_the_corpus_and_nearly_every_other(shared: Path) -> None:
    lines = (shared / "corpus" / "dates.jsonl").read_text("utf-8").splitlines()
    wrong_chinese, wrong_other, others = [], [], 0
    for row in map(json.loads, lines):
        if "-zh" in row["suite"]:
            want = chinese_expectation(row, NOW)
            found = parse_date(row["input"], NOW).value
            if want is not None and found != want:
                wrong_chinese.append(row["input"])
            continue
        others += 1
        found = parse_date(row["input"], NOW, zone=UTC).value
        text = found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else None
        if text != row["expect_utc"] and not (row["expect_utc"] == "ANY" and text):
            wrong_other.append(row["input"])
    assert wrong_chinese == []
    assert len(wrong_other) <= others * 0.05
