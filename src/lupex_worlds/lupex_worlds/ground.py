# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true ground: a fine patch around the route laid into the 5 m field, as arrays that numba kernels take."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float64]
HeightArray = npt.NDArray[np.float32]


class Ground(NamedTuple):
    """Nested heights in metres of the map frame; row 0 has the smallest y, (x0, y0) is the centre of cell [0, 0].

    The detail patch wins where it reaches. Numba kernels take this tuple as one argument.
    """

    detail: HeightArray
    detail_x0_m: float
    detail_y0_m: float
    detail_cell_m: float
    base: HeightArray
    base_x0_m: float
    base_y0_m: float
    base_cell_m: float


@njit(cache=True)
def ground_height(ground: Ground, x_m: float, y_m: float) -> float:
    """Return the bilinear height of the finest layer at one point; nan outside the 5 m field."""
    column = (x_m - ground.detail_x0_m) / ground.detail_cell_m
    row = (y_m - ground.detail_y0_m) / ground.detail_cell_m
    ny, nx = ground.detail.shape
    if column >= 0.0 and row >= 0.0 and column <= nx - 1 and row <= ny - 1:
        return _bilinear(ground.detail, column, row)
    column = (x_m - ground.base_x0_m) / ground.base_cell_m
    row = (y_m - ground.base_y0_m) / ground.base_cell_m
    ny, nx = ground.base.shape
    if column >= 0.0 and row >= 0.0 and column <= nx - 1 and row <= ny - 1:
        return _bilinear(ground.base, column, row)
    return math.nan


@njit(cache=True)
def _bilinear(heights: HeightArray, column: float, row: float) -> float:
    ny, nx = heights.shape
    j = min(int(column), nx - 2)
    i = min(int(row), ny - 2)
    fx = column - j
    fy = row - i
    low = heights[i, j] * (1.0 - fx) + heights[i, j + 1] * fx
    high = heights[i + 1, j] * (1.0 - fx) + heights[i + 1, j + 1] * fx
    return float(low * (1.0 - fy) + high * fy)


@njit(cache=True)
def ground_heights(ground: Ground, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
    """Return the heights of n points; nan outside the 5 m field."""
    out = np.empty(x_m.size)
    for k in range(x_m.size):
        out[k] = ground_height(ground, x_m[k], y_m[k])
    return out


@njit(cache=True)
def ground_slope(ground: Ground, x_m: float, y_m: float, span_m: float) -> tuple[float, float]:
    """Return (dz/dx, dz/dy) by central differences over `span_m`; nan where a sample leaves the 5 m field."""
    half = 0.5 * span_m
    east = ground_height(ground, x_m + half, y_m) - ground_height(ground, x_m - half, y_m)
    north = ground_height(ground, x_m, y_m + half) - ground_height(ground, x_m, y_m - half)
    return east / span_m, north / span_m


@njit(cache=True)
def ground_window(ground: Ground, x_m: float, y_m: float, half_m: float) -> tuple[HeightArray, float, float]:
    """Cut a square of about 2 half_m around a point on the nodes of the detail grid, also outside the fine patch.

    Returns (heights, x0_m, y0_m) with the detail grid's cell; nan outside the 5 m field.
    """
    cell = ground.detail_cell_m
    low_j = math.floor((x_m - half_m - ground.detail_x0_m) / cell)
    low_i = math.floor((y_m - half_m - ground.detail_y0_m) / cell)
    n = math.ceil(2.0 * half_m / cell) + 2
    ny, nx = ground.detail.shape
    heights = np.empty((n, n), dtype=np.float32)
    x0 = ground.detail_x0_m + low_j * cell
    y0 = ground.detail_y0_m + low_i * cell
    for i in range(n):
        for j in range(n):
            row = low_i + i
            column = low_j + j
            if row >= 0 and column >= 0 and row < ny and column < nx:
                heights[i, j] = ground.detail[row, column]
            else:
                heights[i, j] = ground_height(ground, x0 + j * cell, y0 + i * cell)
    return heights, x0, y0
