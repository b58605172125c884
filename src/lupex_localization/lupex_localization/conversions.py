# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to samples and estimates to messages; what a sample must not contain is refused here."""

import numpy as np
from geometry_msgs.msg import TransformStamped, Vector3Stamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import AttitudeFix, LocalizationStatus
from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.health import Condition
from lupex_localization.reckoning import MotionEstimate
from lupex_localization.samples import AttitudeSample, InertialSample, SunSample, TrackSample
from lupex_localization.track_odometry import JOINT_NAMES, UNITS
from lupex_node.checks import InvalidMessage, all_finite, in_frame, unit_quaternion
from lupex_node.conversions import seconds, stamp

NAMES = list(JOINT_NAMES)


def inertial_sample(message: Imu, config: LocalizationConfig) -> InertialSample:
    """Convert; raises InvalidMessage for another frame and for values that no such rover can have."""
    in_frame(message.header.frame_id, config.fixes.imu_frame)
    w, f = message.angular_velocity, message.linear_acceleration
    values = all_finite((w.x, w.y, w.z, f.x, f.y, f.z), "a rate or specific force")
    limits = config.inertial
    if abs(values[:3]).max() > limits.max_rate_rad_s:
        raise InvalidMessage(f"a rate is above {limits.max_rate_rad_s:g} rad/s")
    force = float(np.linalg.norm(values[3:]))
    if not limits.min_acceleration_mps2 <= force <= limits.max_acceleration_mps2:
        raise InvalidMessage(
            f"the specific force is {force:.2f} m/s2, outside "
            f"{limits.min_acceleration_mps2:g}..{limits.max_acceleration_mps2:g}"
        )
    return InertialSample(seconds(message.header.stamp), values[:3], values[3:])


def track_sample(message: JointState, config: LocalizationConfig, sprocket_radius_m: float) -> TrackSample:
    """Convert; raises InvalidMessage unless all eight joints are there in order, finite and of possible speed."""
    if message.header.frame_id:
        in_frame(message.header.frame_id, config.fixes.joint_frame)
    if message.name != NAMES:
        raise InvalidMessage(f"joints are {', '.join(message.name) or 'none'}, not {', '.join(NAMES)}")
    if len(message.position) != 2 * UNITS or len(message.velocity) != 2 * UNITS:
        raise InvalidMessage("position or velocity does not have eight entries")
    position = all_finite(message.position, "a joint position")
    track = all_finite(message.velocity, "a joint velocity")[UNITS:] * sprocket_radius_m
    if np.abs(track).max() > config.tracks.max_speed_mps:
        raise InvalidMessage(f"a track speed is above {config.tracks.max_speed_mps:g} m/s")
    return TrackSample(
        seconds(message.header.stamp), position[:UNITS].copy(), track, position[UNITS:] * sprocket_radius_m
    )


def attitude_sample(message: AttitudeFix, config: LocalizationConfig) -> AttitudeSample:
    """Convert; raises InvalidMessage for another frame, a bad quaternion or a covariance that is none."""
    in_frame(message.header.frame_id, config.fixes.attitude_frame)
    q = message.orientation
    x, y, z, w = unit_quaternion(q.x, q.y, q.z, q.w, "the orientation")
    covariance = all_finite(message.covariance, "the covariance").reshape(3, 3)
    spread = np.linalg.eigvalsh(0.5 * (covariance + covariance.T))
    if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-15) or spread[0] <= 0.0:
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


def global_odometry(estimate: MotionEstimate) -> Odometry:
    """Return the pose in map with its covariance; the twist in base_link."""
    state = estimate.state
    message = Odometry()
    message.header.stamp = stamp(state.time_s)
    message.header.frame_id, message.child_frame_id = "map", "base_link"
    r = rotation.rotation_matrix(state.nominal[esf.QUATERNION])
    _put_pose(message.pose.pose, state.nominal[esf.POSITION], state.nominal[esf.QUATERNION])
    message.pose.covariance = _pose_covariance(state.covariance, r).ravel()
    _put_twist(message, estimate, r)
    return message


