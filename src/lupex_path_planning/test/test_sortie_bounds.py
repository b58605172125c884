# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Bounds of a sortie: fields and their repair, and that no plan is ever quicker, thriftier or sooner than they say."""

import math
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from test_sortie import EXACT, random_task

from lupex_path_planning.site_grid import STEPS
from lupex_path_planning.sortie.bounds import bounds, least_drawn, least_end, visit_rows
from lupex_path_planning.sortie.charge_front import earliest_work
from lupex_path_planning.sortie.fields import sortie_fields, with_homes, with_light
from lupex_path_planning.sortie.openings import openings
from lupex_path_planning.sortie.plan import DRIVE, SERVING, Objective, plan_sortie


def test_rows_are_counts_in_order_and_sets_in_any():
    assert visit_rows(2, ordered=True).tolist() == [[1, -1], [-1, 2], [-1, -1]]
    assert visit_rows(2, ordered=False).tolist() == [[1, 2], [-1, 3], [3, -1], [-1, -1]]
    assert visit_rows(0, ordered=False).shape == (1, 0)


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_plan_is_better_than_the_bounds_say_at_any_of_its_waypoints(seed):
    policy, moves, start, t, energy, visits, task = random_task(seed, Objective.LEAST_TIME)
    plan = plan_sortie(policy, moves, policy.grid.place(*start), t, energy, visits, EXACT, None, task)
    if not plan.feasible:
        return
    cells = tuple(policy.grid.cell(visit.x_m, visit.y_m) for visit in visits)
    next_row = visit_rows(len(visits), ordered=task.ordered)
    fields = sortie_fields(policy, moves, cells)
    opened = openings(fields, policy, visits, start, t, energy, None)
    soonest = earliest_work(policy, moves, cells, visits, next_row, (start, t, energy), math.inf, 0.0, opened)
    now = policy.light.index(t)
    full = with_homes(with_light(fields, now, policy.count), policy, policy.light.index(t) + 2)
    limits = bounds(full, policy, visits, next_row, opened, 0.0, soonest)
    arrived, row, spent = plan.waypoints[-2], 0, 0.0
    states = []
    for before, point in zip((None, *plan.waypoints), plan.waypoints[:-1], strict=False):
        cell = policy.grid.cell(point.x_m, point.y_m)
        if point.activity == SERVING:
            assert opened[point.target, policy.light.index(before.time_s)] >= -2.0
            assert soonest[row, point.target] <= before.time_s + 1e-6
            row = next_row[row, point.target]
        if before is not None:
            load = moves.parked_w + point.service_w
            if point.activity == DRIVE:
                i, j = policy.grid.cell(before.x_m, before.y_m)
                load = moves.power_w[STEPS.index((cell[0] - i, cell[1] - j)), i, j]
            spent += load * (point.time_s - before.time_s)
        states.append((row, cell[0] * policy.grid.shape[1] + cell[1], point, spent))
    for row, at, point, before_j in states:
        end = least_end(limits, row, at, point.time_s, point.energy_j)
        assert end <= arrived.time_s + 1e-6
        assert least_drawn(limits, row, at, point.time_s, end) <= spent - before_j + 1e-3
