# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A launch file's nodes under one conductor, from their start to their end, with respawn as the supervisor has it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence

from lupex_launch.description import LaunchError
from lupex_launch.lockstep.starts import NodeStart
from lupex_models.configuration import ConfigurationError
from lupex_node.lockstep.conductor import TIMER, Conductor
from lupex_node.lockstep.errors import LockstepError
from lupex_node.lockstep.latency import Latency
from lupex_node.port import Severity

Line = Callable[[str], None]


class LockstepRun:
    """The nodes of a launch file. `line` gets what they say and what becomes of them, with the simulated time."""

    def __init__(self, starts: Sequence[NodeStart], latency: Latency, line: Line) -> None:
        """Start all nodes in order; raises LaunchError when one refuses."""
        self.conductor = Conductor(latency)
        self.exit_codes: dict[str, int] = {}
        """Of nodes that have ended by themselves."""
        self._starts = {start.name: start for start in starts}
        self._line = line
        self.conductor.on_log = self._log
        self.conductor.on_crash = self._crashed
        self.conductor.on_end = self._ended
        try:
            for start in starts:
                self._add(start)
        except BaseException:
            self.conductor.close()
            raise

    def _add(self, start: NodeStart) -> None:
        try:
            self.conductor.add(start.kind, start.parameters, start.name, start.files)
        except (ConfigurationError, LockstepError) as error:
            raise LaunchError(f"{start.origin}: {error}") from error

    def kill(self, name: str) -> None:
        """Let a node die as by SIGKILL; it comes back where the launch file says so."""
        if name not in self.conductor.nodes:
            return
        self.conductor.kill(name)
        self._line(f"{self._time()} [{name}] was killed")
        self._respawn(name)

    def restart(self, name: str) -> None:
        """End a node in an orderly way and start it again at once."""
        if name in self.conductor.nodes:
            self.conductor.remove(name)
        self._come_back(self._starts[name])

    def hang(self, name: str) -> None:
        """Let a node do nothing until it is woken."""
        if name in self.conductor.nodes:
            self._line(f"{self._time()} [{name}] hangs")
            self.conductor.hang(name)

    def wake(self, name: str) -> None:
        """Let a node that hung go on."""
        if name in self.conductor.nodes:
            self._line(f"{self._time()} [{name}] goes on")
            self.conductor.wake(name)

    def _respawn(self, name: str) -> None:
        start = self._starts[name]
        if start.respawn:
            start_s = self.conductor.latency.transport.start_s
            due_ns = self.conductor.now_ns + round((start.respawn_delay_s + start_s) * 1e9)
            self.conductor.at(due_ns, TIMER, None, lambda _: self._come_back(start), None)

    def _come_back(self, start: NodeStart) -> None:
        if start.name in self.conductor.nodes:
            return
        self._line(f"{self._time()} [{start.name}] is started again")
        self._add(start)

    def _time(self) -> str:
        return f"{self.conductor.now_s:.3f}"

    def _log(self, node: str, severity: Severity, text: str) -> None:
        self._line(f"{self._time()} [{node}] {severity.name.lower()}: {text}")

    def _crashed(self, name: str, error: Exception) -> None:
        for text in traceback.format_exception(error):
            self._line(f"{self._time()} [{name}] {text.rstrip()}")
        self._line(f"{self._time()} [{name}] has died")
        self._respawn(name)

    def _ended(self, name: str, code: int, text: str) -> None:
        self.exit_codes[name] = code
        self._line(f"{self._time()} [{name}] ended with exit code {code}{f': {text}' if text else ''}")
