# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One drive to a goal: the route over the site, local plans along it, patience, changes of route, and the end."""

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from lupex_models.costmap import LETHAL, Costmap
from lupex_path_planning.config import DriveConfig, LocalConfig
from lupex_path_planning.cost_field import cost_field
from lupex_path_planning.near_field.costmap import newly_blocked
from lupex_path_planning.near_field.local import HAZARD, UNKNOWN, LocalPlan, plan_local
from lupex_path_planning.site_grid import STEPS, Moves, SiteGrid

Array = NDArray[np.float64]

_BEYOND_OPEN_WEIGHT = 3.0
"""A metre of route over ground that the site map calls closed counts as so many."""

_BEHIND_FIRST = tuple(math.radians(off) for off in (0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0))
"""Of ways away from what is in the way, against the heading."""


class Progress(Enum):
    """State of a drive."""

    GOING = "going"
    WAITING = "waiting"
    ARRIVED = "arrived"
    FAILED = "failed"


@dataclass(frozen=True)
class Planar:
    """Rotation by yaw, then translation: takes points of odom into map."""

    x_m: float
    y_m: float
    yaw_rad: float

    def apply(self, points: Array) -> Array:
        """Return points (n, 2) of odom in map."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return np.asarray(points @ np.array([[c, s], [-s, c]]) + (self.x_m, self.y_m))

    def inverse(self, points: Array) -> Array:
        """Return points (n, 2) of map in odom."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return np.asarray((points - (self.x_m, self.y_m)) @ np.array([[c, -s], [s, c]]))


@dataclass(frozen=True)
class DriveReport:
    """What a step of the drive says: the path (n, 2) in map is empty unless GOING.

    `heading_rad` (n,) is the body's in map as it leaves each point, nan: along the path.
    """

    progress: Progress
    text: str
    path_m: Array
    distance_remaining_m: float
    reroutes: int
    heading_rad: Array = field(default_factory=lambda: np.empty(0))
    planned_s: float = -math.inf
    """When the path was planned."""


@dataclass(frozen=True)
class _Planned:
    """What a way was planned on and from: costmap, pose and goal in odom."""

    time_s: float
    costmap: Costmap
    pose: tuple[float, float, float]
    goal: tuple[float, float]


