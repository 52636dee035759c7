"""The filled papers of a case: every saved version stays, with who saved it and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.store import Reader, Row, Transaction

NEXT = "SELECT coalesce(max(seq), 0) + 1 FROM incident_form"
ADD = "INSERT INTO incident_form VALUES (?, ?, ?, ?, ?, ?)"
VERSIONS = """SELECT seq, form, done_at, who, fields FROM incident_form
WHERE incident_id = ? AND form = ? ORDER BY seq DESC"""
LATEST = """SELECT seq, form, done_at, who, fields FROM incident_form WHERE incident_id = ?
QUALIFY row_number() OVER (PARTITION BY form ORDER BY seq DESC) = 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedForm:
    """One saved version of a form; `number` is unique among all and grows."""

    number: int
    form: str
    at: datetime
    who: str
    fields: Mapping[str, str]


def save(
    tx: Transaction, incident_id: str, form: str, who: str, fields: Mapping[str, str], now: datetime
) -> int:
    """Keep one filled form and return the number of this version."""
    number = int(tx.value(NEXT))
    text = json.dumps(dict(fields), ensure_ascii=False)
    tx.run(ADD, [number, incident_id, form, now, who, text])
    return number


def versions(reader: Reader, incident_id: str, form: str) -> list[SavedForm]:
    """Return every saved version of one form of a case, the latest first."""
    return [_saved(row) for row in reader.rows(VERSIONS, [incident_id, form])]


def latest(reader: Reader, incident_id: str) -> dict[str, SavedForm]:
    """Return the latest version of each form of a case that was ever saved."""
    return {row[1]: _saved(row) for row in reader.rows(LATEST, [incident_id])}


def _saved(row: Row) -> SavedForm:
    return SavedForm(number=row[0], form=row[1], at=row[2], who=row[3], fields=json.loads(row[4]))
