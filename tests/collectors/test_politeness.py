from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.politeness import (
    ConcernKind,
    HostTurns,
    Poll,
    PollOutcome,
    Rhythm,
    backoff,
    concern,
    full_fetch_due,
    interval,
    next_poll,
    retry_after_seconds,
    silence,
)

NOW = datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def found(*, minutes_ago: float, new: int = 0) -> Poll:
    return Poll(at=NOW - minutes_ago * MINUTE, outcome=PollOutcome.FOUND, new=new)


def failed(
    *, minutes_ago: float, retry_after: float | None = None, permanent: bool = False
) -> Poll:
    return Poll(
        at=NOW - minutes_ago * MINUTE,
        outcome=PollOutcome.FAILED,
        reason="HTTP 503",
        retry_after=retry_after,
        permanent=permanent,
    )


def polls_every(minutes: float, *news: int) -> list[Poll]:
    """Polls that ended just now, oldest first."""
    last = len(news) - 1
    return [found(minutes_ago=(last - i) * minutes, new=new) for i, new in enumerate(news)]


# Retry-After


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("86400", 86400),
        ("86401", 86400),
        ("9" * 60, 86400),
        ("Wed, 13 May 2026 02:13:00 GMT", 60),
        ("Wed, 13 May 2026 02:11:00 GMT", 0),
        ("Wed, 13 May 2099 02:13:00 GMT", 86400),
        ("Wed, 13 May 2026 10:13:00 +0800", 60),
        ("Wed, 13 May 2026 02:13:00", 60),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1.5e9", None),
        ("１２", None),
        ("Wed, 99 May 2026 02:13:00 GMT", None),
    ],
)
def test_retry_after_is_read_and_clamped_to_a_day(header: str, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_retry_after_never_raises_nor_leaves_its_bounds(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or 0 <= seconds <= 86400


# Rhythm


def test_a_new_source_is_asked_at_once() -> None:
    assert next_poll([], NOW) == NOW


def test_a_source_is_asked_twice_for_each_mention_it_brings() -> None:
    history = polls_every(10, *[1] * 31)
    assert interval(history, Rhythm()) == 5 * MINUTE
    assert next_poll(history, NOW) == NOW + 5 * MINUTE


def test_a_busy_source_is_asked_no_more_often_than_the_bound() -> None:
    assert interval(polls_every(10, *[50] * 10), Rhythm()) == 2 * MINUTE


def test_a_quiet_source_is_still_asked_within_the_bound() -> None:
    assert interval(polls_every(60, *[0] * 100), Rhythm()) == HOUR


def test_a_source_that_has_brought_nothing_is_asked_ever_less_often() -> None:
    waits = [interval(polls_every(5, *[0] * n), Rhythm()) for n in (1, 2, 3, 6)]
    assert waits == [2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 25 * MINUTE]


def test_a_burst_after_a_quiet_week_is_met_at_once() -> None:
    quiet = [found(minutes_ago=60 * hours, new=0) for hours in range(168, 1, -1)]
    burst = [found(minutes_ago=minutes, new=5) for minutes in range(50, -1, -5)]
    assert interval(quiet + burst, Rhythm()) == 2 * MINUTE


@settings(max_examples=100, deadline=None)
@given(
    news=st.lists(st.integers(0, 1000), min_size=1, max_size=50),
    minutes=st.floats(0.1, 600),
    skew_minutes=st.floats(-1500, 1500),
)
def test_the_wait_keeps_its_bounds_whatever_the_history_and_the_clock(
    news: list[int], minutes: float, skew_minutes: float
) -> None:
    rhythm = Rhythm()
    history = polls_every(minutes, *news)
    now = NOW + skew_minutes * MINUTE
    due = next_poll(history, now, rhythm)
    assert min(NOW, now) + rhythm.shortest <= due <= now + rhythm.longest


# Breaker


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(1, 0), (2, 0), (3, 10), (4, 20), (5, 40), (6, 80), (7, 160), (8, 320), (9, 360), (500, 360)],
)
def test_the_breaker_opens_at_the_third_failure_and_doubles_to_six_hours(
    failures: int, minutes: int
) -> None:
    history = [failed(minutes_ago=failures - i) for i in range(failures)]
    assert backoff(history) == minutes * MINUTE
    assert next_poll(history, NOW) >= history[-1].at + minutes * MINUTE


def test_one_success_closes_the_breaker() -> None:
    history = [failed(minutes_ago=9 - i) for i in range(8)] + [found(minutes_ago=0)]
    assert backoff(history) == timedelta(0)


def test_no_failure_is_retried_at_once() -> None:
    assert next_poll([failed(minutes_ago=0)], NOW) >= NOW + 2 * MINUTE


def test_what_the_origin_asked_for_is_not_undercut() -> None:
    assert next_poll([failed(minutes_ago=0, retry_after=7200)], NOW) == NOW + 2 * HOUR


def test_an_absurd_wait_is_cut_to_a_day() -> None:
    assert next_poll([failed(minutes_ago=0, retry_after=1e12)], NOW) == NOW + 24 * HOUR


def test_a_clock_set_back_a_day_puts_no_source_to_sleep() -> None:
    history = polls_every(10, *[1] * 12)
    yesterday = NOW - 24 * HOUR
    assert next_poll(history, yesterday) <= yesterday + HOUR


def test_validators_are_left_out_once_a_day() -> None:
    assert full_fetch_due(None, NOW)
    assert not full_fetch_due(NOW - 23 * HOUR, NOW)
    assert full_fetch_due(NOW - 24 * HOUR, NOW)


