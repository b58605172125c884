# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernel of the local planner: the dearness of each cell, and the cheapest way to it from where the rover stands."""

import math

import numpy as np
from numba import njit

from lupex_path_planning.heap import grown
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS


@njit(cache=True, nogil=True)
def dearness(clearance, cost, discount, row, column, numbers):  # type: ignore[no-untyped-def]
    """Return what a metre in each cell costs, with a border of one cell: inf where closed or out of reach.

    Negative where a cell is too near to a hazard, but may serve to leave a start that is so too.
    """
    cell, radius, inflation, inflation_weight, cost_weight, reach, escape = numbers
    ny, nx = cost.shape
    dear = np.full((ny + 2, nx + 2), np.inf)
    width = max(inflation - radius, 1e-6)
    for i in range(ny):
        for j in range(nx):
            if cost[i, j] < 0:
                continue
            away = math.hypot(i - row, j - column) * cell
            if away > reach or (clearance[i, j] < radius and away > escape):
                continue
            near = min(max((inflation - clearance[i, j]) / width, 0.0), 1.0)
            value = 1.0 + inflation_weight * near * near + cost_weight * cost[i, j] / 100.0
            value *= 1.0 - discount[i, j]
            dear[i + 1, j + 1] = value if clearance[i, j] >= radius else -value
    return dear


@njit(cache=True, nogil=True)
def spread(dear, clearance, row, column, cell, width):  # type: ignore[no-untyped-def]
    """Return the least cost (ny, nx) from the start to each cell, inf where there is no way, and the cell before it.

    A start too near to a hazard is left over cells that only gain clearance. Keys are sorted into buckets of a width
    of at most the cheapest step, which needs no order within them; a longest step spans less than 64 of them.
    """
    ny, nx = clearance.shape
    stride = nx + 2
    flat = dear.ravel()
    room = np.full((ny + 2, stride), -np.inf)
    room[1:-1, 1:-1] = clearance
    clear = room.ravel()
    best = np.full(flat.size, np.inf)
    before = np.full(flat.size, -1, np.int32)
    moves = np.empty(8, np.uint64)
    lengths = np.empty(8)
    for move in range(8):
        moves[move] = np.uint64(STEP_ROWS[move] * stride + STEP_COLUMNS[move])
        lengths[move] = cell * math.hypot(STEP_ROWS[move], STEP_COLUMNS[move])
    size = 1 << 12
    keys, cells, after = np.empty(size), np.empty(size, np.int32), np.empty(size, np.int32)
    head = np.full(64, -1, np.int32)
    start = (row + 1) * stride + column + 1
    best[start] = 0.0
    keys[0], cells[0], after[0], head[0] = 0.0, start, -1, 0
    used, live, at, free = 1, 1, 0, np.int32(-1)
    while live > 0:
        slot = np.uint64(at & 63)
        entry = head[slot]
        if entry < 0:
            at += 1
            continue
        if used + 8 > size:
            size *= 2
            keys, cells, after = grown(keys, size), grown(cells, size), grown(after, size)
        place = np.uint64(entry)
        head[slot] = after[place]
        key, here = keys[place], np.uint64(cells[place])
        after[place] = free
        free = entry
        live -= 1
        if key > best[here]:
            continue
        for move in range(8):
            beside = here + moves[move]
            each = flat[beside]
            if each < 0.0:
                if not clear[beside] > clear[here]:
                    continue
                each = -each
            value = key + lengths[move] * each
            if value < best[beside]:
                best[beside] = value
                before[beside] = np.int32(here)
                if free >= 0:
                    fresh = np.uint64(free)
                    free = after[fresh]
                else:
                    fresh = np.uint64(used)
                    used += 1
                into = np.uint64(np.int64(value / width) & 63)
                keys[fresh], cells[fresh], after[fresh] = value, np.int32(beside), head[into]
                head[into] = np.int32(fresh)
                live += 1
    return best.reshape((ny + 2, stride))[1:-1, 1:-1].copy(), before


@njit(cache=True, nogil=True)
def trace(before, row, column, stride):  # type: ignore[no-untyped-def]
    """Return the cells, as index in the map with a border, from the start to a cell reached."""
    way = np.empty(256, np.int64)
    cell, count = np.int64((row + 1) * stride + column + 1), 0
    while cell >= 0:
        if count == way.size:
            way = grown(way, 2 * count)
        way[count] = cell
        count += 1
        cell = np.int64(before[cell])
    return way[:count][::-1].copy()
