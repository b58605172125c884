# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.rover import read_rover
from lupex_models.soil import (
    NOMINAL_SOIL,
    Soil,
    SoilSpread,
    compaction_resistance,
    mobilised_share,
    nominal_soil,
    shear_strength,
    slide_for_share,
    soil_spread,
    track_sinkage,
    wheel_sinkage,
)

ROW = NOMINAL_SOIL.as_row()


def test_sinkage_and_compaction_by_hand():
    # kc/b + kphi = 1400/0.25 + 820e3 = 825600 N/m^3; z = 1136.8/825600 m; Rc = b k z^2/2
    sinkage = track_sinkage(1136.8, 0.25, ROW)
    assert sinkage == pytest.approx(1136.8 / 825600.0, rel=1e-12)
    assert compaction_resistance(sinkage, 0.25, ROW) == pytest.approx(0.25 * 825600.0 * sinkage**2 / 2, rel=1e-12)
    assert track_sinkage(-5.0, 0.25, ROW) == 0.0


def test_wheel_sinkage_by_hand_and_at_most_its_radius():
    # n = 1: z = (3 W / (2 b k sqrt(D)))^(2/3) with b k = 1400 + 0.2 * 820e3
    expected = (3 * 94.73 / (2 * (1400 + 0.2 * 820e3) * math.sqrt(0.5))) ** (2 / 3)
    assert wheel_sinkage(94.73, 0.2, 0.25, ROW) == pytest.approx(expected, rel=1e-12)
    assert wheel_sinkage(1e9, 0.2, 0.25, ROW) == 0.25


def test_sinkage_with_another_exponent_inverts_bekker():
    soil = Soil(0.8, 1400.0, 820e3, 170.0, 0.6, 0.018).as_row()
    sinkage = track_sinkage(3000.0, 0.25, soil)
    assert (1400.0 / 0.25 + 820e3) * sinkage**0.8 == pytest.approx(3000.0, rel=1e-12)


def test_mobilised_share_is_the_mean_of_janosi_over_the_contact():
    x = np.linspace(0.0, 0.5, 20001)
    tau = 1.0 - np.exp(-0.13 * x / 0.018)
    assert mobilised_share(0.13, 0.5, 0.018) == pytest.approx(np.trapezoid(tau, x) / 0.5, rel=1e-8)
    # the series for small arguments joins without a step
    assert mobilised_share(3.6e-6 * 0.999, 0.5, 0.018) == pytest.approx(
        mobilised_share(3.6e-6 * 1.001, 0.5, 0.018), rel=3e-3
    )


@pytest.mark.property
@given(share=st.floats(0.0, 0.999), length=st.floats(0.05, 2.0), modulus=st.floats(0.005, 0.05))
def test_slide_for_share_inverts_mobilised_share(share, length, modulus):
    slide = slide_for_share(share, length, modulus)
    assert mobilised_share(slide, length, modulus) == pytest.approx(share, rel=1e-4, abs=1e-9)


def test_no_slide_mobilises_the_whole_strength():
    assert slide_for_share(1.0, 0.5, 0.018) == math.inf
    assert slide_for_share(-0.1, 0.5, 0.018) == 0.0


def test_shear_strength_by_hand():
    assert shear_strength(100.0, 0.125, ROW) == pytest.approx(170 * 0.125 + 100 * math.tan(math.radians(35)), rel=1e-12)
    assert shear_strength(-100.0, 0.125, ROW) == pytest.approx(170 * 0.125, rel=1e-12)


def test_the_rovers_file_holds_the_same_soil_as_the_model():
    rover = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
    assert nominal_soil(rover) == NOMINAL_SOIL
    assert soil_spread(rover) == SoilSpread()


def test_nominal_constants_of_another_soil_are_drawn_with_it():
    loose = SoilSpread(nominal=Soil(0.8, 900.0, 5e5, 170.0, 0.6, 0.018))
    assert (loose.draw(5, np.random.default_rng(1))[:, :2] == (0.8, 900.0)).all()


def test_spread_draws_within_its_bounds_and_reproducibly():
    spread = SoilSpread()
    rows = spread.draw(500, np.random.default_rng(3))
    assert np.array_equal(rows, spread.draw(500, np.random.default_rng(3)))
    assert (rows[:, :2] == ROW[:2]).all()
    bounds = (spread.kphi, spread.cohesion_pa, spread.friction_angle_rad, spread.shear_modulus_m)
    for column, (low, high) in zip(range(2, 6), bounds, strict=True):
        assert low <= rows[:, column].min() < low + 0.05 * (high - low)
        assert high >= rows[:, column].max() > high - 0.05 * (high - low)
