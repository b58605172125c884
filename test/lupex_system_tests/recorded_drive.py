# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One drive as two worlds would record it, for tests of their comparison."""

import math

import numpy as np
import pytest

NAMES = [f"{unit}_{what}" for what in ("steer", "drive") for unit in ("fl", "fr", "rl", "rr")]
RADIUS = 0.1
BEGIN_S = 1010.0


def write_drive(
    tape_for, directory, *, slip=0.1, length_m=10.0, bend=0.0, pitch=0.1, power_w=20.0, yaw=0.0, rate=1.0, blind=False
):
    """A straight drive with a bend from a start at (5, 3), as any world would record it."""
    tape = tape_for(directory)
    speed = rate * RADIUS * (1.0 - slip)
    end_s = BEGIN_S + length_m / speed
    for t in np.arange(1000.0, end_s + 5.0, 0.1):
        driving = BEGIN_S <= t < end_s
        way = speed * (min(max(t, BEGIN_S), end_s) - BEGIN_S)
        if t * 10 % 2 < 0.5 and not (blind and BEGIN_S - 1.0 < t < end_s + 3.0):
            x, y = way, bend * way**2
            heading = yaw
            q = quaternion(heading, pitch, 0.05)
            pose = tape.make(
                "geometry_msgs/msg/Pose",
                position=tape.make(
                    "geometry_msgs/msg/Point",
                    x=5.0 + math.cos(yaw) * x - math.sin(yaw) * y,
                    y=3.0 + math.sin(yaw) * x + math.cos(yaw) * y,
                ),
                orientation=q(tape),
            )
            covered = tape.make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=np.zeros(36))
            tape.put("/truth/odometry", "nav_msgs/msg/Odometry", t, pose=covered)
        position, velocity = np.zeros(8), np.zeros(8)
        velocity[4:] = rate if driving else 0.0
        tape.put(
            "/mobility/joint_commands",
            "sensor_msgs/msg/JointState",
            t,
            name=NAMES,
            position=position,
            velocity=velocity,
            effort=np.zeros(0),
        )
        tape.put("/truth/state", "lupex_interfaces/msg/WorldTruth", t, slip=slip if driving else 0.0)
        tape.put("/power/bus", "lupex_interfaces/msg/PowerBus", t, load_mobility_w=power_w if driving else 0.0)
    tape.recorder.close()
    return directory


def quaternion(yaw, pitch, roll):
    """Return a function that makes the message on a tape."""
    cy, sy, cp, sp = math.cos(yaw / 2), math.sin(yaw / 2), math.cos(pitch / 2), math.sin(pitch / 2)
    cr, sr = math.cos(roll / 2), math.sin(roll / 2)
    return lambda tape: tape.make(
        "geometry_msgs/msg/Quaternion",
        w=cr * cp * cy + sr * sp * sy,
        x=sr * cp * cy - cr * sp * sy,
        y=cr * sp * cy + sr * cp * sy,
        z=cr * cp * sy - sr * sp * cy,
    )


@pytest.fixture(scope="module")
def bags(tape_for, tmp_path_factory):
    """The drive in two worlds."""
    base = tmp_path_factory.mktemp("worlds")
    return (
        write_drive(tape_for, base / "embedded"),
        write_drive(tape_for, base / "gazebo", slip=0.2, bend=0.004, pitch=0.12, power_w=22.0, yaw=1.0),
    )
