# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Fusion of clouds into heights."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from scene import ROVER, scan, turn

from lupex_traversability.cloud_binning import level_ground
from lupex_traversability.config import MapConfig
from lupex_traversability.elevation_map import ASSUMED, BETWEEN, SEEN, UNKNOWN, ElevationMap

CONFIG = MapConfig(size_m=24.0)


def made(config=CONFIG):
    return ElevationMap(config, ROVER.lidar)


def flat(x, y):
    return 0.0 * x


def cell(ground, x, y):
    size = ground.config.cell_m
    return int(np.floor(y / size)) - ground.corner_y, int(np.floor(x / size)) - ground.corner_x


def single(x, y, z):
    """Return a cloud of two points of one cell at a place of odom, for a level rover at the origin."""
    lidar = ROVER.lidar
    y = np.floor(y / CONFIG.cell_m) * CONFIG.cell_m
    points = [[x - lidar.x_m, y + side - lidar.y_m, z - lidar.z_m, 1.0] for side in (0.05, 0.15)]
    return np.array(points, np.float32)


def test_heights_of_a_slope_are_found_wherever_the_rover_looks():
    ground = made()

    def slope(x, y):
        return 0.1 * x - 0.05 * y

    for yaw in (0.0, 2.0):
        ground.insert(scan(slope, (0.0, 0.0, 0.0), yaw), np.zeros(3), turn(yaw))
    rows, columns = np.nonzero(ground.source == SEEN)
    x = (columns + ground.corner_x + 0.5) * CONFIG.cell_m
    y = (rows + ground.corner_y + 0.5) * CONFIG.cell_m
    # within a cell the slope itself spans 0.1 * cell / 2 about its centre, and the march stops up to 0.02 m early
    error = ground.height_m[rows, columns] - slope(x, y)
    assert rows.size > 1000
    assert np.abs(error).max() < 0.5 * CONFIG.cell_m * 0.15 + 0.025


def test_far_ground_that_no_ray_bounds_is_unknown():
    ground = made()
    ground.insert(scan(flat, (0.0, 0.0, 0.0)), np.zeros(3), np.eye(3))
    assert ground.known[cell(ground, 4.0, 0.0)]
    # the rings there are farther apart than what may hide between them
    near, far = (ground.known[cell(ground, x, 0.0)[0], slice(cell(ground, x, 0.0)[1], None)] for x in (3.0, 9.0))
    assert near.sum() > 0
    assert far.mean() < 0.5
    between = ground.source == BETWEEN
    assert (ground.hidden_m[between & ground.known] <= CONFIG.hidden_max_m).all()
    assert (between & ~ground.known).any()


def test_a_rock_hidden_between_rings_is_never_taller_than_the_bound_of_its_cell():
    ground = made()

    def rock(x, y):
        return np.where(np.hypot(x - 5.3, y - 0.3) < 0.15, 0.3, 0.0)

    ground.insert(scan(rock, (0.0, 0.0, 0.0)), np.zeros(3), np.eye(3))
    for row, column in zip(*np.nonzero(ground.source == BETWEEN), strict=True):
        x = (column + ground.corner_x + 0.5) * CONFIG.cell_m
        y = (row + ground.corner_y + 0.5) * CONFIG.cell_m
        if np.hypot(x - 5.3, y - 0.3) < 0.1:
            assert ground.height_m[row, column] + ground.hidden_m[row, column] >= 0.3 - 0.05


def test_the_ground_under_the_rover_is_known_by_standing_and_around_the_start_by_assumption():
    config = dataclasses.replace(CONFIG, start_clear_radius_m=2.0, standing_radius_m=1.0)
    ground = made(config)
    tilted = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    ground.insert(single(8.0, 0.0, 0.0), np.array([0.0, 0.0, 0.5]), tilted)
    assert ground.source[cell(ground, 1.5, 0.0)] == ASSUMED
    assert ground.height_m[cell(ground, 0.0, 0.0)] == pytest.approx(0.5)
    assert ground.source[cell(ground, 2.5, 0.0)] == UNKNOWN
    ground.insert(single(8.0, 0.0, 0.0), np.array([5.0, 0.0, 0.5]), tilted)
    assert ground.source[cell(ground, 5.5, 0.0)] == ASSUMED
    assert ground.source[cell(ground, 6.5, 0.0)] == UNKNOWN


def test_one_stray_point_is_no_obstacle_of_trusted_ground_and_the_second_is():
    ground = made()
    for _ in range(5):
        ground.insert(single(4.0, 0.0, 0.0), np.zeros(3), np.eye(3))
    at = cell(ground, 4.0, 0.0)
    ground.insert(single(4.0, 0.0, 0.6), np.zeros(3), np.eye(3))
    assert ground.high_m[at] < 0.1
    ground.insert(single(4.0, 0.0, 0.6), np.zeros(3), np.eye(3))
    assert ground.high_m[at] == pytest.approx(0.6, abs=1e-4)
    ground.insert(single(4.0, 0.0, 0.6), np.zeros(3), np.eye(3))
    assert ground.height_m[at] == pytest.approx(0.6, abs=1e-4)


def test_on_new_ground_one_stray_point_is_an_obstacle_until_contradicted():
    ground = made()
    ground.insert(single(4.0, 0.0, 0.0), np.zeros(3), np.eye(3))
    ground.insert(single(4.0, 0.0, 0.6), np.zeros(3), np.eye(3))
    at = cell(ground, 4.0, 0.0)
    assert ground.high_m[at] == pytest.approx(0.6, abs=1e-4)
    for _ in range(30):
        ground.insert(single(4.0, 0.0, 0.0), np.zeros(3), np.eye(3))
    assert ground.high_m[at] < 0.02


