# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How a body stood, drove, turned and crabbed, from its poses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lupex_system_tests.gazebo_level.gz_messages import GzPose

FloatArray = npt.NDArray[np.float64]
_STEP_S = 0.5
"""Between poses whose distances make a way: closer ones would add up trembling."""


class MotionError(ValueError):
    """Say in one sentence why poses tell nothing."""


@dataclass(frozen=True)
class Rest:
    """How far a body moved that should stand still, and how its acceleration compares with gravity."""

    drift_mm: float
    """Greatest distance from its first place."""
    acceleration_mean_mps2: float
    acceleration_deviation_mps2: float


@dataclass(frozen=True)
class Run:
    """What came of a commanded motion; `share` is of the commanded way or turn, 1 where all came of it."""

    way_m: float
    share: float
    sideways_m: float
    """Across the commanded direction, positive to the left."""
    yaw_deg: float
    """Change of heading."""
    direction_deg: float
    """Of the displacement, from the first heading; positive to the left."""


@dataclass(frozen=True)
class Turn:
    """A turn in place."""

    rate_rad_s: float
    share: float
    shift_mm: float
    """Distance between the first and the last place."""


def _spread(poses: Sequence[GzPose]) -> list[GzPose]:
    """Return poses at least a step apart, in the order of time; raises MotionError without two."""
    kept: list[GzPose] = []
    for pose in sorted(poses, key=lambda one: one.time_s):
        if not kept or pose.time_s - kept[-1].time_s >= _STEP_S - 1e-6:
            kept.append(pose)
    if len(kept) < 2:
        raise MotionError(f"{len(poses)} poses over less than {_STEP_S} s tell no motion")
    return kept


def rest(poses: Sequence[GzPose], accelerations: FloatArray) -> Rest:
    """Return how a body stood; accelerations (n, 3) as measured by it. Raises MotionError for none."""
    if len(poses) < 2 or len(accelerations) < 2:
        raise MotionError(f"{len(poses)} poses and {len(accelerations)} accelerations tell no rest")
    places = np.array([pose.place_m for pose in sorted(poses, key=lambda one: one.time_s)])
    drift = float(np.linalg.norm(places - places[0], axis=1).max())
    length = np.linalg.norm(accelerations, axis=1)
    return Rest(1e3 * drift, float(length.mean()), float(length.std()))


def run(poses: Sequence[GzPose], speed_mps: float, direction_rad: float = 0.0) -> Run:
    """Return what came of driving at a speed in a direction from the first heading; raises MotionError."""
    kept = _spread(poses)
    first, last = kept[0], kept[-1]
    way = sum(float(np.linalg.norm(b.place_m - a.place_m)) for a, b in pairwise(kept))
    moved = (last.place_m - first.place_m)[:2]
    bearing = first.yaw_rad + direction_rad
    sideways = float(-math.sin(bearing) * moved[0] + math.cos(bearing) * moved[1])
    turned = math.remainder(last.yaw_rad - first.yaw_rad, 2.0 * math.pi)
    direction = math.remainder(math.atan2(moved[1], moved[0]) - first.yaw_rad, 2.0 * math.pi)
    asked = speed_mps * (last.time_s - first.time_s)
    return Run(way, way / asked, sideways, math.degrees(turned), math.degrees(direction))


def turn(poses: Sequence[GzPose], rate_rad_s: float) -> Turn:
    """Return what came of turning in place at a rate; raises MotionError."""
    kept = _spread(poses)
    steps = [math.remainder(b.yaw_rad - a.yaw_rad, 2.0 * math.pi) for a, b in pairwise(kept)]
    rate = sum(steps) / (kept[-1].time_s - kept[0].time_s)
    shift = float(np.linalg.norm((kept[-1].place_m - kept[0].place_m)[:2]))
    return Turn(rate, rate / rate_rad_s, 1e3 * shift)
