# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The tower of strings: cosine, distance, partial shade, dust, heat, pointing."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from energy_draws import PLAIN_ARRAY, ROVER

from lupex_simulator.power.true_array import FaceLight, TrueArray, deck_incidence_rad, evenly
from lupex_worlds.truth.power_truth import ArrayTruth, draw_array

AU_M = 149_597_870_700.0
RATED_W = 400.0 * 0.97
"""config/rover.yaml: 400 W at 1 au, 3 percent degraded."""
LIT = (1.0, 1.0, 1.0)
K_28C = 301.15


def tower(**draw):
    return TrueArray(ROVER.solar_array, PLAIN_ARRAY._replace(**draw))


def watts(made, shares=LIT, incidence_rad=0.0, distance_m=AU_M, panel_k=K_28C, **more):
    return made.power_w(evenly(*shares), incidence_rad, distance_m, panel_k, **more)


def faced(made, *shares):
    return made.power_w(tuple(FaceLight(*column) for column in shares), 0.0, AU_M, K_28C)


def test_a_whole_sun_gives_the_rated_power_by_cosine_and_distance():
    assert watts(tower()) == pytest.approx(RATED_W)
    assert watts(tower(), incidence_rad=math.radians(60.0)) == pytest.approx(0.5 * RATED_W)
    assert watts(tower(), distance_m=AU_M * math.sqrt(2.0)) == pytest.approx(0.5 * RATED_W)
    assert watts(tower(), incidence_rad=2.0) == 0.0
    assert watts(tower(power_factor=0.8)) == pytest.approx(0.8 * RATED_W)


def test_half_the_disc_all_over_is_half_the_power():
    assert watts(tower(), (0.5, 0.5, 0.5)) == pytest.approx(0.5 * RATED_W)
    assert watts(tower(), (0.0, 0.0, 0.0)) == 0.0


def test_a_shadow_edge_across_the_tower_costs_more_than_its_area():
    """Rows from 0 to 1: edges at 0, 1/4, 1/2, 3/4, 1 of the disc; a row gives what its lower edge sees."""
    assert watts(tower(), (0.0, 0.5, 1.0)) == pytest.approx(RATED_W * (0.25 + 0.5 + 0.75) / 4.0)
    assert watts(tower(), (1.0, 0.5, 0.0)) == pytest.approx(RATED_W * (0.25 + 0.5 + 0.75) / 4.0)
    # a dark foot and a lit upper half: straight to the middle
    assert watts(tower(), (0.0, 1.0, 1.0)) == pytest.approx(RATED_W * (0.5 + 1.0 + 1.0) / 4.0)


def test_a_string_in_shade_gives_nothing_and_the_others_all():
    # one face behind a pole, whichever: four strings of twelve
    for dark in range(3):
        columns = [(0.0, 0.0, 0.0) if face == dark else LIT for face in range(3)]
        assert faced(tower(), *columns) == pytest.approx(RATED_W * 8.0 / 12.0)
    # behind a pole up to its foot: its lowest string alone is dark, the next at half
    assert faced(tower(), LIT, (0.0, 1.0, 1.0), LIT) == pytest.approx(RATED_W * 10.5 / 12.0)
    # hardly lit is bypassed; a tenth is a tenth
    assert faced(tower(), LIT, (0.04, 0.04, 0.04), (0.1, 0.1, 0.1)) == pytest.approx(RATED_W * 4.4 / 12.0)
    with pytest.raises(ValueError, match="2 faces"):
        faced(tower(), LIT, LIT)


def test_each_face_has_its_own_strings_and_its_own_turn():
    lit = [LIT, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)]
    # strings 0, 3, 6 and 9 are the first face's
    assert faced(tower(dead_strings=(3, 4, 5)), *lit) == pytest.approx(RATED_W * 3.0 / 12.0)
    # pointed past the Sun by the outer faces' turn: one of them looks straight at it, the other twice as far past it
    past = tower(pointing_error_rad=0.12)
    assert faced(past, *lit) == pytest.approx(RATED_W / 3.0 / math.cos(0.12))
    assert faced(past, *reversed(lit)) == pytest.approx(RATED_W / 3.0 * math.cos(0.24) / math.cos(0.12))


def test_dead_strings_are_gone_for_good():
    assert watts(tower(dead_strings=(1, 2))) == pytest.approx(RATED_W * 10.0 / 12.0)


def test_dust_settles_with_the_way_and_with_drilling():
    made = tower(dust_per_km=0.02, dust_per_drilled_m=0.01)
    assert made.dust(0.0, 0.0) == 1.0
    assert made.dust(5000.0, 0.0) == pytest.approx(math.exp(-0.1))
    assert made.dust(5000.0, 2.0) == pytest.approx(math.exp(-0.12))
    assert watts(made, clear=made.dust(5000.0, 2.0)) == pytest.approx(RATED_W * math.exp(-0.12))


def test_pointing_past_the_sun_costs_its_cosine():
    assert watts(tower(pointing_error_rad=0.2)) == pytest.approx(RATED_W * math.cos(0.2), rel=1e-9)


def test_a_hot_panel_gives_less_and_a_cold_one_more():
    made = tower(temperature_coefficient_k=-0.002)
    assert watts(made, panel_k=K_28C + 50.0) == pytest.approx(0.9 * RATED_W)
    assert watts(made, panel_k=K_28C - 100.0) == pytest.approx(1.2 * RATED_W)


def test_a_turning_tower_sees_only_the_height_of_the_sun_over_the_deck():
    up = math.radians(3.0)
    for azimuth in (0.0, 1.0, 4.0):
        sun = math.cos(up) * math.cos(azimuth), math.cos(up) * math.sin(azimuth), math.sin(up)
        assert deck_incidence_rad(*sun) == pytest.approx(up)
    assert deck_incidence_rad(0.8, 0.0, -0.6) == pytest.approx(math.asin(0.6))


def test_draws_hold_their_count_of_dead_strings():
    spread = ArrayTruth(dead_strings=(0.0, 2.0))
    counts = [len(draw_array(spread, np.random.default_rng(seed)).dead_strings) for seed in range(300)]
    assert set(counts) == {0, 1, 2}
    # a third each of 300, sigma 8: five of them
    assert all(60 < counts.count(k) < 140 for k in (0, 1, 2))
