# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A straight way out and back again, one leg after the other."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_mobility.config import RouteConfig

Array = npt.NDArray[np.float64]


class RouteError(RuntimeError):
    """Say why the route was given up."""


@dataclass(frozen=True)
class Leg:
    """A straight from here to there in map."""

    start_m: tuple[float, float]
    end_m: tuple[float, float]

    def points(self, spacing_m: float) -> Array:
        """Return points (n, 2) from start to end, at most `spacing_m` apart."""
        length = math.hypot(self.end_m[0] - self.start_m[0], self.end_m[1] - self.start_m[1])
        return np.linspace(self.start_m, self.end_m, max(2, math.ceil(length / spacing_m) + 1))


class OutAndBack:
    """Tell which leg to drive, when it is done, and when it is hopeless."""

    def __init__(self, config: RouteConfig, time_s: float, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Start from a pose in map."""
        self._config = config
        heading = yaw_rad + config.heading_rad
        home = (x_m, y_m)
        away = (x_m + config.distance_m * math.cos(heading), y_m + config.distance_m * math.sin(heading))
        self._legs = [Leg(home, away), Leg(away, home)]
        self._began_s = time_s
        self._best_m = math.inf
        self._best_s = time_s

    @property
    def leg(self) -> Leg | None:
        """The leg to drive, None when back."""
        return self._legs[0] if self._legs else None

    def move(self, time_s: float, x_m: float, y_m: float) -> None:
        """Note the present place; raises RouteError when the time is up or nothing moves any more."""
        leg = self.leg
        if leg is None:
            return
        left_m = math.hypot(leg.end_m[0] - x_m, leg.end_m[1] - y_m)
        if left_m <= self._config.tolerance_m:
            self._legs.pop(0)
            self._best_m, self._best_s = math.inf, time_s
            return
        if left_m < self._best_m - self._config.progress_m:
            self._best_m, self._best_s = left_m, time_s
        if time_s - self._began_s > self._config.max_duration_s:
            raise RouteError(f"not back within {self._config.max_duration_s:g} s: {left_m:.1f} m of this leg are left")
        if time_s - self._best_s > self._config.stuck_s:
            raise RouteError(f"no progress for {self._config.stuck_s:g} s: {left_m:.1f} m of this leg are left")
