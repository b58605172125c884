# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Soil as it was learned, the soil that is priced for, and moves over it."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flat_site import flat_planner, flat_site

from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import read_rover
from lupex_models.soil_strength import StrengthTable
from lupex_path_planning.config import BoundConfig, CertificateConfig, GridConfig
from lupex_path_planning.priced_soil import AS_FORESEEN, LearnedSoil, Soil, counted_on, price_for, soil_of, weaker_of
from lupex_path_planning.site_grid import GroundStrength, grid_of, moves, moves_on_soil
from lupex_path_planning.way_back.measured_factors import Allowance, DrivingBound, MeasuredFactors, allow

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
LIMITS = CertificateConfig(soil_step=0.25, soil_room=0.1, allowance_keep_s=1000.0)
BOUND, ERROR_RAD = BoundConfig(), GridConfig().slope_error_rad
EAST, WEST = 0, 4
TABLE = StrengthTable.build(ROVER)


def patchy(elsewhere, patches, side=5.0):
    return soil_of(elsewhere, side, patches)


def test_what_bears_more_than_foreseen_or_than_the_ground_elsewhere_lowers_no_price():
    assert patchy(0.7, {(0, 0): 0.3, (1, 0): 0.9}) == Soil()
    soil = patchy(-0.5, {(0, 0): -0.2, (1, 0): -1.0})
    assert soil.elsewhere == -0.5
    assert dict(soil.weaker) == {(1, 0): -1.0}


def test_a_low_quantile_counts_where_the_median_is_weaker_than_foreseen():
    assert counted_on(0.3, -0.8) == AS_FORESEEN
    assert counted_on(0.0, -0.8) == AS_FORESEEN
    assert counted_on(-0.05, -0.8) == -0.8


def test_a_teller_that_began_anew_takes_nothing_back_but_may_know_worse():
    known = LearnedSoil(Soil(-0.5), Soil(-1.0), 30)
    assert known.after(LearnedSoil()) == known
    assert known.after(LearnedSoil(Soil(), Soil(), 29)) == known
    assert known.after(LearnedSoil(Soil(-2.0), Soil(-3.0), 5)) == LearnedSoil(Soil(-0.5), Soil(-3.0), 30)
    better = LearnedSoil(Soil(), Soil(), 31)
    assert known.after(better) == better


def test_a_place_has_the_strength_of_its_patch():
    soil = patchy(-0.5, {(1, -2): -1.5})
    assert soil.at(5.0, -10.0) == -1.5
    assert soil.at(9.9, -5.1) == -1.5
    for place in ((4.9, -10.0), (10.0, -10.0), (5.0, -4.9), (5.0, -10.1)):
        assert soil.at(*place) == -0.5
    assert Soil().at(1e4, -1e4) == AS_FORESEEN


def test_over_a_grid_each_cell_has_the_weakest_of_what_it_may_touch():
    x, y = np.meshgrid(np.arange(0.0, 40.0, 5.0), np.arange(0.0, 30.0, 5.0))
    strength = patchy(-0.5, {(2, 1): -1.5, (2, 2): -2.0, (7, 0): -3.0}, side=5.0).over(x, y, 2.0)
    # the patch from 10 to 15 m in x and 5 to 10 m in y is within 2 m of the cells at its corners
    assert strength[1, 2] == strength[1, 3] == -1.5
    assert strength[2, 2] == strength[3, 3] == -2.0
    assert strength[0, 7] == strength[1, 7] == -3.0
    assert (strength == -0.5).sum() == strength.size - 8


