# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a run, and when: read from a YAML file whose every number has its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from lupex_models.configuration import ConfigurationError, check, read_yaml
from lupex_models.configuration import Setting as Bounds


class FaultKind(Enum):
    """What goes wrong; the value is its key in the file."""

    KILL = "kill"
    RESTART = "restart"
    HANG = "hang"
    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    CORRUPT = "corrupt"
    LEAP_CLOCK = "leap_clock_s"
    FILL_DISK = "fill_disk"


OF_NODES = frozenset({FaultKind.KILL, FaultKind.RESTART, FaultKind.HANG})
"""Faults that processes can have too."""

NEEDS = {
    FaultKind.KILL: (),
    FaultKind.RESTART: (),
    FaultKind.HANG: ("for_s",),
    FaultKind.DROP: ("for_s", "share"),
    FaultKind.DELAY: ("for_s", "by_s"),
    FaultKind.DUPLICATE: ("for_s", "share"),
    FaultKind.REORDER: ("for_s", "by_s"),
    FaultKind.CORRUPT: ("for_s", "share"),
    FaultKind.LEAP_CLOCK: ("for_s",),
    FaultKind.FILL_DISK: ("for_s",),
}
"""What each takes beside `at_s`."""

BOUNDS = {
    "at_s": Bounds("at_s", float, None, "s", 0.0, 1e8, "simulated time after the start"),
    "for_s": Bounds("for_s", float, None, "s", 0.001, 1e8, "how long it lasts"),
    "share": Bounds("share", float, None, "", 0.0, 1.0, "of the messages"),
    "by_s": Bounds("by_s", float, None, "s", 0.0, 600.0, "later, at most"),
    "leap_clock_s": Bounds("leap_clock_s", float, None, "s", -1e6, 1e6, "of the nodes' clock"),
}


@dataclass(frozen=True)
class Fault:
    """One fault: of a node or a topic (`target`), or of the clock by so many seconds (`leap_s`)."""

    kind: FaultKind
    at_s: float
    target: str = ""
    for_s: float = 0.0
    share: float = 0.0
    by_s: float = 0.0
    leap_s: float = 0.0


@dataclass(frozen=True)
class FaultSchedule:
    """Faults in the order of their times, and the seed of what chance decides in them."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1


def read_fault_schedule(path: Path) -> FaultSchedule:
    """Read a schedule; raises ConfigurationError with the entry and what is allowed."""
    values = dict(read_yaml(path))
    seed, entries = values.pop("seed", 1), values.pop("faults", [])
    if values:
        raise ConfigurationError(f"{path}: unknown key '{next(iter(values))}'; known here: seed, faults")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ConfigurationError(f"{path}: 'seed' is {seed!r} but takes a whole number from 0")
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path}: 'faults' must be a list")
    faults = [_fault(entry, f"{path}: fault {number}") for number, entry in enumerate(entries, start=1)]
    return FaultSchedule(tuple(sorted(faults, key=lambda fault: fault.at_s)), seed)


def _fault(entry: Any, source: str) -> Fault:
    kinds = [kind for kind in FaultKind if isinstance(entry, Mapping) and kind.value in entry]
    if len(kinds) != 1:
        raise ConfigurationError(f"{source} must name one of {', '.join(kind.value for kind in FaultKind)}")
    kind = kinds[0]
    wanted = ("at_s", *NEEDS[kind])
    for key in entry:
        if key not in (kind.value, *wanted):
            raise ConfigurationError(f"{source}: unknown key '{key}'; {kind.value} takes {', '.join(wanted)}")
    missing = [key for key in wanted if key not in entry]
    if missing:
        raise ConfigurationError(f"{source}: '{missing[0]}' is missing; it takes {BOUNDS[missing[0]].allowed}")
    numbers = {key: check(BOUNDS[key], entry[key], source) for key in wanted}
    given = entry[kind.value]
    if kind is FaultKind.LEAP_CLOCK:
        return Fault(kind, leap_s=check(BOUNDS[kind.value], given, source), **numbers)
    if kind is FaultKind.FILL_DISK:
        if given is not True:
            raise ConfigurationError(f"{source}: 'fill_disk' is {given!r} but takes true")
        return Fault(kind, **numbers)
    topic = kind not in OF_NODES
    if not isinstance(given, str) or not given or given.startswith("/") != topic:
        raise ConfigurationError(f"{source}: '{kind.value}' takes {'a topic, as /imu/data' if topic else 'a node'}")
    return Fault(kind, target=given, **numbers)
