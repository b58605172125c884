# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Body motion from the four steered tracks, and how far slip lets it be believed."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.locomotion import drive
from lupex_models.rover import Rover
from lupex_models.soil import Soil, soil_spread

Array = npt.NDArray[np.float64]

UNITS = 4
STEER_NAMES = ("fl_steer", "fr_steer", "rl_steer", "rr_steer")
DRIVE_NAMES = ("fl_drive", "fr_drive", "rl_drive", "rr_drive")
JOINT_NAMES = STEER_NAMES + DRIVE_NAMES


@dataclass(frozen=True)
class TrackTwist:
    """Least-squares motion of the body as if no track slipped."""

    forward_mps: float
    left_mps: float
    turning_rad_s: float
    residual_mps: float
    """Root mean square of what the four units' eight velocity components leave over."""
    fastest_mps: float
    """Largest track speed."""


class TrackKinematics:
    """Least squares over four units at (+-unit_x_m, +-unit_y_m): front left, front right, rear left, rear right."""

    def __init__(self, unit_x_m: float, unit_y_m: float) -> None:
        self._design = np.zeros((2 * UNITS, 3))
        for unit, (x, y) in enumerate(unit_positions(unit_x_m, unit_y_m)):
            self._design[2 * unit] = (1.0, 0.0, -y)
            self._design[2 * unit + 1] = (0.0, 1.0, x)
        self._of_units: dict[tuple[int, ...], tuple[Array, Array]] = {}

    def twist(self, steer_rad: Array, track_mps: Array) -> TrackTwist:
        """Return the body's motion for steering angles (4,) and track speeds (4,)."""
        return TrackTwist(*self.numbers(steer_rad, track_mps, ()))

    def numbers(
        self, steer_rad: Array, track_mps: Array, without: tuple[int, ...]
    ) -> tuple[float, float, float, float, float]:
        """Return the numbers of TrackTwist, without some of the units; with fewer than two others, of all."""
        if without not in self._of_units:
            kept = np.ones(2 * UNITS)
            if len(without) <= UNITS - 2:
                for unit in without:
                    kept[2 * unit : 2 * unit + 2] = 0.0
            self._of_units[without] = kept, np.linalg.pinv(self._design * kept[:, None]) * kept
        kept, inverse = self._of_units[without]
        found: tuple[float, float, float, float, float] = _twist(self._design, inverse, kept, steer_rad, track_mps)
        return found


def unit_positions(unit_x_m: float, unit_y_m: float) -> tuple[tuple[float, float], ...]:
    """Return (x, y) of the units' steering axes in base_link."""
    return ((unit_x_m, unit_y_m), (unit_x_m, -unit_y_m), (-unit_x_m, unit_y_m), (-unit_x_m, -unit_y_m))


@njit(cache=True)
def _twist(design, inverse, kept, steer, track):  # type: ignore[no-untyped-def]
    velocities = np.empty(8)
    fastest = 0.0
    for i in range(4):
        velocities[2 * i] = track[i] * math.cos(steer[i])
        velocities[2 * i + 1] = track[i] * math.sin(steer[i])
        fastest = max(fastest, abs(track[i]))
    twist = inverse @ velocities
    left_over = (velocities - design @ twist) * kept
    return twist[0], twist[1], twist[2], math.sqrt((left_over @ left_over) / 8.0), fastest


@dataclass(frozen=True)
class SlipModel:
    """Mean and spread of slip and drift over slopes along and across the motion, for soils not known.

    Tables are (along, across) at `step_rad` from -`limit_rad`; drift is the leftward speed over the tracks' speed.
    """

    limit_rad: float
    step_rad: float
    tables: Array
    """(4, n, n): slip, its sigma, drift, its sigma."""

    @classmethod
    def build(
        cls,
        rover: Rover,
        soils: int,
        step_rad: float,
        limit_rad: float,
        slip_sigma: float,
        drift_sigma: float,
        seed: int = 1,
    ) -> "SlipModel":
        """Compute the tables from the shared locomotion model over `soils` drawn from the spread.

        `slip_sigma` and `drift_sigma` are added in quadrature: what the model itself leaves out.
        """
        half = max(1, math.ceil(limit_rad / step_rad))
        slopes = np.arange(-half, half + 1) * step_rad
        rows = soil_spread(rover).draw(soils, np.random.default_rng(seed))
        drawn = [Soil(*(float(value) for value in row)) for row in rows]
        tables = np.empty((4, slopes.size, slopes.size))
        for i, along in enumerate(slopes):
            for j in range(half, slopes.size):
                states = [
                    drive(rover.crawler, rover.body.mass_kg, along, slopes[j], rover.crawler.max_speed_mps, soil)
                    for soil in drawn
                ]
                slip = np.array([state.slip for state in states])
                drift = np.array([(1.0 - state.slip) * math.tan(state.side_slip_rad) for state in states])
                mirror = slopes.size - 1 - j
                tables[:2, i, j] = tables[:2, i, mirror] = slip.mean(), math.hypot(slip.std(), slip_sigma)
                spread = math.hypot(drift.std(), drift_sigma)
                tables[2:, i, mirror] = -drift.mean(), spread
                tables[2:, i, j] = drift.mean(), spread
        return cls(half * step_rad, step_rad, tables)

    def at(self, slope_along_rad: float, slope_across_rad: float) -> Array:
        """Return (slip, sigma, drift, sigma); slopes beyond the table count as its edge."""
        return np.asarray(slip_at(self.tables, self.limit_rad, self.step_rad, slope_along_rad, slope_across_rad))


@njit(cache=True)
def slip_at(tables, limit, step, along, across):  # type: ignore[no-untyped-def]
    """Return (slip, sigma, drift, sigma) of a table between its nodes."""
    n = tables.shape[1]
    a = min(max((along + limit) / step, 0.0), n - 1.0)
    c = min(max((across + limit) / step, 0.0), n - 1.0)
    i = min(int(a), n - 2)
    j = min(int(c), n - 2)
    u = a - i
    v = c - j
    out = np.empty(4)
    for k in range(4):
        t = tables[k]
        out[k] = (
            t[i, j] * (1 - u) * (1 - v)
            + t[i + 1, j] * u * (1 - v)
            + t[i, j + 1] * (1 - u) * v
            + t[i + 1, j + 1] * u * v
        )
    return out
