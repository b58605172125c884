# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the executive sees, wants and remembers: values only."""

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Phase(enum.IntEnum):
    """Phases of a sortie, numbered as in MissionStatus.msg."""

    IDLE = 0
    LEAD_OUT = 1
    DRIVE = 2
    SCAN = 3
    DRILL = 4
    RETURN = 5
    RECHARGE = 6
    DONE = 7
    FAILED = 8
    SAFE = 9


@dataclass(frozen=True)
class Place:
    """A place in the map frame, in metres."""

    x_m: float
    y_m: float


@dataclass(frozen=True)
class PlanRoute:
    """Wish for a sortie plan over targets, and for the certificate that goes with it."""

    key: str
    targets: tuple[Place, ...]


@dataclass(frozen=True)
class Drive:
    """Wish to be at a place."""

    key: str
    goal: Place
    tolerance_m: float


@dataclass(frozen=True)
class Sample:
    """Wish for a drilled sample."""

    key: str
    depth_m: float


@dataclass(frozen=True)
class LookAnew:
    """Wish that the ground around be seen as if for the first time, whatever has been believed of it."""

    key: str


Activity = PlanRoute | Drive | Sample | LookAnew
"""One thing at a time; the key tells one wish from the next, and names its result."""


@dataclass(frozen=True)
class Result:
    """How an activity ended."""

    success: bool
    reason: str
    depth_m: float = 0.0


@dataclass(frozen=True)
class Certificate:
    """Newest proof of the way back."""

    stamp_s: float
    valid: bool
    reason: str
    margin_wh: float
    haven: Place


@dataclass(frozen=True)
class Power:
    """Newest power status."""

    stamp_s: float
    work_allowed: bool
    reason: str
    soc: float
    array_power_w: float
    load_power_w: float


@dataclass(frozen=True)
class Halt:
    """A wait of the plan, for light or charge, on the way to target `before`; on the way home that is past the last."""

    place: Place
    until_s: float
    before: int


@dataclass(frozen=True)
class Observations:
    """Everything the executive decides on at one tick; times are ROS time."""

    time_s: float
    place: Place | None = None
    place_stamp_s: float = 0.0
    localization_lost: bool = False
    certificate: Certificate | None = None
    power: Power | None = None
    drill_stowed: bool | None = None
    neutron_epithermal: int = 0
    neutron_s: float = 0.0
    halts: tuple[Halt, ...] = ()
    lost_nodes: frozenset[str] = frozenset()
    results: Mapping[str, Result] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """What is behind us; enough to go on after the executive itself was killed.

    'goals' are the havens chosen for each try of the return, in metres of the map.
    """

    begun: bool = False
    done: tuple[str, ...] = ()
    tries: Mapping[str, int] = field(default_factory=dict)
    sampled: int = 0
    turning_back: str = ""
    outcome: str = ""
    step_start_s: Mapping[str, float] = field(default_factory=dict)
    goals: tuple[tuple[float, float], ...] = ()

    def with_done(self, step: str) -> "Progress":
        """Return the progress with a further step done."""
        return dataclasses.replace(self, done=(*self.done, step))

    def with_try(self, step: str) -> "Progress":
        """Return the progress with one more failed try of a step."""
        return dataclasses.replace(self, tries={**self.tries, step: self.tries.get(step, 0) + 1})

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(state: Mapping[str, Any]) -> "Progress":
        """Rebuild from a checkpoint; raises ValueError when it is of another form."""
        try:
            return Progress(
                begun=bool(state["begun"]),
                done=tuple(str(step) for step in state["done"]),
                tries={str(k): int(v) for k, v in state["tries"].items()},
                sampled=int(state["sampled"]),
                turning_back=str(state["turning_back"]),
                outcome=str(state["outcome"]),
                step_start_s={str(k): float(v) for k, v in state["step_start_s"].items()},
                goals=tuple((float(x), float(y)) for x, y in state["goals"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"checkpoint of another form: {error}") from error
