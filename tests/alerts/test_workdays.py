from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.constants import load_constants
from alerts.workdays import CALENDAR_INCOMPLETE, is_working_day, working_due
from models.records import SHANGHAI

CONSTANTS = load_constants()


def received(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-09-21", 5, "2026-09-29"),
        ("2026-09-21", 10, "2026-10-12"),
        ("2026-09-21", 15, "2026-10-19"),
        ("2026-09-21", 20, "2026-10-26"),
        ("2026-02-10", 5, "2026-02-24"),
        ("2026-02-10", 20, "2026-03-16"),
        ("2026-04-28", 5, "2026-05-08"),
        ("2026-12-07", 15, "2026-12-28"),
    ],
)
def test_due_days_of_the_official_calendar(start: str, days: int, due: str) -> None:
    found = working_due(received(start), days, CONSTANTS)
    assert found.day == date.fromisoformat(due)
    assert found.flag == ""
    assert found.due.astimezone(SHANGHAI).hour == 18


def test_a_year_without_a_notice_is_flagged_never_guessed() -> None:
    assert working_due(received("2026-12-07"), 20, CONSTANTS).flag == CALENDAR_INCOMPLETE
    assert working_due(received("2027-03-01"), 1, CONSTANTS).flag == CALENDAR_INCOMPLETE


def test_the_day_of_receipt_is_the_shanghai_day() -> None:
    late_evening_utc = datetime(2026, 9, 20, 17, 0, tzinfo=UTC)  # 01:00 on the 21st in Shanghai
    assert working_due(late_evening_utc, 20, CONSTANTS).day == date(2026, 10, 26)


def test_make_up_saturdays_are_working_days_and_holidays_are_not() -> None:
    assert is_working_day(date(2026, 10, 10), CONSTANTS)
    assert not is_working_day(date(2026, 10, 7), CONSTANTS)
    assert not is_working_day(date(2026, 11, 21), CONSTANTS)


def test_weekend_only_arithmetic_would_be_wrong_for_half_of_the_starts() -> None:
    starts = [date(2026, 1, 1) + timedelta(days=n) for n in range(319)]
    bare = CONSTANTS.model_copy(update={"calendar": {}})
    wrong = sum(
        working_due(received(str(day)), 20, CONSTANTS).day
        != working_due(received(str(day)), 20, bare).day
        for day in starts
    )
    assert round(wrong / len(starts), 2) == 0.53
