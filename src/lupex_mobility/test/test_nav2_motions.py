# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a client of Nav2's actions may ask of mobility, in lock step with a world that moves as commanded."""

import math

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("nav2_msgs.action")

from geometry_msgs.msg import Twist  # noqa: E402
from nav2_client import Client, straight  # noqa: E402
from nav2_msgs.action import BackUp, DriveOnHeading, FollowPath, Spin  # noqa: E402
from obeying_world import AHEAD  # noqa: E402

from lupex_interfaces.msg import MissionStatus  # noqa: E402
from lupex_mobility import conversions  # noqa: E402
from lupex_mobility.config import MobilityConfig  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import duration_s, stamp  # noqa: E402
from lupex_node.port import Outcome  # noqa: E402

POINTS = np.array([(0.0, 0.0), (1.0, 0.0), (1.5, 0.5)])


def test_a_spin_turns_the_body_by_what_was_asked_and_rests(world, mobility):
    outcome, result = Client(world, Spin, "/spin").run(Spin.Goal(target_yaw=-2.0))
    assert (outcome, result.error_code, result.error_msg) == (Outcome.SUCCEEDED, Spin.Result.NONE, "")
    assert world.yaw == pytest.approx(-2.0, abs=0.03)
    assert math.hypot(world.x, world.y) < 0.05
    # no faster than 0.12 rad/s
    assert duration_s(result.total_elapsed_time) > 2.0 / 0.12
    world.until(lambda: not world.driving)


def test_more_than_once_around_is_driven_whole(world, mobility):
    turned = 0.0
    client, last = Client(world, Spin, "/spin"), world.yaw
    client.send(Spin.Goal(target_yaw=7.0))
    for _ in range(1200):
        world.step()
        turned, last = turned + world.yaw - last, world.yaw
        if client.ends:
            break
    assert client.ends[-1][0] is Outcome.SUCCEEDED
    assert turned == pytest.approx(7.0, abs=0.03)


@pytest.mark.parametrize(
    ("kind", "name", "x_m"), [(BackUp, "/backup", -0.5), (DriveOnHeading, "/drive_on_heading", 0.5)]
)
def test_a_straight_line_goes_its_way_along_the_heading(world, mobility, kind, name, x_m):
    world.yaw = 1.0
    outcome, result = Client(world, kind, name).run(straight(kind, x_m, math.copysign(0.05, x_m)))
    assert (outcome, result.error_code) == (Outcome.SUCCEEDED, kind.Result.NONE)
    assert (world.x, world.y) == (
        pytest.approx(x_m * math.cos(1.0), abs=0.02),
        pytest.approx(x_m * math.sin(1.0), abs=0.02),
    )
    assert not [fault for fault in world.faults if fault.active]


def test_back_up_goes_back_whatever_the_signs(world, mobility):
    Client(world, BackUp, "/backup").run(straight(BackUp, 0.2, 0.05))
    assert world.x == pytest.approx(-0.2, abs=0.02)


def test_what_takes_longer_than_allowed_ends_as_nav2_says(world, mobility):
    client = Client(world, DriveOnHeading, "/drive_on_heading")
    outcome, result = client.run(straight(DriveOnHeading, 2.0, 0.05, allowance_s=4.0))
    assert (outcome, result.error_code) == (Outcome.ABORTED, DriveOnHeading.Result.TIMEOUT)
    assert result.error_msg == "not done within the 4 s allowed"
    world.until(lambda: not world.driving)


def test_who_cancels_has_the_rover_rest(world, mobility):
    client = Client(world, Spin, "/spin")
    sent = client.send(Spin.Goal(target_yaw=3.0))
    world.until(lambda: world.driving, 100)
    sent.cancel()
    world.until(lambda: client.ends)
    assert client.ends[-1][0] is Outcome.CANCELED
    world.until(lambda: not world.driving)


def test_a_path_is_followed_to_its_end(world, mobility):
    goal = FollowPath.Goal(path=conversions.path(world.time_s, POINTS))
    outcome, result = Client(world, FollowPath, "/follow_path").run(goal)
    assert (outcome, result.error_code) == (Outcome.SUCCEEDED, FollowPath.Result.NONE)
    assert (world.x, world.y) == (pytest.approx(1.5, abs=0.2), pytest.approx(0.5, abs=0.2))


def test_a_rover_that_does_not_move_ends_it(world, mobility):
    client = Client(world, DriveOnHeading, "/drive_on_heading")
    client.send(straight(DriveOnHeading, 2.0, 0.05))
    for _ in range(400):
        world.step()
        world.x = world.y = 0.0
        if client.ends:
            break
    outcome, result = client.ends[-1]
    assert outcome is Outcome.ABORTED
    assert "has not moved for" in result.error_msg


