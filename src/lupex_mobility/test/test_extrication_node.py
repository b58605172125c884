# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node in a world whose ground takes the tracks' hold: what it does, what it says, and who may still lead it."""

import math

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from obeying_world import AHEAD, ODOM  # noqa: E402

from lupex_interfaces.msg import Fault, Immobilisation  # noqa: E402
from lupex_mobility import conversions  # noqa: E402
from lupex_mobility.config import Immobilisation as Config  # noqa: E402
from lupex_mobility.conversions import Located  # noqa: E402
from lupex_mobility.extrication_server import step_between  # noqa: E402

INTO = np.array([[0.0, 0.0], [20.0, 0.0]])
AROUND = np.array([[-2.0, 0.0], [-2.0, 6.0]])
SOFT_M = 1.0


def soft(x, twist):
    return 0.05 if x > SOFT_M and twist.forward_mps > 0.0 else 1.0


def fast(x, twist):
    return 0.02 if x > SOFT_M else 1.0


def led(world, points, condition, limit=3000):
    """Step while a path is told each second."""

    def step():
        if round(world.time_s * 10) % 10 == 0:
            world.path.publish(conversions.path(world.time_s, points))
        return condition()

    world.until(step, limit)


def states(world):
    return [message.state for message in world.immobile]


def test_it_backs_out_says_where_and_follows_a_path_around(world, mobility):
    world.grip = soft
    led(world, INTO, lambda: states(world)[-1:] == [Immobilisation.RECOVERING])
    stood = world.x, world.y
    found = world.immobile[-1]
    led(world, INTO, lambda: states(world)[-1] == Immobilisation.OUT)
    assert stood[0] - world.x == pytest.approx(Config().back_m, abs=0.1)
    # where it was found, in odom, and which way it wanted to go there
    assert (found.pose.position.x, found.pose.position.y) == pytest.approx(world.in_odom(*stood), abs=0.05)
    assert found.direction_rad == pytest.approx(ODOM[2], abs=0.02)
    assert found.header.frame_id == "odom"
    assert Config().slip < found.slip <= 1.0
    assert found.spun_m == pytest.approx(found.slip * 0.5, rel=0.1)
    assert world.active("immobilised")
    assert [f.severity for f in world.faults if f.code == "immobilised"][-1] == Fault.WARNING
    # that way again is not gone
    held = world.x
    since_s = world.time_s
    led(world, INTO, lambda: world.time_s - since_s > 20.0)
    assert world.x == pytest.approx(held, abs=0.01)
    led(world, AROUND, lambda: world.y > 2.0)
    assert not world.active("immobilised")
    assert states(world)[-1] == Immobilisation.OUT


def test_held_fast_it_gives_up_and_the_next_drive_may_lead_it(world, mobility):
    world.grip = fast
    led(world, INTO, lambda: states(world)[-1:] == [Immobilisation.GIVEN_UP])
    last = world.immobile[-1]
    assert last.tries == Config().tries
    assert "ways out were tried" in last.text
    fault = [f for f in world.faults if f.code == "bogged_down"][-1]
    assert fault.severity == Fault.ERROR
    assert "stopped until another drive is asked for" in fault.text
    since_s = world.time_s
    led(world, INTO, lambda: world.time_s - since_s > 10.0)
    assert not world.driving
    # the drive ends, the ground lets go, and another leads away
    world.path.publish(conversions.path(world.time_s, np.empty((0, 2))))
    world.until(lambda: not world.active("immobilised") and not world.active("bogged_down"))
    world.grip = lambda x, twist: 1.0
    led(world, np.array([[world.x, 0.0], [0.0, 3.0]]), lambda: world.y > 2.0)


def test_the_way_out_is_subject_to_all_that_stops_a_rover(world, mobility):
    world.grip = soft
    led(world, INTO, lambda: world.x < SOFT_M - 0.5 and states(world)[-1:] == [Immobilisation.RECOVERING])
    world.stowed = False
    led(world, INTO, lambda: not world.driving, 5)
    at = world.x
    since_s = world.time_s
    led(world, INTO, lambda: world.time_s - since_s > 5.0)
    assert world.x == pytest.approx(at, abs=0.01)
    world.stowed = True
    led(world, INTO, lambda: states(world)[-1] == Immobilisation.OUT)


def test_who_drives_by_hand_is_left_to_it(world, mobility):
    world.grip = fast
    ends_s = world.time_s + 60.0

    def teleop():
        world.drive(AHEAD)
        return world.time_s > ends_s

    world.until(teleop, 700)
    assert world.driving
    assert not world.immobile
    assert math.isclose(world.y, 0.0, abs_tol=0.01)


def test_beside_its_own_track_it_does_not_go_over_ground_that_is_not_free(world, mobility):
    # its own track is lost to it: only a line beside would lead out, and there a rock lies
    world.grip = lambda x, twist: 0.02 if x > SOFT_M and abs(twist.turning_rad_s) < 0.04 else 1.0
    led(world, INTO, lambda: states(world)[-1:] == [Immobilisation.RECOVERING])
    for dx in np.arange(-2.4, -0.95, 0.2):
        for y in np.arange(-1.0, 1.05, 0.2):
            world.ground(100, world.x + dx, y)
    led(world, INTO, lambda: states(world)[-1] == Immobilisation.GIVEN_UP)
    assert world.immobile[-1].tries == Config().tries
    assert world.yaw == pytest.approx(0.0, abs=0.1)


def at(time_s, yaw_rad=0.0):
    return Located(time_s, 0.0, 0.0, yaw_rad, (0.0, 0.0, 1.0), (0.04, 0.0), (0.003, 0.001), 0.1)


def test_what_the_tracks_ran_between_poses_far_apart_is_not_known():
    """A parked world tells its pose each few seconds: the first step of a drive is no loss of as many."""
    near = step_between(at(5.0), at(5.1, 0.01), AHEAD, 1.5)
    assert near.dt_s == pytest.approx(0.1)
    assert near.ground.forward_mps == 0.04
    assert near.ground.turning_rad_s == pytest.approx(0.1)
    assert near.sigma_mps == pytest.approx(0.003)
    assert step_between(at(5.0), at(9.0), AHEAD, 1.5).dt_s == 0.0
    assert step_between(at(5.0), at(4.0), AHEAD, 1.5).dt_s == 0.0


def test_the_place_is_told_once_it_is_known_in_odom(world, mobility):
    world.grip = soft
    world.local_on = False
    led(world, INTO, lambda: world.active("immobilised"))
    assert not world.immobile
    world.local_on = True
    led(world, INTO, lambda: world.immobile, 30)
    assert world.immobile[-1].state == Immobilisation.RECOVERING
