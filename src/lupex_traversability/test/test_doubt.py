# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A cloud that lies beside the ground as a whole, a pose that leaps, and what is true in between."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scene import ROVER, centres, scan, strayed, turn

from lupex_traversability.config import CostConfig, MapConfig
from lupex_traversability.driving_cost import LETHAL, DrivingCost
from lupex_traversability.elevation_map import ASSUMED, SEEN, ElevationMap

CONFIG = MapConfig(size_m=24.0)
COST = DrivingCost(CostConfig(), ROVER)
ROCKS = ((4.0, 2.0), (5.0, -2.5), (3.5, -1.2), (6.5, 1.0))
TILT = 0.05


def relief(x, y):
    z = 0.06 * x + 0.12 * np.sin(x / 0.9 + 0.4) * np.cos(y / 0.8)
    for rock_x, rock_y in ROCKS:
        z = z + np.where(np.hypot(x - rock_x, y - rock_y) < 0.35, 0.4, 0.0)
    return z


def stepped(x, y):
    """Have a wall that was not there before."""
    return relief(x, y) + np.where((np.abs(x - 3.0) < 0.4) & (y > -0.8) & (y < 0.2), 0.5, 0.0)


@pytest.fixture(scope="module")
def clouds():
    here = [np.zeros(3), *(np.array([0.22 * k, 0.0, 0.012 * k]) for k in (1, 2, 3))]
    return {
        "seen": [(at, scan(relief, at, sigma=0.02, seed=k, reach=12.0)) for k, at in enumerate(here)],
        "wall": [(here[-1], scan(stepped, here[-1], sigma=0.02, seed=k, reach=12.0)) for k in (7, 8)],
    }


def begun(clouds, config=CONFIG):
    ground = ElevationMap(config, ROVER.lidar, ROVER.body)
    for at, cloud in clouds["seen"]:
        assert not ground.insert(cloud, at, np.eye(3)).refusal
    return ground


def rock_cells(ground, at=(0.0, 0.0), yaw=0.0):
    """Return the lethal cells on each rock, where odom has gone astray by a place and a heading."""
    x, y = centres(ground)
    lethal = COST.of(ground).cost == LETHAL
    c, s = np.cos(yaw), np.sin(yaw)
    astray = [(at[0] + c * rx - s * ry, at[1] + s * rx + c * ry) for rx, ry in ROCKS]
    return [int((lethal & (np.hypot(x - rx, y - ry) < 0.5)).sum()) for rx, ry in astray]


def elsewhere(ground, at=(0.0, 0.0), yaw=0.0):
    """Return the number of lethal cells within 7 m and away from the rocks."""
    x, y = centres(ground)
    c, s = np.cos(yaw), np.sin(yaw)
    near = [np.hypot(x - at[0] - c * rx + s * ry, y - at[1] - s * rx - c * ry) < 1.0 for rx, ry in ROCKS]
    within = np.hypot(x - at[0], y - at[1]) < 7.0
    return int(((COST.of(ground).cost == LETHAL) & within & ~np.any(near, axis=0)).sum())


def up(off_m):
    return np.array([0.0, 0.0, off_m])


def held(ground):
    return [grid.copy() for grid in (ground.height_m, ground.low_m, ground.high_m, ground.source, ground.hidden_m)]


