"""Our folder names are common words: nobody else may own them here. The docs name what is true."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ["pipeline", "console", "reports", "collectors", "models", "alerts", "storage", "bench"]


@pytest.mark.parametrize("name", OURS)
def test_top_level_name_is_ours_alone(name: str) -> None:
    assert set(packages_distributions().get(name, ["yuqing"])) == {"yuqing"}


def test_records_stay_light() -> None:
    code = "import models.records, sys; print({'sklearn', 'numpy', 'duckdb'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"set()"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"[<>=\[ ]", d)[0].lower() for d in project["dependencies"]}
    told = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    assert {name for name in wanted if f"`{name}`" not in told} == set()


@pytest.mark.parametrize("name", ["run", "dev", "bench"])
def test_requirements_are_pinned_by_hash_and_name_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


def test_every_command_is_documented() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "--help"], capture_output=True, check=True, text=True
    )
    commands = re.findall(r"^│ (\w+) ", done.stdout, re.MULTILINE)
    assert len(commands) > 15
    told = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert [name for name in commands if f"yuqing {name}" not in told] == []
