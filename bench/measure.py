"""What a benchmark hands back: figures of ours and of a peer from the same run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: ours beside the peer's, and the goal it is held against.

    `ours` and `peer` share `unit`; `peer` is None where a figure stands alone (a recall).
    `goal` is text for people ("≥ 20×"); `met` is None where there is no goal.
    """

    name: str
    unit: str
    ours: float
    peer_name: str = ""
    peer: float | None = None
    goal: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's, or None without a peer."""
        return self.ours / self.peer if self.peer else None


def cpu_seconds(work: Callable[[], object], *, at_least_seconds: float = 0.5) -> float:
    """CPU seconds of this process for one call, averaged over calls until the time is filled.

    CPU time, because the machines are shared; one warm-up call is not counted.
    """
    work()
    calls, start = 0, time.process_time()
    while time.process_time() - start < at_least_seconds or calls == 0:
        work()
        calls += 1
    return (time.process_time() - start) / calls


def strange_text(seed: int, length: int) -> str:
    """Return Chinese characters in no order, the same for a seed: like no other text."""
    chance = random.Random(seed)  # noqa: S311 - filler, no secret
    return "".join(chr(chance.randrange(0x4E00, 0x9000)) for _ in range(length))
