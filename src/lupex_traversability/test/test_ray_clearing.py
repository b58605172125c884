# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ghosts go where rays pass through them, and what rays miss stays."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scene import ROVER, centres, scan, strayed

from lupex_traversability.config import CostConfig, MapConfig
from lupex_traversability.driving_cost import LETHAL, DrivingCost
from lupex_traversability.elevation_map import SEEN, ElevationMap

CONFIG = MapConfig(size_m=24.0)
BLIND = dataclasses.replace(CONFIG, clear_range_m=0.0)
COST = DrivingCost(CostConfig(), ROVER)
REACH_M = 12.0


def slope(x, y):
    return 0.03 * x


def block(x, y):
    """Stand in the way of the lidar at 5 m, 1.2 m wide and 0.6 m high."""
    return (np.abs(x - 5.0) < 0.6) & (np.abs(y) < 0.6)


def ghosted(x, y):
    return np.where(block(x, y), 0.6, slope(x, y))


@pytest.fixture(scope="module")
def clouds():
    return {
        "ghost": [scan(ghosted, np.zeros(3), sigma=0.02, seed=seed, reach=REACH_M) for seed in (1, 2)],
        "ground": [scan(slope, np.zeros(3), sigma=0.02, seed=seed, reach=REACH_M) for seed in (3, 4, 5)],
    }


def standing(*sequence, config=CONFIG):
    ground = ElevationMap(config, ROVER.lidar, ROVER.body)
    told = [ground.insert(cloud, np.zeros(3), np.eye(3)) for cloud in sequence]
    return ground, told


@pytest.mark.parametrize("ghosts", [1, 2])
def test_a_ghost_goes_while_the_rover_stands(clouds, ghosts):
    seen = clouds["ghost"][:ghosts]
    ground, _ = standing(*seen)
    there = block(*centres(ground))
    assert (COST.of(ground).cost[there] == LETHAL).sum() > 25
    ground, told = standing(*seen, *clouds["ground"])
    assert sum(one.cleared for one in told) > 10
    # one cell at the foot of it may be left, no ray passes it clearly below, and makes its neighbours steps
    assert (COST.of(ground).cost[there] == LETHAL).sum() <= 6
    blind, told = standing(*seen, *clouds["ground"], config=BLIND)
    assert sum(one.cleared for one in told) == 0
    assert (COST.of(blind).cost[there] == LETHAL).sum() > 15


def test_a_ghost_on_well_known_ground_goes_too(clouds):
    ground, _ = standing(*clouds["ground"], *clouds["ghost"], *clouds["ground"])
    assert (COST.of(ground).cost[block(*centres(ground))] == LETHAL).sum() <= 6


def test_what_one_cloud_says_to_be_gone_is_not_gone_yet_and_is_told(clouds):
    ground, told = standing(*clouds["ghost"], clouds["ground"][0])
    assert told[-1].cleared == 0
    assert told[-1].unsettled > 10
    there = block(*centres(ground))
    assert (COST.of(ground).cost[there] == LETHAL).sum() > 30


def test_a_cleared_cell_without_ground_is_unknown_and_not_free(clouds):
    """No ring meets the ground there and none fills it in: what is left is no ground at all."""
    config = dataclasses.replace(CONFIG, gap_max_m=0.0)
    before, _ = standing(*clouds["ghost"], config=config)
    ghost = block(*centres(before)) & (before.source == SEEN) & (before.high_m > 0.5)
    after, _ = standing(*clouds["ghost"], *clouds["ground"], config=config)
    gone = ghost & (after.source != SEEN)
    assert gone.any()
    assert not after.known[gone].any()
    only, _ = standing(*clouds["ground"], config=config)
    # what is seen there now is what those who never saw the ghost see
    assert (only.source[ghost & (after.source == SEEN)] == SEEN).all()


def test_a_block_seen_again_now_and_then_stays(clouds):
    """Rays of one cloud alone never take it, however often: its surface is seen in between."""
    ground, told = standing(*(clouds["ghost"][0], clouds["ground"][0]) * 4, clouds["ghost"][1])
    assert (COST.of(ground).cost[block(*centres(ground))] == LETHAL).sum() > 25
    assert sum(one.cleared for one in told) < 10


