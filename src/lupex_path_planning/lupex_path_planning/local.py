# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Way around hazards on the costmap: from the rover towards the goal, as far as the ground is seen and safe."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from lupex_path_planning.config import LocalConfig
from lupex_path_planning.site_grid import STEP_COLUMNS, STEP_ROWS, _sift_down, _sift_up

Array = NDArray[np.float64]

LETHAL = 100


@dataclass(frozen=True)
class Costmap:
    """Costs (ny, nx) int8: 0..99, 100 lethal, -1 unknown; (x0_m, y0_m) is the outer corner of cell [0, 0] in odom."""

    time_s: float
    cost: NDArray[np.int8]
    x0_m: float
    y0_m: float
    cell_m: float

    def centres(self) -> tuple[Array, Array]:
        """Return x_m and y_m (ny, nx) of the cells."""
        ny, nx = self.cost.shape
        return np.meshgrid(
            self.x0_m + self.cell_m * (np.arange(nx) + 0.5), self.y0_m + self.cell_m * (np.arange(ny) + 0.5)
        )

    def around(self, x_m: float, y_m: float, half_m: float) -> "Costmap":
        """Return the part within half_m of a place along each axis, whole cells, empty when it lies outside."""
        ny, nx = self.cost.shape
        bounds = []
        for at, origin, count in ((y_m, self.y0_m, ny), (x_m, self.x0_m, nx)):
            first = math.floor((at - half_m - origin) / self.cell_m)
            last = math.ceil((at + half_m - origin) / self.cell_m)
            bounds.append((min(max(first, 0), count), min(max(last, 0), count)))
        (top, bottom), (left, right) = bounds
        part = self.cost[top:bottom, left:right].copy()
        return Costmap(self.time_s, part, self.x0_m + left * self.cell_m, self.y0_m + top * self.cell_m, self.cell_m)

    def cell(self, x_m: float, y_m: float) -> tuple[int, int] | None:
        """Return (row, column) of the cell that holds a place, None outside."""
        row, column = math.floor((y_m - self.y0_m) / self.cell_m), math.floor((x_m - self.x0_m) / self.cell_m)
        ny, nx = self.cost.shape
        return (row, column) if 0 <= row < ny and 0 <= column < nx else None


@dataclass(frozen=True)
class LocalPlan:
    """Path (n, 2) in odom, beginning at the rover; empty, with the reason, when there is no way."""

    path_m: Array
    reaches_goal: bool
    to_go_m: float
    reason: str
    reachable: NDArray[np.bool_]
    leaves: bool = True
    """Whether any safe ground can be reached at all, be it nearer to the goal or not."""

    @property
    def found(self) -> bool:
        """Tell whether there is a path."""
        return bool(self.path_m.shape[0] > 1)


def plan_local(
    costmap: Costmap,
    start: tuple[float, float],
    to_go_m: Array,
    goal: tuple[float, float],
    tolerance_m: float,
    config: LocalConfig,
) -> LocalPlan:
    """Plan over seen ground from `start` (x, y in odom) to the goal, or to the seen place from which least is left.

    `to_go_m` (ny, nx): length of the route that remains from each cell. Unknown ground is as closed as lethal ground,
    beyond the map all is unknown. First the vehicle is taken as a disc of its half width and its whole outline is
    checked along the path; where that fails, the disc takes in the whole vehicle. The path ends within `look_ahead_m`.
    """
    wide = replace(config, inscribed_radius_m=config.circumscribed_radius_m)
    first = _plan(costmap, start, to_go_m, goal, tolerance_m, config)
    if not first.found or _clear_length(costmap, first.path_m, config) >= _length(first.path_m):
        return first
    second = _plan(costmap, start, to_go_m, goal, tolerance_m, wide)
    if second.found:
        return second
    kept = _clear_length(costmap, first.path_m, config)
    if kept < config.progress_min_m:
        return replace(
            first, path_m=np.empty((0, 2)), reaches_goal=False, reason="the vehicle's outline does not fit through"
        )
    count = 1 + int(kept / config.spacing_m)
    return replace(first, path_m=first.path_m[: max(count, 2)], reaches_goal=False)


