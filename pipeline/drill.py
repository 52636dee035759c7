"""A marked exercise through the real path: case, clocks, cards, answers. Never a statistic."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pyarrow as pa

from collectors.contract import SourceSettings
from models.records import Alert, Entry, Incident, Level, MediaTier, MentionKind
from pipeline.intake import Intake
from pipeline.office import Office
from pipeline.respond import file_alert, open_round
from pipeline.telling import Desk, news
from pipeline.understand import understand_alone
from storage import audit, incidents, mentions, outbox

SOURCE = SourceSettings(
    name="drill",
    title="演练",
    media_tier=MediaTier.NETIZEN,
    mention_kind=MentionKind.CITIZEN_MESSAGE,
)


def start_drill(
    office: Office, title: str, text: str, level: Level, who: str, now: datetime
) -> Incident:
    """Open a marked case and put its cards into the outbox; everything carries 演练."""
    stamp = hashlib.sha256(f"{now.isoformat()}{title}{who}".encode()).hexdigest()[:16]
    entry = Entry(source=SOURCE.name, external_id=stamp, title=title, text=text, published=now)
    intake = Intake(author_key=office.author_key(now), collected=now, exercise=True)
    (mention,) = intake.mentions(SOURCE, [entry])
    table: pa.Table = understand_alone([mention], office.mind)
    topic = str(table["topic"][0])
    alert = Alert(
        id=f"drill-{stamp}",
        rule="演练",
        group=stamp,
        level=level,
        title=mention.title,
        reasons=(f"演练：由 {who} 发起",),
        raised_at=now,
        window_start=now,
        window_end=now,
        topic="" if topic == "unclassified" else topic,
        mention_ids=(mention.id,),
        mentions=1,
        independent=1,
        sources=1,
        exercise=True,
    )
    with office.store.transaction() as tx:
        mentions.add(tx, table)
        state = open_round(tx, now)
        case = file_alert(tx, office, state, alert, now)
        desk = Desk.open(tx, office, now, {case.id: case}, {case.id: alert})
        outbox.add(tx, news(desk))
        audit.append(tx, now, who, "drill", case.number, title)
    return case


def end_drill(office: Office, case: Incident, who: str, now: datetime) -> None:
    """Close an exercise; its rows stay, marked."""
    with office.store.transaction() as tx:
        incidents.close_exercise(tx, case.id, now)
        audit.append(tx, now, who, "drill_ended", case.number)
