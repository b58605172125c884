# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked of a sortie, and what a plan of one says."""

import math
from dataclasses import dataclass, field
from enum import Enum

from lupex_path_planning.sortie.fields import SortieFields
from lupex_path_planning.sortie.label_search import DRIVE, SERVING, WAITING

RECHARGE = 2
"""Activity of the last stay, in the haven."""


class Objective(Enum):
    """What the plan is the best in; values as in the SortiePlan message."""

    LEAST_TIME = 0
    """The earliest arrival in a haven after all visits."""
    LEAST_ENERGY = 1
    """The least energy that all loads draw until then, whatever the array gives."""
    MOST_MARGIN = 2
    """The greatest of the smallest margins over the minimum safe charge; the earliest of those plans."""


@dataclass(frozen=True)
class Visit:
    """Work at a place of the map: a stay with a load beside that of the parked rover."""

    x_m: float
    y_m: float
    service_s: float
    service_w: float


@dataclass(frozen=True)
class Task:
    """How the visits are to be made: in their order or any, by when, and whether the Earth must be in view."""

    objective: Objective = Objective.LEAST_TIME
    ordered: bool = True
    deadline_s: float = math.inf
    earth_to_drive: bool = False
    earth_to_serve: bool = False


@dataclass(frozen=True)
class Waypoint:
    """State after an activity that ended at this place; `target` is the index of the visit served, else -1.

    `service_w` is the load of that work.
    """

    activity: int
    target: int
    x_m: float
    y_m: float
    time_s: float
    energy_j: float
    required_j: float
    sunlit: float
    service_w: float = 0.0


@dataclass(frozen=True)
class Sortie:
    """A plan, or the reason why there is none; the end of the earliest plan is `waypoints[-1]`.

    `cost`: duration [s], energy drawn [J] or smallest margin [J], by the objective. `gap` (same unit, at least zero) is
    how much better a plan could be at most; 0 where it is proven the best of all whose waits end when waits may.
    `margin_j` is the least energy above the need at a waypoint before the recharge. `fields` serve a plan anew. Of a
    sortie that is not feasible `proven` tells whether there is no plan, or none was found before the search gave up.
    """

    feasible: bool
    explanation: str
    waypoints: tuple[Waypoint, ...]
    labels: int
    objective: Objective = Objective.LEAST_TIME
    order: tuple[int, ...] = ()
    cost: float = math.nan
    gap: float = math.nan
    margin_j: float = math.nan
    expanded: int = 0
    fields: SortieFields | None = field(default=None, repr=False, compare=False)
    proven: bool = True


__all__ = ["DRIVE", "RECHARGE", "SERVING", "WAITING", "Objective", "Sortie", "Task", "Visit", "Waypoint"]
