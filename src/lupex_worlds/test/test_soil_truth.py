# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true soil and its weak patches: bounds, correlation, and ways around."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_worlds.truth.encoder_truth import EncoderDraw, EncoderTruth, draw_encoders
from lupex_worlds.truth.soil_truth import (
    COHESION,
    DENSITY,
    FRICTION,
    KPHI,
    SHEAR_MODULUS,
    GroundTruth,
    draw_soil,
)
from lupex_worlds.truth.weak_patches import WeakPatchTruth, draw_weak_patches, weak_soil
from lupex_worlds.truth_draw import random_stream

SPREAD = GroundTruth()
WEAK = WeakPatchTruth(30.0, 0.5, (4.0, 10.0), 1.0, (20.0, 24.0), (0.08, 0.1), 12.0)
WEAK_GROUND = GroundTruth(weak=WEAK)


@pytest.mark.property
@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3000, 3000), st.floats(-3000, 3000))
def test_soil_stays_within_the_spread_everywhere(seed, x, y):
    (row,) = draw_soil(SPREAD, random_stream(seed, "soil")).rows(x, y)
    assert SPREAD.kphi_n_m3[0] <= row[KPHI] <= SPREAD.kphi_n_m3[1]
    assert SPREAD.cohesion_pa[0] <= row[COHESION] <= SPREAD.cohesion_pa[1]
    assert 30.0 - 1e-9 <= math.degrees(row[FRICTION]) <= 42.0 + 1e-9
    assert SPREAD.shear_modulus_m[0] <= row[SHEAR_MODULUS] <= SPREAD.shear_modulus_m[1]
    assert SPREAD.density_kg_m3[0] <= row[DENSITY] <= SPREAD.density_kg_m3[1]


def test_soil_is_patchy_and_smooth_and_its_draw_repeats():
    soil = draw_soil(SPREAD, random_stream(4, "soil"))
    here, near, far = soil.rows([0.0, 0.1, 60.0], [0.0, 0.0, 45.0])
    assert abs(near[KPHI] / here[KPHI] - 1.0) < 0.02
    assert far[KPHI] != here[KPHI]
    assert far[FRICTION] != here[FRICTION]
    assert far[SHEAR_MODULUS] == here[SHEAR_MODULUS] == soil.mean_row[SHEAR_MODULUS]
    again = draw_soil(SPREAD, random_stream(4, "soil")).rows([0.0, 0.1, 60.0], [0.0, 0.0, 45.0])
    assert np.array_equal(again, np.stack([here, near, far]))
    assert soil.mean_row[KPHI] != draw_soil(SPREAD, random_stream(5, "soil")).mean_row[KPHI]


def test_scatter_of_slip_is_log_normal_with_its_length_about_the_run_s_factor():
    spread = dataclasses.replace(
        SPREAD, shear_modulus_m=(0.02, 0.02), slip_factor=(1.5, 1.5), slip_log_sigma=0.4, slip_patch_m=5.0
    )
    logs = []
    for seed in range(200):
        soil = draw_soil(spread, random_stream(seed, "soil"))
        assert soil.mean_row[SHEAR_MODULUS] == pytest.approx(0.03)
        logs.append(np.log(soil.rows([7.0, 12.0], [3.0, 3.0])[:, SHEAR_MODULUS] / 0.03))
    here, there = np.array(logs).T
    # of 200 draws: standard errors 0.028 of the mean, 0.02 of the deviation, 0.045 of the correlation; four of each
    assert here.mean() == pytest.approx(0.0, abs=0.12)
    assert here.std() == pytest.approx(0.4, abs=0.08)
    assert np.corrcoef(here, there)[0, 1] == pytest.approx(math.exp(-0.5), abs=0.18)