def _plan(
    costmap: Costmap,
    start: tuple[float, float],
    to_go_m: Array,
    goal: tuple[float, float],
    tolerance_m: float,
    config: LocalConfig,
) -> LocalPlan:
    nothing = np.zeros(costmap.cost.shape, np.bool_)

    def refuse(reason: str, reachable: NDArray[np.bool_] = nothing, left: float = math.inf) -> LocalPlan:
        return LocalPlan(np.empty((0, 2)), False, left, reason, reachable)

    at = costmap.cell(*start)
    if at is None:
        return refuse("the rover stands outside the costmap")
    if to_go_m.shape != costmap.cost.shape:
        raise ValueError(f"to_go_m {to_go_m.shape} does not fit the costmap {costmap.cost.shape}")
    clearance = signed_clearance(costmap)
    left = float(to_go_m[at])
    best, before = _spread(
        clearance.astype(np.float64),
        costmap.cost,
        at[0],
        at[1],
        np.array(
            [
                costmap.cell_m,
                config.inscribed_radius_m,
                config.inflation_m,
                config.inflation_weight,
                config.cost_weight,
                config.look_ahead_m,
                config.escape_m,
            ]
        ),
    )
    x, y = costmap.centres()
    reachable = np.isfinite(best)
    ends = reachable & (clearance >= config.inscribed_radius_m) & np.isfinite(to_go_m)
    at_goal = ends & (np.hypot(x - goal[0], y - goal[1]) <= tolerance_m)
    # a metre nearer is worth the dearest metre driven
    worth = 1.0 + config.inflation_weight + config.cost_weight
    if at_goal.any():
        off = np.hypot(x - goal[0], y - goal[1])
        end = int(np.argmin(np.where(at_goal, best + worth * off, np.inf)))
    elif ends.any():
        # short of the goal the path ends at the edge of what is seen: there the whole vehicle must fit
        roomy = ends & (clearance >= config.circumscribed_radius_m)
        ends = roomy if roomy.any() else ends
        end = int(np.argmin(np.where(ends, best + worth * to_go_m, np.inf)))
        if not left - to_go_m.flat[end] >= config.progress_min_m:
            return refuse("no seen and safe ground leads nearer to the goal", reachable, left)
    else:
        return replace(refuse("no safe ground around the rover", reachable, left), leaves=False)
    cells = _trace(before, end)
    nx = costmap.cost.shape[1]
    points = np.stack(
        [costmap.x0_m + costmap.cell_m * (cells % nx + 0.5), costmap.y0_m + costmap.cell_m * (cells // nx + 0.5)],
        axis=-1,
    )
    points[0] = start
    path = _smooth(points, costmap, clearance, config)
    if path.shape[0] < 2:
        return refuse("the goal is where the rover stands", reachable, left)
    return LocalPlan(path, bool(at_goal.any()), float(to_go_m.flat[end]), "", reachable)


def signed_clearance(costmap: Costmap) -> NDArray[np.float32]:
    """Return the distance [m] of each cell's centre to the nearest lethal or unknown cell's edge, negative within one.

    Beyond the costmap all is unknown.
    """
    blocked = np.pad((costmap.cost < 0) | (costmap.cost >= LETHAL), 1, constant_values=True)
    outside = distance_transform_edt(~blocked)[1:-1, 1:-1]
    # how deep matters only right around the rover, which may have to find out of it
    inside = distance_transform_edt(blocked)[1:-1, 1:-1] if (costmap.cost >= LETHAL).any() else 0.0
    return np.asarray((np.where(outside > 0, outside - 0.5, 0.5 - inside) * costmap.cell_m), np.float32)


@njit(cache=True)
def _spread(clearance, cost, row, column, numbers):  # type: ignore[no-untyped-def]
    """Return the least cost from the start to each cell within reach, and the cell before it.

    A start too near to a hazard may be left over cells that only gain clearance, none of them unknown.
    """
    cell, radius, inflation, inflation_weight, cost_weight, reach, escape = numbers
    ny, nx = clearance.shape
    best = np.full((ny, nx), np.inf)
    before = np.full(ny * nx, -1, np.int64)
    keys = np.empty(1024)
    cells = np.empty(1024, np.int64)
    best[row, column] = 0.0
    keys[0] = 0.0
    cells[0] = row * nx + column
    size = 1
    width = max(inflation - radius, 1e-6)
    while size > 0:
        key, at = keys[0], cells[0]
        size -= 1
        _sift_down(keys, cells, size)
        i, j = at // nx, at % nx
        if key > best[i, j]:
            continue
        for move in range(8):
            p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
            if p < 0 or q < 0 or p >= ny or q >= nx or cost[p, q] < 0:
                continue
            away = math.hypot(p - row, q - column) * cell
            if away > reach:
                continue
            if clearance[p, q] < radius and not (away <= escape and clearance[p, q] > clearance[i, j]):
                continue
            near = min(max((inflation - clearance[p, q]) / width, 0.0), 1.0)
            step = cell * math.hypot(p - i, q - j)
            value = key + step * (1.0 + inflation_weight * near * near + cost_weight * cost[p, q] / 100.0)
            if value < best[p, q]:
                best[p, q] = value
                before[p * nx + q] = at
                if size == keys.size:
                    keys = np.concatenate((keys, np.empty(keys.size)))
                    cells = np.concatenate((cells, np.empty(cells.size, np.int64)))
                _sift_up(keys, cells, size, value, p * nx + q)
                size += 1
    return best, before


def _trace(before: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    cells = [end]
    while before[cells[-1]] >= 0:
        cells.append(int(before[cells[-1]]))
    return np.array(cells[::-1])


def _smooth(points: Array, costmap: Costmap, clearance: NDArray[np.float32], config: LocalConfig) -> Array:
    """Draw the path straight where that loses no clearance, and space it evenly."""
    path = resample(points, config.spacing_m)
    if path.shape[0] < 3:
        return path
    least = np.minimum(_at(costmap, clearance, path), config.inflation_m)
    for _ in range(config.smoothing_passes):
        moved = path.copy()
        moved[1:-1] = 0.5 * path[1:-1] + 0.25 * (path[:-2] + path[2:])
        fine = np.minimum(_at(costmap, clearance, moved), config.inflation_m) >= least - 0.5 * costmap.cell_m
        path = np.where(fine[:, None], moved, path)
    return resample(path, config.spacing_m)


def resample(points: Array, spacing_m: float) -> Array:
    """Return the polyline with evenly spaced points; both ends are kept."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    keep = np.concatenate([[True], steps > 1e-9])
    points = points[keep]
    if points.shape[0] < 2:
        return points
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(round(along[-1] / spacing_m), 1)
    at = np.linspace(0.0, along[-1], count + 1)
    return np.stack([np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])], axis=-1)


def _at(costmap: Costmap, field: NDArray[np.float32], points: Array) -> NDArray[np.float32]:
    ny, nx = field.shape
    rows = np.clip(((points[:, 1] - costmap.y0_m) / costmap.cell_m).astype(int), 0, ny - 1)
    columns = np.clip(((points[:, 0] - costmap.x0_m) / costmap.cell_m).astype(int), 0, nx - 1)
    return np.asarray(field[rows, columns])


def _length(path: Array) -> float:
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def _clear_length(costmap: Costmap, path: Array, config: LocalConfig) -> float:
    """Return how far the vehicle's outline, turned along the path, stays on seen and safe ground.

    Over the first `escape_m` the outline is where the rover stands already.
    """
    step = np.diff(path, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0])
    heading = np.concatenate([heading, heading[-1:]])
    along = np.arange(-config.half_length_m, config.half_length_m + 1e-9, 0.5 * costmap.cell_m)
    across = np.arange(-config.half_width_m, config.half_width_m + 1e-9, 0.5 * costmap.cell_m)
    body = np.stack([g.ravel() for g in np.meshgrid(along, across)], axis=-1)
    cosine, sine = np.cos(heading)[:, None], np.sin(heading)[:, None]
    x = path[:, :1] + cosine * body[:, 0] - sine * body[:, 1]
    y = path[:, 1:] + sine * body[:, 0] + cosine * body[:, 1]
    ny, nx = costmap.cost.shape
    rows = np.floor((y - costmap.y0_m) / costmap.cell_m).astype(int)
    columns = np.floor((x - costmap.x0_m) / costmap.cell_m).astype(int)
    inside = (rows >= 0) & (columns >= 0) & (rows < ny) & (columns < nx)
    cost = np.where(inside, costmap.cost[np.clip(rows, 0, ny - 1), np.clip(columns, 0, nx - 1)], -1)
    bad = ((cost < 0) | (cost >= LETHAL)).any(axis=1)
    distance = np.concatenate([[0.0], np.cumsum(np.hypot(*step.T))])
    bad &= distance > config.escape_m
    return float(distance[np.argmax(bad)] - config.spacing_m) if bad.any() else math.inf
