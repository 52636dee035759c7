"""The audit chain shows every change to the past; a backup is compared before it is trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import audit, backup
from storage.errors import StoreDamagedError, StoreError
from storage.store import Store
from tests.builders import NOW


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "yuqing.duckdb")
    with store.transaction() as tx:
        for number in range(5):
            audit.append(tx, NOW, "张科长", "assigned", f"第{number}号", "区水务公司")
    return store


def test_an_untouched_chain_is_whole(store: Store) -> None:
    report = audit.check_store(store)
    assert (report.rows, report.problem) == (5, "")
    store.close()


@pytest.mark.parametrize(
    ("tampering", "problem"),
    [
        ("UPDATE audit SET who = '李科长' WHERE seq = 3", "row 3 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "row 2 is missing"),
        ("DELETE FROM audit WHERE seq = 5", "differs from the side file"),
        ("UPDATE audit SET seq = CASE seq WHEN 2 THEN 30 ELSE seq END", "row 2 is missing"),
        ("UPDATE audit SET done_at = done_at + INTERVAL 1 HOUR WHERE seq = 1", "row 1 was changed"),
    ],
    ids=["edited", "middle-removed", "tail-removed", "moved", "time-changed"],
)
def test_tampering_is_named(store: Store, tampering: str, problem: str) -> None:
    with store.read_as_transaction() as tx:
        tx.run(tampering)
    assert problem in audit.check_store(store).problem
    store.close()


def test_a_backup_comes_back_equal(store: Store, tmp_path: Path) -> None:
    made = backup.back_up(store, tmp_path / "copy", NOW)
    with store.transaction() as tx:
        audit.append(tx, NOW, "某人", "later", "x")
    store.close()
    restored = backup.restore(tmp_path / "copy", tmp_path / "yuqing.duckdb")
    assert restored == made
    with Store.open(tmp_path / "yuqing.duckdb") as again, again.read() as reader:
        assert backup.counts(reader) == made.rows
        assert audit.check_store(again).rows == 5
    kept_aside = [p.name for p in tmp_path.iterdir() if ".before-" in p.name]
    assert kept_aside


def test_a_changed_backup_is_refused(store: Store, tmp_path: Path) -> None:
    backup.back_up(store, tmp_path / "copy", NOW)
    store.close()
    copy = tmp_path / "copy" / "yuqing.duckdb"
    body = bytearray(copy.read_bytes())
    body[-100] ^= 0xFF
    copy.write_bytes(body)
    with pytest.raises(StoreDamagedError, match="differs from the manifest"):
        backup.verify(tmp_path / "copy")


def test_a_backup_needs_a_folder_of_its_own(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not empty"):
        backup.back_up(store, tmp_path, NOW)
    store.close()
