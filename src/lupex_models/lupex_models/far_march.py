# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of far terrain: rays marched through nested fields, mostly from a lattice of observers."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear
from lupex_models.skyline_sweep import NO_TERRAIN_SLOPE

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

LATTICE_DISTANCE_M = 800.0
"""Terrain nearer than this is looked at from each cell itself: a lattice of observers is too coarse for it."""

_STEP_CELLS = 0.5
_FINEST_STEP_CELLS = 1.0 / 16.0
_STEP_OF_DISTANCE = 0.005
_FINE_STEPS = 8


def far_skyline(
    near: HeightField,
    far: Sequence[HeightField],
    azimuths_rad: FloatArray,
    observer_height_m: float,
    range_m: float,
    lattice_cells: int,
) -> tuple[Float32Array, Float32Array]:
    """Return the far skyline of a lattice of observers over the near field, as two arrays (azimuth, lattice, lattice).

    For an observer at ground height z the slope is first - z * second, second being 1 / distance of the skyline: first
    order in the height, around the lattice point's own ground. Terrain inside the near field does not count; where far
    fields overlap the first of them does. Terrain nearer than LATTICE_DISTANCE_M is left to seam_skyline.
    """
    shape = (azimuths_rad.size, lattice_cells, lattice_cells)
    best = np.full(shape, NO_TERRAIN_SLOPE, dtype=np.float32)
    inverse = np.zeros(shape, dtype=np.float32)
    x_min, y_min, x_max, y_max = near.bounds_m
    x = np.linspace(x_min, x_max, lattice_cells)
    y = np.linspace(y_min, y_max, lattice_cells)
    ground = near.height(x[None, :], y[:, None])
    for field, inner in zip(far, _inner_bounds(near, far), strict=True):
        _march(
            field.heights_m,
            field.x0_m,
            field.y0_m,
            field.cell_m,
            np.array(inner),
            x,
            y,
            ground + observer_height_m,
            azimuths_rad,
            range_m,
            best,
            inverse,
        )
    return np.asarray(best + ground * inverse, dtype=np.float32), inverse


def seam_skyline(
    near: HeightField,
    far: Sequence[HeightField],
    azimuths_rad: FloatArray,
    observer_height_m: float,
    rows: IntArray,
    columns: IntArray,
    unit_rad: float,
    counts: npt.NDArray[np.int16],
) -> None:
    """Raise counts to the far terrain that begins nearer than LATTICE_DISTANCE_M, marched from each cell."""
    eyes = near.heights_m[np.ix_(rows, columns)].astype(np.float64) + observer_height_m
    for field, inner in zip(far, _inner_bounds(near, far), strict=True):
        _march_seam(
            field.heights_m,
            field.x0_m,
            field.y0_m,
            field.cell_m,
            np.array(inner),
            near.x_m[columns],
            near.y_m[rows],
            eyes,
            azimuths_rad,
            unit_rad,
            counts,
        )


def _inner_bounds(near: HeightField, far: Sequence[HeightField]) -> list[tuple[float, float, float, float]]:
    # What the finer fields before each far field cover.
    bounds = [near.bounds_m]
    for field in far:
        inner, outer = bounds[-1], field.bounds_m
        bounds.append(
            (min(inner[0], outer[0]), min(inner[1], outer[1]), max(inner[2], outer[2]), max(inner[3], outer[3]))
        )
    return bounds[:-1]


@njit(cache=True)
def _exit_distance(x: float, y: float, dx: float, dy: float, box: FloatArray) -> float:
    out = math.inf
    if dx > 1e-12:
        out = min(out, (box[2] - x) / dx)
    elif dx < -1e-12:
        out = min(out, (box[0] - x) / dx)
    if dy > 1e-12:
        out = min(out, (box[3] - y) / dy)
    elif dy < -1e-12:
        out = min(out, (box[1] - y) / dy)
    return max(out, 0.0)


