# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The soil as driving teaches it: by slip made by hand, never by the estimator's own prior."""

import dataclasses
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from soil_by_hand import ROVER, TABLE, slip_of, window

from lupex_models.locomotion import drive
from lupex_models.soil import Soil, soil_spread
from lupex_models.soil_strength import STRONGEST, WEAKEST
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.learned_soil import LearnedSoil
from lupex_traversability.soil.slip_model import slip_quantiles, slips
from lupex_traversability.soil.strength_grid import STRENGTHS, quantile, summary

CONFIG = SoilConfig()


def learned(windows, config=CONFIG):
    soil = LearnedSoil(config, TABLE)
    for each in windows:
        soil.learn(each)
    return soil


def known(windows, config=CONFIG):
    return learned(windows, config).estimate()


def row_of(strength, along_deg, count, across_deg=0.0):
    """Return windows in patches of their own."""
    slip = slip_of(strength, along_deg, across_deg)
    return [window(slip, along_deg, 5.0 * k + 1.0, across_deg=across_deg, time_s=30.0 * k) for k in range(count)]


def test_before_driving_it_is_what_the_spread_of_the_rovers_file_comes_to():
    rows = soil_spread(ROVER).draw(300, np.random.default_rng(3))
    climb = np.radians(13.0)
    slips = [drive(ROVER.crawler, ROVER.body.mass_kg, climb, 0.0, 0.1, Soil(*row)).slip for row in rows]
    strengths = np.linspace(-1.0, 1.0, 401)
    alike = strengths[np.abs(TABLE.slip(climb, 0.0, strengths)[:, None] - np.array(slips)).argmin(axis=0)]
    found = known([])
    assert found.time_s is None
    assert (found.patches, found.distance_m, found.windows) == ({}, 0.0, 0)
    assert found.unseen.median == pytest.approx(np.median(alike), abs=0.1)
    # patches scatter about their site, and some are weak by anything
    assert -1.2 < found.unseen.low < np.quantile(alike, 0.05)
    assert not found.unseen.weaker_possible


@pytest.mark.parametrize("along", [12.0, -12.0, 8.0])
@pytest.mark.parametrize("strength", [-2.5, -2.0, -1.0])
def test_slip_of_a_strength_teaches_that_strength_up_and_down(along, strength):
    before, found = known([]).unseen, known(row_of(strength, along, 30)).unseen
    assert found.sigma < before.sigma
    assert abs(found.median - strength) < 2.0 * found.sigma
    assert abs(found.median - strength) < 0.75 * abs(before.median - strength)


@pytest.mark.parametrize("strength", [-2.5, -1.0, -0.5, 0.0])
def test_up_and_down_together_teach_the_strength_and_the_sprockets_radius(strength):
    windows = [
        window(slip_of(strength, along) + 0.01, along, 5.0 * k + 1.0) for k, along in enumerate([10.0, -10.0] * 20)
    ]
    found = known(windows).unseen
    assert found.median == pytest.approx(strength, abs=0.3)
    assert found.sigma < 0.75 * known([]).unseen.sigma


def test_across_a_slope_slip_teaches_too():
    weak = known(row_of(-3.0, 0.0, 20, across_deg=8.0)).unseen
    assert weak.median < -2.0


def test_descents_alone_teach_the_price_of_the_climb():
    """What was only driven down in weak soil is dear to climb, and the band of it holds the truth."""
    for strength in (-2.0, -1.5, -1.0):
        soil = learned(row_of(strength, -12.0, 20))
        up = slips(TABLE, np.radians(12.0), 0.0)
        truth = slip_of(strength, 12.0)
        low, median, high = slip_quantiles(soil.unseen(), up, (0.025, 0.5, 0.975), CONFIG)
        before = slip_quantiles(LearnedSoil(CONFIG, TABLE).unseen(), up, 0.5, CONFIG)
        assert low < truth < high
        assert abs(median - truth) < 0.5 * abs(before - truth)


def test_level_ground_teaches_almost_nothing_and_says_so():
    before = known([]).unseen
    for slip in (-0.01, 0.0, 0.01):
        after = known([window(slip, 0.0, 5.0 * k + 1.0) for k in range(100)]).unseen
        assert after.median == pytest.approx(before.median, abs=0.2)
        assert after.sigma > 0.8 * before.sigma
        assert after.low < before.low + 0.25


