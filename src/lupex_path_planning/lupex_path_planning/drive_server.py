# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drives on request: the action /plan/drive_to, one drive at a time, and /plan/path."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from nav_msgs.msg import Path
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future

from lupex_interfaces.action import DriveTo
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.node import LupexNode
from lupex_path_planning import conversions
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.near_field.costmap import Costmap
from lupex_path_planning.near_field.drive import Drive, DriveReport, Planar, Progress


class _ActiveDrive:
    """A drive with the future and the goal handle that its end completes; /goal_pose has neither."""

    def __init__(self, drive: Drive, done: Future | None, handle: Any) -> None:
        self.drive = drive
        self.done = done
        self.handle = handle
        self.distance_m = 0.0
        self.place: tuple[float, float] | None = None


class DriveServer:
    """Takes goals, steps the drive under way, and tells how it ended; `make` begins a drive to a goal in map."""

    def __init__(
        self, node: LupexNode[PathPlanningConfig], make: Callable[[tuple[float, float], float], Drive]
    ) -> None:
        self._node = node
        self._make = make
        self._active: _ActiveDrive | None = None
        self._path = node.publisher(Path, "/plan/path", qos.STATE)
        server = ActionServer(
            node,
            DriveTo,
            "/plan/drive_to",
            self._drive_to,
            goal_callback=self._judge_goal,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )
        node.until_cleaned_up(server.destroy)

    @property
    def driving(self) -> bool:
        """Tell whether the rover is under way to a goal."""
        return self._active is not None

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
        if active.handle is not None and active.handle.is_cancel_requested:
            self._finish(active, success=False, reason="cancelled")
            return set()
        report = active.drive.step(now_s, pose_odom, map_from_odom, costmap)
        if place is not None:
            if active.place is not None:
                active.distance_m += math.dist(place[:2], active.place)
            active.place = place[:2]
        if report.progress in (Progress.ARRIVED, Progress.FAILED):
            self._finish(active, success=report.progress is Progress.ARRIVED, reason=report.text)
        else:
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

    def _judge_goal(self, request: DriveTo.Goal) -> GoalResponse:
        try:
            self._begin(conversions.goal(request.goal), request.tolerance_m)
        except (InvalidMessage, ValueError) as refusal:
            self._node.get_logger().warning(f"/plan/drive_to: goal not taken: {refusal}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT if self._node.active else GoalResponse.REJECT

    async def _drive_to(self, handle: Any) -> DriveTo.Result:
        request = handle.request
        drive = self._begin(conversions.goal(request.goal), request.tolerance_m)
        done: Future = Future()
        self._replace(_ActiveDrive(drive, done, handle))
        return await done

    def go(self, goal: tuple[float, float]) -> None:
        """Drive to a place in map that nobody waits for; raises ValueError for one off the site's map."""
        self._replace(_ActiveDrive(self._begin(goal, self._node.config.goal_tolerance_m), None, None))

    def _replace(self, active: _ActiveDrive) -> None:
        if self._active is not None:
            self._finish(self._active, success=False, reason="another goal took its place")
        self._active = active

    def _tell(self, active: _ActiveDrive, report: DriveReport) -> None:
        if active.handle is None:
            return
        feedback = DriveTo.Feedback(replans=report.reroutes, text=report.text)
        left = report.distance_remaining_m
        feedback.distance_remaining_m = left if math.isfinite(left) else -1.0
        active.handle.publish_feedback(feedback)

    def _finish(self, active: _ActiveDrive, *, success: bool, reason: str) -> None:
        """Stop the rover and end the drive."""
        if self._active is active:
            self._active = None
        self._path.publish(conversions.path(self._node.now_s(), np.empty((0, 2)), 0.0))
        self._node.get_logger().info(f"drive to {active.drive.goal} ended: {reason}")
        if active.handle is None or active.done is None:
            return
        if success:
            active.handle.succeed()
        elif active.handle.is_cancel_requested:
            active.handle.canceled()
        else:
            active.handle.abort()
        active.done.set_result(
            DriveTo.Result(success=success, reason="" if success else reason, distance_m=active.distance_m)
        )
