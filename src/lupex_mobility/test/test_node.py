# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility and drive_route in lock step with a world that moves exactly as commanded."""

import math
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from obeying_world import AHEAD, ANSWERED_S, STEP_S  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from lupex_interfaces.msg import DrillRig, LocalizationStatus  # noqa: E402
from lupex_mobility import conversions  # noqa: E402
from lupex_mobility.config import Following, Guard, MeasuringStops, MobilityConfig  # noqa: E402
from lupex_mobility.drive_route.node import DriveRouteNode  # noqa: E402
from lupex_mobility.node import MobilityNode  # noqa: E402
from lupex_mobility.unit_kinematics import BodyTwist  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402


def test_a_command_is_carried_out_and_its_silence_stops_and_says_so(world, mobility):
    def teleop():
        world.drive(AHEAD)
        return world.driving

    world.until(teleop)
    assert world.command.velocity[4:] == pytest.approx([0.5] * 4)
    silent_s = world.time_s
    world.until(lambda: not world.driving)
    # the first step after the timeout
    assert world.time_s - silent_s == pytest.approx(Guard().command_timeout_s + STEP_S)
    assert world.active("command_timeout")
    world.until(lambda: teleop() and not world.active("command_timeout"))


def test_nothing_but_its_own_follower_publishes_cmd_vel_and_only_while_it_follows(world, mobility):
    for _ in range(20):
        world.step()
    assert not world.velocities


def test_an_overtaken_command_is_not_carried_out(world, mobility):
    for _ in range(3):
        world.drive(BodyTwist(0.0, 0.0, 0.0))
        world.step()
    late = conversions.command(world.time_s - 0.3, AHEAD)
    for _ in range(3):
        world.cmd_vel.publish(late)
        world.step()
        assert not world.driving


def test_a_path_is_followed_to_its_end_and_slip_is_told(world, mobility):
    points = np.array([[0.0, 0.0], [2.0, 0.5]])

    def published():
        if round(world.time_s * 10) % 10 == 0:
            world.path.publish(conversions.path(world.time_s, points))
        return math.dist((world.x, world.y), points[-1]) < 0.2 and not world.driving

    world.until(published, 300)
    assert any(v.twist.linear.x > 0.05 for v in world.velocities)
    assert world.slip.slip == pytest.approx(0.0, abs=0.02)
    assert world.slip.window_s > 10.0
    assert world.slip.distance_m > 1.8
    told = len(world.velocities)
    for _ in range(10):
        world.step()
    assert len(world.velocities) == told
    stamps = [seconds(c.header.stamp) for c in world.commands]
    assert np.all(np.diff(stamps) > 0.0)


def test_a_heading_stated_is_held_crabbing_and_the_slip_is_that_of_the_motion(world, mobility):
    points = np.array([[0.0, 0.0], [0.0, 0.6], [0.2, 1.2]])

    def published():
        if round(world.time_s * 10) % 10 == 0:
            world.path.publish(conversions.path(world.time_s, points, np.full(3, 0.0)))
        return math.dist((world.x, world.y), points[-1]) < 0.2 and not world.driving

    world.until(published, 300)
    assert abs(world.yaw) < 0.02
    assert max(v.twist.linear.y for v in world.velocities) > 0.05
    assert max(abs(v.twist.angular.z) for v in world.velocities) < 0.05
    assert world.slip.slip == pytest.approx(0.0, abs=0.02)
    assert world.slip.window_s > 5.0
    assert not any(fault.active for fault in world.faults)


def test_every_pose_is_used_in_order_and_one_that_is_over_is_refused(world, mobility):
    world.path.publish(conversions.path(world.time_s, np.array([[0.0, 0.0], [20.0, 0.0]])))
    world.until(lambda: world.driving)
    told = len(world.velocities)
    for later_s in (0.02, 0.04, 0.03):
        world.odometry.publish(world.pose(stamp(world.time_s + later_s)))
    world.conductor.run_until(world.time_s + 2 * ANSWERED_S)
    used_s = [seconds(v.header.stamp) - world.time_s for v in world.velocities[told:]]
    assert used_s == pytest.approx([0.02, 0.04], abs=1e-6)
    assert mobility._refused == {"/odometry/global": 1}


def test_on_its_way_it_stands_for_a_measurement_that_localization_asks_for_and_goes_on(world, mobility):
    points = np.array([[0.0, 0.0], [50.0, 0.0]])
    status = world.outside.publisher(LocalizationStatus, "/localization/status", qos.STATE)
    wanted = [False]

    def follow():
        if round(world.time_s * 10) % 10 == 0:
            world.path.publish(conversions.path(world.time_s, points))
            message = LocalizationStatus(stop_wanted=wanted[0])
            message.header.stamp = stamp(world.time_s)
            status.publish(message)
        return world.driving

    world.until(follow)
    wanted[0] = True
    world.until(lambda: not follow())
    wanted[0] = False
    world.until(follow)
    # not again so soon, and one that is asked for for ever ends
    wanted[0] = True
    since_s = world.time_s
    world.until(lambda: not follow(), 700)
    assert world.time_s - since_s > MeasuringStops().apart_s - 5.0
    since_s = world.time_s
    world.until(follow, 200)
    assert world.time_s - since_s == pytest.approx(MeasuringStops().longest_s, abs=2 * STEP_S)
    assert not any(fault.active for fault in world.faults)


def test_an_old_path_is_a_stop(world, mobility):
    world.path.publish(conversions.path(world.time_s, np.array([[0.0, 0.0], [20.0, 0.0]])))
    published_s = world.time_s
    world.until(lambda: world.driving)
    world.until(lambda: not world.driving, 60)
    assert world.time_s - published_s == pytest.approx(Following().path_timeout_s + STEP_S)
    assert not world.active("command_timeout")


