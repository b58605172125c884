# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Regolith under a wheel or a track: pressure-sinkage, shear and compaction resistance."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.rover import Rover

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Soil:
    """Bekker and Mohr-Coulomb constants of the regolith, as measured for the Moon: never scaled for gravity again."""

    bekker_n: float
    """Exponent of sinkage."""
    kc: float
    """Cohesive modulus [N/m^(n+1)]."""
    kphi: float
    """Frictional modulus [N/m^(n+2)]."""
    cohesion_pa: float
    friction_angle_rad: float
    shear_modulus_m: float
    """Janosi's K: shear displacement at which 63 % of the strength is mobilised."""

    def as_row(self) -> Array:
        """Return the six constants in declaration order, the form the numba kernels take."""
        return np.array(
            [self.bekker_n, self.kc, self.kphi, self.cohesion_pa, self.friction_angle_rad, self.shear_modulus_m]
        )


NOMINAL_SOIL = Soil(1.0, 1400.0, 820e3, 170.0, math.radians(35.0), 0.018)
"""NTRS 20220010732 for n, kc, kphi and c; friction angle and K are literature values. As in config/rover.yaml."""


@dataclass(frozen=True)
class SoilSpread:
    """Bounds between which the true soil may lie anywhere with equal probability; the defaults as in rover.yaml."""

    kphi: tuple[float, float] = (2e5, 1.2e6)
    cohesion_pa: tuple[float, float] = (50.0, 1000.0)
    friction_angle_rad: tuple[float, float] = (math.radians(30.0), math.radians(42.0))
    shear_modulus_m: tuple[float, float] = (0.010, 0.025)
    nominal: Soil = NOMINAL_SOIL
    """Gives n and kc, which do not vary."""

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Draw `count` soils as rows (count, 6) in the order of Soil's fields; n and kc stay nominal."""
        rows = np.tile(self.nominal.as_row(), (count, 1))
        for column, bounds in ((2, self.kphi), (3, self.cohesion_pa), (4, self.friction_angle_rad)):
            rows[:, column] = rng.uniform(*bounds, size=count)
        rows[:, 5] = rng.uniform(*self.shear_modulus_m, size=count)
        return rows


def nominal_soil(rover: Rover) -> Soil:
    """Return the soil that the rover's file counts on."""
    given = rover.regolith
    return Soil(
        given.bekker_n,
        given.kc,
        given.kphi,
        given.cohesion_pa,
        math.radians(given.friction_angle_deg),
        given.shear_modulus_m,
    )


def soil_spread(rover: Rover) -> SoilSpread:
    """Return the bounds within which the rover's file lets the true soil lie."""
    given = rover.regolith
    low, high = (math.radians(angle) for angle in given.friction_angle_range_deg)
    return SoilSpread(
        kphi=_pair(given.kphi_range),
        cohesion_pa=_pair(given.cohesion_range_pa),
        friction_angle_rad=(low, high),
        shear_modulus_m=_pair(given.shear_modulus_range_m),
        nominal=nominal_soil(rover),
    )


def _pair(values: tuple[float, ...]) -> tuple[float, float]:
    low, high = values
    return low, high


@njit(cache=True)
def track_sinkage(pressure_pa, width_m, soil):  # type: ignore[no-untyped-def]
    """Return the static sinkage [m] under uniform pressure: p = (kc/b + kphi) z^n (Bekker 1969).

    `soil` is a row of Soil.as_row().
    """
    modulus = soil[1] / width_m + soil[2]
    return (max(pressure_pa, 0.0) / modulus) ** (1.0 / soil[0])


@njit(cache=True)
def wheel_sinkage(load_n, width_m, radius_m, soil):  # type: ignore[no-untyped-def]
    """Return the static sinkage [m] of a rigid wheel (Bekker 1969, Wong 2008 eq. 2.87), at most its radius."""
    modulus = soil[1] / width_m + soil[2]
    n = soil[0]
    base = 3.0 * max(load_n, 0.0) / ((3.0 - n) * width_m * modulus * math.sqrt(2.0 * radius_m))
    return min(base ** (2.0 / (2.0 * n + 1.0)), radius_m)


@njit(cache=True)
def compaction_resistance(sinkage_m, width_m, soil):  # type: ignore[no-untyped-def]
    """Return the force [N] spent on pressing the rut: Rc = b (kc/b + kphi) z^(n+1)/(n+1) (Bekker 1969)."""
    n = soil[0]
    return width_m * (soil[1] / width_m + soil[2]) * sinkage_m ** (n + 1.0) / (n + 1.0)


@njit(cache=True)
def mobilised_share(slide, length_m, shear_modulus_m):  # type: ignore[no-untyped-def]
    """Return the share [0..1) of the soil's strength that a contact of `length_m` mobilises at slide ratio `slide`.

    Janosi and Hanamoto (1961), tau = tau_max (1 - exp(-j/K)) with j = slide x, averaged over the contact:
    1 - (1 - exp(-a))/a with a = slide length/K. `slide` is slip velocity over track speed, at least 0.
    """
    a = slide * length_m / shear_modulus_m
    if a < 1e-4:
        return 0.5 * a
    return 1.0 + math.expm1(-a) / a


@njit(cache=True)
def slide_for_share(share, length_m, shear_modulus_m):  # type: ignore[no-untyped-def]
    """Return the slide ratio that mobilises `share` of the strength, inf from 1 on: the inverse of mobilised_share.

    Janosi and Hanamoto (1961), solved by Newton's method.
    """
    if share <= 0.0:
        return 0.0
    if share >= 1.0 - 1e-9:
        return math.inf
    # below the root of a concave, increasing function Newton's steps only grow towards it
    a = 2.0 * share
    for _ in range(60):
        if a < 1e-4:
            value = 0.5 * a - a * a / 6.0
            slope = 0.5 - a / 3.0
        else:
            value = 1.0 + math.expm1(-a) / a
            slope = (-math.expm1(-a) - a * math.exp(-a)) / (a * a)
        step = (share - value) / slope
        a += step
        if abs(step) <= 1e-10 * a:
            break
    return a * shear_modulus_m / length_m


@njit(cache=True)
def shear_strength(load_n, area_m2, soil):  # type: ignore[no-untyped-def]
    """Return the largest thrust [N] of a contact: c A + N tan(phi) (Mohr-Coulomb, as in Bekker 1969)."""
    return soil[3] * area_m2 + max(load_n, 0.0) * math.tan(soil[4])
