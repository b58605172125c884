# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to core types and back; what a message must not contain is refused here."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseStamped, Quaternion, Twist, TwistStamped
from nav2_msgs.action import BackUp, DriveOnHeading, Spin
from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import JointState

from lupex_interfaces.msg import DrillRig, ReturnCertificate, SlipEstimate
from lupex_mobility.config import Following, Guard, Nav2Motions
from lupex_mobility.ground_ahead import Pose
from lupex_mobility.permission import Proof
from lupex_mobility.slip_estimator import SlipReading
from lupex_mobility.unit_kinematics import JOINT_NAMES, UNITS, BodyTwist, UnitSetPoints
from lupex_models.stated_proof import StatedProof, contradiction
from lupex_node.checks import InvalidMessage, all_finite, finite, in_frame
from lupex_node.conversions import seconds, stamp

Array = npt.NDArray[np.float64]
NAMES = list(JOINT_NAMES)
_SINGLE = 1e-6
"""Share by which a speed may be beyond its limit: in single precision 0.1 is."""


@dataclass(frozen=True)
class Located:
    """Pose in map and velocity over ground in base_link."""

    time_s: float
    x_m: float
    y_m: float
    yaw_rad: float
    up: tuple[float, float, float]
    """The map's vertical in body axes."""
    velocity_mps: tuple[float, float]
    speed_sigma_mps: tuple[float, float]
    position_sigma_m: float

    @property
    def tilt_rad(self) -> float:
        """Angle between the body's and the map's vertical."""
        return math.acos(max(-1.0, min(1.0, self.up[2])))


@dataclass(frozen=True)
class Placed:
    """Pose in odom: x [m], y [m] and yaw [rad]."""

    time_s: float
    pose: Pose


@dataclass(frozen=True)
class Joints:
    """Measured steering angles [rad] and track speeds [m/s], each (4,)."""

    time_s: float
    steer_rad: Array
    track_mps: Array


def located(message: Odometry) -> Located:
    """Convert /odometry/global; raises InvalidMessage for other frames, bad numbers or a covariance that is none."""
    in_frame(message.header.frame_id, "map")
    in_frame(message.child_frame_id, "base_link")
    p, q, v = message.pose.pose.position, message.pose.pose.orientation, message.twist.twist.linear
    if not all(map(math.isfinite, (p.x, p.y, p.z, v.x, v.y, v.z))):
        raise InvalidMessage("position or velocity is not finite")
    x, y, z, w = _unit((q.x, q.y, q.z, q.w))
    pose, speed = message.pose.covariance[0:8:7].tolist(), message.twist.covariance[0:8:7].tolist()
    if not all(map(math.isfinite, (*pose, *speed))):
        raise InvalidMessage("the covariance of pose or twist is not finite")
    if min(*pose, *speed) < 0.0:
        raise InvalidMessage("a variance is negative")
    return Located(
        time_s=seconds(message.header.stamp),
        x_m=p.x,
        y_m=p.y,
        yaw_rad=math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)),
        up=(2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)),
        velocity_mps=(v.x, v.y),
        speed_sigma_mps=(math.sqrt(speed[0]), math.sqrt(speed[1])),
        position_sigma_m=math.sqrt(max(pose)),
    )


def placed(message: Odometry) -> Placed:
    """Convert /odometry/local; raises InvalidMessage for other frames or bad numbers."""
    in_frame(message.header.frame_id, "odom")
    in_frame(message.child_frame_id, "base_link")
    at, turned = message.pose.pose.position, message.pose.pose.orientation
    x_m, y_m = all_finite((at.x, at.y), "position").tolist()
    x, y, z, w = _unit((turned.x, turned.y, turned.z, turned.w))
    yaw_rad = math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    return Placed(seconds(message.header.stamp), (x_m, y_m, yaw_rad))


