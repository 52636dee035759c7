"""Who must hear what now: news of cases, reminders, escalations, and the system's own troubles.

Everything is recomputed from stored rows; each message has one id for ever, so that saying it
again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from alerts import clocks as clock_rules
from alerts.ack import AckToken, sign
from alerts.cards import Card, CardFacts, Evidence, card, card_of
from alerts.clocks import Reminder
from alerts.escalation import CaseState, steps_due
from alerts.grouping import Member, Told, group_reason
from alerts.outbox import Target, Telling, deliveries_for
from alerts.routing import Match, Notice, Silence, Timing, inhibited, silenced
from collectors.politeness import Concern, ConcernKind, concern
from models.records import (
    SHANGHAI,
    Alert,
    Clock,
    Delivery,
    DeliveryStatus,
    Incident,
    Level,
    MediaTier,
    Reason,
)
from pipeline.collect import HISTORY, as_poll
from pipeline.duty import Duty
from pipeline.office import Office
from storage import incidents, mentions, outbox, silences, sources
from storage.store import Transaction

TOLD_DAYS = timedelta(days=60)
CLOSED_DAYS = timedelta(days=1)
LINK_DAYS = 7
SLOT_PERCENT = 80
SHORT_SLOT = timedelta(hours=2)
SYSTEM = "系统"
NEWS = frozenset({Reason.FIRST, Reason.WORSE, Reason.GROWN, Reason.REPEAT, Reason.RESOLVED})


@dataclass(slots=True)
class Desk:
    """The cases of one round and what was told about them."""

    tx: Transaction
    office: Office
    now: datetime
    cases: dict[str, Incident]
    latest: dict[str, Alert]
    duty: Duty
    told: list[Delivery] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    taken: frozenset[str] = frozenset()

    @classmethod
    def open(
        cls,
        tx: Transaction,
        office: Office,
        now: datetime,
        cases: dict[str, Incident],
        latest: dict[str, Alert],
    ) -> Desk:
        """Lay out a round: what was told, what is silenced, who has taken what."""
        closed = {case.id: case for case in incidents.closed_since(tx, now - CLOSED_DAYS)}
        return cls(
            tx=tx,
            office=office,
            now=now,
            cases=closed | cases,
            latest=latest,
            duty=Duty.of(office.loaded, office.constants),
            told=outbox.told_since(tx, now - TOLD_DAYS),
            silences=[_silence(row) for row in silences.not_over(tx, now)],
            taken=frozenset(incidents.acknowledgements(tx)),
        )

    def notice(self, case: Incident, reason: Reason) -> Notice:
        """Return what routing sees of a case."""
        return Notice.of(self.latest[case.id], case, reason)

    def known(self) -> Iterable[Incident]:
        """Return the cases that have an alert to show."""
        return (case for case in self.cases.values() if case.id in self.latest)

    def open_cases(self) -> list[Incident]:
        """Return the known cases that are not closed."""
        return [case for case in self.known() if case.closed_at is None]


def everything(desk: Desk, failures: Sequence[str]) -> list[Delivery]:
    """Return all that must be told in this round; what is known already has a known id."""
    return [*news(desk), *reminders(desk), *escalations(desk), *operational(desk, failures)]


def news(desk: Desk) -> list[Delivery]:
    """Tell each group of cases, to each receiver, when there is a reason."""
    groups: dict[tuple[Target, str], tuple[Timing, list[Incident]]] = {}
    for case in desk.known():
        notice = desk.notice(case, Reason.FIRST)
        for routed in desk.duty.routed(notice, desk.now):
            if routed.muted:
                continue
            key = "|".join(routed.group) or "all"
            for target in routed.targets:
                groups.setdefault((target, key), (routed.timing, []))[1].append(case)
    told: dict[tuple[str, str, str], Delivery] = {}
    for delivery in desk.told:
        if delivery.reason in NEWS:
            told[delivery.channel, delivery.receiver, delivery.group] = delivery
    found: list[Delivery] = []
    for (target, key), (timing, cases) in groups.items():
        last = told.get((target.channel, target.receiver, key))
        found += _group_news(desk, target, key, timing, cases, last)
    return found


def _group_news(
    desk: Desk,
    target: Target,
    key: str,
    timing: Timing,
    cases: Sequence[Incident],
    last: Delivery | None,
) -> list[Delivery]:
    reason = _reason(desk, timing, cases, last)
    if reason is Reason.NONE:
        return []
    gravest = max(cases, key=lambda case: (case.closed_at is None, case.level, case.updated_at))
    occasion = _occasion(desk, key, reason, gravest, last)
    telling = _telling(desk, gravest, reason, occasion)
    others = [case for case in cases if case.id != gravest.id and case.closed_at is None]
    if others:
        lines = tuple(f"{case.level.zh} {case.number} {case.title}" for case in others)
        why = (*telling.card.why, f"同组事件 {len(others)} 起", *lines)
        telling = replace(telling, card=replace(telling.card, why=why))
    made = deliveries_for(telling, [target], desk.now, desk.office.loaded.settings.telling)
    firing = tuple(case.id for case in cases if case.closed_at is None)
    held = _held_back(desk, gravest, reason)
    return [
        replace(
            delivery,
            group=key,
            members=firing,
            status=DeliveryStatus.CANCELLED if held else delivery.status,
            last_error=held,
        )
        for delivery in made
    ]


def _reason(desk: Desk, timing: Timing, cases: Sequence[Incident], last: Delivery | None) -> Reason:
    policy = desk.office.loaded.settings.telling
    firing = [case for case in cases if case.closed_at is None]
    if firing:
        # From orange up, nobody may set a slower repeat than the level's own.
        grave = max(case.level for case in firing)
        minutes = int(policy.repeat(grave).total_seconds() // 60)
        slow = timing.repeat_minutes if grave < Level.ORANGE else minutes
        timing = timing.model_copy(update={"repeat_minutes": min(minutes, slow) or 1})
    members = [
        Member(id=c.id, level=c.level, since=c.detected_at, resolved_at=c.closed_at) for c in cases
    ]
    told = _told(desk, last, cases)
    reason = group_reason(members, told, desk.now, timing)
    if reason is Reason.REPEAT and all(case.id in desk.taken for case in firing):
        return Reason.NONE
    if reason is Reason.NONE and last is not None and _spread(desk, firing, last):
        return Reason.GROWN
    return reason


def _told(desk: Desk, last: Delivery | None, cases: Sequence[Incident]) -> Told | None:
    if last is None:
        return None
    known = {case.id for case in cases}
    over = frozenset(known - set(last.members)) if last.reason is Reason.RESOLVED else frozenset()
    return Told(
        at=min(last.created_at, desk.now),
        firing=frozenset(last.members),
        resolved=over,
        level=last.level,
    )


def _spread(desk: Desk, firing: Sequence[Incident], last: Delivery) -> bool:
    """Say whether the one case of a group has spread to a multiple of what was told."""
    if len(firing) != 1 or not last.card:
        return False
    told = card_of(last.card).independent
    times = desk.office.loaded.settings.telling.grown_times
    return told > 0 and desk.latest[firing[0].id].independent >= times * told


def _occasion(desk: Desk, key: str, reason: Reason, case: Incident, last: Delivery | None) -> str:
    alert = desk.latest[case.id]
    if reason is Reason.REPEAT and last is not None:
        return f"{key}|{last.id}"
    if reason is Reason.RESOLVED:
        return f"{key}|closed|{case.id}"
    return f"{key}|{alert.id}|{int(case.level)}"


def _held_back(desk: Desk, case: Incident, reason: Reason) -> str:
    """Say why a message is written but not sent (a silence, a graver matter); it is listed."""
    notice = desk.notice(case, reason)
    quiet = silenced(notice, desk.silences, desk.now)
    if quiet is not None:
        return f"静默至 {clock_rules.shanghai(quiet.ends_at)}（{quiet.author}：{quiet.reason}）"
    firing = [desk.notice(c, reason) for c in desk.open_cases() if c.id != case.id]
    other = inhibited(notice, firing, desk.office.loaded.settings.inhibit)
    return "" if other is None else f"已有更重的事件在通知：{other.incident}"


def reminders(desk: Desk) -> list[Delivery]:
    """Remind of clocks at 50 %, 80 % and 100 %: one message a case for all that passed together."""
    running: dict[str, list[Clock]] = defaultdict(list)
    for clock in incidents.running_clocks(desk.tx):
        running[clock.incident_id].append(clock)
    found: list[Delivery] = []
    for case in desk.open_cases():
        passed = [
            reminder
            for clock in running[case.id]
            for reminder in clock_rules.reminders(clock, desk.now)[-1:]
            if not _only_a_slot(desk, reminder)
        ]
        if not passed:
            continue
        # The moment names the reminder: a clock met meanwhile must not make it a new one.
        moment = max(reminder.at for reminder in passed)
        telling = _telling(desk, case, Reason.REMINDER, f"reminder|{int(moment.timestamp())}")
        words = tuple(_reminder_zh(r) for r in passed if r.at == moment)
        telling = replace(telling, card=replace(telling.card, why=words))
        found += _to_routed(desk, case, telling)
        if any(reminder.overdue for reminder in passed if reminder.at == moment):
            found += _overdue(desk, telling)
    return found


def _overdue(desk: Desk, telling: Telling) -> list[Delivery]:
    """Return the same to the last step of the escalation: a limit that passed goes up."""
    policy = desk.office.loaded.settings.on_call.escalation
    if policy is None:
        return []
    raised = replace(telling, card=replace(telling.card, reason=Reason.ESCALATED))
    targets = desk.duty.people(policy.steps[-1].who, desk.now)
    return list(deliveries_for(raised, targets, desk.now, desk.office.loaded.settings.telling))


def _only_a_slot(desk: Desk, reminder: Reminder) -> bool:
    """Say whether a reminder is of a follow-up report, unless it is the one before its hour.

    Two reports a day with three reminders each would teach people to look away.
    """
    slot = reminder.clock.clock_id.startswith(desk.office.constants.followup_report.id)
    short = reminder.clock.due - reminder.clock.t0 < SHORT_SLOT
    return slot and (reminder.percent != SLOT_PERCENT or short)


def _reminder_zh(reminder: Reminder) -> str:
    clock = reminder.clock
    due = clock_rules.shanghai(clock.due)
    if reminder.overdue:
        return f"{clock.zh}：已超时（应于 {due} 前）"
    return f"{clock.zh}：时限已过 {reminder.percent}%（{due} 前）"


def escalations(desk: Desk) -> list[Delivery]:
    """Call the next people where nobody has answered within the level's minutes."""
    policy = desk.office.loaded.settings.on_call.escalation
    if policy is None:
        return []
    since, moved = incidents.level_since(desk.tx), incidents.progress(desk.tx, SYSTEM)
    acks = incidents.acknowledgements(desk.tx)
    found: list[Delivery] = []
    for case in desk.open_cases():
        answered = acks.get(case.id)
        state = CaseState(
            level=case.level,
            level_since=since.get(case.id, case.detected_at),
            opened_at=case.detected_at,
            acknowledged_at=answered[-1].at if answered else None,
            progress_at=moved.get(case.id),
            suspended=bool(_held_back(desk, case, Reason.ESCALATED)),
        )
        windows = desk.office.constants.acknowledge
        for step in steps_due(state, policy, windows, desk.duty.resolve, desk.now):
            telling = replace(
                _telling(desk, case, Reason.ESCALATED, step.occasion), step=step.number
            )
            targets = desk.duty.people(step.people, step.due_at)
            found += deliveries_for(telling, targets, desk.now, desk.office.loaded.settings.telling)
    return found


