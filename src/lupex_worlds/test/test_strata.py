# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_worlds.recipe import StrataTruth
from lupex_worlds.strata import draw_strata, dry_density_kg_m3


def strata(seed, spread=None, shadow=True):
    return draw_strata(spread or StrataTruth(), lambda x, y: shadow, np.random.default_rng(seed))


@pytest.mark.property
@given(st.integers(0, 1000), st.floats(-500, 500), st.floats(-500, 500), st.floats(0, 1.5))
def test_every_place_and_depth_is_physical(seed, x, y, depth):
    ground = strata(seed)
    layer = ground.at(x, y, depth)
    assert 0.0 <= layer.ice_fraction < 0.5
    assert 1200.0 < layer.density_kg_m3 < 2900.0
    assert layer.strength_pa > 0.0
    assert 0.0 < layer.hardness < 1.0
    assert layer.ice_fraction == 0.0 or depth >= ground.dry_thickness_m(x, y)


def test_the_lag_is_dry_and_ice_lies_beneath():
    ground = strata(3)
    lag = ground.dry_thickness_m(10.0, 20.0)
    assert ground.ice_fraction(10.0, 20.0, 0.9 * lag) == 0.0
    assert ground.ice_fraction(10.0, 20.0, 1.1 * lag) > 0.0
    assert ground.ice_fraction(10.0, 20.0, -0.1) == 0.0


def test_permanent_shadow_is_richer_than_lit_ground():
    shadow = np.mean([strata(seed).ice_fraction(0, 0, 1.0) for seed in range(20)])
    light = np.mean([strata(seed, shadow=False).ice_fraction(0, 0, 1.0) for seed in range(20)])
    assert shadow > 5.0 * light


def test_ice_cements_the_ground_and_hard_layers_are_harder():
    ground = strata(3)
    lag = ground.dry_thickness_m(0.0, 0.0)
    assert ground.at(0.0, 0.0, 1.05 * lag).strength_pa > 10.0 * ground.at(0.0, 0.0, 0.95 * lag).strength_pa
    hard = strata(5, StrataTruth(hard_layer_count=(3.0, 3.0), hard_strength_factor=(4.0, 4.0)), shadow=False)
    depths = np.linspace(0.0, 1.5, 600)
    strengths = np.array([hard.at(0.0, 0.0, float(depth)).strength_pa for depth in depths])
    assert len(hard.hard_layers) == 3
    assert strengths.max() >= 4 * 4.0e6


def test_mean_ice_is_weighted_by_mass_and_refuses_an_empty_interval():
    ground = strata(1)
    lag = ground.dry_thickness_m(0.0, 0.0)
    below = ground.ice_fraction(0.0, 0.0, 1.4)
    assert ground.mean_ice_fraction(0.0, 0.0, lag, 1.4) == pytest.approx(below, rel=0.05)
    assert 0.0 < ground.mean_ice_fraction(0.0, 0.0, 0.5 * lag, 1.5 * lag) < below
    with pytest.raises(ValueError, match="empty"):
        ground.mean_ice_fraction(0.0, 0.0, 0.3, 0.3)


def test_density_profile_is_that_of_the_sourcebook():
    # Equation 9.5 at 0 and 60 cm: 1920 * 12.2 / 18 and 1920 * 72.2 / 78.
    assert dry_density_kg_m3(0.0) == pytest.approx(1301, abs=1)
    assert dry_density_kg_m3(0.6) == pytest.approx(1777, abs=1)


def test_the_same_seed_gives_the_same_ground():
    first, again, other = strata(8), strata(8), strata(9)
    assert first.at(3.0, 4.0, 0.7) == again.at(3.0, 4.0, 0.7)
    assert first.at(3.0, 4.0, 0.7) != other.at(3.0, 4.0, 0.7)


def test_the_lag_is_thicker_here_and_thinner_there_by_a_quarter():
    """Over places far apart: rms a quarter of the run's own thickness, about it."""
    shares = []
    for seed in range(20):
        ground = strata(seed)
        places = [(1000.0 * k, -700.0 * k) for k in range(-10, 10)]
        shares += [ground.dry_thickness_m(*place) / ground.dry_layer_m - 1.0 for place in places]
    # of 400 nearly independent places: 0.0125 a sigma of the mean, 0.009 of the deviation
    assert np.mean(shares) == pytest.approx(0.0, abs=0.06)
    assert np.std(shares) == pytest.approx(0.25, abs=0.05)
