# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the map foretells of how the vehicle stands is a bound; `./lupex bench ground/stand` places it 100,000 times."""

import numpy as np
import pytest

from lupex_system_tests.stand_trials import ROUGHNESS, trials
from lupex_traversability.config import StandConfig

SEEDS = range(300, 303)


@pytest.fixture(scope="module")
def found():
    return [trials(seed, k % len(ROUGHNESS), 1500) for k, seed in enumerate(SEEDS)]


def test_no_vehicle_stands_worse_than_the_map_foretold(found):
    assert sum(each.violations for each in found) == 0


def test_the_bound_is_not_far_off(found):
    told = np.concatenate([each.pessimism() for each in found])
    assert len(told) > 1000
    assert np.median(told) <= 1.5


def test_without_what_is_added_for_it_the_bound_would_not_hold():
    bare = StandConfig(rough_share=0.0, step_share=0.0, floor_m=0.0, step_floor_m=0.0)
    assert trials(SEEDS[2], 2, 1500, bare).violations > 0
