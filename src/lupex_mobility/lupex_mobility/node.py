# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility as a ROS 2 node: follows paths, turns /cmd_vel into unit set-points, tells the slip."""

import math
import sys
from typing import Any

from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import JointState

from lupex_interfaces.msg import DrillRig, Fault, SlipEstimate
from lupex_mobility import conversions
from lupex_mobility.config import MobilityConfig
from lupex_mobility.conversions import Joints, Located
from lupex_mobility.motion_guard import FAULT_TEXTS, Inputs, MotionGuard
from lupex_mobility.path_follower import Activity, Guidance, PathFollower
from lupex_mobility.slip_estimator import SlipEstimator
from lupex_mobility.unit_kinematics import REST, BodyTwist, UnitKinematics, UnitSetPoints, standing
from lupex_models.configuration import ConfigurationError
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import read_rover
from lupex_node.checks import InvalidMessage
from lupex_node.node import LupexNode
from lupex_node.ros.process import run

OFF_PATH = "off_path"
POSE_UNKNOWN = "pose_unknown"


class MobilityNode(LupexNode[MobilityConfig]):
    """Control runs on /odometry/global; a timer in ROS time watches for what does not come."""

    NAME, CONFIG = "mobility", MobilityConfig

    def wire(self) -> None:
        config = self.config
        self._rover = rover = read_rover(config.rover)
        try:
            self._kinematics = UnitKinematics(rover.crawler, config.steering)
        except ValueError as error:
            raise ConfigurationError(f"{config.rover}: {error}") from error
        self._follower = PathFollower(config.following)
        self._guard = MotionGuard(config.guard, rover.body.max_tilt_rad)
        self._slip = SlipEstimator(config.slip)
        self._table = LocomotionTable.build(rover)
        self._set_points: UnitSetPoints | None = None
        self._command: tuple[float | None, BodyTwist] = (None, REST)
        self._located: Located | None = None
        self._step_s = 0.0
        self._joints: Joints | None = None
        self._drill: tuple[float | None, bool] = (None, False)
        self._path_s: float | None = None
        self._published_s = self._slip_s = self._acted_s = -math.inf
        self._heard_s = 0.0
        self._commanding = False

        self._joint_commands = self.publisher(JointState, "/mobility/joint_commands")
        self._cmd_vel = self.publisher(TwistStamped, "/cmd_vel")
        self._slip_estimate = self.publisher(SlipEstimate, "/mobility/slip")
        self._joint_states = self.newest(JointState, "/mobility/joint_states", convert=self._convert_joints)
        guard = config.guard
        self.receive(Odometry, "/odometry/global", self._locate, convert=conversions.located)
        self.receive(
            TwistStamped,
            "/cmd_vel",
            self._take_command,
            convert=lambda message: conversions.body_twist(message, guard),
            frame="base_link",
            max_age_s=guard.rest_silence_s,
        )
        self.receive(
            Path,
            "/plan/path",
            self._take_path,
            convert=lambda message: conversions.path_points(message, config.following),
            max_age_s=config.following.path_timeout_s,
        )
        self.receive(DrillRig, "/drill/rig", self._take_drill, convert=conversions.drill_stowed)
        self.every(config.watch_interval_s, self._watch)

    # ------------------------------------------------------------------------------------------------ time

    def _time_s(self) -> float:
        """Return the time on the data's side: the newest pose's, and what the clock has gone on since it came.

        The world lets its clock run ahead of who follows it; that lead is no silence.
        """
        if self._located is None:
            return self.now_s()
        return self._located.time_s + max(0.0, self.now_s() - self._heard_s)

    # ------------------------------------------------------------------------------------------------ inputs

    def _take_command(self, stamped: tuple[float, BodyTwist]) -> None:
        newest_s = self._command[0]
        if newest_s is not None and stamped[0] <= newest_s <= self._time_s() + self.common.future_tolerance_s:
            # the follower's own, carried out when it was made, or one that something newer has overtaken
            return
        self._command = stamped
        self._actuate(max(stamped[0], 0.0 if self._located is None else self._located.time_s))

    def _take_path(self, stamped: tuple[float, Any, Any]) -> None:
        time_s, points, headings = stamped
        if self._path_s is not None and time_s < self._path_s <= self._time_s():
            raise InvalidMessage("is older than the one before")
        self._path_s = time_s
        self._follower.take_path(points, headings)

    def _take_drill(self, stamped: tuple[float, bool]) -> None:
        self._drill = stamped

    def _convert_joints(self, message: JointState) -> Joints:
        return conversions.joints(message, self._rover.crawler.sprocket_radius_m)

    # ------------------------------------------------------------------------------------------------ control

    def _locate(self, located: Located) -> None:
        last = self._located
        if last is not None and located.time_s <= last.time_s:
            back_s = last.time_s - located.time_s
            if back_s < self.config.guard.odometry_timeout_s:
                raise InvalidMessage(f"is not newer than the one before ({back_s:.3f} s)")
        self._step_s = 0.0 if last is None else max(0.0, located.time_s - last.time_s)
        # A pose may overtake the clock: silence counts from where the clock has caught up with it.
        self._located, self._heard_s = located, max(self.now_s(), located.time_s)
        self._joints = self._joint_states()
        self._measure_slip(located)
        self._follow(located)
        active = self._commanding or not self._command[1].at_rest
        interval_s = self.config.command_interval_s if active else self.config.parked_command_interval_s
        due_s = self._published_s + interval_s - self.config.command_slack_s
        # what the follower commands is carried out already
        if not self._commanding and (located.time_s >= due_s or located.time_s < self._published_s):
            self._actuate(located.time_s)

    def _follow(self, located: Located) -> None:
        """Publish /cmd_vel while there is somewhere to go, one rest at the end, and nothing otherwise."""
        config = self.config.following
        fresh = self._path_s is not None and located.time_s - self._path_s <= config.path_timeout_s
        lost = located.position_sigma_m > self.config.guard.position_sigma_max_m
        guidance = self._follower.guide(located.x_m, located.y_m, located.yaw_rad) if fresh and not lost else None
        self._tell_following(guidance, lost and fresh and self._follower.active)
        moving = guidance is not None and not guidance.twist.at_rest and not self._stowing_missing(located.time_s)
        if moving or self._commanding:
            twist = guidance.twist if moving and guidance is not None else REST
            self._cmd_vel.publish(conversions.command(located.time_s, twist))
            self._take_command((located.time_s, twist))
        self._commanding = moving

    def _stowing_missing(self, time_s: float) -> bool:
        """Tell whether the drill forbids driving, and let the guard say so."""
        missing = not self._guard.drill_clear(self._inputs(time_s))
        if missing:
            self.raise_fault("drill_not_stowed", Fault.WARNING, FAULT_TEXTS["drill_not_stowed"])
        return missing

    def _tell_following(self, guidance: Guidance | None, lost: bool) -> None:
        if guidance is not None and guidance.activity is Activity.OFF_PATH:
            text = f"{guidance.cross_track_m:.1f} m off the path: stopped until a path starts nearer"
            self.raise_fault(OFF_PATH, Fault.ERROR, text)
        else:
            self.clear_fault(OFF_PATH)
        if lost:
            self.raise_fault(
                POSE_UNKNOWN, Fault.ERROR, "the pose is too uncertain to follow a path: stopped until it is known"
            )
        else:
            self.clear_fault(POSE_UNKNOWN)

    def _inputs(self, time_s: float) -> Inputs:
        return Inputs(
            now_s=time_s,
            command=self._command[1],
            command_s=self._command[0],
            odometry_s=None if self._located is None else self._located.time_s,
            joints_s=None if self._joints is None else self._joints.time_s,
            tilt_rad=0.0 if self._located is None else self._located.tilt_rad,
            drill_stowed=self._drill[1],
            drill_s=self._drill[0],
        )

    def _actuate(self, time_s: float) -> None:
        """Judge the command at a time and write the set-points: the only place that does.

        The time is that of the data behind the command, so that its stamp tells the world how far control has followed.
        """
        if self._joints is None:
            # Without the measured angles a set-point could only be a guess; the controllers stop by themselves.
            return
        verdict = self._guard.judge(self._inputs(time_s))
        for code, text in FAULT_TEXTS.items():
            if code in verdict.faults:
                severity = Fault.WARNING if code in ("command_timeout", "drill_not_stowed") else Fault.ERROR
                self.raise_fault(code, severity, text)
            elif code != "drill_not_stowed" or self._guard.drill_clear(self._inputs(time_s)):
                self.clear_fault(code)
        last = self._set_points or standing(self._joints.steer_rad)
        self._set_points = self._kinematics.set_points(verdict.twist, self._joints.steer_rad, last)
        self._published_s, self._acted_s = time_s, self.now_s()
        radius_m = self._rover.crawler.sprocket_radius_m
        self._joint_commands.publish(conversions.joint_commands(self._published_s, self._set_points, radius_m))
        self.set_health("; ".join(sorted(self.active_faults)), error=False)

    def _watch(self) -> None:
        """Act when control has not: data drive it, and the clock runs ahead of them only so far."""
        config = self.config
        now_s = self.now_s()
        limit_s = config.watch_limit_s if not self._command[1].at_rest else config.watch_rest_limit_s
        if self.active_faults:
            limit_s = config.parked_command_interval_s - config.command_slack_s
        if now_s - self._acted_s >= limit_s or now_s < self._acted_s:
            self._joints = self._joint_states()
            self._actuate(now_s if self.active_faults or self._command[1].at_rest else self._time_s())

    # ------------------------------------------------------------------------------------------------ slip

    def _measure_slip(self, located: Located) -> None:
        if self._joints is None:
            return
        tracks = self._kinematics.twist(self._joints.steer_rad, self._joints.track_mps)
        speed = math.hypot(tracks.forward_mps, tracks.left_mps)
        ahead = (tracks.forward_mps / speed, tracks.left_mps / speed) if speed > 0.0 else (1.0, 0.0)
        up = located.up
        along = math.asin(max(-1.0, min(1.0, up[0] * ahead[0] + up[1] * ahead[1])))
        across = math.asin(max(-1.0, min(1.0, up[1] * ahead[0] - up[0] * ahead[1])))
        dt_s = min(self._step_s, self.config.guard.odometry_timeout_s)
        predicted = float(self._table.slip(along, across))
        sigma_mps = math.hypot(ahead[0] * located.speed_sigma_mps[0], ahead[1] * located.speed_sigma_mps[1])
        self._slip.drive(located.time_s, dt_s, tracks, located.velocity_mps, sigma_mps, along, predicted)
        if located.time_s - self._slip_s >= self.config.slip.interval_s or located.time_s < self._slip_s:
            self._slip_s = located.time_s
            self._slip_estimate.publish(conversions.slip_estimate(located.time_s, self._slip.reading()))


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(MobilityNode, args))


if __name__ == "__main__":
    main()
