# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon
from lupex_models.light import disc_fraction
from lupex_models.rover import read_rover
from lupex_models.solar_array import array_power_w, tower_incidence_rad

ARRAY = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml").solar_array


def test_full_sun_at_one_astronomical_unit():
    assert array_power_w(ARRAY, 1.0, 0.0, ASTRONOMICAL_UNIT_M) == pytest.approx(400.0 * 0.97)


def test_power_falls_with_disc_incidence_and_distance():
    half = array_power_w(ARRAY, 0.5, math.radians(60.0), 2 * ASTRONOMICAL_UNIT_M)
    assert half == pytest.approx(400.0 * 0.97 * 0.5 * 0.5 / 4)
    assert array_power_w(ARRAY, 0.0, 0.0, ASTRONOMICAL_UNIT_M) == 0.0
    assert array_power_w(ARRAY, 1.0, 2.0, ASTRONOMICAL_UNIT_M) == 0.0
    assert array_power_w(ARRAY, [-1.0, 2.0], 0.0, ASTRONOMICAL_UNIT_M) == pytest.approx([0.0, 388.0])


def test_tower_turns_about_the_bodys_axis():
    sun = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.6, 0.0, 0.8], [0.6, 0.0, -0.8], [0.0, 0.0, 1.0]])
    high = math.asin(0.8)
    assert tower_incidence_rad(sun) == pytest.approx([0.0, 0.0, high, high, math.pi / 2])


@pytest.mark.parametrize(("tower_m", "lit"), [(1.2, 0.0), (5.2, 0.5), (9.0, 1.0)])
def test_a_higher_tower_sees_over_the_ridge(tower_m, lit):
    """A wall of 8.2 m stands 100 m north; the Sun's centre is where the skyline of a tower of 5.2 m runs."""
    heights = np.zeros((61, 61))
    heights[50] = 8.2
    ground = HeightField(heights, -150.0, -150.0, 5.0)
    horizon = compute_horizon(ground, [], 4, tower_m)
    elevation = math.atan(3.0 / 100.0)
    share = disc_fraction(elevation, horizon.elevation(0.0, 0.0, 0.0), math.radians(0.266))
    sun = np.array([0.0, math.cos(elevation), math.sin(elevation)])
    power = array_power_w(ARRAY, share, tower_incidence_rad(sun), ASTRONOMICAL_UNIT_M)
    # the skyline is kept to 0.01 deg: 4 % of the disc's radius, 3 % of its area
    assert float(power) == pytest.approx(388.0 * lit * math.cos(elevation), abs=0.03 * 388.0)
