# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip of the tracks against the localization's own motion.

What can be known: the localization's velocity already rests on the tracks and on the same soil model; beyond that it
has the inertial unit, and absolute fixes where there are some. So this estimate departs from the model only as far as
those saw the rover depart from it, and its sigma is that of the localization's velocity, not the scatter of the ratio.
"""

import math
from collections import deque
from dataclasses import dataclass

from lupex_mobility.config import Slip
from lupex_mobility.unit_kinematics import BodyTwist


@dataclass(frozen=True)
class SlipReading:
    """Slip [-1..1] over a window of driving, with one sigma."""

    slip: float
    sigma: float
    predicted: float
    slope_rad: float
    distance_m: float
    window_s: float


@dataclass(frozen=True)
class _Stretch:
    end_s: float
    duration_s: float
    track_m: float
    ground_m: float
    sigma_m: float
    predicted_m: float


class SlipEstimator:
    """Gather stretches of driving; `reading` tells the slip over the last of them."""

    def __init__(self, config: Slip) -> None:
        """Start with nothing driven."""
        self._config = config
        self._stretches: deque[_Stretch] = deque()
        self._sums: tuple[float, ...] | None = None
        self._gathered_s = 0.0
        self._distance_m = 0.0
        self._predicted = 0.0
        self._slope_rad = 0.0

    def drive(
        self,
        time_s: float,
        dt_s: float,
        tracks: BodyTwist,
        ground_mps: tuple[float, float],
        speed_sigma_mps: float,
        slope_rad: float,
        predicted: float,
    ) -> None:
        """Note `dt_s` of motion: the tracks' twist without slip, and the velocity over ground, forward and left."""
        track_mps = math.hypot(tracks.forward_mps, tracks.left_mps)
        self._distance_m += track_mps * dt_s
        self._predicted, self._slope_rad = predicted, slope_rad
        if track_mps < self._config.min_speed_mps or abs(tracks.turning_rad_s) > self._config.max_turn_rad_s:
            return
        along = (ground_mps[0] * tracks.forward_mps + ground_mps[1] * tracks.left_mps) / track_mps
        self._stretches.append(
            _Stretch(time_s, dt_s, track_mps * dt_s, along * dt_s, speed_sigma_mps * dt_s, predicted * track_mps * dt_s)
        )
        self._sums = None
        self._gathered_s += dt_s
        while self._stretches and self._gathered_s > self._config.window_s + 0.5 * dt_s:
            self._gathered_s -= self._stretches.popleft().duration_s

    def reading(self) -> SlipReading:
        """Return the slip over the window; before enough is driven, the model's value with the model's sigma."""
        track_m, ground_m, sigma_m, predicted_m, window_s = self._summed()
        if track_m < self._config.min_distance_m:
            return SlipReading(
                self._predicted, self._config.model_sigma, self._predicted, self._slope_rad, self._distance_m, 0.0
            )
        slip = 1.0 - ground_m / track_m
        # errors of the velocity last longer than the window: they do not average out
        return SlipReading(
            max(-1.0, min(1.0, slip)),
            sigma_m / track_m,
            predicted_m / track_m,
            self._slope_rad,
            self._distance_m,
            window_s,
        )

    def _summed(self) -> tuple[float, ...]:
        """Return the sums of track, ground, sigma, prediction and time over the window; at rest they stay."""
        if self._sums is None:
            stretches = ((s.track_m, s.ground_m, s.sigma_m, s.predicted_m, s.duration_s) for s in self._stretches)
            self._sums = tuple(map(sum, zip(*stretches, strict=True))) or (0.0, 0.0, 0.0, 0.0, 0.0)
        return self._sums
