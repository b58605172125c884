# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Of plans that are as good the one that drives less: waits for rounds, direct ways for detours, and nothing lost."""

import dataclasses
import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, grid, policy_of, random_site

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import STEPS, Moves
from lupex_path_planning.sortie import solve
from lupex_path_planning.sortie.fields import sortie_fields
from lupex_path_planning.sortie.less_driving import with_less_driving
from lupex_path_planning.sortie.plan import DRIVE, IN_ORDER, SERVING, WAITING, Objective, Task, Visit, plan_sortie
from lupex_path_planning.sortie.solve import Problem
from lupex_path_planning.way_back.recovery import recovery_policy

NY, NX = 3, 7
VISIT = Visit(30.0, 0.0, 600.0, 30.0)


def problem(sun_w, task=IN_ORDER, earth=None):
    """Return the problem of one target in the south-east corner of a site; `sun_w` (ny, nx) shines all the time."""
    time_s = np.full((8, NY, NX), np.inf)
    for move, (di, dj) in enumerate(STEPS):
        for i in range(NY):
            for j in range(NX):
                if 0 <= i + di < NY and 0 <= j + dj < NX:
                    time_s[move, i, j] = 60.0 * math.hypot(di, dj)
    moves = Moves(time_s, np.full((8, NY, NX), 100.0), 50.0, 1.0, 1.0, 400.0)
    sun = np.broadcast_to(np.asarray(sun_w, np.float32), (40, NY, NX)).copy()
    light = LightSlices(0.0, SLICE_S, sun, sun, sun)
    config = dataclasses.replace(CONFIG, horizon_s=36 * SLICE_S)
    policy = recovery_policy(grid(NY, NX), moves, light, config, RESERVE_J, CAPACITY_J)
    return Problem(policy, moves, (VISIT,), ((0, 6),), task, SortieConfig(margin_wh=0.0), None, earth)


def west(width=1):
    sun = np.zeros((NY, NX))
    sun[:, :width] = 150.0
    return sun


def steps_over(asked, cells, energy_j, waits=None):
    """Return steps over cells (row, column) from time 0, waiting so long at each, then the work at the target."""
    made, time_s = [(WAITING, -1, cells[0][0] * NX + cells[0][1], 0.0, energy_j)], 0.0
    for before, cell in itertools.pairwise(cells):
        move = STEPS.index((cell[0] - before[0], cell[1] - before[1]))
        time_s += float(asked.pace.time_s[move, *before]) + (waits or {}).get(before, 0.0)
        made.append((DRIVE, -1, cell[0] * NX + cell[1], time_s, 0.0))
    return [*made, (SERVING, 0, 6, time_s + VISIT.service_s, 0.0)]


def lessened(asked, steps):
    fields = sortie_fields(asked.policy, asked.pace, asked.cells)
    return with_less_driving(steps, fields, solve._world(asked), solve._work(asked, 0.0, math.inf))


ALONG = [(0, column) for column in range(7)]


def test_a_round_in_the_sun_becomes_a_wait():
    asked = problem(west())
    steps = steps_over(asked, [(0, 0), (1, 0), (2, 0), (1, 0), (0, 0), *ALONG[1:]], 3e5)
    made = lessened(asked, steps)
    assert [step[0] for step in made] == [WAITING, WAITING, *[DRIVE] * 6, SERVING]
    assert made[1][3] == 240.0
    assert made[-1][3] == steps[-1][3]


def test_a_detour_becomes_the_direct_way_with_a_wait_where_it_charges_most():
    asked = problem(west(2))
    asked.policy.light.expected_w[:, 0, 1] = 250.0
    steps = steps_over(asked, [(0, 0), (1, 0), (2, 1), (2, 2), (2, 3), (1, 4), (1, 5), (0, 6)], 3e5)
    made = lessened(asked, steps)
    cells = [step[2] for step in made if step[0] == DRIVE]
    assert cells == [column for _, column in ALONG[1:]]
    assert made[-1][3] == steps[-1][3]
    waits = [(before, step) for before, step in itertools.pairwise(made) if step[0] == WAITING]
    assert [step[2] for _, step in waits] == [1]


def test_a_way_around_by_the_sun_stays_where_the_charge_does_not_last_otherwise():
    sun = np.zeros((NY, NX))
    sun[2, 3] = 400.0
    asked = problem(sun)
    around = [(0, 0), (1, 1), (2, 2), (2, 3), (1, 4), (0, 5), (0, 6)]
    waits = {(2, 3): 1800.0}
    enough = asked.policy.need(0.0, 0, 0) + 1000.0
    steps = steps_over(asked, around, enough, waits)
    made = lessened(asked, steps)
    assert [step[2] for step in made if step[0] == DRIVE] == [step[2] for step in steps if step[0] == DRIVE]
    # a full battery waits anywhere
    rich = lessened(asked, steps_over(asked, around, CAPACITY_J, waits))
    assert [step[2] for step in rich if step[0] == DRIVE] == [column for _, column in ALONG[1:]]


def test_what_is_driven_with_the_earth_in_view_is_not_moved_out_of_it():
    earth = np.ones((36, NY, NX), bool)
    earth[:, 0, 2:4] = False
    asked = problem(west(7), Task(earth_to_drive=True), earth)
    around = [(0, 0), (0, 1), (1, 2), (2, 3), (1, 4), (0, 5), (0, 6)]
    made = lessened(asked, steps_over(asked, around, 3e5))
    assert not {2, 3} & {step[2] for step in made}


def test_a_plan_that_drives_no_more_than_it_must_is_the_same():
    asked = problem(west())
    made = lessened(asked, steps_over(asked, ALONG, 3e5))
    assert [step[:4] for step in made] == [step[:4] for step in steps_over(asked, ALONG, 3e5)]
    # and so is one that cannot be begun
    poor = steps_over(asked, [(0, 0), (1, 0), (0, 0), *ALONG[1:]], 10.0)
    assert lessened(asked, poor) == poor


def driven_j(plan, moves, policy):
    total = 0.0
    for before, after in itertools.pairwise(plan.waypoints):
        if after.activity == DRIVE:
            (i, j), (p, q) = policy.grid.cell(before.x_m, before.y_m), policy.grid.cell(after.x_m, after.y_m)
            move = STEPS.index((p - i, q - j))
            total += float((moves.power_w[move, i, j] - moves.parked_w) * moves.time_s[move, i, j])
    return total


@pytest.mark.property
@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([Objective.LEAST_TIME, Objective.MOST_MARGIN]))
def test_less_is_driven_at_the_same_cost(seed, objective):
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng, 4, 5)
    policy = policy_of(site, moves, light)
    visits = [Visit(5.0 * rng.integers(5), 5.0 * rng.integers(4), 200.0, 30.0) for _ in range(2)]
    place = site.place(int(rng.integers(4)), int(rng.integers(5)))
    asked = (policy, moves, place, 1000.0, float(rng.uniform(1e4, 2e5)), visits, SortieConfig(margin_wh=0.0))
    plan = plan_sortie(*asked, None, Task(objective))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "with_less_driving", lambda steps, *_: steps)
        found = plan_sortie(*asked, None, Task(objective))
    assert plan.feasible == found.feasible
    if plan.feasible:
        assert plan.cost == pytest.approx(found.cost)
        assert driven_j(plan, moves, policy) <= driven_j(found, moves, policy) + 1e-6
        assert plan.margin_j >= -1.0
