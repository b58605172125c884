# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility as a ROS 2 node: follows paths, turns /cmd_vel into unit set-points, tells the slip."""

import math
import sys
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import JointState

from lupex_interfaces.msg import DrillRig, Fault, LocalizationStatus, SlipEstimate
from lupex_mobility import conversions
from lupex_mobility.config import MobilityConfig
from lupex_mobility.conversions import Joints, Located
from lupex_mobility.extrication_server import ExtricationServer
from lupex_mobility.measuring_stop import MeasuringStop
from lupex_mobility.motion_guard import FAULT_TEXTS, Inputs, MotionGuard
from lupex_mobility.motion_server import MotionServer
from lupex_mobility.motion_watch import MotionWatch, Told
from lupex_mobility.path_follower import Activity, Guidance, PathFollower
from lupex_mobility.permit import Permit
from lupex_mobility.slip_estimator import SlipEstimator
from lupex_mobility.unit_kinematics import REST, BodyTwist, UnitKinematics, UnitSetPoints, standing
from lupex_models.configuration import ConfigurationError
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import read_rover
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_node.node import LupexNode
from lupex_node.ros.process import run

REST_WALL_S = 0.5
"""Of the host's time at most that the last command of rest is waited for to arrive."""
UNSTAMPED = "cmd_vel_unstamped"
PLANNED = "plan/path"
BY_HAND = "mobility/route"
"""A path that a person gives, where there is no planner or beside it."""
NOT_PERMITTED = "motion_not_permitted"
DISOBEYED = "motion_contradicts_command"
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
        leap_s = max(config.watch_limit_s, config.parked_command_interval_s) + 2.0 * config.watch_interval_s
        self._guard = MotionGuard(config.guard, rover.body.max_tilt_rad, leap_s)
        self._slip = SlipEstimator(config.slip)
        self._table = LocomotionTable.build(rover)
        self._set_points: UnitSetPoints | None = None
        self._command: tuple[float | None, BodyTwist] = (None, REST)
        self._located: Located | None = None
        self._step_s = 0.0
        self._joints: Joints | None = None
        self._tracks: BodyTwist | None = None
        self._drill: tuple[float | None, bool] = (None, False)
        self._path_s: float | None = None
        self._published_s = self._slip_s = self._acted_s = -math.inf
        self._heard_s = 0.0
        self._commanding = False
        self._obedience = MotionWatch(config.watch)
        self._why_not = ""
        self._path_from = ""

        self._joint_commands = self.publisher(JointState, "mobility/joint_commands", sole_sender=True)
        self._cmd_vel = self.publisher(TwistStamped, "cmd_vel")
        self._slip_estimate = self.publisher(SlipEstimate, "mobility/slip")
        self._joint_states = self.newest(
            JointState,
            "mobility/joint_states",
            convert=self._convert_joints,
            profile=self.sensed(qos.NEWEST),
            sole_sender=True,
        )
        self._motions = MotionServer(self, rover, self._hindrance, lambda: self._located)
        self._extrication = ExtricationServer(
            self, self._motions, math.hypot(rover.crawler.unit_x_m, rover.crawler.unit_y_m)
        )
        guard = config.guard
        self.receive(Odometry, "odometry/global", self._locate, convert=conversions.located, sole_sender=True)
        self.receive(
            TwistStamped,
            "cmd_vel",
            self._hear_command,
            convert=lambda message: conversions.body_twist(message, guard),
            max_age_s=guard.rest_silence_s,
            sole_sender=True,
            forget=self._forget_command,
        )
        self._commanders = self.sole_sender(TwistStamped, "cmd_vel", but_me=True)
        self._unstamped = self.sole_sender(Twist, UNSTAMPED, but_me=True)
        for topic in (PLANNED, BY_HAND):
            self._take_paths_of(topic)
        self.receive(
            Twist,
            UNSTAMPED,
            lambda twist: self._hear_command((self.now_s(), twist)),
            convert=lambda message: conversions.checked_twist(message, guard),
            sole_sender=True,
            forget=self._forget_command,
        )
        self.receive(
            DrillRig,
            "drill/rig",
            self._take_drill,
            convert=conversions.drill_stowed,
            sole_sender=True,
            forget=lambda: self._take_drill((None, False)),
        )
        self._stop = MeasuringStop(config.stops)
        self.receive(
            LocalizationStatus,
            "localization/status",
            lambda status: self._stop.take(seconds(status.header.stamp), status.stop_wanted),
            sole_sender=True,
            forget=lambda: self._stop.take(0.0, wanted=False),
        )
        self._permit = Permit(self, config.permission, rover.battery.capacity_wh)
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

    def _hear_command(self, stamped: tuple[float, BodyTwist]) -> None:
        others = self._other_commanders()
        if others and self._path_from and self._path_fresh(self._time_s()):
            raise InvalidMessage(self._two_commanders(others))
        if len(others) > 1:
            raise InvalidMessage(f"{' and '.join(others)} command the rover: none is obeyed until one alone does")
        self._take_command(stamped)

    def _other_commanders(self) -> tuple[str, ...]:
        """Return who beside this node may tell the rover how to move, with or without a stamp."""
        return (*self._commanders.names, *self._unstamped.names)

    def _two_commanders(self, others: tuple[str, ...]) -> str:
        led = f"for {self._path_from}" if self._path_from else "for a goal"
        names = ", ".join(others)
        return f"/cmd_vel is told by {self.name}, {led}, and {names}: the rover rests until one is gone"

    def _take_command(self, stamped: tuple[float, BodyTwist]) -> None:
        newest_s = self._command[0]
        if newest_s is not None and stamped[0] <= newest_s <= self._time_s() + self.common.future_tolerance_s:
            # the follower's own, carried out when it was made, or one that something newer has overtaken
            return
        self._command = stamped
        self._actuate(max(stamped[0], 0.0 if self._located is None else self._located.time_s))

    def _take_paths_of(self, topic: str) -> None:
        following = self.config.following
        self.receive(
            Path,
            topic,
            lambda stamped: self._take_path(topic, stamped),
            convert=lambda message: conversions.path_points(message, following),
            max_age_s=following.path_timeout_s,
            sole_sender=True,
            forget=lambda: self._forget_path(topic),
        )

    def _take_path(self, topic: str, stamped: tuple[float, Any, Any]) -> None:
        time_s, points, headings = stamped
        if self._path_s is not None and time_s < self._path_s <= self._time_s():
            raise InvalidMessage("is older than the one before")
        if self._path_from not in ("", topic) and self._path_fresh(self._time_s()):
            raise InvalidMessage(f"{self._path_from} leads the rover")
        self._path_s = time_s
        self._path_from = topic if len(points) else ""
        self._motions.end("a path of path planning took its place")
        self._follower.take_path(points, headings)

    def _path_fresh(self, time_s: float) -> bool:
        return self._path_s is not None and time_s - self._path_s <= self.config.following.path_timeout_s

    def _forget_path(self, topic: str) -> None:
        if self._path_from == topic:
            self._path_s, self._path_from = None, ""

    def _forget_command(self) -> None:
        self._command = (None, REST)

    def _take_drill(self, stamped: tuple[float | None, bool]) -> None:
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
        self._tracks = self._twist_of_tracks()
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
        fresh = self._path_fresh(located.time_s)
        lost = located.position_sigma_m > self.config.guard.position_sigma_max_m
        guidance = self._motions.guide(located)
        by_path = guidance is None
        if by_path and fresh and not lost:
            guidance = self._follower.guide(located.x_m, located.y_m, located.yaw_rad)
        if by_path:
            guidance = self._extrication.guide(located, self._tracks, self._follower, guidance)
        self._tell_following(guidance, lost and fresh and self._follower.active)
        wanted = guidance is not None and not guidance.twist.at_rest
        if wanted and by_path:
            wanted = not self._stop.holds(located.time_s)
        moving = wanted and not self._others_command() and not self._forbidden(located.time_s)
        if moving or self._commanding:
            twist = guidance.twist if moving and guidance is not None else REST
            self._cmd_vel.publish(conversions.command(located.time_s, twist))
            self._take_command((located.time_s, twist))
        self._commanding = moving

    def _others_command(self) -> bool:
        """Tell whether somebody else could tell /cmd_vel too while there is a path to follow, and say so."""
        others = self._other_commanders()
        if others:
            self._forget_command()
            self.raise_fault(self._commanders.code, Fault.ERROR, self._two_commanders(others))
        return bool(others)

    def _forbidden(self, time_s: float) -> bool:
        """Tell whether drill or certificate forbid driving, and say so: the guard sees no command then."""
        inputs = self._inputs(time_s)
        stowed = self._guard.drill_clear(inputs)
        if not stowed:
            self._raise("drill_not_stowed")
        if not inputs.permitted:
            self._raise(NOT_PERMITTED)
        return not (stowed and inputs.permitted)

    def _raise(self, code: str) -> None:
        """Raise a fault of the guard, with what is known of it."""
        known = {NOT_PERMITTED: self._why_not, DISOBEYED: self._obedience.fault}.get(code, "")
        severity = Fault.WARNING if code in ("command_timeout", "drill_not_stowed") else Fault.ERROR
        self.raise_fault(code, severity, f"{FAULT_TEXTS[code]} ({known})" if known else FAULT_TEXTS[code])

    def _hindrance(self) -> str:
        """Return why no motion can be led that a client of Nav2 asks for, empty where one can."""
        located, time_s, guard = self._located, self._time_s(), self.config.guard
        if located is None or self.now_s() - self._heard_s > guard.rest_silence_s:
            return "the rover's pose is not known now"
        if located.position_sigma_m > guard.position_sigma_max_m:
            return "the rover's pose is too uncertain"
        inputs = self._inputs(time_s)
        if not self._guard.drill_clear(inputs):
            return "the drill is not known to be stowed"
        if not inputs.permitted:
            return self._why_not
        if self._permit.mission_under_way(time_s):
            return "a mission is under way: end it before the rover is moved by hand"
        following = self._path_fresh(time_s) and self._follower.active
        return f"a path of {self._path_from} is being followed: cancel that first" if following else ""

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
        self._why_not = self._permit.why_not(time_s)
        return Inputs(
            now_s=time_s,
            command=self._command[1],
            command_s=self._command[0],
            odometry_s=None if self._located is None else self._located.time_s,
            joints_s=None if self._joints is None else self._joints.time_s,
            tilt_rad=0.0 if self._located is None else self._located.tilt_rad,
            drill_stowed=self._drill[1],
            drill_s=self._drill[0],
            permitted=not self._why_not,
            obeyed=not self._obedience.fault,
        )

    def _actuate(self, time_s: float) -> None:
        """Judge the command at a time and write the set-points: the only place that does.

        The time is that of the data behind the command, so that its stamp tells the world how far control has followed.
        """
        if self._joints is None:
            # Without the measured angles a set-point could only be a guess; the controllers stop by themselves.
            return
        self._obedience.look(self._joints.time_s, self._joints.track_mps)
        inputs = self._inputs(time_s)
        verdict = self._guard.judge(inputs)
        # where the follower wants to drive and must not, the guard sees no command to forbid
        lasting = set() if self._guard.drill_clear(inputs) else {"drill_not_stowed"}
        if not inputs.permitted and self._path_from and self._path_fresh(time_s):
            lasting.add(NOT_PERMITTED)
        for code in FAULT_TEXTS:
            if code in verdict.faults:
                self._raise(code)
            elif code not in lasting:
                self.clear_fault(code)
        following = bool(self._path_from) and self._path_fresh(time_s)
        if not self._commanders.contested and not (following and self._other_commanders()):
            self.clear_fault(self._commanders.code, "one alone tells /cmd_vel")
        last = self._set_points or standing(self._joints.steer_rad)
        self._set_points = self._kinematics.set_points(verdict.twist, self._joints.steer_rad, last)
        self._published_s, self._acted_s = time_s, self.now_s()
        self._obedience.tell(Told(time_s, self._set_points.track_mps))
        radius_m = self._rover.crawler.sprocket_radius_m
        self._joint_commands.publish(conversions.joint_commands(self._published_s, self._set_points, radius_m))
        self.set_health("; ".join(sorted(self.active_faults)), error=False)

    def _watch(self) -> None:
        """Act when control has not: data drive it, and the clock runs ahead of them only so far."""
        config = self.config
        now_s = self.now_s()
        self._permit.tell(now_s)
        limit_s = config.watch_limit_s if not self._command[1].at_rest else config.watch_rest_limit_s
        if self.active_faults:
            limit_s = config.parked_command_interval_s - config.command_slack_s
        if now_s - self._acted_s >= limit_s or now_s < self._acted_s:
            self._joints = self._joint_states()
            self._actuate(now_s if self.active_faults or self._command[1].at_rest else self._time_s())

    def rest(self) -> None:
        """Command the drives to stand, and wait until that has been told."""
        self._command, self._path_s, self._path_from = (None, REST), None, ""
        if self._commanding:
            self._commanding = False
            self._cmd_vel.publish(conversions.command(self._time_s(), REST))
        if self._joints is not None:
            self._actuate(max(self._time_s(), self._published_s))
            self._joint_commands.settle(REST_WALL_S)

    # ------------------------------------------------------------------------------------------------ slip

    def _twist_of_tracks(self) -> BodyTwist | None:
        """Return what the tracks run without slip, None where the joints are not known."""
        if self._joints is None:
            return None
        return self._kinematics.twist(self._joints.steer_rad, self._joints.track_mps)

    def _measure_slip(self, located: Located) -> None:
        tracks = self._tracks
        if tracks is None:
            return
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
