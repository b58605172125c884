# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter over recordings that others made: a drive on the Earth, written by rosbags."""

import json
import math

import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore

from lupex_cli.recorded_odometry import east_north_up
from lupex_cli.replay import main

STORE = get_typestore(Stores.ROS2_HUMBLE)
TYPES = STORE.types


def time_of(time_s):
    return TYPES["builtin_interfaces/msg/Time"](sec=int(time_s), nanosec=round((time_s - int(time_s)) * 1e9))


def header(time_s, frame):
    return TYPES["std_msgs/msg/Header"](stamp=time_of(time_s), frame_id=frame)


def vector(x, y, z):
    return TYPES["geometry_msgs/msg/Vector3"](x=float(x), y=float(y), z=float(z))


def pose(x, y, yaw):
    return TYPES["geometry_msgs/msg/Pose"](
        position=TYPES["geometry_msgs/msg/Point"](x=float(x), y=float(y), z=0.0),
        orientation=TYPES["geometry_msgs/msg/Quaternion"](x=0.0, y=0.0, z=math.sin(yaw / 2), w=math.cos(yaw / 2)),
    )


def turning_at(time_s):
    return 0.2 if 5.0 < time_s < 15.0 else 0.0


@pytest.fixture
def drive(tmp_path):
    """Write 30 s: 3 s at rest, to 0.5 m/s in 1 s, then a curve to the left by 2 rad; return (bag, end x, end y)."""
    bag = tmp_path / "bag"
    x = y = yaw = 0.0
    step_s = 0.02
    kinds = {
        "/imu": "sensor_msgs/msg/Imu",
        "/wheels": "nav_msgs/msg/Odometry",
        "/truth": "geometry_msgs/msg/PoseStamped",
        "/gps": "sensor_msgs/msg/NavSatFix",
    }
    with Writer(bag, version=9) as writer:
        connections = {topic: writer.add_connection(topic, kind, typestore=STORE) for topic, kind in kinds.items()}

        def tell(topic, time_s, message):
            writer.write(connections[topic], round(time_s * 1e9), STORE.serialize_cdr(message, kinds[topic]))

        for k in range(1500):
            time_s = 100.0 + k * step_s
            speed = min(max(0.5 * (k * step_s - 3.0), 0.0), 0.5)
            ahead = 0.5 if 0.0 < speed < 0.5 else 0.0
            turning = turning_at(k * step_s)
            yaw += turning * step_s
            x, y = x + speed * math.cos(yaw) * step_s, y + speed * math.sin(yaw) * step_s
            still = TYPES["geometry_msgs/msg/Quaternion"](x=0.0, y=0.0, z=0.0, w=1.0)
            imu = TYPES["sensor_msgs/msg/Imu"](
                header(time_s, "imu"), still, np.zeros(9), vector(0, 0, turning + 0.01), np.zeros(9),
                vector(ahead, speed * turning, 9.81), np.zeros(9),
            )  # fmt: skip
            tell("/imu", time_s, imu)
            if k % 5 == 0:
                twist = TYPES["geometry_msgs/msg/Twist"](vector(speed, 0, 0), vector(0, 0, turning))
                tell("/wheels", time_s, TYPES["nav_msgs/msg/Odometry"](
                    header(time_s, "odom"), "base_link",
                    TYPES["geometry_msgs/msg/PoseWithCovariance"](pose(0, 0, 0), np.zeros(36)),
                    TYPES["geometry_msgs/msg/TwistWithCovariance"](twist, np.zeros(36)),
                ))  # fmt: skip
                tell("/truth", time_s, TYPES["geometry_msgs/msg/PoseStamped"](header(time_s, "map"), pose(x, y, yaw)))
            if k % 50 == 0:
                status = TYPES["sensor_msgs/msg/NavSatStatus"](status=0, service=1)
                # 111,195 m a degree on a sphere of the same size, of which the Earth differs by 0.6 %
                tell("/gps", time_s, TYPES["sensor_msgs/msg/NavSatFix"](
                    header(time_s, "gps"), status, y / 111_195.0, x / 111_195.0, 12.0, np.zeros(9), 0,
                ))  # fmt: skip
    return bag, x, y


def way(path):
    return np.loadtxt(path)


def test_the_way_is_written_as_tum_and_judged_by_evo(drive, tmp_path, capsys):
    bag, x, y = drive
    out, figures = tmp_path / "way.tum", tmp_path / "figures.json"
    asked = ["--imu", "/imu", "--odom", "/wheels", "--truth", "/truth", "--out", str(out), "--json", str(figures)]
    assert main([str(bag), *asked]) == 0
    assert "gravity: Earth" in capsys.readouterr().out
    found = way(out)
    assert found.shape[1] == 8
    assert found[-1, 0] == pytest.approx(129.9, abs=0.11)
    assert found[-1, 1:3] == pytest.approx([x, y], abs=0.15)
    # it began heading along x and turned by 2 rad
    assert 2.0 * math.atan2(found[-1, 6], found[-1, 7]) == pytest.approx(2.0, abs=0.02)
    told = json.loads(figures.read_text())
    assert told["ape_m"] < 0.1
    assert told["rpe_percent"] < 2.0
    assert told.keys() == {"recorded_s", "speedup", "ape_m", "rpe_percent"}


def test_places_turn_and_hold_the_way(drive, tmp_path):
    bag, x, y = drive
    out = tmp_path / "way.tum"
    assert main([str(bag), "--imu", "/imu", "--odom", "/wheels", "--fix", "/gps", "--out", str(out)]) == 0
    assert way(out)[-1, 1:3] == pytest.approx([x, y], abs=0.3)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["--imu", "/gyro", "--odom", "/wheels"], "no message of /gyro; it holds /gps, /imu, /truth, /wheels"),
        (["--imu", "/imu", "--odom", "/truth"], "/truth is geometry_msgs/msg/PoseStamped; taken here: nav_msgs"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(drive, tmp_path, capsys, asked, sentence):
    assert main([str(drive[0]), *asked, "--out", str(tmp_path / "way.tum")]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "way.tum").exists()


def test_an_inertial_unit_without_an_odometer_is_refused(drive, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(drive[0]), "--imu", "/imu", "--out", str(tmp_path / "way.tum")])
    assert "--imu and --odom go together" in capsys.readouterr().err


def test_places_on_the_ellipsoid_are_as_far_apart_as_geodesy_says():
    """A minute of latitude is 1,842.9 m at the equator and 1,861.6 m at the pole; of longitude 1,855.3 m, and none."""
    minute = math.radians(1.0 / 60.0)
    at_equator = east_north_up(
        np.array([0.0, minute]), np.array([math.pi - 1e-4, math.pi - 1e-4 + minute]), np.zeros(2)
    )
    assert at_equator[1] == pytest.approx([1855.3, 1842.9, 0.0], abs=0.3)
    pole = math.radians(89.9)
    at_pole = east_north_up(np.array([pole, pole + minute]), np.array([math.pi, -math.pi]), np.array([5.0, 7.0]))
    assert at_pole[1] == pytest.approx([0.0, 1861.6, 2.0], abs=0.3)
