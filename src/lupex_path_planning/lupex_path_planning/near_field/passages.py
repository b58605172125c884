# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ways for a disc over a costmap between the cells of a coarser grid: none, or one with room; lengths in its cells."""

import math

import numpy as np
from numba import njit

from lupex_models.costmap import LETHAL
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS


@njit(cache=True, nogil=True)
def sums_without(mask):  # type: ignore[no-untyped-def]
    """Return how many cells above and to the left, (ny + 1, nx + 1), are not in a mask."""
    ny, nx = mask.shape
    sums = np.zeros((ny + 1, nx + 1), np.int32)
    for i in range(ny):
        row = 0
        for j in range(nx):
            row += not mask[i, j]
            sums[i + 1, j + 1] = sums[i, j + 1] + row
    return sums


@njit(cache=True, nogil=True)
def free_of(cost, cell, radius):  # type: ignore[no-untyped-def]
    """Return the cells from whose centre the nearest hazard's edge is at least a radius away.

    A hazard among hazards hinders no cell that one at their edge does not.
    """
    ny, nx = cost.shape
    free = np.ones((ny, nx), np.bool_)
    reach = math.ceil(radius / cell + 0.5)
    near = np.zeros((2 * reach + 1, 2 * reach + 1), np.bool_)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            near[i + reach, j + reach] = (math.sqrt(float(i * i + j * j)) - 0.5) * cell < radius
    for i in range(ny):
        for j in range(nx):
            if cost[i, j] < LETHAL:
                continue
            free[i, j] = False
            if 0 < i < ny - 1 and 0 < j < nx - 1:
                beside = min(min(cost[i - 1, j], cost[i + 1, j]), min(cost[i, j - 1], cost[i, j + 1]))
                if beside >= LETHAL:
                    continue
            for p in range(max(i - reach, 0), min(i + reach + 1, ny)):
                for q in range(max(j - reach, 0), min(j + reach + 1, nx)):
                    if near[p - i + reach, q - j + reach]:
                        free[p, q] = False
    return free


