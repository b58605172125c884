# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The adapter against a Gazebo that is played: poses and joints come, commands are obeyed."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")

from nav_msgs.msg import Odometry  # noqa: E402
from played_bridge import RADIUS, ROVER, TICK_NS, cloud, play  # noqa: E402
from ros_gz_interfaces.msg import Contacts  # noqa: E402
from sensor_msgs.msg import JointState, PointCloud2  # noqa: E402

from lupex_node.conversions import seconds  # noqa: E402
from lupex_simulator.conversions import DRIVE_NAMES, JOINT_NAMES, odometry_pose, time_message  # noqa: E402
from lupex_simulator.gazebo.footing import FallenError  # noqa: E402
from lupex_simulator.gazebo.unit_drive import NotMovingError  # noqa: E402
from lupex_simulator.schedule import START_NS  # noqa: E402


def test_rover_drives_with_the_slip_of_the_soil_and_tells_its_encoders(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(mobility__joint_states=JointState, truth__odometry=Odometry, truth__contact=Contacts)
    play(stage, gazebo, lambda: gazebo.x_m > 0.4, listener, drive=0.1)
    states = listener.heard["mobility__joint_states"]
    last = states[-1]
    assert tuple(last.name) == JOINT_NAMES
    assert list(last.position[:4]) == [0.0] * 4
    assert last.velocity[4] * RADIUS == pytest.approx(0.1)
    assert all(0.0 < effort < ROVER.crawler.max_torque_nm for effort in last.effort[4:])
    # uphill by 6 deg the rover gets less far than its tracks run
    assert gazebo.speed["fl_drive"] < 0.099
    assert last.position[4] * RADIUS > gazebo.x_m
    stamps = np.array([seconds(state.header.stamp) for state in states])
    assert np.abs(stamps / 0.05 - np.rint(stamps / 0.05)).max() < 1e-6
    assert np.diff(stamps).min() == pytest.approx(0.05, abs=1e-6)
    truth = listener.heard["truth__odometry"]
    assert (truth[-1].header.frame_id, truth[-1].child_frame_id) == ("map", "base_link")
    assert odometry_pose(truth[-1]).pitch_rad == pytest.approx(gazebo.pitch_rad)
    assert truth[-1].twist.twist.linear.x == 0.25
    span_s = seconds(truth[-1].header.stamp) - seconds(truth[0].header.stamp)
    assert len(truth) <= 5.0 * span_s + 2
    contact = [seconds(message.header.stamp) for message in listener.heard["truth__contact"]]
    assert len(contact) >= 2
    assert len(contact) <= 5.0 * (contact[-1] - contact[0]) + 2


def test_adapter_gives_up_on_tracks_that_do_not_move(stage):
    gazebo = stage.gazebo(tracks_move=False)
    stage.adapter()
    with pytest.raises(NotMovingError, match="drive:=bogies"):
        play(stage, gazebo, lambda: False, stage.listener(), drive=0.1)


def test_an_adapter_that_stood_still_for_seconds_goes_on(stage):
    """As when a kernel compiles on a new machine: Gazebo runs on, its tracks stop, and nobody is to blame."""
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(mobility__joint_states=JointState)
    play(stage, gazebo, lambda: gazebo.speed["fl_drive"] > 0.01, listener, drive=0.1)
    for _ in range(round(8e9 / TICK_NS)):
        if gazebo.now_ns % 1_000_000_000 == 0:
            gazebo.speed.update(dict.fromkeys(DRIVE_NAMES, 0.0))
        gazebo.tick()
    play(stage, gazebo, lambda: gazebo.x_m > 0.3, listener, drive=0.1)
    travelled = listener.heard["mobility__joint_states"][-1].position[4] * RADIUS
    # what the ramp and the timeout leave open
    assert travelled == pytest.approx(gazebo.x_m, abs=0.12)


@pytest.mark.parametrize("drive", ["tracks", "bogies"])
def test_drives_stand_once_the_adapter_has_left(stage, drive):
    gazebo = stage.gazebo()
    adapter = stage.adapter(drive=drive)
    play(stage, gazebo, lambda: min(gazebo.speed.values()) > 0.0, stage.listener(), drive=0.1)
    stage.end(adapter)
    stage.until(lambda: not any(gazebo.speed.values()))


def test_adapter_gives_up_on_a_rover_that_falls(stage):
    gazebo = stage.gazebo(pitch_rad=1.2)
    stage.adapter()
    gazebo.x_m = 10.0
    with pytest.raises(FallenError, match=r"below the ground at 10\.0, 0\.0 m"):
        play(stage, gazebo, lambda: False)


def test_silent_commands_stop_the_tracks(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener()
    play(stage, gazebo, lambda: gazebo.x_m > 0.05, listener, drive=0.1)
    play(stage, gazebo, lambda: gazebo.speed["rr_drive"] == 0.0)
    assert gazebo.x_m < 0.4


def test_cloud_comes_without_lost_rays_in_the_layout_of_the_embedded_lidar(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(lidar__points=PointCloud2)
    message = cloud([(5.0, 1.0, -1.4, 0.5), (math.inf, 0.0, 0.0, 0.0), (-1.0, 0.0, -0.7, 0.2)])
    message.header.stamp = time_message(START_NS)

    def heard():
        gazebo.tell("lidar/points", message)
        return listener.heard["lidar__points"]

    play(stage, gazebo, heard)
    made = listener.heard["lidar__points"][0]
    assert (made.header.frame_id, made.point_step, made.width) == ("lidar", 16, 1)
    assert np.frombuffer(made.data, "<f4").tolist() == pytest.approx([5.0, 1.0, -1.4, 0.5])
    assert made.header.stamp == message.header.stamp
