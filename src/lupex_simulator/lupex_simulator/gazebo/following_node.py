# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node that follows Gazebo: it looks at its topics now and then, and no message wakes it.

Gazebo tells its clock and its joints with every step, 250 times a second: a wake for each would cost half a core.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.qos import Profile
from lupex_node.ros.process import run
from lupex_simulator.gazebo.following import ClockError
from lupex_simulator.gazebo.footing import FallenError
from lupex_simulator.gazebo.unit_drive import NotMovingError
from lupex_worlds.gazebo_files.server_output import HARMLESS_ERROR

C = TypeVar("C")

LOOK_S = 0.01
"""Of wall time between looks at the topics: a quarter of a step."""

SILENT_S = 20.0
"""Of wall time without a step, after which it is said where to look."""

FAILURES = (ClockError, FallenError, NotMovingError)
"""What ends such a node with exit code 1: Gazebo is not as it must be."""


class FollowingNode(BareNode[C]):
    """A node that does its work when it looks."""

    MAKES_TIME = True

    def configure(self) -> None:
        """Wire the node and begin to look."""
        super().configure()
        self._stepped_s = time.monotonic()
        self.until_cleaned_up(self.port.look(LOOK_S, self._look))

    def listen(self, kind: type, topic: str, use: Callable[[Any], None], profile: Profile = qos.NEWEST) -> None:
        """Have `use` called with each message before the next look."""
        self.receive(kind, topic, use, profile=profile, wakes=False)

    def follow(self) -> bool:
        """Do what the clock allows with what has arrived; tell whether it has allowed a step."""
        raise NotImplementedError

    def why_silent(self) -> str:
        """Tell a person where to look when Gazebo makes no step."""
        return f"is it paused? If it failed, its output holds [Err] ('{HARMLESS_ERROR}' aside), its exit code 0 or not"

    def leave(self) -> None:
        """Leave Gazebo so that nothing runs on without this node; called once, however it ends."""

    def close(self) -> None:
        """Leave Gazebo and end the node."""
        self.leave()
        super().close()

    def _look(self) -> None:
        now_s = time.monotonic()
        if self.follow():
            self._stepped_s = now_s
        elif now_s - self._stepped_s > SILENT_S:
            self._stepped_s = now_s
            self.warn(f"nothing from Gazebo for {SILENT_S:g} s: {self.why_silent()}")


def run_following(kind: type[FollowingNode[Any]], args: list[str] | None) -> int:
    """Run such a node; return the exit code: 1 when Gazebo is not as it must be, 2 for a parameter or a file."""
    return run(kind, args, failures=FAILURES)
