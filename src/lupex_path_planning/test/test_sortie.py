# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sorties: earliest against exhaustive search, clock and battery on the same seconds, refusals that explain."""

import dataclasses
import heapq
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, drawn, grid, policy_of, random_site, sun_at

from lupex_path_planning.config import SortieConfig
from lupex_path_planning.label_search import draw
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.recovery import recovery_policy
from lupex_path_planning.site_grid import STEPS, Moves
from lupex_path_planning.sortie import DRIVE, RECHARGE, SERVING, WAITING, Visit, plan_sortie

EXACT = SortieConfig(margin_wh=0.0, energy_tolerance_wh=0.0, time_tolerance_s=0.0, credit_waiting=False)
UNIT_S = 50.0


def earliest(policy, moves, start, t, energy, visits):
    """Return the earliest arrival by enumerating all (stage, cell, time), each with its greatest energy."""
    light, ny, nx = policy.light, *policy.grid.shape
    own = np.arange(ny * nx).reshape(ny, nx)
    best = {(t, 0, *start): energy}
    open_ = [(t, 0, *start)]
    while open_:
        key = heapq.heappop(open_)
        now, stage, i, j = key
        e = best[key]
        if stage == len(visits) and policy.haven[light.index(now), i, j] == own[i, j] and e >= policy.need(now, i, j):
            return now
        nexts = []
        sun = lambda k, i=i, j=j: sun_at(light, k, i, j)  # noqa: E731
        if stage < len(visits) and policy.grid.cell(visits[stage].x_m, visits[stage].y_m) == (i, j):
            visit = visits[stage]
            left, _ = drawn(e, now, visit.service_s, moves.parked_w + visit.service_w, sun, moves, light)
            nexts.append(((now + visit.service_s, stage + 1, i, j), left))
        for move, (di, dj) in enumerate(STEPS):
            seconds = moves.time_s[move, i, j]
            if math.isfinite(seconds):
                p, q = i + di, j + dj
                half, _ = drawn(e, now, 0.5 * seconds, moves.power_w[move, i, j], sun, moves, light)
                there = lambda k, p=p, q=q: sun_at(light, k, p, q)  # noqa: E731
                left, _ = drawn(
                    half, now + 0.5 * seconds, 0.5 * seconds, moves.power_w[move, i, j], there, moves, light
                )
                nexts.append(((now + seconds, stage, p, q), left))
        # any wait, in units of time
        nexts.append(((now + UNIT_S, stage, i, j), drawn(e, now, UNIT_S, moves.parked_w, sun, moves, light)[0]))
        until = light.start_s + (light.index(now) + 1) * light.slice_s
        left, _ = drawn(e, now, until - now, moves.parked_w, sun, moves, light)
        nexts.append(((until, stage, i, j), left))
        for after, left in nexts:
            if left >= policy.need(after[0], *after[2:]) and left > best.get(after, -math.inf):
                if after not in best:
                    heapq.heappush(open_, after)
                best[after] = left
    return None


def in_units(moves):
    """Round the moves to whole units of time, so that the exhaustive search has finitely many times."""
    return dataclasses.replace(moves, time_s=np.ceil(moves.time_s / UNIT_S) * UNIT_S)


def random_task(seed, *, steady):
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng, 3, 3)
    if steady:
        sun = np.broadcast_to(light.least_w[8], light.least_w.shape).copy()
        light = LightSlices(light.start_s, light.slice_s, sun, sun, sun)
    moves = in_units(moves)
    policy = policy_of(site, moves, light)
    start = (int(rng.integers(3)), int(rng.integers(3)))
    # work without length: the enumeration looks at its ends alone
    visits = [Visit(5.0 * rng.integers(3), 5.0 * rng.integers(3), 0.0, 0.0) for _ in range(int(rng.integers(1, 3)))]
    energy = float(rng.uniform(3e5, 8e5) if steady else rng.uniform(RESERVE_J, 60_000.0))
    t = 1000.0 + UNIT_S * int(rng.integers(0, 20))
    plan = plan_sortie(policy, moves, site.place(*start), t, energy, visits, EXACT)
    expected = earliest(policy, moves, start, t, energy, visits) if energy >= policy.need(t, *start) else None
    return plan, expected


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_in_steady_light_and_with_charge_enough_the_plan_is_as_early_as_exhaustive_search_finds(seed):
    plan, expected = random_task(seed, steady=True)
    assert plan.feasible == (expected is not None)
    if plan.feasible:
        assert plan.waypoints[-2].time_s == expected


