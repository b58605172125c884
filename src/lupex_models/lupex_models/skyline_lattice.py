# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of near terrain where every cell observes: each looks at what is near, every fourth one beyond it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.skyline_kernels import (
    BLOCK,
    PASS,
    VECTOR_MATH,
    begin_with_far_skyline,
    count_elevation,
    look_closely,
    put_lines,
)
from lupex_models.skyline_relief import Lines, SweepRelief, sweep_relief
from lupex_models.skyline_walk import LIKELY, bounds_of, rays_of, walk

Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
CountArray = npt.NDArray[np.int16]

_SPACING = 4
"""Cells between the observers of the lattice."""

_NEAR_ROWS = 7 * BLOCK
"""Rows that every cell looks through; the terrain's GUARD leaves room for as many columns."""

_EVERY = 2
"""Of the rows beyond them the lattice looks at so many: there a crest between two rows is hardly higher than they."""

_TILE, _BATCH = 1024, 32
"""Observers that look together: so many of a line, in so many lines. The rows of terrain that one line looks at are
those of the next but one, and are still in the fastest memory."""

_PITCH = _TILE + 32
"""From line to line in what is kept of them: lines a power of two apart would push each other out of that memory."""


@dataclass(frozen=True)
class Lattice:
    """Relief laid out for a lattice of observers, and what they stand on (rows, columns)."""

    relief: SweepRelief
    ground: Float32Array

    def towards(self, by_rows: bool) -> tuple[Lines, Float32Array]:
        """Return lines and ground for a sweep along rows, or along columns."""
        if by_rows:
            return self.relief.along_rows, self.ground
        return self.relief.along_columns, np.ascontiguousarray(self.ground.T)


def lattice_of(heights_m: Float32Array, rows: IntArray, columns: IntArray) -> Lattice | None:
    """Lay out heights for a lattice over observers in adjoining rows and columns; None where they are few."""
    if max(rows.size, columns.size) < 2 * _NEAR_ROWS:
        return None
    ny, nx = heights_m.shape
    # To the last cell or beyond it: every cell lies between two of the lattice. Beyond the terrain it stays level.
    along, across = (np.arange(cells[0], cells[-1] + _SPACING, _SPACING) for cells in (rows, columns))
    ground = heights_m[np.ix_(np.minimum(along, ny - 1), np.minimum(across, nx - 1))]
    return Lattice(sweep_relief(heights_m, int(rows[0]), int(columns[0]), _SPACING), ground)


