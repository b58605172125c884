# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What Nav2's motions do where the ground is not known to be free, in lock step; odom is turned and shifted in map."""

import math

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("nav2_msgs.action")

from nav2_client import Client, straight  # noqa: E402
from nav2_msgs.action import BackUp, DriveOnHeading, FollowPath, Spin  # noqa: E402
from nav_msgs.msg import OccupancyGrid  # noqa: E402

from lupex_mobility import conversions  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.port import Outcome  # noqa: E402

HAZARD, UNKNOWN = 100, -1
FRONT_M = 0.875
"""Half of the rover's length."""


def rests(world, ended, code, reason):
    outcome, result = ended
    assert (outcome, result.error_code) == (Outcome.ABORTED, code)
    assert reason in result.error_msg
    world.until(lambda: not world.driving)


@pytest.mark.parametrize(("cost", "what"), [(HAZARD, "a hazard is in the way"), (UNKNOWN, "unknown ground is in the")])
def test_what_is_ahead_ends_a_drive_before_it_begins(world, mobility, cost, what):
    world.ground(cost, 2.0, 0.3)
    world.step()
    client = Client(world, DriveOnHeading, "/drive_on_heading")
    rests(world, client.run(straight(DriveOnHeading, 1.5, 0.05)), DriveOnHeading.Result.COLLISION_AHEAD, what)
    assert (world.x, world.y) == (0.0, 0.0)
    # short of it there is room, and behind it too
    assert client.run(straight(DriveOnHeading, 0.7, 0.05))[0] is Outcome.SUCCEEDED
    assert Client(world, BackUp, "/backup").run(straight(BackUp, 1.0, 0.05))[0] is Outcome.SUCCEEDED


def test_what_is_seen_on_the_way_ends_it_short_of_it(world, mobility):
    client = Client(world, DriveOnHeading, "/drive_on_heading")
    client.send(straight(DriveOnHeading, 2.0, 0.05))
    world.until(lambda: world.x > 0.3, 200)
    world.ground(HAZARD, 2.5, 0.0)
    world.until(lambda: client.ends)
    rests(world, client.ends[-1], DriveOnHeading.Result.COLLISION_AHEAD, "a hazard is in the way, 2.")
    assert world.x + FRONT_M < 2.3


def test_what_is_behind_ends_a_back_up(world, mobility):
    world.ground(HAZARD, -1.4, -0.5)
    world.step()
    client = Client(world, BackUp, "/backup")
    rests(world, client.run(straight(BackUp, 0.5, 0.05)), BackUp.Result.COLLISION_AHEAD, "a hazard is in the way")
    assert world.x == 0.0
    assert Client(world, DriveOnHeading, "/drive_on_heading").run(straight(DriveOnHeading, 0.5, 0.05))[0] is (
        Outcome.SUCCEEDED
    )


def test_beside_a_rock_is_no_room_to_spin(world, mobility):
    # the corners sweep 1.24 m, the side stands at 0.73 m
    world.ground(HAZARD, 0.0, 1.0)
    world.step()
    client = Client(world, Spin, "/spin")
    rests(world, client.run(Spin.Goal(target_yaw=1.57)), Spin.Result.COLLISION_AHEAD, "a hazard is in the way")
    assert world.yaw == 0.0
    assert Client(world, DriveOnHeading, "/drive_on_heading").run(straight(DriveOnHeading, 0.5, 0.05))[0] is (
        Outcome.SUCCEEDED
    )


def test_an_old_costmap_is_none(world, mobility):
    world.costmap_on = False
    for _ in range(310):
        world.step()
    client = Client(world, Spin, "/spin")
    rests(world, client.run(Spin.Goal(target_yaw=0.5)), Spin.Result.COLLISION_AHEAD, "the costmap is 31 s old")
    world.costmap_on = True
    world.step()
    assert client.run(Spin.Goal(target_yaw=0.5))[0] is Outcome.SUCCEEDED


def test_a_costmap_that_grows_old_on_the_way_ends_it(world, mobility):
    client = Client(world, Spin, "/spin")
    client.send(Spin.Goal(target_yaw=12.0))
    world.until(lambda: world.driving, 100)
    world.costmap_on = False
    world.until(lambda: client.ends, 320)
    rests(world, client.ends[-1], Spin.Result.COLLISION_AHEAD, "the costmap is 30 s old")


def test_without_a_costmap_or_a_pose_on_it_nothing_moves(world, rover_path):
    from lupex_mobility.node import MobilityNode

    world.costmap_on = world.local_on = False
    world.conductor.add(MobilityNode, {"rover": str(rover_path)})
    world.until(lambda: world.command is not None)
    client = Client(world, BackUp, "/backup")
    code = BackUp.Result.COLLISION_AHEAD
    rests(world, client.run(straight(BackUp, 0.5, 0.05)), code, "the rover's pose on the costmap is not known")
    world.local_on = True
    world.step()
    rests(world, client.run(straight(BackUp, 0.5, 0.05)), code, "there is no costmap")
    world.costmap_on = True
    world.step()
    client.send(straight(BackUp, 2.0, 0.05))
    world.until(lambda: world.driving)
    world.local_on = False
    world.until(lambda: len(client.ends) > 2)
    rests(world, client.ends[-1], code, "the rover's pose on the costmap is not known")


def test_a_costmap_of_two_tellers_is_none(world, mobility):
    world.conductor.visitor("stranger").publisher(OccupancyGrid, "/traversability/costmap", qos.LATCHED)
    world.step()
    ended = Client(world, Spin, "/spin").run(Spin.Goal(target_yaw=0.5))
    rests(world, ended, Spin.Result.COLLISION_AHEAD, "there is no costmap")
    assert world.active("contested_traversability_costmap")


def test_a_path_is_left_where_a_hazard_is_near(world, mobility):
    world.ground(HAZARD, 3.0, 0.0)
    goal = FollowPath.Goal(path=conversions.path(world.time_s, np.array([(0.0, 0.0), (6.0, 0.0)])))
    ended = Client(world, FollowPath, "/follow_path").run(goal)
    rests(world, ended, FollowPath.Result.NO_VALID_CONTROL, "a hazard is in the way, 1.")
    assert 1.2 < world.x < 3.0 - FRONT_M


def test_a_bend_beside_a_hazard_is_driven(world, mobility):
    # straight on the hazard would be in the way
    world.ground(HAZARD, 3.4, -0.4)
    points = np.array([(0.0, 0.0), (1.0, 0.0), (1.0 + 1.5 * math.sin(1.0), 1.5), (3.0, 4.0)])
    goal = FollowPath.Goal(path=conversions.path(world.time_s, points))
    assert Client(world, FollowPath, "/follow_path").run(goal, 1500)[0] is Outcome.SUCCEEDED
