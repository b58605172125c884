# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When the rover stands still, and what its gyros say meanwhile."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.config import Stationary
from lupex_localization.samples import TrackSample

Array = npt.NDArray[np.float64]


class Rest:
    """Tell rest from motion by tracks, steering and turning, and gather the mean rate while at rest.

    What is kept is replaced and never changed in place, so that a shallow copy is a copy.
    """

    def __init__(self, limits: Stationary) -> None:
        """Start as if in motion."""
        self._limits = limits
        self._steer_rad: Array | None = None
        self._quiet_since_s: float | None = None
        self._turn = np.zeros(3)
        self._gathered_s = 0.0
        self._updated_s = -math.inf
        self.stationary = False

    def gather(self, rate: Array, dt_s: float) -> None:
        """Note a rate measured over `dt_s`."""
        if self.stationary:
            self._turn = self._turn + rate * dt_s
            self._gathered_s += dt_s

    def notice(self, sample: TrackSample, rate: Array) -> None:
        """Note joint states and the body's rate [rad/s]; sets `stationary`."""
        before = sample.steer_rad if self._steer_rad is None else self._steer_rad
        steered, ran, turned = _most(before, sample.steer_rad, sample.track_mps, rate)
        self._steer_rad = sample.steer_rad
        limits = self._limits
        if steered > limits.steer_step_rad or ran > limits.track_speed_mps or turned > limits.rate_rad_s:
            self.moved()
            return
        if self._quiet_since_s is None:
            self._quiet_since_s = sample.time_s
        if not self.stationary and sample.time_s - self._quiet_since_s >= self._limits.after_s:
            self.stationary = True
            self._begin(sample.time_s)

    def moved(self) -> None:
        """Note that it moves, whatever the tracks say."""
        self._quiet_since_s = None
        self.stationary = False

    def due(self, time_s: float) -> bool:
        """Tell whether it is time for another update at rest."""
        return self.stationary and time_s - self._updated_s >= self._limits.interval_s

    def mean_rate(self, time_s: float) -> tuple[Array, float] | None:
        """Return the mean measured rate since the last call and the time behind it, None without any."""
        found = (self._turn / self._gathered_s, self._gathered_s) if self._gathered_s > 0.0 else None
        self._begin(time_s)
        return found

    def _begin(self, time_s: float) -> None:
        self._updated_s, self._turn, self._gathered_s = time_s, np.zeros(3), 0.0


@njit(cache=True)
def _most(before, steer, track, rate):  # type: ignore[no-untyped-def]
    """Return the largest step of the steering, track speed and rate, as sizes."""
    return np.abs(steer - before).max(), np.abs(track).max(), np.abs(rate).max()
