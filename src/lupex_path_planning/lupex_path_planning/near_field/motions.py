# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What four steered units can do along a path: follow it with turns and arcs, or crab with the heading held.

A path says at each point with which heading the body leaves it; not a number stands for along the path. From point to
point the heading is held, at a point the body turns from the last heading to the next.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.costmap import Array, Costmap
from lupex_models.outline import excused, moves, outline_numbers, turns
from lupex_path_planning.config import LocalConfig

_BINS = 64
"""Headings held that differ by less than a bin's width, a tenth of a radian, count as one."""

_TURN_WEIGHT = 1e-3
"""Cost of a radian turned beside a metre driven backwards: of two ways to crab as far, the one that turns less."""


@dataclass(frozen=True)
class Motions:
    """How far along its path the vehicle's outline fits, and with which headings."""

    heading_rad: Array
    """(n,) with which the body leaves each point, nan: along the path."""
    reached: int
    """Index of the last point that it comes to."""
    crab_m: float
    """Metres crabbed, each weighed by the angle between the body and its path over half a turn."""

    @property
    def follows(self) -> bool:
        """Tell whether the path is followed all along."""
        return self.reached == self.heading_rad.size - 1 and bool(np.isnan(self.heading_rad).all())


class Outline:
    """The vehicle's outline on a costmap, from a pose at which it stands already: what it touches there is excused."""

    def __init__(
        self,
        costmap: Costmap,
        clearance: NDArray[np.float32],
        start: tuple[float, float, float],
        config: LocalConfig,
    ) -> None:
        """Take the costmap with its clearance and the pose (x, y, yaw) in odom."""
        self._yaw_rad, self._config = start[2], config
        numbers = outline_numbers(costmap.cell_m, costmap.x0_m, costmap.y0_m, config.half_length_m, config.half_width_m)
        allowed = excused(costmap.cost, *start, numbers, config.escape_depth_m)
        self._ground = (costmap.cost, clearance, allowed, numbers)

    def follow(self, path_m: Array) -> Motions:
        """Return how far the path (n, 2), n > 1, from the start can be followed."""
        reached = int(_follow(*self._ground, *self._course(path_m)))
        return Motions(np.full(path_m.shape[0], np.nan), reached, 0.0)

    def fit(self, path_m: Array) -> Motions:
        """Return the motions that come farthest along the path, and of these those that crab least."""
        heading, reached, crab = _fit(*self._ground, *self._course(path_m))
        return Motions(heading, int(reached), float(crab))

    def _course(self, path_m: Array) -> tuple[Array, Array, Array, float, float]:
        """Return path, direction of each segment, bearing from its begin to the point aimed at, start and limit."""
        step = np.diff(path_m, axis=0)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*step.T))])
        at = np.minimum(along[:-1] + self._config.turn_ahead_m, along[-1])
        aimed = np.stack([np.interp(at, along, path_m[:, 0]), np.interp(at, along, path_m[:, 1])], axis=-1)
        aimed -= path_m[:-1]
        direction, bearing = np.arctan2(step[:, 1], step[:, 0]), np.arctan2(aimed[:, 1], aimed[:, 0])
        path = np.ascontiguousarray(path_m, np.float64)
        return path, direction, bearing, self._yaw_rad, math.pi - self._config.turn_either_rad


@njit(cache=True, nogil=True)
def _between(one, other):  # type: ignore[no-untyped-def]
    """Return the angle from one heading to another, the short way."""
    return (other - one + math.pi) % (2.0 * math.pi) - math.pi


@njit(cache=True, nogil=True)
def _turns_into(cost, clearance, allowed, numbers, at, yaw, bearing, direction, either):  # type: ignore[no-untyped-def]
    """Tell whether the body may turn at a place towards the point aimed at, and then along the path.

    Beyond `either` it may turn either way around.
    """
    by = _between(yaw, bearing)
    if abs(by) > either:
        by = 2.0 * math.pi
    if not turns(cost, clearance, allowed, at[0], at[1], yaw, by, numbers):
        return False
    return turns(cost, clearance, allowed, at[0], at[1], bearing, _between(bearing, direction), numbers)


@njit(cache=True, nogil=True)
def _follow(cost, clearance, allowed, numbers, path, direction, bearing, yaw, either):  # type: ignore[no-untyped-def]
    """Return the last point reached along the path, with a turn on the spot into it and its bends turned through."""
    if not _turns_into(cost, clearance, allowed, numbers, path[0], yaw, bearing[0], direction[0], either):
        return 0
    for k in range(direction.size):
        x, y, to_x, to_y = path[k, 0], path[k, 1], path[k + 1, 0], path[k + 1, 1]
        bend = _between(direction[k - 1], direction[k]) if k > 0 else 0.0
        if not turns(cost, clearance, allowed, x, y, direction[k] - bend, bend, numbers):
            return k
        if not moves(cost, clearance, allowed, x, y, to_x, to_y, direction[k], numbers):
            return k
    return direction.size


@njit(cache=True, nogil=True)
def _fit(cost, clearance, allowed, numbers, path, direction, bearing, yaw, either):  # type: ignore[no-untyped-def]
    """Search over (point, heading arrived with); return (headings, last point reached, cost)."""
    count, bins = direction.size, _BINS
    best = np.full((count + 1, bins), np.inf)
    heading = np.zeros((count + 1, bins))
    before = np.full((count + 1, bins), -1)
    follows = np.zeros((count + 1, bins), np.bool_)
    first = int(bins * ((yaw % (2.0 * math.pi)) / (2.0 * math.pi))) % bins
    best[0, first], heading[0, first] = 0.0, yaw
    reached, crab = 0, 0.0
    for k in range(count):
        x, y, to_x, to_y = path[k, 0], path[k, 1], path[k + 1, 0], path[k + 1, 1]
        length = math.hypot(to_x - x, to_y - y)
        ahead = direction[k]
        along = int(bins * ((ahead % (2.0 * math.pi)) / (2.0 * math.pi))) % bins
        clear = moves(cost, clearance, allowed, x, y, to_x, to_y, ahead, numbers)
        arrived = False
        for b in range(bins):
            if not best[k, b] < np.inf:
                continue
            present = heading[k, b]
            bend = _between(present, ahead)
            value = best[k, b] + _TURN_WEIGHT * abs(bend)
            if clear and value < best[k + 1, along]:
                if follows[k, b]:
                    free = turns(cost, clearance, allowed, x, y, present, bend, numbers)
                else:
                    free = _turns_into(cost, clearance, allowed, numbers, path[k], present, bearing[k], ahead, either)
                if free:
                    best[k + 1, along], heading[k + 1, along] = value, ahead
                    before[k + 1, along], follows[k + 1, along] = b, True
                    arrived = True
            value = best[k, b] + length * abs(bend) / math.pi
            if value < best[k + 1, b] and moves(cost, clearance, allowed, x, y, to_x, to_y, present, numbers):
                best[k + 1, b], heading[k + 1, b] = value, present
                before[k + 1, b], follows[k + 1, b] = b, False
                arrived = True
        if not arrived:
            break
        reached = k + 1
    result = np.full(count + 1, np.nan)
    if reached == 0:
        return result, 0, 0.0
    b = int(np.argmin(best[reached]))
    crab = best[reached, b]
    for k in range(reached, 0, -1):
        if not follows[k, b]:
            result[k - 1] = heading[k, b]
        b = before[k, b]
    result[reached] = result[reached - 1]
    return result, reached, crab