def _unit(quaternion: tuple[float, float, float, float]) -> tuple[float, ...]:
    """Return a quaternion normalised; raises InvalidMessage for one that is none, as unit_quaternion does."""
    length = math.hypot(*quaternion)
    if not abs(length - 1.0) <= 0.01:
        raise InvalidMessage(f"the orientation has length {length:g}, not 1")
    return tuple(value / length for value in quaternion)


def joints(message: JointState, sprocket_radius_m: float) -> Joints:
    """Convert joint states; raises InvalidMessage unless all eight joints are there in order and finite."""
    if message.name != NAMES:
        raise InvalidMessage(f"joints are {', '.join(message.name) or 'none'}, not {', '.join(NAMES)}")
    if len(message.position) != 2 * UNITS or len(message.velocity) != 2 * UNITS:
        raise InvalidMessage("position or velocity does not have eight entries")
    steer, track = np.array(message.position[:UNITS]), np.array(message.velocity[UNITS:])
    if not math.isfinite(sum(message.position[:UNITS]) + sum(message.velocity[UNITS:])):
        raise InvalidMessage("a steering angle or a track speed is not finite")
    return Joints(seconds(message.header.stamp), steer, track * sprocket_radius_m)


def body_twist(message: TwistStamped, limits: Guard) -> tuple[float, BodyTwist]:
    """Return (stamp, twist); raises InvalidMessage for another frame, and as `checked_twist`.

    Teleoperation often leaves the frame empty: the body's own is meant.
    """
    if message.header.frame_id:
        in_frame(message.header.frame_id, "base_link")
    return seconds(message.header.stamp), checked_twist(message.twist, limits)


def checked_twist(message: Twist, limits: Guard) -> BodyTwist:
    """Return the twist; raises InvalidMessage for what is not finite or faster than any such rover."""
    linear, angular = message.linear, message.angular
    bound = limits.max_twist_mps
    return BodyTwist(
        finite(linear.x, "linear.x", -bound, bound),
        finite(linear.y, "linear.y", -bound, bound),
        finite(angular.z, "angular.z", -limits.max_turn_rad_s, limits.max_turn_rad_s),
    )


def path_points(message: Path, config: Following) -> tuple[float, Array, Array]:
    """Return (stamp, points (n, 2), headings (n,)); raises InvalidMessage for another frame, too many or bad points.

    A pose's orientation is the heading with which the body leaves it; one that is none, all zeros or of another length
    than 1, leaves it along the path: nan.
    """
    in_frame(message.header.frame_id, "map")
    if len(message.poses) > config.path_points_max:
        raise InvalidMessage(f"the path has {len(message.poses)} points, more than {config.path_points_max}")
    points = [(pose.pose.position.x, pose.pose.position.y) for pose in message.poses]
    headings = np.array([_heading(pose.pose.orientation) for pose in message.poses], np.float64)
    made = all_finite(np.array(points, dtype=np.float64).reshape(-1, 2), "a path point")
    return seconds(message.header.stamp), made, headings


def _heading(turned: Quaternion) -> float:
    try:
        x, y, z, w = _unit((turned.x, turned.y, turned.z, turned.w))
    except InvalidMessage:
        return math.nan
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def certificate(message: ReturnCertificate, capacity_wh: float) -> Proof:
    """Convert a return certificate; raises InvalidMessage for one that no such battery can have."""
    in_frame(message.header.frame_id, "map")
    if message.valid:
        stated = StatedProof(message.energy_wh, message.required_wh, message.margin_wh)
        if why := contradiction(stated, capacity_wh):
            raise InvalidMessage(why)
    return Proof(seconds(message.header.stamp), message.valid, message.reason)


def spin_rad(request: Spin.Goal, limits: Nav2Motions) -> float:
    """Return the angle of a turn; raises InvalidMessage for one that is none or too large."""
    angle = finite(request.target_yaw, "target_yaw", -limits.turn_max_rad, limits.turn_max_rad)
    if angle == 0.0:
        raise InvalidMessage("target_yaw is 0, which is no turn")
    return angle


