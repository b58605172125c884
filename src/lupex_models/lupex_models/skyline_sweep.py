# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The skyline of near terrain: every cell's own ray, many cells at once, past blocks that stand too low to matter."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.skyline_kernels import (
    BLOCK,
    GROUP,
    NO_TERRAIN_M,
    VECTOR_MATH,
    begin_with_far_skyline,
    cell_at,
    count_elevation,
    highest_of_blocks,
    highest_of_groups,
    look,
    worth_looking,
)

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
CountArray = npt.NDArray[np.int16]

NO_TERRAIN_SLOPE = -1.0
"""Slope of a skyline where no terrain was found: 45 deg below the horizontal, lower than any real one."""

_GUARD = GROUP + 16
"""Empty columns beside the terrain: a group of rows is looked through whole wherever a part of it meets terrain."""

_TILE = 256
"""Neighbours that look together: their skylines so far, and what they look through, stay in the fastest memory."""

_SNAP_CELLS = 1e-9
_BATCH = 32

_LIKELY = 8
"""Blocks that a tile of observers hands on to those behind it."""


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


def sweep_relief(heights_m: Float32Array, rows: IntArray, columns: IntArray, spacing: int) -> SweepRelief:
    """Lay out heights (ny, nx) for observers in evenly spaced rows and columns of it.

    Sweeps multiply heights by 1 / distance in float32 before they take differences: give them from a datum nearby.
    """
    return SweepRelief(
        _lay_out(heights_m, spacing),
        _lay_out(np.ascontiguousarray(heights_m.T), spacing),
        spacing,
        int(rows[0]),
        int(columns[0]),
    )


