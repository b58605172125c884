# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip, side slip, sinkage and power of the crawler vehicle on a slope, from the balance of forces."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.elementwise import elementwise
from lupex_models.rover import Crawler, Rover
from lupex_models.soil import (
    NOMINAL_SOIL,
    Soil,
    SoilSpread,
    compaction_resistance,
    mobilised_share,
    nominal_soil,
    shear_strength,
    slide_for_share,
    soil_spread,
    track_sinkage,
)

Array = NDArray[np.float64]
UNITS = 4


class DriveState(NamedTuple):
    """Steady motion of the vehicle; slip > 0 when the tracks run further than the ground, < 0 when it skids."""

    slip: float
    ground_speed_mps: float
    power_w: float
    sinkage_m: float
    feasible: bool
    side_slip_rad: float
    """Angle of the motion over ground to the left of the heading."""
    torque_nm: float
    """At each sprocket; negative while it brakes."""


def drive(
    crawler: Crawler,
    mass_kg: float,
    slope_along_rad: float,
    slope_across_rad: float,
    speed_mps: float,
    soil: Soil = NOMINAL_SOIL,
) -> DriveState:
    """Return the steady state of driving straight at track speed `speed_mps` (negative: backwards).

    `slope_along_rad` is positive uphill in the heading, `slope_across_rad` positive where the left is higher.
    The balance of thrust by Janosi-Hanamoto, compaction by Bekker, track friction and weight (Wong 2008, ch. 4), the
    lateral force met by a side slide. Where traction or torque does not suffice: slip 1, no ground speed, `feasible`
    false; power is then that of tracks spinning at full traction, or at the torque limit.
    """
    return DriveState(
        *_drive(crawler_row(crawler), mass_kg, slope_along_rad, slope_across_rad, speed_mps, soil.as_row())
    )


def crawler_row(crawler: Crawler) -> Array:
    """Return the crawler as the row that the kernels take."""
    return np.array(
        [
            crawler.track_length_m,
            crawler.track_width_m,
            crawler.sprocket_radius_m,
            crawler.traction_derating,
            crawler.max_torque_nm,
            crawler.drive_efficiency,
            crawler.internal_resistance_coefficient,
            crawler.slide_viscosity_s_m,
        ]
    )


@njit(cache=True)
def tilt_components(slope_along_rad, slope_across_rad):  # type: ignore[no-untyped-def]
    """Return the unit weight's parts (along, across, normal) for a heading's slopes along and across.

    The heading lies in the surface, rising by `slope_along_rad`; across is to its left within the surface. Exact for a
    plane with gradient (tan along, tan across), from geometry alone.
    """
    gx = math.tan(slope_along_rad)
    gy = math.tan(slope_across_rad)
    normal = 1.0 / math.sqrt(1.0 + gx * gx + gy * gy)
    along = math.sin(slope_along_rad)
    across = math.copysign(math.sqrt(max(1.0 - normal * normal - along * along, 0.0)), gy)
    return along, across, normal


@njit(cache=True)
def _drive(crawler, mass_kg, slope_along_rad, slope_across_rad, speed_mps, soil):  # type: ignore[no-untyped-def]
    length, width, radius, derating, max_torque, efficiency, internal, _ = crawler
    weight = mass_kg * MOON_GRAVITY_M_S2
    forward = 1.0 if speed_mps >= 0.0 else -1.0
    along, across, normal = tilt_components(slope_along_rad, slope_across_rad)
    load = weight * normal / UNITS
    sinkage = track_sinkage(load / (length * width), width, soil)
    compaction = UNITS * compaction_resistance(sinkage, width, soil)
    # seen in the direction of travel: a vehicle backing up a slope climbs it
    thrust = weight * along * forward + compaction
    lateral = weight * across
    strength = UNITS * derating * shear_strength(load, length * width, soil)
    demand = math.hypot(thrust, lateral)
    friction = internal * weight * normal
    # the shear stress points against the slide, so its two parts stand as the two forces do
    slide = slide_for_share(demand / strength, length, soil[5])
    slip = slide * thrust / demand if demand > 0.0 else 0.0
    drift = slide * lateral / demand if demand > 0.0 else 0.0
    torque = (thrust + friction) * radius / UNITS
    feasible = slip < 1.0 and abs(drift) < 1.0 and math.isfinite(slide) and torque <= max_torque
    speed = abs(speed_mps)
    if not feasible:
        torque = min((strength + friction) * radius / UNITS, max_torque)
        power = UNITS * torque * speed / radius / efficiency
        return 1.0, 0.0, power, sinkage, False, 0.0, torque
    ground = speed * (1.0 - slip)
    # braking power heats the drives: nothing flows back to the bus
    power = max(UNITS * torque * speed / radius, 0.0) / efficiency
    # the lower side pulls: with the left higher the vehicle drifts to the right
    side = math.atan2(-drift * forward, 1.0 - slip)
    return slip, ground, power, sinkage, True, side, torque


