# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the picture of a plan is made from: charge over time, the moment to turn back, key moments, the ground."""

import itertools
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flat_site import UTC_S, flat_planner, flat_site
from small_site import grid

from lupex_models.site import open_site, write_site
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import Moves
from lupex_path_planning.sortie.plan import DRIVE, RECHARGE, SERVING, WAITING, Sortie, Visit, Waypoint
from lupex_path_planning.sortie.plan_map import plan_map
from lupex_path_planning.sortie.profile import charge_profile, key_moments, overrun

START_S = 1234.0
VISITS = [Visit(80.0, 0.0, 5400.0, 80.0)]


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    """Plan over a flat site, lit in the west and dark in the east for ever."""
    directory = tmp_path_factory.mktemp("site")
    write_site(directory, flat_site())
    return flat_planner(open_site(directory), 43_200.0)


@pytest.fixture(scope="module")
def policy(planner):
    return planner.recover(START_S, UTC_S - 1000.0)


@pytest.fixture(scope="module")
def sortie(planner, policy):
    made = planner.plan(policy, (0.0, 0.0), START_S, 1300.0 * 3600.0, VISITS)
    assert made.feasible
    return made


def test_the_profile_holds_each_waypoint_and_the_slices_of_each_stay(planner, policy, sortie):
    profile = charge_profile(policy, planner.expected, sortie, VISITS)
    assert (np.diff(profile.time_s) >= 0.0).all()
    rows = set(zip(profile.time_s, profile.energy_j, profile.required_j, strict=True))
    assert all((point.time_s, point.energy_j, point.required_j) in rows for point in sortie.waypoints)
    assert np.diff(profile.time_s).max() <= policy.light.slice_s + 1e-6
    assert (profile.energy_j > profile.required_j).all()


def test_in_the_dark_the_charge_falls_by_the_load_of_the_work(planner, policy, sortie):
    profile = charge_profile(policy, planner.expected, sortie, VISITS)
    at = next(i for i, point in enumerate(sortie.waypoints) if point.activity == SERVING)
    begin, end = sortie.waypoints[at - 1], sortie.waypoints[at]
    within = (profile.time_s > begin.time_s) & (profile.time_s < end.time_s)
    assert within.sum() >= 5
    drawn_w = (planner.expected.parked_w + VISITS[0].service_w) * planner.expected.discharge
    expected = begin.energy_j - drawn_w * (profile.time_s[within] - begin.time_s)
    np.testing.assert_allclose(profile.energy_j[within], expected, rtol=1e-9)
    row, column = policy.grid.cell(80.0, 0.0)
    needs = [policy.need(time_s, row, column) for time_s in profile.time_s[within]]
    np.testing.assert_array_equal(profile.required_j[within], needs)


def test_the_turn_back_moment_is_the_last_at_which_the_charge_suffices(planner, policy, sortie):
    longer = overrun(policy, planner.expected, sortie, VISITS)
    last_work = [point for point in sortie.waypoints if point.activity == SERVING][-1]
    assert (longer.time_s[0], longer.energy_j[0]) == (last_work.time_s, last_work.energy_j)
    assert (longer.energy_j >= longer.required_j - 1e-6).all()
    end_s = longer.time_s[-1]
    assert last_work.time_s < end_s < policy.end_s
    assert longer.energy_j[-1] == pytest.approx(longer.required_j[-1])
    row, column = policy.grid.cell(80.0, 0.0)
    drawn_w = (planner.expected.parked_w + VISITS[0].service_w) * planner.expected.discharge
    for seconds, enough in ((-1.0, True), (1.0, False)):
        left = last_work.energy_j - drawn_w * (end_s + seconds - last_work.time_s)
        at_slice_end = policy.light.start_s + (policy.light.index(end_s) + 1) * policy.light.slice_s - 1e-3
        assert (left >= policy.need(at_slice_end, row, column)) == enough


def test_in_the_sun_the_work_may_go_on_to_the_end_of_the_horizon(planner, policy):
    lit = [Visit(-40.0, 0.0, 600.0, 20.0)]
    made = planner.plan(policy, (0.0, 0.0), START_S, 1300.0 * 3600.0, lit)
    longer = overrun(policy, planner.expected, made, lit)
    assert longer.time_s[-1] == pytest.approx(policy.end_s)
    # the last need of all may be a little above what the field says of one cell: it never falls below
    assert longer.energy_j[-1] > longer.required_j[-1]


def test_a_need_that_rises_with_the_next_slice_ends_the_work_as_that_begins():
    dark = np.zeros((4, 1, 1), np.float32)
    light = LightSlices(0.0, 100.0, dark, dark, dark)
    needs = [100.0, 100.0, math.inf, math.inf]
    field = SimpleNamespace(
        light=light,
        grid=grid(1, 1),
        end_s=400.0,
        capacity_j=1e6,
        need=lambda time_s, row, column: needs[light.index(time_s)],
    )
    pace = Moves(np.full((8, 1, 1), np.inf), np.zeros((8, 1, 1)), 1.0, 1.0, 1.0, 10.0)
    made = Sortie(True, "", (Waypoint(SERVING, 0, 0.0, 0.0, 50.0, 5000.0, 100.0, 0.0),), 1)
    longer = overrun(field, pace, made, [Visit(0.0, 0.0, 10.0, 1.0)])
    assert longer.time_s.tolist() == [50.0, 100.0, 100.0, 200.0, 200.0]  # a step of the need has both its sides
    assert longer.energy_j[-1] == pytest.approx(5000.0 - 2.0 * 150.0)
    assert np.isfinite(longer.required_j).all()


