# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Statistically true relief: self-affine ground, craters and rocks, drawn from a generator and put on a grid."""

import math

import numpy as np
import numpy.typing as npt
import scipy.fft
from numba import njit

FloatArray = npt.NDArray[np.float64]
HeightArray = npt.NDArray[np.float32]

CRATER_REACH = 3.0
"""Radii out to which a crater's ejecta are laid."""


def draw_fractal(
    shape: tuple[int, int],
    cell_m: float,
    rms_deviation_m: float,
    lag_m: float,
    hurst: float,
    wavelengths_m: tuple[float, float],
    rng: np.random.Generator,
) -> HeightArray:
    """Draw a self-affine surface (ny, nx): power spectrum k^-(2H + 2) between two wavelengths, mean about zero.

    rms_deviation_m is the expected root mean square of height differences at distance lag_m (structure function).
    """
    # Drawn on a larger periodic torus, so that opposite edges of the part that is kept are not alike.
    ny, nx = (scipy.fft.next_fast_len(int(1.25 * n), real=True) for n in shape)
    ky = scipy.fft.fftfreq(ny, cell_m)[:, None]
    kx = scipy.fft.rfftfreq(nx, cell_m)[None, :]
    k = np.hypot(kx, ky)
    inside = (k >= 1.0 / wavelengths_m[1]) & (k <= 1.0 / wavelengths_m[0])
    power = np.zeros(k.shape)
    power[inside] = k[inside] ** -(2.0 * hurst + 2.0)
    twice = np.full(kx.shape, 2.0)
    twice[0, 0] = 1.0
    if nx % 2 == 0:
        twice[0, -1] = 1.0
    expected = float(np.sum(twice * power * 2.0 * (1.0 - np.cos(2.0 * math.pi * kx * lag_m))))
    if expected <= 0.0 or rms_deviation_m == 0.0:
        return np.zeros(shape, dtype=np.float32)
    white = scipy.fft.rfft2(rng.standard_normal((ny, nx)))
    # White noise of variance 1 has |FFT|^2 = ny nx, and the inverse divides by ny nx again.
    scale = rms_deviation_m * math.sqrt(ny * nx / expected)
    field = scipy.fft.irfft2(white * np.sqrt(power) * scale, s=(ny, nx))
    return np.asarray(field[: shape[0], : shape[1]], dtype=np.float32)


def draw_craters(
    bounds_m: tuple[float, float, float, float],
    density: float,
    diameters_m: tuple[float, float],
    depth_ratio: tuple[float, float],
    rng: np.random.Generator,
) -> FloatArray:
    """Draw craters (n, 5): x, y, diameter, depth below the rim crest, rim height, the largest first.

    bounds_m is (x_min, y_min, x_max, y_max). N(>D) = density D^-2 (equilibrium), depth over diameter log-uniform:
    craters in equilibrium are in every state of decay. Rim height is 0.036 D for a fresh crater of depth 0.2 D and
    shrinks with the depth.
    """
    x_min, y_min, x_max, y_max = bounds_m
    small, large = diameters_m[0] ** -2, diameters_m[1] ** -2
    count = int(rng.poisson(density * (x_max - x_min) * (y_max - y_min) * (small - large)))
    diameter = (small - rng.random(count) * (small - large)) ** -0.5
    ratio = np.exp(rng.uniform(math.log(depth_ratio[0]), math.log(depth_ratio[1]), count))
    craters = np.stack(
        [
            rng.uniform(x_min, x_max, count),
            rng.uniform(y_min, y_max, count),
            diameter,
            ratio * diameter,
            0.036 * diameter * ratio / 0.2,
        ],
        axis=-1,
    )
    return np.asarray(craters[np.argsort(-diameter)])


