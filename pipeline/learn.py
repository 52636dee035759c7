"""Living with the model: training rows from corrections, promotion, re-scoring, drift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from models.classifier import Classifier, score_batch
from models.drift import DriftVerdict
from pipeline.office import Office
from pipeline.settings import Loaded
from reports.drift import verdicts
from storage import corrections, mentions

RESCORE_BATCH = 2000

Progress = Callable[[str, int, int], None]


def weights_folder(loaded: Loaded) -> Path:
    """Return where promoted models lie."""
    return loaded.database.parent / "models"


def taught(office: Office) -> pa.Table:
    """Return the officers' labels as training rows (text, kind, head, label)."""
    with office.store.read() as reader:
        return corrections.training_rows(reader)


def rescore(office: Office, progress: Progress) -> int:
    """Give every mention scored by another model the labels of the one in service.

    Each batch is one transaction, so that Ctrl-C loses nothing and the same call goes on from
    there; officers' labels stay. Returns how many mentions were scored.
    """
    model: Classifier = office.mind.classifier
    with office.store.read() as reader:
        total = mentions.count_to_rescore(reader, model.version)
    done, after = 0, ""
    while True:
        with office.store.read() as reader:
            batch = mentions.to_rescore(reader, model.version, after, RESCORE_BATCH)
        if batch.num_rows == 0:
            return done
        rows = batch.to_pylist()
        texts = pa.table(
            {
                "text": [f"{row['title']}\n{row['text']}" for row in rows],
                "kind": [row["kind"] for row in rows],
            }
        )
        scored = score_batch(texts, model).append_column("id", batch["id"])
        with office.store.transaction() as tx:
            mentions.rescore(tx, scored)
            corrections.reapply(tx)
        done, after = done + len(rows), rows[-1]["id"]
        progress("", done, total)


def drifts(office: Office, now: datetime) -> tuple[DriftVerdict, ...]:
    """Return what moved in each head's last week; heads without a week are left out."""
    with office.store.read() as reader:
        return verdicts(reader, now)