def test_in_changing_light_each_plan_found_is_possible_and_few_are_missed():
    possible = missed = 0
    for seed in range(40):
        plan, expected = random_task(seed, steady=False)
        possible += expected is not None
        missed += expected is not None and not plan.feasible
        if plan.feasible:
            assert expected is not None
            assert plan.waypoints[-2].time_s >= expected - UNIT_S
    assert possible >= 10
    assert missed <= 0.1 * possible


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_clock_and_battery_pay_for_the_same_seconds_and_the_need_is_kept(seed):
    rng = np.random.default_rng(seed)
    site, moves, light = random_site(rng, 3, 4)
    policy = policy_of(site, moves, light)
    visit = Visit(5.0 * rng.integers(4), 5.0 * rng.integers(3), float(rng.uniform(0, 900)), float(rng.uniform(0, 50)))
    plan = plan_sortie(policy, moves, (5.0, 5.0), 1010.0, 2.0e5, [visit], EXACT)
    for before, after in zip(plan.waypoints, plan.waypoints[1:], strict=False):
        seconds = after.time_s - before.time_s
        i, j = policy.grid.cell(after.x_m, after.y_m)
        sun = lambda k, i=i, j=j: sun_at(light, k, i, j)  # noqa: E731
        if after.activity == DRIVE:
            a, b = policy.grid.cell(before.x_m, before.y_m)
            move = STEPS.index((i - a, j - b))
            assert seconds == pytest.approx(moves.time_s[move, a, b])
            load = moves.power_w[move, a, b]
            at_first = lambda k, a=a, b=b: sun_at(light, k, a, b)  # noqa: E731
            half, _ = drawn(before.energy_j, before.time_s, 0.5 * seconds, load, at_first, moves, light)
            expected, _ = drawn(half, before.time_s + 0.5 * seconds, 0.5 * seconds, load, sun, moves, light)
        else:
            load = moves.parked_w + (visit.service_w if after.activity == SERVING else 0.0)
            expected, _ = drawn(before.energy_j, before.time_s, seconds, load, sun, moves, light)
        assert after.energy_j == pytest.approx(expected, abs=1e-3)
        if after.activity != RECHARGE:
            assert after.energy_j >= policy.need(after.time_s, i, j)


def lane(length=6, slices=40, lit=1):
    """Return cells in a row with moves both ways; the first `lit` cells see the Sun."""
    site = grid(2, length)
    time_s = np.full((8, 2, length), np.inf)
    time_s[0, 0, :-1] = time_s[4, 0, 1:] = 100.0
    moves = Moves(time_s, np.full((8, 2, length), 100.0), 50.0, 1.0, 1.0, 400.0)
    sun = np.zeros((slices, 2, length), np.float32)
    sun[:, 0, :lit] = 150.0
    config = dataclasses.replace(CONFIG, horizon_s=(slices - 4) * SLICE_S)
    light = LightSlices(0.0, SLICE_S, sun, sun, sun)
    return recovery_policy(site, moves, light, config, RESERVE_J, CAPACITY_J), moves


def test_a_sortie_drives_works_returns_and_recharges():
    policy, moves = lane()
    plan = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3.0e5, [Visit(20.0, 0.0, 600.0, 30.0)], EXACT)
    assert plan.feasible
    assert [w.activity for w in plan.waypoints] == [WAITING, *[DRIVE] * 4, SERVING, *[DRIVE] * 4, RECHARGE]
    assert plan.waypoints[5].target == 0
    assert plan.waypoints[5].time_s == 400.0 + 600.0
    # the battery pays 100 W on the way beside what the first cell's sun gives half of the first and last move
    assert plan.waypoints[-1].energy_j > plan.waypoints[-2].energy_j


