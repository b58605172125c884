# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The payload physics against a Gazebo that is played: its clock and its pose are followed."""

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import Vector3Stamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from played_bridge import ROVER, play  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402

from lupex_interfaces.msg import AttitudeFix, DrillRig, PowerBus, WorldTruth  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds  # noqa: E402
from lupex_node.ros.subscriptions import quality  # noqa: E402
from lupex_simulator.conversions import time_message  # noqa: E402
from lupex_simulator.gazebo.following import ClockError  # noqa: E402
from lupex_simulator.payload import node as payload_node  # noqa: E402
from lupex_simulator.schedule import START_NS  # noqa: E402
from lupex_simulator.sensors.sky_sensors import base_from_star_tracker  # noqa: E402
from lupex_worlds.domain_lock import lock_domain  # noqa: E402
from lupex_worlds.gazebo_files.world_model import sun_direction  # noqa: E402
from lupex_worlds.pose import Pose  # noqa: E402
from lupex_worlds.world import open_world  # noqa: E402


def test_payload_follows_gazebos_clock_and_pose(stage, tiny_directory):
    gazebo = stage.gazebo(start_ns=START_NS + 7_000_000)
    stage.adapter()
    stage.payload(sun_light_period_s=2.0)
    listener = stage.listener(
        clock=Clock,
        power__bus=PowerBus,
        drill__rig=DrillRig,
        sun_sensor__direction=Vector3Stamped,
        star_tracker__attitude=AttitudeFix,
        truth__state=WorldTruth,
    )
    end_ns = START_NS + 6_000_000_000
    play(stage, gazebo, lambda: gazebo.now_ns > end_ns and len(gazebo.lights) >= 2, listener, drive=0.1)
    heard = listener.heard
    stamps = np.array([message.clock.sec + message.clock.nanosec * 1e-9 for message in heard["clock"]])
    assert np.abs(stamps / 0.04 - np.rint(stamps / 0.04)).max() < 1e-6
    assert (np.diff(stamps) > 0.0).all()
    assert len(stamps) <= 12.5 * (stamps[-1] - stamps[0]) + 1.5
    assert len(stamps) > 6.0 * (stamps[-1] - stamps[0])
    assert stamps[-1] <= gazebo.now_ns * 1e-9
    assert heard["power__bus"][-1].load_mobility_w > 5.0
    assert heard["drill__rig"][-1].stowed
    truth = heard["truth__state"][-1]
    assert truth.x_m == pytest.approx(gazebo.x_m, abs=0.15)
    assert truth.pitch_rad == pytest.approx(gazebo.pitch_rad)
    assert 0.0 < truth.slip < 0.2
    assert 0.1 < truth.distance_m <= gazebo.x_m + 0.01
    assert truth.sunlit_fraction == 1.0
    # the same Sun in the sensor, in the models and in Gazebo's light
    opened = open_world(tiny_directory)
    utc_s = seconds(heard["sun_sensor__direction"][-1].header.stamp) + opened.site.utc_offset_s
    sensed = heard["sun_sensor__direction"][-1].vector
    base_from_map = odometry_pose_rotation(gazebo).T
    expected = base_from_map @ -sun_direction(opened.frame, utc_s)
    assert np.dot((sensed.x, sensed.y, sensed.z), expected) > math.cos(6 * ROVER.sun_sensor.sigma_rad)
    light = gazebo.lights[-1]
    lit_utc_s = seconds(light.header.stamp) + opened.site.utc_offset_s
    assert (light.direction.x, light.direction.y, light.direction.z) == pytest.approx(
        tuple(sun_direction(opened.frame, lit_utc_s)), abs=1e-12
    )
    assert seconds(light.header.stamp) - seconds(gazebo.lights[-2].header.stamp) == pytest.approx(2.0, abs=0.1)


def odometry_pose_rotation(gazebo):
    return Pose(0.0, 0.0, 0.0, 0.0, gazebo.pitch_rad, gazebo.yaw_rad).rotation()


def test_payload_refuses_a_clock_that_begins_too_early(stage):
    gazebo = stage.gazebo(start_ns=0)
    stage.payload()
    with pytest.raises(ClockError, match="initial-sim-time"):
        play(stage, gazebo, lambda: False)


def test_payload_refuses_a_domain_that_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    held = lock_domain(os.environ)
    try:
        assert payload_node.main([]) == 2
    finally:
        os.close(held)
    told = capsys.readouterr().err
    assert told.startswith("error: a simulator already runs on ROS domain")
    assert told.count("\n") == 1


def test_what_is_made_from_a_pose_is_stamped_with_the_poses_time(stage, tiny_directory):
    """The pose comes at 5 Hz, late and several at once: a turning rover is elsewhere by the time of the clock."""
    gazebo = stage.gazebo(odometry_hz=5.0, bursts_ns={"odometry": 600_000_000})
    gazebo.yaw_rate_rad_s = 0.2
    stage.adapter()
    stage.payload()
    kinds = {
        "sun_sensor__direction": Vector3Stamped,
        "star_tracker__attitude": AttitudeFix,
        "truth__state": WorldTruth,
        "power__bus": PowerBus,
    }
    heard = stage.listener(**kinds).heard
    # what comes before the first pose is another matter
    play(stage, gazebo, lambda: min(len(heard[topic]) for topic in kinds) >= 6)
    frame = open_world(tiny_directory).frame
    utc_s = open_world(tiny_directory).site.utc_offset_s

    def attitude(message):
        return Pose(0.0, 0.0, 0.0, 0.0, gazebo.pitch_rad, gazebo.pose_at(message.header.stamp)[1]).rotation()

    for message in heard["sun_sensor__direction"][2:]:
        sensed = np.array([message.vector.x, message.vector.y, message.vector.z])
        true = attitude(message).T @ frame.sun_vector(seconds(message.header.stamp) + utc_s)
        assert math.acos(sensed @ true) < 6 * ROVER.sun_sensor.sigma_rad
    tracker = base_from_star_tracker(ROVER.star_tracker)
    for message in heard["star_tracker__attitude"][2:]:
        q = message.orientation
        to_map = frame.map_from_icrf(seconds(message.header.stamp) + utc_s)
        told = to_map @ Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix()
        apart = Rotation.from_matrix(told.T @ attitude(message) @ tracker).magnitude()
        assert apart < 6 * ROVER.star_tracker.roll_sigma_rad
    for message in heard["truth__state"][2:]:
        assert message.yaw_rad == pytest.approx(gazebo.pose_at(message.header.stamp)[1], abs=1e-9)
    # what is measured of the battery is true for the world's own time
    stamps = np.array([seconds(message.header.stamp) for message in heard["power__bus"]])
    assert np.diff(stamps) == pytest.approx(1.0, abs=0.05)