def test_a_radius_that_is_not_the_sprockets_is_no_weak_soil():
    """All slips one and a half hundredths too high, up, down and on the level."""
    slopes = [0.0, 6.0, -6.0, 10.0, -10.0] * 8
    found = known([window(slip_of(0.0, along) + 0.015, along, 5.0 * k + 1.0) for k, along in enumerate(slopes)])
    assert found.unseen.median == pytest.approx(0.0, abs=0.35)


def test_the_order_of_windows_does_not_matter():
    windows = [window(0.04, 10.0), window(0.3, 10.0, 11.0), window(-0.05, -9.0, 13.0), window(0.02, 3.0, 2.0)]
    first = known(windows)
    for order in itertools.permutations(windows):
        again = known(order)
        assert again.patches.keys() == first.patches.keys()
        for was, now in zip(
            (first.unseen, *first.patches.values()), (again.unseen, *again.patches.values()), strict=True
        ):
            assert dataclasses.astuple(now) == pytest.approx(dataclasses.astuple(was), abs=1e-9)


def test_one_slip_far_off_condemns_no_site_and_three_in_a_patch_condemn_the_patch():
    good = row_of(0.0, 8.0, 20)
    before = known(good).unseen
    once = known([*good, window(0.9, 8.0, 201.0)])
    assert once.unseen.median == pytest.approx(before.median, abs=0.1)
    assert once.unseen.low == pytest.approx(before.low, abs=0.15)
    thrice = known([*good, *[window(0.9, 8.0, 201.0 + k, time_s=700.0 + k) for k in range(3)]])
    condemned = thrice.patches[(40, 0)]
    assert condemned.median < -2.5
    assert condemned.low <= -3.0
    assert thrice.unseen.median == pytest.approx(before.median, abs=0.15)
    others = [patch for cell, patch in thrice.patches.items() if cell != (40, 0)]
    assert min(patch.median for patch in others) > -0.5


def test_where_the_weak_end_is_not_excluded_it_is_said():
    stuck = known([window(0.97, 5.0, 5.0 * k + 1.0) for k in range(6)])
    assert stuck.unseen.weaker_possible
    assert stuck.unseen.low == WEAKEST
    assert all(patch.weaker_possible for patch in stuck.patches.values())
    assert not known(row_of(0.0, 10.0, 10)).unseen.weaker_possible


def test_a_window_over_two_patches_tells_both_by_its_shares():
    # four of six steps lie in the first
    both = known([window(0.3, 10.0, 3.0)])
    assert set(both.patches) == {(0, 0), (1, 0)}
    assert both.patches[(0, 0)].median < both.patches[(1, 0)].median < known([]).unseen.median
    assert both.windows == 1
    assert both.distance_m == pytest.approx(3.0)


def test_patches_lie_on_both_sides_of_the_origin():
    found = known([window(0.05, 8.0, -4.0, -1.0), window(0.05, 8.0, 1.0, 7.0)])
    assert set(found.patches) == {(-1, -1), (0, 1)}


def test_a_patch_driven_over_knows_more_and_each_time_less_new():
    slip = slip_of(-0.5, 10.0)
    sigma = [
        known([window(slip, 10.0, 1.0, time_s=k) for k in range(count)]).patches[(0, 0)].sigma for count in (1, 4, 40)
    ]
    assert sigma[0] > 1.05 * sigma[1]
    # the model's own error there stays, however often it is driven over
    assert sigma[2] == pytest.approx(sigma[1], rel=0.02)


def test_site_and_patches_are_those_of_the_whole_joint_distribution():
    """Two patches by hand: every state of the site, every strength of one and of the other."""
    soil = learned([window(0.12, 10.0), window(-0.02, -9.0, 11.0)])
    prior = np.exp(soil.prior.log_weight)
    one, other = (np.exp(soil.patches[cell].log_likelihood) for cell in ((0, 0), (2, 0)))
    joint = np.zeros((STRENGTHS.size, STRENGTHS.size))
    ahead = np.zeros(STRENGTHS.size)
    for error in range(prior.shape[0]):
        for site in range(prior.shape[1]):
            patches = soil.prior.patches[site]
            both = prior[error, site] * np.outer(patches * one[error], patches * other[error])
            joint += both
            ahead += both.sum() * patches
    np.testing.assert_allclose(soil.patch((0, 0)), joint.sum(axis=1) / joint.sum(), atol=1e-12)
    np.testing.assert_allclose(soil.patch((2, 0)), joint.sum(axis=0) / joint.sum(), atol=1e-12)
    np.testing.assert_allclose(soil.unseen(), ahead / ahead.sum(), atol=1e-12)
    np.testing.assert_allclose(soil.patch((9, 9)), soil.unseen())