def draw_rocks(
    bounds_m: tuple[float, float, float, float],
    area_fraction: float,
    diameters_m: tuple[float, float],
    rng: np.random.Generator,
) -> FloatArray:
    """Draw rocks (n, 4): x, y, diameter, height.

    The share of ground under rocks of at least D is area_fraction exp(-q D), q = 1.74 1/m (literature value, after
    Golombek and Rapp 1997); height is 0.5..0.8 of the diameter.
    """
    q = 1.74
    d = np.geomspace(diameters_m[0], diameters_m[1], 400)
    density = area_fraction * q * np.exp(-q * d) / (math.pi * d**2 / 4.0)
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(d))])
    x_min, y_min, x_max, y_max = bounds_m
    count = int(rng.poisson(cumulative[-1] * (x_max - x_min) * (y_max - y_min)))
    diameter = np.interp(rng.random(count) * cumulative[-1], cumulative, d)
    return np.stack(
        [
            rng.uniform(x_min, x_max, count),
            rng.uniform(y_min, y_max, count),
            diameter,
            diameter * rng.uniform(0.5, 0.8, count),
        ],
        axis=-1,
    )


def away_from(items: FloatArray, points: FloatArray, clearance_m: float) -> FloatArray:
    """Keep the items (x, y, diameter, ...) whose rims stay clearance_m away from all points (n, 2)."""
    if not len(items) or not len(points):
        return items
    distance = np.hypot(items[:, 0, None] - points[None, :, 0], items[:, 1, None] - points[None, :, 1])
    return np.asarray(items[distance.min(axis=1) > clearance_m + 0.5 * items[:, 2]])


@njit(cache=True)
def stamp_craters(heights: HeightArray, x0_m: float, y0_m: float, cell_m: float, craters: FloatArray) -> None:
    """Add craters (n, 5) to a grid in place.

    Profile over u = r / R: rim - depth (1 - u^2)^2 inside, a softened bowl whose steepest slope is 3.1 depth / D;
    outside the rim falls as u^-3, brought to nothing at CRATER_REACH.
    """
    ny, nx = heights.shape
    floor = CRATER_REACH**-3
    for n in range(craters.shape[0]):
        x, y, diameter, depth, rim = craters[n]
        radius = 0.5 * diameter
        reach = CRATER_REACH * radius
        first_i = max(0, math.ceil((y - reach - y0_m) / cell_m))
        last_i = min(ny - 1, math.floor((y + reach - y0_m) / cell_m))
        first_j = max(0, math.ceil((x - reach - x0_m) / cell_m))
        last_j = min(nx - 1, math.floor((x + reach - x0_m) / cell_m))
        for i in range(first_i, last_i + 1):
            dy = y0_m + i * cell_m - y
            for j in range(first_j, last_j + 1):
                dx = x0_m + j * cell_m - x
                u = math.sqrt(dx * dx + dy * dy) / radius
                if u < 1.0:
                    heights[i, j] += rim - depth * (1.0 - u * u) ** 2
                elif u < CRATER_REACH:
                    heights[i, j] += rim * (u**-3 - floor) / (1.0 - floor)


@njit(cache=True)
def stamp_rocks(heights: HeightArray, x0_m: float, y0_m: float, cell_m: float, rocks: FloatArray) -> None:
    """Add rocks (n, 4) to a grid in place as half ellipsoids; one smaller than a cell still lifts the nearest node."""
    ny, nx = heights.shape
    for n in range(rocks.shape[0]):
        x, y, diameter, height = rocks[n]
        radius = 0.5 * diameter
        near_i = math.floor((y - y0_m) / cell_m + 0.5)
        near_j = math.floor((x - x0_m) / cell_m + 0.5)
        span = math.ceil(radius / cell_m)
        for i in range(max(0, near_i - span), min(ny - 1, near_i + span) + 1):
            dy = y0_m + i * cell_m - y
            for j in range(max(0, near_j - span), min(nx - 1, near_j + span) + 1):
                dx = x0_m + j * cell_m - x
                u = (dx * dx + dy * dy) / (radius * radius)
                if u < 1.0:
                    heights[i, j] += height * math.sqrt(1.0 - u)
                elif i == near_i and j == near_j:
                    # The node samples the rock's flank: a share of its height, so that no rock is lost between nodes.
                    heights[i, j] += 0.5 * height