def local_odometry(estimate: MotionEstimate) -> Odometry:
    """Return the pose in odom, which never jumps; its covariance is that in map, so no less than due."""
    message = Odometry()
    message.header.stamp = stamp(estimate.state.time_s)
    message.header.frame_id, message.child_frame_id = "odom", "base_link"
    nominal = estimate.state.nominal
    _put_pose(message.pose.pose, estimate.odom_position_m, _odom_quaternion(estimate))
    r = rotation.rotation_matrix(nominal[esf.QUATERNION])
    c = _yaw_matrix(-estimate.odom_yaw_rad)
    turn = np.zeros((6, 6))
    turn[:3, :3] = turn[3:, 3:] = c
    message.pose.covariance = (turn @ _pose_covariance(estimate.state.covariance, r) @ turn.T).ravel()
    _put_twist(message, estimate, r)
    return message


def transforms(estimate: MotionEstimate) -> TFMessage:
    """Return map -> odom and odom -> base_link."""
    state = estimate.state
    yaw = estimate.odom_yaw_rad
    to_odom = TransformStamped()
    to_odom.header.stamp = stamp(state.time_s)
    to_odom.header.frame_id, to_odom.child_frame_id = "map", "odom"
    place = state.nominal[esf.POSITION] - _yaw_matrix(yaw) @ estimate.odom_position_m
    _put_transform(to_odom, place, rotation.from_rotation_vector(np.array([0.0, 0.0, yaw])))
    to_base = TransformStamped()
    to_base.header.stamp = to_odom.header.stamp
    to_base.header.frame_id, to_base.child_frame_id = "odom", "base_link"
    _put_transform(to_base, estimate.odom_position_m, _odom_quaternion(estimate))
    return TFMessage(transforms=[to_odom, to_base])


def status(
    time_s: float, condition: Condition, text: str, estimator: PoseEstimator, position_sigma_m: float, heading: float
) -> LocalizationStatus:
    """Return the status; heading: one sigma [rad]."""
    message = LocalizationStatus()
    message.header.stamp = stamp(time_s)
    message.header.frame_id = "map"
    message.state = int(condition)
    message.position_sigma_m = position_sigma_m
    message.heading_sigma_rad = heading
    kinds = ("attitude", "sun", "terrain")
    message.fixes_accepted = sum(estimator.accepted[kind] for kind in kinds)
    message.fixes_rejected = sum(estimator.rejected[kind] for kind in kinds)
    message.zero_velocity_updates = estimator.rest_updates
    message.nis_mean = float(np.mean(estimator.nis)) if estimator.nis else 0.0
    message.stationary = estimator.stationary
    message.text = text
    return message


def _pose_covariance(covariance, r):
    """Return the 6x6 covariance with rotations about the fixed axes of the frame, as REP-103 wants it."""
    to_frame = np.zeros((6, esf.ERROR_SIZE))
    to_frame[:3, esf.ERROR_POSITION] = np.eye(3)
    to_frame[3:, esf.ERROR_ATTITUDE] = r
    return to_frame @ covariance @ to_frame.T


def _put_twist(message, estimate, r):
    state = estimate.state
    velocity = r.T @ state.nominal[esf.VELOCITY]
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, linear.z = (float(value) for value in velocity)
    angular.x, angular.y, angular.z = (float(value) for value in estimate.rate)
    vx, vy, vz = velocity
    to_body = np.zeros((6, esf.ERROR_SIZE))
    to_body[:3, esf.ERROR_VELOCITY] = r.T
    to_body[:3, esf.ERROR_ATTITUDE] = [[0.0, -vz, vy], [vz, 0.0, -vx], [-vy, vx, 0.0]]
    to_body[3:, esf.ERROR_GYRO_BIAS] = -np.eye(3)
    message.twist.covariance = (to_body @ state.covariance @ to_body.T).ravel()


def _odom_quaternion(estimate):
    turn = rotation.from_rotation_vector(np.array([0.0, 0.0, -estimate.odom_yaw_rad]))
    return rotation.multiply(turn, estimate.state.nominal[esf.QUATERNION])


def _yaw_matrix(yaw_rad):
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _put_pose(pose, position, quaternion):
    pose.position.x, pose.position.y, pose.position.z = (float(value) for value in position)
    _put_quaternion(pose.orientation, quaternion)


def _put_transform(message, position, quaternion):
    t = message.transform.translation
    t.x, t.y, t.z = (float(value) for value in position)
    _put_quaternion(message.transform.rotation, quaternion)


def _put_quaternion(message, quaternion):
    message.w, message.x, message.y, message.z = (float(value) for value in quaternion)