@njit(cache=True, nogil=True)
def sweep_with_lattice(
    lines: Lines,
    lattice: Lines,
    lattice_ground: Float32Array,
    forward: bool,
    drift: float,
    cell_m: float,
    eye_m: float,
    far_slopes: Float32Array,
    far_inverse: Float32Array,
    unit_rad: float,
    transposed: bool,
    counts: CountArray,
) -> None:
    """Fill counts with the skylines of one azimuth; arguments are near_skyline's, turned to the sweep's direction."""
    along, across = (counts.shape[1], counts.shape[0]) if transposed else counts.shape
    slopes, inverses = _lattice_skylines(
        lattice, lattice_ground, along, across, forward, drift, cell_m, eye_m, far_slopes, far_inverse
    )
    rays = rays_of(lines, forward, drift, cell_m)
    count, width = lines.heights.shape
    flat = lines.heights.reshape(count * width)
    step = width if forward else -width
    slope, inverse = (
        np.empty(_TILE // _SPACING + 1, dtype=np.float32),
        np.empty(_TILE // _SPACING + 1, dtype=np.float32),
    )
    eyes, best = np.empty((_BATCH, _PITCH), dtype=np.float32), np.empty((_BATCH, _PITCH), dtype=np.float32)
    buffer = np.empty((_BATCH, _PITCH), dtype=np.int16)
    for tile in range(0, across, _TILE):
        size = min(_TILE, across - tile)
        # Whole steps of the lattice are filled: up to three places more than there are observers.
        steps = -(-size // _SPACING)
        for begin in range(0, along, _BATCH):
            batch, row = min(_BATCH, along - begin), lines.first_along + begin
            line = row * width + tile
            for i in range(batch):
                here = line + i * width + rays.columns[0]
                ground = flat[here : here + steps * _SPACING]
                _between_lines(slopes, inverses, begin + i, tile // _SPACING, slope[: steps + 1], inverse[: steps + 1])
                _between_columns(slope[: steps + 1], inverse[: steps + 1], ground, best[i])
                for m in range(size):
                    eyes[i, m] = ground[m] + np.float32(eye_m)
            # Terrain ends as many rows ahead of the first of these lines and of the last.
            ahead, ahead_of_last = (count - 1 - row, count - row - batch) if forward else (row, row + batch - 1)
            for k in range(1, _NEAR_ROWS + 1, PASS):
                together = batch if min(ahead, ahead_of_last) >= k + PASS - 1 else 1
                for first in range(0, batch, together):
                    left = ahead - first if forward else ahead + first
                    if left >= k:
                        look_closely(
                            flat,
                            line,
                            width,
                            step,
                            k,
                            left,
                            rays.columns,
                            rays.shares,
                            rays.inverses,
                            rays.drops,
                            eyes,
                            size,
                            first,
                            first + together,
                            best,
                        )
            for i in range(batch):
                count_elevation(best[i, :size], unit_rad, buffer[i])
            put_lines(buffer, begin, tile, size, transposed, counts)


@njit(cache=True)
def _lattice_skylines(
    lattice: Lines,
    ground: Float32Array,
    along: int,
    across: int,
    forward: bool,
    drift: float,
    cell_m: float,
    eye_m: float,
    far_slopes: Float32Array,
    far_inverse: Float32Array,
) -> tuple[Float32Array, Float32Array]:
    """Return the lattice's skylines beyond the near rows: slope at height 0, and 1 / distance (0: no terrain)."""
    rays = rays_of(lattice, forward, drift, cell_m)
    bounds = bounds_of(lattice, rays)
    slopes, inverses = np.empty_like(ground), np.empty_like(ground)
    who, likely = np.empty(ground.shape[1], dtype=np.int32), np.full(LIKELY, -1, dtype=np.int32)
    up, right = (
        (far_slopes.shape[0] - 1.0) / max(along - 1.0, 1.0),
        (far_slopes.shape[1] - 1.0) / max(across - 1.0, 1.0),
    )
    ramp = np.minimum(np.arange(ground.shape[1]) * (_SPACING * right), far_slopes.shape[1] - 1.0)
    for line in range(ground.shape[0]):
        i = ground.shape[0] - 1 - line if forward else line
        row = lattice.first_along + i * _SPACING
        place = row if forward else lattice.heights.shape[0] - 1 - row
        v = min(i * _SPACING * up, far_slopes.shape[0] - 1.0)
        begin_with_far_skyline(far_slopes, far_inverse, ground[i], v, ramp, slopes[i])
        # The next of the lattice stands so many rows ahead, and a block is looked at whole.
        begin = place + 1 + _NEAR_ROWS - _SPACING
        walk(
            lattice,
            rays,
            bounds,
            place,
            max(begin - begin % BLOCK, 0),
            _EVERY,
            0,
            ground[i] + np.float32(eye_m),
            slopes[i],
            who,
            likely,
        )
        for m in range(ground.shape[1]):
            if who[m] >= 0:
                inverses[i, m] = 1.0 / ((who[m] * BLOCK + 0.5 * (BLOCK - 1) - place) * rays.row_m)
            else:
                inverses[i, m] = _at(far_inverse, v, ramp[m])
            slopes[i, m] += ground[i, m] * inverses[i, m]
    return slopes, inverses


@njit(cache=True)
def _at(values: Float32Array, v: float, u: float) -> float:
    i, j = int(v), int(u)
    i1, j1 = min(i + 1, values.shape[0] - 1), min(j + 1, values.shape[1] - 1)
    low = values[i, j] + (u - j) * (values[i, j1] - values[i, j])
    high = values[i1, j] + (u - j) * (values[i1, j1] - values[i1, j])
    return float(low + (v - i) * (high - low))


@njit(cache=True, fastmath=VECTOR_MATH)
def _between_lines(
    slopes: Float32Array,
    inverses: Float32Array,
    i: int,
    first: int,
    slope: Float32Array,
    inverse: Float32Array,
) -> None:
    """Take the lattice's skylines, from the first column on, to the i-th line of observers."""
    a = i // _SPACING
    b = min(a + 1, slopes.shape[0] - 1) if i % _SPACING > 0 else a
    f = np.float32((i % _SPACING) / _SPACING)
    none = np.float32(0.0)
    slopes_a, slopes_b, inverses_a, inverses_b = slopes[a], slopes[b], inverses[a], inverses[b]
    there = min(slope.size, slopes.shape[1] - first)
    for m in range(there):
        n = np.uintp(first + m)
        s0, s1, n0, n1 = slopes_a[n], slopes_b[n], inverses_a[n], inverses_b[n]
        # Where one of two sees no terrain there is nothing to go between.
        s0, s1 = s0 if n0 > none else s1, s1 if n1 > none else s0
        n0, n1 = n0 if n0 > none else n1, n1 if n1 > none else n0
        slope[np.uintp(m)], inverse[np.uintp(m)] = s0 + f * (s1 - s0), n0 + f * (n1 - n0)
    slope[there:], inverse[there:] = slope[there - 1], inverse[there - 1]


@njit(cache=True, fastmath=VECTOR_MATH)
def _between_columns(slope: Float32Array, inverse: Float32Array, ground: Float32Array, best: Float32Array) -> None:
    """Begin the skylines of a line of observers with those between the lattice's."""
    none = np.float32(0.0)
    quarter, half, three_quarters = np.float32(0.25), np.float32(0.5), np.float32(0.75)
    for m in range(slope.size - 1):
        s0, s1, n0, n1 = slope[m], slope[m + 1], inverse[m], inverse[m + 1]
        k = np.uintp(_SPACING * m)
        best[k] = s0 - ground[k] * n0
        s0, s1 = s0 if n0 > none else s1, s1 if n1 > none else s0
        n0, n1 = n0 if n0 > none else n1, n1 if n1 > none else n0
        s1, n1 = s1 - s0, n1 - n0
        best[k + 1] = s0 + quarter * s1 - ground[k + 1] * (n0 + quarter * n1)
        best[k + 2] = s0 + half * s1 - ground[k + 2] * (n0 + half * n1)
        best[k + 3] = s0 + three_quarters * s1 - ground[k + 3] * (n0 + three_quarters * n1)
