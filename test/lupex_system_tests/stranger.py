# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A recording of a rover that is not ours: ten minutes of a made-up drive with all that such rovers tell."""

import math

import numpy as np

from lupex_system_tests.odd_bags import header, made, mcap_bag, stamp, told

TWIST, ODOMETRY, POSE = "geometry_msgs/msg/Twist", "nav_msgs/msg/Odometry", "geometry_msgs/msg/PoseStamped"
IMU, BATTERY, JOINTS = (f"sensor_msgs/msg/{name}" for name in ("Imu", "BatteryState", "JointState"))
LOG = "rcl_interfaces/msg/Log"
BEGIN_S = 1_700_000_000.0
LONG_S = 600
RADIUS_M = 0.15
WARNED_S = 250.0


def stranger_bag(path):
    """Write the recording: a drive in an arc with a stop, and a warning in it; returns the path."""
    return mcap_bag(path, sorted(_messages(), key=lambda message: message[2]))


def _vector(**values):
    return made("geometry_msgs/msg/Vector3", **values)


def speed(t):
    """Return the speed [m/s] that is told at a time after the begin."""
    return 0.0 if 280.0 <= t < 330.0 or t < 20.0 else 0.3


def _messages():
    rng = np.random.default_rng(11)
    x = y = yaw = drift = 0.0
    for k in range(10 * LONG_S):
        t = 0.1 * k
        at = BEGIN_S + t
        v, turn = speed(t), 0.01 * (speed(t) > 0.0)
        yaw += 0.1 * turn
        x, y = x + 0.1 * v * math.cos(yaw), y + 0.1 * v * math.sin(yaw)
        drift += 0.004 * v * rng.normal()
        if k % 2 == 0:
            yield "/base/odom", ODOMETRY, at, _odometry(at, x + drift, y - drift, yaw, v, turn)
            yield "/gt/pose", POSE, at, told(POSE, header=header(at), pose=_pose(x, y, yaw))
            command = {"linear": _vector(x=1.05 * v), "angular": _vector(z=turn)}
            yield "/base/cmd", TWIST, at, told(TWIST, **command)
            rate = v / RADIUS_M * (1.1 if t < 400.0 else 1.6)
            wheels = {"name": ["left_wheel", "right_wheel"], "velocity": np.array([rate, rate])}
            yield "/wheels", JOINTS, at, told(JOINTS, header=header(at), **wheels)
            noise = rng.normal(0.0, 0.01, 6)
            rates = _vector(x=noise[0], y=noise[1], z=turn + noise[2])
            force = _vector(x=5 * noise[3], y=5 * noise[4], z=9.81 + 5 * noise[5])
            unit = {"angular_velocity": rates, "linear_acceleration": force}
            yield "/base/imu", IMU, at, told(IMU, header=header(at), **unit)
        if k % 10 == 0:
            held = {"voltage": 25.2 - 0.002 * t, "current": -2.0 - 8.0 * v, "percentage": 0.95 - 0.0004 * t}
            yield "/base/battery", BATTERY, at, told(BATTERY, header=header(at), temperature=math.nan, **held)
    at = BEGIN_S + WARNED_S
    yield "/rosout", LOG, at, told(LOG, stamp=stamp(at), level=30, name="driver", msg="left wheel is warm")


def _pose(x, y, yaw):
    pose = made("geometry_msgs/msg/Pose", position=made("geometry_msgs/msg/Point", x=x, y=y, z=0.05 * math.sin(x)))
    pose.orientation.w, pose.orientation.z = math.cos(yaw / 2), math.sin(yaw / 2)
    return pose


def _odometry(at, x, y, yaw, v, turn):
    twist = made("geometry_msgs/msg/Twist", linear=_vector(x=v), angular=_vector(z=turn))
    return told(
        ODOMETRY,
        header=header(at),
        pose=made("geometry_msgs/msg/PoseWithCovariance", pose=_pose(x, y, yaw)),
        twist=made("geometry_msgs/msg/TwistWithCovariance", twist=twist),
    )
