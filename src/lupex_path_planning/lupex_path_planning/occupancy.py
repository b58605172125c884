# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the orbital map alone says of driving over the site, as maps of occupancy say it."""

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import GridConfig
from lupex_path_planning.site_grid import STEPS, Moves, SiteGrid

OCCUPIED, UNKNOWN = 100, -1
_DEAREST = 99


def occupancy(grid: SiteGrid, moves: Moves, config: GridConfig) -> NDArray[np.int8]:
    """Return the cost (ny, nx): -1 unknown, 100 never driven on, else 99 times the share of the slope limit.

    Never driven on is what is too steep, and what no move of the planner leads onto.
    """
    steepness = np.arctan(np.hypot(grid.slope_x, grid.slope_y)) + config.slope_error_rad
    known = np.isfinite(steepness) & np.isfinite(grid.height_m)
    share = np.where(known, steepness, 0.0) / config.slope_max_rad
    cost = np.clip(np.floor(_DEAREST * share), 0, _DEAREST).astype(np.int8)
    cost[~(grid.passable & _entered(moves))] = OCCUPIED
    cost[~known] = UNKNOWN
    return cost


def ground_level_m(grid: SiteGrid) -> float:
    """Return the height at which a flat picture of the grid is best seen; 0 where none is known."""
    heights = grid.height_m[np.isfinite(grid.height_m)]
    return float(np.median(heights)) if heights.size else 0.0


def _entered(moves: Moves) -> NDArray[np.bool_]:
    """Tell of each cell whether a move leads onto it."""
    open_ = np.isfinite(moves.time_s)
    padded = np.pad(np.zeros(open_.shape[1:], np.bool_), 1)
    ny, nx = open_.shape[1:]
    for leaving, (di, dj) in zip(open_, STEPS, strict=True):
        padded[1 + di : 1 + di + ny, 1 + dj : 1 + dj + nx] |= leaving
    return padded[1:-1, 1:-1]
