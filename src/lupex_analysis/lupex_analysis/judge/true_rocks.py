# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True rocks as obstacles: moves between cells that they leave no free ground for."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lupex_analysis.judge.true_need import STEP_COLUMNS, STEP_ROWS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_PARTS = 10
"""A side of a cell, of which free ground is told apart."""
_MIDDLE = slice(2, 8)
"""Of them, where a rover is that stands in the cell."""
_EIGHT = np.ones((3, 3))


def rocky_moves(rocks: Array, x_m: Array, y_m: Array, cell_m: float, half_width_m: float, least_m: float) -> Mask:
    """Return the moves (8, ny, nx) out of cells at x (nx), y (ny) that rocks (n, 4: x, y, diameter, height) close.

    Rocks of at least `least_m` in height count. A move is open where ground that is free for the rover's middle goes in
    one piece, through the two cells or the four about a corner, from the one's middle to the other's. The detour is not
    counted, nor the rover's length: what is closed is truly closed.
    """
    ny, nx = y_m.size, x_m.size
    taken = _taken(rocks[rocks[:, 3] >= least_m], x_m, y_m, cell_m, half_width_m)
    rocky: Mask = np.any(taken.reshape(ny, _PARTS, nx, _PARTS), axis=(1, 3))
    closed = np.zeros((8, ny, nx), np.bool_)
    # the other four are the same moves made backwards
    for move in range(4):
        di, dj = int(STEP_ROWS[move]), int(STEP_COLUMNS[move])
        for i in range(max(-di, 0), ny - max(di, 0)):
            for j in range(max(-dj, 0), nx - max(dj, 0)):
                if (rocky[i, j] or rocky[i + di, j + dj]) and not _open(taken, (i, j), (i + di, j + dj)):
                    closed[move, i, j] = closed[move + 4, i + di, j + dj] = True
    return closed


def _taken(rocks: Array, x_m: Array, y_m: Array, cell_m: float, half_width_m: float) -> Mask:
    """Return where the rover's middle cannot be: parts of cells (ny * _PARTS, nx * _PARTS)."""
    part_m = cell_m / _PARTS
    x = x_m[0] - 0.5 * cell_m + (np.arange(x_m.size * _PARTS) + 0.5) * part_m
    y = y_m[0] - 0.5 * cell_m + (np.arange(y_m.size * _PARTS) + 0.5) * part_m
    taken = np.zeros((y.size, x.size), np.bool_)
    for rock_x, rock_y, diameter, _ in rocks:
        reach = 0.5 * diameter + half_width_m
        columns = slice(*np.searchsorted(x, [rock_x - reach, rock_x + reach]))
        rows = slice(*np.searchsorted(y, [rock_y - reach, rock_y + reach]))
        taken[rows, columns] |= np.hypot(x[None, columns] - rock_x, y[rows, None] - rock_y) < reach
    return taken


def _open(taken: Mask, here: tuple[int, int], there: tuple[int, int]) -> bool:
    """Tell whether one piece of free ground holds parts of both cells' middles."""
    low = min(here[0], there[0]), min(here[1], there[1])
    rows, columns = (slice(low[k] * _PARTS, (max(here[k], there[k]) + 1) * _PARTS) for k in (0, 1))
    pieces, _ = ndimage.label(~taken[rows, columns], _EIGHT)

    def middle(cell: tuple[int, int]) -> set[int]:
        i, j = ((cell[k] - low[k]) * _PARTS for k in (0, 1))
        return set(np.unique(pieces[i : i + _PARTS, j : j + _PARTS][_MIDDLE, _MIDDLE]).tolist()) - {0}

    return bool(middle(here) & middle(there))
