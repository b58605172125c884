# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Those faults of a schedule that processes can have: they are killed, started again, or stopped for a while."""

import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from lupex_launch.description import LaunchError
from lupex_launch.fault_schedule import OF_NODES, Fault, FaultKind, FaultSchedule, read_fault_schedule
from lupex_models.configuration import ConfigurationError

SIGNALS = {FaultKind.KILL: signal.SIGKILL, FaultKind.RESTART: signal.SIGTERM, FaultKind.HANG: signal.SIGSTOP}


class Processes(Protocol):
    """Running processes by name."""

    def pids(self) -> Mapping[str, int]:
        """Return them."""


class ProcessFaults:
    """Brings the faults of a schedule about as simulated time goes on."""

    def __init__(self, schedule: FaultSchedule) -> None:
        """Take a schedule; raises LaunchError for a fault that only lock step can bring about."""
        for fault in schedule.faults:
            if fault.kind not in OF_NODES:
                raise LaunchError(
                    f"the fault at {fault.at_s:g} s, '{fault.kind.value}', is none of processes: use --lockstep"
                )
        self._due = list(schedule.faults)
        self._stopped: list[tuple[float, int]] = []

    @staticmethod
    def read(path: Path | None) -> "ProcessFaults":
        """Read a schedule, or take none; raises LaunchError."""
        try:
            return ProcessFaults(FaultSchedule() if path is None else read_fault_schedule(path))
        except ConfigurationError as error:
            raise LaunchError(str(error)) from error

    def follow(self, sim_s: float, processes: Processes) -> None:
        """Do what is due at a simulated time after the start."""
        while self._due and self._due[0].at_s <= sim_s:
            self._bring(self._due.pop(0), sim_s, processes.pids())
        for until_s, pid in [item for item in self._stopped if item[0] <= sim_s]:
            self._stopped.remove((until_s, pid))
            _send(pid, signal.SIGCONT)

    def _bring(self, fault: Fault, sim_s: float, pids: Mapping[str, int]) -> None:
        pid = pids.get(fault.target)
        if pid is None:
            print(f"  the fault at {fault.at_s:g} s finds no process '{fault.target}'", flush=True)
            return
        _send(pid, SIGNALS[fault.kind])
        if fault.kind is FaultKind.HANG:
            self._stopped.append((sim_s + fault.for_s, pid))


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
