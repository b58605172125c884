# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All that is told of the ground, by name: what it is like, how the vehicle stands on it, what it costs to cross."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models.soil_strength import SLOPE_MAX_RAD, StrengthTable
from lupex_traversability.driving_cost import Ground
from lupex_traversability.elevation_map import ElevationMap
from lupex_traversability.soil.strength_grid import Strength
from lupex_traversability.stand_bound import Standing

Grid = NDArray[np.float32]

_SLOPES = 181
_LOW_SIGMA = 1.645
"""A 5 % quantile lies so many sigma off."""

LEAST_IS_WORST = frozenset({"clearance", "stability_margin", "speed"})
"""Layers of which the least of several cells is the worst; of all others it is the greatest."""


@dataclass(frozen=True)
class Crossing:
    """Of driving straight up slopes 0..SLOPE_MAX_RAD (k,), on the soil as it is known, with one sigma of each."""

    slip: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    power_w: NDArray[np.float64]

    @classmethod
    def on(cls, table: StrengthTable, strength: float) -> "Crossing":
        """Return what a strength of the soil makes of it."""
        slopes = np.linspace(0.0, SLOPE_MAX_RAD, _SLOPES)
        across = np.zeros(_SLOPES)
        soil = np.full(_SLOPES, strength)
        return cls(
            table.slip(slopes, across, soil), table.speed_mps(slopes, across, soil), table.power_w(slopes, across, soil)
        )

    @property
    def minutes_per_m(self) -> NDArray[np.float64]:
        """Return minutes a metre; inf where it cannot be driven."""
        return _over(1.0 / 60.0, self.speed_mps)

    @property
    def wh_per_m(self) -> NDArray[np.float64]:
        """Return Wh a metre that the drives take; inf where it cannot be driven."""
        return _over(self.power_w / 3600.0, self.speed_mps)


def _over(of: NDArray[np.float64] | float, speed_mps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(speed_mps > 0.0, of / np.maximum(speed_mps, 1e-9), math.inf)


def ground_layers(
    ground: ElevationMap, derived: Ground, standing: Standing, soil: Strength, table: StrengthTable, tip_over_rad: float
) -> dict[str, Grid]:
    """Return the layers (n, n) by name, nan where they are not known; docs/traversability.md says what each is.

    What it costs to cross holds for the slope uphill, on the soil that driving has taught or, before, on that expected.
    """
    usual, weak = Crossing.on(table, soil.median), Crossing.on(table, soil.low)
    slope = derived.slope_rad
    layers = {
        "elevation": np.where(ground.known, ground.height_m, np.nan).astype(np.float32),
        "elevation_sigma": np.where(ground.known, np.sqrt(ground.variance_m2), np.nan).astype(np.float32),
        "slope": slope,
        "step": derived.step_m,
        "roughness": derived.roughness_m,
        "rock": _rocks(ground, derived),
        "hidden": np.where(np.isfinite(ground.hidden_m), ground.hidden_m, np.nan).astype(np.float32),
        "tilt": standing.tilt_rad,
        "step_above_tracks": standing.step_m,
        "clearance": standing.clearance_m,
        "stability_margin": (tip_over_rad - standing.tilt_rad).astype(np.float32),
    }
    for name, expected, at_worst in (
        ("slip", usual.slip, weak.slip),
        ("speed", usual.speed_mps, weak.speed_mps),
        ("minutes_per_m", usual.minutes_per_m, weak.minutes_per_m),
        ("wh_per_m", usual.wh_per_m, weak.wh_per_m),
    ):
        layers[name] = _by_slope(expected, slope)
        with np.errstate(invalid="ignore"):
            layers[f"{name}_sigma"] = _by_slope(np.abs(at_worst - expected) / _LOW_SIGMA, slope)
    cost = np.where(derived.cost < 0, np.nan, derived.cost).astype(np.float32)
    return {**layers, "limit": np.where(np.isnan(cost), np.nan, derived.limit).astype(np.float32), "cost": cost}


def _by_slope(values: NDArray[np.float64], slope_rad: Grid) -> Grid:
    """Return a quantity known over slopes at each cell's, on the steeper side; nan where there is none or no end."""
    known = np.isfinite(slope_rad)
    index = np.ceil(np.where(known, slope_rad, 0.0) * ((_SLOPES - 1) / SLOPE_MAX_RAD)).astype(np.intp)
    beyond = index >= _SLOPES
    found = values[np.minimum(index, _SLOPES - 1)]
    return np.where(known & ~beyond & np.isfinite(found), found, np.nan).astype(np.float32)


def _rocks(ground: ElevationMap, derived: Ground) -> Grid:
    """Return by how much a cell's top stands above its own mean height, where it is more than the slope makes of it."""
    slope = np.tan(derived.slope_rad)
    top = ground.high_m - ground.height_m - 0.5 * math.sqrt(2.0) * ground.config.cell_m * slope
    return np.where(np.isfinite(derived.slope_rad), np.maximum(top, 0.0), np.nan).astype(np.float32)
