"""The service keeps its last good configuration, and says what is wrong with itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from models.records import Reason
from pipeline import upkeep
from pipeline.office import Office, open_office
from pipeline.settings import Loaded, load
from pipeline.upkeep import Upkeep
from storage import outbox
from tests.builders import NOW
from tests.pipeline.test_cycle import cycle


def rewrite(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    later = path.stat().st_mtime + 5
    os.utime(path, (later, later))


def told(office: Office) -> list[str]:
    with office.store.read() as reader:
        return [d.subject for d in outbox.since(reader, NOW) if d.reason is Reason.OPERATIONAL]


def test_a_changed_configuration_is_adopted(office: Office) -> None:
    look = Upkeep(office=office, started=NOW)
    path = office.loaded.path
    rewrite(path, path.read_text(encoding="utf-8").replace("at_least: 3", "at_least: 2"))
    assert look.look(NOW) == []
    assert office.loaded.rules[0].at_least == 2


def test_a_broken_one_is_told_once_and_the_last_good_one_stays(office: Office) -> None:
    look = Upkeep(office=office, started=NOW)
    path = office.loaded.path
    good = path.read_text(encoding="utf-8")
    rewrite(path, good.replace("at_least: 3", "at_lest: 3"))
    (words,) = look.look(NOW)
    assert "仍按原配置运行" in words
    assert ":" in words
    look.look(NOW + timedelta(minutes=1))
    assert len(told(office)) == 1
    assert office.loaded.rules[0].at_least == 3
    assert cycle(office).tally.stored == 4
    rewrite(path, good)
    os.utime(path, (path.stat().st_mtime + 50,) * 2)
    assert look.look(NOW) == []


def test_a_full_disk_is_told_before_it_is_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LEAST_FREE_BYTES", 1 << 60)
    assert ["磁盘" in words for words in Upkeep(office=office, started=NOW).look(NOW)] == [True]


def test_no_cycle_for_long_is_told(configured: Callable[[], Loaded]) -> None:
    loaded = configured()
    text = loaded.path.read_text(encoding="utf-8")
    rule = "rules:\n  - {name: 心跳, kind: absence, window_minutes: 60}\n"
    loaded.path.write_text(text.replace("rules:\n", rule), encoding="utf-8")
    with open_office(load(loaded.path), NOW) as office:
        look = Upkeep(office=office, started=NOW)
        assert look.look(NOW + timedelta(minutes=59)) == []
        (words,) = look.look(NOW + timedelta(minutes=60))
        assert "心跳" in words
        look.look(NOW + timedelta(minutes=61))
        assert len(told(office)) == 1