def test_with_too_little_charge_it_recharges_first():
    policy, moves = lane()
    poor = policy.need(0.0, 0, 4) + 10_000.0
    visits = [Visit(20.0, 0.0, 600.0, 30.0)]
    plan = plan_sortie(policy, moves, (0.0, 0.0), 0.0, poor, visits, EXACT)
    assert plan.feasible
    assert plan.waypoints[1].activity == WAITING
    assert plan.waypoints[1].energy_j > poor


def test_the_end_preferred_is_taken_while_it_is_a_haven():
    policy, moves = lane(lit=3)
    far = np.zeros(policy.grid.shape, bool)
    far[0, 0] = True
    visits = [Visit(20.0, 0.0, 0.0, 0.0)]
    near = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3.0e5, visits, EXACT)
    named = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3.0e5, visits, EXACT, far)
    none = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3.0e5, visits, EXACT, np.zeros_like(far))
    assert (near.waypoints[-1].x_m, named.waypoints[-1].x_m, none.waypoints[-1].x_m) == (10.0, 0.0, 10.0)


@pytest.mark.parametrize(
    ("place", "energy", "visits", "config", "says"),
    [
        ((500.0, 0.0), 3e5, [], EXACT, "outside"),
        ((0.0, 0.0), math.nan, [], EXACT, "not known"),
        ((0.0, 0.0), 500.0, [], EXACT, "way back alone needs"),
        ((0.0, 5.0), 3e5, [], EXACT, "no way back to sunlight is proven"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 0, 0), Visit(900, 0, 0, 0)], EXACT, "target 1 lies outside"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, -1, 0)], EXACT, "target 0: place, stay and load"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 0, 0), Visit(20, 5, 0, 0)], EXACT, "target 1: no way leads there"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 1e5, 0)], EXACT, "h at least and the plan looks"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 9000, 120)], EXACT, "even a full battery does not suffice"),
        ((20.0, 0.0), 2e5, [Visit(20, 0, 2400, 50)], EXACT, "Wh at the start would do instead of 56 Wh"),
    ],
)
def test_the_impossible_is_explained(place, energy, visits, config, says):
    policy, moves = lane(slices=40)
    if "instead" in says:
        # the plan ends before the rover could drive to the sun, recharge and come back
        policy, moves = lane(slices=18)
    plan = plan_sortie(policy, moves, place, 0.0, energy, visits, config)
    assert not plan.feasible
    assert says in plan.explanation
    assert plan.waypoints == ()


def test_ground_too_steep_to_plan_over_is_named():
    policy, moves = lane()
    closed = policy.grid.passable.copy()
    closed[0, 4] = False
    policy = dataclasses.replace(policy, grid=dataclasses.replace(policy.grid, passable=closed))
    steep = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3e5, [Visit(20, 0, 0, 0)], EXACT)
    assert "target 0 lies on ground steeper" in steep.explanation
    stands = plan_sortie(policy, moves, (20.0, 0.0), 0.0, 3e5, [], EXACT)
    assert "stands on ground steeper" in stands.explanation


def test_a_search_that_reaches_its_limit_says_so():
    policy, moves = lane()
    limit = dataclasses.replace(EXACT, labels_max=3)
    plan = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3e5, [Visit(20, 0, 0, 0)], limit)
    assert "3 labels" in plan.explanation


@pytest.mark.property
@given(st.floats(0, 1e6), st.floats(0, 4000), st.floats(0, 5000), st.floats(0, 300))
def test_drawing_in_two_parts_is_drawing_in_one(energy, first, second, load):
    sun = np.array([0.0, 200.0, 50.0] * 12, np.float64).reshape(-1, 1, 1)
    rates = np.array([0.0, SLICE_S, 1.1, 0.9, 400.0, CAPACITY_J])
    half, low_first = draw(energy, 0.0, first, load, 0, 0, sun, rates)
    parts, low_second = draw(half, first, second, load, 0, 0, sun, rates)
    whole, lowest = draw(energy, 0.0, first + second, load, 0, 0, sun, rates)
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-3)
    assert min(low_first, low_second) == pytest.approx(lowest, rel=1e-9, abs=1e-3)
