# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_mobility.config import Following
from lupex_mobility.path_follower import Activity, PathFollower


def drive(follower, pose, steps=20_000, dt=0.1, slip=0.0):
    """Follow perfectly until at rest; return (poses, guidances)."""
    x, y, yaw = pose
    poses, found = [(x, y, yaw)], []
    for _ in range(steps):
        guidance = follower.guide(x, y, yaw)
        found.append(guidance)
        if guidance.twist.at_rest:
            return np.array(poses), found
        speed = guidance.twist.forward_mps * (1.0 - slip)
        yaw += guidance.twist.turning_rad_s * dt
        x += speed * math.cos(yaw) * dt
        y += speed * math.sin(yaw) * dt
        poses.append((x, y, yaw))
    raise AssertionError("never at rest")


def straight(length, n=40):
    return np.stack([np.linspace(0.0, length, n), np.zeros(n)], axis=1)


@given(
    st.lists(st.tuples(st.floats(1.0, 6.0), st.floats(-2.5, 2.5)), min_size=1, max_size=5),
    st.floats(-3.1, 3.1),
    st.floats(0.0, 0.3),
)
@settings(max_examples=40, deadline=None)
@pytest.mark.property
def test_any_path_is_followed_to_its_end(legs, yaw, slip):
    points, heading = [(0.0, 0.0)], 0.0
    for length, turn in legs:
        heading += turn
        points.append((points[-1][0] + length * math.cos(heading), points[-1][1] + length * math.sin(heading)))
    config = Following()
    follower = PathFollower(config)
    follower.take_path(np.array(points))
    poses, found = drive(follower, (0.0, 0.0, yaw), slip=slip)
    assert found[-1].activity is Activity.ARRIVED
    assert math.dist(poses[-1][:2], points[-1]) <= config.leave_factor * config.arrived_within_m
    # corners are cut by the lookahead at most
    assert max(g.cross_track_m for g in found) < config.lookahead_m


def test_it_stops_at_the_end_and_never_past_it():
    config = Following()
    follower = PathFollower(config)
    follower.take_path(straight(5.0))
    poses, found = drive(follower, (0.0, 0.0, 0.0))
    assert 5.0 - config.arrived_within_m <= poses[-1][0] <= 5.0
    speeds = [g.twist.forward_mps for g in found]
    assert speeds[0] == config.speed_mps
    assert speeds[-2] < 0.4 * config.speed_mps


def test_a_large_heading_error_is_turned_off_on_the_spot():
    follower = PathFollower(Following())
    follower.take_path(straight(5.0))
    poses, found = drive(follower, (0.0, 0.0, 3.0))
    turning = [g for g in found if g.activity is Activity.TURNING]
    assert found[0].activity is Activity.TURNING
    assert all(g.twist.forward_mps == 0.0 for g in turning)
    assert all(g.twist.turning_rad_s < 0.0 for g in turning)
    assert np.abs(poses[:, 1]).max() < 0.3


def test_the_way_back_over_the_same_ground_is_driven_too():
    out = straight(6.0)
    follower = PathFollower(Following())
    follower.take_path(np.concatenate([out, out[::-1]]))
    poses, found = drive(follower, (0.0, 0.0, 0.0))
    assert poses[:, 0].max() > 5.0
    assert math.hypot(*poses[-1][:2]) < 0.3
    assert found[-1].activity is Activity.ARRIVED


def test_passing_the_end_a_little_aside_is_arriving():
    follower = PathFollower(Following())
    follower.take_path(straight(5.0))
    for x in np.arange(0.0, 5.3, 0.5):
        follower.guide(x, 0.25, 0.0)
    assert follower.guide(5.05, 0.25, 0.0).activity is Activity.ARRIVED


def test_passing_the_end_far_aside_turns_to_the_end_itself():
    follower = PathFollower(Following())
    follower.take_path(straight(5.0))
    for x in np.arange(0.0, 5.3, 0.5):
        follower.guide(x, 0.8, 0.0)
    guidance = follower.guide(5.3, 0.8, 0.0)
    assert guidance.activity is Activity.TURNING
    poses, found = drive(follower, (5.3, 0.8, 0.0))
    assert found[-1].activity is Activity.ARRIVED
    assert math.dist(poses[-1][:2], (5.0, 0.0)) <= Following().arrived_within_m


def test_too_far_from_the_path_it_stops():
    follower = PathFollower(Following())
    follower.take_path(straight(20.0))
    guidance = follower.guide(2.0, 3.5, 0.0)
    assert guidance.activity is Activity.OFF_PATH
    assert guidance.twist.at_rest
    assert guidance.cross_track_m == pytest.approx(3.5)


def test_no_path_and_an_empty_one_are_a_stop():
    follower = PathFollower(Following())
    assert follower.guide(0.0, 0.0, 0.0).activity is Activity.IDLE
    follower.take_path(straight(5.0))
    assert not follower.guide(0.0, 0.0, 0.0).twist.at_rest
    follower.take_path(np.zeros((0, 2)))
    assert not follower.active
    assert follower.guide(0.0, 0.0, 0.0).activity is Activity.IDLE


def test_one_point_is_driven_to():
    follower = PathFollower(Following())
    follower.take_path(np.array([[2.0, 1.0]]))
    poses, _ = drive(follower, (0.0, 0.0, 0.0))
    assert math.dist(poses[-1][:2], (2.0, 1.0)) <= Following().arrived_within_m


def test_the_same_path_again_changes_nothing_and_doubled_points_do_no_harm():
    follower = PathFollower(Following())
    path = np.repeat(straight(5.0), 2, axis=0)
    follower.take_path(path)
    far = follower.guide(1.5, 0.0, 0.0).remaining_m
    follower.take_path(path.copy())
    assert follower.guide(1.5, 0.0, 0.0).remaining_m == far == pytest.approx(3.5)


def test_a_path_to_an_end_once_reached_does_not_make_it_twitch():
    config = Following()
    follower = PathFollower(config)
    follower.take_path(straight(5.0))
    drive(follower, (0.0, 0.0, 0.0))
    follower.take_path(np.array([[4.8, 0.0], [5.0, 0.0]]))
    assert follower.guide(4.8, 0.0, 0.0).activity is Activity.ARRIVED
    follower.take_path(np.array([[4.5, 0.0], [5.0, 0.0]]))
    assert follower.guide(4.5, 0.0, 0.0).activity is Activity.DRIVING


def test_a_path_that_began_long_ago_is_taken_up_where_the_rover_is():
    follower = PathFollower(Following())
    follower.take_path(straight(40.0))
    guidance = follower.guide(19.0, 0.1, 0.0)
    assert guidance.activity is Activity.DRIVING
    assert guidance.remaining_m == pytest.approx(21.0)
    out = straight(40.0)
    follower.take_path(np.concatenate([out, out[::-1]]))
    assert follower.guide(19.0, 0.1, 0.0).remaining_m == pytest.approx(61.0, abs=0.2)
