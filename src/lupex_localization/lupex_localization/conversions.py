# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to samples and estimates to messages; what a sample must not contain is refused here."""

import math

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseWithCovarianceStamped, TransformStamped, Vector3Stamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState, PointCloud2
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import AttitudeFix, LocalizationStatus
from lupex_localization import odometry_numbers
from lupex_localization.config import LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.health import Condition
from lupex_localization.reckoning import MotionEstimate
from lupex_localization.rotation import yaw_of
from lupex_localization.samples import AttitudeSample, InertialSample, SunSample, TrackSample
from lupex_localization.track_odometry import JOINT_NAMES, UNITS
from lupex_node.checks import InvalidMessage, all_finite, in_frame, unit_quaternion
from lupex_node.conversions import cloud, seconds, stamp

Array = npt.NDArray[np.float64]

_NAMES = list(JOINT_NAMES)


def inertial_sample(message: Imu, config: LocalizationConfig) -> InertialSample:
    """Convert; raises InvalidMessage for another frame and for values that no such rover can have."""
    w, f = message.angular_velocity, message.linear_acceleration
    rate, force = (w.x, w.y, w.z), (f.x, f.y, f.z)
    in_frame(message.header.frame_id, config.fixes.imu_frame)
    limits = config.inertial
    strength = math.hypot(*force)
    fastest = max(map(abs, rate))
    if not math.isfinite(strength + sum(rate)):
        raise InvalidMessage("a rate or specific force is not finite")
    if fastest > limits.max_rate_rad_s:
        raise InvalidMessage(f"a rate is above {limits.max_rate_rad_s:g} rad/s")
    if not limits.min_acceleration_mps2 <= strength <= limits.max_acceleration_mps2:
        raise InvalidMessage(
            f"the specific force is {strength:.2f} m/s2, outside "
            f"{limits.min_acceleration_mps2:g}..{limits.max_acceleration_mps2:g}"
        )
    return InertialSample(seconds(message.header.stamp), np.array(rate), np.array(force))


def track_sample(message: JointState, config: LocalizationConfig, sprocket_radius_m: float) -> TrackSample:
    """Convert joint states; raises InvalidMessage unless all eight are told, finite and of possible speed.

    The joints are known by their names: any order, and others between them.
    """
    frame, names, position, velocity = message.header.frame_id, message.name, message.position, message.velocity
    if frame:
        in_frame(frame, config.fixes.joint_frame)
    if len(position) != len(names) or len(velocity) != len(names):
        raise InvalidMessage(f"position or velocity does not have {len(names)} entries, one a name")
    if names != _NAMES:
        missing = [name for name in JOINT_NAMES if name not in names]
        if missing:
            raise InvalidMessage(f"joints are {', '.join(names) or 'none'}, without {', '.join(missing)}")
        at = [names.index(name) for name in JOINT_NAMES]
        position, velocity = [position[i] for i in at], [velocity[i] for i in at]
    if not math.isfinite(sum(position) + sum(velocity[UNITS:])):
        raise InvalidMessage("a joint position or velocity is not finite")
    if max(map(abs, velocity[UNITS:])) * sprocket_radius_m > config.tracks.max_speed_mps:
        raise InvalidMessage(f"a track speed is above {config.tracks.max_speed_mps:g} m/s")
    run = np.array((position[UNITS:], velocity[UNITS:])) * sprocket_radius_m
    return TrackSample(seconds(message.header.stamp), np.array(position[:UNITS]), run[1], run[0])


def attitude_sample(message: AttitudeFix, config: LocalizationConfig) -> AttitudeSample:
    """Convert; raises InvalidMessage for another frame, a bad quaternion or a covariance that is none."""
    in_frame(message.header.frame_id, config.fixes.attitude_frame)
    q = message.orientation
    x, y, z, w = unit_quaternion(q.x, q.y, q.z, q.w, "the orientation")
    covariance = all_finite(message.covariance, "the covariance").reshape(3, 3)
    spread = np.linalg.eigvalsh(0.5 * (covariance + covariance.T))
    asymmetry = np.abs(covariance - covariance.T)
    if (asymmetry > 1e-15 + 1e-6 * np.abs(covariance)).any() or spread[0] <= 0.0:
        raise InvalidMessage("the covariance is not symmetric and positive")
    if spread[-1] > config.fixes.max_sigma_rad**2:
        raise InvalidMessage(f"the covariance is above {config.fixes.max_sigma_rad:g} rad")
    return AttitudeSample(seconds(message.header.stamp), np.array([w, x, y, z]), covariance)