def test_without_work_there_is_no_moment_to_turn_back(planner, policy):
    assert overrun(policy, planner.expected, Sortie(False, "", (), 0), []) is None
    home = planner.plan(policy, (80.0, 0.0), START_S, 1300.0 * 3600.0, [])
    assert home.feasible
    assert overrun(policy, planner.expected, home, []) is None


def test_recharging_beyond_the_field_keeps_the_need_of_arrival():
    bright = np.full((6, 1, 1), 200.0, np.float32)
    light = LightSlices(0.0, 100.0, bright, bright, bright)
    field = SimpleNamespace(
        light=light,
        grid=grid(1, 1),
        capacity_j=1e6,
        need=lambda time_s, row, column: 700.0 if time_s < 200.0 else math.inf,
    )
    pace = Moves(np.full((8, 1, 1), np.inf), np.zeros((8, 1, 1)), 50.0, 1.0, 1.0, 400.0)
    points = (
        Waypoint(DRIVE, -1, 0.0, 0.0, 120.0, 1000.0, 800.0, 1.0),
        Waypoint(RECHARGE, -1, 0.0, 0.0, 450.0, 1000.0 + 150.0 * 330.0, 800.0, 1.0),
    )
    profile = charge_profile(field, pace, Sortie(True, "", points, 2), [])
    assert profile.time_s.tolist() == [120.0, 200.0, 300.0, 400.0, 450.0]
    assert profile.required_j.tolist() == [800.0] * 5
    np.testing.assert_allclose(profile.energy_j, 1000.0 + 150.0 * (profile.time_s - 120.0))


def plan_of(*stays_s):
    """Drive 10 s to each target and home again, with stays of the given lengths."""
    points, at = [Waypoint(WAITING, -1, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0)], 0.0
    for number, stay_s in enumerate(stays_s):
        at += 10.0
        points.append(Waypoint(DRIVE, -1, 0.0, 0.0, at, 1.0, 0.0, 1.0))
        at += stay_s
        points.append(Waypoint(SERVING, number, 0.0, 0.0, at, 1.0, 0.0, 1.0))
    points.append(Waypoint(DRIVE, -1, 0.0, 0.0, at + 10.0, 1.0, 0.0, 1.0))
    points.append(Waypoint(RECHARGE, -1, 0.0, 0.0, at + 500.0, 1.0, 0.0, 1.0))
    return Sortie(True, "", tuple(points), 0)


def test_key_moments_are_start_work_and_home():
    assert key_moments(plan_of(100.0)) == (0.0, 10.0, 110.0, 120.0)
    assert key_moments(plan_of(100.0, 200.0)) == (0.0, 10.0, 110.0, 120.0, 320.0, 330.0)
    # no time passes between begin and end of a stay of no length
    assert key_moments(plan_of(0.0)) == (0.0, 10.0, 20.0)
    assert key_moments(Sortie(False, "", (), 0)) == ()
    stays = (Waypoint(WAITING, -1, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0), Waypoint(RECHARGE, -1, 0.0, 0.0, 9.0, 1.0, 0.0, 1.0))
    assert key_moments(Sortie(True, "", stays, 0)) == (0.0, 9.0)


def test_of_too_many_moments_those_of_the_longest_work_are_kept():
    three = key_moments(plan_of(100.0, 300.0, 200.0))
    assert three == (0.0, 110.0, 120.0, 420.0, 630.0, 640.0)
    six = key_moments(plan_of(10.0, 60.0, 50.0, 40.0, 20.0, 30.0))
    assert len(six) == 6
    ends = list(itertools.accumulate(10.0 + stay for stay in (10.0, 60.0, 50.0, 40.0, 20.0, 30.0)))
    assert six[1:-1] == (ends[1], ends[2], ends[3], ends[5])
    assert len(key_moments(plan_of(1.0, 2.0), most=2)) == 2


def test_the_map_holds_ground_and_light_of_each_key_moment(planner, policy, sortie):
    ground = plan_map(planner.site, policy, sortie, VISITS, (0.0, 0.0, START_S))
    moments = key_moments(sortie)
    assert list(ground.layers)[2:] == [f"sunlit_{moment:.0f}" for moment in moments]
    ny, nx = ground.layers["elevation"].shape
    assert {values.shape for values in ground.layers.values()} == {(ny, nx)}
    x = ground.x0_m + ground.cell_m * np.arange(nx)
    assert x[0] <= -10.0
    assert x[-1] >= 80.0
    np.testing.assert_array_equal(ground.layers[f"sunlit_{START_S:.0f}"][0], x <= 30.0)
    np.testing.assert_array_equal(ground.layers["permanent_shadow"][0], x >= 40.0)


def test_where_permanent_shadow_is_unknown_it_is_no_number(planner, policy, sortie):
    site = replace(planner.site, permanent_shadow=None)
    ground = plan_map(site, policy, sortie, VISITS, (0.0, 0.0, START_S))
    assert np.isnan(ground.layers["permanent_shadow"]).all()


def test_the_map_of_no_plan_shows_the_light_at_the_start_and_what_was_asked_for(planner, policy):
    none = Sortie(False, "why", (), 0)
    ground = plan_map(planner.site, policy, none, VISITS, (0.0, 0.0, START_S))
    assert [name for name in ground.layers if name.startswith("sunlit")] == [f"sunlit_{START_S:.0f}"]
    far = plan_map(planner.site, policy, none, [Visit(9000.0, 9000.0, 1.0, 1.0)], (0.0, 0.0, START_S))
    assert min(far.layers["elevation"].shape) >= 2
