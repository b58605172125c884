# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Closed moves from look to look: closed at once, open again on repeated proof, and never flickering with the place."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from seen_ground import GRID, ROOM, nothing, seen

from lupex_models.costmap import Costmap
from lupex_path_planning.config import GroundConfig
from lupex_path_planning.near_field.closed_ground import ClosedGround
from lupex_path_planning.near_field.closed_moves import Look, Room, look
from lupex_path_planning.near_field.drive import Planar

CONFIG = GroundConfig()
CELL = GRID.cell(5.0, 0.0)
EAST = (0, *CELL)
"""The move from x = 5 m to x = 10 m."""


def wall(x, y):
    return np.abs(x - 7.5) < 0.5


def after(ground, judge, *masks, times=1):
    for _ in range(times):
        ground = ground.after(judge(*masks, asked=ground.closed), CONFIG)
    return ground


@pytest.fixture
def walled():
    return after(ClosedGround.none(GRID), seen, wall)


def test_the_first_look_that_shows_it_closes_ground(walled):
    assert walled.closed[EAST]
    assert (walled.moves(0.0, CONFIG) == walled.closed).all()


def test_ground_is_open_again_after_so_many_looks_in_a_row(walled):
    almost = after(walled, seen, nothing, times=CONFIG.open_looks - 1)
    assert almost.closed[EAST]
    assert not after(almost, seen, nothing).closed[EAST]
    again = after(after(almost, seen, wall), seen, nothing, times=CONFIG.open_looks - 1)
    assert again.closed[EAST]


def test_ground_that_cannot_be_seen_says_nothing_for_or_against_it(walled):
    kept = after(walled, seen, nothing, lambda x, y: x > 2.0, times=20)
    assert (kept.closed == walled.closed).all()
    almost = after(walled, seen, nothing, times=CONFIG.open_looks - 1)
    unseen = after(almost, seen, nothing, lambda x, y: x > 2.0, times=5)
    assert not after(unseen, seen, nothing).closed[EAST]


def test_a_way_that_is_seen_opens_what_was_closed_though_much_around_it_is_unknown(walled):
    lane = after(walled, seen, nothing, lambda x, y: np.abs(y) > 1.0, times=CONFIG.open_looks)
    assert not lane.closed[EAST]
    assert lane.closed[0, *GRID.cell(5.0, 5.0)]


def test_each_time_that_it_closes_it_asks_for_twice_as_many_looks(walled):
    ground, taken = walled, []
    for _ in range(9):
        looks = 0
        while ground.closed[EAST]:
            ground, looks = after(ground, seen, nothing), looks + 1
        taken.append(looks)
        ground = after(ground, seen, wall)
    assert taken == [CONFIG.open_looks * 2**n for n in (*range(7), 6, 6)]


def test_a_report_of_a_drive_counts_for_a_while_whatever_is_seen():
    cell = GRID.cell(10.0, 0.0)
    ground = after(ClosedGround.none(GRID).reported({cell}, 100.0), seen, nothing)
    assert ground.moves(100.0 + CONFIG.blocked_keep_s - 1.0, CONFIG)[:, *cell].all()
    assert ground.moves(100.0, CONFIG)[0, cell[0], cell[1] - 1]
    assert not ground.moves(100.0 + CONFIG.blocked_keep_s, CONFIG).any()


def walk(rng, count, sigma_m):
    """Return places (count, 2) of a random walk in steps of a tenth of a sigma that stays within one."""
    places, at = [], np.zeros(2)
    while len(places) < count:
        step = at + rng.normal(0.0, 0.1 * sigma_m, 2)
        if math.hypot(*step) <= sigma_m:
            at = step
        places.append(at)
    return np.array(places)


def drifting(hazard, seed, sigma_m=0.8, noise=0.0, looks=1000):
    """Return the moves (looks, 8, ny, nx) closed after each look at one costmap while the place drifts.

    `noise`: the share of cells at a hazard's edge that each look takes for the other kind.
    """
    rng = np.random.default_rng(seed)
    made = Costmap(0.0, np.zeros((164, 164), np.int8), -16.4, -16.4, 0.2)
    x, y = made.centres()
    true = hazard(x, y)
    inner = true & np.roll(true, 1, 0) & np.roll(true, -1, 0) & np.roll(true, 1, 1) & np.roll(true, -1, 1)
    outer = ~true & (np.roll(true, 1, 0) | np.roll(true, -1, 0) | np.roll(true, 1, 1) | np.roll(true, -1, 1))
    edge = (true & ~inner) | outer
    ground, closed = ClosedGround.none(GRID), []
    for off in walk(rng, looks, sigma_m):
        flipped = true ^ (edge & (rng.random(true.shape) < noise))
        costmap = replace(made, cost=np.where(flipped, 100, 0).astype(np.int8))
        room = Room(ROOM.radius_m, ROOM.spare_m, 2.0 * sigma_m)
        judged = look(GRID, costmap, Planar(float(off[0]), float(off[1]), 0.0), (0.0, 0.0), room, ground.closed)
        ground = ground.after(judged, CONFIG)
        closed.append(ground.closed)
    return np.array(closed)


def toggles(closed):
    """Return how often each move opened or closed."""
    return (closed[1:] != closed[:-1]).sum(axis=0)


@pytest.mark.parametrize("x_m", [5.0, 6.0, 7.5, 8.5])
def test_a_wall_is_closed_at_the_first_look_and_never_opens_while_the_place_drifts(x_m):
    closed = drifting(lambda x, y: np.abs(x - x_m) < 0.4, 1)
    # whichever cell the wall lies in, no chain of moves crosses it after any look
    row = CELL[0]
    across = closed[:, 0, row, GRID.cell(0.0, 0.0)[1] : GRID.cell(10.0, 0.0)[1]]
    assert across.any(axis=1).all()
    assert not (closed[:-1] & ~closed[1:]).any()


def test_on_open_ground_nothing_ever_closes_while_the_place_drifts():
    assert not drifting(lambda x, y: np.hypot(x - 7.0, y - 2.0) < 0.4, 2).any()


@pytest.mark.parametrize("width", [1.2, 1.6, 1.8, 2.0, 2.4])
def test_a_gap_at_the_limit_opens_and_closes_a_few_times_at_most_however_place_and_cells_err(width):
    closed = drifting(lambda x, y: (np.abs(x - 7.5) < 0.4) & (np.abs(y - 1.0) > 0.5 * width), 3, noise=0.05)
    assert toggles(closed).max() <= 4
    if width < 1.3:
        assert closed[:, *EAST].all()


def test_rocks_that_come_and_go_with_every_look_close_ground_a_few_times():
    """Make hazards of noise alone, a half of the looks: without memory this would toggle hundreds of times."""
    rng, ground, closed = np.random.default_rng(4), ClosedGround.none(GRID), []
    mask = np.zeros((8, *GRID.shape), bool)
    mask[EAST] = True
    for _ in range(1000):
        bad = rng.random() < 0.5
        ground = ground.after(Look(mask & bad, mask & (not bad)), CONFIG)
        closed.append(ground.closed)
    assert toggles(np.array(closed))[EAST] <= 14