def test_the_tracks_of_a_run_are_drawn_within_their_spread():
    spread = dataclasses.replace(
        SPREAD,
        interface_friction=(0.5, 0.6),
        grouser_height_m=(0.002, 0.01),
        pressure_bias=(0.1, 0.3),
        digging=(0.01, 0.02),
    )
    drawn = [draw_soil(spread, random_stream(seed, "soil")).grip for seed in range(40)]
    for name, (low, high) in zip(drawn[0]._fields, ((0.5, 0.6), (0.002, 0.01), (0.1, 0.3), (0.01, 0.02))):
        values = [getattr(grip, name) for grip in drawn]
        assert low <= min(values) < low + 0.2 * (high - low)
        assert high >= max(values) > high - 0.2 * (high - low)


def test_by_default_no_ground_is_weak():
    soil = draw_soil(SPREAD, random_stream(1, "soil"))
    x, y = np.random.default_rng(0).uniform(-2000, 2000, (2, 2000))
    assert soil.rows(x, y)[:, SHEAR_MODULUS].max() <= 0.025


def test_weak_patches_are_soft_and_of_the_share_and_size_asked_for():
    soil = draw_soil(WEAK_GROUND, random_stream(2, "soil"))
    x, y = np.random.default_rng(0).uniform(-1900, 1900, (2, 60_000))
    rows = soil.rows(x, y)
    weakest = rows[rows[:, FRICTION] < math.radians(25.0)]
    assert weakest.shape[0] > 100
    assert np.degrees(weakest[:, FRICTION]).min() >= 20.0 - 1e-9
    assert rows[:, SHEAR_MODULUS].max() <= 0.1 + 1e-12
    # share x mean of pi r^2 over the square, r uniform in 4..10 m: 0.5 x pi x 52 / 900; counted with their edges
    share = (rows[:, SHEAR_MODULUS] > 0.0251).mean()
    assert share == pytest.approx(0.5 * math.pi * 52.0 / 900.0, rel=0.1)


def test_no_weak_patch_comes_near_the_places_kept_clear():
    clear = [(0.0, 0.0), (134.0, 112.0), (-1950.0, 700.0)]
    ring = np.linspace(0.0, 2.0 * math.pi, 90)
    for seed in range(30):
        weak = draw_weak_patches(dataclasses.replace(WEAK, share=1.0), random_stream(seed, "weak"), clear)
        for x, y in clear:
            for reach in (0.0, 6.0, 11.9):
                spots = [weak_soil(weak, x + reach * math.cos(a), y + reach * math.sin(a))[0] for a in ring]
                assert max(spots) == 0.0


def test_there_is_always_a_lane_between_weak_patches():
    """Along the lattice's lines nothing is weak: no patch bars a way that may bend."""
    weak = draw_weak_patches(dataclasses.replace(WEAK, share=1.0), random_stream(3, "weak"), ())
    along = np.arange(0.0, 500.0, 0.5)
    for side in (-1.9, 0.0, 1.9):
        for line in range(5):
            x = weak.origin_x_m + 30.0 * line + side
            assert all(weak_soil(weak, x, weak.origin_y_m + s)[0] == 0.0 for s in along)
            y = weak.origin_y_m + 30.0 * line + side
            assert all(weak_soil(weak, weak.origin_x_m + s, y)[0] == 0.0 for s in along)
    middle = [weak_soil(weak, weak.origin_x_m + 15.0 + 30.0 * k, weak.origin_y_m + 15.0)[0] for k in range(20)]
    assert max(middle) == 1.0


def test_a_patch_begins_over_its_edge_and_the_tile_repeats():
    weak = draw_weak_patches(WEAK, random_stream(5, "weak"), ())
    i, j = np.argwhere(weak.table[..., 2] > 0.0)[7]
    x, y, radius, friction, shear = weak.table[i, j]
    x, y = x + weak.origin_x_m, y + weak.origin_y_m
    # smooth step over the edge of 1 m: half way it is half
    for inside, weight in ((-0.01, 0.0), (0.25, 0.15625), (0.5, 0.5), (1.0, 1.0), (3.0, 1.0)):
        found = weak_soil(weak, x + radius - inside, y)
        assert found[0] == pytest.approx(weight, abs=1e-9)
    assert weak_soil(weak, x, y)[1:] == (friction, shear)
    assert weak_soil(weak, x + 128 * 30.0, y - 128 * 30.0) == weak_soil(weak, x, y)
    assert weak_soil(weak, math.nan, 0.0)[0] == 0.0


