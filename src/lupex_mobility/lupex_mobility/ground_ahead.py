# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the ground that a motion sweeps is seen and safe, by the costmap around the rover and its own outline."""

import math
from dataclasses import dataclass

import numpy as np

from lupex_models.costmap import Costmap, signed_clearance
from lupex_models.outline import excused, outline_numbers, swept

Pose = tuple[float, float, float]
"""x [m], y [m] and yaw [rad] in odom."""


@dataclass(frozen=True)
class Sweep:
    """What the body does next, at constant rates: along its own axes [m], turning meanwhile by an angle [rad]."""

    ahead_m: float = 0.0
    left_m: float = 0.0
    turn_rad: float = 0.0

    @property
    def reach_m(self) -> float:
        """Return how far its centre can come at most."""
        return math.hypot(self.ahead_m, self.left_m)


@dataclass(frozen=True)
class Footprint:
    """Half of the body's length and width, a margin included; and how deep a hazard may reach in where it stands."""

    half_length_m: float
    half_width_m: float
    slack_m: float


def obstruction(costmap: Costmap, footprint: Footprint, begun: Pose, pose: Pose, sweep: Sweep) -> str:
    """Return what lies in the way of a motion, empty where the ground is free; unknown ground is not.

    What touches the outline where the motion began is excused as deep as it lay there: the rover stands on it.
    """
    length_m, width_m = footprint.half_length_m, footprint.half_width_m
    room_m = sweep.reach_m + 2.0 * math.hypot(length_m, width_m)
    part = costmap.around(*pose[:2], room_m)
    if min(part.cost.shape) < 2:
        return "the rover stands outside the costmap"
    numbers = outline_numbers(part.cell_m, part.x0_m, part.y0_m, length_m, width_m)
    allowed = excused(part.cost, *begun, numbers, footprint.slack_m)
    motion = np.array([sweep.ahead_m, sweep.left_m, sweep.turn_rad])
    share, row, column = swept(part.cost, signed_clearance(part), allowed, np.array(pose), motion, numbers)
    if share > 1.0:
        return ""
    ny, nx = part.cost.shape
    seen = 0 <= row < ny and 0 <= column < nx and part.cost[row, column] >= 0
    x_m, y_m = part.x0_m + part.cell_m * (column + 0.5), part.y0_m + part.cell_m * (row + 0.5)
    away_m = math.hypot(x_m - pose[0], y_m - pose[1])
    kind = "a hazard" if seen else "unknown ground"
    return f"{kind} is in the way, {away_m:.1f} m from the rover's middle, at x {x_m:.1f} m, y {y_m:.1f} m in odom"
