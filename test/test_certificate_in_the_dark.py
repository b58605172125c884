# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip that rises in the dark turns the rover back in time; the same ground and seed, unheeded, keep it for ever."""

from pathlib import Path

import pytest

from lupex_models.rover import read_rover
from lupex_system_tests.dark_traverse import (
    TARGET_M,
    Outcome,
    SofteningGround,
    least_start_wh,
    planner_of,
    traverse,
)

ROVER = read_rover(Path(__file__).parents[1] / "config" / "rover.yaml")
GROUNDS = [(1, SofteningGround(16.0, 0.15)), (2, SofteningGround(14.0, 0.2)), (3, SofteningGround(12.0, 0.2))]


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    """Plan over waves of ground that are dark from 30 m on."""
    return planner_of(tmp_path_factory.mktemp("waves"), ROVER)


def run(planner, ground, seed, *, heed) -> Outcome:
    return traverse(planner, least_start_wh(planner), ground, seed, heed=heed)


def test_on_the_ground_that_was_planned_for_nothing_turns_the_rover_back(planner):
    outcome = run(planner, SofteningGround(36.0, 0.018), 1, heed=True)
    assert outcome.turned_back_at_m is None
    assert outcome.sampled
    assert outcome.home
    assert outcome.lowest_wh > 0.0


@pytest.mark.parametrize(("seed", "ground"), GROUNDS)
def test_rising_slip_turns_the_rover_back_in_time(planner, seed, ground):
    outcome = run(planner, ground, seed, heed=True)
    assert outcome.home
    assert outcome.lowest_wh > 0.0
    assert outcome.turned_back_at_m is not None
    assert 30.0 < outcome.turned_back_at_m < TARGET_M


@pytest.mark.parametrize(("seed", "ground"), GROUNDS)
def test_without_the_certificate_the_same_seed_loses_the_rover(planner, seed, ground):
    assert not run(planner, ground, seed, heed=False).home
