# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where plans and ways back lead, and what of them closed ground meets."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, grid

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.routes import LivePlan, meets_way_back, way_back_cells
from lupex_path_planning.site_grid import STEPS, Moves, touching
from lupex_path_planning.sortie.plan import SERVING, Task, Visit, plan_sortie
from lupex_path_planning.way_back.recovery import recovery_policy

START_S = 1000.0
CHARGE_J = 8e5


@pytest.fixture(scope="module")
def policy():
    """A haven in the west of a row of cells, two rows wide."""
    ny, nx = 2, 9
    time_s = np.full((8, ny, nx), np.inf)
    for move, (di, dj) in enumerate(STEPS):
        for i in range(ny):
            for j in range(nx):
                if 0 <= i + di < ny and 0 <= j + dj < nx:
                    time_s[move, i, j] = 60.0 * math.hypot(di, dj)
    moves = Moves(time_s, np.full((8, ny, nx), 90.0), 50.0, 1.1, 0.9, 400.0)
    sun = np.zeros((24, ny, nx), np.float32)
    sun[:, 0, 0] = 300.0
    light = LightSlices(START_S, SLICE_S, sun, sun, sun / np.float32(300.0))
    config = dataclasses.replace(CONFIG, stop_s=300.0)
    return recovery_policy(grid(ny, nx), moves, light, config, RESERVE_J, CAPACITY_J)


def closing(policy, a, b):
    closed = np.zeros((8, *policy.grid.shape), bool)
    closed[STEPS.index((b[0] - a[0], b[1] - a[1])), *a] = True
    return closed


def test_the_way_back_is_followed_to_its_haven_before_and_after_the_stop(policy):
    for stop_used in (False, True):
        cells = way_back_cells(policy, START_S + 5.0, policy.grid.place(0, 8), stop_used=stop_used)
        assert cells[0] == (0, 8)
        assert cells[-1] == (0, 0)
        assert len(cells) == 9
    assert way_back_cells(policy, START_S + 5.0, (9e4, 0.0), stop_used=False) == []


def test_closed_ground_on_or_beside_the_way_back_meets_it_and_ground_behind_does_not(policy):
    place = policy.grid.place(0, 5)
    assert meets_way_back(policy, START_S + 5.0, place, closing(policy, (0, 3), (0, 2)))
    assert meets_way_back(policy, START_S + 5.0, place, closing(policy, (1, 3), (1, 2)))
    assert not meets_way_back(policy, START_S + 5.0, place, closing(policy, (0, 7), (0, 8)))
    assert not meets_way_back(policy, START_S + 5.0, policy.grid.place(0, 0), closing(policy, (0, 3), (0, 2)))
    # nobody can say where the way leads beyond the time that the field covers
    assert meets_way_back(policy, policy.end_s + 1.0, place, closing(policy, (0, 7), (0, 8)))


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
