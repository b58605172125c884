# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""World to messages and back. Each message is a new one: what was published is no longer ours to change."""

import array
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3Stamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, JointState, PointCloud2, PointField
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import (
    AttitudeFix,
    DrillRig,
    DrillRigCommand,
    NeutronCounts,
    PowerBus,
    PowerSwitches,
    SampleAssay,
    WorldTruth,
)
from lupex_models.rover import Rover
from lupex_node.checks import InvalidMessage, all_finite
from lupex_node.conversions import seconds
from lupex_simulator.crawler.true_locomotion import BRAKE_LOSS
from lupex_simulator.crawler.vehicle import Vehicle
from lupex_simulator.drill.drill_rig import RigCommand, RigReading
from lupex_simulator.drill.samples import Assay
from lupex_simulator.power.bus_quantities import BusReading
from lupex_simulator.sensors.neutron import NeutronReading
from lupex_simulator.sensors.sky_sensors import AttitudeReading
from lupex_simulator.simulation import Truth
from lupex_worlds.pose import Pose

FloatArray = npt.NDArray[np.float64]

STEER_NAMES = ("fl_steer", "fr_steer", "rl_steer", "rr_steer")
DRIVE_NAMES = ("fl_drive", "fr_drive", "rl_drive", "rr_drive")
JOINT_NAMES = STEER_NAMES + DRIVE_NAMES
BASE_FRAME = "base_link"
LIDAR_FRAME = "lidar"
STAR_TRACKER_FRAME = "star_tracker"
DRILL_FRAME = "drill"
MAP_FRAME = "map"

_POINT_BYTES = 16


def time_message(time_ns: int) -> Time:
    """Return a stamp."""
    sec, nanosec = divmod(time_ns, 1_000_000_000)
    return Time(sec=sec, nanosec=nanosec)