def test_a_price_is_weaker_in_steps_and_never_kinder():
    rng = np.random.default_rng(1)
    for strength in rng.uniform(-4.0, 1.0, 200):
        priced = price_for(Soil(min(strength, 0.0)), LIMITS).elsewhere
        assert strength >= 0.0 or strength - 0.36 <= priced <= strength - 0.1 + 1e-9
    assert price_for(Soil(), LIMITS) == Soil()
    assert price_for(Soil(-0.01), LIMITS).elsewhere == -0.25
    patch = price_for(patchy(-0.5, {(0, 0): -0.61, (1, 0): -0.52}), LIMITS)
    assert (patch.elsewhere, dict(patch.weaker)) == (-0.75, {})
    weaker = patchy(-0.5, {(0, 0): -0.76, (1, 0): -1.45, (2, 0): -0.74})
    # a patch in steps twice as large, where all the ground's price does not cover it
    assert dict(price_for(weaker, LIMITS).weaker) == {(0, 0): -1.0, (1, 0): -2.0}
    assert price_for(weaker, LIMITS).bears(weaker)


def test_a_soil_bears_what_is_nowhere_weaker():
    weak = patchy(-1.0, {(0, 0): -2.0})
    assert weak.bears(weak)
    assert weak.bears(Soil())
    assert not Soil().bears(weak)
    assert weak.bears(patchy(-0.5, {(0, 0): -1.9, (3, 3): -0.9}))
    assert not weak.bears(patchy(-0.5, {(1, 0): -1.5}))
    assert not weak.bears(patchy(-0.5, {(0, 0): -2.1}))
    # of patches of another side nothing is known but what all the ground bears
    assert not weak.bears(patchy(-0.5, {(0, 0): -1.5}, side=4.0))
    assert Soil(-1.5).bears(patchy(-0.5, {(0, 0): -1.5}, side=4.0))


def test_the_weaker_of_two_soils_bears_both():
    rng = np.random.default_rng(2)
    for _ in range(200):
        one, other = (
            patchy(
                rng.uniform(-2.0, 0.5),
                {tuple(at): rng.uniform(-3.0, 0.5) for at in rng.integers(0, 3, (3, 2)).tolist()},
                side=float(rng.choice([4.0, 5.0])),
            )
            for _ in range(2)
        )
        both = weaker_of(one, other)
        assert both.bears(one)
        assert both.bears(other)
    assert weaker_of(patchy(-0.5, {(0, 0): -2.0}), Soil(-1.0)) == patchy(-1.0, {(0, 0): -2.0})


def test_weaker_soil_is_allowed_for_at_once_and_for_long():
    factors = MeasuredFactors(soil=Soil(-0.5))
    first = allow(Allowance(), 10.0, factors, LIMITS)
    assert first.soil == Soil(-0.75)
    assert not first.covers(Allowance())
    kinder = allow(first, 500.0, MeasuredFactors(), LIMITS)
    assert kinder.covers(first)
    mixed = allow(first, 500.0, MeasuredFactors(soil=patchy(-0.1, {(0, 0): -1.5})), LIMITS)
    assert mixed.soil == patchy(-0.75, {(0, 0): -2.0})
    assert allow(first, 1011.0, MeasuredFactors(), LIMITS).soil == Soil()
    # what is needed still is not forgotten
    later = allow(first, 1011.0, factors, LIMITS)
    assert allow(later, 1900.0, MeasuredFactors(), LIMITS).soil == Soil(-0.75)


def slope(up):
    y, x = np.mgrid[0:6, 0:8] * 5.0
    return grid_of(math.tan(up) * x + 0.0 * y, 0.0, 0.0, 5.0, GridConfig())


def priced(grid, strength):
    made = moves(grid, ROVER, BOUND, ERROR_RAD)
    ground = GroundStrength(TABLE, np.broadcast_to(np.asarray(strength, float), grid.shape))
    return made, moves_on_soil(made, grid, ROVER, BOUND, ERROR_RAD, ground)


@pytest.mark.parametrize("up_deg", [0.0, 5.0, 10.0])
def test_weaker_soil_is_slower_and_dearer_uphill_and_never_kinder_anywhere(up_deg):
    grid = slope(math.radians(up_deg))
    before = None
    for strength in (0.0, -1.0, -1.5, -2.0):
        made, weak = priced(grid, strength)
        assert (weak.time_s >= made.time_s).all()
        assert (weak.power_w >= made.power_w).all()
        joules = weak.time_s[EAST, 3, 3] * weak.power_w[EAST, 3, 3]
        assert before is None or joules > before or (up_deg == 0.0 and joules >= before)
        before = joules