def operational(desk: Desk, failures: Sequence[str]) -> list[Delivery]:
    """Tell of sources that fail, are empty or silent, and of rules that broke; once a day each."""
    said = [(f"rule|{text.split(':')[0]}", f"规则未能运行：{text}") for text in failures]
    history = sources.recent_runs(desk.tx, desk.now - HISTORY)
    for source in desk.office.loaded.active_sources():
        odd = concern([as_poll(run) for run in history if run.source == source.name], desk.now)
        if odd is not None and not _short_silence(odd, desk.now):
            said.append((f"source|{source.name}", f"信源 {source.name}：{odd.reason}"))
    return [d for name, words in said for d in trouble(desk, name, words)]


def trouble(desk: Desk, name: str, words: str) -> list[Delivery]:
    """Return the notice of a trouble of the system itself, once a day by its name."""
    day = desk.now.astimezone(SHANGHAI).date().isoformat()
    notice = Notice(level=Level.YELLOW, reason=Reason.OPERATIONAL)
    shown = Card(level=Level.YELLOW, title=words[:200], reason=Reason.OPERATIONAL, as_of=desk.now)
    telling = Telling(card=shown, occasion=f"{name}|{day}")
    targets = [t for one in desk.duty.routed(notice, desk.now) for t in one.targets]
    return list(deliveries_for(telling, targets, desk.now, desk.office.loaded.settings.telling))


