# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which clouds are taken into the map."""

import math

import numpy as np
import pytest

from lupex_traversability.config import LookConfig
from lupex_traversability.looks import Looks
from lupex_traversability.pose_history import Pose

CONFIG = LookConfig()


def pose(time_s, x_m=0.0, yaw_rad=0.0):
    turned = np.array([0.0, 0.0, math.sin(0.5 * yaw_rad), math.cos(0.5 * yaw_rad)])
    return Pose(time_s, np.array([x_m, 0.0, 0.0]), turned)


@pytest.fixture
def driving():
    """Return looks after one from the origin at 100 s."""
    made = Looks(CONFIG)
    assert made.is_due(pose(100.0))
    return made


@pytest.mark.parametrize(
    "at",
    [
        pose(100.1, CONFIG.moved_m + 1e-9),
        pose(100.1, 0.0, CONFIG.turned_rad + 1e-6),
        pose(100.1, 0.0, -CONFIG.turned_rad - 1e-6),
        pose(100.0 + CONFIG.longest_s, 1.1 * CONFIG.rest_m),
        pose(99.0, 1.1 * CONFIG.rest_m),
    ],
)
def test_motion_a_turn_time_in_motion_and_another_world_are_worth_a_look(driving, at):
    assert driving.is_due(at)


@pytest.mark.parametrize("at", [pose(101.0, 0.1), pose(101.0, 0.0, 0.04)])
def test_a_little_motion_is_not_yet(driving, at):
    assert not driving.is_due(at)


def test_what_was_not_taken_does_not_move_the_place_that_motion_counts_from(driving):
    assert not driving.is_due(pose(101.0, 0.15))
    assert driving.is_due(pose(101.5, 0.21))


def test_from_one_place_a_few_are_taken_and_then_one_now_and_then(driving):
    taken = [second for second in range(101, 301) if driving.is_due(pose(float(second), 0.001 * (second % 3)))]
    few = CONFIG.rest_looks - 1
    assert taken[:few] == list(range(101, 101 + few))
    assert np.diff(taken[few - 1 :]).tolist() == [CONFIG.rest_longest_s] * (len(taken) - few)
    assert driving.is_due(pose(301.0, CONFIG.moved_m))
    assert driving.is_due(pose(302.0, CONFIG.moved_m))


def test_a_map_that_was_forgotten_is_made_at_once(driving):
    assert not driving.is_due(pose(101.0, 0.1))
    driving.forget()
    assert driving.is_due(pose(101.0, 0.1))


def test_a_look_that_left_a_question_is_followed_by_more_but_not_for_ever(driving):
    for second in range(101, 101 + CONFIG.rest_looks):
        driving.is_due(pose(float(second)))
    assert not driving.is_due(pose(120.0))
    asked = []
    for second in range(121, 121 + CONFIG.rest_again + 3):
        driving.again()
        asked.append(driving.is_due(pose(float(second))))
    assert asked == [True] * CONFIG.rest_again + [False] * 3
    # the next by itself is no later for that, and may ask again
    last_s = 100.0 + CONFIG.rest_looks - 1
    assert not driving.is_due(pose(last_s + CONFIG.rest_longest_s - 0.1))
    assert driving.is_due(pose(last_s + CONFIG.rest_longest_s))
    driving.again()
    assert driving.is_due(pose(last_s + CONFIG.rest_longest_s + 1.0))


def test_in_motion_the_next_look_comes_soon_enough(driving):
    driving.again()
    assert not driving.is_due(pose(101.0, 0.1))
    assert driving.is_due(pose(102.0, 0.21))
