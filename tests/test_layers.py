"""Who may import whom. The table is the architecture."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "models": set(),
    "collectors": {"models"},
    "alerts": {"models"},
    "storage": {"models"},
    "reports": {"models", "collectors", "alerts", "storage"},
    "console": {"models", "collectors", "alerts", "storage", "reports"},
    "pipeline": {"models", "collectors", "alerts", "storage", "reports", "console", "bench"},
}

OWNERS: dict[str, set[str]] = {
    "duckdb": {"storage"},
    "sklearn": {"models"},
    "apscheduler": {"pipeline"},
    "typer": {"pipeline"},
    "bs4": {"collectors"},
    "lxml": {"collectors"},
    "jmespath": {"collectors"},
    "starlette": {"console", "pipeline"},
    "uvicorn": {"pipeline"},
    "openpyxl": {"collectors", "reports"},
}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_imports_only_what_is_below_it(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = imported(path) & {*MAY_IMPORT, "bench"} - {package}
        assert ours <= MAY_IMPORT[package], path


@pytest.mark.parametrize("library", OWNERS)
def test_library_has_its_owner(library: str) -> None:
    for package in MAY_IMPORT.keys() - OWNERS[library]:
        for path in (ROOT / package).rglob("*.py"):
            assert library not in imported(path), path


def test_sql_lives_in_storage_only() -> None:
    for package in MAY_IMPORT.keys() - {"storage"}:
        for path in (ROOT / package).rglob("*.py"):
            assert ".execute(" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("package", [*MAY_IMPORT, "bench"])
def test_nothing_is_unpickled(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not imported(path) & {"pickle", "joblib", "dill", "cloudpickle", "shelve"}, path
        assert "allow_pickle=True" not in text, path