def _lay_out(heights_m: Float32Array, spacing: int) -> Float32Array:
    count, across = heights_m.shape
    width = -(-(across + 2 * _GUARD) // spacing) * spacing
    lines = np.full((-(-count // GROUP) * GROUP, width), NO_TERRAIN_M, dtype=np.float32)
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


@njit(cache=True, fastmath=VECTOR_MATH)
def _skylines_of_line(
    flat: Float32Array,
    bounds: Float32Array,
    groups: Float32Array,
    place: int,
    count: int,
    width: int,
    forward: bool,
    drift: float,
    spacing: int,
    tile: int,
    columns: IntArray,
    lows: IntArray,
    highs: IntArray,
    shares: Float32Array,
    inverses: Float32Array,
    drops: Float32Array,
    eyes: Float32Array,
    best: Float32Array,
    who: Int32Array,
    before: Int32Array,
) -> None:
    # Walk outwards from one line of observers: first where the line before found its skylines, then through its own
    # block of rows, then by blocks to the end of its group, then by groups.
    base, step = (0, width) if forward else ((count - 1) * width, -width)
    # Where a ray at the first row of a group must lie for the group to hold terrain for it.
    low, high = (_GUARD - GROUP - 2, width - _GUARD) if drift >= 0.0 else (_GUARD - 2, width - _GUARD + GROUP + 1)
    end = eyes.size
    who[:] = -1
    own_end = place + 1 + (BLOCK - (place + 1) % BLOCK) % BLOCK
    first, last = 0, end
    for i in range(before.size):
        a = before[i] * BLOCK
        if before[i] < 0:
            break
        if a < own_end:
            before[i] = -2
            continue
        k = a - place
        first = min(max(0, -((columns[k] - low) // spacing) - tile), end)
        last = min(end, -((columns[k] - high) // spacing) - tile)
        look(
            flat,
            base + a * step + tile,
            step,
            k,
            BLOCK,
            lows,
            highs,
            shares,
            inverses,
            drops,
            eyes,
            first,
            last,
            best,
            who,
            np.int32(before[i]),
        )
    first, last = 0, end
    a = place + 1
    while a < count:
        k = a - place
        if a % GROUP == 0:
            first = min(max(0, -((columns[k] - low) // spacing) - tile), end)
            last = min(end, -((columns[k] - high) // spacing) - tile)
            if first >= last:
                break
            if not worth_looking(
                groups,
                (a // GROUP) * width + lows[k] + tile,
                best,
                eyes,
                first,
                last,
                inverses[k],
                inverses[k + GROUP - 1],
                drops[k],
            ):
                a += GROUP
                continue
        block = a // BLOCK
        n = BLOCK - a % BLOCK
        if n == BLOCK and not worth_looking(
            bounds,
            block * width + lows[k] + tile,
            best,
            eyes,
            first,
            last,
            inverses[k],
            inverses[k + BLOCK - 1],
            drops[k],
        ):
            a += BLOCK
            continue
        known = False
        for i in range(before.size):
            known = known or before[i] == block
        if not known:
            look(
                flat,
                base + a * step + tile,
                step,
                k,
                n,
                lows,
                highs,
                shares,
                inverses,
                drops,
                eyes,
                first,
                last,
                best,
                who,
                np.int32(block),
            )
        a += n
    n = 0
    before[:] = -1
    seen = np.int32(-1)
    for m in range(0, end, 4):
        if who[m] != seen:
            seen = who[m]
            known = seen < 0
            for i in range(n):
                known = known or before[i] == seen
            if not known and n < before.size:
                before[n] = seen
                n += 1


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
    bounds = highest_of_blocks(flat, count, width, forward, drift, spacing)
    groups = highest_of_groups(bounds, drift, spacing)
    flat_bounds, flat_groups = bounds.reshape(bounds.size), groups.reshape(groups.size)
    length = cell * math.sqrt(1.0 + drift * drift)
    inverses, drops = np.empty(count + GROUP, dtype=np.float32), np.empty(count + GROUP, dtype=np.float32)
    inverses[0], drops[0] = np.float32(0.0), np.float32(0.0)
    for k in range(1, count + GROUP):
        inverses[k] = np.float32(1.0 / (k * length))
        drops[k] = np.float32(k * length / (2.0 * MOON_RADIUS_M))
    origin = _GUARD + first_across
    shares, columns = np.empty(count + GROUP, dtype=np.float32), np.empty(count + GROUP, dtype=np.int64)
    lows, highs = np.empty(count + GROUP, dtype=np.int64), np.empty(count + GROUP, dtype=np.int64)
    for k in range(count + GROUP):
        # A crossing at a cell must not read the cell before it, which may be no terrain.
        shift = math.floor(k * drift + _SNAP_CELLS)
        shares[k] = np.float32(max(k * drift - shift, 0.0))
        columns[k] = origin + shift
        lows[k], highs[k] = cell_at(origin + shift, spacing, width), cell_at(origin + shift + 1, spacing, width)
    ramp = np.arange(across_count) * ((far_slopes.shape[1] - 1.0) / max(across_count - 1.0, 1.0))
    best, who = np.empty(_TILE, dtype=np.float32), np.empty(_TILE, dtype=np.int32)
    likely = np.empty(_LIKELY, dtype=np.int32)
    # Columns are written in batches: one at a time would touch every line of the map for two bytes.
    buffer = np.empty((_BATCH, _TILE), dtype=np.int16)
    for tile in range(0, across_count, _TILE):
        size = min(_TILE, across_count - tile)
        likely[:] = -1
        for line in range(along_count):
            # Outermost observers first: what they found is likely for those behind them.
            i = along_count - 1 - line if forward else line
            row = first_along + i * spacing
            ground = lines[row, lows[0] + tile : lows[0] + tile + size]
            v = i * (far_slopes.shape[0] - 1.0) / max(along_count - 1.0, 1.0)
            begin_with_far_skyline(far_slopes, far_inverse, ground, v, ramp[tile : tile + size], best)
            _skylines_of_line(
                flat,
                flat_bounds,
                flat_groups,
                row if forward else count - 1 - row,
                count,
                width,
                forward,
                drift,
                spacing,
                tile,
                columns,
                lows,
                highs,
                shares,
                inverses,
                drops,
                ground + np.float32(eye_height),
                best,
                who,
                likely,
            )
            count_elevation(best[:size], unit_rad, buffer[i % _BATCH])
            begin = i - i % _BATCH
            stop = min(begin + _BATCH, along_count)
            if i == (begin if forward else stop - 1):
                if not transposed:
                    counts[begin:stop, tile : tile + size] = buffer[: stop - begin, :size]
                else:
                    for m in range(size):
                        for n in range(stop - begin):
                            counts[tile + m, begin + n] = buffer[n, m]


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
