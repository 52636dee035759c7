"""Give readers their copy after something changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pipeline.office import Office
from pipeline.settings import Loaded
from storage import snapshot
from storage.snapshot import Snapshot

LOOK_BACK = timedelta(days=1)


def snapshot_folder(loaded: Loaded) -> Path:
    """Return where the published copy lies."""
    return loaded.database.parent / "snapshot"


def publish_snapshot(office: Office, now: datetime) -> Snapshot:
    """Publish the database as it stands, with Parquet for the days of the last day's arrivals."""
    return snapshot.publish(office.store, snapshot_folder(office.loaded), now - LOOK_BACK)
