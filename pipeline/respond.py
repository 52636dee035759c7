"""Judge the stored rows, open or join cases, fill the outbox: in the cycle's own transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts import clocks as clock_rules
from alerts.incidents import incident_number, open_or_join
from alerts.judge import judge, specs_of
from alerts.rules.sql import Sql
from models.records import SHANGHAI, Alert, Delivery, Incident, Window
from pipeline.cases import ANSWERED
from pipeline.office import Office
from pipeline.publish import snapshot_folder
from pipeline.telling import SYSTEM, Desk, everything
from storage import incidents, outbox, sandbox, stories, windows
from storage.errors import StoreError
from storage.incidents import Step
from storage.store import Transaction

RECENT = timedelta(days=7)
"""How far back alerts are remembered for cool-downs, unless a rule's is longer."""

TIED_LATE = timedelta(hours=2)
"""Arrivals of this time are looked at for open cases: a few cycles, should one have failed."""

STORY_MENTIONS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one round of judging decided."""

    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    rule_failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the analysts' own queries answered, and which of them failed."""

    windows: tuple[Window, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class _Round:
    """The open cases as this round changes them."""

    cases: dict[str, Incident]
    latest: dict[str, Alert]
    touched: dict[str, Incident] = field(default_factory=dict)


def ask(office: Office, now: datetime) -> Asked:
    """Run the `sql` rules over the published copy, each bounded; before any transaction."""
    found: list[Window] = []
    failures: list[str] = []
    snapshot = snapshot_folder(office.loaded) / "yuqing.duckdb"
    for rule in office.loaded.active_rules():
        if not isinstance(rule, Sql) or not snapshot.exists():
            continue
        try:
            answer = sandbox.query(snapshot, rule.query, max_rows=rule.rows_at_most + 1)
            found.extend(rule.windows_of(answer.columns, answer.rows, now))
        except (StoreError, ValueError) as error:
            failures.append(f"{rule.name}: {error}")
    return Asked(windows=tuple(found), failures=tuple(failures))


def respond(tx: Transaction, office: Office, now: datetime, asked: Asked) -> Response:
    """Judge every rule, open or join incidents, start clocks, and fill the outbox."""
    rules = office.loaded.active_rules()
    remembered = max((RECENT, *(rule.cool_down for rule in rules)))
    recent = [stored.alert for stored in incidents.alerts_since(tx, now - remembered)]
    judgement = judge(
        rules,
        [*windows.windows(tx, specs_of(rules), now), *asked.windows],
        recent,
        office.loaded.settings.levels,
        now,
        stories.titles(tx, now - remembered),
    )
    state = open_round(tx, now)
    incidents.tie_new_members(tx, now - TIED_LATE, now)
    for alert in judgement.alerts:
        file_alert(tx, office, state, alert, now)
    for case in state.cases.values():
        _follow_up(tx, office, case, now)
    broken = tuple(f"{failure.rule}: {failure.error}" for failure in judgement.failures)
    failures = (*broken, *asked.failures)
    desk = Desk.open(tx, office, now, state.cases, state.latest)
    return Response(
        alerts=judgement.alerts,
        incidents=tuple(state.touched.values()),
        deliveries=tuple(outbox.add(tx, everything(desk, failures))),
        rule_failures=failures,
    )


def open_round(tx: Transaction, now: datetime) -> _Round:
    """Return the open cases, each with its latest alert."""
    return _Round(
        cases={case.id: case for case in incidents.open_incidents(tx)},
        latest=incidents.latest_alerts(tx, now - RECENT),
    )


def file_alert(
    tx: Transaction, office: Office, state: _Round, alert: Alert, now: datetime
) -> Incident:
    """Give an alert its incident: an open one of the same matter, or a new one with its clocks."""
    year = now.astimezone(SHANGHAI).year
    count = incidents.incidents_of_year(tx, year, exercise=alert.exercise) + 1
    number = incident_number(year, count, exercise=alert.exercise)
    decision = open_or_join(_of_case(tx, state, alert), list(state.cases.values()), now, number)
    case = _with_unit(decision.incident, office)
    before = state.cases.get(case.id)
    state.cases[case.id] = state.touched[case.id] = case
    state.latest[case.id] = alert
    incidents.put_incident(tx, case)
    incidents.add_alert(tx, alert, case.id)
    members = stories.companions(tx, alert.mention_ids, STORY_MENTIONS)
    incidents.add_mentions(tx, case.id, [*alert.mention_ids, *members], now)
    running = incidents.clocks(tx, case.id)
    incidents.replace_clocks(
        tx, case.id, clock_rules.clocks_for(case, office.constants, now, running)
    )
    action = "opened" if decision.opened else "regraded" if decision.level_rose else "joined"
    incidents.add_step(
        tx,
        Step(
            incident_id=case.id,
            at=now,
            who=SYSTEM,
            action=action,
            from_value=before.level.colour if before and decision.level_rose else "",
            to_value=case.level.colour if decision.level_rose else "",
            note=decision.note,
        ),
    )
    return case


def _of_case(tx: Transaction, state: _Round, alert: Alert) -> Alert:
    """Return the alert as one of the open case its story is already part of, if there is one.

    A broad rule opens a case over several small stories; when one of them grows, it is the same
    matter and no second case.
    """
    if alert.exercise:
        return alert
    case_id = incidents.case_of_story(tx).get(alert.story_id)
    case = state.cases.get(case_id or "")
    return replace(alert, story_id=case.story_id) if case and not case.exercise else alert


def _with_unit(case: Incident, office: Office) -> Incident:
    """Suggest the responsible unit by the routing table; a person assigns."""
    if case.responsible_unit:
        return case
    return replace(case, responsible_unit=office.loaded.settings.units.get(case.topic, ""))


def _follow_up(tx: Transaction, office: Office, case: Incident, now: datetime) -> None:
    """Keep the next follow-up report (08:00, 17:00) on the clock until the answer is out."""
    if case.state in ANSWERED:
        return
    slots = [
        clock.due
        for clock in incidents.clocks(tx, case.id)
        if clock.clock_id.startswith(office.constants.followup_report.id)
    ]
    for clock in clock_rules.followups_due(
        case, office.constants, now, max(slots) if slots else None
    ):
        incidents.put_clock(tx, clock)
