"""Judge the stored rows and write what must be told, inside the cycle's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from alerts import clocks as clock_rules
from alerts.ack import AckToken, sign
from alerts.cards import Card, CardFacts, Evidence, card
from alerts.clocks import Reminder
from alerts.incidents import incident_number, open_or_join
from alerts.judge import judge, specs_of
from alerts.outbox import (
    Target,
    Telling,
    deliveries_for,
    reason_to_tell,
)
from collectors.politeness import Concern, ConcernKind, concern
from models.records import SHANGHAI, Alert, Delivery, Incident, Level, MediaTier, Reason
from pipeline.collect import HISTORY, as_poll
from pipeline.office import Office
from storage import incidents, mentions, outbox, sources, stories, windows
from storage.incidents import Step
from storage.store import Transaction

RECENT = timedelta(days=7)
"""How far back alerts are remembered for cool-downs; no cool-down may be longer."""

TIED_LATE = timedelta(hours=2)
"""Arrivals of this time are looked at for open cases: a few cycles, should one have failed."""

LINK_DAYS = 7
STORY_MENTIONS = 500
TOLD_AS_NEWS = frozenset({Reason.FIRST, Reason.WORSE, Reason.GROWN, Reason.REPEAT, Reason.RESOLVED})
SYSTEM = "系统"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one round of judging decided."""

    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    rule_failures: tuple[str, ...] = ()


@dataclass(slots=True)
class _Round:
    """The open cases as this round changes them."""

    cases: dict[str, Incident]
    latest: dict[str, Alert]
    touched: dict[str, Incident] = field(default_factory=dict)


def respond(tx: Transaction, office: Office, now: datetime) -> Response:
    """Judge every rule, open or join incidents, start clocks, and fill the outbox."""
    recent = incidents.alerts_since(tx, now - RECENT)
    judgement = judge(
        office.loaded.active_rules(),
        windows.windows(tx, specs_of(office.loaded.active_rules()), now),
        [stored.alert for stored in recent],
        office.loaded.settings.levels,
        now,
        stories.titles(tx, now - RECENT),
    )
    state = _Round(
        cases={case.id: case for case in incidents.open_incidents(tx)},
        latest={stored.incident_id: stored.alert for stored in recent},
    )
    incidents.tie_new_members(tx, now - TIED_LATE, now)
    for alert in judgement.alerts:
        _file(tx, office, state, alert, now)
    failures = tuple(f"{failure.rule}: {failure.error}" for failure in judgement.failures)
    wanted = (
        *_news(tx, office, state, now),
        *_reminders(tx, office, state, now),
        *_operational(tx, office, failures, now),
    )
    deliveries = outbox.add(tx, wanted)
    return Response(
        alerts=judgement.alerts,
        incidents=tuple(state.touched.values()),
        deliveries=tuple(deliveries),
        rule_failures=failures,
    )


def _file(tx: Transaction, office: Office, state: _Round, alert: Alert, now: datetime) -> None:
    """Give an alert its incident: an open one of the same matter, or a new one with its clocks."""
    year = now.astimezone(SHANGHAI).year
    number = incident_number(year, incidents.incidents_of_year(tx, year) + 1)
    decision = open_or_join(_of_case(tx, state, alert), list(state.cases.values()), now, number)
    case = _with_unit(decision.incident, office)
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
    action = "opened" if decision.opened else "joined"
    step = Step(incident_id=case.id, at=now, who=SYSTEM, action=action, note=decision.note)
    incidents.add_step(tx, step)


def _of_case(tx: Transaction, state: _Round, alert: Alert) -> Alert:
    """Return the alert as one of the open case its story is already part of, if there is one.

    A broad rule opens a case over several small stories; when one of them grows, it is the same
    matter and no second case.
    """
    case_id = incidents.case_of_story(tx).get(alert.story_id)
    case = state.cases.get(case_id or "")
    return replace(alert, story_id=case.story_id) if case else alert


def _with_unit(case: Incident, office: Office) -> Incident:
    """Suggest the responsible unit by the routing table; a person assigns."""
    if case.responsible_unit:
        return case
    return replace(case, responsible_unit=office.loaded.settings.units.get(case.topic, ""))


def _news(tx: Transaction, office: Office, state: _Round, now: datetime) -> list[Delivery]:
    """Tell about cases: first, worse, grown, or again while nobody has taken them."""
    told = outbox.of_open_incidents(tx)
    taken = incidents.acknowledgements(tx)
    policy = office.loaded.settings.telling
    found: list[Delivery] = []
    for case in state.cases.values():
        alert = state.latest.get(case.id)
        if alert is None:
            continue
        for target in targets(office, case.level):
            last = _last(told, case.id, target)
            reason = reason_to_tell(
                case, alert.independent, last, now, policy, acknowledged=case.id in taken
            )
            if reason is Reason.NONE:
                continue
            repeated = last.id if last and reason is Reason.REPEAT else alert.id
            telling = _telling(tx, office, (alert, case), reason, repeated, now)
            found.extend(deliveries_for(telling, [target], now, policy))
    return found


