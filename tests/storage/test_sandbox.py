"""Analysts' SQL reads the published copy and reaches nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import mentions, sandbox, snapshot
from storage.errors import StoreError
from storage.store import Store
from tests.builders import NOW, mention_row, mention_table


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("published")
    with Store.open(folder / "yuqing.duckdb") as store:
        with store.transaction() as tx:
            mentions.add(tx, mention_table([mention_row(id=f"m{i}") for i in range(3)]))
        snapshot.publish(store, folder / "snapshot", NOW)
        # The service still holds the live file while analysts read the copy.
        yield folder / "snapshot" / "yuqing.duckdb"


def test_a_query_answers_from_the_copy(published: Path) -> None:
    result = sandbox.query(published, "SELECT count(*) AS n FROM v_mention")
    assert (result.columns, result.rows, result.cut) == (("n",), ((3,),), False)


def test_rows_beyond_the_bound_are_cut_and_said(published: Path) -> None:
    result = sandbox.query(published, "SELECT * FROM range(100)", max_rows=10)
    assert (len(result.rows), result.cut) == (10, True)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '/tmp/yuqing-escape.csv'",
        "ATTACH '/tmp/yuqing-escape.duckdb'",
        "EXPORT DATABASE '/tmp/yuqing-escape'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET disabled_filesystems",
        "SET memory_limit = '100GB'",
        "DROP TABLE mention",
        "DELETE FROM mention",
        "UPDATE mention SET title = ''",
        "CREATE TABLE t (x INT)",
    ],
)
def test_nothing_outside_the_copy_is_reached(published: Path, query: str) -> None:
    with pytest.raises(StoreError) as refused:
        sandbox.query(published, query)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT array_to_string(range(50000000), ',')",
        "SELECT repeat('x', 2000000000)",
        "SELECT rpad('x', 1900000000, 'y')",
        "SELECT count(*) FROM range(100000000) a, range(100000000) b",
    ],
)
def test_a_greedy_query_is_stopped(published: Path, query: str) -> None:
    with pytest.raises(StoreError):
        sandbox.query(published, query)
    assert sandbox.query(published, "SELECT 42").rows == ((42,),)


def test_parquet_of_the_changed_day_is_published(published: Path) -> None:
    days = [p.name for p in (published.parent / "mention").iterdir()]
    assert days == ["day=2026-05-12"]
    assert (published.parent / "mention" / days[0] / "mention.parquet").stat().st_size > 0


def test_before_the_first_cycle_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="published after the first cycle"):
        sandbox.query(tmp_path / "yuqing.duckdb", "SELECT 1")