# Concerns


def test_a_source_silent_for_three_of_its_long_gaps_is_named() -> None:
    history = [found(minutes_ago=60 * hours, new=1) for hours in range(40, 8, -3)]
    last = history[-1].at
    assert silence(history, last + 8.9 * HOUR) is None
    spoken = silence(history, last + 9 * HOUR)
    assert spoken is not None
    assert (spoken.kind, spoken.since) == (ConcernKind.SILENT, last)
    assert "9.0 h" in spoken.reason
    assert "3.0 h" in spoken.reason


def test_six_hours_of_silence_is_the_least_worth_a_word() -> None:
    history = [found(minutes_ago=minutes, new=1) for minutes in range(60, -1, -5)]
    assert silence(history, NOW + 5.9 * HOUR) is None
    assert silence(history, NOW + 6 * HOUR) is not None


def test_a_source_without_a_known_rhythm_is_never_silent() -> None:
    history = [found(minutes_ago=60 * hours, new=1) for hours in range(1000, 500, -100)]
    assert silence(history, NOW) is None


def test_an_empty_document_after_entries_is_named_in_its_first_cycle() -> None:
    empty = Poll(at=NOW, outcome=PollOutcome.EMPTY)
    seen = concern([found(minutes_ago=10), empty], NOW)
    assert seen is not None
    assert (seen.kind, seen.since) == (ConcernKind.EMPTY_AFTER_ENTRIES, NOW)


def test_a_document_that_was_always_empty_is_no_concern() -> None:
    assert concern([Poll(at=NOW, outcome=PollOutcome.EMPTY)], NOW) is None


def test_emptiness_is_dated_from_its_first_poll() -> None:
    history = [
        found(minutes_ago=30),
        Poll(at=NOW - 20 * MINUTE, outcome=PollOutcome.EMPTY),
        failed(minutes_ago=10),
        Poll(at=NOW, outcome=PollOutcome.EMPTY),
    ]
    seen = concern(history, NOW)
    assert seen is not None
    assert seen.since == NOW - 20 * MINUTE


def test_failures_are_named_from_the_third_or_at_once_when_permanent() -> None:
    passing = [failed(minutes_ago=2 - i) for i in range(3)]
    assert concern(passing[:2], NOW) is None
    named = concern(passing, NOW)
    assert named is not None
    assert (named.kind, named.since) == (ConcernKind.FAILING, passing[0].at)
    assert "HTTP 503" in named.reason
    assert concern([failed(minutes_ago=0, permanent=True)], NOW) is not None


def test_a_healthy_source_is_no_concern() -> None:
    assert concern(polls_every(10, *[1] * 10), NOW) is None


# Turns at a host


def order_of_turns(turns: HostTurns, *hosts: str) -> list[str]:
    async def visit(host: str, log: list[str]) -> None:
        async with turns.turn(host):
            log.append(f"+{host}")
            await asyncio.sleep(0.01)
            log.append(f"-{host}")

    async def story() -> list[str]:
        log: list[str] = []
        await asyncio.gather(*(visit(host, log) for host in hosts))
        return log

    return asyncio.run(story())


def test_one_host_is_asked_by_no_more_than_its_bound() -> None:
    log = order_of_turns(HostTurns(pause_seconds=0, in_flight=1, own_in_flight=1), "a", "a", "a")
    assert log == ["+a", "-a"] * 3


def test_hosts_do_not_wait_for_each_other() -> None:
    log = order_of_turns(HostTurns(pause_seconds=0, in_flight=1, own_in_flight=1), "a", "b", "c")
    assert log[:3] == ["+a", "+b", "+c"]


def test_a_pause_lies_between_starts_at_one_host() -> None:
    log = order_of_turns(HostTurns(pause_seconds=0.05, in_flight=4, own_in_flight=1), "a", "a", "b")
    assert log == ["+a", "+b", "-a", "-b", "+a", "-a"]


def test_a_crawl_delay_lengthens_the_pause() -> None:
    turns = HostTurns(pause_seconds=0, in_flight=4, own_in_flight=1)
    turns.slow_down("a", 0.05)
    assert order_of_turns(turns, "a", "a") == ["+a", "-a", "+a", "-a"]


def test_a_visit_to_an_own_machine_counts_until_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.politeness.OWN_FRESH_SECONDS", 0.05)
    turns = HostTurns(pause_seconds=9, in_flight=1, own_in_flight=2)
    log: list[str] = []

    async def visit(name: str, *, answers: asyncio.Event) -> None:
        async with turns.own_turn("a:80"):
            log.append(name)
            await answers.wait()

    async def story() -> None:
        never, soon = asyncio.Event(), asyncio.Event()
        tarpits = [asyncio.create_task(visit("tarpit", answers=never)) for _ in range(2)]
        good = [asyncio.create_task(visit("good", answers=soon)) for _ in range(3)]
        await asyncio.sleep(0)
        assert log == ["tarpit"] * 2, "two at once, and no pause"
        await asyncio.sleep(0.2)
        soon.set()
        await asyncio.gather(*good)
        never.set()
        await asyncio.gather(*tarpits)
        assert turns._own["a:80"]._value == 2, "every place was given back once"

    asyncio.run(story())


def test_idle_hosts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.politeness.MAX_HOSTS", 10)
    turns = HostTurns(pause_seconds=0, in_flight=1, own_in_flight=1)
    order_of_turns(turns, *(f"h{i}" for i in range(10)))
    order_of_turns(turns, "another")
    assert len(turns._hosts) <= 10
