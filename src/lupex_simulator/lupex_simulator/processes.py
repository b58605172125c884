# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the host did for a process: whether it lives, and how long it has waited for a processor."""

import math
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")

DEAD = frozenset("ZXx")
BLOCKED = "D"
"""State of a process that waits for the disk."""

LONGEST_STEP_S = 0.5
"""Between two looks: who could not look for longer does not know what the others did meanwhile."""


@dataclass(frozen=True)
class ProcessLook:
    """One look at a process; its main thread has waited for a processor for `queued_s` so far, and run for `ran_s`."""

    alive: bool
    blocked: bool = False
    queued_s: float = 0.0
    ran_s: float = 0.0


GONE = ProcessLook(alive=False)


def look(pid: int, proc: Path = PROC) -> ProcessLook:
    """Look at a process of this host (proc(5))."""
    try:
        state = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        ran_ns, queued_ns = (int(field) for field in (proc / str(pid) / "schedstat").read_text().split()[:2])
    except (OSError, IndexError, ValueError):
        return GONE
    return GONE if state in DEAD else ProcessLook(True, state == BLOCKED, queued_ns * 1e-9, ran_ns * 1e-9)


@dataclass(frozen=True)
class GivenTime:
    """How much of the host's time a process has had since it was first waited for: what it waited itself is no time.

    Of that it has slept through `idle_s`.
    """

    given_s: float = 0.0
    idle_s: float = 0.0
    _wall_s: float | None = None
    _queued_s: float = 0.0
    _ran_s: float = 0.0

    def after(self, seen: ProcessLook | None, wall_s: float) -> "GivenTime":
        """Return the sum after one more look; without one (another host's process) all time counts."""
        queued_s = self._queued_s if seen is None else seen.queued_s
        ran_s = self._ran_s if seen is None else seen.ran_s
        if self._wall_s is None:
            return GivenTime(0.0, 0.0, wall_s, queued_s, ran_s)
        step_s = min(wall_s - self._wall_s, LONGEST_STEP_S)
        lost_s = step_s if seen is not None and seen.blocked else queued_s - self._queued_s
        given_s = max(0.0, step_s - lost_s)
        idle_s = max(0.0, given_s - (ran_s - self._ran_s))
        return GivenTime(self.given_s + given_s, self.idle_s + idle_s, wall_s, queued_s, ran_s)


@dataclass
class Patience:
    """Tells for how long each node that is waited for has done nothing although it could; begins anew with `heard`."""

    given: dict[str, GivenTime] = field(default_factory=dict)

    def heard(self, node: str) -> None:
        """Note that a node has gone on."""
        self.given.pop(node, None)

    def waited(self, node: str, seen: ProcessLook | None, wall_s: float) -> GivenTime:
        """Note that a node is waited for; return how much time it has had, without end for a dead one."""
        if seen is not None and not seen.alive:
            return GivenTime(math.inf, math.inf)
        self.given[node] = self.given.get(node, GivenTime()).after(seen, wall_s)
        return self.given[node]
