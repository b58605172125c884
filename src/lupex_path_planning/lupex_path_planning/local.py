# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Way around hazards on the costmap: from the rover towards the goal, as far as the ground is seen and safe."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from lupex_path_planning.config import LocalConfig
from lupex_path_planning.local_search import dearness, spread, trace

Array = NDArray[np.float64]

LETHAL = 100

_SWEEP_RAD = 0.1
"""Between two headings of the outline so far apart its corners move by less than a cell."""


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
    blocked_by: str = ""
    """Without a path: "a hazard" or "unknown ground", what ends the reachable ground nearest to the goal."""
    blocked_at_m: tuple[float, float] | None = None
    """Its place in odom."""

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
    kept_m: Array | None = None,
) -> LocalPlan:
    """Plan over seen ground from `start` (x, y in odom) to the goal, or to the seen place from which least is left.

    `to_go_m` (ny, nx): length of the route that remains from each cell. Unknown ground is as closed as lethal ground,
    beyond the map all is unknown. First the vehicle is taken as a disc of its half width and its whole outline is
    checked along the path; where that fails, the disc takes in the whole vehicle. The path ends within `look_ahead_m`.
    `kept_m` (n, 2): the path driven so far, along which a metre costs less, so that what is hardly better does not turn
    the rover. Raises ValueError when `to_go_m` is of another shape than the costmap.
    """
    if to_go_m.shape != costmap.cost.shape:
        raise ValueError(f"to_go_m {to_go_m.shape} does not fit the costmap {costmap.cost.shape}")
    wide = replace(config, inscribed_radius_m=config.circumscribed_radius_m)
    ground = _Ground(costmap, signed_clearance(costmap), _discount(costmap, kept_m, config), to_go_m)
    first = _plan(ground, start, goal, tolerance_m, config)
    if not first.found or _clear_length(costmap, first.path_m, config) >= _length(first.path_m):
        return first
    second = _plan(ground, start, goal, tolerance_m, wide)
    if second.found:
        return second
    kept = _clear_length(costmap, first.path_m, config)
    if kept < config.progress_min_m:
        return replace(
            first, path_m=np.empty((0, 2)), reaches_goal=False, reason="the vehicle's outline does not fit through"
        )
    count = 1 + int(kept / config.spacing_m)
    return replace(first, path_m=first.path_m[: max(count, 2)], reaches_goal=False)


@dataclass(frozen=True)
class _Ground:
    costmap: Costmap
    clearance: NDArray[np.float32]
    discount: NDArray[np.float32]
    to_go_m: Array