def time_ns(stamp: Time) -> int:
    """Return a stamp in nanoseconds."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def header(time_ns: int, frame_id: str) -> Header:
    """Return a header."""
    return Header(stamp=time_message(time_ns), frame_id=frame_id)


def quaternion(yaw_rad: float, pitch_rad: float, roll_rad: float) -> Quaternion:
    """Return the rotation by yaw, pitch, roll (z, y, x)."""
    cy, sy = math.cos(0.5 * yaw_rad), math.sin(0.5 * yaw_rad)
    cp, sp = math.cos(0.5 * pitch_rad), math.sin(0.5 * pitch_rad)
    cr, sr = math.cos(0.5 * roll_rad), math.sin(0.5 * roll_rad)
    return Quaternion(
        w=cr * cp * cy + sr * sp * sy,
        x=sr * cp * cy - cr * sp * sy,
        y=cr * sp * cy + sr * cp * sy,
        z=cr * cp * sy - sr * sp * cy,
    )


class ImuMessages:
    """Messages of the inertial unit: it gives no orientation, as the first covariance entry -1 says."""

    def __init__(self, rover: Rover) -> None:
        imu = rover.imu
        rate = imu.gyro_noise_rad_s_rthz**2 * imu.rate_hz
        force = imu.accelerometer_noise_mps2_rthz**2 * imu.rate_hz
        self._no_orientation = np.array([-1.0] + [0.0] * 8)
        self._rate_covariance, self._force_covariance = (np.diag([value] * 3).ravel() for value in (rate, force))

    def of(self, time_ns: int, rate: FloatArray, force: FloatArray) -> Imu:
        """Return the message of an angular rate [rad/s] and a specific force [m/s2]."""
        message = Imu(header=header(time_ns, BASE_FRAME))
        w, a = message.angular_velocity, message.linear_acceleration
        w.x, w.y, w.z = rate.tolist()
        a.x, a.y, a.z = force.tolist()
        message.orientation_covariance = self._no_orientation
        message.angular_velocity_covariance = self._rate_covariance
        message.linear_acceleration_covariance = self._force_covariance
        return message


def joints_message(time_ns: int, vehicle: Vehicle) -> JointState:
    """Return what the encoders say of steering, sprockets and their speeds, and the torques."""
    encoders = vehicle.encoders
    steer, sprocket = encoders.steering_rad(vehicle.steer_rad), encoders.sprocket_rad(vehicle.travel_m)
    return JointState(
        header=header(time_ns, BASE_FRAME),
        name=list(JOINT_NAMES),
        position=array.array("d", steer.tobytes() + sprocket.tobytes()),
        velocity=array.array("d", bytes(32) + encoders.sprocket_rad_s(vehicle.track_mps).tobytes()),
        effort=array.array("d", bytes(32) + vehicle.torque_nm.tobytes()),
    )


def joint_command(message: JointState) -> tuple[FloatArray, FloatArray]:
    """Return (steering angles, sprocket speeds), four each, of a command or of joint states.

    Raises InvalidMessage when it is neither.
    """
    if tuple(message.name) != JOINT_NAMES:
        raise InvalidMessage(f"names must be {' '.join(JOINT_NAMES)}")
    if len(message.position) != 8 or len(message.velocity) != 8:
        raise InvalidMessage("position and velocity must hold 8 values each")
    steer = np.array(message.position[:4])
    drive = np.array(message.velocity[4:])
    if not (np.isfinite(steer).all() and np.isfinite(drive).all()):
        raise InvalidMessage("position or velocity is not finite")
    return steer, drive


def joint_travel_m(message: JointState, radius_m: float) -> FloatArray:
    """Return the way (4) that the tracks of joint states have run; raises InvalidMessage when it is not finite."""
    return radius_m * all_finite(message.position[4:], "a sprocket's angle")


def joint_power_w(message: JointState, efficiency: float) -> float:
    """Return the electrical power of the drives of joint states that another process supplies."""
    if len(message.velocity) != 8 or len(message.effort) != 8:
        raise InvalidMessage("velocity and effort must hold 8 values each")
    each = np.array(message.velocity[4:]) * np.array(message.effort[4:])
    power = np.where(each >= 0.0, each / efficiency, -BRAKE_LOSS * each).sum()
    if not math.isfinite(power):
        raise InvalidMessage("velocity or effort is not finite")
    return float(power)


def cloud_message(stamp: Time, points: npt.NDArray[np.float32]) -> PointCloud2:
    """Return the lidar's points (n, 4): x, y, z, intensity in float32."""
    data = array.array("B")
    data.frombytes(memoryview(np.ascontiguousarray(points, dtype="<f4")).cast("B"))
    return PointCloud2(
        header=Header(stamp=stamp, frame_id=LIDAR_FRAME),
        height=1,
        width=points.shape[0],
        fields=[
            PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
            for i, name in enumerate(("x", "y", "z", "intensity"))
        ],
        is_bigendian=False,
        point_step=_POINT_BYTES,
        row_step=points.shape[0] * _POINT_BYTES,
        data=data,
        is_dense=True,
    )


def attitude_message(time_ns: int, reading: AttitudeReading) -> AttitudeFix:
    """Return the star tracker's attitude."""
    message = AttitudeFix(header=header(time_ns, STAR_TRACKER_FRAME))
    q = message.orientation
    q.x, q.y, q.z, q.w = reading.icrf_from_sensor.tolist()
    message.covariance = reading.covariance_rad2.ravel()
    return message


def direction_message(time_ns: int, vector: FloatArray) -> Vector3Stamped:
    """Return a vector (3) in base_link."""
    message = Vector3Stamped(header=header(time_ns, BASE_FRAME))
    message.vector.x, message.vector.y, message.vector.z = vector.tolist()
    return message


def bus_message(time_ns: int, reading: BusReading) -> PowerBus:
    """Return what the power unit measures."""
    return PowerBus(header=header(time_ns, BASE_FRAME), **_fields(reading))


def rig_message(time_ns: int, reading: RigReading) -> DrillRig:
    """Return what the drill measures."""
    return DrillRig(header=header(time_ns, DRILL_FRAME), **_fields(reading))


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def rig_command(message: DrillRigCommand) -> RigCommand:
    """Return set-points; raises InvalidMessage when they are not finite."""
    try:
        return RigCommand(
            message.feed_rate_mps,
            message.rotation_rate_rad_s,
            message.weight_on_bit_limit_n,
            message.torque_limit_nm,
            message.percussion,
            message.deliver_sample,
            message.stow,
        )
    except ValueError as error:
        raise InvalidMessage(str(error)) from error