@njit(cache=True)
def unit_force(track_speed_mps, velocity_along_mps, velocity_across_mps, load_n, length_m, width_m, derating, soil):  # type: ignore[no-untyped-def]
    """Return the soil's force (along, across) [N] on one track unit that moves over the ground at the given velocity.

    Velocities and forces in the unit's own frame: along its track, and to its left. `soil` is a row of Soil.as_row().
    The shear displacement grows along the contact with the slide velocity over the track speed (Janosi and Hanamoto
    1961; its direction against the slide as in Wong 2008, sect. 6.3); the strength is derated from the uniform-pressure
    optimum; compaction resists the motion. With its track at rest a unit meets its full strength at 0.1 mm/s.
    """
    slide_along = track_speed_mps - velocity_along_mps
    slide_across = -velocity_across_mps
    slide_speed = math.hypot(slide_along, slide_across)
    reference = max(abs(track_speed_mps), 1e-4)
    share = mobilised_share(slide_speed / reference, length_m, soil[5])
    strength = derating * shear_strength(load_n, length_m * width_m, soil)
    scale = strength * share / slide_speed if slide_speed > 0.0 else 0.0
    sinkage = track_sinkage(load_n / (length_m * width_m), width_m, soil)
    resistance = compaction_resistance(sinkage, width_m, soil)
    # smooth through rest, where a rut has no direction
    resistance *= max(-1.0, min(1.0, velocity_along_mps / 1e-4))
    return scale * slide_along - resistance, scale * slide_across


@dataclass(frozen=True)
class LocomotionTable:
    """Slip, speed, power and energy over slope along (rows) and the size of the slope across (columns).

    Made once, then looked up bilinearly; every value is the given quantile over the soil's spread, on its worse side:
    slip, power and energy high, speed low. A cell that touches an infeasible node is infeasible: slip 1, speed 0,
    energy inf. Power and energy are those of the drives alone, at full track speed. The arrays are open to
    numba kernels through `lookup`.
    """

    along_rad: Array
    across_rad: Array
    slip_table: Array
    speed_table: Array
    power_table: Array
    energy_table: Array

    @classmethod
    def build(
        cls,
        rover: Rover,
        quantile: float | None = None,
        *,
        spread: SoilSpread | None = None,
        soils: int = 128,
        seed: int = 1,
        max_slope_rad: float = math.radians(36.0),
        step_rad: float = math.radians(1.0),
        speed_mps: float | None = None,
    ) -> "LocomotionTable":
        """Compute the table for the rover's nominal soil, or for a `quantile` (0..1) over `soils` drawn ones.

        A higher quantile is never the better in any cell. The drawn soils are those of the rover's own spread unless
        another is given. Raises ValueError for a quantile outside 0..1.
        """
        if quantile is not None and not 0.0 <= quantile <= 1.0:
            raise ValueError(f"quantile {quantile!r} is not within 0..1")
        count = math.ceil(max_slope_rad / step_rad)
        along = np.asarray(np.arange(-count, count + 1) * step_rad, np.float64)
        across = np.asarray(np.arange(0, count + 1) * step_rad, np.float64)
        if quantile is None:
            rows = nominal_soil(rover).as_row()[None, :]
        else:
            rows = (spread or soil_spread(rover)).draw(soils, np.random.default_rng(seed))
        speed = rover.crawler.max_speed_mps if speed_mps is None else speed_mps
        high = steady_drives(crawler_row(rover.crawler), rover.body.mass_kg, along, across, speed, rows)
        level = 0.5 if quantile is None else quantile
        slip, power, energy = (np.asarray(np.quantile(high[i], level, axis=0, method="higher")) for i in (0, 2, 3))
        ground = np.quantile(high[1], 1.0 - level, axis=0, method="lower")
        return cls(along, across, slip, ground, power, energy)

    def slip(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike = 0.0) -> Array:
        """Return the slip [-1..1] for slopes of any common shape."""
        return self._driven(self.slip_table, slope_along_rad, slope_across_rad, 1.0)

    def speed_mps(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike = 0.0) -> Array:
        """Return the speed over ground at full track speed."""
        return self._driven(self.speed_table, slope_along_rad, slope_across_rad, 0.0)

    def power_w(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike = 0.0) -> Array:
        """Return the electrical power of the drives at full track speed; inf beyond the table."""
        return self._at(self.power_table, slope_along_rad, slope_across_rad, math.inf)

    def energy_per_m_j(self, slope_along_rad: ArrayLike, slope_across_rad: ArrayLike = 0.0) -> Array:
        """Return the electrical energy of the drives for each metre over ground; inf where it cannot be driven."""
        return self._at(self.energy_table, slope_along_rad, slope_across_rad, math.inf)

    def _driven(self, table: Array, along: ArrayLike, across: ArrayLike, infeasible: float) -> Array:
        with np.errstate(invalid="ignore"):  # of slopes that are none, and of tables that end in inf
            return elementwise(_driven, (table, self.energy_table, *self._lattice, infeasible), along, across)[()]

    def _at(self, table: Array, along: ArrayLike, across: ArrayLike, beyond: float) -> Array:
        with np.errstate(invalid="ignore"):
            return elementwise(_found, (table, *self._lattice, beyond), along, across)[()]

    @property
    def _lattice(self) -> tuple[float, float]:
        """First slope along and step."""
        return self.along_rad[0], self.along_rad[1] - self.along_rad[0]


