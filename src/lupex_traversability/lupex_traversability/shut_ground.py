# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ground that looked free and did not bear the tracks: lethal for a while, for whoever plans over the costmap."""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from lupex_traversability.config import ShutConfig
from lupex_traversability.driving_cost import BOGGED, LETHAL, Ground


@dataclass(frozen=True)
class Bogged:
    """Where the tracks lost their hold: the body's middle in odom, and the way that it wanted to go [rad]."""

    time_s: float
    x_m: float
    y_m: float
    direction_rad: float


class ShutGround:
    """Keeps such places, the newest last."""

    def __init__(self, config: ShutConfig) -> None:
        self._config = config
        self._places: deque[Bogged] = deque(maxlen=config.places)

    def take(self, place: Bogged) -> bool:
        """Take a place; return whether it is new."""
        same = [known for known in self._places if known.time_s == place.time_s]
        if same or (self._places and self._about(self._places[-1], place)):
            return False
        self._places.append(place)
        return True

    def _about(self, one: Bogged, other: Bogged) -> bool:
        """Tell whether two tell the same place."""
        apart_m = math.hypot(one.x_m - other.x_m, one.y_m - other.y_m)
        turned = abs(math.remainder(one.direction_rad - other.direction_rad, math.tau))
        return apart_m < self._config.same_m and turned < self._config.same_rad

    def on(self, ground: Ground, origin_m: tuple[float, float], cell_m: float, time_s: float) -> Ground:
        """Return the ground with these places lethal; `origin_m`: outer corner of cell [0, 0] in odom."""
        # a cloud is a little older than what is told now; a clock that leapt back knows none of them
        while self._places and abs(time_s - self._places[0].time_s) >= self._config.keep_s:
            self._places.popleft()
        if not self._places:
            return ground
        config, cost, limit = self._config, ground.cost.copy(), ground.limit.copy()
        rows, columns = np.indices(cost.shape)
        x = origin_m[0] + cell_m * (columns + 0.5)
        y = origin_m[1] + cell_m * (rows + 0.5)
        for place in self._places:
            c, s = math.cos(place.direction_rad), math.sin(place.direction_rad)
            along = c * (x - place.x_m) + s * (y - place.y_m)
            across = c * (y - place.y_m) - s * (x - place.x_m)
            inside = (along > 0.0) & (along < config.length_m) & (np.abs(across) < config.half_width_m)
            cost[inside], limit[inside] = LETHAL, BOGGED
        return replace(ground, cost=cost, limit=limit)
