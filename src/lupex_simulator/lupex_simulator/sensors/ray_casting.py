# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rays through a height field with a pyramid of maxima: nodes below a ray are passed over, cells are bilinear.

After Tevs, Ihrke and Seidel, "Maximum mipmaps for fast, accurate, and scalable dynamic height field rendering" (2008).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_worlds.ground import HeightArray

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# The finest nodes are tiles of 8 x 8 cells, those of each further level twice as long. A ray begins at nodes of 32
# cells; fewer steps are gained above by a start higher up than are lost below.
_TILE_SHIFT = 3
_TILE = 1 << _TILE_SHIFT
_START_LEVEL = 2
_NODES_AT_THE_TOP = 4

_SLACK_M = 1e-6
"""Stored maxima stand this much too high, so that rounding hides no touch."""

_STRAIGHT = 1e-30
"""A ray that crosses fewer cells than this per metre keeps its row or column."""


class Pyramid(NamedTuple):
    """Greatest heights over cells and over ever larger nodes; -inf where a corner of a cell is unknown.

    cells lists those of single cells tile by tile, so that a ray's next cells lie close in memory. nodes lists the
    levels one after the other, the tiles first; a level begins at starts and has rows of widths.
    """

    cells: HeightArray
    nodes: HeightArray
    starts: IntArray
    widths: IntArray


