# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of near terrain: every cell's own ray, many cells at once, past blocks that stand too low to matter."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from lupex_models.constants import MOON_RADIUS_M

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
CountArray = npt.NDArray[np.int16]

NO_TERRAIN_SLOPE = -1.0
"""Slope of a skyline where no terrain was found: 45 deg below the horizontal, lower than any real one."""

NO_TERRAIN_M = np.float32(-1e5)
"""Height that stands for no or unknown terrain: below any of the Moon's, and near enough to them for float32."""

_BLOCK, _GROUP = 8, 64
"""Rows under one bound, and rows under one bound of bounds."""

_GUARD = _GROUP + 16
"""Empty columns beside the terrain: a group of rows is looked through whole wherever a part of it meets terrain."""

_TILE = 128
"""Neighbours that look together: their skylines so far, and what they look through, stay in the fastest memory."""

_SNAP_CELLS = 1e-9
_ABOVE = 16384

_VECTOR_MATH = {"nnan", "nsz", "contract", "reassoc", "arcp"}


@dataclass(frozen=True)
class SweepRelief:
    """Relief around all observers, laid out for sweeps along rows and along columns.

    Each array holds a line across the sweep per row, with empty margins; a line's cells are sorted by their remainder
    after division by the observers' spacing (in cells), so that neighbouring observers find neighbouring cells.
    """

    along_rows: Float32Array
    along_columns: Float32Array
    spacing: int
    first_row: int
    first_column: int
    row_count: int
    column_count: int


def sweep_relief(heights_m: Float32Array, rows: IntArray, columns: IntArray, spacing: int) -> SweepRelief:
    """Lay out heights (ny, nx) for observers in evenly spaced rows and columns of it."""
    return SweepRelief(
        _lay_out(heights_m, spacing),
        _lay_out(np.ascontiguousarray(heights_m.T), spacing),
        spacing,
        int(rows[0]),
        int(columns[0]),
        rows.size,
        columns.size,
    )