def test_to_ask_in_between_changes_nothing():
    windows = [window(0.12, 10.0), window(0.3, 10.0), window(0.01, 10.0, 11.0)]
    asked = LearnedSoil(CONFIG, TABLE)
    for each in windows:
        asked.learn(each)
        asked.estimate()
    assert asked.estimate() == known(windows)


def test_patches_that_are_let_go_still_tell_of_the_site():
    windows = row_of(-1.0, 10.0, 30)
    few = known(windows, dataclasses.replace(CONFIG, patches=3))
    assert set(few.patches) == {(27, 0), (28, 0), (29, 0)}
    assert dataclasses.astuple(few.unseen) == pytest.approx(dataclasses.astuple(known(windows).unseen), abs=1e-6)


def test_as_the_place_drifts_a_patch_may_be_other_ground():
    weak = [window(slip_of(-2.0, 10.0), 10.0, 1.0, time_s=k) for k in range(3)]
    there = known(weak).patches[(0, 0)]
    far = [window(slip_of(0.0, 10.0), 10.0, 1.0, 5.0 * k + 51.0, time_s=100.0 + k) for k in range(20)]
    steady = known([*weak, *far]).patches[(0, 0)]
    drifted = known([*weak, *[dataclasses.replace(w, variance_m2=0.01 + 0.5 * k) for k, w in enumerate(far)]])
    assert drifted.patches[(0, 0)].sigma > 1.5 * steady.sigma
    assert drifted.patches[(0, 0)].median > steady.median
    # it may still be the weak one
    assert drifted.patches[(0, 0)].low == pytest.approx(there.low, abs=0.5)
    # a place that is corrected was another one before
    corrected = known([*(dataclasses.replace(w, variance_m2=9.0) for w in weak), *far]).patches[(0, 0)]
    assert corrected.sigma > 1.3 * steady.sigma


def test_a_place_that_wandered_far_is_ground_not_driven_over():
    weak = [window(slip_of(-2.0, 10.0), 10.0, 5.0 * k + 1.0, time_s=k) for k in range(6)]
    lost = [dataclasses.replace(window(slip_of(-2.0, 10.0), 10.0, 501.0, time_s=100.0), variance_m2=1e6)]
    found = known([*weak, *lost])
    assert dataclasses.astuple(found.patches[(2, 0)]) == pytest.approx(dataclasses.astuple(found.unseen), abs=0.01)


def test_a_quantile_at_the_weak_end_is_the_weak_end():
    heavy = np.zeros_like(STRENGTHS)
    heavy[0], heavy[-1] = 0.06, 0.94
    assert summary(heavy).low == WEAKEST
    assert summary(heavy).weaker_possible
    heavy[0], heavy[-1] = 0.04, 0.96
    assert summary(heavy).low > 0.9
    assert not summary(heavy).weaker_possible
    middle = np.zeros_like(STRENGTHS)
    middle[np.abs(STRENGTHS + 1.0) < 0.2] = 1.0 / 3.0
    assert quantile(middle, 0.5) == pytest.approx(-1.0)
    assert summary(middle).median == pytest.approx(-1.0)
    assert quantile(middle, 0.999) == pytest.approx(-0.8125, abs=1e-3)
    assert STRENGTHS[0] == WEAKEST
    assert STRENGTHS[-1] == STRONGEST


def test_soil_that_runs_away_downhill_skids_and_soil_that_holds_uphill_is_stuck():
    down, up = slips(TABLE, np.radians([-20.0, 20.0]), np.zeros(2))
    assert down[0] == -1.0
    assert up[0] == 1.0
    assert np.all(np.diff(down) >= -1e-12)
    assert np.all(np.diff(up) <= 1e-12)
    assert np.abs(slips(TABLE, np.radians(35.9), 0.0)).max() <= 1.0
