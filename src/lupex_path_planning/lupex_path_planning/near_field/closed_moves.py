# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which moves over the site a costmap proves impassable, and which of them it shows open with room to spare.

A move between two cells of the site is closed when no way for a disc of the vehicle's half width leads from one to the
other in the box around both. It is open with room when one does for a wider disc over ground that is seen, wherever
the cells truly lie within what the place may be off: so neither the noise of a cell nor a drift of the place closes it
again. Between the two, and on unknown ground, a costmap proves neither.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models.costmap import Costmap
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.near_field.passages import (
    free_of,
    nearest,
    open_moves,
    places_of,
    shut_moves,
    starts_of,
    sums_without,
)
from lupex_path_planning.site_grid import Mask, SiteGrid

Array = NDArray[np.float64]

_DRIFT_MOST = 0.3
"""Of a cell of the site: more drift than this is not allowed for, as hardly any ground would be open again."""


@dataclass(frozen=True)
class Look:
    """Moves (8, ny, nx) of the site that a costmap proves closed, and those asked for that it shows open with room."""

    closed: Mask
    open: Mask


@dataclass(frozen=True)
class Room:
    """The vehicle's half width, how much wider a way is that counts as open, and how far the place may drift."""

    radius_m: float
    spare_m: float
    drift_m: float


def look(
    grid: SiteGrid,
    costmap: Costmap,
    map_from_odom: Planar,
    rover: tuple[float, float],
    room: Room,
    asked: Mask,
) -> Look:
    """Judge the moves between cells in view, the rover at (x, y) in odom; only those `asked` (8, ny, nx) may be open.

    From the rover's own cell one starts where it stands, from another at the free place nearest to its centre, within
    half a cell; where there is none all its moves are closed. A place walled in on less ground than a cell is none.
    """
    closed, shown = np.zeros((8, *grid.shape), np.bool_), np.zeros((8, *grid.shape), np.bool_)
    x, y = grid.centres()
    turned = map_from_odom.inverse(np.stack([x.ravel(), y.ravel()], axis=-1)).reshape(*grid.shape, 2)
    # centres of the site's cells as row and column of the costmap, in cells
    rows = (turned[..., 1] - costmap.y0_m) / costmap.cell_m - 0.5
    columns = (turned[..., 0] - costmap.x0_m) / costmap.cell_m - 0.5
    ny, nx = costmap.cost.shape
    inside = np.argwhere((rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx))
    if not inside.size:
        return Look(closed, shown)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
    window = slice(top, bottom), slice(left, right)
    free = free_of(costmap.cost, costmap.cell_m, room.radius_m)
    half = 0.5 * grid.cell_m / costmap.cell_m
    places = places_of(free, round(4.0 * half * half))
    centres = np.ascontiguousarray(rows[window]), np.ascontiguousarray(columns[window])
    start, away = starts_of(places, *centres, half)
    here = map_from_odom.apply(np.array([rover]))[0]
    own = grid.cell(float(here[0]), float(here[1])) or (-1, -1)
    at = (rover[1] - costmap.y0_m) / costmap.cell_m - 0.5, (rover[0] - costmap.x0_m) / costmap.cell_m - 0.5
    own_start = _with_own(free, start, (own[0] - int(top), own[1] - int(left)), at, half)
    closed[:, *window] = shut_moves(free, sums_without(free), own_start, *centres, half)
    left_to_ask = np.ascontiguousarray(asked[:, *window] & ~closed[:, *window])
    if left_to_ask.any():
        wide = free_of(costmap.cost, costmap.cell_m, room.radius_m + room.spare_m) & (costmap.cost >= 0)
        most = 2.0 * half * _DRIFT_MOST
        drift = room.drift_m / costmap.cell_m
        drift = drift if drift <= most else most
        shown[:, *window] = open_moves(
            left_to_ask, (free, places, wide), sums_without(wide), (start, away), centres, (half, drift)
        )
    return Look(closed, shown)


def _with_own(
    free: Mask, start: NDArray[np.int64], own: tuple[int, int], rover: tuple[float, float], half: float
) -> NDArray[np.int64]:
    """Return the places with the rover's own in its cell; where it stands it has come to: that none is free proves
    nothing.
    """
    if not (0 <= own[0] < start.shape[0] and 0 <= own[1] < start.shape[1]) or start[own] == -2:
        return start
    at, _ = nearest(free, *rover, *rover, half)
    changed = start.copy()
    changed[own] = at if at >= 0 else -2
    return changed