@pytest.mark.parametrize(
    ("switch", "code", "within_s"),
    [
        ("odometry_on", "odometry_stale", Guard().odometry_timeout_s + MobilityConfig().watch_interval_s),
        ("stowed", "drill_not_stowed", STEP_S),
        ("joints_on", "joint_states_stale", Guard().joint_timeout_s + STEP_S),
    ],
)
def test_what_forbids_driving_stops_it_with_a_fault_that_clears(world, mobility, switch, code, within_s):
    points = np.array([[0.0, 0.0], [50.0, 0.0]])

    def follow(condition):
        def step():
            if round(world.time_s * 10) % 10 == 0:
                world.path.publish(conversions.path(world.time_s, points))
            return condition()

        world.until(step)

    follow(lambda: world.driving)
    setattr(world, switch, False)
    off_s = world.time_s
    follow(lambda: world.active(code) and not world.driving)
    assert world.time_s - off_s <= within_s + 1e-6
    setattr(world, switch, True)
    follow(lambda: world.driving and not world.active(code))


def test_too_much_tilt_leaves_only_the_way_back(world, mobility):
    def teleop(twist, condition):
        def step():
            world.drive(twist)
            return condition()

        world.until(step)

    teleop(AHEAD, lambda: world.driving)
    world.pitch = -0.5
    teleop(AHEAD, lambda: world.active("tilt_limit") and not world.driving)
    teleop(BodyTwist(-0.05, 0.0, 0.0), lambda: world.driving)
    world.pitch = -0.2
    teleop(AHEAD, lambda: world.driving and not world.active("tilt_limit"))


@pytest.mark.parametrize(
    ("twist", "frame"),
    [(BodyTwist(math.nan, 0.0, 0.0), "base_link"), (BodyTwist(9.0, 0.0, 0.0), "base_link"), (AHEAD, "map")],
)
def test_bad_commands_are_refused_and_counted(world, mobility, twist, frame):
    world.drive(twist, frame)
    world.step()
    assert mobility._refused == {"/cmd_vel": 1}
    assert not world.driving


def test_bad_inputs_are_refused_and_counted(world, mobility):
    bad = world.pose(stamp(world.time_s + 0.05))
    bad.pose.pose.position.x = math.inf
    world.odometry.publish(bad)
    path = conversions.path(world.time_s, np.array([[0.0, 0.0], [math.nan, 1.0]]))
    world.path.publish(path)
    world.rig.publish(DrillRig(depth_m=math.nan))
    # only the newest joint states are looked at: no good ones may follow
    world.joints_on = False
    world.joints.publish(JointState(name=["arm"]))
    world.step()
    topics = ("/odometry/global", "/plan/path", "/drill/rig", "/mobility/joint_states")
    assert mobility._refused == dict.fromkeys(topics, 1)


def test_the_headings_of_a_path_are_its_orientations_and_what_is_none_is_along_it():
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    message = conversions.path(5.0, points, np.array([2.5, math.nan, -1.0, math.nan]))
    _, made, headings = conversions.path_points(message, Following())
    assert made == pytest.approx(points)
    assert headings == pytest.approx([2.5, 0.0, -1.0, 0.0])
    for pose, turned in zip(message.poses, ((0.0, 0.0), (0.3, 0.3), (math.nan, 1.0), (0.0, math.inf)), strict=True):
        pose.pose.orientation.z, pose.pose.orientation.w = turned
    assert np.isnan(conversions.path_points(message, Following())[2]).all()
    assert conversions.path(5.0, points[:1]).poses[0].pose.orientation.w == 1.0
    assert conversions.path_points(conversions.path(5.0, np.zeros((0, 2))), Following())[2].shape == (0,)


def test_off_the_path_it_stops_and_says_so(world, mobility):
    world.path.publish(conversions.path(world.time_s, np.array([[0.0, 10.0], [5.0, 10.0]])))
    world.until(lambda: world.active("off_path"))
    assert not world.driving


def test_a_route_out_and_back_ends_at_home(world, mobility):
    route = world.conductor.add(DriveRouteNode, {"distance_m": 1.0})
    far = []

    def done():
        far.append(world.x)
        return route.done

    world.until(done, 500)
    assert route.outcome == ""
    assert world.ends == [("drive_route", 0, "out and back")]
    assert max(far) > 0.7
    assert math.hypot(world.x, world.y) < 0.31
    world.until(lambda: not world.driving)


def test_a_route_that_gets_nowhere_ends_with_a_sentence(world, mobility):
    world.stowed = False
    route = world.conductor.add(DriveRouteNode, {"stuck_s": 3.0})
    world.until(lambda: route.done, 35)
    assert "no progress" in route.outcome
    assert world.ends == [("drive_route", 1, route.outcome)]


def test_a_vehicle_that_cannot_be_steered_all_round_is_refused(world, rover_path, tmp_path):
    text = rover_path.read_text().replace("max_steer_rad: 1.60", "max_steer_rad: 1.00")
    (tmp_path / "rover.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match="max_steer_rad"):
        world.conductor.add(MobilityNode, {"rover": str(tmp_path / "rover.yaml")})


@pytest.mark.parametrize(("key", "value"), [("bogus", 1), ("distance_m", -5.0)])
def test_a_bad_parameter_of_the_route_is_a_sentence(world, key, value):
    with pytest.raises(ConfigurationError, match=key):
        world.conductor.add(DriveRouteNode, {key: value})
    assert not world.conductor.nodes


def test_a_bad_parameter_ends_the_process_of_the_route_with_a_sentence_and_code_2():
    command = [sys.executable, "-m", "lupex_mobility.drive_route.node", "--ros-args", "-p", "distance_m:=-5.0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "distance_m" in ended.stderr
