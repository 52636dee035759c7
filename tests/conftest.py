"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real inputs beside the project; tests that need it skip where it is absent."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip("../shared is not beside the project: real inputs are absent")
    return SHARED