def _last(told: Sequence[Delivery], incident_id: str, target: Target) -> Delivery | None:
    mine = [
        d
        for d in told
        if (d.incident_id, d.channel, d.receiver) == (incident_id, target.channel, target.receiver)
        and d.reason in TOLD_AS_NEWS
    ]
    return mine[-1] if mine else None


def _reminders(tx: Transaction, office: Office, state: _Round, now: datetime) -> list[Delivery]:
    """Remind of clocks at 50 %, 80 % and 100 %: one message a case for all that passed together."""
    found: list[Delivery] = []
    running = incidents.running_clocks(tx)
    policy = office.loaded.settings.telling
    for case in state.cases.values():
        mine = [clock for clock in running if clock.incident_id == case.id]
        passed = [r for clock in mine for r in clock_rules.reminders(clock, now)[-1:]]
        alert = state.latest.get(case.id)
        if alert is None or not passed:
            continue
        # The moment names the reminder: a clock met meanwhile must not make it a new one.
        moment = max(reminder.at for reminder in passed)
        occasion = f"reminder|{int(moment.timestamp())}"
        telling = _telling(tx, office, (alert, case), Reason.REMINDER, occasion, now)
        words = tuple(_reminder_zh(r) for r in passed if r.at == moment)
        telling = replace(telling, card=replace(telling.card, why=words))
        found.extend(deliveries_for(telling, targets(office, case.level), now, policy))
    return found


def _reminder_zh(reminder: Reminder) -> str:
    clock = reminder.clock
    due = clock_rules.shanghai(clock.due)
    if reminder.overdue:
        return f"{clock.zh}：已超时（应于 {due} 前）"
    return f"{clock.zh}：时限已过 {reminder.percent}%（{due} 前）"


def _operational(
    tx: Transaction, office: Office, failures: Sequence[str], now: datetime
) -> list[Delivery]:
    """Tell of sources that fail, are empty or silent, and of rules that broke; once a day each."""
    day = now.astimezone(SHANGHAI).date().isoformat()
    said = [("rule", text.split(":")[0], text) for text in failures]
    history = sources.recent_runs(tx, now - HISTORY)
    for source in office.loaded.active_sources():
        odd = concern([as_poll(run) for run in history if run.source == source.name], now)
        if odd is not None and not _short_silence(odd, now):
            said.append(("source", source.name, f"信源 {source.name}：{odd.reason}"))
    found: list[Delivery] = []
    for sort, name, words in said:
        notice = Card(level=Level.YELLOW, title=words[:200], reason=Reason.OPERATIONAL, as_of=now)
        telling = Telling(card=notice, occasion=f"{sort}|{name}|{day}")
        found.extend(
            deliveries_for(
                telling, targets(office, Level.YELLOW), now, office.loaded.settings.telling
            )
        )
    return found


def _short_silence(odd: Concern, now: datetime) -> bool:
    """Say whether a silence may just be a night: nobody is told before a whole day."""
    return odd.kind is ConcernKind.SILENT and now - odd.since < timedelta(days=1)


def targets(office: Office, level: Level) -> list[Target]:
    """Return who is told at a level."""
    return [
        Target(channel=duty.channel, receiver=receiver)
        for duty in office.loaded.settings.tell
        if level >= Level.of(duty.level_at_least)
        for receiver in duty.receivers
    ]


def _telling(
    tx: Transaction,
    office: Office,
    matter: tuple[Alert, Incident],
    reason: Reason,
    occasion: str,
    now: datetime,
) -> Telling:
    alert, case = matter
    facts = CardFacts(
        reason=reason,
        due=clock_rules.next_due(incidents.clocks(tx, case.id)),
        evidence=_evidence(tx, alert),
        record_url=f"{office.public_url}/incidents/{case.id}",
    )

    def link(delivery_id: str, receiver: str) -> str:
        token = AckToken(
            incident_id=case.id,
            delivery_id=delivery_id,
            receiver=receiver,
            expires_at=now + timedelta(days=LINK_DAYS),
        )
        return f"{office.public_url}/ack/{quote(sign(token, office.secret))}"

    return Telling(
        card=card(alert, case, facts, now),
        occasion=occasion,
        incident_id=case.id,
        acknowledge_url=link,
    )


def _evidence(tx: Transaction, alert: Alert) -> Evidence:
    found = mentions.texts(tx, alert.mention_ids[:1])
    for text in found.values():
        return Evidence(
            text=text.text or text.title,
            source=text.origin or text.source,
            media_tier=MediaTier(text.media_tier),
            published=text.published_at,
            place=text.place,
            url=text.url,
        )
    return Evidence()
