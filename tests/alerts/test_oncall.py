from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.constants import load_constants
from alerts.oncall import (
    OnCallError,
    Override,
    Rotation,
    Schedule,
    Shift,
    gaps,
    hand_overs,
    on_call,
    resolver,
    stretches,
)
from alerts.oncall_ical import ical_of, shifts_from_ical
from models.records import SHANGHAI

CONSTANTS = load_constants()
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def weekly(**changes: object) -> Rotation:
    made = {"people": ["甲", "乙", "丙"], "first_day": "2026-03-02", "hand_over": "08:00"}
    return Rotation.model_validate({**made, **changes})


def rota(**parts: object) -> Schedule:
    return Schedule.model_validate({"name": "duty", **parts})


def test_a_weekly_rotation_turns_at_its_hour_not_before() -> None:
    rotation = weekly()
    assert rotation.person(at("2026-03-02T07:59")) == ""
    assert rotation.person(at("2026-03-02T08:00")) == "甲"
    assert rotation.person(at("2026-03-09T07:59")) == "甲"
    assert rotation.person(at("2026-03-09T08:00")) == "乙"
    assert rotation.person(at("2026-03-23T08:00")) == "甲"


@pytest.mark.parametrize(
    ("every", "moment", "person"),
    [
        ("hour", "2026-03-02T10:30", "丙"),
        ("day", "2026-03-04T07:59", "乙"),
        ("day", "2026-03-04T08:00", "丙"),
        ("month", "2026-04-02T07:59", "甲"),
        ("month", "2026-04-02T08:00", "乙"),
    ],
)
def test_rotations_by_the_hour_day_and_month(every: str, moment: str, person: str) -> None:
    assert weekly(every=every).person(at(moment)) == person


def test_a_monthly_rotation_from_the_31st_turns_on_the_last_day_of_a_short_month() -> None:
    rotation = weekly(first_day="2026-01-31", every="month")
    assert rotation.person(at("2026-02-28T07:59")) == "甲"
    assert rotation.person(at("2026-02-28T08:00")) == "乙"
    assert rotation.person(at("2026-03-31T08:00")) == "丙"


def test_every_second_week() -> None:
    assert weekly(length=2).person(at("2026-03-15T08:00")) == "甲"
    assert weekly(length=2).person(at("2026-03-16T08:00")) == "乙"


def test_on_days_off_the_holiday_rota_stands_in_and_make_up_days_are_no_holidays() -> None:
    holidays = weekly(people=["节日班"], every="day", holidays_only=True)
    schedule = rota(rotations=[weekly().model_dump(), holidays.model_dump()])
    assert on_call(schedule, at("2026-10-03T12:00"), CONSTANTS) == ("节日班",)
    assert on_call(schedule, at("2026-10-10T12:00"), CONSTANTS) == ("乙",)  # a Saturday at work
    only_usual = rota(rotations=[weekly().model_dump()])
    assert on_call(only_usual, at("2026-10-03T12:00"), CONSTANTS) == ("甲",)


def override(action: str, person: str, instead_of: str = "") -> dict[str, object]:
    return {
        "action": action,
        "person": person,
        "instead_of": instead_of,
        "start": at("2026-03-03T00:00"),
        "end": at("2026-03-04T00:00"),
    }


@pytest.mark.parametrize(
    ("change", "people"),
    [
        (override("add", "丁"), ("甲", "丁")),
        (override("remove", "甲"), ()),
        (override("replace", "丁", "甲"), ("丁",)),
        (override("replace", "丁", "乙"), ("甲",)),
    ],
    ids=["add", "remove", "replace", "replace somebody else"],
)
def test_overrides_hold_from_their_start_up_to_their_end(
    change: dict[str, object], people: tuple[str, ...]
) -> None:
    schedule = rota(rotations=[weekly().model_dump()], overrides=[change])
    assert on_call(schedule, at("2026-03-03T00:00"), CONSTANTS) == people
    assert on_call(schedule, at("2026-03-04T00:00"), CONSTANTS) == ("甲",)


def test_contradictory_overrides_are_refused() -> None:
    with pytest.raises((ValidationError, OnCallError), match="时间重叠"):
        rota(overrides=[override("replace", "丁", "甲"), override("replace", "戊", "甲")])
    with pytest.raises(ValidationError, match="ends before"):
        Shift(person="甲", start=at("2026-03-03T00:00"), end=at("2026-03-03T00:00"))
    with pytest.raises(ValidationError, match="stands in for"):
        Override.model_validate(override("add", "丁", "甲"))


