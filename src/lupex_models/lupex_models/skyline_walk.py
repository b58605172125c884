# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The walk of a line of neighbouring observers along their rays, past blocks that stand too low to matter."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.skyline_kernels import (
    BLOCK,
    GROUP,
    VECTOR_MATH,
    cell_at,
    highest_of_blocks,
    highest_of_groups,
    look,
    worth_looking,
)
from lupex_models.skyline_relief import GUARD, Lines

Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

LIKELY = 8
"""Blocks that a line of observers hands on to the one behind it."""

_SNAP_CELLS = 1e-9


class Rays(NamedTuple):
    """What the rays of one azimuth have in common, by the number of rows from the observer.

    Rays advance by rows, forward or backward, and drift by columns a row. lows and highs are the places of the two
    cells beside a crossing for the first observer of a line, shares the second one's weight.
    """

    forward: bool
    drift: float
    row_m: float
    columns: IntArray
    lows: IntArray
    highs: IntArray
    shares: Float32Array
    inverses: Float32Array
    drops: Float32Array


class Bounds(NamedTuple):
    """The highest that rays may meet, by block and by group of rows."""

    blocks: Float32Array
    groups: Float32Array


@njit(cache=True)
def rays_of(lines: Lines, forward: bool, drift: float, cell_m: float) -> Rays:
    """Return the rays that cross the lines."""
    rows, width = lines.heights.shape
    count = rows + GROUP
    row_m = cell_m * math.sqrt(1.0 + drift * drift)
    inverses, drops = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.float32)
    shares, columns = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.int64)
    lows, highs = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    origin = GUARD + lines.first_across
    for k in range(count):
        inverses[k] = np.float32(1.0 / (k * row_m)) if k > 0 else np.float32(0.0)
        drops[k] = np.float32(k * row_m / (2.0 * MOON_RADIUS_M))
        # A crossing at a cell must not read the cell before it, which may be no terrain.
        shift = math.floor(k * drift + _SNAP_CELLS)
        shares[k] = np.float32(max(k * drift - shift, 0.0))
        columns[k] = origin + shift
        lows[k] = cell_at(origin + shift, lines.spacing, width)
        highs[k] = cell_at(origin + shift + 1, lines.spacing, width)
    return Rays(forward, drift, row_m, columns, lows, highs, shares, inverses, drops)


@njit(cache=True)
def bounds_of(lines: Lines, rays: Rays) -> Bounds:
    """Return the highest terrain under the rays."""
    count, width = lines.heights.shape
    flat = lines.heights.reshape(count * width)
    blocks = highest_of_blocks(flat, count, width, rays.forward, rays.drift, lines.spacing)
    groups = highest_of_groups(blocks, rays.drift, lines.spacing)
    return Bounds(blocks.reshape(blocks.size), groups.reshape(groups.size))


@njit(cache=True, fastmath=VECTOR_MATH)
def walk(
    lines: Lines,
    rays: Rays,
    bounds: Bounds,
    place: int,
    begin: int,
    every: int,
    tile: int,
    eyes: Float32Array,
    best: Float32Array,
    who: Int32Array,
    likely: Int32Array,
) -> None:
    """Raise the skylines of one line of observers, from the tile-th on, to terrain of the row `begin` and beyond.

    Where a block may matter its rows are looked at in steps of `every`. Rows are counted the way that rays advance;
    place is the observers' own. who becomes the block that raised a skyline last, or -1. likely holds the blocks of the
    skylines of the line before, and then of this one, or -1.
    """
    # First where the line before found its skylines, then to the end of the first block, then by blocks to the end of
    # its group, then by groups.
    count, width = lines.heights.shape
    flat = lines.heights.reshape(count * width)
    base, step = (0, width) if rays.forward else ((count - 1) * width, -width)
    # Where a ray at the first row of a group must lie for the group to hold terrain for it.
    low, high = (GUARD - GROUP - 2, width - GUARD) if rays.drift >= 0.0 else (GUARD - 2, width - GUARD + GROUP + 1)
    end = eyes.size
    who[:] = -1
    own_end = begin + (BLOCK - begin % BLOCK) % BLOCK
    for i in range(likely.size):
        a = likely[i] * BLOCK
        if likely[i] < 0:
            break
        if a < own_end:
            likely[i] = -2
            continue
        k = a - place
        first = min(max(0, -((rays.columns[k] - low) // lines.spacing) - tile), end)
        last = min(end, -((rays.columns[k] - high) // lines.spacing) - tile)
        look(
            flat,
            base + a * step + tile,
            step,
            k,
            BLOCK,
            every,
            rays.lows,
            rays.highs,
            rays.shares,
            rays.inverses,
            rays.drops,
            eyes,
            first,
            last,
            best,
            who,
            likely[i],
        )
    first, last = 0, end
    a = begin
    while a < count:
        k = a - place
        if a % GROUP == 0 or a == begin:
            first = min(max(0, -((rays.columns[k] - low) // lines.spacing) - tile), end)
            last = min(end, -((rays.columns[k] - high) // lines.spacing) - tile)
            if first >= last:
                break
        if a % GROUP == 0 and not worth_looking(
            bounds.groups,
            (a // GROUP) * width + rays.lows[k] + tile,
            best,
            eyes,
            first,
            last,
            rays.inverses[k],
            rays.inverses[k + GROUP - 1],
            rays.drops[k],
        ):
            a += GROUP
            continue
        block = a // BLOCK
        n = BLOCK - a % BLOCK
        if n == BLOCK and not worth_looking(
            bounds.blocks,
            block * width + rays.lows[k] + tile,
            best,
            eyes,
            first,
            last,
            rays.inverses[k],
            rays.inverses[k + BLOCK - 1],
            rays.drops[k],
        ):
            a += BLOCK
            continue
        known = False
        for i in range(likely.size):
            known = known or likely[i] == block
        if not known:
            look(
                flat,
                base + a * step + tile,
                step,
                k,
                n,
                every,
                rays.lows,
                rays.highs,
                rays.shares,
                rays.inverses,
                rays.drops,
                eyes,
                first,
                last,
                best,
                who,
                np.int32(block),
            )
        a += n
    _hand_on(who, end, likely)


@njit(cache=True)
def _hand_on(who: Int32Array, end: int, likely: Int32Array) -> None:
    n = 0
    likely[:] = -1
    seen = np.int32(-1)
    for m in range(0, end, 4):
        if who[m] != seen:
            seen = who[m]
            known = seen < 0
            for i in range(n):
                known = known or likely[i] == seen
            if not known and n < likely.size:
                likely[n] = seen
                n += 1
