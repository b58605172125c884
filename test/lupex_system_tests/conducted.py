# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of a launch file in lock step, with one observer; for tests that break them."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lupex_interfaces.msg import Fault
from lupex_launch.description import find_launch_file
from lupex_launch.evaluation import evaluate_file
from lupex_launch.lockstep.run import LockstepRun
from lupex_launch.lockstep.starts import node_starts
from lupex_node.lockstep.latency import read_latency
from lupex_system_tests.stack import OBSERVED

ROOT = Path(__file__).resolve().parents[2]


class ConductedStack:
    """Nodes of a launch file, and what they say; all times are simulated."""

    def __init__(self, launch_file: str, arguments: dict[str, str]) -> None:
        specs = evaluate_file(find_launch_file(launch_file), arguments)
        self.lines: list[str] = []
        self.run = LockstepRun(node_starts(specs), read_latency(ROOT / "config" / "lockstep.yaml"), self.lines.append)
        self.conductor = self.run.conductor
        self.port = self.conductor.visitor("observer")
        self.heard: dict[str, list[Any]] = defaultdict(list)
        for topic, (kind, profile) in OBSERVED.items():
            self.port.subscribe(kind, topic, self.heard[topic].append, profile)

    def newest(self, topic: str) -> Any:
        """Return the newest message of an observed topic, or None."""
        return self.heard[topic][-1] if self.heard[topic] else None

    def until(self, condition: Callable[[], object], what: str, limit_s: float = 3600.0) -> None:
        """Run until a condition holds; raises AssertionError that tells what was waited for."""
        if not self.conductor.until(condition, limit_s):
            state = {topic: self.newest(topic) for topic in ("/mission/status", "/truth/state")}
            said = "\n".join(self.lines[-20:])
            raise AssertionError(f"waited {limit_s:g} s for: {what}; last {state}; said:\n{said}")

    def phase_is(self, phase: int) -> Callable[[], bool]:
        """Return a condition on the mission's phase."""
        return lambda: self.newest("/mission/status") is not None and self.newest("/mission/status").phase == phase

    def faults(self, code: str) -> list[Fault]:
        """Return what was said about a fault, in order."""
        return [fault for fault in self.heard["/faults"] if fault.code == code]


@contextlib.contextmanager
def conducted(launch_file: str, directory: Path, **arguments: str) -> Iterator[ConductedStack]:
    """Run a launch file in lock step with its checkpoints, and its recording if any, in `directory`."""
    given = {"record": "false", "bag": str(directory / "bag"), "state_dir": str(directory / "state"), **arguments}
    stack = ConductedStack(launch_file, given)
    try:
        yield stack
    finally:
        stack.conductor.close()
