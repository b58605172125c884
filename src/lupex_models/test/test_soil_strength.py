# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The line of soils from strong to weak, and driving on each."""

import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.locomotion import drive
from lupex_models.rover import read_rover
from lupex_models.soil import NOMINAL_SOIL, Soil, SoilSpread
from lupex_models.soil_strength import SLOPE_MAX_RAD, STRONGEST, WEAKEST, StrengthTable, soil_rows, strengths

SPREAD = SoilSpread()
ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")


@pytest.fixture(scope="module")
def table():
    return StrengthTable.build(ROVER, SPREAD)


def test_the_line_goes_through_the_nominal_soil_and_both_ends_of_the_spread():
    weak, nominal, strong = soil_rows(SPREAD, [-1.0, 0.0, 1.0])
    np.testing.assert_allclose(nominal, NOMINAL_SOIL.as_row())
    np.testing.assert_allclose(weak[2:], [2e5, 50.0, math.radians(30.0), 0.025])
    np.testing.assert_allclose(strong[2:], [1.2e6, 1000.0, math.radians(42.0), 0.010])


def test_the_line_goes_on_beyond_the_spread_and_ends():
    beyond, end, after = soil_rows(SPREAD, [-2.0, WEAKEST, WEAKEST - 3.0])
    np.testing.assert_allclose(beyond[2:], [2e5**2 / 820e3, 50.0**2 / 170.0, math.radians(25.0), 0.025**2 / 0.018])
    np.testing.assert_array_equal(end, after)
    np.testing.assert_array_equal(*soil_rows(SPREAD, [STRONGEST, STRONGEST + 1.0]))


@pytest.mark.parametrize("strength", [-2.0, -1.0, 0.0, 0.5])
@pytest.mark.parametrize(("along_deg", "across_deg"), [(8.0, 0.0), (-12.0, 3.0), (0.0, 6.0), (4.0, -2.0)])
def test_driving_is_that_of_the_balance_of_forces(table, strength, along_deg, across_deg):
    along, across = math.radians(along_deg), math.radians(across_deg)
    soil = Soil(*soil_rows(SPREAD, strength))
    own = drive(ROVER.crawler, ROVER.body.mass_kg, along, across, ROVER.crawler.max_speed_mps, soil)
    assert table.slip(along, across, strength) == pytest.approx(own.slip, abs=1e-9)
    assert table.power_w(along, across, strength) >= own.power_w - 1e-9
    assert table.speed_mps(along, across, strength) <= own.ground_speed_mps + 1e-12
    if along > 0.0:
        assert table.speed_mps(along, across, strength) == pytest.approx(own.ground_speed_mps, rel=1e-9)


def test_weaker_is_never_the_better(table):
    assert (np.diff(np.abs(table.slip_table), axis=0) <= 0.0).all()
    assert (np.diff(table.speed_table, axis=0) >= 0.0).all()
    power = np.where(np.isfinite(table.power_table), table.power_table, 1e9)
    assert (np.diff(power, axis=0) <= 0.0).all()


def test_between_what_is_tabled_a_value_lies_between_its_neighbours(table):
    step = strengths()[1] - strengths()[0]
    along, low = math.radians(7.3), -1.0
    ends = [float(table.slip(along, 0.0, low)), float(table.slip(along, 0.0, low + step))]
    assert min(ends) < table.slip(along, 0.0, low + 0.4 * step) < max(ends)


def test_what_cannot_be_driven_is_slip_one_no_speed_and_infinite_power(table):
    assert table.slip(math.radians(13.0), 0.0, -3.0) == 1.0
    assert table.speed_mps(math.radians(13.0), 0.0, -3.0) == 0.0
    assert table.power_w(math.radians(13.0), 0.0, -3.0) == math.inf
    assert table.slip(math.radians(13.0), 0.0, 0.0) < 0.1
    # next to it, too
    assert table.speed_mps(math.radians(8.0), 0.0, -2.99) == 0.0


@pytest.mark.parametrize(
    "place",
    [(SLOPE_MAX_RAD + 1e-6, 0.0, 0.0), (0.0, SLOPE_MAX_RAD + 1e-6, 0.0), (math.nan, 0.0, 0.0), (0.0, 0.0, math.nan)],
)
def test_beyond_the_table_and_without_numbers_nothing_can_be_driven(table, place):
    assert table.slip(*place) == 1.0
    assert table.speed_mps(*place) == 0.0
    assert table.power_w(*place) == math.inf


def test_slopes_and_strengths_of_any_common_shape(table):
    found = table.slip(np.zeros((3, 1)), 0.05, np.zeros(2))
    assert found.shape == (3, 2)
    np.testing.assert_array_equal(found, found[0, 0])
    assert table.slip(0.0, 0.1, 0.0) == table.slip(0.0, -0.1, 0.0)
