# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rays through a height field with a pyramid of maxima: block after block, cell after cell, on the bilinear surface."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_simulator.ground import HeightArray

FloatArray = npt.NDArray[np.float64]

_BLOCK = 8
"""Cells along a block of the coarse level; 2 m over 0.25 m cells."""


@njit(cache=True)
def block_maxima(heights: HeightArray) -> HeightArray:
    """Return the greatest height over each block of cells; a block holds the nodes on all four of its edges.

    Unknown heights (nan) are passed over: no ray can hit them.
    """
    ny, nx = heights.shape
    rows = (ny - 2) // _BLOCK + 1
    columns = (nx - 2) // _BLOCK + 1
    out = np.full((rows, columns), -np.inf, dtype=np.float32)
    for i in range(ny):
        for j in range(nx):
            z = heights[i, j]
            if not math.isfinite(z):
                continue
            for bi in range(max(0, (i - 1) // _BLOCK), min(rows - 1, i // _BLOCK) + 1):
                for bj in range(max(0, (j - 1) // _BLOCK), min(columns - 1, j // _BLOCK) + 1):
                    if z > out[bi, bj]:
                        out[bi, bj] = z
    return out


@njit(cache=True)
def cast_rays(
    heights: HeightArray,
    x0_m: float,
    y0_m: float,
    cell_m: float,
    maxima: HeightArray,
    origin: FloatArray,
    directions: FloatArray,
    range_min_m: float,
    range_max_m: float,
) -> tuple[FloatArray, FloatArray]:
    """Return (range, cosine of incidence) of each ray's first hit on the bilinear surface; nan without one.

    origin (3,) and directions (n, 3) are in the frame of the heights; directions are unit vectors. Hits nearer than
    range_min_m block the ray: it gives nothing.
    """
    count = directions.shape[0]
    ranges = np.full(count, math.nan)
    cosines = np.full(count, math.nan)
    # In units of cells horizontally: a ray is (u + t du, v + t dv, z + t dz) with t in metres.
    u = (origin[0] - x0_m) / cell_m
    v = (origin[1] - y0_m) / cell_m
    z = origin[2]
    for k in range(count):
        du = directions[k, 0] / cell_m
        dv = directions[k, 1] / cell_m
        dz = directions[k, 2]
        t = _walk_blocks(heights, maxima, u, v, z, du, dv, dz, range_max_m)
        if not (t >= range_min_m and t <= range_max_m):
            continue
        ranges[k] = t
        cosines[k] = _incidence(heights, cell_m, u + t * du, v + t * dv, directions[k])
    return ranges, cosines


@njit(cache=True)
def _walk_blocks(
    heights: HeightArray,
    maxima: HeightArray,
    u: float,
    v: float,
    z: float,
    du: float,
    dv: float,
    dz: float,
    t_max: float,
) -> float:
    """Cross block after block; only in a block that reaches the ray's height, cell after cell."""
    ny, nx = heights.shape
    begin, end = _clip(u, v, du, dv, 0.0, nx - 1.0, 0.0, ny - 1.0, 0.0, t_max)
    if not begin <= end:
        return math.nan
    rows, columns = maxima.shape
    size = float(_BLOCK)
    bj = min(max(int((u + begin * du) / size), 0), columns - 1)
    bi = min(max(int((v + begin * dv) / size), 0), rows - 1)
    t = begin
    for _ in range(2 * (rows + columns) + 4):
        t_next = min(end, _leave(u, v, du, dv, bj * size, (bj + 1) * size, bi * size, (bi + 1) * size))
        if min(z + t * dz, z + t_next * dz) <= maxima[bi, bj]:
            hit = _walk_cells(heights, u, v, z, du, dv, dz, t, t_next, bj, bi)
            if hit == hit:
                return hit
        if t_next >= end:
            return math.nan
        # Step over the edge that is reached first; through a corner it takes two steps.
        t_column = _reach(u, du, bj * size, (bj + 1) * size)
        t_row = _reach(v, dv, bi * size, (bi + 1) * size)
        if t_column <= t_row:
            bj += 1 if du > 0.0 else -1
        else:
            bi += 1 if dv > 0.0 else -1
        if bj < 0 or bi < 0 or bj >= columns or bi >= rows:
            return math.nan
        t = max(t, t_next)
    return math.nan


@njit(cache=True)
def _walk_cells(
    heights: HeightArray,
    u: float,
    v: float,
    z: float,
    du: float,
    dv: float,
    dz: float,
    begin: float,
    end: float,
    bj: int,
    bi: int,
) -> float:
    ny, nx = heights.shape
    first_j = bj * _BLOCK
    first_i = bi * _BLOCK
    last_j = min(first_j + _BLOCK, nx - 1) - 1
    last_i = min(first_i + _BLOCK, ny - 1) - 1
    j = min(max(int(u + begin * du), first_j), last_j)
    i = min(max(int(v + begin * dv), first_i), last_i)
    for _ in range(4 * _BLOCK):
        hit = cell_hit(heights, i, j, u, v, z, du, dv, dz, end)
        if hit == hit:
            return hit
        t_column = _reach(u, du, j, j + 1.0)
        t_row = _reach(v, dv, i, i + 1.0)
        if min(t_column, t_row) > end:
            return math.nan
        if t_column <= t_row:
            j += 1 if du > 0.0 else -1
        else:
            i += 1 if dv > 0.0 else -1
        if j < first_j or i < first_i or j > last_j or i > last_i:
            return math.nan
    return math.nan


@njit(cache=True)
def cell_hit(
    heights: HeightArray,
    i: int,
    j: int,
    u: float,
    v: float,
    z: float,
    du: float,
    dv: float,
    dz: float,
    t_max: float,
) -> float:
    """Return where a ray first meets the bilinear patch of one cell, at most t_max; nan if it does not."""
    begin, end = _clip(u, v, du, dv, j, j + 1.0, i, i + 1.0, 0.0, t_max)
    if not begin <= end:
        return math.nan
    a = heights[i, j]
    b = heights[i, j + 1] - a
    c = heights[i + 1, j] - a
    d = heights[i + 1, j + 1] - heights[i, j + 1] - c
    # Clearance of the ray over the patch as a parabola in s = t - begin.
    p = u + begin * du - j
    q = v + begin * dv - i
    constant = z + begin * dz - (a + b * p + c * q + d * p * q)
    linear = dz - (b * du + c * dv + d * (p * dv + q * du))
    square = -d * du * dv
    length = end - begin
    if not math.isfinite(constant):
        return math.nan
    if constant <= 0.0:
        return begin
    if abs(square) < 1e-12:
        if linear >= 0.0:
            return math.nan
        s = -constant / linear
    else:
        root = linear * linear - 4.0 * square * constant
        if root < 0.0:
            return math.nan
        # The stable form of the quadratic formula (Press et al., Numerical Recipes 5.6).
        w = -0.5 * (linear + math.copysign(math.sqrt(root), linear))
        s1 = w / square
        s2 = constant / w if w != 0.0 else math.inf
        low, high = min(s1, s2), max(s1, s2)
        s = low if low >= 0.0 else high
    if s < 0.0 or s > length:
        return math.nan
    return float(begin + s)


@njit(cache=True)
def _clip(
    u: float,
    v: float,
    du: float,
    dv: float,
    u_low: float,
    u_high: float,
    v_low: float,
    v_high: float,
    begin: float,
    end: float,
) -> tuple[float, float]:
    """Return the part of a ray over a rectangle; begin > end when there is none."""
    if du != 0.0:
        t1 = (u_low - u) / du
        t2 = (u_high - u) / du
        begin = max(begin, min(t1, t2))
        end = min(end, max(t1, t2))
    elif u < u_low or u > u_high:
        return 1.0, 0.0
    if dv != 0.0:
        t1 = (v_low - v) / dv
        t2 = (v_high - v) / dv
        begin = max(begin, min(t1, t2))
        end = min(end, max(t1, t2))
    elif v < v_low or v > v_high:
        return 1.0, 0.0
    return begin, end


@njit(cache=True)
def _reach(p: float, dp: float, low: float, high: float) -> float:
    if dp > 0.0:
        return (high - p) / dp
    if dp < 0.0:
        return (low - p) / dp
    return math.inf


@njit(cache=True)
def _leave(u: float, v: float, du: float, dv: float, u_low: float, u_high: float, v_low: float, v_high: float) -> float:
    return min(_reach(u, du, u_low, u_high), _reach(v, dv, v_low, v_high))


@njit(cache=True)
def _incidence(heights: HeightArray, cell_m: float, u: float, v: float, direction: FloatArray) -> float:
    ny, nx = heights.shape
    j = min(max(int(u), 0), nx - 2)
    i = min(max(int(v), 0), ny - 2)
    p = u - j
    q = v - i
    slope_x = (
        (heights[i, j + 1] - heights[i, j]) * (1.0 - q) + (heights[i + 1, j + 1] - heights[i + 1, j]) * q
    ) / cell_m
    slope_y = (
        (heights[i + 1, j] - heights[i, j]) * (1.0 - p) + (heights[i + 1, j + 1] - heights[i, j + 1]) * p
    ) / cell_m
    against = slope_x * direction[0] + slope_y * direction[1] - direction[2]
    return float(max(0.0, against / math.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)))
