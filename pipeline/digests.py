"""Make the digest of a day, keep it, and put it into the outbox of those who receive it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from alerts.cards import Card, Letter
from alerts.outbox import Target, delivery_id
from models.records import SHANGHAI, Delivery, Level, Reason
from pipeline.office import Office
from pipeline.settings import Loaded
from reports.digest import Rendered, publish_digest
from reports.facts import PRODUCT, DigestScope
from reports.links import Links
from storage import audit, outbox
from storage import reports as archive


def make_digest(office: Office, day: date, now: datetime) -> Rendered:
    """Publish the digest of one day and send it; the same day again sends nothing."""
    with office.store.transaction() as tx:
        _, rendered = publish_digest(
            tx,
            day,
            scope_of(office.loaded),
            now,
            language=office.language,
            links=Links(base=office.public_url),
        )
        outbox.add(tx, _deliveries(office, day, rendered, now))
        audit.append(tx, now, "系统", "digest", f"{PRODUCT}/{day}", rendered.subject)
    return rendered


def digest_due(office: Office, now: datetime) -> date | None:
    """Return the day whose digest is due and not made yet: yesterday, once its hour has come.

    Asked of the archive, so that a restart or a clock that jumps makes no second digest, and a
    service that slept through the hour makes it when it wakes.
    """
    local = now.astimezone(SHANGHAI)
    if local.time() < time.fromisoformat(office.loaded.settings.digest.at):
        return None
    day = local.date() - timedelta(days=1)
    with office.store.read() as reader:
        return None if archive.report(reader, PRODUCT, day) else day


def scope_of(loaded: Loaded) -> DigestScope:
    """Return what the digest is about."""
    region = loaded.settings.region
    return DigestScope(
        place=region.name,
        office=region.office,
        sources={source.name: source.label() for source in loaded.sources},
    )


def _deliveries(office: Office, day: date, rendered: Rendered, now: datetime) -> list[Delivery]:
    wanted = office.loaded.settings.digest
    kinds = {channel.name: channel.kind for channel in office.loaded.channels}
    url = Links(base=office.public_url).report(PRODUCT, day)
    card = Card(
        level=Level.BLUE, title=rendered.subject, reason=Reason.DIGEST, as_of=now, record_url=url
    )
    letter = Letter(text=rendered.markdown, html=rendered.html)
    carried = letter if kinds.get(wanted.channel) == "mail" else card
    found = []
    for receiver in wanted.receivers:
        target = Target(channel=wanted.channel, receiver=receiver)
        found.append(
            Delivery(
                id=delivery_id("", Reason.DIGEST, day.isoformat(), target),
                channel=target.channel,
                receiver=target.receiver,
                reason=Reason.DIGEST,
                level=Level.BLUE,
                subject=rendered.subject,
                card=carried.as_json(),
                created_at=now,
                next_try_at=now,
            )
        )
    return found
