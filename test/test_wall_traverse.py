# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Down a wall into the dark in soil that nobody foresaw: who heeds the certificate comes home."""

from pathlib import Path

import pytest

from lupex_models.rover import read_rover
from lupex_system_tests.wall_scene import can_be_planned, scene
from lupex_system_tests.wall_traverse import Rule, traverse

ROVER = read_rover(Path(__file__).parents[1] / "config" / "rover.yaml")
START_WH = 900.0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the scene of a seed."""
    return lambda seed: scene(seed, "harsh", ROVER, tmp_path_factory.mktemp("wall"))


@pytest.mark.parametrize("seed", [3, 8])
def test_a_wall_of_weak_soil_keeps_who_heeds_nothing_and_turns_back_who_heeds_the_certificate(made, seed):
    wall = made(seed)
    assert can_be_planned(wall)
    unheeding = traverse(wall, START_WH, seed, Rule.NOTHING)
    assert not unheeding.home
    heeding = traverse(wall, START_WH, seed, Rule.CERTIFICATE)
    assert heeding.home
    assert heeding.turned_back_at_m is not None
    assert heeding.lowest_wh > 0.0


def test_a_wall_that_can_be_climbed_is_driven_down_and_up(made):
    outcome = traverse(made(5), START_WH, 5, Rule.CERTIFICATE)
    assert outcome.sampled
    assert outcome.home
    assert outcome.lowest_wh > 0.0