def test_gaps_are_found_and_nobody_is_on_duty_in_them() -> None:
    day = {"person": "甲", "start": at("2026-03-03T08:00"), "end": at("2026-03-03T18:00")}
    schedule = rota(shifts=[day])
    found = gaps(schedule, at("2026-03-03T00:00"), at("2026-03-04T00:00"), CONSTANTS)
    assert [(g.start, g.end) for g in found] == [
        (at("2026-03-03T00:00"), at("2026-03-03T08:00")),
        (at("2026-03-03T18:00"), at("2026-03-04T00:00")),
    ]
    assert on_call(schedule, at("2026-03-03T18:00"), CONSTANTS) == ()


def test_a_full_rota_has_no_gap_and_names_its_hand_overs() -> None:
    schedule = rota(rotations=[weekly().model_dump()])
    start, end = at("2026-03-02T08:00"), at("2026-03-16T09:00")
    assert gaps(schedule, start, end, CONSTANTS) == ()
    turns = hand_overs(schedule, start, end, CONSTANTS)
    assert [(t.start, t.people) for t in turns] == [
        (at("2026-03-09T08:00"), ("乙",)),
        (at("2026-03-16T08:00"), ("丙",)),
    ]


def test_names_resolve_at_the_time() -> None:
    resolve = resolver([rota(rotations=[weekly().model_dump()])], CONSTANTS)
    assert resolve("oncall:duty", at("2026-03-09T08:00")) == ("乙",)
    assert resolve("oncall:nobody", at("2026-03-09T08:00")) == ()
    assert resolve("科长", at("2026-03-09T08:00")) == ("科长",)


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//ZH
BEGIN:VEVENT
UID:1
SUMMARY:甲
DTSTART:20260302T080000
DTEND:20260303T080000
RRULE:FREQ=DAILY;INTERVAL=2;COUNT=10
EXDATE:20260304T080000
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:乙
DTSTART;VALUE=DATE:20260305
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:丙
STATUS:CANCELLED
DTSTART:20260302T000000Z
DTEND:20260303T000000Z
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_comes_in_with_repeats_exceptions_and_whole_days() -> None:
    found = shifts_from_ical(CALENDAR.encode(), at("2026-03-02T00:00"), at("2026-03-08T00:00"))
    assert [(s.person, s.start, s.end) for s in found] == [
        ("甲", at("2026-03-02T08:00"), at("2026-03-03T08:00")),
        ("乙", at("2026-03-05T00:00"), at("2026-03-06T00:00")),
        ("甲", at("2026-03-06T08:00"), at("2026-03-07T08:00")),
    ]


def test_an_endless_repeat_is_unrolled_only_where_asked() -> None:
    endless = CALENDAR.replace("COUNT=10", "INTERVAL=2").replace(";INTERVAL=2;", ";")
    found = shifts_from_ical(endless.encode(), at("2027-03-02T00:00"), at("2027-03-08T00:00"))
    assert {shift.person for shift in found} == {"甲"}


def test_what_goes_out_comes_back_in() -> None:
    schedule = rota(rotations=[weekly().model_dump()])
    start, end = at("2026-03-02T08:00"), at("2026-03-30T08:00")
    pieces = stretches(schedule, start, end, CONSTANTS)
    back = shifts_from_ical(ical_of("duty", pieces), start, end)
    assert [(s.start, s.end, (s.person,)) for s in back] == [
        (piece.start, piece.end, piece.people) for piece in pieces
    ]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"hello",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nEND:VCALENDAR",
    ],
    ids=["empty", "words", "cut", "no start"],
)
def test_what_is_no_calendar_is_refused(bad: bytes) -> None:
    with pytest.raises(OnCallError):
        shifts_from_ical(bad, at("2026-03-02T00:00"), at("2026-03-08T00:00"))


@given(st.binary(max_size=200))
def test_any_bytes_are_shifts_or_one_clear_error(content: bytes) -> None:
    with suppress(OnCallError):
        shifts_from_ical(content, at("2026-03-02T00:00"), at("2026-03-08T00:00"))


def test_times_of_stretches_are_utc_inside() -> None:
    schedule = rota(rotations=[weekly().model_dump()])
    (piece,) = stretches(
        schedule, datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC), CONSTANTS
    )
    assert piece.people == ("甲",)
    assert piece.end - piece.start == 24 * HOUR