@pytest.mark.property
@pytest.mark.parametrize("seed", range(4))
def test_driving_past_random_rocks_no_true_obstacle_is_cleared(seed):
    """Beside a map that clears nothing: no rock's cell is lethal there and known and not lethal here."""
    rng = np.random.default_rng(seed)
    x, y, radius = rng.uniform(2.5, 9.0, 10), rng.uniform(-4.0, 4.0, 10), rng.uniform(0.17, 0.5, 10)
    height = np.minimum(CONFIG.rock_ratio * 2.0 * radius, rng.uniform(0.27, 0.7, 10))
    flat_topped = rng.random(10) < 0.5

    def rocks(px, py):
        z = slope(px, py)
        for k in range(10):
            d = np.hypot(px - x[k], py - y[k]) / radius[k]
            top = height[k] if flat_topped[k] else height[k] * np.sqrt(np.maximum(1.0 - d * d, 0.0))
            z = np.where(d < 1.0, np.maximum(z, slope(px, py) + top), z)
        return z

    maps = [ElevationMap(config, ROVER.lidar, ROVER.body) for config in (CONFIG, BLIND)]
    cleared = 0
    for k in range(7):
        at = np.array([0.23 * k, 0.04 * k, slope(0.23 * k, 0.0)])
        cloud = strayed(scan(rocks, at, sigma=0.02, seed=10 * seed + k, reach=REACH_M), 0.02, seed + k)
        told = [ground.insert(cloud, at + rng.normal(0.0, 0.004, 3), np.eye(3)) for ground in maps]
        cleared += told[0].cleared
    px, py = centres(maps[0])
    rock = (np.hypot(px[..., None] - x, py[..., None] - y) < radius).any(axis=-1)
    here, blind = (COST.of(ground).cost for ground in maps)
    assert ((blind == LETHAL) & rock).sum() > 20
    assert not ((blind == LETHAL) & rock & (here >= 0) & (here < LETHAL)).any()


def test_what_rises_between_two_rings_stays(clouds):
    """As high as the ray that passes over it allows, and never seen again: no ray is clearly below its top."""
    ground, _ = standing(*clouds["ground"])
    row, column = 60, 60 + round((0.6 + 6.9) / CONFIG.cell_m)
    passed = 0
    for offset in range(-4, 5):
        at = (row, column + offset)
        proven = ground.hidden_m[at] if ground.hidden_m[at] > 0.0 else 0.0
        if not np.isfinite(proven) or proven == 0.0:
            continue
        top = ground.height_m[at] + proven
        ground.source[at], ground.high_m[at], ground.variance_m2[at] = SEEN, top, 1e-4
        for cloud in clouds["ground"]:
            ground.insert(cloud, np.zeros(3), np.eye(3))
        if ground.source[at] == SEEN and ground.high_m[at] == np.float32(top):
            passed += 1
        else:
            # a ring met its ground after all
            assert ground.hidden_m[at] == 0.0
    assert passed >= 3


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("shadowed", [True, False])
def test_half_a_cell_in_the_shadow_of_an_edge_is_not_proven_empty(side, shadowed):
    """Rays pass through its middle and its other half; what stands behind the edge was seen from elsewhere."""
    edge = 0.095

    def edged(x, y):
        before = (x > 3.5) & (x < 3.8) & (side * y > edge) & (side * y < 0.5)
        return np.where(before & shadowed, 1.2, 0.0)

    clouds = [scan(edged, np.zeros(3), seed=seed, reach=REACH_M) for seed in (1, 2, 3)]
    ground, _ = standing(clouds[0])
    at = (60 if side > 0.0 else 59, 60 + 25)
    ground.source[at], ground.height_m[at], ground.high_m[at], ground.variance_m2[at] = SEEN, 0.3, 0.6, 1e-4
    ground.hidden_m[at] = 0.0
    for cloud in clouds[1:]:
        ground.insert(cloud, np.zeros(3), np.eye(3))
    assert (ground.source[at] == SEEN and ground.high_m[at] == np.float32(0.6)) == shadowed
