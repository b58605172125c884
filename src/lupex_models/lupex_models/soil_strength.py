# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Soils in one line from the strongest to far weaker than foreseen, and what driving on each of them is like.

A soil's *strength* is one number: 0 is the soil that the rover's file counts on, 1 and -1 have all that bears traction
at the better and at the worse end of its spread, and below -1 it goes on beyond the spread, down to `WEAKEST`. A rover
cannot tell cohesion from friction by how it slips: one number is what driving teaches.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lupex_models.elementwise import elementwise
from lupex_models.locomotion import crawler_row, steady_drives
from lupex_models.rover import Rover
from lupex_models.soil import SoilSpread, soil_spread

Array = NDArray[np.float64]

WEAKEST, STRONGEST = -4.0, 1.0
STEP = 0.25
"""Between the soils that are tabled."""

SLOPE_MAX_RAD = math.radians(36.0)
_SLOPE_STEP_RAD = math.radians(1.0)


def soil_rows(spread: SoilSpread, strength: ArrayLike) -> Array:
    """Return the soils (..., 6) of some strengths, in the order of Soil's fields, clipped to WEAKEST..STRONGEST.

    Moduli and cohesion change by equal factors, the friction angle by equal steps, each at the rate at which it comes
    from its nominal value to that end of its spread.
    """
    value = np.clip(np.asarray(strength, np.float64), WEAKEST, STRONGEST)
    nominal = spread.nominal.as_row()
    rows = np.tile(nominal, (*value.shape, 1))
    for column, (low, high) in ((2, spread.kphi), (3, spread.cohesion_pa)):
        rows[..., column] = _by_factors(value, low, nominal[column], high)
    low, high = spread.friction_angle_rad
    rows[..., 4] = nominal[4] + np.where(value < 0.0, (nominal[4] - low) * value, (high - nominal[4]) * value)
    # a soil that must be sheared further before it holds is the weaker one
    low, high = spread.shear_modulus_m
    rows[..., 5] = _by_factors(value, high, nominal[5], low)
    return rows


def _by_factors(strength: Array, weak: float, nominal: float, strong: float) -> Array:
    return np.asarray(nominal * np.where(strength < 0.0, weak / nominal, strong / nominal) ** np.abs(strength))


@dataclass(frozen=True)
class StrengthTable:
    """Slip, speed over ground and drive power over (strength, slope along, size of slope across), at full track speed.

    Weaker is never the better: slip and power do not fall, speed does not rise, with falling strength. A cell that
    touches a node that cannot be driven cannot be driven: slip 1, speed 0, power inf.
    """

    slip_table: Array
    speed_table: Array
    power_table: Array

    @classmethod
    def build(cls, rover: Rover, spread: SoilSpread | None = None) -> "StrengthTable":
        """Compute the table for a rover, with the spread of its file unless another is given."""
        count = round(SLOPE_MAX_RAD / _SLOPE_STEP_RAD)
        along = np.arange(-count, count + 1) * _SLOPE_STEP_RAD
        across = np.arange(0, count + 1) * _SLOPE_STEP_RAD
        rows = soil_rows(spread or soil_spread(rover), strengths())
        slip, speed, power, energy = steady_drives(
            crawler_row(rover.crawler), rover.body.mass_kg, along, across, rover.crawler.max_speed_mps, rows
        )
        power = np.where(np.isfinite(energy), power, math.inf)
        # from the strongest down
        worse = (np.maximum.accumulate(table[::-1], axis=0)[::-1] for table in (np.abs(slip), power))
        weaker, power = worse
        slip = np.where(slip < 0.0, -weaker, weaker)
        speed = np.minimum.accumulate(speed[::-1], axis=0)[::-1]
        return cls(slip, speed, power)

    def slip(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike, strength: ArrayLike) -> Array:
        """Return the slip [-1..1], 1 where it cannot be driven, for slopes and strengths of any common shape."""
        return elementwise(_at, (self.slip_table, self.power_table, 1.0), slope_along_rad, slope_across_rad, strength)

    def speed_mps(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike, strength: ArrayLike) -> Array:
        """Return the speed over ground at full track speed, 0 where it cannot be driven."""
        return elementwise(_at, (self.speed_table, self.power_table, 0.0), slope_along_rad, slope_across_rad, strength)

    def power_w(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike, strength: ArrayLike) -> Array:
        """Return the electrical power of the drives at full track speed, inf where it cannot be driven."""
        return elementwise(
            _at, (self.power_table, self.power_table, math.inf), slope_along_rad, slope_across_rad, strength
        )


def strengths() -> Array:
    """Return the strengths that are tabled, the weakest first."""
    return np.linspace(WEAKEST, STRONGEST, round((STRONGEST - WEAKEST) / STEP) + 1)


@njit(cache=True)
def _at(table, power, otherwise, along_rad, across_rad, strength):  # type: ignore[no-untyped-def]
    """Return the trilinear value of a table; `otherwise` beyond its slopes, next to infinite power and for nan."""
    levels, rows, columns = table.shape
    out = np.empty(along_rad.size)
    for n in range(along_rad.size):
        a = (along_rad[n] + SLOPE_MAX_RAD) / _SLOPE_STEP_RAD
        c = abs(across_rad[n]) / _SLOPE_STEP_RAD
        out[n] = otherwise
        if not (a >= 0.0 and a <= rows - 1 and c <= columns - 1 and strength[n] == strength[n]):
            continue
        s = (min(max(strength[n], WEAKEST), STRONGEST) - WEAKEST) / STEP
        k, i, j = min(int(s), levels - 2), min(int(a), rows - 2), min(int(c), columns - 2)
        t, u, v = s - k, a - i, c - j
        found = 0.0
        for dk in range(2):
            share = t if dk else 1.0 - t
            if share == 0.0:
                continue
            for di in range(2):
                for dj in range(2):
                    if not math.isfinite(power[k + dk, i + di, j + dj]):
                        found = math.nan
                    else:
                        weight = share * (u if di else 1.0 - u) * (v if dj else 1.0 - v)
                        found += weight * table[k + dk, i + di, j + dj]
        if not math.isnan(found):
            out[n] = found
    return out
