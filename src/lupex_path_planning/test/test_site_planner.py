# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From a site on disk to field, sortie and site map, and kernels that are ready beforehand."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flat_site import ROVER, UTC_S, flat_planner, flat_site

from lupex_models.costmap import Costmap
from lupex_models.light import Light
from lupex_models.site import open_site, write_site
from lupex_path_planning import cost_field
from lupex_path_planning.light_slices import earth_slices
from lupex_path_planning.near_field import closed_moves, local_search, passages
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.site_grid import touching
from lupex_path_planning.site_planner import warm_up
from lupex_path_planning.sortie import bounds, charge_front, fields, label_search, less_driving, openings
from lupex_path_planning.sortie.plan import Task, Visit
from lupex_path_planning.way_back import sweeps


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    """Plan over a flat site, lit in the west and dark in the east for ever."""
    directory = tmp_path_factory.mktemp("site")
    write_site(directory, flat_site())
    return flat_planner(open_site(directory), 21_600.0)


def test_field_and_sortie_come_from_the_site(planner):
    policy = planner.recover(1234.0, UTC_S - 1000.0)
    assert policy.start_s == 900.0
    lit, dark = (policy.need(1234.0, *policy.grid.cell(x, 0.0)) for x in (0.0, 80.0))
    above_j = lit - ROVER.battery.reserve_fraction * ROVER.battery.capacity_wh * 3600.0
    # in the haven one stop is paid for, with the losses of the battery
    stop_j = 1800.0 * 1.08 * (ROVER.loads.avionics_w + ROVER.loads.heater_w)
    assert stop_j < above_j < 1.25 * stop_j
    assert dark > lit
    plan = planner.plan(policy, (0.0, 0.0), 1234.0, 1500.0 * 3600.0, [Visit(80.0, 0.0, 600.0, 80.0)])
    assert plan.feasible
    # back in the haven that the site names, though a nearer place is lit
    assert math.hypot(plan.waypoints[-1].x_m, plan.waypoints[-1].y_m) <= 10.0


def test_a_site_without_named_havens_in_reach_ends_in_any(planner):
    bare = replace(planner, site=replace(planner.site, havens=()))
    policy = bare.recover(1234.0, UTC_S - 1000.0)
    plan = bare.plan(policy, (0.0, 0.0), 1234.0, 1500.0 * 3600.0, [Visit(80.0, 0.0, 600.0, 80.0)])
    assert plan.feasible
    assert plan.waypoints[-1].x_m > 10.0


def test_the_site_map_shows_ground_light_and_permanent_shadow(planner):
    layers, x0, y0 = planner.site_layers(UTC_S, 200.0)
    shape = layers["elevation"].shape
    assert {values.shape for values in layers.values()} == {shape}
    assert (x0, y0) == (-100.0, -100.0)
    assert layers["sunlit_fraction"][0, 0] == 1.0
    assert layers["sunlit_fraction"][0, -1] == 0.0
    assert layers["permanent_shadow"][0, -1] == 1.0
    unknown = replace(planner, site=replace(planner.site, permanent_shadow=None))
    assert np.isnan(unknown.site_layers(UTC_S, 200.0)[0]["permanent_shadow"]).all()


def test_after_the_warm_up_nothing_is_compiled_any_more(planner):
    warm_up(planner)
    kernels = [
        label_search.search,
        charge_front._lead,
        cost_field._spread,
        openings._margins,
        bounds._least_ends,
        fields._any_haven,
        sweeps.after_stop,
        sweeps.before_stop,
        sweeps.choose,
        local_search.spread,
        passages.open_moves,
        passages.shut_moves,
        less_driving._sail,
    ]
    ready = [len(kernel.signatures) for kernel in kernels]
    policy = planner.recover(1234.0, UTC_S - 1000.0)
    planner.plan(policy, (0.0, 0.0), 1234.0, 1500.0 * 3600.0, [Visit(80.0, 0.0, 600.0, 80.0)])
    seen = Costmap(0.0, np.frombuffer(bytes(240 * 240), np.int8).reshape(240, 240), -24.0, -24.0, 0.2)
    asked = np.ones((8, *planner.grid.shape), bool)
    room = closed_moves.Room(0.83, 0.2, 0.5)
    closed_moves.look(planner.grid, seen, Planar(0.0, 0.0, 0.0), (0.0, 0.0), room, asked)
    assert [len(kernel.signatures) for kernel in kernels] == ready


def test_work_is_only_planned_with_the_earth_in_view_where_it_is_asked(planner):
    policy = planner.recover(1234.0, UTC_S - 1000.0)
    seen = earth_slices(planner.grid, Light(planner.site.frame, planner.site.horizon), policy.light, UTC_S - 1000.0, 3)
    assert seen.shape == (3, *planner.grid.shape)
    # in the east the ground rises higher than the Earth ever does
    assert not seen[:, :, -1].any()
    asked = (policy, (0.0, 0.0), 1234.0, 1500.0 * 3600.0, [Visit(80.0, 0.0, 600.0, 80.0)])
    assert planner.plan(*asked).feasible
    hidden = planner.plan(*asked, Task(earth_to_serve=True), utc_offset_s=UTC_S - 1000.0)
    assert not hidden.feasible
    assert "Earth" in hidden.explanation


def test_changed_ground_is_planned_around_from_what_is_known(planner):
    policy = planner.recover(1234.0, UTC_S - 1000.0)
    visits = [Visit(80.0, 0.0, 600.0, 80.0)]
    state = ((0.0, 0.0), 1234.0, 1500.0 * 3600.0, visits)
    before = planner.plan(policy, *state)
    wall = np.zeros(planner.grid.shape, bool)
    row, column = planner.grid.cell(40.0, 0.0)
    wall[row - 4 : row + 5, column] = True
    changed = planner.on_changed_ground(touching(wall))
    changed_policy = changed.recover(1234.0, UTC_S - 1000.0, light=policy.light)
    assert changed_policy.light is policy.light
    again = changed.plan(changed_policy, *state, before=before)
    cells = [changed.grid.cell(point.x_m, point.y_m) for point in again.waypoints]
    assert not any(wall[cell] for cell in cells)
    assert again.cost > before.cost
    assert again.cost == pytest.approx(changed.plan(changed_policy, *state).cost)
    # behind the wall the way back needs more than before, and less nowhere
    needs = [each.needs(1234.0)[~wall] for each in (policy, changed_policy)]
    assert (needs[1] >= needs[0]).all()
    assert (needs[1] > needs[0]).any()


def test_a_cell_that_no_move_leaves_is_closed_and_others_are_not(planner):
    cell = planner.grid.cell(40.0, 0.0)
    closed = np.zeros((8, *planner.grid.shape), bool)
    closed[:, *cell] = True
    closed[0, cell[0] + 5] = True
    changed = planner.on_changed_ground(closed)
    assert not changed.grid.passable[cell]
    assert changed.grid.passable.sum() == planner.grid.passable.sum() - 1
    assert np.isinf(changed.expected.time_s[closed]).all()
    assert (changed.bound.time_s[~closed] == planner.bound.time_s[~closed]).all()


def test_an_impossible_stay_is_answered_with_a_nearer_haven(planner):
    policy = planner.recover(1234.0, UTC_S - 1000.0)
    long = planner.plan(policy, (0.0, 0.0), 1234.0, 1500.0 * 3600.0, [Visit(80.0, 0.0, 6000.0, 2000.0)])
    assert not long.feasible
    assert "target 1" in long.explanation