def test_a_pose_is_not_told_twice_by_the_sky(stage):
    gazebo = stage.gazebo()
    stage.adapter()
    stage.payload()
    heard = stage.listener(sun_sensor__direction=Vector3Stamped, power__bus=PowerBus).heard
    play(stage, gazebo, lambda: len(heard["sun_sensor__direction"]) >= 2)
    gazebo.odometry_ns = 10**18
    begun = len(heard["power__bus"])
    play(stage, gazebo, lambda: len(heard["power__bus"]) >= begun + 5)
    stamps = [seconds(message.header.stamp) for message in heard["sun_sensor__direction"]]
    assert len(set(stamps)) == len(stamps)
    assert gazebo.now_ns * 1e-9 - stamps[-1] > 3.0


def test_nothing_is_told_of_a_pose_before_the_first(stage):
    """The start of the embedded world is not where Gazebo has the rover: no fix says so, and it is no way to drive."""
    gazebo = stage.gazebo()
    gazebo.x_m, gazebo.yaw_rad = 3.0, 2.0
    period_ns, gazebo.odometry_ns = gazebo.odometry_ns, 10**18
    stage.adapter()
    stage.payload()
    kinds = {
        "sun_sensor__direction": Vector3Stamped,
        "star_tracker__attitude": AttitudeFix,
        "truth__state": WorldTruth,
        "power__bus": PowerBus,
    }
    heard = stage.listener(**kinds).heard
    play(stage, gazebo, lambda: len(heard["power__bus"]) >= 4)
    assert [topic for topic in kinds if heard[topic]] == ["power__bus"]
    gazebo.odometry_ns = period_ns
    play(stage, gazebo, lambda: min(len(heard[topic]) for topic in kinds) >= 1)
    truth = heard["truth__state"][0]
    assert (truth.x_m, truth.yaw_rad) == (3.0, pytest.approx(2.0))
    assert truth.distance_m == 0.0


def beat(publisher, name, stamp, level=DiagnosticStatus.OK):
    message = DiagnosticArray(status=[DiagnosticStatus(name=name, level=level)])
    message.header.stamp = stamp
    publisher.publish(message)


def test_gazebo_waits_for_who_must_follow(stage):
    """Its time begins when all that are required are active, runs as they follow, and stands while they lag."""
    gazebo = stage.gazebo()
    stage.adapter()
    stage.payload(**{"world_control": True, "pace.required_nodes": "[mission]", "pace.hang_wall_s": 60.0})
    listener = stage.listener(clock=Clock)
    clocks = listener.heard["clock"]
    beats = gazebo.node.create_publisher(DiagnosticArray, "/diagnostics", quality(qos.EVENTS))
    odometry = gazebo.node.create_publisher(Odometry, "/odometry/local", quality(qos.STATE))
    stage.until(lambda: len(clocks) >= 3, gazebo.run_as_granted)
    assert gazebo.now_ns == START_NS, "nobody is there yet"
    assert {seconds(message.clock) for message in clocks} == {1000.0}

    def follow():
        gazebo.run_as_granted()
        stamp = time_message(gazebo.now_ns)
        beat(beats, "mission", stamp)
        told = Odometry()
        told.header.stamp = stamp
        odometry.publish(told)

    stage.until(lambda: gazebo.now_ns > START_NS + 6_000_000_000, follow)
    # the mission goes on, localization does not
    stood = []

    def lag():
        gazebo.run_as_granted()
        beat(beats, "mission", time_message(gazebo.now_ns))
        stood.append(gazebo.now_ns)

    stopped_ns = gazebo.now_ns
    stage.until(lambda: len(stood) > 300 and stood[-1] == stood[-200], lag)
    # 0.3 s of lag, 0.6 s more while parked, and what had been granted ahead
    assert 200_000_000 < gazebo.now_ns - stopped_ns < 1_200_000_000
    stage.until(lambda: gazebo.now_ns > stopped_ns + 3_000_000_000, follow)


def test_a_gazebo_whose_world_control_nobody_offers_is_named_so(stage):
    gazebo = stage.gazebo()
    for service in list(gazebo.node.services):
        if service.srv_name.endswith("/control"):
            gazebo.node.destroy_service(service)
    stage.adapter()
    payload = stage.payload(**{"world_control": True, "pace.required_nodes": "[mission]"})
    beats = gazebo.node.create_publisher(DiagnosticArray, "/diagnostics", quality(qos.EVENTS))
    told = []
    payload.warn = told.append

    def stand():
        gazebo.run_as_granted()
        beat(beats, "mission", time_message(gazebo.now_ns))
        payload._stepped_s -= 1.0

    stage.until(lambda: told, stand)
    assert "nobody offers /world/moon/control" in told[0]
    assert "paced:=false" in told[0]
