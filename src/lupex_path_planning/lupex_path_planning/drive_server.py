# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drives on request: the actions plan/drive_to and Nav2's navigate_to_pose, one drive at a time, and plan/path."""

import math
from collections.abc import Callable

import numpy as np
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import Path

from lupex_interfaces.action import DriveTo
from lupex_models.costmap import Costmap
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.node import LupexNode
from lupex_node.port import Goal, Outcome
from lupex_path_planning import conversions
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.near_field.drive import Drive, DriveReport, Planar, Progress

_REST_WALL_S = 0.5
"""Of the host's time at most that the last empty path is waited for to arrive."""

_SLACK_S = 0.1
"""Steps come once a second and a little early."""


class _ActiveDrive:
    """A drive with the goal that its end completes; goal_pose has none."""

    def __init__(self, drive: Drive, goal: Goal | None, begun_s: float = 0.0) -> None:
        self.drive = drive
        self.goal = goal
        self.begun_s = begun_s
        self.distance_m = 0.0
        self.place: tuple[float, float] | None = None
        self.told: tuple[float, DriveReport] | None = None

    def is_news(self, now_s: float, report: DriveReport, tell_s: float) -> bool:
        """Tell whether whoever follows must hear of a report: of another path or state, or to know that it stands."""
        if self.told is None:
            return True
        told_s, last = self.told
        same = (report.progress, report.planned_s) == (last.progress, last.planned_s)
        return not (same and 0.0 <= now_s - told_s < tell_s - _SLACK_S)


class DriveServer:
    """Takes goals, steps the drive under way, and tells how it ended; `make` begins a drive to a goal in map.

    `judge` raises InvalidMessage for a goal that does not serve the plan that a mission follows; None: a person's goal.
    """

    def __init__(
        self,
        node: LupexNode[PathPlanningConfig],
        make: Callable[[tuple[float, float], float], Drive],
        judge: Callable[[str | None], None],
    ) -> None:
        self._node = node
        self._make, self._judge = make, judge
        self._active: _ActiveDrive | None = None
        self._path = node.publisher(Path, "plan/path", qos.STATE)
        node.serve_action(DriveTo, "plan/drive_to", accept=self._accept, begin=self._drive_to)
        node.serve_action(NavigateToPose, "navigate_to_pose", accept=self._accept_pose, begin=self._navigate)

    @property
    def driving(self) -> bool:
        """Tell whether the rover is under way to a goal."""
        return self._active is not None

    def rest(self) -> None:
        """End the drive under way: whoever follows the path stops."""
        if self._active is not None:
            self._finish(self._active, success=False, reason="path planning rests")
            self._path.settle(_REST_WALL_S)

    def step(
        self,
        now_s: float,
        pose_odom: tuple[float, float, float] | None,
        map_from_odom: Planar | None,
        costmap: Costmap | None,
        place: tuple[float, float, float] | None,
    ) -> set[tuple[int, int]]:
        """Take the drive one step further, the rover at (x, y, z) in map; return what it newly found blocked."""
        active = self._active
        if active is None:
            return set()
        if active.goal is not None and active.goal.cancel_asked():
            self._finish(active, success=False, reason="cancelled")
            return set()
        report = active.drive.step(now_s, pose_odom, map_from_odom, costmap)
        if place is not None:
            if active.place is not None:
                active.distance_m += math.dist(place[:2], active.place)
            active.place = place[:2]
        if report.progress in (Progress.ARRIVED, Progress.FAILED):
            self._finish(active, success=report.progress is Progress.ARRIVED, reason=report.text)
        elif active.is_news(now_s, report, self._node.config.drive.tell_s):
            active.told = now_s, report
            height_m = place[2] if place is not None else 0.0
            self._path.publish(conversions.path(now_s, report.path_m, height_m, report.heading_rad))
            self._tell(active, report)
        blocked, active.drive.blocked = active.drive.blocked, set()
        return blocked

    def _begin(self, goal: tuple[float, float], tolerance_m: float) -> Drive:
        least_m = self._node.config.drive.tolerance_min_m
        if not tolerance_m >= least_m:
            raise InvalidMessage(f"tolerance_m is {tolerance_m:g}, below {least_m:g}")
        return self._make(goal, tolerance_m)

    def _accept(self, request: DriveTo.Goal) -> bool:
        self._judge(request.plan_id)
        try:
            self._begin(conversions.goal(request.goal), request.tolerance_m)
        except ValueError as refusal:
            raise InvalidMessage(str(refusal)) from refusal
        return True

    def _drive_to(self, goal: Goal) -> None:
        drive = self._begin(conversions.goal(goal.request.goal), goal.request.tolerance_m)
        self._replace(drive, goal)

    def _accept_pose(self, request: NavigateToPose.Goal) -> bool:
        self._judge(None)
        try:
            self._begin(conversions.pose_goal(request), self._node.config.goal_tolerance_m)
        except ValueError as refusal:
            raise InvalidMessage(str(refusal)) from refusal
        return True

    def _navigate(self, goal: Goal) -> None:
        drive = self._begin(conversions.pose_goal(goal.request), self._node.config.goal_tolerance_m)
        self._replace(drive, goal)

    def go(self, goal: tuple[float, float]) -> None:
        """Drive to a place in map that nobody waits for; raises ValueError for one off the site's map."""
        self._judge(None)
        self._replace(self._begin(goal, self._node.config.goal_tolerance_m), None)

    def _replace(self, drive: Drive, goal: Goal | None) -> None:
        if self._active is not None:
            self._finish(self._active, success=False, reason="another goal took its place")
        self._active = _ActiveDrive(drive, goal, self._node.now_s())

    def _tell(self, active: _ActiveDrive, report: DriveReport) -> None:
        if active.goal is None:
            return
        if isinstance(active.goal.request, NavigateToPose.Goal):
            now_s = self._node.now_s()
            took_s = now_s - active.begun_s
            active.goal.feedback(conversions.navigation(now_s, active.place, took_s, active.distance_m, report))
            return
        feedback = DriveTo.Feedback(replans=report.reroutes, text=report.text)
        left = report.distance_remaining_m
        feedback.distance_remaining_m = left if math.isfinite(left) else -1.0
        active.goal.feedback(feedback)

    def _finish(self, active: _ActiveDrive, *, success: bool, reason: str) -> None:
        """Stop the rover and end the drive."""
        if self._active is active:
            self._active = None
        self._path.publish(conversions.path(self._node.now_s(), np.empty((0, 2)), 0.0))
        self._node.info(f"drive to {active.drive.goal} ended: {reason}")
        if active.goal is None:
            return
        unfinished = Outcome.CANCELED if active.goal.cancel_asked() else Outcome.ABORTED
        why = "" if success else reason
        result = DriveTo.Result(success=success, reason=why, distance_m=active.distance_m)
        if isinstance(active.goal.request, NavigateToPose.Goal):
            result = conversions.navigation_result(why)
        active.goal.end(Outcome.SUCCEEDED if success else unfinished, result)
