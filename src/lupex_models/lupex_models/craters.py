# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Impact craters: an equilibrium population with ages, and their shape on a height field."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import setting
from lupex_models.height_field import HeightField

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CraterShape:
    """Proportions of a simple crater."""

    fresh_depth_ratio: float = setting(
        0.2, "rim to floor over diameter when fresh (Pike 1974)", minimum=0.01, maximum=0.5
    )
    rim_ratio: float = setting(0.036, "rim height over diameter when fresh", minimum=0.0, maximum=0.2)
    ejecta_power: float = setting(3.0, "fall of the ejecta blanket with distance", minimum=1.0, maximum=6.0)
    ejecta_radii: float = setting(3.0, "where the blanket ends", unit="crater radii", minimum=1.1, maximum=10.0)
    diffusivity_m2_myr: float = setting(
        5.5, "of topography, mean of 3 Gyr (Fassett and Thomson 2014)", unit="m2/Myr", minimum=0.01, maximum=1000.0
    )
    decay_per_diffusion: float = setting(
        14.0,
        "decay over diffusivity times age over radius squared; gives the depths that source states",
        minimum=0.1,
        maximum=1000.0,
    )


@dataclass(frozen=True)
class CraterStatistics:
    """An equilibrium population, N(>D) = coefficient / D^2 per square metre, D in metres."""

    coefficient: float = setting(0.05, "0.03..0.08 on the Moon, literature value", minimum=0.0, maximum=0.5)
    smallest_m: float = setting(15.0, unit="m", minimum=0.1, maximum=1000.0)
    largest_m: float = setting(
        200.0, "above it craters are no longer in equilibrium", unit="m", minimum=0.2, maximum=5e3
    )
    oldest_decay: float = setting(
        3.7,
        "how often over the oldest crater has decayed; assumption: gives a median depth ratio of 0.07",
        minimum=0.0,
        maximum=100.0,
    )
    youngest_decay: float = setting(
        0.0, "the same of the youngest: above 0 where no fresh crater is wanted", minimum=0.0, maximum=100.0
    )


@dataclass(frozen=True)
class Craters:
    """Craters as arrays (n): centre, rim-to-rim diameter and rim-to-floor depth over diameter."""

    x_m: FloatArray
    y_m: FloatArray
    diameter_m: FloatArray
    depth_ratio: FloatArray

    def __len__(self) -> int:
        return int(self.x_m.size)

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Craters":
        """Return those chosen by a mask (n)."""
        return Craters(self.x_m[chosen], self.y_m[chosen], self.diameter_m[chosen], self.depth_ratio[chosen])


NO_CRATERS = Craters(*(np.empty(0) for _ in range(4)))


def one_crater(x_m: float, y_m: float, diameter_m: float, depth_ratio: float) -> Craters:
    """Return a single crater at a chosen place. Raises ValueError when it has no positive size or depth."""
    if not (diameter_m > 0.0 and depth_ratio > 0.0):
        raise ValueError(f"a crater needs a positive diameter and depth ratio, got {diameter_m} m and {depth_ratio}")
    return Craters(np.array([x_m]), np.array([y_m]), np.array([diameter_m]), np.array([depth_ratio]))


def crater_population(
    bounds_m: tuple[float, float, float, float],
    statistics: CraterStatistics,
    shape: CraterShape,
    rng: np.random.Generator,
) -> Craters:
    """Draw an equilibrium population over (x_min, y_min, x_max, y_max).

    N(>D) = k D^-2 is the equilibrium of small craters (Gault 1970; Xiao and Werner 2015); the count is Poisson. Craters
    are made and worn away at the same rate, so that a crater's age is uniform over the time in which it vanishes; its
    depth falls with age as in `worn_depth_ratio`, and `crater_age_myr` gives the age back.
    Raises ValueError when the largest diameter is not above the smallest, or the oldest decay below the youngest.
    """
    small, large = statistics.smallest_m, statistics.largest_m
    youngest, oldest = statistics.youngest_decay, statistics.oldest_decay
    if large <= small:
        raise ValueError(f"largest_m ({large}) must be above smallest_m ({small})")
    if oldest < youngest:
        raise ValueError(f"oldest_decay ({oldest}) must not be below youngest_decay ({youngest})")
    x_min, y_min, x_max, y_max = bounds_m
    expected = statistics.coefficient * (small**-2 - large**-2) * (x_max - x_min) * (y_max - y_min)
    count = int(rng.poisson(expected))
    diameters = (small**-2 - rng.random(count) * (small**-2 - large**-2)) ** -0.5
    return Craters(
        rng.uniform(x_min, x_max, count),
        rng.uniform(y_min, y_max, count),
        diameters,
        shape.fresh_depth_ratio / (1.0 + youngest + (oldest - youngest) * rng.random(count)),
    )


