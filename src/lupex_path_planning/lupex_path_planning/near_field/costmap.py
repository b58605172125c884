# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is new in a costmap."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_models.costmap import LETHAL, Costmap

Array = NDArray[np.float64]

_ON_GRID = 1e-3
"""Of a cell: costmaps that lie so little beside each other are of the same cells."""


def newly_blocked(before: Costmap, now: Costmap, path_m: Array, within_m: float) -> bool:
    """Tell whether a cell within so much of a path (n, 2) is lethal or unknown that was neither in a costmap before.

    A costmap of other cells than the one before is new all over.
    """
    shift = _shift(before, now)
    path = (path_m - (now.x0_m, now.y0_m)) / now.cell_m
    return shift is None or bool(_newly_blocked(before.cost, now.cost, *shift, path, within_m / now.cell_m))


def new_hazards(before: Costmap, now: Costmap) -> bool:
    """Tell whether a cell is lethal that was not in a costmap before."""
    shift = _shift(before, now)
    return shift is None or bool(_new_hazards(before.cost, now.cost, *shift))


def _shift(before: Costmap, now: Costmap) -> tuple[int, int] | None:
    """Return by how many rows and columns the cells of one costmap stand further in another, None for other cells."""
    down, right = (now.y0_m - before.y0_m) / now.cell_m, (now.x0_m - before.x0_m) / now.cell_m
    rows, columns = round(down), round(right)
    beside = max(abs(down - rows), abs(right - columns))
    return (rows, columns) if now.cell_m == before.cell_m and beside <= _ON_GRID else None


@njit(cache=True, nogil=True)
def _new_hazards(before, now, down, right):  # type: ignore[no-untyped-def]
    ny, nx = now.shape
    for i in range(ny):
        for j in range(nx):
            if now[i, j] >= LETHAL:
                p, q = i + down, j + right
                if not (0 <= p < before.shape[0] and 0 <= q < before.shape[1] and before[p, q] >= LETHAL):
                    return True
    return False


@njit(cache=True, nogil=True)
def _newly_blocked(before, now, down, right, path, within):  # type: ignore[no-untyped-def]
    """Look at the cells around the path alone; `path` in cells from the corner of `now`."""
    ny, nx = now.shape
    top, left = max(int(path[:, 1].min() - within), 0), max(int(path[:, 0].min() - within), 0)
    bottom, end = min(int(path[:, 1].max() + within) + 1, ny), min(int(path[:, 0].max() + within) + 1, nx)
    for i in range(top, bottom):
        for j in range(left, end):
            if 0 <= now[i, j] < LETHAL:
                continue
            p, q = i + down, j + right
            if not (0 <= p < before.shape[0] and 0 <= q < before.shape[1] and 0 <= before[p, q] < LETHAL):
                continue
            for k in range(path.shape[0] - 1):
                if _away(j + 0.5, i + 0.5, path[k], path[k + 1]) <= within:
                    return True
    return False


@njit(cache=True, nogil=True)
def _away(x, y, begin, end):  # type: ignore[no-untyped-def]
    """Return the distance of a point from a segment."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    length = dx * dx + dy * dy
    share = ((x - begin[0]) * dx + (y - begin[1]) * dy) / length if length > 0.0 else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.hypot(begin[0] + share * dx - x, begin[1] + share * dy - y)
