# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A running stack in a domain of its own, with one observer; for tests that break it."""

import contextlib
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nav_msgs.msg import Odometry

from lupex_interfaces.msg import (
    DrillStatus,
    Fault,
    LocalizationStatus,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    WorldTruth,
)
from lupex_launch.description import find_launch_file
from lupex_launch.evaluation import evaluate_file
from lupex_launch.supervisor import Supervisor
from lupex_node import qos
from lupex_node.conversions import seconds
from lupex_node.ros.visitor import RosVisitor
from lupex_system_tests.domains import free_domain

OBSERVED = {
    "/mission/status": (MissionStatus, qos.STATE),
    "/plan/certificate": (ReturnCertificate, qos.STATE),
    "/power/status": (PowerStatus, qos.STATE),
    "/drill/status": (DrillStatus, qos.STATE),
    "/faults": (Fault, qos.EVENTS),
    "/truth/state": (WorldTruth, qos.STATE),
    "/odometry/global": (Odometry, qos.NEWEST),
    "/localization/status": (LocalizationStatus, qos.STATE),
}


class Stack:
    """Nodes of a launch file, and what they say."""

    def __init__(self, launch_file: str, arguments: dict[str, str], domain: int, log: Path) -> None:
        environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
        specs = evaluate_file(find_launch_file(launch_file), arguments, environment)
        self._log = log.open("w", encoding="utf-8")
        self.supervisor = Supervisor(specs, on_line=lambda line: print(line, file=self._log, flush=True))
        self.heard: dict[str, list[Any]] = defaultdict(list)
        self._visitor = RosVisitor("observer", domain, 0.0)
        self.port = self._visitor.port
        for topic, (kind, profile) in OBSERVED.items():
            self.port.subscribe(kind, topic, self.heard[topic].append, profile)

    def start(self) -> None:
        """Start the nodes."""
        self.supervisor.start()

    def newest(self, topic: str) -> Any:
        """Return the newest message of an observed topic, or None."""
        return self.heard[topic][-1] if self.heard[topic] else None

    @property
    def sim_s(self) -> float:
        """Return the simulated time."""
        truth = self.newest("/truth/state")
        return seconds(truth.header.stamp) if truth is not None else 0.0

    def until(self, condition: Callable[[], object], what: str, wall_s: float = 240.0) -> None:
        """Take messages until a condition holds; raises AssertionError that tells what was waited for."""
        end_s = time.monotonic() + wall_s
        while not condition():
            if time.monotonic() > end_s:
                state = {topic: self.newest(topic) for topic in ("/mission/status", "/truth/state")}
                raise AssertionError(f"waited {wall_s:g} s for: {what}; last {state}; log in {self._log.name}")
            self._visitor.spin(0.02)

    def phase_is(self, phase: int) -> Callable[[], bool]:
        """Return a condition on the mission's phase."""
        return lambda: self.newest("/mission/status") is not None and self.newest("/mission/status").phase == phase

    def kill(self, name: str) -> None:
        """Kill a node as a crash would."""
        os.kill(self.supervisor.pids()[name], signal.SIGKILL)

    def faults(self, code: str) -> list[Fault]:
        """Return what was said about a fault, in order."""
        return [fault for fault in self.heard["/faults"] if fault.code == code]

    def close(self) -> None:
        """Stop everything."""
        self.supervisor.stop()
        self._visitor.close()
        self._log.close()


@contextlib.contextmanager
def running(launch_file: str, directory: Path, **arguments: str) -> Iterator[Stack]:
    """Run a launch file with its recording and checkpoints in `directory`."""
    given = {"bag": str(directory / "bag"), "state_dir": str(directory / "state"), **arguments}
    with free_domain() as domain:
        stack = Stack(launch_file, given, domain, directory / "nodes.log")
        try:
            stack.start()
            yield stack
        finally:
            stack.close()
