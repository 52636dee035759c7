from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from models.records import DeliveryStatus, IncidentState, Level, MediaTier, Reason
from reports import charts, words

AT = datetime(2026, 10, 1, 19, 10, tzinfo=UTC)


def test_times_are_shown_in_shanghai() -> None:
    assert words.moment(AT, "zh") == "2026年10月2日 03:10"
    assert words.moment(AT, "en") == "2 Oct 2026 03:10"
    assert words.short_moment(AT, "zh") == "10月2日 03:10"
    assert words.day_words(date(2026, 10, 2), "zh") == "2026年10月2日 星期五"
    assert words.day_words(date(2026, 10, 2), "en") == "Friday 2 October 2026"


@pytest.mark.parametrize(
    ("span", "zh", "en"),
    [
        (timedelta(seconds=5), "1分钟", "1 min"),
        (timedelta(minutes=59), "59分钟", "59 min"),
        (timedelta(hours=3, minutes=20), "3小时20分钟", "3 h 20 min"),
        (timedelta(hours=48), "2天", "2 d"),
        (timedelta(days=1, hours=18, minutes=9), "1天18小时", "1 d 18 h"),
    ],
    ids=str,
)
def test_a_length_is_told_in_its_two_largest_units(span: timedelta, zh: str, en: str) -> None:
    assert words.length(span, "zh") == zh
    assert words.length(span, "en") == en


def test_a_deadline_is_overdue_only_after_it() -> None:
    assert words.remaining(AT, AT - timedelta(hours=2), "zh") == "剩余2小时"
    assert words.remaining(AT, AT + timedelta(hours=2), "zh") == "已超时2小时"
    assert words.remaining(AT, AT, "en") == "1 min left"


def test_the_future_is_just_now() -> None:
    assert words.ago(AT + timedelta(hours=1), AT, "zh") == "刚刚"
    assert words.ago(AT - timedelta(hours=1), AT, "en") == "1 h ago"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert words.share(0, 0) == "—"
    assert words.share(1, 3) == "33.3%"


@pytest.mark.parametrize(
    ("text", "gist"),
    [
        ("短。", "短。"),
        ("一二三四五六。七八九十一二", "一二三四五六。"),
        ("一。二三四五六七八九十一二", "一。二三四五六七八…"),
        ("  多\n\n行  ", "多 行"),
    ],
    ids=str,
)
def test_a_gist_ends_at_a_sentence_or_says_that_it_was_cut(text: str, gist: str) -> None:
    assert words.gist(text, 10) == gist
    assert len(gist) <= 10


def test_every_word_of_the_records_has_both_languages() -> None:
    for language in ("zh", "en"):
        for state in IncidentState:
            assert words.state_word(state, language)
        for level in Level:
            assert words.level_colour(level, language) in words.level_word(level, language)
        for reason in Reason:
            assert words.reason_word(reason, language)
        for status in DeliveryStatus:
            assert words.status_word(status, language)
        for tier in MediaTier:
            assert words.tier_word(tier.value, language)


def test_an_unknown_label_is_unclassified_not_a_fault() -> None:
    assert words.sentiment_word("", "zh") == "未能判定"
    assert words.topic_word("nonsense", "en") == "unclassified"
    assert words.state_word("nonsense", "zh") == "nonsense"


def test_an_address_is_cut_to_its_host() -> None:
    assert words.receiver_word("https://hook.invalid:8443/send?key=1") == "hook.invalid/…"
    assert words.receiver_word("值班员甲") == "值班员甲"


def test_charts_state_their_numbers_and_survive_an_empty_day() -> None:
    column = charts.Column(label="<b>", strong=3, light=2)
    made = str(charts.columns([column], "标题"))
    assert ">5<" in made
    assert "<b>" not in made
    assert "<svg" in str(charts.columns([], "空"))
    assert "<rect" in str(charts.stacked_bar([], "空"))


def test_a_bar_is_split_in_proportion() -> None:
    parts = [charts.Part(label=str(n), count=n, colour="#000") for n in (3, 1)]
    made = str(charts.stacked_bar(parts, "x", width=400))
    assert 'width="300"' in made
    assert 'x="300"' in made
