# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of far terrain: rays marched through nested fields from a lattice of observers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear
from lupex_models.skyline_kernels import NO_TERRAIN_M, NO_TERRAIN_SLOPE

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

_LATTICE_DISTANCE_M = 800.0
_LATTICE_SPACINGS, _SEAM_CELLS = 5.0, 400
"""Terrain nearer than 800 m is looked at from each cell itself, as a lattice of observers is too coarse for it. Where
that would be a broad seam of fine cells, it is narrowed to so many cells, or to so many spacings of the lattice."""

_STEP_CELLS = 0.5
_FINEST_STEP_CELLS = 1.0 / 16.0
_STEP_OF_DISTANCE = 0.005
_FINE_STEPS = 8
_BLOCK = 8


def lattice_distance_m(near: HeightField, lattice_cells: int) -> float:
    """Return from what distance on a lattice of observers over the near field is fine enough to look at terrain."""
    spacing = near.cell_m * (max(near.shape) - 1) / max(lattice_cells - 1, 1)
    return min(_LATTICE_DISTANCE_M, max(_LATTICE_SPACINGS * spacing, _SEAM_CELLS * near.cell_m))


def with_surroundings(near: HeightField, far: Sequence[HeightField], margin_cells: int) -> Float32Array:
    """Return the near field's heights with a margin from the far fields (finest first), NO_TERRAIN_M where unknown."""
    ny, nx = near.shape
    out = np.full((ny + 2 * margin_cells, nx + 2 * margin_cells), NO_TERRAIN_M, dtype=np.float32)
    x0, y0 = near.x0_m - margin_cells * near.cell_m, near.y0_m - margin_cells * near.cell_m
    for field in reversed(far):
        _overwrite(field.heights_m, field.x0_m, field.y0_m, field.cell_m, x0, y0, near.cell_m, margin_cells, out)
    out[margin_cells : margin_cells + ny, margin_cells : margin_cells + nx] = near.heights_m
    return out


class FarRelief(NamedTuple):
    """A far field made ready for marching; inner_m (x and y of two corners) is what finer fields cover."""

    heights_m: Float32Array
    blocks_m: Float32Array
    x0_m: float
    y0_m: float
    cell_m: float
    inner_m: FloatArray


def far_relief(near: HeightField, far: Sequence[HeightField]) -> list[FarRelief]:
    """Make nested far fields (finest first) ready; where they overlap the first of them counts."""
    return [
        FarRelief(
            field.heights_m,
            _highest_of_blocks(field.heights_m),
            float(field.x0_m),
            float(field.y0_m),
            float(field.cell_m),
            np.array(inner, dtype=np.float64),
        )
        for field, inner in zip(far, _inner_bounds(near, far), strict=True)
    ]


def far_skyline(
    far: Sequence[FarRelief],
    azimuth_rad: float,
    lattice_x_m: FloatArray,
    lattice_y_m: FloatArray,
    ground_m: FloatArray,
    observer_height_m: float,
    begin_m: float,
    range_m: float,
) -> tuple[Float32Array, Float32Array]:
    """Return the far skyline of a lattice of observers above the ground (y, x) of the near field, as two arrays (y, x).

    For an observer at ground height z the slope is first - z * second, second being 1 / distance of the skyline: first
    order in the height, around the lattice point's own ground. Terrain inside the near field does not count, nor what
    is nearer than begin_m.
    """
    best = np.full(ground_m.shape, NO_TERRAIN_SLOPE, dtype=np.float32)
    inverse = np.zeros(ground_m.shape, dtype=np.float32)
    for relief in far:
        _march(
            relief,
            lattice_x_m,
            lattice_y_m,
            ground_m + observer_height_m,
            azimuth_rad,
            begin_m,
            range_m,
            best,
            inverse,
        )
    return np.asarray(best + ground_m * inverse, dtype=np.float32), inverse


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


@njit(cache=True)
def _overwrite(
    heights: Float32Array,
    x0: float,
    y0: float,
    cell: float,
    out_x0: float,
    out_y0: float,
    out_cell: float,
    margin: int,
    out: Float32Array,
) -> None:
    ny, nx = out.shape
    for i in range(ny):
        inside = margin <= i < ny - margin
        for j in range(nx):
            if inside and margin <= j < nx - margin:
                continue
            z = bilinear(heights, (out_x0 + j * out_cell - x0) / cell, (out_y0 + i * out_cell - y0) / cell)
            if math.isfinite(z):
                out[i, j] = z


