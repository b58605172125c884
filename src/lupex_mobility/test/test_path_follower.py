# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
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
        forward, left = guidance.twist.forward_mps * (1.0 - slip), guidance.twist.left_mps * (1.0 - slip)
        yaw += guidance.twist.turning_rad_s * dt
        x += (forward * math.cos(yaw) - left * math.sin(yaw)) * dt
        y += (forward * math.sin(yaw) + left * math.cos(yaw)) * dt
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


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1.0, 4.0), st.floats(-1.5, 1.5)), min_size=1, max_size=4),
    st.floats(-3.1, 3.1),
    st.floats(-0.1, 0.1),
    st.floats(0.0, 0.3),
)
def test_a_heading_stated_all_along_any_path_is_held_to_its_end(legs, held, error, slip):
    points, heading = [(0.0, 0.0)], 0.0
    for length, turn in legs:
        heading += turn
        assume(abs(math.remainder(held - heading, 2.0 * math.pi)) > 1e-6)
        points.append((points[-1][0] + length * math.cos(heading), points[-1][1] + length * math.sin(heading)))
    config = Following(crab_above_rad=0.0)
    follower = PathFollower(config)
    follower.take_path(np.array(points), np.full(len(points), held))
    poses, found = drive(follower, (0.0, 0.0, held + error), slip=slip)
    assert found[-1].activity is Activity.ARRIVED
    assert {g.activity for g in found[:-1]} == {Activity.CRABBING}
    assert np.abs(poses[:, 2] - held).max() <= abs(error) + 1e-9
    assert abs(poses[-1, 2] - held) < max(0.01, 0.3 * abs(error))
    assert max(g.cross_track_m for g in found) < config.crab_lookahead_m
    assert max(math.hypot(g.twist.forward_mps, g.twist.left_mps) for g in found) <= config.speed_mps + 1e-12


def test_crabbing_ends_where_the_heading_stated_ends():
    follower = PathFollower(Following())
    points = np.column_stack([np.zeros(9), 0.5 * np.arange(9)])
    headings = np.full(9, np.nan)
    headings[:4] = 0.0
    follower.take_path(points, headings)
    poses, found = drive(follower, (0.0, 0.0, 0.0))
    crabbing = np.array([g.activity is Activity.CRABBING for g in found])
    assert crabbing[0]
    last = int(np.flatnonzero(crabbing)[-1])
    assert crabbing[: last + 1].all()
    # not before the fourth point is reached, and there on the spot
    assert poses[last + 1][1] >= 2.0
    assert found[last + 1].activity is Activity.TURNING
    assert poses[last + 1][2] == pytest.approx(0.0, abs=1e-9)
    assert poses[-1][2] == pytest.approx(math.pi / 2, abs=0.1)
    assert found[-1].activity is Activity.ARRIVED


def test_a_heading_stated_along_the_path_is_driven_as_without_one():
    angle = 0.7
    points = np.outer(np.linspace(0.0, 6.0, 13), (math.cos(angle), math.sin(angle)))
    config = Following()
    for stated in (angle, angle - 0.9 * config.crab_above_rad, angle + 2.0 * math.pi):
        one, other = PathFollower(config), PathFollower(config)
        one.take_path(points)
        other.take_path(points, np.full(13, stated))
        for pose in ((0.0, 0.0, 0.0), (0.5, 0.6, 0.5), (2.0, 1.5, 0.7)):
            assert one.guide(*pose) == other.guide(*pose)
    other.take_path(points, np.full(13, angle + 1.1 * config.crab_above_rad))
    assert other.guide(1.0, 0.8, angle).activity is Activity.CRABBING


def test_a_heading_that_is_far_off_is_turned_to_before_it_is_held():
    follower = PathFollower(Following())
    follower.take_path(straight(5.0), np.full(40, 1.5))
    poses, found = drive(follower, (0.0, 0.0, -1.0))
    turning = [g.activity is Activity.TURNING for g in found]
    ended = turning.index(False)
    assert all(turning[:ended])
    assert not any(turning[ended:])
    assert np.abs(poses[: ended + 1, :2]).max() == 0.0
    assert found[ended].activity is Activity.CRABBING
    assert abs(poses[-1][2] - 1.5) < 0.02


def test_a_change_of_heading_alone_is_a_new_path_and_of_doubled_points_the_last_counts():
    follower = PathFollower(Following())
    points = np.repeat(straight(5.0, 6), 2, axis=0)
    headings = np.tile([2.0, np.nan], 6)
    follower.take_path(points, headings)
    assert follower.guide(1.0, 0.0, 0.0).activity is Activity.DRIVING
    follower.take_path(points, headings[::-1])
    assert follower.guide(1.0, 0.0, 2.0).activity is Activity.CRABBING


def test_crabbing_stops_off_the_path_and_at_its_end_too():
    follower = PathFollower(Following())
    follower.take_path(straight(20.0), np.full(40, 1.5))
    assert follower.guide(2.0, 3.5, 1.5).activity is Activity.OFF_PATH
    assert follower.guide(20.0, 0.0, 1.5).activity is not Activity.ARRIVED
    follower.take_path(straight(5.0), np.full(40, 1.5))
    assert follower.guide(4.9, 0.0, 1.5).activity is Activity.ARRIVED