def test_path_plannings_path_takes_the_rover_and_keeps_it(world, mobility):
    client = Client(world, Spin, "/spin")
    client.send(Spin.Goal(target_yaw=3.0))
    world.until(lambda: world.driving, 100)
    world.path.publish(conversions.path(world.time_s, POINTS))
    world.until(lambda: client.ends)
    assert client.ends[-1][1].error_msg == "a path of path planning took its place"
    assert "a path of plan/path is being followed" in client.refusal(Spin.Goal(target_yaw=1.0))


@pytest.mark.parametrize(
    ("kind", "name", "goal", "reason"),
    [
        (Spin, "/spin", Spin.Goal(target_yaw=math.nan), "target_yaw is not finite"),
        (Spin, "/spin", Spin.Goal(target_yaw=0.0), "is no turn"),
        (BackUp, "/backup", BackUp.Goal(speed=0.05), "is no motion"),
        (BackUp, "/backup", straight(BackUp, 50.0, 0.05), r"target.x is 50, outside -3..3"),
        (BackUp, "/backup", straight(BackUp, 0.1, 0.5), "speed is 0.5, outside -0.1..0.1"),
        (DriveOnHeading, "/drive_on_heading", straight(DriveOnHeading, 0.1, -0.05), "point to different sides"),
        (FollowPath, "/follow_path", FollowPath.Goal(), "frame is '', not 'map'"),
    ],
)
def test_a_goal_is_judged_where_it_arrives(world, mobility, kind, name, goal, reason):
    said = Client(world, kind, name).refusal(goal)
    assert said.startswith(f"{name}: message not used: ")
    assert reason in said


def test_with_the_drill_out_no_goal_is_taken(world, mobility):
    world.stowed = False
    world.step()
    assert "the drill is not known to be stowed" in Client(world, Spin, "/spin").refusal(Spin.Goal(target_yaw=1.0))


def test_during_a_mission_no_goal_is_taken_and_one_under_way_ends(world, mobility):
    mission = world.conductor.visitor("mission").publisher(MissionStatus, "/mission/status", qos.STATE)
    client = Client(world, Spin, "/spin")
    client.send(Spin.Goal(target_yaw=3.0))
    world.until(lambda: world.driving, 100)

    def goes_on(phase):
        message = MissionStatus(phase=phase)
        message.header.stamp = stamp(world.time_s)
        mission.publish(message)
        return bool(client.ends)

    world.until(lambda: goes_on(MissionStatus.SCAN))
    assert client.ends[-1][0] is Outcome.ABORTED
    assert "a mission is under way" in client.refusal(Spin.Goal(target_yaw=1.0))
    goes_on(MissionStatus.DONE)
    world.step()
    assert client.run(Spin.Goal(target_yaw=0.5))[0] is Outcome.SUCCEEDED


@pytest.mark.parametrize("speed_mps", [0.1, -0.1])
def test_the_rovers_own_speed_may_be_asked_for(speed_mps):
    """Nav2 sends it in single precision, which is a little more."""
    sent = float(np.float32(speed_mps))
    assert abs(sent) > 0.1
    goal = straight(DriveOnHeading, math.copysign(0.5, speed_mps), sent)
    assert conversions.straight(goal, MobilityConfig().nav2, 0.1, back=False) == (math.copysign(0.5, speed_mps), 0.1)


def test_aside_nothing_can_be_driven():
    goal = straight(BackUp, 0.1, 0.05)
    goal.target.y = 0.1
    with pytest.raises(conversions.InvalidMessage, match="only along x"):
        conversions.straight(goal, MobilityConfig().nav2, 0.1, back=True)


# ------------------------------------------------------------------------------------------------ teleoperation


@pytest.mark.parametrize("frame", ["", "base_link"])
def test_a_command_without_a_frame_is_the_bodys(world, mobility, frame):
    def teleop():
        world.drive(AHEAD, frame)
        return world.driving

    world.until(teleop)


def test_a_command_of_another_frame_is_not_used(world, mobility):
    for _ in range(5):
        world.drive(AHEAD, "odom")
        world.step()
    assert not world.driving
    assert mobility._refused == {"/cmd_vel": 5}


def test_a_command_without_a_stamp_counts_from_when_it_comes(world, mobility):
    told = world.conductor.visitor().publisher(Twist, "/cmd_vel_unstamped", qos.STATE)
    message = Twist()
    message.linear.x = 0.05

    def teleop():
        told.publish(message)
        return world.driving

    world.until(teleop)
    world.until(lambda: not world.driving)
    assert world.active("command_timeout")


def test_an_unstamped_command_is_checked_as_the_other(world, mobility):
    told = world.conductor.visitor().publisher(Twist, "/cmd_vel_unstamped", qos.STATE)
    message = Twist()
    message.linear.x = math.inf
    told.publish(message)
    world.step()
    assert mobility._refused == {"/cmd_vel_unstamped": 1}
    assert not world.driving
