"""Builders of the tests of alerts: small facts with sensible defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.records import Alert, Delivery, Incident, IncidentState, Level, Reason, Window

NOW = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)
WINDOW = Window(
    rule="r",
    group="",
    start=NOW - timedelta(hours=6),
    end=NOW,
    mentions=0,
    independent=0,
    sources=0,
    negative=0,
    classified=0,
    best_tier="",
)
ALERT = Alert(
    id="a1",
    rule="r",
    group="",
    level=Level.YELLOW,
    title="城北片区停水",
    reasons=("规则 r：6小时内独立信息 12（达到 10）",),
    raised_at=NOW,
    window_start=NOW - timedelta(hours=6),
    window_end=NOW,
    story_id="s1",
    mentions=20,
    independent=12,
    sources=4,
)
INCIDENT = Incident(
    id="i1",
    number="舆情〔2026〕第0001号",
    title="城北片区停水",
    state=IncidentState.MONITORED,
    level_suggested=Level.YELLOW,
    detected_at=NOW,
    updated_at=NOW,
    story_id="s1",
    topic="municipal_services",
)
DELIVERY = Delivery(
    id="d1",
    channel="mail",
    receiver="duty@example.org",
    reason=Reason.FIRST,
    level=Level.YELLOW,
    subject="【黄色（较大）】首次预警：城北片区停水",
    card="",
    created_at=NOW,
    next_try_at=NOW,
    incident_id="i1",
)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def window() -> Callable[..., Window]:
    def build(**changes: object) -> Window:
        return replace(WINDOW, **changes)  # type: ignore[arg-type]

    return build


@pytest.fixture
def alert() -> Callable[..., Alert]:
    def build(**changes: object) -> Alert:
        return replace(ALERT, **changes)  # type: ignore[arg-type]

    return build


@pytest.fixture
def incident() -> Callable[..., Incident]:
    def build(**changes: object) -> Incident:
        return replace(INCIDENT, **changes)  # type: ignore[arg-type]

    return build


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    def build(**changes: object) -> Delivery:
        return replace(DELIVERY, **changes)  # type: ignore[arg-type]

    return build
