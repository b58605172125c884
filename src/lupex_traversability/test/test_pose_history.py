# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Poses between poses."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_traversability.pose_history import Pose, PoseHistory


def pose(time_s, x=0.0, yaw=0.0):
    return Pose(time_s, np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2)]))


def test_between_two_poses_place_and_heading_are_in_proportion():
    history = PoseHistory()
    history.add(pose(10.0, 1.0, 0.0))
    history.add(pose(10.5, 2.0, 1.0))
    found = history.at(10.125, 1.0)
    assert found.position_m[0] == pytest.approx(1.25)
    assert math.atan2(found.rotation()[1, 0], found.rotation()[0, 0]) == pytest.approx(0.25)


def test_outside_and_over_a_gap_there_is_no_pose():
    history = PoseHistory()
    assert history.at(1.0, 1.0) is None
    history.add(pose(10.0))
    history.add(pose(13.0))
    assert history.at(9.0, 10.0) is None
    assert history.at(13.5, 10.0) is None
    assert history.at(11.0, 1.0) is None
    assert history.at(10.0, 1.0).time_s == 10.0


def test_a_repeated_pose_is_left_and_a_new_start_of_the_clock_clears():
    history = PoseHistory()
    assert history.add(pose(10.0))
    assert not history.add(pose(10.0, 5.0))
    assert history.add(pose(2.0, 7.0))
    assert history.newest_s == 2.0


@pytest.mark.property
@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(0.0, 1.0), st.sampled_from([-1.0, 1.0]))
def test_the_short_way_round_is_taken_whatever_the_quaternions_sign(a, b, share, sign):
    history = PoseHistory()
    history.add(pose(0.0, 0.0, a))
    last = pose(1.0, 0.0, b)
    history.add(Pose(1.0, last.position_m, sign * last.quaternion))
    found = history.at(share, 2.0)
    turn = math.atan2(math.sin(b - a), math.cos(b - a))
    expected = a + share * turn
    rotation = found.rotation()
    yaw = math.atan2(rotation[1, 0], rotation[0, 0])
    off = math.atan2(math.sin(yaw - expected), math.cos(yaw - expected))
    # a half turn has two short ways
    assert abs(off) < 1e-6 or abs(abs(turn) - math.pi) < 1e-6
