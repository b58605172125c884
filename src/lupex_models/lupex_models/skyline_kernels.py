# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The inner loops of the skyline sweep, each over neighbouring observers: written so that they become vector loops."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
CountArray = npt.NDArray[np.int16]

NO_TERRAIN_M = np.float32(-1e5)
"""Height that stands for no or unknown terrain: below any of the Moon's, and near enough to them for float32."""

NO_TERRAIN_SLOPE = -1.0
"""Slope of a skyline where no terrain was found: 45 deg below the horizontal, lower than any real one."""

BLOCK, GROUP = 8, 64
"""Rows under one bound, and rows under one bound of bounds."""

PASS = 4
"""Rows that a pass of look_closely takes: with more their numbers no longer fit the registers."""

VECTOR_MATH = {"nnan", "nsz", "contract", "reassoc", "arcp"}

_ABOVE = 16384


@njit(cache=True, inline="always")
def cell_at(column: int, spacing: int, width: int) -> int:
    """Return the place of a column in a line that is sorted by remainders (see skyline_relief.Lines)."""
    return (column % spacing) * (width // spacing) + column // spacing


@njit(cache=True, fastmath=VECTOR_MATH)
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
                value, highest = source[np.uintp(start + there + m)], out[np.uintp(here + m)]
                out[np.uintp(here + m)] = value if value > highest else highest


@njit(cache=True)
def highest_of_blocks(
    flat: Float32Array, count: int, width: int, forward: bool, drift: float, spacing: int
) -> Float32Array:
    """Return, by block of rows and column x, the highest that a ray through x at the block's first row may meet."""
    out = np.full((count // BLOCK, width), NO_TERRAIN_M, dtype=np.float32)
    for a in range(count):
        row = a if forward else count - 1 - a
        shift = math.floor((a % BLOCK) * drift)
        _highest(flat, row * width, shift, shift + 2, spacing, width, out[a // BLOCK])
    return out


@njit(cache=True)
def highest_of_groups(bounds: Float32Array, drift: float, spacing: int) -> Float32Array:
    """Return the same of groups of rows, from that of their blocks."""
    blocks, width = bounds.shape
    each = GROUP // BLOCK
    flat = bounds.reshape(blocks * width)
    out = np.full((blocks // each, width), NO_TERRAIN_M, dtype=np.float32)
    for block in range(blocks):
        shift = math.floor((block % each) * BLOCK * drift)
        _highest(flat, block * width, shift, shift + 1, spacing, width, out[block // each])
    return out


@njit(cache=True, fastmath=VECTOR_MATH)
def worth_looking(
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
    """Tell whether any of the observers may see terrain below these bounds above its skyline so far."""
    # A sum, because a sum is a vector loop where a maximum or a way out would be none.
    total = np.float32(0.0)
    none = np.float32(0.0)
    for m in range(first, last):
        rise = bounds[np.uintp(start + m)] - eyes[np.uintp(m)]
        near, far = rise * nearest, rise * farthest
        gain = (near if near > far else far) - drop - best[np.uintp(m)]
        total += gain if gain > none else none
    return bool(total > none)


@njit(cache=True, fastmath=VECTOR_MATH, inline="always")
def look(
    flat: Float32Array,
    line: int,
    line_step: int,
    k: int,
    n: int,
    every: int,
    lows: IntArray,
    highs: IntArray,
    shares: Float32Array,
    inverses: Float32Array,
    drops: Float32Array,
    eyes: Float32Array,
    first: int,
    last: int,
    best: Float32Array,
    who: Int32Array,
    name: np.int32,
) -> None:
    """Raise the observers' skylines to n samples of their rays from the k-th on in steps of every, four in a pass.

    who keeps the name of what raised a skyline last. Fewer than four are filled up with the last one again.
    """
    for i in range(0, n, 4 * every):
        i1, i2, i3 = min(i + every, n - 1), min(i + 2 * every, n - 1), min(i + 3 * every, n - 1)
        row, row1, row2, row3 = (
            line + i * line_step,
            line + i1 * line_step,
            line + i2 * line_step,
            line + i3 * line_step,
        )
        l0, l1, l2, l3 = row + lows[k + i], row1 + lows[k + i1], row2 + lows[k + i2], row3 + lows[k + i3]
        h0, h1, h2, h3 = row + highs[k + i], row1 + highs[k + i1], row2 + highs[k + i2], row3 + highs[k + i3]
        v0, v1, v2, v3 = inverses[k + i], inverses[k + i1], inverses[k + i2], inverses[k + i3]
        b0, b1, b2, b3 = shares[k + i] * v0, shares[k + i1] * v1, shares[k + i2] * v2, shares[k + i3] * v3
        a0, a1, a2, a3 = v0 - b0, v1 - b1, v2 - b2, v3 - b3
        d0, d1, d2, d3 = drops[k + i], drops[k + i1], drops[k + i2], drops[k + i3]
        for m in range(first, last):
            eye = eyes[np.uintp(m)]
            # Heights are multiplied before they are subtracted, which saves a step: they are small (see sweep_relief).
            s0 = flat[np.uintp(h0 + m)] * b0 + (flat[np.uintp(l0 + m)] * a0 - (eye * v0 + d0))
            s1 = flat[np.uintp(h1 + m)] * b1 + (flat[np.uintp(l1 + m)] * a1 - (eye * v1 + d1))
            s2 = flat[np.uintp(h2 + m)] * b2 + (flat[np.uintp(l2 + m)] * a2 - (eye * v2 + d2))
            s3 = flat[np.uintp(h3 + m)] * b3 + (flat[np.uintp(l3 + m)] * a3 - (eye * v3 + d3))
            s0, s2 = s0 if s0 > s1 else s1, s2 if s2 > s3 else s3
            s0 = s0 if s0 > s2 else s2
            so_far = best[np.uintp(m)]
            best[np.uintp(m)] = s0 if s0 > so_far else so_far
            who[np.uintp(m)] = name if s0 > so_far else who[np.uintp(m)]


@njit(cache=True, fastmath=VECTOR_MATH)
def look_closely(
    flat: Float32Array,
    line: int,
    width: int,
    line_step: int,
    k: int,
    left: int,
    columns: IntArray,
    shares: Float32Array,
    inverses: Float32Array,
    drops: Float32Array,
    eyes: Float32Array,
    size: int,
    first: int,
    last: int,
    best: Float32Array,
) -> None:
    """Raise the skylines of lines of `size` observers in adjoining cells to four samples of their rays from the k-th.

    eyes and best hold a line of observers a row, of which those from first to last look. line is where the 0-th's cells
    begin, width the way to the next one's. The last row of terrain, the left-th, stands in for those beyond it.
    """
    k0, k1, k2, k3 = k, min(k + 1, left), min(k + 2, left), min(k + 3, left)
    l0, l1 = line + k0 * line_step + columns[k0], line + k1 * line_step + columns[k1]
    l2, l3 = line + k2 * line_step + columns[k2], line + k3 * line_step + columns[k3]
    v0, v1, v2, v3 = inverses[k0], inverses[k1], inverses[k2], inverses[k3]
    b0, b1, b2, b3 = shares[k0] * v0, shares[k1] * v1, shares[k2] * v2, shares[k3] * v3
    a0, a1, a2, a3 = v0 - b0, v1 - b1, v2 - b2, v3 - b3
    d0, d1, d2, d3 = drops[k0], drops[k1], drops[k2], drops[k3]
    for i in range(first, last):
        p0, p1, p2, p3 = l0 + i * width, l1 + i * width, l2 + i * width, l3 + i * width
        eyes_here, best_here = eyes[i], best[i]
        # Each cell is read once and handed on: a second, shifted read costs more than shifting what is at hand.
        z0, z1, z2, z3 = flat[np.uintp(p0)], flat[np.uintp(p1)], flat[np.uintp(p2)], flat[np.uintp(p3)]
        for m in range(size):
            eye, highest = eyes_here[np.uintp(m)], best_here[np.uintp(m)]
            n0, n1 = flat[np.uintp(p0 + 1 + m)], flat[np.uintp(p1 + 1 + m)]
            n2, n3 = flat[np.uintp(p2 + 1 + m)], flat[np.uintp(p3 + 1 + m)]
            s0 = n0 * b0 + (z0 * a0 - (eye * v0 + d0))
            s1 = n1 * b1 + (z1 * a1 - (eye * v1 + d1))
            s2 = n2 * b2 + (z2 * a2 - (eye * v2 + d2))
            s3 = n3 * b3 + (z3 * a3 - (eye * v3 + d3))
            z0, z1, z2, z3 = n0, n1, n2, n3
            # The skyline so far comes in here, not last: it would be stored under a mask.
            s0, s2 = s0 if s0 > highest else highest, s2 if s2 > s3 else s3
            s0 = s0 if s0 > s1 else s1
            best_here[np.uintp(m)] = s0 if s0 > s2 else s2


@njit(cache=True, fastmath=VECTOR_MATH)
def begin_with_far_skyline(
    slopes: Float32Array,
    inverses: Float32Array,
    ground: Float32Array,
    v: float,
    ramp: FloatArray,
    best: Float32Array,
) -> None:
    """Fill best with the far skyline of a line of observers, between two lines of the lattice."""
    last = slopes.shape[1] - 1
    i = min(int(v), slopes.shape[0] - 2) if slopes.shape[0] > 1 else 0
    i1 = min(i + 1, slopes.shape[0] - 1)
    f = np.float32(v - i)
    m = 0
    for j in range(min(int(ramp[0]), max(last - 1, 0)), max(last, 1)):
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


@njit(cache=True, fastmath=VECTOR_MATH)
def count_elevation(slopes: Float32Array, unit_rad: float, out: CountArray) -> None:
    """Write the elevations of slopes in whole counts of unit_rad.

    The arc tangent is Abramowitz and Stegun's 4.4.49, good to 2e-8, so that the loop is one vector.
    """
    scale, zero, one = np.float32(1.0 / unit_rad), np.float32(0.0), np.float32(1.0)
    quarter_turn, above = np.float32(math.pi / 2.0), np.float32(_ABOVE + 0.5)
    for m in range(slopes.size):
        x = slopes[m]
        size = x if x > zero else -x
        t = (size if size < one else one) / (size if size > one else one)
        z = t * t
        p = np.float32(0.0028662257) * z - np.float32(0.0161657367)
        p = p * z + np.float32(0.0429096138)
        p = p * z - np.float32(0.0752896400)
        p = p * z + np.float32(0.1065626393)
        p = p * z - np.float32(0.1420889944)
        p = p * z + np.float32(0.1999355085)
        p = p * z - np.float32(0.3333314528)
        angle = t + t * z * p
        angle = quarter_turn - angle if size > one else angle
        angle = angle if x > zero else -angle
        # Truncation rounds to the nearest once the value is above zero.
        out[m] = np.int16(np.int32(angle * scale + above) - _ABOVE)


@njit(cache=True)
def put_lines(buffer: CountArray, begin: int, tile: int, size: int, transposed: bool, counts: CountArray) -> None:
    """Copy a batch of finished lines into the map: columns one at a time would touch all of it for two bytes each."""
    stop = min(buffer.shape[0], (counts.shape[1] if transposed else counts.shape[0]) - begin)
    if transposed:
        for m in range(size):
            for n in range(stop):
                counts[tile + m, begin + n] = buffer[n, m]
        return
    for n in range(stop):
        finished, line = buffer[n], counts[begin + n]
        for m in range(size):
            line[np.uintp(tile + m)] = finished[np.uintp(m)]
