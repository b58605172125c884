# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Motions that Nav2's clients ask for: its actions follow_path, spin, backup and drive_on_heading, one at a time."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Protocol

from nav2_msgs.action import BackUp, DriveOnHeading, FollowPath, Spin
from nav_msgs.msg import OccupancyGrid, Odometry

from lupex_mobility import conversions
from lupex_mobility.config import MobilityConfig
from lupex_mobility.conversions import Located, Placed
from lupex_mobility.ground_ahead import Footprint, Pose, Sweep, obstruction
from lupex_mobility.manoeuvre import Line, Standstill, Turn
from lupex_mobility.path_follower import Activity, Guidance, PathFollower
from lupex_models.rover import Rover
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import costmap, duration, duration_s
from lupex_node.node import LupexNode
from lupex_node.port import Goal, Outcome

SERVED = {"follow_path": FollowPath, "spin": Spin, "backup": BackUp, "drive_on_heading": DriveOnHeading}
"""Actions by the names that Nav2 gives them."""

BLOCKED = {
    FollowPath: "NO_VALID_CONTROL",
    Spin: "COLLISION_AHEAD",
    BackUp: "COLLISION_AHEAD",
    DriveOnHeading: "COLLISION_AHEAD",
}
"""What Nav2 calls ground ahead that is not known to be free."""

FEEDBACK_S = 1.0


class Motion(Protocol):
    """What can lead the rover."""

    def guide(self, x_m: float, y_m: float, yaw_rad: float) -> Guidance:
        """Return the twist for a pose in map."""


class _Active:
    """A motion with the goal that its end completes."""

    def __init__(self, kind: Any, motion: Motion, goal: Goal, begun: Located) -> None:
        self.kind, self.motion, self.goal, self.begun_s = kind, motion, goal, begun.time_s
        self.standstill = Standstill()
        self.told_s = -math.inf
        self.begun_in_odom: Pose | None = None
        """Where it stood when the ground was looked at first."""

    def sweep(self, guidance: Guidance, look_ahead_s: float) -> Sweep:
        """Return what the body does next: all that is left of a short motion, a while of a path."""
        if isinstance(self.motion, Turn | Line):
            return self.motion.ahead()
        twist = guidance.twist
        return Sweep(
            twist.forward_mps * look_ahead_s, twist.left_mps * look_ahead_s, twist.turning_rad_s * look_ahead_s
        )


