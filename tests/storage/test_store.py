"""The store keeps what it acknowledged, or says that it did not."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import backup, snapshot
from storage.errors import StoreDamagedError, StoreError, StoreLockedError
from storage.sidecar import Mark, append_mark, last_mark, sidecar_path
from storage.store import Store
from tests.builders import NOW

ADD_CYCLE = "INSERT INTO cycle VALUES (?, ?, NULL, 'ok', '')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "yuqing.duckdb"


def add_cycle(store: Store, number: int) -> None:
    with store.transaction() as tx:
        tx.run(ADD_CYCLE, [number, NOW])


def count(store: Store) -> int:
    with store.read() as reader:
        return int(reader.value("SELECT count(*) FROM cycle"))


def test_what_was_committed_is_there_after_reopening(path: Path) -> None:
    with Store.open(path) as store:
        add_cycle(store, 1)
    with Store.open(path) as store:
        assert count(store) == 1


def test_an_error_in_the_block_leaves_nothing_behind(path: Path) -> None:
    with Store.open(path) as store:
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:
            tx.run(ADD_CYCLE, [1, NOW])
            raise ZeroDivisionError
        assert count(store) == 0
        add_cycle(store, 2)
        assert count(store) == 1


def test_times_come_back_aware_and_in_utc(path: Path) -> None:
    moment = datetime.fromisoformat("2026-05-12T12:00:00+08:00")
    with Store.open(path) as store:
        with store.transaction() as tx:
            tx.run(ADD_CYCLE, [1, moment])
        with store.read() as reader:
            found = reader.value("SELECT started_at FROM cycle")
    assert found == moment
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(path: Path) -> None:
    with (
        Store.open(path) as store,
        pytest.raises(StoreError, match="without a zone"),
        store.transaction() as tx,
    ):
        tx.run(ADD_CYCLE, [1, NOW.replace(tzinfo=None)])


def test_each_commit_is_marked_in_the_side_file(path: Path) -> None:
    with Store.open(path) as store:
        add_cycle(store, 1)
        add_cycle(store, 2)
    mark = last_mark(sidecar_path(path))
    assert mark is not None
    assert mark.seq == 2


def test_a_database_behind_its_side_file_does_not_open(path: Path) -> None:
    with Store.open(path) as store:
        add_cycle(store, 1)
    append_mark(sidecar_path(path), Mark(seq=9, head="-"))
    with pytest.raises(StoreDamagedError, match="up to 1, but 9 were acknowledged"):
        Store.open(path)


def test_a_missing_database_with_a_side_file_does_not_open_empty(path: Path) -> None:
    with Store.open(path) as store:
        add_cycle(store, 1)
    path.unlink()
    with pytest.raises(StoreDamagedError, match="is missing although"):
        Store.open(path)
    assert not path.exists()


@pytest.mark.parametrize("damage", ["emptied", "garbage", "cut", "removed", "flipped"])
def test_a_damaged_log_is_never_passed_over(path: Path, tmp_path: Path, damage: str) -> None:
    """DuckDB alone opens several of these without an error and without the data."""
    folder = tmp_path / "killed"
    folder.mkdir()
    code = f"""
import os, shutil
from pathlib import Path
from storage.store import Store
from tests.builders import NOW
path = Path({str(folder / "yuqing.duckdb")!r})
store = Store.open(path)
for number in range(20):
    with store.transaction() as tx:
        tx.run("INSERT INTO cycle VALUES (?, ?, NULL, 'ok', '')", [number, NOW])
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    wal = folder / "yuqing.duckdb.wal"
    body = wal.read_bytes()
    middle = len(body) // 2
    broken = {
        "emptied": b"",
        "garbage": bytes(range(256)) * 40,
        "cut": body[: middle - 7],
        "flipped": body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :],
    }
    if damage == "removed":
        wal.unlink()
    else:
        wal.write_bytes(broken[damage])
    with pytest.raises(StoreDamagedError):
        Store.open(folder / "yuqing.duckdb").close()


def test_a_killed_writer_loses_no_acknowledged_commit(tmp_path: Path) -> None:
    path = tmp_path / "yuqing.duckdb"
    code = f"""
import os
from pathlib import Path
from storage.store import Store
from tests.builders import NOW
store = Store.open(Path({str(path)!r}))
for number in range(25):
    with store.transaction() as tx:
        tx.run("INSERT INTO cycle VALUES (?, ?, NULL, 'ok', '')", [number, NOW])
    print(number, flush=True)
    if number == 17:
        os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )
    acknowledged = len(done.stdout.split())
    assert acknowledged == 18
    with Store.open(path) as store:
        assert count(store) == acknowledged


@pytest.mark.parametrize("copied", [False, True], ids=["open", "open-and-copied"])
def test_a_second_process_is_told_who_holds_the_file(
    path: Path, tmp_path: Path, *, copied: bool
) -> None:
    with Store.open(path) as store:
        if copied:
            # A copy made by this very process would give up its lock on the file.
            snapshot.publish(store, tmp_path / "snapshot", NOW)
            backup.back_up(store, tmp_path / "backup", NOW)
        code = f"""
from pathlib import Path
from storage.store import Store
from storage import backup, snapshot
from storage.errors import StoreLockedError
try:
    Store.open(Path({str(path)!r}))
except StoreLockedError as error:
    print(error)
"""
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
    assert "is in use by process" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert StoreLockedError.retry is False


def test_put_rows_replaces_or_leaves_what_is_known(path: Path) -> None:
    columns = ("source", "state", "next_due_at", "updated_at")
    with Store.open(path) as store, store.transaction() as tx:
        tx.put_rows("source_state", columns, [["a", "{}", NOW, NOW]])
        tx.put_rows("source_state", columns, [["a", '{"n": 1}', None, NOW]], known="replace")
        tx.put_rows("source_state", columns, [["a", '{"n": 2}', None, NOW]], known="ignore")
        assert tx.rows("SELECT state, next_due_at FROM source_state") == [('{"n": 1}', None)]
        tx.put_rows("source_state", columns, [])


def test_views_for_analysts_show_beijing_time(path: Path) -> None:
    with Store.open(path) as store, store.read() as reader:
        names = {row[0] for row in reader.rows("SELECT view_name FROM duckdb_views()")}
    assert {"v_mention", "v_daily", "v_incident", "v_clock", "v_delivery"} <= names
