# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which moves over the site the costmap proves impassable, and what is known of them from look to look.

A move between two cells of the site is closed when no way for a disc of the vehicle's half width leads from one to the
other in the box around both; it is open when one does over ground that is seen. Unknown ground proves neither.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.costmap import LETHAL, Costmap
from lupex_path_planning.config import GroundConfig
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS, Mask, SiteGrid, touching

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """Moves (8, ny, nx) of the site that a costmap proves closed, and those that it proves closed or open."""

    closed: Mask
    told: Mask


@dataclass(frozen=True)
class ClosedGround:
    """Moves (8, ny, nx) closed by hazards seen, and when a drive last found each cell (ny, nx) blocked."""

    closed: Mask
    blocked_s: Array

    @classmethod
    def none(cls, grid: SiteGrid) -> "ClosedGround":
        """Return ground on which nothing is closed that the site map calls open."""
        return cls(np.zeros((8, *grid.shape), np.bool_), np.full(grid.shape, -np.inf))

    def after(self, look: Look) -> "ClosedGround":
        """Return what is known after a look: what it shows open is open again."""
        return replace(self, closed=(self.closed & ~look.told) | look.closed)

    def reported(self, cells: set[tuple[int, int]], now_s: float) -> "ClosedGround":
        """Return what is known after a drive found cells blocked."""
        blocked_s = self.blocked_s.copy()
        for cell in cells:
            blocked_s[cell] = now_s
        return replace(self, blocked_s=blocked_s)

    def moves(self, now_s: float, config: GroundConfig) -> Mask:
        """Return the moves (8, ny, nx) closed at a time: a report counts for `blocked_keep_s`."""
        return self.closed | touching(self._counts(now_s, config))

    def lapse_s(self, now_s: float, config: GroundConfig) -> float:
        """Return when the first of the reports that count now no longer does."""
        return float(np.min(self.blocked_s, where=self._counts(now_s, config), initial=np.inf)) + config.blocked_keep_s

    def _counts(self, now_s: float, config: GroundConfig) -> Mask:
        return np.asarray(now_s - self.blocked_s < config.blocked_keep_s)


def look(
    grid: SiteGrid,
    costmap: Costmap,
    map_from_odom: Planar,
    rover: tuple[float, float],
    radius_m: float,
) -> Look:
    """Judge the moves between cells in view, the rover at (x, y) in odom; `radius_m` is the vehicle's half width.

    From the rover's own cell one starts where it stands, from another at the free place nearest to its centre, within
    half a cell; where there is none all its moves are closed.
    """
    closed, told = np.zeros((8, *grid.shape), np.bool_), np.zeros((8, *grid.shape), np.bool_)
    x, y = grid.centres()
    turned = map_from_odom.inverse(np.stack([x.ravel(), y.ravel()], axis=-1)).reshape(*grid.shape, 2)
    # centres of the site's cells as row and column of the costmap, in cells
    rows = (turned[..., 1] - costmap.y0_m) / costmap.cell_m - 0.5
    columns = (turned[..., 0] - costmap.x0_m) / costmap.cell_m - 0.5
    ny, nx = costmap.cost.shape
    inside = np.argwhere((rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx))
    if not inside.size:
        return Look(closed, told)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
    window = slice(top, bottom), slice(left, right)
    free = _free(costmap.cost, costmap.cell_m, radius_m)
    seen = free & (costmap.cost >= 0)
    here = map_from_odom.apply(np.array([rover]))[0]
    own = grid.cell(float(here[0]), float(here[1])) or (-1, -1)
    at = (rover[1] - costmap.y0_m) / costmap.cell_m - 0.5, (rover[0] - costmap.x0_m) / costmap.cell_m - 0.5
    closed[:, *window], told[:, *window] = _judge(
        free, seen, _sums_without(free), _sums_without(seen),
        np.ascontiguousarray(rows[window]), np.ascontiguousarray(columns[window]),
        0.5 * grid.cell_m / costmap.cell_m, (own[0] - int(top), own[1] - int(left)), at,
    )  # fmt: skip
    # what leads into a closed cell from beyond the window is closed as well
    walled = np.asarray(closed.all(axis=0))
    return Look(closed | touching(walled), told | touching(walled))


