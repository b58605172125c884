# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What crosses the bridge to Gazebo, to core types and back."""

import array
import math

import numpy as np
import numpy.typing as npt
from nav_msgs.msg import Odometry
from ros_gz_interfaces.msg import Light
from ros_gz_interfaces.srv import ControlWorld
from sensor_msgs.msg import Imu, JointState, PointCloud2, PointField
from std_msgs.msg import Header

from lupex_node.checks import InvalidMessage, all_finite
from lupex_simulator.conversions import BASE_FRAME, JOINT_NAMES, MAP_FRAME, STEER_NAMES, header, time_ns
from lupex_simulator.gazebo.inertial_means import Instant
from lupex_simulator.gazebo.unit_drive import UnitState
from lupex_worlds.gazebo_files.world_model import SUN_NAME, SunSettings

FloatArray = npt.NDArray[np.float64]
_WANTED = ("x", "y", "z", "intensity")


def steering_angles(message: JointState) -> FloatArray:
    """Return the angles (4) of the steering joints, found by name; raises InvalidMessage when one is missing."""
    found = dict(zip(message.name, message.position))
    missing = [name for name in STEER_NAMES if name not in found]
    if missing:
        raise InvalidMessage(f"holds no position of {', '.join(missing)}")
    angles = np.array([found[name] for name in STEER_NAMES])
    if not np.isfinite(angles).all():
        raise InvalidMessage("a steering angle is not finite")
    return angles


def inertial_instant(message: Imu) -> Instant:
    """Return what Gazebo's inertial unit feels at one time; raises InvalidMessage when it is not finite."""
    w, a = message.angular_velocity, message.linear_acceleration
    return Instant(
        time_ns(message.header.stamp),
        all_finite((w.x, w.y, w.z), "the angular velocity"),
        all_finite((a.x, a.y, a.z), "the linear acceleration"),
    )


def joint_states_message(time_ns: int, units: UnitState) -> JointState:
    """Return angles and steering, sprocket angles, speeds and torques, as the embedded world has them."""
    still = np.zeros(4)
    return JointState(
        header=header(time_ns, BASE_FRAME),
        name=list(JOINT_NAMES),
        position=_doubles(units.steer_encoded_rad, units.sprocket_rad),
        velocity=_doubles(still, units.sprocket_rad_s),
        effort=_doubles(still, units.torque_nm),
    )


def _doubles(steer: FloatArray, drive: FloatArray) -> "array.array[float]":
    return array.array("d", np.concatenate([steer, drive]).tobytes())


def as_truth(message: Odometry) -> Odometry:
    """Return Gazebo's odometry under the frames that its world has on board."""
    return Odometry(
        header=Header(stamp=message.header.stamp, frame_id=MAP_FRAME),
        child_frame_id=BASE_FRAME,
        pose=message.pose,
        twist=message.twist,
    )


def cloud_points(message: PointCloud2) -> npt.NDArray[np.float32]:
    """Return points (n, 4): x, y, z, intensity; raises InvalidMessage for a layout that Gazebo does not make."""
    fields = {field.name: field for field in message.fields}
    if message.is_bigendian or any(
        name not in fields or fields[name].datatype != PointField.FLOAT32 or fields[name].offset % 4 for name in _WANTED
    ):
        raise InvalidMessage("points lack little-endian float32 x, y, z, intensity")
    count, step = message.width * message.height, message.point_step
    if step % 4 or len(message.data) != count * step:
        raise InvalidMessage(f"{len(message.data)} bytes are not {count} points of {step} bytes")
    table = np.frombuffer(message.data, dtype="<f4").reshape(count, step // 4)
    return table[:, [fields[name].offset // 4 for name in _WANTED]]


def steps_request(count: int) -> ControlWorld.Request:
    """Return the request that lets a paused Gazebo make so many steps more and pause again."""
    request = ControlWorld.Request()
    request.world_control.pause = True
    request.world_control.multi_step = count
    return request


def light_message(direction: FloatArray, settings: SunSettings, time_ns: int) -> Light:
    """Return the Sun shining in a direction: every field, for Gazebo takes what is left out as nought."""
    message = Light(header=header(time_ns, ""), name=SUN_NAME, type=Light.DIRECTIONAL, cast_shadows=True)
    message.pose.position.z = settings.height_m
    message.pose.orientation.w = 1.0
    for colour, values in ((message.diffuse, settings.diffuse), (message.specular, settings.specular)):
        colour.r, colour.g, colour.b, colour.a = values
    message.intensity, message.range = settings.intensity, settings.range_m
    message.attenuation_constant = settings.constant
    x, y, z = direction.tolist()
    if not math.isfinite(x + y + z):
        raise ValueError("the Sun's direction must be finite")
    message.direction.x, message.direction.y, message.direction.z = x, y, z
    return message