@dataclass
class Drive:
    """A drive to `goal` (x, y in map); `step` is called with each new pose and costmap."""

    grid: SiteGrid
    pace: Moves
    goal: tuple[float, float]
    tolerance_m: float
    config: DriveConfig
    local: LocalConfig
    blocked: set[tuple[int, int]] = field(default_factory=set)
    """Cells of the site into which hazards that were seen let no way lead."""
    _closed: set[tuple[int, int]] = field(default_factory=set)
    _failures: int = 0
    _reroutes: int = 0
    _path: Array = field(default_factory=lambda: np.empty((0, 2)))
    _heading: Array = field(default_factory=lambda: np.empty(0))
    _costmap_s: float = -math.inf
    _planned: _Planned | None = None
    _nearest_m: float = math.inf
    _nearer_s: float = -math.inf
    _informed_s: float = -math.inf
    _back: tuple[float, tuple[float, float]] | None = None
    """When a way back began that is to show the ground ahead, and where in odom it ends."""
    _backs: int = 0
    _text: str = "waiting for the first costmap"

    def __post_init__(self) -> None:
        if self.grid.cell(*self.goal) is None:
            raise ValueError("the goal lies outside the planner's map of the site")
        finite = np.isfinite(self.pace.time_s)
        diagonal = np.hypot(*np.array(STEPS).T)[:, None, None] * self.grid.cell_m
        lengths = np.broadcast_to(diagonal, finite.shape)[finite]
        # one speed turns the seconds of the site's moves into metres beside those of the costmap
        self._speed_mps = float(np.median(lengths / self.pace.time_s[finite])) if lengths.size else 1.0
        self._site = np.array([self.grid.x0_m, self.grid.y0_m, self.grid.cell_m])
        self._route()

    def _route(self) -> None:
        """Compute the length that remains from each cell of the site, around the ground found closed."""
        cost = self.pace.time_s * self._speed_mps
        goal = np.zeros(self.grid.shape, np.bool_)
        goal[self.grid.cell(*self.goal)] = True
        ny, nx = self.grid.shape
        for row, column in self._closed:
            cost[:, row, column] = np.inf
            for move, (di, dj) in enumerate(STEPS):
                if 0 <= row - di < ny and 0 <= column - dj < nx:
                    cost[move, row - di, column - dj] = np.inf
        left = cost_field(cost, goal)
        known = np.isfinite(left)
        self._connected = known
        away, (rows, columns) = distance_transform_edt(~known, return_indices=True)
        self._left = left[rows, columns] + _BEYOND_OPEN_WEIGHT * self.grid.cell_m * away

    def remaining_m(self, points: Array) -> Array:
        """Return the length of the route left from points (n, 2) in map: at least the straight distance."""
        return np.array([_remaining_at(self._left, self._site, x, y, *self.goal) for x, y in points])

    def _remaining_over(self, part: Costmap, map_from_odom: Planar) -> Array:
        """Return remaining_m at the cells (ny, nx) of a costmap."""
        corner = map_from_odom.apply(np.array([[part.x0_m, part.y0_m]]) + 0.5 * part.cell_m)[0]
        along = part.cell_m * np.array([math.cos(map_from_odom.yaw_rad), math.sin(map_from_odom.yaw_rad)])
        return np.asarray(_remaining(self._left, self._site, corner, along, np.array(self.goal), *part.cost.shape))

    def step(
        self,
        now_s: float,
        pose_odom: tuple[float, float, float] | None,
        map_from_odom: Planar | None,
        costmap: Costmap | None,
    ) -> DriveReport:
        """Take the drive one step further, the rover at (x, y, yaw) in odom.

        Without pose, frames or a fresh costmap the drive waits with an empty path, and fails after `stale_s`.
        """
        if not math.isfinite(self._nearer_s):
            self._nearer_s = self._informed_s = now_s
        if pose_odom is None or map_from_odom is None:
            return self._uninformed(now_s, "no place of the rover")
        place_odom = pose_odom[:2]
        place = map_from_odom.apply(np.array([place_odom]))
        left = float(self.remaining_m(place)[0])
        straight = math.hypot(place[0, 0] - self.goal[0], place[0, 1] - self.goal[1])
        if straight <= self.tolerance_m:
            return self._report(Progress.ARRIVED, f"{straight:.1f} m from the goal", left)
        if costmap is None or not abs(now_s - costmap.time_s) <= self.local.costmap_max_age_s:
            return self._uninformed(now_s, "no fresh costmap")
        self._informed_s = now_s
        if left < self._nearest_m - self.local.progress_min_m:
            self._nearest_m, self._nearer_s = left, now_s
        if now_s - self._nearer_s > self.config.stuck_s:
            text = f"no nearer to the goal for {now_s - self._nearer_s:.0f} s: {self._text}"
            return self._report(Progress.FAILED, text, left)
        if costmap.time_s != self._costmap_s:
            self._costmap_s = costmap.time_s
            goal = map_from_odom.inverse(np.array([self.goal]))[0]
            planned = _Planned(now_s, costmap, pose_odom, (float(goal[0]), float(goal[1])))
            if self._is_due(planned):
                self._planned = planned
                failed = self._plan(pose_odom, map_from_odom, costmap)
                if failed:
                    return self._report(Progress.FAILED, failed, left)
        if self._path.shape[0] < 2:
            return self._report(Progress.WAITING, self._text, left)
        path, heading = _ahead(self._path, self._heading, place_odom)
        heading = heading + map_from_odom.yaw_rad
        planned_s = -math.inf if self._planned is None else self._planned.time_s
        way_m = map_from_odom.apply(path)
        return DriveReport(Progress.GOING, self._text, way_m, left, self._reroutes, heading, planned_s)

    def _is_due(self, now: _Planned) -> bool:
        """Tell whether there is no way, it may be blocked by now, or enough has changed for a better one."""
        then, config = self._planned, self.config
        if then is None or self._path.shape[0] < 2:
            self._back = None
            return True
        if self._back is not None:
            # ahead nothing has changed until it is seen from there
            begun_s, end = self._back
            under_way = 0.0 <= now.time_s - begun_s < config.back_s
            if under_way and math.dist(now.pose[:2], end) > config.back_within_m and not self._is_blocked(then, now):
                return False
            self._back = None
            return True
        turned = abs(math.remainder(now.pose[2] - then.pose[2], 2.0 * math.pi))
        moved_m = max(math.dist(now.pose[:2], then.pose[:2]), math.dist(now.goal, then.goal))
        if moved_m >= config.replan_m or turned >= config.replan_rad:
            return True
        if not 0.0 <= now.time_s - then.time_s < config.replan_s:
            return True
        return self._is_blocked(then, now)

    def _is_blocked(self, then: _Planned, now: _Planned) -> bool:
        """Tell whether ground on what is left of the path has become closed since it was planned."""
        reach_m = math.hypot(self.local.half_length_m, self.local.half_width_m) + now.costmap.cell_m
        return newly_blocked(then.costmap, now.costmap, _ahead(self._path, self._heading, now.pose[:2])[0], reach_m)

    def _plan(self, pose_odom: tuple[float, float, float], map_from_odom: Planar, costmap: Costmap) -> str:
        """Plan on a new costmap; return why the drive fails, or an empty text."""
        place_odom = pose_odom[:2]
        part = costmap.around(*place_odom, self.local.look_ahead_m + self.local.inflation_m)
        if min(part.cost.shape) < 2:
            self._path, self._text = np.empty((0, 2)), "the rover stands outside the costmap"
            return self._patience(place_odom, map_from_odom, None)
        to_go = self._remaining_over(part, map_from_odom)
        goal = map_from_odom.inverse(np.array([self.goal]))[0]
        # stop inside the tolerance, not on its edge
        plan = plan_local(
            part,
            pose_odom,
            to_go,
            (float(goal[0]), float(goal[1])),
            0.6 * self.tolerance_m,
            self.local,
            _ahead(self._path, self._heading, place_odom)[0] if self._path.shape[0] > 1 else None,
        )
        self._path, self._heading = plan.path_m, plan.heading_rad
        if plan.found:
            self._failures = 0
            self._text = "towards the goal" if plan.reaches_goal else "towards the edge of seen ground"
            if np.isfinite(plan.heading_rad).any():
                self._text += ", crabbing where there is no room to turn"
            return ""
        self._text = plan.reason
        unseen = plan.cramped or plan.blocked_by == UNKNOWN
        if unseen and self._failures + 1 >= self.config.wait_tries and self._step_back(part, pose_odom):
            return ""
        return self._patience(place_odom, map_from_odom, (part, plan))

    def _step_back(self, part: Costmap, pose_odom: tuple[float, float, float]) -> bool:
        """Take a way over known ground away from here, where there is one.

        Who stands too near to a hole in what is known, which the lidar does not see from there, or to a hazard for the
        outline to pass or to turn, would stand there for ever.
        """
        config = self.config
        if self._backs >= config.backs_max:
            return False
        plan = self._way_back(part, pose_odom)
        if plan is None:
            return False
        self._path, self._heading = plan.path_m, plan.heading_rad
        end = float(plan.path_m[-1, 0]), float(plan.path_m[-1, 1])
        self._back = (-math.inf if self._planned is None else self._planned.time_s), end
        self._backs, self._failures = self._backs + 1, 0
        self._text = "away over known ground, to see what lies ahead and to have room"
        return True

    def _way_back(self, part: Costmap, pose_odom: tuple[float, float, float]) -> LocalPlan | None:
        """Return a way to a place behind or, failing that, more and more to a side."""
        x, y = part.centres()
        for off in _BEHIND_FIRST:
            bearing = pose_odom[2] + math.pi + off
            to = (
                pose_odom[0] + self.config.back_m * math.cos(bearing),
                pose_odom[1] + self.config.back_m * math.sin(bearing),
            )
            to_go = np.hypot(x - to[0], y - to[1])
            plan = plan_local(part, pose_odom, to_go, to, self.config.back_within_m, self.local)
            if plan.found:
                return plan
        return None

    def _patience(
        self, place_odom: tuple[float, float], map_from_odom: Planar, seen: tuple[Costmap, LocalPlan] | None
    ) -> str:
        self._failures += 1
        if self._failures < self.config.wait_tries:
            return ""
        self._failures = 0
        if seen is not None and not seen[1].leaves:
            return f"no way: {self._text}"
        if self._reroutes >= self.config.reroutes_max:
            return f"no way after {self._reroutes} changes of route: {self._text}"
        cells = self._blockage(place_odom, map_from_odom, seen)
        if not cells:
            return f"no way: {self._text}"
        self._closed |= cells
        if seen is not None and seen[1].blocked_by == HAZARD:
            self.blocked |= cells
        self._reroutes += 1
        self._route()
        here = map_from_odom.apply(np.array([place_odom]))[0]
        at = self.grid.cell(float(here[0]), float(here[1]))
        if at is None or not self._connected[self._open_near(at)].any():
            return f"the site map has no other way around: {self._text}"
        self._nearest_m = math.inf
        return ""

    def _open_near(self, at: tuple[int, int]) -> tuple[slice, slice]:
        return slice(max(at[0] - 1, 0), at[0] + 2), slice(max(at[1] - 1, 0), at[1] + 2)

    def _blockage(
        self, place_odom: tuple[float, float], map_from_odom: Planar, seen: tuple[Costmap, LocalPlan] | None
    ) -> set[tuple[int, int]]:
        """Return the cells to close: the first of the route ahead that cannot be driven into, and all seen to be so.

        Empty without a route.
        """
        here = map_from_odom.apply(np.array([place_odom]))[0]
        at = self.grid.cell(float(here[0]), float(here[1]))
        goal = self.grid.cell(*self.goal)
        if at is None:
            return set()
        entered: set[tuple[int, int]] = {at}
        closed: set[tuple[int, int]] = set()
        if seen is not None:
            part, plan = seen
            entered |= set(self._cells(part, plan.reachable, map_from_odom))
            hazards = self._cells(part, part.cost >= LETHAL, map_from_odom)
            near_by = {cell for cell in hazards if self._within(cell, here, self.config.block_ahead_m)}
            closed = {cell for cell in near_by if cell not in entered and cell != goal}
        first: tuple[int, int] | None = None
        ny, nx = self.grid.shape
        row, column = at
        for _ in range(math.ceil(self.config.block_ahead_m / self.grid.cell_m)):
            near = [(row + di, column + dj) for di, dj in STEPS if 0 <= row + di < ny and 0 <= column + dj < nx]
            row, column = min(near, key=lambda cell: self._left[cell])
            if (row, column) == goal:
                break
            first = first or (row, column)
            if (row, column) not in entered:
                return closed | {(row, column)}
        return closed | ({first} if first is not None else set())

    def _within(self, cell: tuple[int, int], place: Array, distance_m: float) -> bool:
        return math.dist(self.grid.place(*cell), (float(place[0]), float(place[1]))) <= distance_m

    def _cells(self, part: Costmap, mask: NDArray[np.bool_], map_from_odom: Planar) -> set[tuple[int, int]]:
        """Return the cells of the site that hold any of the marked cells of a costmap."""
        x, y = part.centres()
        points = map_from_odom.apply(np.stack([x[mask], y[mask]], axis=-1))
        rows = np.floor((points[:, 1] - self.grid.y0_m) / self.grid.cell_m + 0.5).astype(int)
        columns = np.floor((points[:, 0] - self.grid.x0_m) / self.grid.cell_m + 0.5).astype(int)
        ny, nx = self.grid.shape
        inside = (rows >= 0) & (columns >= 0) & (rows < ny) & (columns < nx)
        return set(zip(rows[inside].tolist(), columns[inside].tolist(), strict=True))

    def _uninformed(self, now_s: float, text: str) -> DriveReport:
        self._path = np.empty((0, 2))
        self._costmap_s = -math.inf
        if now_s - self._informed_s > self.config.stale_s:
            return self._report(Progress.FAILED, f"{text} for {now_s - self._informed_s:.0f} s", self._nearest_m)
        return self._report(Progress.WAITING, text, self._nearest_m)

    def _report(self, progress: Progress, text: str, left_m: float) -> DriveReport:
        return DriveReport(progress, text, np.empty((0, 2)), left_m, self._reroutes)