@njit(cache=True, nogil=True)
def places_of(free, least):  # type: ignore[no-untyped-def]
    """Return the free cells that are not walled in, in the costmap, on less than so many."""
    ny, nx = free.shape
    places = free.copy()
    stamp = np.zeros(ny * nx, np.int32)
    stack = np.empty(ny * nx, np.int64)
    for i in range(ny):
        for j in range(nx):
            if not free[i, j] or stamp[i * nx + j]:
                continue
            # the cells found stay behind in the stack's lower part
            stamp[i * nx + j], stack[0] = 1, i * nx + j
            size, done, edge = 1, 0, False
            while done < size:
                u, v = stack[done] // nx, stack[done] % nx
                done += 1
                edge |= u == 0 or v == 0 or u == ny - 1 or v == nx - 1
                for p in range(max(u - 1, 0), min(u + 2, ny)):
                    for q in range(max(v - 1, 0), min(v + 2, nx)):
                        if free[p, q] and not stamp[p * nx + q]:
                            stamp[p * nx + q], stack[size] = 1, p * nx + q
                            size += 1
            if size < least and not edge:
                for k in range(size):
                    places[stack[k] // nx, stack[k] % nx] = False
    return places


@njit(cache=True, nogil=True)
def nearest(mask, u, v, from_u, from_v, half):  # type: ignore[no-untyped-def]
    """Return the cell of a mask within `half` of a point that is nearest to another one, -1 for none, and how far."""
    ny, nx = mask.shape
    reach = math.ceil(half)
    best, at = half * half, -1
    for p in range(max(int(u) - reach, 0), min(int(u) + reach + 2, ny)):
        for q in range(max(int(v) - reach, 0), min(int(v) + reach + 2, nx)):
            if mask[p, q]:
                off = (p - from_u) ** 2 + (q - from_v) ** 2
                if off <= best:
                    best, at = off, p * nx + q
    return at, math.sqrt(best)


@njit(cache=True, nogil=True)
def starts_of(places, rows, columns, half):  # type: ignore[no-untyped-def]
    """Return the place that stands for each cell of the site, -1 for none, -2 outside, and how far off its centre."""
    ny, nx = places.shape
    wy, wx = rows.shape
    start, away = np.full((wy, wx), -2, np.int64), np.zeros((wy, wx))
    for i in range(wy):
        for j in range(wx):
            u, v = rows[i, j], columns[i, j]
            if u - half < 0 or v - half < 0 or u + half > ny - 1 or v + half > nx - 1:
                continue
            start[i, j], away[i, j] = nearest(places, u, v, u, v, half)
    return start, away


@njit(cache=True, nogil=True)
def shut_moves(free, hindered, start, rows, columns, half):  # type: ignore[no-untyped-def]
    """Return the moves (8, rows, columns) along which no way leads."""
    ny, nx = free.shape
    wy, wx = rows.shape
    closed = np.zeros((8, wy, wx), np.bool_)
    stamp = np.zeros(ny * nx, np.int32)
    stack = np.empty(ny * nx, np.int64)
    mark = np.int32(0)
    for i in range(wy):
        for j in range(wx):
            for move in range(4):
                p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                if p < 0 or q < 0 or p >= wy or q >= wx or start[i, j] == -2 or start[p, q] == -2:
                    continue
                shut = start[i, j] < 0 or start[p, q] < 0
                if not shut:
                    box = _box(rows[i, j], columns[i, j], rows[p, q], columns[p, q], 2.0 * half)
                    if _holds(box, ny, nx) and _within(hindered, box) > 0:
                        mark += 1
                        shut = not _joined(free, start[i, j], start[p, q], box, stamp, mark, stack)
                closed[move, i, j] = closed[move + 4, p, q] = shut
    return closed


@njit(cache=True, nogil=True)
def open_moves(asked, masks, unsure, starts, centres, numbers):  # type: ignore[no-untyped-def]
    """Return the moves asked for (8, rows, columns) that are open with room, wherever within the drift the cells lie.

    A wide way joins both cells, and from it one comes to every place that would stand for either after a drift: it is
    no farther from the centre of then than the place of now.
    """
    free, places, wide = masks
    start, away = starts
    rows, columns = centres
    half, drift = numbers
    ny, nx = free.shape
    wy, wx = rows.shape
    shown = np.zeros((8, wy, wx), np.bool_)
    stamp = np.zeros(ny * nx, np.int32)
    stack = np.empty(ny * nx, np.int64)
    mark = np.int32(0)
    for i in range(wy):
        for j in range(wx):
            for move in range(4):
                p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                if p < 0 or q < 0 or p >= wy or q >= wx or not (asked[move, i, j] or asked[move + 4, p, q]):
                    continue
                u, v, s, t = rows[i, j], columns[i, j], rows[p, q], columns[p, q]
                box = _box(u, v, s, t, 2.0 * half)
                if start[i, j] < 0 or start[p, q] < 0 or not _holds(box, ny, nx):
                    continue
                known = _within(unsure, box) == 0
                if not known:
                    box = _box(u, v, s, t, 2.0 * half - drift)
                    a, b = nearest(wide, u, v, u, v, half)[0], nearest(wide, s, t, s, t, half)[0]
                    if a < 0 or b < 0:
                        continue
                    mark += 2
                    known = _joined(wide, a, b, box, stamp, mark - 1, stack)
                    if known:
                        _flood(free, a, -1, box, stamp, mark, stack)
                        known = _covers(places, u, v, min(away[i, j] + drift, half) + drift, stamp, mark)
                        known &= _covers(places, s, t, min(away[p, q] + drift, half) + drift, stamp, mark)
                shown[move, i, j], shown[move + 4, p, q] = known & asked[move, i, j], known & asked[move + 4, p, q]
    return shown


@njit(cache=True, nogil=True)
def _covers(places, u, v, reach, stamp, mark):  # type: ignore[no-untyped-def]
    """Tell whether all places within so many cells of a point bear a mark."""
    ny, nx = places.shape
    for p in range(max(math.floor(u - reach), 0), min(math.ceil(u + reach), ny - 1) + 1):
        for q in range(max(math.floor(v - reach), 0), min(math.ceil(v + reach), nx - 1) + 1):
            if places[p, q] and (p - u) ** 2 + (q - v) ** 2 <= reach * reach and stamp[p * nx + q] != mark:
                return False
    return True


@njit(cache=True, nogil=True)
def _box(u, v, s, t, beyond):  # type: ignore[no-untyped-def]
    """Return the first and last row and column of the box so far around two points."""
    return int(min(u, s) - beyond), int(max(u, s) + beyond), int(min(v, t) - beyond), int(max(v, t) + beyond)


@njit(cache=True, nogil=True)
def _holds(box, ny, nx):  # type: ignore[no-untyped-def]
    """Tell whether a box lies within a map."""
    return box[0] >= 0 and box[1] < ny and box[2] >= 0 and box[3] < nx


@njit(cache=True, nogil=True)
def _within(sums, box):  # type: ignore[no-untyped-def]
    top, bottom, left, right = box
    return sums[bottom + 1, right + 1] - sums[top, right + 1] - sums[bottom + 1, left] + sums[top, left]


@njit(cache=True, nogil=True)
def _joined(free, start, end, box, stamp, mark, stack):  # type: ignore[no-untyped-def]
    """Tell whether free cells lead from one to another inside a box, the straight way looked at first."""
    return _straight(free, start, end) or _flood(free, start, end, box, stamp, mark, stack)


@njit(cache=True, nogil=True)
def _flood(free, start, end, box, stamp, mark, stack):  # type: ignore[no-untyped-def]
    """Mark the free cells that one leads to inside a box; tell whether another is among them, then without the rest."""
    nx = free.shape[1]
    top, bottom, left, right = box
    stack[0] = start
    stamp[start] = mark
    size = 1
    while size > 0:
        size -= 1
        at = stack[size]
        if at == end:
            return True
        i, j = at // nx, at % nx
        for p in range(max(i - 1, top), min(i + 1, bottom) + 1):
            for q in range(max(j - 1, left), min(j + 1, right) + 1):
                to = p * nx + q
                if free[p, q] and stamp[to] != mark:
                    stamp[to] = mark
                    stack[size] = to
                    size += 1
    return False


@njit(cache=True, nogil=True)
def _straight(free, start, end):  # type: ignore[no-untyped-def]
    """Tell whether the cells nearest to the straight line from one to another are free."""
    nx = free.shape[1]
    i, j = start // nx, start % nx
    down, right = end // nx - i, end % nx - j
    steps = max(abs(down), abs(right))
    k = 1
    while k < steps and free[i + round(down * k / steps), j + round(right * k / steps)]:
        k += 1
    return k >= steps