def _plan(
    ground: _Ground, start: tuple[float, float], goal: tuple[float, float], tolerance_m: float, config: LocalConfig
) -> LocalPlan:
    costmap, clearance, to_go_m = ground.costmap, ground.clearance, ground.to_go_m
    nothing = np.zeros(costmap.cost.shape, np.bool_)

    def refuse(reason: str, reachable: NDArray[np.bool_] = nothing, left: float = math.inf) -> LocalPlan:
        return LocalPlan(np.empty((0, 2)), False, left, reason, reachable)

    at = costmap.cell(*start)
    if at is None:
        return refuse("the rover stands outside the costmap")
    left = float(to_go_m[at])
    numbers = (
        costmap.cell_m,
        config.inscribed_radius_m,
        config.inflation_m,
        config.inflation_weight,
        config.cost_weight,
        config.look_ahead_m,
        config.escape_m,
    )
    dear = dearness(clearance, costmap.cost, ground.discount, at[0], at[1], np.array(numbers))
    longest = math.sqrt(2.0) * (1.0 + config.inflation_weight + config.cost_weight)
    width = costmap.cell_m * max(1.0 - config.keep_share, longest / 60.0)
    best, before = spread(dear, clearance, at[0], at[1], costmap.cell_m, width)
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
            return _blocked(refuse("no seen and safe ground leads nearer to the goal", reachable, left), ground, at)
    else:
        return replace(_blocked(refuse("no safe ground around the rover", reachable, left), ground, at), leaves=False)
    stride = costmap.cost.shape[1] + 2
    cells = trace(before, end // (stride - 2), end % (stride - 2), stride)
    points = np.stack(
        [
            costmap.x0_m + costmap.cell_m * (cells % stride - 0.5),
            costmap.y0_m + costmap.cell_m * (cells // stride - 0.5),
        ],
        axis=-1,
    )
    points[0] = start
    path = _smooth(points, costmap, clearance, config)
    if path.shape[0] < 2:
        return refuse("the goal is where the rover stands", reachable, left)
    return LocalPlan(path, bool(at_goal.any()), float(to_go_m.flat[end]), "", reachable)


def _blocked(plan: LocalPlan, ground: _Ground, at: tuple[int, int]) -> LocalPlan:
    """Name what ends the reachable ground where it is nearest to the goal, and where that lies."""
    costmap, reachable = ground.costmap, plan.reachable.copy()
    reachable[at] = True
    edge = np.zeros_like(reachable)
    edge[1:] |= reachable[:-1]
    edge[:-1] |= reachable[1:]
    edge[:, 1:] |= reachable[:, :-1]
    edge[:, :-1] |= reachable[:, 1:]
    edge &= ~reachable & np.isfinite(ground.to_go_m)
    rows, columns = np.nonzero((costmap.cost < 0) | (costmap.cost >= LETHAL))
    if not edge.any() or not rows.size:
        return plan
    row, column = divmod(int(np.argmin(np.where(edge, ground.to_go_m, np.inf))), edge.shape[1])
    nearest = int(np.argmin(np.hypot(rows - row, columns - column)))
    i, j = int(rows[nearest]), int(columns[nearest])
    kind = "unknown ground" if costmap.cost[i, j] < 0 else "a hazard"
    place = (costmap.x0_m + costmap.cell_m * (j + 0.5), costmap.y0_m + costmap.cell_m * (i + 0.5))
    away = costmap.cell_m * math.hypot(i - at[0], j - at[1])
    reason = f"{plan.reason}: {kind} {away:.1f} m away, at x {place[0]:.1f} m, y {place[1]:.1f} m in odom"
    return replace(plan, reason=reason, blocked_by=kind, blocked_at_m=place)


def _discount(costmap: Costmap, kept_m: Array | None, config: LocalConfig) -> NDArray[np.float32]:
    """Return the share (ny, nx) by which a metre is cheaper: `keep_share` on the path kept, less beside it."""
    share = np.zeros(costmap.cost.shape, np.float32)
    if kept_m is None or kept_m.shape[0] < 2 or config.keep_share == 0.0:
        return share
    reach = math.ceil(config.keep_within_m / costmap.cell_m)
    off = costmap.cell_m * np.arange(-reach, reach + 1)
    stamp = config.keep_share * np.clip(1.0 - np.hypot(off[:, np.newaxis], off) / config.keep_within_m, 0.0, 1.0)
    ny, nx = costmap.cost.shape
    for point in resample(kept_m, 2.0 * costmap.cell_m):
        at = costmap.cell(float(point[0]), float(point[1]))
        if at is None:
            continue
        top, left = at[0] - reach, at[1] - reach
        rows = slice(max(top, 0), min(at[0] + reach + 1, ny))
        columns = slice(max(left, 0), min(at[1] + reach + 1, nx))
        part = stamp[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        share[rows, columns] = np.maximum(share[rows, columns], part)
    return share


def signed_clearance(costmap: Costmap) -> NDArray[np.float32]:
    """Return the distance [m] of each cell's centre to the nearest lethal or unknown cell's edge, negative within one.

    Beyond the costmap all is unknown.
    """
    blocked = np.pad((costmap.cost < 0) | (costmap.cost >= LETHAL), 1, constant_values=True)
    outside = distance_transform_edt(~blocked)[1:-1, 1:-1]
    # how deep matters only right around the rover, which may have to find out of it
    inside = distance_transform_edt(blocked)[1:-1, 1:-1] if (costmap.cost >= LETHAL).any() else 0.0
    return np.asarray((np.where(outside > 0, outside - 0.5, 0.5 - inside) * costmap.cell_m), np.float32)


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
    """Return how far the vehicle's outline, turned along the path as it bends, stays on seen and safe ground.

    Over the first `escape_m` the outline is where the rover stands already.
    """
    step = np.diff(path, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0])
    distance = np.concatenate([[0.0], np.cumsum(np.hypot(*step.T))])
    # where the path bends, the outline sweeps over all headings between
    bend = (np.diff(heading) + math.pi) % (2.0 * math.pi) - math.pi
    parts = np.concatenate([[1], np.ceil(np.abs(bend) / _SWEEP_RAD).astype(int).clip(1), [1]])
    at = np.repeat(np.arange(path.shape[0]), parts)
    share = np.concatenate([np.arange(1, count + 1) / count for count in parts])
    before = np.concatenate([heading[:1], heading])
    heading = before[at] + share * np.concatenate([[0.0], bend, [0.0]])[at]
    path, distance = path[at], distance[at]
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
    bad &= distance > config.escape_m
    return float(distance[np.argmax(bad)] - config.spacing_m) if bad.any() else math.inf