def worn_depth_ratio(diameter_m: npt.ArrayLike, age_myr: npt.ArrayLike, shape: CraterShape) -> FloatArray:
    """Return depth over diameter at an age [Myr]: fresh / (1 + decay), decay = c kappa t / R^2.

    Diffusion of topography wears a crater over a time that grows with its area (Fassett and Thomson 2014). With their
    mean kappa this falls in 3 Gyr to their 52 % of the first depth at 1 km, and to 9 % at 300 m, where they give 7 %.
    """
    radius = 0.5 * np.asarray(diameter_m, dtype=np.float64)
    decay = shape.decay_per_diffusion * shape.diffusivity_m2_myr * np.asarray(age_myr, dtype=np.float64) / radius**2
    return np.asarray(shape.fresh_depth_ratio / (1.0 + decay))


def crater_age_myr(diameter_m: npt.ArrayLike, depth_ratio: npt.ArrayLike, shape: CraterShape) -> FloatArray:
    """Return the age [Myr] of craters from their depth over diameter: inverse of worn_depth_ratio."""
    decay = shape.fresh_depth_ratio / np.asarray(depth_ratio, dtype=np.float64) - 1.0
    radius = 0.5 * np.asarray(diameter_m, dtype=np.float64)
    return np.asarray(decay * radius**2 / (shape.decay_per_diffusion * shape.diffusivity_m2_myr))


def crater_profile(
    distance_radii: npt.ArrayLike, diameter_m: float, depth_ratio: float, shape: CraterShape
) -> FloatArray:
    """Return the height change at distances from the centre given in crater radii.

    The bowl is rim - depth (1 - u^2)^2, level at floor and crest, steepest (1.54 depth / radius) between; fresh depth
    and rim height over diameter after Pike (1974, 1977). The blanket falls from the rim as u^-3 (McGetchin et al. 1973)
    and ends at ejecta_radii. The rim is worn down with the depth.
    """
    u = np.atleast_1d(np.asarray(distance_radii, dtype=np.float64))
    values = np.array([_profile(float(v), diameter_m, depth_ratio, *_proportions(shape)) for v in u.ravel()])
    return values.reshape(np.shape(distance_radii))


def add_craters(field: HeightField, craters: Craters, shape: CraterShape) -> HeightField:
    """Return the field with craters dug into it by `crater_profile`; those outside count as far as they reach in."""
    heights = field.heights_m.astype(np.float64)
    _dig(
        heights,
        field.x0_m,
        field.y0_m,
        field.cell_m,
        craters.x_m,
        craters.y_m,
        craters.diameter_m,
        craters.depth_ratio,
        *_proportions(shape),
    )
    return HeightField(heights.astype(np.float32), field.x0_m, field.y0_m, field.cell_m)


def _proportions(shape: CraterShape) -> tuple[float, float, float]:
    return shape.rim_ratio / shape.fresh_depth_ratio, shape.ejecta_power, shape.ejecta_radii


@njit(cache=True)
def _profile(u: float, diameter: float, depth_ratio: float, rim_of_depth: float, power: float, reach: float) -> float:
    depth = depth_ratio * diameter
    rim = rim_of_depth * depth
    if u < 1.0:
        return float(rim - depth * (1.0 - u * u) ** 2)
    if u < reach:
        # Lowered by its value at the end, so that no step is left there.
        end = reach**-power
        return float(rim * (u**-power - end) / (1.0 - end))
    return 0.0


@njit(cache=True)
def _dig(
    heights: FloatArray,
    x0: float,
    y0: float,
    cell: float,
    xs: FloatArray,
    ys: FloatArray,
    diameters: FloatArray,
    depth_ratios: FloatArray,
    rim_of_depth: float,
    power: float,
    reach: float,
) -> None:
    ny, nx = heights.shape
    for k in range(xs.size):
        radius = 0.5 * diameters[k]
        extent = radius * reach
        j_first = max(0, math.ceil((xs[k] - extent - x0) / cell))
        j_last = min(nx - 1, math.floor((xs[k] + extent - x0) / cell))
        i_first = max(0, math.ceil((ys[k] - extent - y0) / cell))
        i_last = min(ny - 1, math.floor((ys[k] + extent - y0) / cell))
        for i in range(i_first, i_last + 1):
            dy = y0 + i * cell - ys[k]
            for j in range(j_first, j_last + 1):
                dx = x0 + j * cell - xs[k]
                u = math.sqrt(dx * dx + dy * dy) / radius
                heights[i, j] += _profile(u, diameters[k], depth_ratios[k], rim_of_depth, power, reach)