def test_a_weak_patch_is_never_the_better_soil():
    firm = WeakPatchTruth(30.0, 1.0, (9.0, 10.0), 1.0, (48.0, 50.0), (0.001, 0.001), 0.0)
    with_patches = draw_soil(dataclasses.replace(SPREAD, weak=firm), random_stream(6, "soil"))
    without = draw_soil(SPREAD, random_stream(6, "soil"))
    x, y = np.random.default_rng(0).uniform(-200, 200, (2, 500))
    assert np.array_equal(with_patches.rows(x, y), without.rows(x, y))


def test_patches_that_fill_their_squares_are_refused():
    with pytest.raises(ValueError, match=r"up to 14 m radius leave no lane in squares of 30 m.*at least 32 m"):
        draw_weak_patches(dataclasses.replace(WEAK, radius_m=(3.0, 14.0)), random_stream(0, "weak"), ())


def test_encoders_are_drawn_within_their_spread_with_either_sign():
    spread = EncoderTruth((0.005, 0.01), (0.2, 0.5), (0.1, 0.3), (0.2, 1.0))
    drawn = [draw_encoders(spread, random_stream(seed, "encoders")) for seed in range(50)]
    radius = np.array([draw.radius_factor for draw in drawn]) - 1.0
    zero = np.array([draw.steering_zero_deg for draw in drawn])
    for values, low, high in ((radius, 0.005, 0.01), (zero, 0.2, 0.5)):
        assert np.abs(values).min() >= low - 1e-12
        assert np.abs(values).max() <= high + 1e-12
        # 200 fair signs: 100 +- 7; four of them
        assert abs(int((values > 0.0).sum()) - 100) < 29
    play = np.array([draw.steering_backlash_deg for draw in drawn])
    assert 0.1 <= play.min() < play.max() <= 0.3
    play = np.array([draw.drive_backlash_deg for draw in drawn])
    assert 0.2 <= play.min() < play.max() <= 1.0
    assert drawn[0] == draw_encoders(spread, random_stream(0, "encoders"))
    assert draw_encoders(EncoderTruth(), random_stream(0, "encoders")) == EncoderDraw()


def test_stiffness_and_cohesion_of_runs_are_log_uniform():
    """Half of all runs lie below the geometric mean of the bounds, where of uniform draws a quarter would."""
    rows = np.array([draw_soil(SPREAD, random_stream(seed, "soil")).mean_row for seed in range(400)])
    for column, (low, high) in ((KPHI, SPREAD.kphi_n_m3), (COHESION, SPREAD.cohesion_pa)):
        place = np.log(rows[:, column] / low) / math.log(high / low)
        # of 400: 0.025 a sigma of the share, 0.0144 of the mean
        assert np.mean(place < 0.5) == pytest.approx(0.5, abs=0.1)
        assert place.mean() == pytest.approx(0.5, abs=0.06)
        assert place.std() == pytest.approx(math.sqrt(1.0 / 12.0), abs=0.04)


def test_where_soil_is_stiffer_it_is_more_cohesive_in_the_same_measure():
    soil = draw_soil(
        dataclasses.replace(SPREAD, kphi_n_m3=(1.0, 1e12), cohesion_pa=(1e-6, 1e9)), random_stream(2, "soil")
    )
    at = np.linspace(-200.0, 200.0, 50)
    rows, mean = soil.rows(at, -0.5 * at), soil.mean_row
    stiffer = rows[:, KPHI] / mean[KPHI]
    assert np.ptp(np.log(stiffer)) > 0.1
    assert rows[:, COHESION] / mean[COHESION] == pytest.approx(stiffer)
