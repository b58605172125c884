# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Leads the rover out of ground that does not bear it, and says so: /mobility/immobilisation and a fault."""

import math

from lupex_interfaces.msg import Fault, Immobilisation
from lupex_mobility.config import MobilityConfig
from lupex_mobility.conversions import Located, Placed
from lupex_mobility.extrication import Extrication, Stage, Trap
from lupex_mobility.ground_ahead import Sweep
from lupex_mobility.immobilisation import Motion
from lupex_mobility.motion_server import MotionServer
from lupex_mobility.own_track import Pose
from lupex_mobility.path_follower import Activity, Guidance, PathFollower
from lupex_mobility.unit_kinematics import BodyTwist
from lupex_node import qos
from lupex_node.conversions import stamp
from lupex_node.node import LupexNode

IMMOBILISED = "immobilised"
BOGGED = "bogged_down"
_STATES = {Stage.FREE: Immobilisation.OUT, Stage.WAITING: Immobilisation.OUT, Stage.GIVEN_UP: Immobilisation.GIVEN_UP}
_LEADING = (Activity.TURNING, Activity.DRIVING, Activity.CRABBING)


class ExtricationServer:
    """Takes each step of a drive along a path; `motions` knows the ground around the rover and its place in odom."""

    def __init__(self, node: LupexNode[MobilityConfig], motions: MotionServer, unit_reach_m: float) -> None:
        self._node, self._motions = node, motions
        self._core = Extrication(node.config.immobilisation, unit_reach_m)
        self._begun: Pose | None = None
        """In odom, where the try under way began."""
        self._told: tuple[Stage, int, Trap | None] = Stage.FREE, 0, None
        self._in_odom: Pose | None = None
        self._last: Located | None = None
        self._publisher = node.publisher(Immobilisation, "mobility/immobilisation", qos.LATCHED)

    def guide(
        self, located: Located, tracks: BodyTwist | None, follower: PathFollower, by_path: Guidance | None
    ) -> Guidance | None:
        """Return how to go on: as the path asks, or first out of where the tracks have lost their hold.

        `tracks`: what the tracks run without slip, None where it is not known; `by_path`: None where there is no path.
        """
        last, self._last = self._last, located
        if tracks is None or last is None:
            return by_path
        leads = by_path is not None and by_path.activity in _LEADING
        path = follower.ahead(self._node.config.immobilisation.look_ahead_m) if leads else None
        pose = located.x_m, located.y_m, located.yaw_rad
        motion = step_between(last, located, tracks, self._node.config.guard.odometry_timeout_s)
        twist = self._core.step(motion, pose, path, lambda twist: self._blocked(located.time_s, twist))
        self._tell(located)
        if twist is None:
            return by_path
        left_m, cross_m = (0.0, 0.0) if by_path is None else (by_path.remaining_m, by_path.cross_track_m)
        return Guidance(Activity.EXTRICATING, twist, left_m, cross_m)

    def _blocked(self, time_s: float, twist: BodyTwist) -> bool:
        """Tell whether the ground that a twist sweeps in the next seconds is not known to be free."""
        if self._core.stage not in (Stage.TURNING, Stage.BACKING):
            self._begun = None
        ahead_s = self._node.config.nav2.look_ahead_s
        sweep = Sweep(twist.forward_mps * ahead_s, twist.left_mps * ahead_s, twist.turning_rad_s * ahead_s)
        why, self._begun = self._motions.ground_ahead(time_s, self._begun, sweep)
        return bool(why)

    def _tell(self, located: Located) -> None:
        """Publish what is new, and the place once it is known in odom."""
        core, trap = self._core, self._core.trap
        news = core.stage, core.tries, trap
        if trap is not self._told[2]:
            self._in_odom = None
        placed = None if trap is None or self._in_odom is not None else self._motions.placed_at(located.time_s)
        if news == self._told and placed is None:
            return
        if trap is not None and placed is not None:
            self._in_odom = _in_odom(trap.pose, located, placed)
        self._told = news
        self._tell_fault(core.stage, trap)
        self._node.info(f"{IMMOBILISED}: {core.stage.value}, tries {core.tries}, {core.spun_m:.2f} m lost")
        if trap is None or self._in_odom is not None:
            self._publisher.publish(self._message(located.time_s))

    def _message(self, time_s: float) -> Immobilisation:
        core, trap, at = self._core, self._core.trap, self._in_odom
        message = Immobilisation(state=Immobilisation.FREE, tries=core.tries)
        message.header.frame_id, message.header.stamp = "odom", stamp(time_s)
        message.direction_rad = message.slip = message.spun_m = math.nan
        if trap is not None and at is not None:
            message.state = _STATES.get(core.stage, Immobilisation.RECOVERING)
            message.pose.position.x, message.pose.position.y = at[0], at[1]
            message.pose.orientation.z, message.pose.orientation.w = math.sin(0.5 * at[2]), math.cos(0.5 * at[2])
            message.direction_rad = math.remainder(trap.direction_rad + at[2] - trap.pose[2], math.tau)
            message.slip, message.spun_m = trap.slip, core.spun_m
            message.text = core.why if core.stage is Stage.GIVEN_UP else ""
        return message

    def _tell_fault(self, stage: Stage, trap: Trap | None) -> None:
        if stage is Stage.FREE or trap is None:
            for code in (IMMOBILISED, BOGGED):
                self._node.clear_fault(code, "the rover is led by a path again, or by nobody")
            return
        lost = f"the tracks lost {100 * trap.slip:.0f} % of their way at x {trap.pose[0]:.1f} m, y {trap.pose[1]:.1f} m"
        self._node.raise_fault(IMMOBILISED, Fault.WARNING, f"{lost}: stopped, and back out of there")
        if stage is Stage.GIVEN_UP:
            self._node.raise_fault(BOGGED, Fault.ERROR, f"{self._core.why}: stopped until another drive is asked for")


def step_between(last: Located, now: Located, tracks: BodyTwist, longest_s: float) -> Motion:
    """Return the step between two poses, of no length where they are so far apart; what turned is the heading."""
    dt_s = now.time_s - last.time_s
    if not 0.0 <= dt_s <= longest_s:
        dt_s = 0.0
    turned = math.remainder(now.yaw_rad - last.yaw_rad, math.tau)
    forward_mps, left_mps = now.velocity_mps
    ground = BodyTwist(forward_mps, left_mps, turned / dt_s if dt_s > 0.0 else 0.0)
    speed = math.hypot(tracks.forward_mps, tracks.left_mps)
    share = (tracks.forward_mps / speed, tracks.left_mps / speed) if speed > 0.0 else (0.0, 0.0)
    sigma = math.hypot(share[0] * now.speed_sigma_mps[0], share[1] * now.speed_sigma_mps[1])
    return Motion(now.time_s, dt_s, tracks, ground, sigma)


def _in_odom(pose: Pose, located: Located, placed: Placed) -> Pose:
    """Return a pose of map in odom, by where the rover stands in both."""
    turn = placed.pose[2] - located.yaw_rad
    c, s = math.cos(turn), math.sin(turn)
    dx, dy = pose[0] - located.x_m, pose[1] - located.y_m
    return placed.pose[0] + c * dx - s * dy, placed.pose[1] + s * dx + c * dy, pose[2] + turn