def _short_silence(odd: Concern, now: datetime) -> bool:
    """Say whether a silence may just be a night: nobody is told before a whole day."""
    return odd.kind is ConcernKind.SILENT and now - odd.since < timedelta(days=1)


def _to_routed(desk: Desk, case: Incident, telling: Telling) -> list[Delivery]:
    notice = desk.notice(case, telling.card.reason)
    routed = desk.duty.routed(notice, desk.now)
    targets = [target for one in routed if not one.muted for target in one.targets]
    return list(deliveries_for(telling, targets, desk.now, desk.office.loaded.settings.telling))


def _telling(desk: Desk, case: Incident, reason: Reason, occasion: str) -> Telling:
    alert = desk.latest[case.id]
    facts = CardFacts(
        reason=reason,
        due=clock_rules.next_due(incidents.clocks(desk.tx, case.id)),
        evidence=_evidence(desk.tx, alert),
        record_url=f"{desk.office.public_url}/incidents/{case.id}",
    )

    def link(delivery_id: str, receiver: str) -> str:
        token = AckToken(
            incident_id=case.id,
            delivery_id=delivery_id,
            receiver=receiver,
            expires_at=desk.now + timedelta(days=LINK_DAYS),
        )
        return f"{desk.office.public_url}/ack/{quote(sign(token, desk.office.secret))}"

    return Telling(
        card=card(alert, case, facts, desk.now),
        occasion=occasion,
        incident_id=case.id,
        acknowledge_url=link,
    )


def _evidence(tx: Transaction, alert: Alert) -> Evidence:
    for text in mentions.texts(tx, alert.mention_ids[:1]).values():
        return Evidence(
            text=text.text or text.title,
            source=text.origin or text.source,
            media_tier=MediaTier(text.media_tier),
            published=text.published_at,
            place=text.place,
            url=text.url,
        )
    return Evidence()


def _silence(row: silences.SilenceRow) -> Silence:
    return Silence(
        match=Match.model_validate_json(row.matcher),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        author=row.author,
        reason=row.reason,
    )
