# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A schedule of faults brought about in lock step."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lupex_launch.description import LaunchError
from lupex_launch.fault_schedule import OF_NODES, Fault, FaultKind, FaultSchedule
from lupex_launch.lockstep.run import LockstepRun
from lupex_node.lockstep import disturbance
from lupex_node.lockstep.conductor import WORLD


def schedule_faults(run: LockstepRun, schedule: FaultSchedule) -> None:
    """Have every fault come in its time, counted from now; raises LaunchError for a node or topic that is not there."""
    conductor = run.conductor
    for number, fault in enumerate(schedule.faults):
        known = conductor.nodes if fault.kind in OF_NODES else conductor.topics
        if fault.target and fault.target not in known:
            raise LaunchError(f"the fault at {fault.at_s:g} s is of '{fault.target}', which is not there")
        begin, end = _deeds(run, fault, Random(f"{schedule.seed} {number}"))
        begin_ns = conductor.now_ns + round(fault.at_s * 1e9)
        conductor.at(begin_ns, WORLD, None, _do, begin)
        if fault.for_s > 0.0:
            conductor.at(begin_ns + round(fault.for_s * 1e9), WORLD, None, _do, end)


def _do(deed: Callable[[], None]) -> None:
    deed()


def _deeds(run: LockstepRun, fault: Fault, random: Random) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what brings a fault about and what ends it."""
    conductor, name = run.conductor, fault.target
    if fault.kind is FaultKind.KILL:
        return lambda: run.kill(name), lambda: None
    if fault.kind is FaultKind.RESTART:
        return lambda: run.restart(name), lambda: None
    if fault.kind is FaultKind.HANG:
        return lambda: run.hang(name), lambda: run.wake(name)
    if fault.kind is FaultKind.FILL_DISK:
        return lambda: setattr(conductor, "disk_full", True), lambda: setattr(conductor, "disk_full", False)
    if fault.kind is FaultKind.LEAP_CLOCK:
        leap_ns = round(fault.leap_s * 1e9)
        return lambda: setattr(conductor, "leap_ns", leap_ns), lambda: setattr(conductor, "leap_ns", 0)
    made = {
        FaultKind.DROP: lambda: disturbance.drop(fault.share, random),
        FaultKind.DELAY: lambda: disturbance.delay(fault.by_s),
        FaultKind.DUPLICATE: lambda: disturbance.duplicate(fault.share, random),
        FaultKind.REORDER: lambda: disturbance.reorder(fault.by_s, random),
        FaultKind.CORRUPT: lambda: disturbance.corrupt(fault.share, random),
    }[fault.kind]()
    topic = conductor.topics[name]
    return lambda: setattr(topic, "disturbance", made), lambda: setattr(topic, "disturbance", None)