def sun_sample(message: Vector3Stamped, config: LocalizationConfig) -> SunSample:
    """Convert; raises InvalidMessage for another frame and a vector that is no direction."""
    in_frame(message.header.frame_id, config.fixes.sun_frame)
    v = message.vector
    values = all_finite((v.x, v.y, v.z), "the direction")
    length = float(np.linalg.norm(values))
    if not 0.5 < length < 2.0:
        raise InvalidMessage(f"the direction has length {length:g}, not 1")
    return SunSample(seconds(message.header.stamp), values / length)


def cloud_points(message: PointCloud2, config: LocalizationConfig) -> tuple[float, npt.NDArray[np.float32]]:
    """Return (stamp_s, points in the lidar's axes); raises InvalidMessage."""
    in_frame(message.header.frame_id, config.ground.frame)
    return cloud(message)


def told_pose(message: PoseWithCovarianceStamped) -> tuple[float, Array, float, Array]:
    """Return (stamp_s, position (3,), heading [rad], covariance (6, 6)) of a pose in map; raises InvalidMessage."""
    in_frame(message.header.frame_id, "map")
    at, q = message.pose.pose.position, message.pose.pose.orientation
    position = all_finite((at.x, at.y, at.z), "the position")
    x, y, z, w = unit_quaternion(q.x, q.y, q.z, q.w, "the orientation")
    covariance = all_finite(message.pose.covariance, "the covariance").reshape(6, 6)
    return seconds(message.header.stamp), position, float(yaw_of(np.array([w, x, y, z]))), covariance


def odometry_in_map(estimate: MotionEstimate) -> Odometry:
    """Return the pose in map with its covariance; the twist in base_link."""
    return _odometry("map", estimate, *odometry_numbers.in_map(estimate))


def odometry_in_odom(estimate: MotionEstimate) -> Odometry:
    """Return the pose in odom, which never jumps."""
    return _odometry("odom", estimate, *odometry_numbers.in_odom(estimate))


def transforms(estimate: MotionEstimate) -> TFMessage:
    """Return map -> odom and odom -> base_link."""
    quaternion = odometry_numbers.odom_quaternion(estimate)
    return TFMessage(
        transforms=[
            _transform("map", "odom", estimate, *odometry_numbers.map_from_odom(estimate)),
            _transform("odom", "base_link", estimate, estimate.odom_position_m, quaternion),
        ]
    )


def _odometry(frame: str, estimate: MotionEstimate, pose: odometry_numbers.Pose, twist: odometry_numbers.Twist):
    message = Odometry(child_frame_id="base_link")
    message.header.stamp, message.header.frame_id = stamp(estimate.state.time_s), frame
    place, linear, angular = message.pose.pose.position, message.twist.twist.linear, message.twist.twist.angular
    place.x, place.y, place.z = pose.position_m.tolist()
    _put_quaternion(message.pose.pose.orientation, pose.quaternion)
    message.pose.covariance = pose.covariance
    linear.x, linear.y, linear.z = twist.linear.tolist()
    angular.x, angular.y, angular.z = twist.angular.tolist()
    message.twist.covariance = twist.covariance
    return message


def status(
    time_s: float,
    condition: Condition,
    text: str,
    estimator: PoseEstimator,
    position_sigma_m: float,
    heading: float,
    *,
    stop_wanted: bool,
) -> LocalizationStatus:
    """Return the status; heading: one sigma [rad]."""
    message = LocalizationStatus()
    message.header.stamp = stamp(time_s)
    message.header.frame_id = "map"
    message.state = int(condition)
    message.position_sigma_m = position_sigma_m
    message.heading_sigma_rad = heading
    kinds = ("attitude", "sun", "terrain", "place")
    message.fixes_accepted = sum(estimator.accepted[kind] for kind in kinds)
    message.fixes_rejected = sum(estimator.rejected[kind] for kind in kinds)
    message.zero_velocity_updates = estimator.rest_updates
    message.nis_mean = estimator.nis_mean
    message.stationary = estimator.stationary
    message.stop_wanted = stop_wanted
    message.text = text
    return message


def _transform(parent, child, estimate, position, quaternion):
    message = TransformStamped(child_frame_id=child)
    message.header.stamp, message.header.frame_id = stamp(estimate.state.time_s), parent
    t = message.transform.translation
    t.x, t.y, t.z = position.tolist()
    _put_quaternion(message.transform.rotation, quaternion)
    return message


def _put_quaternion(message, quaternion):
    message.w, message.x, message.y, message.z = quaternion.tolist()