def test_the_price_is_that_of_driving_on_that_soil():
    grid = slope(math.radians(8.0))
    _, weak = priced(grid, -1.5)
    along = math.radians(8.0) + ERROR_RAD
    speed = float(TABLE.speed_mps(along, ERROR_RAD, -1.5)) * BOUND.speed_factor
    assert weak.time_s[EAST, 3, 3] == pytest.approx(5.0 / math.cos(math.radians(8.0)) * BOUND.detour_factor / speed)


def test_a_move_takes_the_weaker_soil_of_its_ends():
    grid = slope(math.radians(8.0))
    strength = np.zeros(grid.shape)
    strength[3, 4] = -2.0
    _, weak = priced(grid, strength)
    _, all_weak = priced(grid, -2.0)
    assert weak.time_s[EAST, 3, 3] == weak.time_s[EAST, 3, 4] == all_weak.time_s[EAST, 3, 3]
    assert weak.time_s[EAST, 3, 2] == priced(grid, 0.0)[1].time_s[EAST, 3, 2]


def test_what_cannot_be_climbed_is_closed_and_what_is_slid_down_too():
    grid = slope(math.radians(15.0))
    made, weak = priced(grid, -2.5)
    assert np.isfinite(made.time_s[EAST, 3, 3])
    assert not np.isfinite(weak.time_s[EAST]).any()
    steep = slope(math.radians(20.0))
    made, weak = priced(steep, -2.5)
    assert np.isfinite(made.time_s[WEST, 3, 3])
    assert not np.isfinite(weak.time_s[WEST]).any()
    assert np.isfinite(priced(grid, -2.0)[1].time_s[WEST, 3, 3])


def test_what_is_not_expected_to_be_driven_is_hard_and_no_way_home_is_lost_by_it(tmp_path):
    site = replace(flat_site(), permanent_shadow=None)
    x = site.dem.bounds_m[0] + site.dem.cell_m * np.arange(site.dem.heights_m.shape[1])
    heights = np.tile(math.tan(math.radians(13.0)) * x, (site.dem.heights_m.shape[0], 1)).astype(np.float32)
    planner = flat_planner(replace(site, dem=replace(site.dem, heights_m=heights)), 21_600.0)
    weak = planner.on_soil(Soil(-3.5))
    np.testing.assert_array_equal(np.isfinite(weak.expected.time_s), np.isfinite(planner.expected.time_s))
    up, known = weak.expected.time_s[EAST, 5, 5], planner.expected.time_s[EAST, 5, 5]
    assert up == pytest.approx(10.0 * known)
    assert np.isinf(weak._on_soil(planner.bound, BOUND, ERROR_RAD, Soil(-3.5)).time_s[EAST, 5, 5])


def test_closed_moves_stay_closed():
    grid = slope(0.0)
    made, _ = priced(grid, 0.0)
    made.time_s[EAST, 2, 2] = np.inf
    weak = moves_on_soil(made, grid, ROVER, BOUND, ERROR_RAD, GroundStrength(TABLE, np.full(grid.shape, -1.0)))
    assert not np.isfinite(weak.time_s[EAST, 2, 2])


def test_driving_is_measured_against_the_soil_that_is_priced_for():
    table = LocomotionTable.build(ROVER, 0.95, soils=8)
    foreseen, weak = (DrivingBound(table, 0.7, 70.0, TABLE, strength) for strength in (0.0, -2.0))
    up = math.radians(8.0)
    assert foreseen.slip(up) == pytest.approx(float(table.slip(up, 0.0)))
    assert weak.slip(up) == pytest.approx(float(TABLE.slip(up, 0.0, -2.0)))
    assert weak.speed_mps(up) == pytest.approx(0.7 * float(TABLE.speed_mps(up, 0.0, -2.0)))
    assert weak.power_w(up) == pytest.approx(float(TABLE.power_w(up, 0.0, -2.0)))
    # what skids more is no kinder ground
    assert weak.slip(-up) == pytest.approx(float(table.slip(-up, 0.0)))