def _ahead(path: Array, heading: Array, place: tuple[float, float]) -> tuple[Array, Array]:
    """Return the path, with its headings, from the point nearest to the rover on, beginning at the rover.

    Where a heading is held it begins on the nearest segment: a turn due at its end must not come early.
    """
    nearest = int(np.argmin(np.hypot(path[:, 0] - place[0], path[:, 1] - place[1])))
    if np.isfinite(heading).any():
        step = np.diff(path, axis=0)
        share = ((place - path[:-1]) * step).sum(axis=1) / (step**2).sum(axis=1)
        off = path[:-1] + np.clip(share, 0.0, 1.0)[:, np.newaxis] * step - place
        nearest = int(np.argmin(np.hypot(off[:, 0], off[:, 1])))
    first = min(nearest + 1, path.shape[0] - 1)
    return np.concatenate([[place], path[first:]]), np.concatenate([heading[nearest : nearest + 1], heading[first:]])


@njit(cache=True, nogil=True)
def _remaining_at(left, site, x, y, goal_x, goal_y):  # type: ignore[no-untyped-def]
    """Interpolate `left` at a place; near the goal its cells are too coarse, and the straight distance takes over."""
    row = min(max((y - site[1]) / site[2], 0.0), left.shape[0] - 1.0)
    column = min(max((x - site[0]) / site[2], 0.0), left.shape[1] - 1.0)
    p, q = min(int(row), left.shape[0] - 2), min(int(column), left.shape[1] - 2)
    u, v = row - p, column - q
    route = (1.0 - u) * ((1.0 - v) * left[p, q] + v * left[p, q + 1])
    route += u * ((1.0 - v) * left[p + 1, q] + v * left[p + 1, q + 1])
    return max(math.hypot(x - goal_x, y - goal_y), route - 2.0 * site[2])


@njit(cache=True, nogil=True)
def _remaining(left, site, corner, along, goal, ny, nx):  # type: ignore[no-untyped-def]
    """Return what remains at the nodes of a turned grid."""
    result = np.empty((ny, nx))
    for i in range(ny):
        for j in range(nx):
            x = corner[0] + j * along[0] - i * along[1]
            y = corner[1] + j * along[1] + i * along[0]
            result[i, j] = _remaining_at(left, site, x, y, goal[0], goal[1])
    return result
