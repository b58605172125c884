# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rocks on the ground by the cumulative area law."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import setting
from lupex_models.height_field import HeightField

FloatArray = npt.NDArray[np.float64]

_TABLE_POINTS = 4096


@dataclass(frozen=True)
class RockStatistics:
    """Share of ground covered by rocks of diameter D and more: F(D) = coverage exp(-decay D); literature values."""

    coverage: float = setting(0.0125, "k of the law", minimum=0.0, maximum=0.5)
    decay_per_m: float = setting(1.74, "q of the law", unit="1/m", minimum=0.1, maximum=20.0)
    smallest_m: float = setting(0.15, unit="m", minimum=0.01, maximum=10.0)
    largest_m: float = setting(3.0, unit="m", minimum=0.02, maximum=50.0)
    lowest_height_ratio: float = setting(0.5, "of the diameter", minimum=0.05, maximum=1.5)
    highest_height_ratio: float = setting(0.8, "of the diameter", minimum=0.05, maximum=1.5)


@dataclass(frozen=True)
class Rocks:
    """Rocks as arrays (n): centre, diameter, and height above the ground."""

    x_m: FloatArray
    y_m: FloatArray
    diameter_m: FloatArray
    height_m: FloatArray

    def __len__(self) -> int:
        return int(self.x_m.size)

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Rocks":
        """Return those chosen by a mask (n)."""
        return Rocks(self.x_m[chosen], self.y_m[chosen], self.diameter_m[chosen], self.height_m[chosen])


def covered_share(diameter_m: npt.ArrayLike, statistics: RockStatistics) -> FloatArray:
    """Return F(D), the share of ground covered by rocks of at least this diameter (Golombek and Rapp 1997)."""
    return np.asarray(statistics.coverage * np.exp(-statistics.decay_per_m * np.asarray(diameter_m, dtype=np.float64)))


def rock_population(
    bounds_m: tuple[float, float, float, float], statistics: RockStatistics, rng: np.random.Generator
) -> Rocks:
    """Draw rocks over (x_min, y_min, x_max, y_max), each covering a disc of its diameter.

    The number density is -F'(D) / (pi D^2 / 4) of `covered_share`, integrated on a fine table; the count is Poisson
    (Golombek and Rapp 1997).
    Raises ValueError when the largest diameter is not above the smallest.
    """
    small, large = statistics.smallest_m, statistics.largest_m
    if large <= small:
        raise ValueError(f"largest_m ({large}) must be above smallest_m ({small})")
    x_min, y_min, x_max, y_max = bounds_m
    edges = np.geomspace(small, large, _TABLE_POINTS)
    share = covered_share(edges, statistics)
    # Exact area of each narrow class over the mean footprint of its rocks.
    footprint = np.pi / 4.0 * edges[:-1] * edges[1:]
    per_m2 = (share[:-1] - share[1:]) / footprint
    cumulative = np.concatenate([[0.0], np.cumsum(per_m2)])
    count = int(rng.poisson(cumulative[-1] * (x_max - x_min) * (y_max - y_min)))
    diameters = np.interp(rng.random(count) * cumulative[-1], cumulative, edges)
    ratios = rng.uniform(statistics.lowest_height_ratio, statistics.highest_height_ratio, count)
    return Rocks(rng.uniform(x_min, x_max, count), rng.uniform(y_min, y_max, count), diameters, diameters * ratios)


def add_rocks(field: HeightField, rocks: Rocks) -> HeightField:
    """Return the field with rocks set on it as half ellipsoids; where rocks overlap the higher one shows.

    A rock that falls between cell centres lifts the nearest one by half its height, so that none is lost.
    """
    ground = field.heights_m.astype(np.float64)
    heights = ground.copy()
    _set(heights, ground, field.x0_m, field.y0_m, field.cell_m, rocks.x_m, rocks.y_m, rocks.diameter_m, rocks.height_m)
    return HeightField(heights.astype(np.float32), field.x0_m, field.y0_m, field.cell_m)


@njit(cache=True)
def _set(
    heights: FloatArray,
    ground: FloatArray,
    x0: float,
    y0: float,
    cell: float,
    xs: FloatArray,
    ys: FloatArray,
    diameters: FloatArray,
    rock_heights: FloatArray,
) -> None:
    ny, nx = heights.shape
    for k in range(xs.size):
        radius = 0.5 * diameters[k]
        j_first, j_last = math.ceil((xs[k] - radius - x0) / cell), math.floor((xs[k] + radius - x0) / cell)
        i_first, i_last = math.ceil((ys[k] - radius - y0) / cell), math.floor((ys[k] + radius - y0) / cell)
        for i in range(max(0, i_first), min(ny - 1, i_last) + 1):
            for j in range(max(0, j_first), min(nx - 1, j_last) + 1):
                dx, dy = x0 + j * cell - xs[k], y0 + i * cell - ys[k]
                inside = 1.0 - (dx * dx + dy * dy) / (radius * radius)
                if inside > 0.0:
                    heights[i, j] = max(heights[i, j], ground[i, j] + rock_heights[k] * math.sqrt(inside))
        i, j = math.floor((ys[k] - y0) / cell + 0.5), math.floor((xs[k] - x0) / cell + 0.5)
        if 0 <= i < ny and 0 <= j < nx:
            dx, dy = x0 + j * cell - xs[k], y0 + i * cell - ys[k]
            if dx * dx + dy * dy >= radius * radius:
                # The centre shows a flank of the rock: a share of its height.
                heights[i, j] = max(heights[i, j], ground[i, j] + 0.5 * rock_heights[k])