def _lay_out(heights_m: Float32Array, spacing: int) -> Float32Array:
    count, across = heights_m.shape
    width = -(-(across + 2 * _GUARD) // spacing) * spacing
    lines = np.full((-(-count // _GROUP) * _GROUP, width), NO_TERRAIN_M, dtype=np.float32)
    lines[:count, _GUARD : _GUARD + across] = heights_m
    if spacing == 1:
        return lines
    return np.ascontiguousarray(
        lines.reshape(lines.shape[0], width // spacing, spacing).transpose(0, 2, 1).reshape(lines.shape)
    )


def near_skyline(
    relief: SweepRelief,
    cell_m: float,
    azimuths_rad: FloatArray,
    observer_height_m: float,
    far_slopes: Float32Array,
    far_inverse_distances: Float32Array,
    unit_rad: float,
    counts: CountArray,
) -> None:
    """Fill counts (azimuth, rows, columns) with the skyline of near and far terrain in units of unit_rad.

    Each ray is read where it crosses the lines of the grid that it meets most steeply, the terrain being linear between
    the two cells there; the far skyline is given on a lattice over all observers' cells (see far_march.far_skyline).
    """
    _sweep(
        relief.along_rows,
        relief.along_columns,
        relief.spacing,
        relief.first_row,
        relief.first_column,
        cell_m,
        azimuths_rad,
        observer_height_m,
        far_slopes,
        far_inverse_distances,
        unit_rad,
        counts,
    )


@njit(cache=True, inline="always")
def _cell_at(column: int, spacing: int, width: int) -> int:
    # Place of a column in a line that is sorted by remainders.
    return (column % spacing) * (width // spacing) + column // spacing


@njit(cache=True, fastmath=_VECTOR_MATH)
def _highest(
    source: Float32Array, start: int, shift_low: int, shift_high: int, spacing: int, width: int, out: Float32Array
) -> None:
    # Raise out to the source's line that begins at start, shifted by each of the shifts.
    part = width // spacing
    for shift in range(shift_low, shift_high + 1):
        for remainder in range(spacing):
            column = remainder + shift
            there = (column % spacing) * part + column // spacing
            here = remainder * part
            first, last = max(0, -(column // spacing)), min(part, part - column // spacing)
            for m in range(first, last):
                value = source[np.uintp(start + there + m)]
                if value > out[np.uintp(here + m)]:
                    out[np.uintp(here + m)] = value


@njit(cache=True)
def _bounds(flat: Float32Array, count: int, width: int, forward: bool, drift: float, spacing: int) -> Float32Array:
    # For each block of rows and column x the highest that a ray through x at the block's first row may meet.
    out = np.full((count // _BLOCK, width), NO_TERRAIN_M, dtype=np.float32)
    for a in range(count):
        row = a if forward else count - 1 - a
        shift = math.floor((a % _BLOCK) * drift)
        _highest(flat, row * width, shift, shift + 2, spacing, width, out[a // _BLOCK])
    return out


@njit(cache=True)
def _bounds_of_bounds(bounds: Float32Array, drift: float, spacing: int) -> Float32Array:
    blocks, width = bounds.shape
    each = _GROUP // _BLOCK
    flat = bounds.reshape(blocks * width)
    out = np.full((blocks // each, width), NO_TERRAIN_M, dtype=np.float32)
    for block in range(blocks):
        shift = math.floor((block % each) * _BLOCK * drift)
        _highest(flat, block * width, shift, shift + 1, spacing, width, out[block // each])
    return out


@njit(cache=True, fastmath=_VECTOR_MATH)
def _worth_looking(
    bounds: Float32Array,
    start: int,
    best: Float32Array,
    eyes: Float32Array,
    first: int,
    last: int,
    nearest: np.float32,
    farthest: np.float32,
    drop: np.float32,
) -> bool:
    # Whether any of the observers may see terrain below these bounds above its skyline so far.
    # A sum, because a sum is a vector loop where a maximum or a way out would be none.
    total = np.float32(0.0)
    none = np.float32(0.0)
    for m in range(first, last):
        rise = bounds[np.uintp(start + m)] - eyes[np.uintp(m)]
        near, far = rise * nearest, rise * farthest
        gain = (near if near > far else far) - drop - best[np.uintp(m)]
        total += gain if gain > none else none
    return bool(total > none)


@njit(cache=True, fastmath=_VECTOR_MATH)
def _look(
    flat: Float32Array,
    lows: IntArray,
    highs: IntArray,
    shares: Float32Array,
    inverses: Float32Array,
    drops: Float32Array,
    n: int,
    best: Float32Array,
    eyes: Float32Array,
    first: int,
    last: int,
) -> None:
    # Raise the observers' skylines to n samples of their rays, four in a pass.
    i = 0
    while i + 4 <= n:
        l0, l1, l2, l3 = lows[i], lows[i + 1], lows[i + 2], lows[i + 3]
        h0, h1, h2, h3 = highs[i], highs[i + 1], highs[i + 2], highs[i + 3]
        f0, f1, f2, f3 = shares[i], shares[i + 1], shares[i + 2], shares[i + 3]
        v0, v1, v2, v3 = inverses[i], inverses[i + 1], inverses[i + 2], inverses[i + 3]
        d0, d1, d2, d3 = drops[i], drops[i + 1], drops[i + 2], drops[i + 3]
        for m in range(first, last):
            eye = eyes[np.uintp(m)]
            z0, z1 = flat[np.uintp(l0 + m)], flat[np.uintp(l1 + m)]
            z2, z3 = flat[np.uintp(l2 + m)], flat[np.uintp(l3 + m)]
            s0 = (z0 + f0 * (flat[np.uintp(h0 + m)] - z0) - eye) * v0 - d0
            s1 = (z1 + f1 * (flat[np.uintp(h1 + m)] - z1) - eye) * v1 - d1
            s2 = (z2 + f2 * (flat[np.uintp(h2 + m)] - z2) - eye) * v2 - d2
            s3 = (z3 + f3 * (flat[np.uintp(h3 + m)] - z3) - eye) * v3 - d3
            best[np.uintp(m)] = max(best[np.uintp(m)], max(max(s0, s1), max(s2, s3)))
        i += 4
    while i < n:
        l0, h0, f0, v0, d0 = lows[i], highs[i], shares[i], inverses[i], drops[i]
        for m in range(first, last):
            z0 = flat[np.uintp(l0 + m)]
            s0 = (z0 + f0 * (flat[np.uintp(h0 + m)] - z0) - eyes[np.uintp(m)]) * v0 - d0
            best[np.uintp(m)] = max(best[np.uintp(m)], s0)
        i += 1


@njit(cache=True, fastmath=_VECTOR_MATH)
def _begin(
    slopes: Float32Array,
    inverses: Float32Array,
    ground: Float32Array,
    v: float,
    ramp: FloatArray,
    best: Float32Array,
) -> None:
    # The far skyline of a line of observers, between two lines of the lattice.
    last = slopes.shape[1] - 1
    i = min(int(v), slopes.shape[0] - 2) if slopes.shape[0] > 1 else 0
    i1 = min(i + 1, slopes.shape[0] - 1)
    f = np.float32(v - i)
    m = 0
    for j in range(max(last, 1)):
        j1 = min(j + 1, last)
        s0 = slopes[i, j] + f * (slopes[i1, j] - slopes[i, j])
        s1 = slopes[i, j1] + f * (slopes[i1, j1] - slopes[i, j1])
        n0 = inverses[i, j] + f * (inverses[i1, j] - inverses[i, j])
        n1 = inverses[i, j1] + f * (inverses[i1, j1] - inverses[i, j1])
        end = m
        while end < ramp.size and (ramp[end] <= j + 1 or j1 == last):
            end += 1
        for n in range(m, end):
            u = np.float32(ramp[np.uintp(n)] - j)
            best[np.uintp(n)] = s0 + u * (s1 - s0) - ground[np.uintp(n)] * (n0 + u * (n1 - n0))
        m = end


@njit(cache=True, fastmath=_VECTOR_MATH)
def _count_elevation(slopes: Float32Array, unit_rad: float, out: CountArray) -> None:
    # atan by Cephes' single-precision polynomial (Moshier 1992, atanf), good to 2e-7: the loop is one vector.
    scale = np.float32(1.0 / unit_rad)
    half = np.float32(0.5)
    one = np.float32(1.0)
    for m in range(slopes.size):
        x = slopes[np.uintp(m)]
        size = abs(x)
        steep, middling = size > np.float32(2.414213562), size > np.float32(0.4142135624)
        above, below = (-one, size) if steep else ((size - one, size + one) if middling else (size, one))
        t = above / below
        base = np.float32(math.pi / 2.0) if steep else (np.float32(math.pi / 4.0) if middling else np.float32(0.0))
        z = t * t
        p = (
            (np.float32(8.05374449538e-2) * z - np.float32(1.38776856032e-1)) * z + np.float32(1.99777106478e-1)
        ) * z - np.float32(3.33329491539e-1)
        angle = base + (p * z * t + t)
        angle = -angle if x < np.float32(0.0) else angle
        # Truncation rounds to the nearest once the value is above zero.
        out[np.uintp(m)] = np.int16(np.int32(angle * scale + (half + np.float32(_ABOVE))) - np.int32(_ABOVE))


@njit(cache=True)
def _look_from_line(
    flat: Float32Array,
    bounds: Float32Array,
    groups: Float32Array,
    place: int,
    count: int,
    width: int,
    forward: bool,
    drift: float,
    spacing: int,
    origin: int,
    inverses: Float32Array,
    drops: Float32Array,
    eyes: Float32Array,
    best: Float32Array,
) -> None:
    # Walk outwards from one line of observers: its own block of rows, then blocks to the end of its group, then groups.
    lows, highs = np.empty(_BLOCK, dtype=np.int64), np.empty(_BLOCK, dtype=np.int64)
    shares = np.empty(_BLOCK, dtype=np.float32)
    # Where a ray at the first row of a group must lie for the group to hold terrain for it.
    low, high = (_GUARD - _GROUP - 2, width - _GUARD) if drift >= 0.0 else (_GUARD - 2, width - _GUARD + _GROUP + 1)
    for tile in range(0, eyes.size, _TILE):
        a = place + 1
        tile_end = min(tile + _TILE, eyes.size)
        first, last = tile, tile_end
        while a < count:
            shift = math.floor((a - place) * drift)
            if a % _GROUP == 0:
                first = min(max(tile, -((origin + shift - low) // spacing)), tile_end)
                last = min(tile_end, -((origin + shift - high) // spacing))
                if first >= last:
                    break
                far_k = a - place + _GROUP - 1
                if not _worth_looking(
                    groups,
                    (a // _GROUP) * width + _cell_at(origin + shift, spacing, width),
                    best,
                    eyes,
                    first,
                    last,
                    inverses[a - place],
                    inverses[far_k],
                    drops[a - place],
                ):
                    a += _GROUP
                    continue
            n = _BLOCK - a % _BLOCK
            k = a - place
            if n == _BLOCK and not _worth_looking(
                bounds,
                (a // _BLOCK) * width + _cell_at(origin + shift, spacing, width),
                best,
                eyes,
                first,
                last,
                inverses[k],
                inverses[k + _BLOCK - 1],
                drops[k],
            ):
                a += _BLOCK
                continue
            for i in range(n):
                across = (k + i) * drift
                # A crossing at a cell must not read the cell before it, which may be no terrain.
                column = math.floor(across + _SNAP_CELLS)
                shares[i] = np.float32(max(across - column, 0.0))
                row = (a + i if forward else count - 1 - a - i) * width
                lows[i] = row + _cell_at(origin + column, spacing, width)
                highs[i] = row + _cell_at(origin + column + 1, spacing, width)
            _look(flat, lows, highs, shares, inverses[k:], drops[k:], n, best, eyes, first, last)
            a += n


@njit(cache=True)
def _sweep_azimuth(
    lines: Float32Array,
    spacing: int,
    first_along: int,
    first_across: int,
    along_count: int,
    across_count: int,
    forward: bool,
    drift: float,
    cell: float,
    eye_height: float,
    far_slopes: Float32Array,
    far_inverse: Float32Array,
    unit_rad: float,
    transposed: bool,
    counts: CountArray,
) -> None:
    count, width = lines.shape
    flat = lines.reshape(count * width)
    bounds = _bounds(flat, count, width, forward, drift, spacing)
    groups = _bounds_of_bounds(bounds, drift, spacing)
    flat_bounds, flat_groups = bounds.reshape(bounds.size), groups.reshape(groups.size)
    length = cell * math.sqrt(1.0 + drift * drift)
    inverses, drops = np.empty(count + _GROUP, dtype=np.float32), np.empty(count + _GROUP, dtype=np.float32)
    inverses[0], drops[0] = np.float32(0.0), np.float32(0.0)
    for k in range(1, count + _GROUP):
        inverses[k] = np.float32(1.0 / (k * length))
        drops[k] = np.float32(k * length / (2.0 * MOON_RADIUS_M))
    origin = _GUARD + first_across
    part = _cell_at(origin, spacing, width)
    ramp = np.arange(across_count) * ((far_slopes.shape[1] - 1.0) / max(across_count - 1.0, 1.0))
    best = np.empty(across_count, dtype=np.float32)
    # Columns are written in batches: one at a time would touch every line of the map for two bytes.
    batch = 32
    buffer = np.empty((batch, across_count), dtype=np.int16)
    for i in range(along_count):
        row = first_along + i * spacing
        ground = lines[row, part : part + across_count]
        eyes = ground + np.float32(eye_height)
        v = i * (far_slopes.shape[0] - 1.0) / max(along_count - 1.0, 1.0)
        _begin(far_slopes, far_inverse, ground, v, ramp, best)
        _look_from_line(
            flat,
            flat_bounds,
            flat_groups,
            row if forward else count - 1 - row,
            count,
            width,
            forward,
            drift,
            spacing,
            origin,
            inverses,
            drops,
            eyes,
            best,
        )
        _count_elevation(best, unit_rad, buffer[i % batch])
        if i % batch == batch - 1 or i == along_count - 1:
            begin = i - i % batch
            if not transposed:
                counts[begin : i + 1] = buffer[: i + 1 - begin]
            else:
                for m in range(across_count):
                    for n in range(i + 1 - begin):
                        counts[m, begin + n] = buffer[n, m]


@njit(cache=True, parallel=True)
def _sweep(
    along_rows: Float32Array,
    along_columns: Float32Array,
    spacing: int,
    first_row: int,
    first_column: int,
    cell: float,
    azimuths: FloatArray,
    eye_height: float,
    far_slopes: Float32Array,
    far_inverse: Float32Array,
    unit_rad: float,
    counts: CountArray,
) -> None:
    _, row_count, column_count = counts.shape
    for k in prange(azimuths.size):
        dx, dy = math.sin(azimuths[k]), math.cos(azimuths[k])
        if abs(dy) >= abs(dx):
            _sweep_azimuth(
                along_rows,
                spacing,
                first_row,
                first_column,
                row_count,
                column_count,
                dy >= 0.0,
                dx / abs(dy),
                cell,
                eye_height,
                far_slopes[k],
                far_inverse[k],
                unit_rad,
                False,
                counts[k],
            )
        else:
            _sweep_azimuth(
                along_columns,
                spacing,
                first_column,
                first_row,
                column_count,
                row_count,
                dx >= 0.0,
                dy / abs(dx),
                cell,
                eye_height,
                np.ascontiguousarray(far_slopes[k].T),
                np.ascontiguousarray(far_inverse[k].T),
                unit_rad,
                True,
                counts[k],
            )
