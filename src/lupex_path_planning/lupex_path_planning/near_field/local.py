# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Way around hazards on the costmap: from the rover towards the goal, as far as the ground is seen and safe."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lupex_models.costmap import LETHAL, Array, Costmap, signed_clearance
from lupex_path_planning.config import LocalConfig
from lupex_path_planning.near_field.local_search import dearness, spread, trace
from lupex_path_planning.near_field.motions import Motions, Outline

HAZARD, UNKNOWN = "a hazard", "unknown ground"
"""What may end the reachable ground."""


@dataclass(frozen=True)
class LocalPlan:
    """Path (n, 2) in odom, beginning at the rover; empty, with the reason, when there is no way.

    The rover may have to turn on the spot at its first point, from its own heading to the one stated there.
    """

    path_m: Array
    reaches_goal: bool
    to_go_m: float
    reason: str
    reachable: NDArray[np.bool_]
    heading_rad: Array = field(default_factory=lambda: np.empty(0))
    """(n,) of the body as it leaves each point, nan: along the path."""
    leaves: bool = True
    """Whether any safe ground can be reached at all, be it nearer to the goal or not."""
    cramped: bool = False
    """Without a path: whether there is a way for a disc, and the vehicle's outline does not fit along its begin."""
    blocked_by: str = ""
    """Without a path: HAZARD or UNKNOWN, what ends the reachable ground nearest to the goal."""
    blocked_at_m: tuple[float, float] | None = None
    """Its place in odom."""

    @property
    def found(self) -> bool:
        """Tell whether there is a path."""
        return bool(self.path_m.shape[0] > 1)


def plan_local(
    costmap: Costmap,
    start: tuple[float, float, float],
    to_go_m: Array,
    goal: tuple[float, float],
    tolerance_m: float,
    config: LocalConfig,
    kept_m: Array | None = None,
) -> LocalPlan:
    """Plan over seen ground from `start` (x, y, yaw in odom) to the goal, or to where least of the route is left.

    `to_go_m` (ny, nx): length of the route that remains from each cell. Unknown ground is as closed as lethal ground,
    beyond the map all is unknown. First the vehicle is taken as a disc of its half width and its whole outline is
    checked along the path, turns on the spot included; where that fails, the disc takes in the whole vehicle. Where
    neither path can be followed so, one is crabbed along until the vehicle may turn; where that fails too, the disc is
    of its half length. The path ends within `look_ahead_m`.
    `kept_m` (n, 2): the path driven so far, along which a metre costs less, so that what is hardly better does not turn
    the rover. Raises ValueError when `to_go_m` is of another shape than the costmap.
    """
    if to_go_m.shape != costmap.cost.shape:
        raise ValueError(f"to_go_m {to_go_m.shape} does not fit the costmap {costmap.cost.shape}")
    ground = _Ground(costmap, signed_clearance(costmap), _discount(costmap, kept_m, config), to_go_m)
    outline = Outline(costmap, ground.clearance, start, config)
    discs = (config.inscribed_radius_m, config.circumscribed_radius_m, config.half_length_m)
    made: list[tuple[LocalPlan, Motions]] = []
    for count, radius_m in enumerate(discs, start=1):
        plan = _plan(ground, start[:2], goal, tolerance_m, replace(config, inscribed_radius_m=radius_m))
        if not (plan.found or made):
            return plan
        if plan.found:
            motions = outline.follow(plan.path_m)
            if motions.follows:
                return replace(plan, heading_rad=motions.heading_rad)
            made.append((plan, outline.fit(plan.path_m)))
        whole = [each for each in made if each[1].reached == each[0].path_m.shape[0] - 1]
        if whole and count > 1:
            plan, motions = min(whole, key=lambda each: each[1].crab_m)
            return replace(plan, heading_rad=motions.heading_rad)
    cut = [_cut(ground, *each, config) for each in made]
    return min(cut, key=lambda plan: (not plan.found, plan.to_go_m))


def _cut(ground: "_Ground", plan: LocalPlan, motions: Motions, config: LocalConfig) -> LocalPlan:
    """Return the part of a plan that the vehicle's outline fits along, or the reason why that is too little."""
    path, heading = plan.path_m[: motions.reached + 1], motions.heading_rad[: motions.reached + 1]
    costmap = ground.costmap
    at = costmap.cell(float(path[-1, 0]), float(path[-1, 1]))
    left = math.inf if at is None else float(ground.to_go_m[at])
    if _length(path) >= config.progress_min_m:
        return replace(plan, path_m=path, heading_rad=heading, reaches_goal=False, to_go_m=left)
    reason = "no motion of the vehicle fits, neither a turn on the spot nor crabbing"
    refused = LocalPlan(np.empty((0, 2)), False, left, reason, plan.reachable, cramped=True)
    start = costmap.cell(float(path[0, 0]), float(path[0, 1]))
    return refused if at is None or start is None else _blamed(refused, costmap, at, start)


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
    if not edge.any():
        return plan
    row, column = divmod(int(np.argmin(np.where(edge, ground.to_go_m, np.inf))), edge.shape[1])
    return _blamed(plan, costmap, (row, column), at)


def _blamed(plan: LocalPlan, costmap: Costmap, end: tuple[int, int], at: tuple[int, int]) -> LocalPlan:
    """Name the hazard or unknown ground nearest to where the way ends, as seen from the rover's cell."""
    rows, columns = np.nonzero((costmap.cost < 0) | (costmap.cost >= LETHAL))
    if not rows.size:
        return plan
    row, column = end
    nearest = int(np.argmin(np.hypot(rows - row, columns - column)))
    i, j = int(rows[nearest]), int(columns[nearest])
    kind = UNKNOWN if costmap.cost[i, j] < 0 else HAZARD
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
