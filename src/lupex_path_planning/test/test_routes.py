# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where plans and ways back lead, and what of them closed ground meets."""

import dataclasses
import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, grid

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.routes import LivePlan, meets_way_back, way_back
from lupex_path_planning.site_grid import STEPS, Moves, touching
from lupex_path_planning.sortie.plan import SERVING, Task, Visit, plan_sortie
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, recovery_policy

START_S = 1000.0
CHARGE_J = 8e5


def two_rows(sun, steep=()):
    """Return the policy of two rows of cells with moves both ways but over `steep` ones, in light (slices, ny, nx)."""
    ny, nx = sun.shape[1:]
    time_s = np.full((8, ny, nx), np.inf)
    for move, (di, dj) in enumerate(STEPS):
        for i in range(ny):
            for j in range(nx):
                if 0 <= i + di < ny and 0 <= j + dj < nx and not {(i, j), (i + di, j + dj)} & set(steep):
                    time_s[move, i, j] = 60.0 * math.hypot(di, dj)
    moves = Moves(time_s, np.full((8, ny, nx), 90.0), 50.0, 1.1, 0.9, 400.0)
    light = LightSlices(START_S, SLICE_S, sun, sun, sun / np.float32(300.0))
    config = dataclasses.replace(CONFIG, stop_s=300.0)
    return recovery_policy(grid(ny, nx), moves, light, config, RESERVE_J, CAPACITY_J)


@pytest.fixture(scope="module")
def policy():
    """A haven in the west of a row of cells, two rows wide."""
    sun = np.zeros((24, 2, 9), np.float32)
    sun[:, 0, 0] = 300.0
    return two_rows(sun)


def closing(policy, a, b):
    closed = np.zeros((8, *policy.grid.shape), bool)
    closed[STEPS.index((b[0] - a[0], b[1] - a[1])), *a] = True
    return closed


def test_the_way_back_is_followed_to_its_haven_before_and_after_the_stop(policy):
    for stop_used in (False, True):
        steps = list(way_back(policy, START_S + 5.0, (0, 8), stop_used=stop_used))
        assert steps[0][:2] == (START_S + 5.0, (0, 8))
        assert steps[-1][1:] == ((0, 0), ARRIVED)
        assert len({cell for _, cell, _ in steps}) == 9
        assert all(before < after for (before, *_), (after, *_) in itertools.pairwise(steps))
    assert [kind for *_, kind in way_back(policy, policy.end_s + 5.0, (0, 8), stop_used=False)] == [NO_WAY]


def test_only_a_move_that_the_way_back_takes_meets_it(policy):
    here = [(0, 5)]
    assert meets_way_back(policy, START_S + 5.0, here, closing(policy, (0, 3), (0, 2)))
    # back over the same ground, beside it, and behind
    for a, b in (((0, 2), (0, 3)), ((1, 3), (1, 2)), ((0, 7), (0, 6)), ((0, 5), (1, 5))):
        assert not meets_way_back(policy, START_S + 5.0, here, closing(policy, a, b))
    assert not meets_way_back(policy, START_S + 5.0, [(0, 0)], closing(policy, (0, 3), (0, 2)))
    # nobody can say where the way leads beyond the time that the field covers
    assert meets_way_back(policy, policy.end_s + 1.0, here, closing(policy, (0, 7), (0, 8)))


def test_the_way_back_is_met_from_any_of_the_cells_where_the_rover_may_be(policy):
    closed = closing(policy, (0, 7), (0, 6))
    assert not meets_way_back(policy, START_S + 5.0, [(0, 5), (0, 6)], closed)
    assert meets_way_back(policy, START_S + 5.0, [(0, 5), (0, 6), (0, 7)], closed)
    assert meets_way_back(policy, START_S + 5.0, [], closed)


def test_a_cell_closed_all_around_is_no_place_to_be(policy):
    closed = np.zeros((8, *policy.grid.shape), bool)
    closed[:, 0, 5] = True
    assert not meets_way_back(policy, START_S + 5.0, [(0, 4), (0, 5)], closed)
    assert meets_way_back(policy, START_S + 5.0, [(0, 4), (0, 5)], closed | closing(policy, (0, 3), (0, 2)))
    assert meets_way_back(policy, START_S + 5.0, [(0, 5)], closed)


def test_of_a_cell_that_the_policy_knows_no_move_from_the_neighbours_count(policy):
    steep = two_rows(policy.light.least_w, [(0, 5)])
    for column, met in ((3, True), (8, False)):
        closed = np.zeros((8, *policy.grid.shape), bool)
        closed[:, :, column] = True
        assert meets_way_back(steep, START_S + 5.0, [(0, 5)], closed) == met


def test_a_move_taken_only_after_a_stop_on_the_way_meets_it():
    # the light leaves the west, and comes to a cell beside the way: whoever is late turns aside
    sun = np.zeros((34, 2, 9), np.float32)
    sun[:5, 0, 0] = sun[6:, 1, 2] = 300.0
    made, begin_s = two_rows(sun), START_S + 605.0
    aside = closing(made, (0, 5), (1, 4))
    for at_s, stop_used in ((begin_s, False), (begin_s + made.stop_s, True)):
        way = way_back(made, at_s, (0, 8), stop_used=stop_used)
        assert not any(kind < len(STEPS) and aside[kind, *cell] for _, cell, kind in way)
    assert meets_way_back(made, begin_s, [(0, 8)], aside)


def planned(policy, visits, energy_j=CHARGE_J):
    config = SortieConfig(margin_wh=0.0)
    return plan_sortie(policy, policy.moves, policy.grid.place(0, 0), START_S + 5.0, energy_j, visits, config)


def test_a_plan_meets_what_lies_ahead_of_it_alone(policy):
    visits = tuple(Visit(*policy.grid.place(0, column), 60.0, 10.0) for column in (4, 8))
    live = LivePlan(visits, Task(), planned(policy, visits))
    assert live.sortie.feasible
    on_the_way_out = closing(policy, (0, 2), (0, 3))
    assert live.leads_over(on_the_way_out, policy.grid, 0)
    # the first target is served: the way to it lies behind, that to the second ahead
    assert not live.leads_over(on_the_way_out, policy.grid, 1)
    assert live.leads_over(closing(policy, (0, 5), (0, 6)), policy.grid, 1)
    # all are served: the way home alone
    assert not live.leads_over(closing(policy, (0, 5), (0, 6)), policy.grid, 9)
    assert live.leads_over(closing(policy, (0, 3), (0, 2)), policy.grid, 9)
    assert not live.leads_over(np.zeros((8, *policy.grid.shape), bool), policy.grid, 0)


def test_a_plan_of_what_is_left_keeps_the_numbers_of_the_targets(policy):
    visits = tuple(Visit(*policy.grid.place(0, column), 60.0, 10.0) for column in (4, 8))
    live = LivePlan(visits, Task(), planned(policy, visits))
    assert live.left(1) == visits[1:]
    assert live.left(7) == ()
    renewed = live.renewed(planned(policy, live.left(1)), 1)
    assert renewed.visits == visits
    assert renewed.sortie.order == (1,)
    assert [point.target for point in renewed.sortie.waypoints if point.activity == SERVING] == [1]
    home = live.renewed(planned(policy, ()), 7)
    assert home.sortie.order == ()
    assert not home.leads_over(touching(np.arange(18).reshape(2, 9) == 8), policy.grid, 7)