@njit(cache=True)
def maxima_pyramid(heights: HeightArray) -> Pyramid:
    """Return the maxima over a height field (ny, nx) of at least 2 x 2 nodes.

    A cell with an unknown corner (nan) has no surface: no ray can hit it.
    """
    rows = heights.shape[0] - 1
    columns = heights.shape[1] - 1
    level_rows = (rows - 1) // _TILE + 1
    level_columns = (columns - 1) // _TILE + 1
    cells = np.full(level_rows * level_columns * _TILE * _TILE, -np.inf, dtype=np.float32)
    tiles = np.full(level_rows * level_columns, -np.inf, dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            a, b, c, d = heights[i, j], heights[i, j + 1], heights[i + 1, j], heights[i + 1, j + 1]
            if not math.isfinite(a + b + c + d):
                continue
            exact = max(max(a, b), max(c, d))
            highest = np.float32(exact + _SLACK_M + 2e-7 * abs(exact))
            tile = (i >> _TILE_SHIFT) * level_columns + (j >> _TILE_SHIFT)
            cells[(tile << (2 * _TILE_SHIFT)) + ((i & (_TILE - 1)) << _TILE_SHIFT) + (j & (_TILE - 1))] = highest
            tiles[tile] = max(tiles[tile], highest)
    nodes = [tiles]
    starts, widths = [0], [level_columns]
    while nodes[-1].size > _NODES_AT_THE_TOP:
        below = nodes[-1]
        starts.append(starts[-1] + below.size)
        upper_rows, upper_columns = (level_rows + 1) // 2, (level_columns + 1) // 2
        upper = np.full(upper_rows * upper_columns, -np.inf, dtype=np.float32)
        for i in range(level_rows):
            for j in range(level_columns):
                node = (i // 2) * upper_columns + j // 2
                upper[node] = max(upper[node], below[i * level_columns + j])
        nodes.append(upper)
        widths.append(upper_columns)
        level_rows, level_columns = upper_rows, upper_columns
    joined = np.empty(starts[-1] + nodes[-1].size, dtype=np.float32)
    for level in range(len(nodes)):
        joined[starts[level] : starts[level] + nodes[level].size] = nodes[level]
    return Pyramid(cells, joined, np.array(starts), np.array(widths))


@njit(cache=True, error_model="numpy")
def cast_rays(
    heights: HeightArray,
    x0_m: float,
    y0_m: float,
    cell_m: float,
    pyramid: Pyramid,
    origin: FloatArray,
    directions: FloatArray,
    range_min_m: float,
    range_max_m: float,
) -> tuple[FloatArray, FloatArray]:
    """Return (range, cosine of incidence) of each ray's first hit on the bilinear surface; nan without one.

    origin (3,) and directions (n, 3) are in the frame of the heights; directions are unit vectors. Hits nearer than
    range_min_m block the ray: it gives nothing. A ray that begins beneath the surface hits where it begins, one that
    comes in beneath it from outside, at the border.
    """
    count = directions.shape[0]
    ranges = np.full(count, math.nan)
    cosines = np.full(count, math.nan)
    ny, nx = heights.shape
    # In units of cells horizontally: a ray is (u + t du, v + t dv, z + t dz) with t in metres.
    u = (origin[0] - x0_m) / cell_m
    v = (origin[1] - y0_m) / cell_m
    z = origin[2]
    over_field = u >= 0.0 and v >= 0.0 and u <= nx - 1.0 and v <= ny - 1.0
    summit = -math.inf
    for k in range(pyramid.starts[-1], pyramid.nodes.size):
        summit = max(summit, float(pyramid.nodes[k]))
    for k in range(count):
        du = directions[k, 0] / cell_m
        dv = directions[k, 1] / cell_m
        dz = directions[k, 2]
        straight_u, straight_v = abs(du) < _STRAIGHT, abs(dv) < _STRAIGHT
        per_u = math.inf if straight_u else 1.0 / du
        per_v = math.inf if straight_v else 1.0 / dv
        begin, end = 0.0, range_max_m
        if over_field:
            if not straight_u:
                end = min(end, ((nx - 1.0 if du > 0.0 else 0.0) - u) * per_u)
            if not straight_v:
                end = min(end, ((ny - 1.0 if dv > 0.0 else 0.0) - v) * per_v)
        else:
            begin, end = _clip(u, v, du, dv, 0.0, nx - 1.0, 0.0, ny - 1.0, 0.0, range_max_m)
        if z + begin * dz > summit:
            if dz >= 0.0:
                continue
            begin = max(begin, (summit - z) / dz)
        if not begin <= end:
            continue
        t = _descend(heights, pyramid, summit, u, v, z, du, dv, dz, per_u, per_v, begin, end)
        if not (t >= range_min_m and t <= range_max_m):
            continue
        ranges[k] = t
        cosines[k] = _incidence(heights, cell_m, u + t * du, v + t * dv, directions[k])
    return ranges, cosines


@njit(cache=True, error_model="numpy")
def _descend(
    heights: HeightArray,
    pyramid: Pyramid,
    summit: float,
    u: float,
    v: float,
    z: float,
    du: float,
    dv: float,
    dz: float,
    per_u: float,
    per_v: float,
    begin: float,
    end: float,
) -> float:
    """Pass over nodes that stay below the ray, ever larger ones; go down into the others, at last cell after cell."""
    cells, nodes, starts, widths = pyramid
    rows = heights.shape[0] - 1
    columns = heights.shape[1] - 1
    top = starts.size - 1
    down = dz < 0.0
    straight_u, straight_v = per_u == math.inf, per_v == math.inf
    east, north = (1 if du >= 0.0 else 0), (1 if dv >= 0.0 else 0)
    t = begin
    j = min(max(int(u + t * du), 0), columns - 1)
    i = min(max(int(v + t * dv), 0), rows - 1)
    level = min(_START_LEVEL, top)
    while True:
        shift = _TILE_SHIFT + level
        node_j, node_i = j >> shift, i >> shift
        edge_u, edge_v = (node_j + east) << shift, (node_i + north) << shift
        t_u = math.inf if straight_u else (edge_u - u) * per_u
        t_v = math.inf if straight_v else (edge_v - v) * per_v
        t_next = min(t_u, t_v, end)
        lowest = z + (t_next if down else t) * dz
        node = node_i * widths[level] + node_j
        if lowest <= nodes[starts[level] + node]:
            if level > 0:
                level -= 1
                continue
            # The tile, cell after cell.
            low_j, low_i = node_j << shift, node_i << shift
            high_j, high_i = min(low_j + _TILE, columns), min(low_i + _TILE, rows)
            first = node << (2 * _TILE_SHIFT)
            t_u = math.inf if straight_u else (j + east - u) * per_u
            t_v = math.inf if straight_v else (i + north - v) * per_v
            while True:
                t_next = min(t_u, t_v, end)
                lowest = z + (t_next if down else t) * dz
                if lowest <= cells[first + ((i & (_TILE - 1)) << _TILE_SHIFT) + (j & (_TILE - 1))]:
                    hit = _patch_hit(heights, i, j, u, v, z, du, dv, dz, t, t_next)
                    if hit == hit:
                        return hit
                if t_next >= end:
                    return math.nan
                t = max(t, t_next)
                # Over the edge that is reached first; through a corner it takes two steps.
                if t_u <= t_v:
                    j += 2 * east - 1
                    t_u += abs(per_u)
                    if j < low_j or j >= high_j:
                        break
                else:
                    i += 2 * north - 1
                    t_v += abs(per_v)
                    if i < low_i or i >= high_i:
                        break
        else:
            if t_next >= end or (not down and lowest > summit):
                return math.nan
            t = max(t, t_next)
            # The index along the edge comes from the ray, but never leaves the node's own stretch by rounding.
            if t_u <= t_v:
                j = edge_u + east - 1
                i = min(max(int(v + t * dv), node_i << shift), ((node_i + 1) << shift) - 1, rows - 1)
            else:
                i = edge_v + north - 1
                j = min(max(int(u + t * du), node_j << shift), ((node_j + 1) << shift) - 1, columns - 1)
        if j < 0 or i < 0 or j >= columns or i >= rows:
            return math.nan
        above = shift + 1
        if level < top and (j >> above != node_j >> 1 or i >> above != node_i >> 1):
            level += 1


@njit(cache=True, error_model="numpy")
def _patch_hit(
    heights: HeightArray,
    i: int,
    j: int,
    u: float,
    v: float,
    z: float,
    du: float,
    dv: float,
    dz: float,
    begin: float,
    end: float,
) -> float:
    """Return where a ray that is over one cell from begin to end first meets its bilinear patch; nan if it does not."""
    # In double precision, so that neighbouring patches agree along their common edge.
    a = np.float64(heights[i, j])
    b = np.float64(heights[i, j + 1]) - a
    c = np.float64(heights[i + 1, j]) - a
    d = np.float64(heights[i + 1, j + 1]) - a - b - c
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
    # Mostly it is clear at both ends and has no lowest point between: no root need be taken.
    if constant + (linear + square * length) * length > _SLACK_M and (
        square <= 0.0 or linear >= 0.0 or linear + 2.0 * square * length <= 0.0
    ):
        return math.nan
    if abs(square) < 1e-12:
        if linear >= 0.0:
            return math.nan
        s = float(-constant / linear)
    else:
        root = linear * linear - 4.0 * square * constant
        if root < 0.0:
            return math.nan
        # The stable form of the quadratic formula (Press et al., Numerical Recipes 5.6).
        w = -0.5 * (linear + math.copysign(math.sqrt(root), linear))
        s1 = w / square
        s2 = constant / w if w != 0.0 else math.inf
        low, high = min(s1, s2), max(s1, s2)
        s = float(low if low >= 0.0 else high)
    if s < 0.0 or s > length:
        return math.nan
    return float(begin + s)


@njit(cache=True, error_model="numpy")
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
    return float(_patch_hit(heights, i, j, u, v, z, du, dv, dz, begin, end))


@njit(cache=True, error_model="numpy")
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
    if abs(du) >= _STRAIGHT:
        t1 = (u_low - u) / du
        t2 = (u_high - u) / du
        begin = max(begin, min(t1, t2))
        end = min(end, max(t1, t2))
    elif u < u_low or u > u_high:
        return 1.0, 0.0
    if abs(dv) >= _STRAIGHT:
        t1 = (v_low - v) / dv
        t2 = (v_high - v) / dv
        begin = max(begin, min(t1, t2))
        end = min(end, max(t1, t2))
    elif v < v_low or v > v_high:
        return 1.0, 0.0
    return begin, end


@njit(cache=True, error_model="numpy")
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