def switch_settings(message: PowerSwitches) -> dict[str, bool]:
    """Return the lines' settings by name."""
    return {"drill": message.drill, "heater": message.heater, "instruments": message.instruments}


def assay_message(assay: Assay, time_ns: int) -> SampleAssay:
    """Return the reading of the sample analysis."""
    return SampleAssay(
        header=header(time_ns, DRILL_FRAME),
        sample_id=assay.sample_id,
        top_m=assay.top_m,
        bottom_m=assay.bottom_m,
        sample_mass_kg=assay.sample_mass_kg,
        mass_loss_kg=assay.mass_loss_kg,
        mass_sigma_kg=assay.mass_sigma_kg,
    )


def neutrons_message(time_ns: int, reading: NeutronReading) -> NeutronCounts:
    """Return the counts."""
    return NeutronCounts(
        header=header(time_ns, BASE_FRAME),
        integration_s=reading.integration_s,
        epithermal=reading.epithermal,
        thermal=reading.thermal,
    )


def truth_message(time_ns: int, truth: Truth, speed_up: float) -> WorldTruth:
    """Return the world's secrets; `speed_up` is NaN where nothing waits for a clock."""
    fields = _fields(truth)
    pose = _fields(fields.pop("pose"))
    return WorldTruth(header=header(time_ns, MAP_FRAME), speed_up=speed_up, **pose, **fields)


def odometry_message(time_ns: int, pose: Pose, twist: tuple[float, float, float]) -> Odometry:
    """Return pose in map and velocity in base_link."""
    message = Odometry(header=header(time_ns, MAP_FRAME), child_frame_id=BASE_FRAME)
    position = message.pose.pose.position
    position.x, position.y, position.z = pose.x_m, pose.y_m, pose.z_m
    message.pose.pose.orientation = quaternion(pose.yaw_rad, pose.pitch_rad, pose.roll_rad)
    message.twist.twist.linear.x, message.twist.twist.linear.y, message.twist.twist.angular.z = twist
    return message


def odometry_pose(message: Odometry) -> Pose:
    """Return the pose that another process supplies; raises InvalidMessage when it is not finite or no rotation."""
    p, q = message.pose.pose.position, message.pose.pose.orientation
    length = math.sqrt(q.w**2 + q.x**2 + q.y**2 + q.z**2)
    if not all(math.isfinite(v) for v in (p.x, p.y, p.z, length)):
        raise InvalidMessage("the pose is not finite")
    if abs(length - 1.0) > 0.01:
        raise InvalidMessage(f"the orientation has length {length:g}, not 1")
    w, x, y, z = q.w / length, q.x / length, q.y / length, q.z / length
    return Pose(
        p.x,
        p.y,
        p.z,
        math.atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y)),
        math.asin(max(-1.0, min(1.0, 2.0 * (w * y - z * x)))),
        math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)),
    )


def sensor_frames(rover: Rover, time_ns: int) -> TFMessage:
    """Return where the sensors sit on base_link."""
    tracker, lidar, drill = rover.star_tracker, rover.lidar, rover.drill
    placed = (
        (LIDAR_FRAME, (lidar.x_m, lidar.y_m, lidar.z_m), quaternion(0.0, 0.0, 0.0)),
        (
            STAR_TRACKER_FRAME,
            (0.0, 0.0, 0.0),
            quaternion(tracker.boresight_azimuth_rad, -tracker.boresight_elevation_rad, 0.0),
        ),
        (DRILL_FRAME, (drill.x_m, drill.y_m, 0.0), quaternion(0.0, 0.0, 0.0)),
    )
    message = TFMessage()
    for frame, (x, y, z), rotation in placed:
        transform = TransformStamped(header=header(time_ns, BASE_FRAME), child_frame_id=frame)
        t = transform.transform.translation
        t.x, t.y, t.z = x, y, z
        transform.transform.rotation = rotation
        message.transforms.append(transform)
    return message


def command_time_s(stamp: Time, now_s: float) -> float:
    """Return the time a command counts from: its stamp, but never the future."""
    return min(seconds(stamp), now_s)
