# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sorties that cannot be: which target and constraint fail, and what would do."""

import dataclasses
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_lane import EXACT, lane
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S

from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.sortie.plan import Task, Visit, plan_sortie
from lupex_path_planning.way_back.recovery import recovery_policy


@pytest.mark.parametrize(
    ("place", "energy", "visits", "config", "says"),
    [
        ((500.0, 0.0), 3e5, [], EXACT, "outside"),
        ((0.0, 0.0), math.nan, [], EXACT, "not known"),
        ((0.0, 0.0), 500.0, [], EXACT, "way back alone needs"),
        ((0.0, 5.0), 3e5, [], EXACT, "no way back to sunlight is proven"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 0, 0), Visit(900, 0, 0, 0)], EXACT, "target 2 lies outside"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, -1, 0)], EXACT, "target 1: place, stay and load"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 0, 0), Visit(20, 5, 0, 0)], EXACT, "target 2: no way leads there"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 1e5, 0)], EXACT, "h at least and the plan looks"),
        ((0.0, 0.0), 3e5, [Visit(20, 0, 9000, 120)], EXACT, "even a full battery does not suffice; a stay of 1."),
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


def told(policy, moves, energy, visits, task, start=(0.0, 0.0), **more):
    plan = plan_sortie(policy, moves, start, 0.0, energy, visits, EXACT, None, task, **more)
    assert not plan.feasible
    return plan.explanation


def number_before(text, unit):
    return float(text.split(unit)[0].split()[-1])


def test_what_is_told_to_make_a_plan_possible_does_and_a_little_less_does_not():
    policy, moves = lane(slices=18)
    visits = [Visit(20, 0, 2400, 50)]
    text = told(policy, moves, 2e5, visits, Task(), (20.0, 0.0))
    enough_j = number_before(text.replace("charge is short; ", ""), " Wh at the start") * 3600.0

    def possible(energy):
        return plan_sortie(policy, moves, (20.0, 0.0), 0.0, energy, visits, EXACT).feasible

    assert possible(enough_j + 1800.0)
    assert not possible(enough_j - EXACT.answer_wh * 3600.0 - 1800.0)


def test_a_deadline_that_is_too_early_is_named_with_the_hours_that_it_lacks():
    policy, moves = lane()
    visits = [Visit(20, 0, 600, 30)]
    text = told(policy, moves, 3e5, visits, Task(deadline_s=900.0))
    assert text.startswith("target 1: the deadline is too early; ")
    lacks_s = number_before(text, " h more would do") * 3600.0
    assert plan_sortie(
        policy, moves, (0.0, 0.0), 0.0, 3e5, visits, EXACT, None, Task(deadline_s=900.0 + lacks_s + 360.0)
    ).feasible
    assert "the deadline is not a number" in told(policy, moves, 3e5, visits, Task(deadline_s=math.nan))


def dawn():
    """Return a lane whose first cell is dark in the middle of the day."""
    policy, moves = lane()
    sun = policy.light.least_w.copy()
    sun[1:12] = 0.0
    light = LightSlices(0.0, SLICE_S, sun, sun, sun)
    config = dataclasses.replace(CONFIG, horizon_s=policy.count * SLICE_S)
    return recovery_policy(policy.grid, moves, light, config, RESERVE_J, CAPACITY_J), moves


def test_a_later_start_with_the_same_charge_is_found_by_trying():
    policy, moves = dawn()
    visits = [Visit(20, 0, 900, 30)]
    energy = policy.need(0.0, 0, 0) + 2_000.0
    text = told(policy, moves, energy, visits, Task(deadline_s=14 * SLICE_S))
    start_h = number_before(text, " h later with the same charge")
    start_s = start_h * 3600.0 + 180.0
    assert policy.need(start_s, 0, 0) <= energy
    later = plan_sortie(policy, moves, (0.0, 0.0), start_s, energy, visits, EXACT)
    assert later.feasible


def test_a_nearer_haven_is_found_by_solving_with_it():
    policy, moves = lane(length=8)
    asked = []

    def with_haven(cell):
        asked.append(cell)
        sun = policy.light.least_w.copy()
        sun[:, cell[0], cell[1]] = 300.0
        light = LightSlices(0.0, SLICE_S, sun, sun, sun)
        config = dataclasses.replace(CONFIG, horizon_s=policy.count * SLICE_S)
        return recovery_policy(policy.grid, moves, light, config, RESERVE_J, CAPACITY_J)

    visits = [Visit(35, 0, 5400, 100)]
    text = told(policy, moves, 3e5, visits, Task(), with_haven=with_haven)
    assert "a haven" in text
    assert number_before(text, " m from there") == pytest.approx(5.0 * (7 - asked[-1][1]))
    found = plan_sortie(with_haven(asked[-1]), moves, (0.0, 0.0), 0.0, 3e5, visits, EXACT)
    assert found.feasible


def test_of_targets_in_any_order_the_one_that_fails_alone_is_named():
    policy, moves = lane()
    visits = [Visit(10, 0, 60, 0), Visit(20, 0, 9000, 120)]
    assert told(policy, moves, 3e5, visits, Task(ordered=False)).startswith("target 2: ")
    both = [Visit(20, 0, 3000, 60), Visit(25, 0, 3000, 60)]
    text = told(policy, moves, 3e5, both, Task(ordered=False, deadline_s=9000.0))
    assert text.startswith("all 2 targets together: ")
    many = [Visit(5, 0, 0, 0)] * 9
    assert "more than 8" in told(policy, moves, 3e5, many, Task(ordered=False))


def test_ground_too_steep_to_plan_over_is_named():
    policy, moves = lane()
    closed = policy.grid.passable.copy()
    closed[0, 4] = False
    policy = dataclasses.replace(policy, grid=dataclasses.replace(policy.grid, passable=closed))
    steep = plan_sortie(policy, moves, (0.0, 0.0), 0.0, 3e5, [Visit(20, 0, 0, 0)], EXACT)
    assert "target 1 lies on ground steeper" in steep.explanation
    stands = plan_sortie(policy, moves, (20.0, 0.0), 0.0, 3e5, [], EXACT)
    assert "stands on ground steeper" in stands.explanation


def test_who_gives_up_says_what_would_do_if_that_is_known():
    policy, moves = lane(slices=40)
    poor = policy.need(0.0, 0, 4) + 10_000.0
    answered = dataclasses.replace(EXACT, labels_max=12, labels_easy=12, labels_answer=40_000)
    visits = [Visit(20.0, 0.0, 600.0, 30.0), Visit(25.0, 0.0, 600.0, 30.0)]
    plan = plan_sortie(policy, moves, (0.0, 0.0), 0.0, poor, visits, answered)
    assert not plan.proven
    assert plan.explanation.endswith("a full battery would do")
    unanswered = dataclasses.replace(answered, labels_answer=12)
    asked = (policy, moves, (0.0, 0.0), 0.0, poor, visits, unanswered)
    assert plan_sortie(*asked).explanation.endswith("more charge or fewer targets may do")