def straight(
    request: BackUp.Goal | DriveOnHeading.Goal, limits: Nav2Motions, max_speed_mps: float, *, back: bool
) -> tuple[float, float]:
    """Return (signed distance, speed) of a straight line; raises InvalidMessage for what is none.

    As in Nav2, BackUp goes back whatever the signs, and DriveOnHeading wants distance and speed of one sign.
    """
    target, bound = request.target, limits.line_max_m
    if target.y != 0.0 or target.z != 0.0:
        raise InvalidMessage(f"target is ({target.x:g}, {target.y:g}, {target.z:g}), and only along x can be driven")
    distance = finite(target.x, "target.x", -bound, bound)
    most_mps = max_speed_mps * (1.0 + _SINGLE)
    speed = finite(request.speed, "speed", -most_mps, most_mps)
    if distance == 0.0 or speed == 0.0:
        raise InvalidMessage("target.x or speed is 0, which is no motion")
    speed = max(-max_speed_mps, min(max_speed_mps, speed))
    if back:
        return -abs(distance), abs(speed)
    if (distance > 0.0) != (speed > 0.0):
        raise InvalidMessage(f"target.x {distance:g} and speed {speed:g} point to different sides")
    return distance, abs(speed)


def drill_stowed(message: DrillRig) -> tuple[float, bool]:
    """Return (stamp, stowed); raises InvalidMessage when it contradicts itself."""
    depth = finite(message.depth_m, "depth_m", -10.0, 10.0)
    return seconds(message.header.stamp), bool(message.stowed) and depth <= 0.0


def joint_commands(time_s: float, points: UnitSetPoints, sprocket_radius_m: float) -> JointState:
    """Return set-points in the order of JOINT_NAMES; position counts for steering, velocity for drives."""
    message = JointState()
    message.header.stamp = stamp(time_s)
    message.name = NAMES
    message.position = [*points.steer_rad.tolist(), 0.0, 0.0, 0.0, 0.0]
    message.velocity = [0.0, 0.0, 0.0, 0.0, *(points.track_mps / sprocket_radius_m).tolist()]
    return message


def command(time_s: float, twist: BodyTwist) -> TwistStamped:
    """Return a twist in base_link."""
    message = TwistStamped()
    message.header.stamp = stamp(time_s)
    message.header.frame_id = "base_link"
    message.twist.linear.x, message.twist.linear.y = twist.forward_mps, twist.left_mps
    message.twist.angular.z = twist.turning_rad_s
    return message


def slip_estimate(time_s: float, reading: SlipReading) -> SlipEstimate:
    """Return the reading as a message."""
    message = SlipEstimate()
    message.header.stamp = stamp(time_s)
    message.header.frame_id = "base_link"
    message.slip, message.sigma, message.predicted = reading.slip, reading.sigma, reading.predicted
    message.slope_rad, message.distance_m, message.window_s = reading.slope_rad, reading.distance_m, reading.window_s
    return message


def path(time_s: float, points: Array, headings: Array | None = None) -> Path:
    """Return a path in map through points (n, 2); its poses look along it, or where `headings` (n,) are finite."""
    message = Path()
    message.header.stamp = stamp(time_s)
    message.header.frame_id = "map"
    steps = np.diff(points, axis=0) if len(points) > 1 else np.array([[1.0, 0.0]])
    along = np.arctan2(steps[:, 1], steps[:, 0])
    for index, (x, y) in enumerate(points):
        pose = PoseStamped()
        pose.header = message.header
        pose.pose.position.x, pose.pose.position.y = float(x), float(y)
        yaw = float(along[min(index, along.size - 1)])
        if headings is not None and math.isfinite(headings[index]):
            yaw = float(headings[index])
        pose.pose.orientation.z, pose.pose.orientation.w = math.sin(0.5 * yaw), math.cos(0.5 * yaw)
        message.poses.append(pose)
    return message