@njit(cache=True)
def steady_drives(crawler, mass_kg, along, across, speed_mps, soils):  # type: ignore[no-untyped-def]
    """Return slip, ground speed, power and energy per metre (4, soils, along, across) of `drive` on each soil row.

    The balance of forces is that of `drive` (Wong 2008, ch. 4).
    """
    found = np.empty((4, soils.shape[0], along.size, across.size))
    for k in range(soils.shape[0]):
        for i in range(along.size):
            for j in range(across.size):
                slip, ground, power, _, feasible, _, _ = _drive(
                    crawler, mass_kg, along[i], across[j], speed_mps, soils[k]
                )
                found[0, k, i, j] = slip
                found[1, k, i, j] = ground
                found[2, k, i, j] = power
                found[3, k, i, j] = power / ground if feasible else math.inf
    return found


@njit(cache=True)
def lookup(table, first_along_rad, step_rad, along_rad, across_rad, beyond):  # type: ignore[no-untyped-def]
    """Return the bilinear value of a LocomotionTable array; `beyond` outside it, next to inf and for nan slopes."""
    a = (along_rad - first_along_rad) / step_rad
    c = abs(across_rad) / step_rad
    rows, columns = table.shape
    if not (a >= 0.0 and a <= rows - 1 and c <= columns - 1):
        return beyond
    i = min(int(a), rows - 2)
    j = min(int(c), columns - 2)
    u = a - i
    v = c - j
    corners = (table[i, j], table[i + 1, j], table[i, j + 1], table[i + 1, j + 1])
    for value in corners:
        if not math.isfinite(value):
            return beyond
    return corners[0] * (1 - u) * (1 - v) + corners[1] * u * (1 - v) + corners[2] * (1 - u) * v + corners[3] * u * v


@njit(cache=True)
def _found(table, first_along_rad, step_rad, beyond, along_rad, across_rad):  # type: ignore[no-untyped-def]
    out = np.empty(along_rad.size)
    for i in range(along_rad.size):
        out[i] = lookup(table, first_along_rad, step_rad, along_rad[i], across_rad[i], beyond)
    return out


@njit(cache=True)
def _driven(table, energy, first_along_rad, step_rad, infeasible, along_rad, across_rad):  # type: ignore[no-untyped-def]
    out = np.empty(along_rad.size)
    for i in range(along_rad.size):
        can = lookup(energy, first_along_rad, step_rad, along_rad[i], across_rad[i], math.inf) < math.inf
        found = lookup(table, first_along_rad, step_rad, along_rad[i], across_rad[i], infeasible)
        out[i] = found if can else infeasible
    return out
