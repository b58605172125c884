# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The adapter against a Gazebo that is played: poses and joints come, commands are obeyed."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")

from nav_msgs.msg import Odometry  # noqa: E402
from played_bridge import KNOCK_MPS2, RADIUS, ROVER, ROVER_FILE, TICK_NS, cloud, play  # noqa: E402
from ros_gz_interfaces.msg import Contacts  # noqa: E402
from sensor_msgs.msg import Imu, JointState, PointCloud2  # noqa: E402

from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_node.conversions import seconds  # noqa: E402
from lupex_simulator.conversions import DRIVE_NAMES, JOINT_NAMES, odometry_pose, time_message, time_ns  # noqa: E402
from lupex_simulator.gazebo import following_node  # noqa: E402
from lupex_simulator.gazebo.conversions import inertial_instant  # noqa: E402
from lupex_simulator.gazebo.footing import FallenError  # noqa: E402
from lupex_simulator.gazebo.unit_drive import NotMovingError  # noqa: E402
from lupex_simulator.schedule import START_NS  # noqa: E402
from lupex_simulator.sensors.inertial import InertialUnit  # noqa: E402
from lupex_worlds.run_world import open_run_world  # noqa: E402
from lupex_worlds.truth_draw import random_stream  # noqa: E402


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


def inertial(messages):
    """Stamps [ns], rates (n, 3) and forces (n, 3)."""
    rates = [(m.angular_velocity.x, m.angular_velocity.y, m.angular_velocity.z) for m in messages]
    forces = [(m.linear_acceleration.x, m.linear_acceleration.y, m.linear_acceleration.z) for m in messages]
    return np.array([time_ns(m.header.stamp) for m in messages]), np.array(rates), np.array(forces)


def test_inertial_samples_are_means_that_no_contact_shakes(stage):
    """Seen at 25 Hz alone, the knocks of the contacts made 0.064 m/s2 rms and turned the attitude away."""
    gazebo = stage.gazebo()
    stage.adapter()
    listener = stage.listener(imu__data=Imu)
    heard = listener.heard["imu__data"]
    play(stage, gazebo, lambda: gazebo.x_m > 0.4, listener, drive=0.1)
    stamps, rates, forces = inertial(heard[25:])
    assert set(np.diff(stamps)) == {40_000_000}
    assert not (stamps % 40_000_000).any()
    unit = open_run_world(stage.world, "kind", -1).sensors.imu
    noise = unit.accelerometer.noise / math.sqrt(0.04)
    assert forces.std(axis=0).max() < 1.3 * math.hypot(noise, math.sqrt(2.0) * KNOCK_MPS2 / 10.0)
    # six sigma of the bias at switch-on
    assert forces.mean(axis=0) == pytest.approx(gazebo.felt_mps2(), abs=6.0 * unit.accelerometer.bias_sigma)
    assert rates.mean(axis=0) == pytest.approx(np.zeros(3), abs=6.0 * unit.gyro.bias_sigma)
    last = heard[-1]
    assert last.header.frame_id == "base_link"
    assert last.orientation_covariance[0] == -1.0


def test_four_seconds_of_instants_at_once_are_all_used(stage):
    gazebo = stage.gazebo(bursts_ns={"imu": 4_000_000_000})
    stage.adapter()
    heard = stage.listener(imu__data=Imu).heard["imu__data"]
    play(stage, gazebo, lambda: len(heard) > 250)
    stamps, _, _ = inertial(heard)
    assert set(np.diff(stamps)) == {40_000_000}


def test_the_inertial_unit_errs_as_the_level_of_truth_says(stage, tmp_path):
    """The same unit as in the embedded world, with what rover.yaml does not know of."""
    numbers = yaml.safe_load((ROVER_FILE.parents[1] / "worlds" / "truth" / "kind.yaml").read_text(encoding="utf-8"))
    numbers["sensors"]["imu"] |= {
        "gyro_scale_ppm": [5000.0, 5000.0],
        "gyro_bias_rad_s": [1e-3, 1e-3],
        "accelerometer_misalignment_rad": [0.01, 0.01],
        "accelerometer_bias_mps2": [0.05, 0.05],
    }
    level = tmp_path / "skewed.yaml"
    level.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    gazebo = stage.gazebo()
    gazebo.yaw_rate_rad_s = 0.2
    stage.adapter(truth=level, draw=4)
    heard = stage.listener(imu__data=Imu).heard["imu__data"]
    play(stage, gazebo, lambda: len(heard) > 100)
    world = open_run_world(stage.world, str(level), 4)
    draw = world.sensors.imu
    twin = InertialUnit(draw, np.zeros(3), random_stream(world.seed, "inertial"))
    _, rates, forces = inertial(heard)
    sensed = np.array(draw.gyro.sensed) @ [0.0, 0.0, 0.2] + twin.gyro_bias_rad_s
    assert rates.mean(axis=0) == pytest.approx(sensed, abs=6.0 * draw.gyro.noise / math.sqrt(4.0) + 3e-6)
    sensed = np.array(draw.accelerometer.sensed) @ gazebo.felt_mps2() + twin.accelerometer_bias_mps2
    assert forces.mean(axis=0) == pytest.approx(sensed, abs=6.0 * draw.accelerometer.noise / math.sqrt(4.0))
    assert np.abs(twin.gyro_bias_rad_s).max() > 1e-4, "the level has errors to be seen"


def test_an_instant_that_is_not_finite_is_refused():
    message = Imu()
    message.linear_acceleration.y = math.nan
    with pytest.raises(InvalidMessage, match="linear acceleration is not finite"):
        inertial_instant(message)


def test_joint_states_of_a_burst_are_all_told(stage):
    gazebo = stage.gazebo(bursts_ns=dict.fromkeys(("clock", "odometry", "joint_states", "imu"), 400_000_000))
    stage.adapter()
    heard = stage.listener(mobility__joint_states=JointState).heard["mobility__joint_states"]
    play(stage, gazebo, lambda: len(heard) > 60)
    assert set(np.diff([time_ns(message.header.stamp) for message in heard])) == {50_000_000}


def test_a_gazebo_that_stands_for_its_followers_is_not_called_silent(stage):
    gazebo = stage.gazebo()
    adapter = stage.adapter()
    # no condition: nothing but time can show that nothing is said
    adapter._stepped_s -= following_node.SILENT_S - 0.05
    told = []
    adapter.warn = told.append
    looked = []
    stage.until(lambda: len(looked) > 60, lambda: (gazebo.run_as_granted(), looked.append(gazebo.now_ns)))
    assert set(looked) == {START_NS}
    assert not told
