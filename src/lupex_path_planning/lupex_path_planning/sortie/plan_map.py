# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The ground of a planned sortie with its light at the moments that matter: what a picture of the plan is drawn on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models.site import OrbitalSite
from lupex_path_planning.sortie.plan import Sortie, Visit
from lupex_path_planning.sortie.profile import key_moments
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]

LIGHT = "sunlit_"
"""Begin of the name of a layer of light; the ROS time in seconds follows."""

_AROUND_SHARE = 0.25
"""Ground shown around the sortie, over its extent."""

_AROUND_MIN_M = 60.0


@dataclass(frozen=True)
class PlanMap:
    """Layers (ny, nx) by name; cell [0, 0] is centred on (x0_m, y0_m)."""

    x0_m: float
    y0_m: float
    cell_m: float
    layers: dict[str, Array]


def plan_map(
    site: OrbitalSite,
    policy: RecoveryPolicy,
    sortie: Sortie,
    visits: Sequence[Visit],
    start: tuple[float, float, float],
) -> PlanMap:
    """Cut the ground of a sortie from `start` (x_m, y_m, ROS time) out of the planner's window.

    Layers: elevation [m], permanent_shadow (nan where unknown), and sunlit_SECONDS, the share of the Sun's disc, at
    each of the sortie's key moments; for a sortie that is not feasible at the start alone.
    """
    grid = policy.grid
    places = [start[:2], *((visit.x_m, visit.y_m) for visit in visits)]
    places += [(point.x_m, point.y_m) for point in sortie.waypoints]
    rows, columns = _window(policy, places)
    x0, y0 = grid.place(rows.start, columns.start)
    x, y = grid.centres()
    layers = {
        "elevation": grid.height_m[rows, columns],
        "permanent_shadow": _permanent_shadow(site, x[rows, columns], y[rows, columns]),
    }
    for moment in key_moments(sortie) or (start[2],):
        k = min(max(policy.light.index(moment), 0), policy.light.count - 1)
        layers[f"{LIGHT}{moment:.0f}"] = policy.light.sunlit[k][rows, columns].astype(np.float64)
    return PlanMap(x0, y0, grid.cell_m, layers)


def _window(policy: RecoveryPolicy, places: Sequence[tuple[float, float]]) -> tuple[slice, slice]:
    grid = policy.grid
    xs, ys = np.array(places).T
    around = max(_AROUND_SHARE * max(np.ptp(xs), np.ptp(ys)), _AROUND_MIN_M)
    # a sortie along one line is shown on a square too
    half = 0.5 * max(np.ptp(xs), np.ptp(ys))
    middle_x, middle_y = 0.5 * (xs.min() + xs.max()), 0.5 * (ys.min() + ys.max())
    ny, nx = grid.shape

    def cut(middle: float, origin: float, count: int) -> slice:
        low = round((middle - half - around - origin) / grid.cell_m)
        high = round((middle + half + around - origin) / grid.cell_m)
        begin = min(max(low, 0), count - 2)
        return slice(begin, min(max(high, begin + 1), count - 1) + 1)

    return cut(middle_y, grid.y0_m, ny), cut(middle_x, grid.x0_m, nx)


def _permanent_shadow(site: OrbitalSite, x_m: Array, y_m: Array) -> Array:
    """Return 1 in permanent shadow and 0 elsewhere, of the nearest cell of the horizon map; nan where unknown."""
    if site.permanent_shadow is None:
        return np.full(x_m.shape, np.nan)
    horizon = site.horizon
    rows = np.clip(np.round((y_m - horizon.y0_m) / horizon.cell_m).astype(int), 0, horizon.shape[0] - 1)
    columns = np.clip(np.round((x_m - horizon.x0_m) / horizon.cell_m).astype(int), 0, horizon.shape[1] - 1)
    return np.asarray(site.permanent_shadow[rows, columns], np.float64)