@njit(cache=True, nogil=True)
def _sums_without(mask):  # type: ignore[no-untyped-def]
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
def _free(cost, cell, radius):  # type: ignore[no-untyped-def]
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
def _judge(free, seen, hindered, unsure, rows, columns, half, own, rover):  # type: ignore[no-untyped-def]
    """Return the moves (8, rows, columns) that are closed, and those that can be told."""
    ny, nx = free.shape
    wy, wx = rows.shape
    closed, told = np.zeros((8, wy, wx), np.bool_), np.zeros((8, wy, wx), np.bool_)
    start = np.full((wy, wx), -2, np.int64)
    reach = math.ceil(half)
    for i in range(wy):
        for j in range(wx):
            u, v = rows[i, j], columns[i, j]
            if u - half < 0 or v - half < 0 or u + half > ny - 1 or v + half > nx - 1:
                continue
            mine = i == own[0] and j == own[1]
            from_u, from_v = (rover[0], rover[1]) if mine else (u, v)
            best, start[i, j] = half * half, -1
            for p in range(max(int(u) - reach, 0), min(int(u) + reach + 2, ny)):
                for q in range(max(int(v) - reach, 0), min(int(v) + reach + 2, nx)):
                    if free[p, q]:
                        off = (p - from_u) ** 2 + (q - from_v) ** 2
                        if off <= best:
                            best, start[i, j] = off, p * nx + q
            if mine and start[i, j] == -1:
                # where the rover stands it has come to: that is no proof
                start[i, j] = -2
    stamp = np.zeros(ny * nx, np.int32)
    stack = np.empty(ny * nx, np.int64)
    mark = np.int32(0)
    for i in range(wy):
        for j in range(wx):
            for move in range(4):
                p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                if p < 0 or q < 0 or p >= wy or q >= wx or start[i, j] == -2 or start[p, q] == -2:
                    continue
                top, bottom = int(min(rows[i, j], rows[p, q]) - 2 * half), int(max(rows[i, j], rows[p, q]) + 2 * half)
                left = int(min(columns[i, j], columns[p, q]) - 2 * half)
                right = int(max(columns[i, j], columns[p, q]) + 2 * half)
                whole = top >= 0 and left >= 0 and bottom < ny and right < nx
                shut = start[i, j] < 0 or start[p, q] < 0
                if not (whole or shut):
                    continue
                if whole and not shut and _within(hindered, top, bottom, left, right) > 0:
                    mark += 1
                    shut = not _joined(free, start[i, j], start[p, q], top, bottom, left, right, stamp, mark, stack)
                known = False
                if whole and not shut and seen.ravel()[start[i, j]] and seen.ravel()[start[p, q]]:
                    known = _within(unsure, top, bottom, left, right) == 0
                    if not known:
                        mark += 1
                        known = _joined(seen, start[i, j], start[p, q], top, bottom, left, right, stamp, mark, stack)
                closed[move, i, j] = closed[move + 4, p, q] = shut
                told[move, i, j] = told[move + 4, p, q] = shut or known
    return closed, told


@njit(cache=True, nogil=True)
def _within(sums, top, bottom, left, right):  # type: ignore[no-untyped-def]
    return sums[bottom + 1, right + 1] - sums[top, right + 1] - sums[bottom + 1, left] + sums[top, left]


@njit(cache=True, nogil=True)
def _joined(free, start, end, top, bottom, left, right, stamp, mark, stack):  # type: ignore[no-untyped-def]
    """Tell whether free cells lead from one to another inside a box, the straight way looked at first."""
    if _straight(free, start, end):
        return True
    nx = free.shape[1]
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