class MotionServer:
    """Judges goals, leads the rover while one is under way, and tells how it ended.

    `hindrance` returns why no motion can begin now, empty where one can; `located` the newest pose.
    """

    def __init__(
        self,
        node: LupexNode[MobilityConfig],
        rover: Rover,
        hindrance: Callable[[], str],
        located: Callable[[], Located | None],
    ) -> None:
        self._node, self._max_speed_mps = node, rover.crawler.max_speed_mps
        self._hindrance, self._located = hindrance, located
        nav2, body = node.config.nav2, rover.body
        length_m, width_m = 0.5 * body.length_m + nav2.margin_m, 0.5 * body.width_m + nav2.margin_m
        self._footprint = Footprint(length_m, width_m, nav2.slack_m)
        # read only while a motion is under way
        self._costmap = node.newest(
            OccupancyGrid,
            "traversability/costmap",
            convert=costmap,
            frame="odom",
            profile=qos.LATCHED,
            sole_sender=True,
        )
        self._placed = node.newest(Odometry, "odometry/local", convert=conversions.placed, sole_sender=True)
        self._active: _Active | None = None
        for name, kind in SERVED.items():
            node.serve_action(
                kind,
                name,
                accept=functools.partial(self._accept, kind),
                begin=functools.partial(self._begin, kind),
            )

    def _motion(self, kind: Any, request: Any) -> Motion:
        """Return what a goal asks for; raises InvalidMessage with the reason why it cannot be."""
        config = self._node.config
        if hindrance := self._hindrance():
            raise InvalidMessage(hindrance)
        if kind is FollowPath:
            _, points, headings = conversions.path_points(request.path, config.following)
            if len(points) == 0:
                raise InvalidMessage("the path has no point")
            follower = PathFollower(config.following)
            follower.take_path(points, headings)
            return follower
        if kind is Spin:
            return Turn(conversions.spin_rad(request, config.nav2), config.following)
        distance_m, speed_mps = conversions.straight(request, config.nav2, self._max_speed_mps, back=kind is BackUp)
        return Line(distance_m, speed_mps, config.following)

    def _accept(self, kind: Any, request: Any) -> bool:
        """Judge a goal; raises InvalidMessage with the reason why it is not taken."""
        self._motion(kind, request)
        return True

    def _begin(self, kind: Any, goal: Goal) -> None:
        self.end("another goal took its place")
        located = self._located()
        try:
            motion = self._motion(kind, goal.request)
        except InvalidMessage as refusal:
            goal.end(Outcome.ABORTED, kind.Result(error_code=kind.Result.UNKNOWN, error_msg=str(refusal)))
            return
        if located is not None:
            self._active = _Active(kind, motion, goal, located)

    @property
    def leads(self) -> bool:
        """Whether a motion is under way."""
        return self._active is not None

    def end(self, reason: str) -> None:
        """End the motion under way, if there is one, because something else has taken the rover."""
        if self._active is not None:
            self._finish(self._active, Outcome.ABORTED, "UNKNOWN", reason)

    def guide(self, located: Located) -> Guidance | None:
        """Return where the motion under way leads from a pose; None where there is none, or where it has ended."""
        active = self._active
        if active is None:
            return None
        if active.goal.cancel_asked():
            self._finish(active, Outcome.CANCELED, "NONE", "cancelled")
            return None
        if hindrance := self._hindrance():
            self._finish(active, Outcome.ABORTED, "UNKNOWN", hindrance)
            return None
        pose = located.x_m, located.y_m, located.yaw_rad
        guidance = active.motion.guide(*pose)
        took_s = located.time_s - active.begun_s
        allowed_s = duration_s(getattr(active.goal.request, "time_allowance", None))
        stalled_s = active.standstill.lasts_s(located.time_s, *pose)
        if guidance.activity is Activity.ARRIVED:
            self._finish(active, Outcome.SUCCEEDED, "NONE", "")
        elif guidance.activity is Activity.OFF_PATH:
            text = f"{guidance.cross_track_m:.1f} m off the path"
            self._finish(active, Outcome.ABORTED, "INVALID_PATH", text)
        elif 0.0 < allowed_s < took_s:
            self._finish(active, Outcome.ABORTED, "TIMEOUT", f"not done within the {allowed_s:g} s allowed")
        elif stalled_s > self._node.config.nav2.standstill_s:
            text = f"the rover has not moved for {stalled_s:.0f} s"
            self._finish(active, Outcome.ABORTED, "FAILED_TO_MAKE_PROGRESS", text)
        elif obstacle := self._obstacle(active, located.time_s, guidance):
            self._finish(active, Outcome.ABORTED, BLOCKED[active.kind], obstacle)
        else:
            self._tell(active, located, guidance)
            return guidance
        return None

    def _obstacle(self, active: _Active, time_s: float, guidance: Guidance) -> str:
        """Return why the ground ahead must not be driven over, empty where it is seen and free."""
        sweep = active.sweep(guidance, self._node.config.nav2.look_ahead_s)
        why, active.begun_in_odom = self.ground_ahead(time_s, active.begun_in_odom, sweep)
        return why

    def placed_at(self, time_s: float, begins: bool = False) -> Placed | None:
        """Return the pose in odom if it is of now; at rest, as where a motion begins, poses come seldom."""
        guard, placed = self._node.config.guard, self._placed()
        max_age_s = guard.rest_silence_s if begins else guard.odometry_timeout_s
        return placed if placed is not None and abs(time_s - placed.time_s) <= max_age_s else None

    def ground_ahead(self, time_s: float, begun: Pose | None, sweep: Sweep) -> tuple[str, Pose | None]:
        """Return why the ground of a sweep must not be driven over, empty where it is seen and free, and its begin.

        `begun`: where the motion began, in odom; None: it begins here.
        """
        ground, placed = self._costmap(), self.placed_at(time_s, begins=begun is None)
        if placed is None:
            return "the rover's pose on the costmap is not known now", begun
        if ground is None:
            return "there is no costmap: the ground around the rover is not known", begun
        if not abs(time_s - ground.time_s) <= self._node.config.nav2.costmap_max_age_s:
            old_s = time_s - ground.time_s
            return f"the costmap is {old_s:.0f} s old: the ground around the rover is not known now", begun
        begun = begun or placed.pose
        return obstruction(ground, self._footprint, begun, placed.pose, sweep), begun

    def _tell(self, active: _Active, located: Located, guidance: Guidance) -> None:
        if 0.0 <= located.time_s - active.told_s < FEEDBACK_S:
            return
        active.told_s = located.time_s
        feedback = active.kind.Feedback()
        if isinstance(active.motion, Turn):
            feedback.angular_distance_traveled = active.motion.done
        elif isinstance(active.motion, Line):
            feedback.distance_traveled = active.motion.done
        else:
            feedback.distance_to_goal = guidance.remaining_m
            feedback.speed = math.hypot(*located.velocity_mps)
        active.goal.feedback(feedback)

    def _finish(self, active: _Active, outcome: Outcome, code: str, reason: str) -> None:
        self._active = None
        located, kind = self._located(), active.kind
        # each action has its own codes, and not all have all
        result = kind.Result(error_code=getattr(kind.Result, code, kind.Result.UNKNOWN), error_msg=reason)
        if located is not None and hasattr(result, "total_elapsed_time"):
            result.total_elapsed_time = duration(max(0.0, located.time_s - active.begun_s))
        self._node.info(f"{kind.__name__} ended: {reason or 'done'}")
        active.goal.end(outcome, result)
