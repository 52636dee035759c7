"""The console's writes for tests: the real actions over a real database, without a whole office."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from alerts.constants import Constants, load_constants
from pipeline.actions import Actions
from storage.store import Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Cases and the numbers of the regulations, and nothing else."""

    store: Store
    constants: Constants = field(default_factory=load_constants)
    secret: bytes = b"a-secret-for-tests-only-32-bytes"
    home: str = "清岚区"

    def regrouping(self, now: datetime) -> AbstractContextManager[Transaction]:
        """Give a transaction; there is no book to be made anew."""
        return self.store.transaction()


def actions(store: Store, clock: Callable[[], datetime]) -> Actions:
    """Return what people may do over a database."""
    return Actions(office=Registry(store=store), clock=clock)
