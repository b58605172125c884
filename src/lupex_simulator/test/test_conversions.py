# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""World to messages and back, and what is refused on the way."""

import math
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from sensor_msgs.msg import JointState  # noqa: E402

from lupex_interfaces.msg import DrillRigCommand  # noqa: E402
from lupex_models.rover import read_rover  # noqa: E402
from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_simulator import conversions  # noqa: E402
from lupex_simulator.crawler.vehicle import Pose  # noqa: E402
from lupex_simulator.drill.samples import Assay  # noqa: E402
from lupex_simulator.sensors.sky_sensors import base_from_star_tracker  # noqa: E402

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")


def commands(**changed):
    values = {"name": list(conversions.JOINT_NAMES), "position": [0.1] * 8, "velocity": [1.0] * 8} | changed
    return JointState(**values)


def test_joint_command_takes_angles_and_speeds():
    steer, drive = conversions.joint_command(commands(position=[0.1] * 4 + [9.0] * 4, velocity=[9.0] * 4 + [0.5] * 4))
    assert steer.tolist() == [0.1] * 4
    assert drive.tolist() == [0.5] * 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ["a"] * 8}, "names must be"),
        ({"position": [0.0] * 7}, "8 values each"),
        ({"velocity": []}, "8 values each"),
        ({"velocity": [0.0] * 7 + [math.nan]}, "not finite"),
        ({"position": [math.inf] + [0.0] * 7}, "not finite"),
    ],
)
def test_bad_joint_commands_are_refused(changed, said):
    with pytest.raises(InvalidMessage, match=said):
        conversions.joint_command(commands(**changed))


def test_way_of_supplied_joint_states():
    states = commands(position=[9.0] * 4 + [1.0, 2.0, 3.0, -4.0])
    assert conversions.joint_travel_m(states, 0.1) == pytest.approx([0.1, 0.2, 0.3, -0.4])
    with pytest.raises(InvalidMessage, match="sprocket's angle is not finite"):
        conversions.joint_travel_m(commands(position=[0.0] * 7 + [math.nan]), 0.1)


def test_power_of_supplied_joint_states():
    states = commands(velocity=[9.0] * 4 + [1.0] * 4, effort=[9.0] * 4 + [2.0, 2.0, 2.0, -5.0])
    # nothing flows back of what a drive brakes: a tenth of it is spent
    assert conversions.joint_power_w(states, 0.5) == pytest.approx(12.5)
    with pytest.raises(InvalidMessage, match="8 values each"):
        conversions.joint_power_w(commands(), 0.5)
    with pytest.raises(InvalidMessage, match="not finite"):
        conversions.joint_power_w(commands(effort=[math.nan] * 8), 0.5)


def test_pose_goes_out_and_comes_back():
    pose = Pose(1.0, -2.0, 3.0, 0.1, -0.2, 2.5)
    message = conversions.odometry_message(1234 * 10**9 + 5, pose, (0.1, 0.0, 0.01))
    assert (message.header.frame_id, message.child_frame_id) == ("map", "base_link")
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1234, 5)
    twist = message.twist.twist
    assert (twist.linear.x, twist.linear.y, twist.angular.z) == (0.1, 0.0, 0.01)
    back = conversions.odometry_pose(message)
    assert vars(back) == pytest.approx(vars(pose))
    message.pose.pose.orientation.w = 3.0
    with pytest.raises(InvalidMessage, match="has length"):
        conversions.odometry_pose(message)
    message.pose.pose.position.x = math.nan
    with pytest.raises(InvalidMessage, match="not finite"):
        conversions.odometry_pose(message)


def test_drill_command_must_be_finite():
    assert conversions.rig_command(DrillRigCommand(feed_rate_mps=0.5, stow=True)).stow
    with pytest.raises(InvalidMessage, match="finite"):
        conversions.rig_command(DrillRigCommand(feed_rate_mps=math.nan))


def test_command_never_counts_from_the_future():
    assert conversions.command_time_s(stamp(1005.0), 1000.0) == 1000.0
    assert conversions.command_time_s(stamp(999.0), 1000.0) == pytest.approx(999.0)


def test_cloud_holds_its_points():
    points = np.arange(12, dtype=np.float32).reshape(3, 4)
    message = conversions.cloud_message(stamp(1.5), points)
    assert message.header.stamp == stamp(1.5)
    assert message.header.frame_id == "lidar"
    assert message.width == 3
    assert message.row_step == 48
    assert np.array_equal(np.frombuffer(message.data, "<f4").reshape(3, 4), points)


def test_star_tracker_frame_points_its_x_axis_along_the_boresight():
    frames = {t.child_frame_id: t.transform for t in conversions.sensor_frames(ROVER, 0).transforms}
    q = frames["star_tracker"].rotation
    x_axis = np.array([1 - 2 * (q.y**2 + q.z**2), 2 * (q.x * q.y + q.w * q.z), 2 * (q.x * q.z - q.w * q.y)])
    assert x_axis == pytest.approx(base_from_star_tracker(ROVER.star_tracker)[:, 0], abs=1e-9)
    assert frames["lidar"].translation.z == ROVER.lidar.z_m


def test_inertial_samples_say_how_exact_they_are_and_share_nothing():
    messages = conversions.ImuMessages(ROVER)
    first = messages.of(10**9, np.array([0.1, 0.2, 0.3]), np.array([0.4, 0.5, 1.6]))
    second = messages.of(2 * 10**9, np.zeros(3), np.zeros(3))
    assert (first.angular_velocity.y, first.linear_acceleration.z) == (0.2, 1.6)
    assert (first.header.stamp.sec, first.header.frame_id) == (1, "base_link")
    assert first.orientation_covariance[0] == -1.0
    rate = ROVER.imu.gyro_noise_rad_s_rthz**2 * ROVER.imu.rate_hz
    assert first.angular_velocity_covariance.tolist() == [rate, 0.0, 0.0, 0.0, rate, 0.0, 0.0, 0.0, rate]
    assert second.angular_velocity.y == 0.0


def test_assay_bears_its_time_and_frame():
    assay = Assay(3, 0.2, 0.3, 0.01, 0.001, 0.0001)
    message = conversions.assay_message(assay, 5 * 10**9)
    assert (message.header.stamp.sec, message.header.frame_id) == (5, "drill")
    assert (message.sample_id, message.top_m, message.bottom_m) == (3, pytest.approx(0.2), pytest.approx(0.3))