def test_agreeing_clouds_narrow_the_variance_and_distance_widens_it():
    ground = made()
    ground.insert(single(4.0, 0.0, 0.0), np.zeros(3), np.eye(3))
    first = ground.variance_m2[cell(ground, 4.0, 0.0)]
    for _ in range(5):
        ground.insert(single(4.0, 0.0, 0.0), np.zeros(3), np.eye(3))
    narrow = ground.variance_m2[cell(ground, 4.0, 0.0)]
    assert narrow < first
    ground.insert(single(8.0, 0.0, 0.0), np.array([1.0, 0.0, 0.0]), np.eye(3))
    assert ground.variance_m2[cell(ground, 4.0, 0.0)] > narrow


def test_points_without_meaning_are_passed_over():
    ground = made()
    odd = np.array([[np.nan, 0, 0, 1], [np.inf, 0, 0, 1], [0.1, 0, 0, 1], [29.0, 0, -1, 1]], np.float32)
    assert ground.insert(np.concatenate([odd, single(5.0, 0.1, 0.0)]), np.zeros(3), np.eye(3)).used == 2
    assert (ground.source == SEEN).sum() == 1


def test_a_return_that_no_neighbouring_ray_supports_is_a_stray():
    ground = made()
    cloud = scan(flat, (0.0, 0.0, 0.0))
    stray = cloud[200] * np.float32(0.5)
    cloud[200, :3] = stray[:3]
    used = ground.insert(cloud, np.zeros(3), np.eye(3)).used
    at = cell(ground, stray[0] + ROVER.lidar.x_m, stray[1])
    assert ground.source[at] != SEEN
    assert ground.high_m[at] < 0.1
    assert used > 1000


def test_what_the_rover_stands_on_disproves_heights_under_it():
    ground = made()
    ground.insert(single(4.0, 0.1, 0.8), np.zeros(3), np.eye(3))
    assert ground.source[cell(ground, 4.0, 0.1)] == SEEN
    ground.insert(np.empty((0, 4), np.float32), np.array([4.0, 0.0, 0.0]), np.eye(3))
    assert ground.source[cell(ground, 4.0, 0.1)] == ASSUMED
    assert ground.high_m[cell(ground, 4.0, 0.1)] < 0.1


def test_a_pose_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        made().insert(single(4.0, 0.0, 0.0), np.array([np.nan, 0.0, 0.0]), np.eye(3))


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-6.0, 6.0), st.floats(-6.0, 6.0)), min_size=1, max_size=5))
def test_scrolling_keeps_each_height_at_its_place_and_forgets_what_leaves(places):
    config = MapConfig(size_m=12.0, standing_radius_m=0.0, start_clear_radius_m=0.0, body_radius_m=0.0)
    ground = made(config)
    for x in (3.1, 4.1):
        ground.insert(single(x, 0.1, 0.2 * x), np.zeros(3), np.eye(3))
    alive = [3.1, 4.1]
    for place in places:
        ground.insert(np.empty((0, 4), np.float32), np.array([*place, 0.0]), np.eye(3))
        kept = []
        for x in alive:
            row, column = cell(ground, x, 0.1)
            if 0 <= row < ground.size and 0 <= column < ground.size:
                assert ground.height_m[row, column] == pytest.approx(0.2 * x, abs=1e-4)
                kept.append(x)
        alive = kept
        assert (ground.source == SEEN).sum() == len(alive)


def test_begun_anew_it_keeps_the_ground_just_driven_over_and_nothing_else():
    ground = made()
    for x in np.arange(0.0, 4.0, 0.25):
        ground.insert(scan(flat, (x, 0.0, 0.0)), np.array([x, 0.0, 0.0]), np.eye(3))
    wall = cell(ground, 6.0, 0.0)
    assert ground.source[wall] == SEEN
    ground.source[cell(ground, 3.0, 0.0)] = SEEN
    ground.high_m[cell(ground, 3.0, 0.0)] = 1.0
    ground.forget()
    assert ground.source[wall] == UNKNOWN
    assert not ground.known[wall]
    for x in (0.5, 2.0, 3.5):
        assert ground.source[cell(ground, x, 0.0)] == ASSUMED
        assert ground.high_m[cell(ground, x, 0.0)] == pytest.approx(0.0)
    assert ground.source[cell(ground, 2.0, 1.8)] == UNKNOWN
    ground.insert(scan(flat, (3.75, 0.0, 0.0)), np.array([3.75, 0.0, 0.0]), np.eye(3))
    assert ground.source[wall] == SEEN


def test_begun_anew_far_from_its_way_it_keeps_what_lies_in_the_map():
    ground = made(dataclasses.replace(CONFIG, trail_m=100.0))
    for x in (0.0, 30.0):
        ground.insert(scan(flat, (x, 0.0, 0.0)), np.array([x, 0.0, 0.0]), np.eye(3))
    ground.forget()
    assert np.count_nonzero(ground.source == ASSUMED) == np.count_nonzero(ground.known)
    assert ground.source[cell(ground, 30.0, 0.0)] == ASSUMED
    assert np.count_nonzero(ground.known) < 2.0 * np.pi * (CONFIG.standing_radius_m / CONFIG.cell_m) ** 2


def test_level_ground_is_seen_level_all_around():
    ground = made()
    told = ground.insert(level_ground(ROVER.lidar), np.zeros(3), np.eye(3))
    assert told.used > 5000
    seen = ground.source == SEEN
    assert np.abs(ground.height_m[seen]).max() < 1e-5
    assert {(x > 0.0, y > 0.0) for y, x in np.argwhere(seen) - ground.size // 2} == {
        (ahead, left) for ahead in (True, False) for left in (True, False)
    }