def tilted(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


@pytest.mark.parametrize(
    ("off_m", "lean", "says"), [(0.3, 0.0, "0.30 m"), (-0.3, 0.0, "-0.30 m"), (0.0, TILT, "tilted")]
)
def test_one_cloud_off_is_refused_and_leaves_the_map_as_it_was(clouds, off_m, lean, says):
    ground = begun(clouds)
    before = held(ground)
    at, cloud = clouds["seen"][-1]
    told = ground.insert(cloud, at + up(off_m), tilted(lean))
    assert says in told.refusal
    assert told.used == 0
    for was, now in zip(before, held(ground), strict=True):
        np.testing.assert_array_equal(was, now)
    assert not ground.insert(cloud, at, np.eye(3)).refusal
    assert not ground.insert(cloud, at, np.eye(3)).followed


def test_one_cloud_off_among_good_ones_leaves_no_obstacle_behind(clouds):
    ground, spoilt = begun(clouds), begun(clouds)
    at, cloud = clouds["seen"][2]
    spoilt.insert(cloud, at + up(0.3), np.eye(3))
    for made in (ground, spoilt):
        for place, good in clouds["seen"][2:]:
            made.insert(good, place, np.eye(3))
    assert (COST.of(spoilt).cost == COST.of(ground).cost).all()


@pytest.mark.parametrize(("off_m", "lean"), [(0.3, 0.0), (-0.8, 0.0), (0.0, TILT)])
def test_when_the_next_says_so_too_the_map_follows_with_all_it_holds(clouds, off_m, lean):
    ground = begun(clouds)
    rocks, known = rock_cells(ground), int(ground.known.sum())
    at, cloud = clouds["seen"][-1]
    shifted = at + up(off_m)
    assert ground.insert(cloud, shifted, tilted(lean)).refusal
    told = ground.insert(cloud, shifted, tilted(lean))
    assert not told.refusal
    assert "follows" in told.followed
    x, y = centres(ground)
    seen = (ground.source == SEEN) & (np.hypot(x, y) < 7.0) & (np.abs(y) < 0.7) & (x > 2.0)
    truth = relief(x, y) + off_m - np.tan(lean) * (x - at[0])
    assert np.median(np.abs(ground.height_m - truth)[seen]) < 0.04
    assert all(now >= min(was, 4) for now, was in zip(rock_cells(ground), rocks, strict=True))
    assert ground.known.sum() > 0.95 * known
    assert not ground.insert(cloud, shifted, tilted(lean)).refusal


def test_clouds_that_each_say_something_else_are_not_refused_for_ever(clouds):
    ground = begun(clouds)
    at, cloud = clouds["seen"][-1]
    told = [ground.insert(cloud, at + up(off_m), np.eye(3)) for off_m in (0.3, -0.3, 0.6)]
    assert [bool(one.refusal) for one in told] == [True, True, False]


@pytest.mark.parametrize("off_m", [0.0, 0.3])
def test_a_wall_that_was_not_there_is_never_taken_for_a_wrong_pose(clouds, off_m):
    ground = begun(clouds)
    for at, cloud in clouds["wall"]:
        ground.insert(cloud, at + up(off_m), np.eye(3))
    x, y = centres(ground)
    wall = (np.abs(x - 3.0) < 0.3) & (y > -0.6) & (y < 0.0)
    assert (COST.of(ground).cost[wall] == LETHAL).mean() > 0.8


def test_slow_drift_is_not_refused(clouds):
    ground = begun(clouds)
    for k, (at, cloud) in enumerate(clouds["seen"] * 3):
        assert not ground.insert(cloud, at + up(0.01 * k), np.eye(3)).refusal


@pytest.mark.parametrize("yaw", [np.radians(5.0), np.radians(-5.0)])
def test_after_a_leap_of_the_pose_the_map_is_of_use_within_two_clouds(clouds, yaw):
    """1 m and 5 deg: odom is another from one cloud to the next while the rover stands."""
    ground = begun(clouds)
    rocks, before = rock_cells(ground), elsewhere(ground)
    at, cloud = clouds["seen"][-1]
    leapt = turn(yaw) @ at + [0.8, -0.6, 0.0]
    told = [ground.insert(cloud, leapt, turn(yaw)) for _ in range(2)]
    assert told[0].refusal
    assert "carried along" in told[1].followed
    assert all(now >= min(was, 4) for now, was in zip(rock_cells(ground, (0.8, -0.6), yaw), rocks, strict=True))
    # no ghost of a rock stands where it was before; turned cells hold the worst of those they overlap, until seen anew
    assert before == 0
    assert elsewhere(ground, (0.8, -0.6), yaw) <= 0.01 * ground.known.sum()
    assert not ground.insert(cloud, leapt, turn(yaw)).refusal


def test_another_ground_altogether_begins_the_map_anew(clouds):
    ground = begun(clouds)
    known = int(ground.known.sum())

    def other(x, y):
        return -0.2 * x + 0.25 * np.sin(y / 0.7) * np.cos(x / 0.6)

    cloud = scan(other, np.zeros(3), sigma=0.02, reach=12.0)
    assert "as they were seen before" in ground.insert(cloud, np.zeros(3), np.eye(3)).refusal
    assert "anew" in ground.insert(cloud, np.zeros(3), np.eye(3)).followed
    assert 0 < ground.known.sum() < 1.2 * known
    assert not ground.insert(cloud, np.zeros(3), np.eye(3)).refusal


def test_two_seconds_without_lidar_lose_nothing(clouds):
    ground = begun(clouds)
    rocks = rock_cells(ground)
    at = clouds["seen"][-1][0] + [0.2, 0.0, 0.012]
    assert not ground.insert(scan(relief, at, sigma=0.02, seed=9, reach=12.0), at, np.eye(3)).refusal
    assert all(now >= was - 2 for now, was in zip(rock_cells(ground), rocks, strict=True))


def test_of_clouds_with_a_tenth_of_strays_all_rocks_are_found_and_the_way_is_free(clouds):
    clean, ground = begun(clouds), ElevationMap(CONFIG, ROVER.lidar, ROVER.body)
    for k, (at, cloud) in enumerate(clouds["seen"] + clouds["seen"][-1:] * 2):
        assert not ground.insert(strayed(cloud, 0.1, k), at, np.eye(3)).refusal
    assert all(now >= min(was, 4) for now, was in zip(rock_cells(ground), rock_cells(clean), strict=True))
    x, y = centres(ground)
    near = (np.hypot(x, y) < 6.0) & (COST.of(clean).cost >= 0) & (COST.of(clean).cost < LETHAL)
    assert (COST.of(ground).cost[near] == LETHAL).mean() < 0.1


def test_returns_off_the_rover_itself_are_no_ground(clouds):
    at, cloud = clouds["seen"][0]
    lidar, body = ROVER.lidar, ROVER.body
    # the deck behind the lidar, and a wall right beside the rover's outline
    deck = [
        (x - lidar.x_m, y, 1.0 - lidar.z_m) for x in np.arange(-0.8, -0.3, 0.02) for y in np.arange(-0.5, 0.5, 0.01)
    ]
    side = 0.5 * body.width_m + CONFIG.own_margin_m + 0.3
    wall = [(along, side, z - lidar.z_m) for along in np.arange(-1.1, -0.1, 0.01) for z in np.arange(0.2, 0.6, 0.02)]
    for spoils, returns in ((False, deck), (True, wall)):
        own = np.array([[*point, 1.0] for point in returns], np.float32)
        made = [ElevationMap(CONFIG, lidar, body), ElevationMap(dataclasses.replace(CONFIG, body_radius_m=0.0), lidar)]
        tops = []
        for ground in made:
            ground.insert(np.concatenate([cloud, own]), at, np.eye(3))
            x, y = centres(ground)
            tops.append(ground.high_m[(np.hypot(x, y) < 1.5) & (ground.source != 0)].max())
        assert (tops[0] > 0.4) == spoils
        assert tops[1] > 0.4


def test_clouds_with_nan_are_taken_without_them(clouds):
    at, cloud = clouds["seen"][0]
    some = cloud.copy()
    some[::3, :3] = np.nan
    ground, plain = ElevationMap(CONFIG, ROVER.lidar), ElevationMap(CONFIG, ROVER.lidar)
    used = ground.insert(some, at, np.eye(3)).used
    kept = np.delete(cloud, np.s_[::3], axis=0)
    assert used == plain.insert(kept, at, np.eye(3)).used > 1000
    np.testing.assert_array_equal(ground.height_m, plain.height_m)


def test_where_the_map_begins_anew_the_ground_driven_over_stays_ground_to_stand_on():
    ground = ElevationMap(CONFIG, ROVER.lidar, ROVER.body)
    places = [np.array([0.3 * k, 0.0, 0.0]) for k in range(11)]
    for k, at in enumerate(places):
        assert not ground.insert(scan(lambda x, y: 0.0 * x, at, sigma=0.02, seed=k, reach=9.0), at, np.eye(3)).refusal

    def other(x, y):
        return 0.4 * np.sin(x / 0.6) * np.cos(y / 0.6) - 0.3 * np.abs(x - 3.0)

    # the pose leaps by a metre as the ground becomes another: the way behind comes along
    at = places[-1] + (1.0, 0.0, 0.0)
    cloud = scan(other, at, sigma=0.02, reach=9.0)
    cloud = cloud[np.hypot(cloud[:, 0], cloud[:, 1]) > 3.5]
    assert ground.insert(cloud, at, np.eye(3)).refusal
    assert "anew" in ground.insert(cloud, at, np.eye(3)).followed
    x, y = centres(ground)
    # between where the rover stands and what its lidar sees
    behind = (np.abs(y) < 0.9) & (x > 1.8) & (x < 2.7)
    assert ground.known[behind].all()
    assert (ground.source[behind] == ASSUMED).mean() > 0.8