@njit(cache=True)
def _step(cell: float, distance: float) -> float:
    return max(cell * _FINEST_STEP_CELLS, min(cell * _STEP_CELLS, distance * _STEP_OF_DISTANCE))


@njit(cache=True)
def _slope_at(
    heights: Float32Array,
    x0: float,
    y0: float,
    cell: float,
    x: float,
    y: float,
    dx: float,
    dy: float,
    d: float,
    eye: float,
) -> float:
    z = bilinear(heights, (x + d * dx - x0) / cell, (y + d * dy - y0) / cell)
    return float((z - eye) / d - d / (2.0 * MOON_RADIUS_M))


@njit(cache=True, parallel=True)
def _march(
    heights: Float32Array,
    x0: float,
    y0: float,
    cell: float,
    inner: FloatArray,
    xs: FloatArray,
    ys: FloatArray,
    eyes: FloatArray,
    azimuths: FloatArray,
    range_m: float,
    best: Float32Array,
    inverse: Float32Array,
) -> None:
    ny, nx = heights.shape
    outer = np.array([x0, y0, x0 + (nx - 1) * cell, y0 + (ny - 1) * cell])
    for task in prange(azimuths.size * ys.size):
        k, i = task // ys.size, task % ys.size
        dx, dy = math.sin(azimuths[k]), math.cos(azimuths[k])
        for j in range(xs.size):
            x, y, eye = xs[j], ys[i], eyes[i, j]
            slope, nearness = float(best[k, i, j]), float(inverse[k, i, j])
            d = max(_exit_distance(x, y, dx, dy, inner), LATTICE_DISTANCE_M)
            end = min(range_m, _exit_distance(x, y, dx, dy, outer))
            begin, found = d, -1.0
            while d < end:
                s = _slope_at(heights, x0, y0, cell, x, y, dx, dy, d, eye)
                if s > slope:
                    slope, found = s, d
                d += _step(cell, d)
            if found > 0.0:
                # A crest between two steps is higher than both: look once more around the best one.
                step = _step(cell, found) / _FINE_STEPS
                nearness = 1.0 / found
                for n in range(1 - _FINE_STEPS, _FINE_STEPS):
                    d = found + n * step
                    if begin <= d < end:
                        s = _slope_at(heights, x0, y0, cell, x, y, dx, dy, d, eye)
                        if s > slope:
                            slope, nearness = s, 1.0 / d
            best[k, i, j] = slope
            inverse[k, i, j] = nearness


@njit(cache=True, parallel=True)
def _march_seam(
    heights: Float32Array,
    x0: float,
    y0: float,
    cell: float,
    inner: FloatArray,
    xs: FloatArray,
    ys: FloatArray,
    eyes: FloatArray,
    azimuths: FloatArray,
    unit_rad: float,
    counts: npt.NDArray[np.int16],
) -> None:
    ny, nx = heights.shape
    outer = np.array([x0, y0, x0 + (nx - 1) * cell, y0 + (ny - 1) * cell])
    for task in prange(azimuths.size * ys.size):
        k, i = task // ys.size, task % ys.size
        dx, dy = math.sin(azimuths[k]), math.cos(azimuths[k])
        for j in range(xs.size):
            d = max(_exit_distance(xs[j], ys[i], dx, dy, inner), cell * _FINEST_STEP_CELLS)
            if d >= LATTICE_DISTANCE_M:
                continue
            end = min(LATTICE_DISTANCE_M, _exit_distance(xs[j], ys[i], dx, dy, outer))
            slope = NO_TERRAIN_SLOPE
            while d < end:
                slope = max(slope, _slope_at(heights, x0, y0, cell, xs[j], ys[i], dx, dy, d, eyes[i, j]))
                d += _step(cell, d)
            counts[k, i, j] = max(counts[k, i, j], np.int16(round(math.atan(slope) / unit_rad)))