@njit(cache=True)
def _highest_of_blocks(heights: Float32Array) -> Float32Array:
    # A block's own cells and the next ones, between which the surface is linear; unknown heights stand nowhere.
    ny, nx = heights.shape
    out = np.full(((ny - 1) // _BLOCK + 1, (nx - 1) // _BLOCK + 1), NO_TERRAIN_M, dtype=np.float32)
    for i in range(ny):
        for j in range(nx):
            z = heights[i, j]
            for a in range(max(i - 1, 0) // _BLOCK, i // _BLOCK + 1):
                for b in range(max(j - 1, 0) // _BLOCK, j // _BLOCK + 1):
                    if z > out[a, b]:
                        out[a, b] = z
    return out


@njit(cache=True, nogil=True)
def _march(
    relief: FarRelief,
    xs: FloatArray,
    ys: FloatArray,
    eyes: FloatArray,
    azimuth: float,
    begin_m: float,
    range_m: float,
    best: Float32Array,
    inverse: Float32Array,
) -> None:
    heights, blocks, x0, y0, cell, inner = relief
    ny, nx = heights.shape
    outer = np.array([x0, y0, x0 + (nx - 1) * cell, y0 + (ny - 1) * cell])
    dx, dy = math.sin(azimuth), math.cos(azimuth)
    for i in range(ys.size):
        likely = 0.0
        for j in range(xs.size):
            x, y, eye = xs[j], ys[i], eyes[i, j]
            slope, nearness = float(best[i, j]), float(inverse[i, j])
            begin = max(_exit_distance(x, y, dx, dy, inner), begin_m, cell * _FINEST_STEP_CELLS)
            end = min(range_m, _exit_distance(x, y, dx, dy, outer))
            found = -1.0
            # Where the neighbour's skyline stands is a good first guess: it lets most blocks be passed by.
            if begin <= likely < end:
                s = _slope_at(heights, x0, y0, cell, x, y, dx, dy, likely, eye)
                if s > slope:
                    slope, found = s, likely
            d = begin
            block_end = -1.0
            while d < end:
                if d > block_end:
                    block_end, rise = _block_ahead(blocks, x0, y0, cell, x, y, dx, dy, d, eye)
                    if max(rise / d, rise / block_end) - d / (2.0 * MOON_RADIUS_M) <= slope:
                        d = block_end + 1e-3 * cell
                        continue
                s = _slope_at(heights, x0, y0, cell, x, y, dx, dy, d, eye)
                if s > slope:
                    slope, found = s, d
                d += _step(cell, d)
            likely = 0.0
            if found > 0.0:
                # A crest between two steps is higher than both: look once more around the best one.
                step = _step(cell, found) / _FINE_STEPS
                likely = found
                for n in range(1 - _FINE_STEPS, _FINE_STEPS):
                    d = found + n * step
                    if begin <= d < end:
                        s = _slope_at(heights, x0, y0, cell, x, y, dx, dy, d, eye)
                        if s > slope:
                            slope, likely = s, d
                nearness = 1.0 / likely
            best[i, j] = slope
            inverse[i, j] = nearness


@njit(cache=True)
def _block_ahead(
    blocks: Float32Array,
    x0: float,
    y0: float,
    cell: float,
    x: float,
    y: float,
    dx: float,
    dy: float,
    d: float,
    eye: float,
) -> tuple[float, float]:
    # Where the ray leaves the block it is in, and how far the block's highest stands above the eye.
    side = cell * _BLOCK
    b = min(max(int((x + d * dx - x0) / side), 0), blocks.shape[1] - 1)
    a = min(max(int((y + d * dy - y0) / side), 0), blocks.shape[0] - 1)
    end = math.inf
    if abs(dx) > 1e-12:
        end = (x0 + (b + (dx > 0.0)) * side - x) / dx
    if abs(dy) > 1e-12:
        end = min(end, (y0 + (a + (dy > 0.0)) * side - y) / dy)
    return max(end, d), blocks[a, b] - eye
