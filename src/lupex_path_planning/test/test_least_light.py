# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the way back counts on of the light is less than what comes: by the margin, the array's factor, the slice."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.horizon import HorizonMap
from lupex_models.light import Light
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.config import GridConfig, RecoveryConfig
from lupex_path_planning.light_slices import LightSlices, earth_slices, light_slices
from lupex_path_planning.site_grid import grid_of

ARRAY = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml").solar_array
FRAME = SiteFrame(math.radians(-89.5), 0.3, 0.0)
UTC_OFFSET_S = 1.8e9
CONFIG = RecoveryConfig(slice_s=1800.0, horizon_s=7200.0, haven_time_s=1800.0)
SIDE = 3


def flat(cell_m=5.0):
    return grid_of(np.zeros((SIDE, SIDE)), 0.0, 0.0, cell_m, GridConfig())


def under(skyline_deg, cell_m=1000.0):
    """Return the light under a skyline that is alike in all directions."""
    counts = np.full((36, 30, 30), round(100.0 * skyline_deg), np.int16)
    return Light(FRAME, HorizonMap(counts, -10.0 * cell_m, -10.0 * cell_m, cell_m, 1.5))


def sliced(skyline_deg, config=CONFIG, grid=None, start_s=0.0):
    return light_slices(grid or flat(), under(skyline_deg), ARRAY, start_s, UTC_OFFSET_S, config)


def power_w(time_s, skyline_deg, lower_rad=0.0, x_m=0.0, y_m=0.0):
    """Return the array's power by hand: area of the disc's segment, cosine of the elevation, inverse square."""
    sun = FRAME.sun(UTC_OFFSET_S + time_s)
    # Over a sphere the Sun stands the higher, the farther one goes towards it.
    towards = x_m * math.sin(sun.grid_azimuth_rad) + y_m * math.cos(sun.grid_azimuth_rad)
    above = float(sun.elevation_rad) + towards / 1737.4e3 - lower_rad - math.radians(skyline_deg)
    u = min(max(above / float(sun.angular_radius_rad), -1.0), 1.0)
    share = 0.5 + (math.asin(u) + u * math.sqrt(1.0 - u * u)) / math.pi
    nearer = (149_597_870_700.0 / float(sun.distance_m)) ** 2
    return ARRAY.power_w * (1.0 - ARRAY.degradation) * share * math.cos(float(sun.elevation_rad)) * nearer


def half_disc_deg(time_s=0.0):
    """Return the skyline behind which the Sun's centre stands at a time, to the map's 0.01 deg."""
    return round(math.degrees(float(FRAME.sun(UTC_OFFSET_S + time_s).elevation_rad)), 2)


RISING_S, SETTING_S = 0.0, 15.0 * 86_400.0


def test_the_sun_rises_at_one_of_the_times_and_sets_at_the_other():
    for start_s, sense in ((RISING_S, 1.0), (SETTING_S, -1.0)):
        height = FRAME.sun(UTC_OFFSET_S + start_s + 900.0 * np.arange(11)).elevation_rad
        assert (sense * np.diff(height) > 0.0).all()


@pytest.mark.parametrize("start_s", [RISING_S, SETTING_S])
@pytest.mark.parametrize("off_deg", [-0.4, -0.15, 0.0, 0.15, 0.3])
@pytest.mark.parametrize("margin_rad", [0.0, 0.0035, 0.002])
@pytest.mark.parametrize("factor", [1.0, 0.9, 0.5])
def test_the_least_power_of_a_slice_is_that_of_a_lower_sun_on_a_weaker_array(start_s, off_deg, margin_rad, factor):
    skyline = half_disc_deg(start_s) + off_deg
    config = dataclasses.replace(CONFIG, light_margin_rad=margin_rad, array_factor=factor)
    found = sliced(skyline, config, start_s=start_s)
    for k in range(found.count):
        at = [start_s + 900.0 * (2 * k + part) for part in range(3)]
        assert found.expected_w[k, 0, 0] == pytest.approx(power_w(at[1], skyline), abs=0.05)
        least = factor * min(power_w(time_s, skyline, margin_rad) for time_s in at)
        assert found.least_w[k, 0, 0] == pytest.approx(least, abs=0.05)


def test_a_sun_that_clears_the_skyline_by_less_than_the_margin_promises_nothing():
    margin = math.radians(0.6)
    skyline = half_disc_deg() - 0.2
    found = sliced(skyline, dataclasses.replace(CONFIG, light_margin_rad=margin))
    assert (found.expected_w > 0.5 * ARRAY.power_w).all()
    assert (found.least_w == 0.0).all()


def test_a_cell_towards_the_sun_sees_it_higher_by_the_moons_curvature():
    skyline = half_disc_deg()
    # 4 km are 0.13 deg, half a solar radius
    found = sliced(skyline, CONFIG, flat(2000.0))
    for row, column in ((0, 2), (2, 0), (2, 2)):
        by_hand = power_w(900.0, skyline, x_m=2000.0 * column, y_m=2000.0 * row)
        assert found.expected_w[0, row, column] == pytest.approx(by_hand, abs=0.05)
    assert np.ptp(found.expected_w[0]) > 50.0


@pytest.mark.parametrize("crossing", [1.2, 1.5, 1.8, 3.5])
def test_the_earth_is_in_view_of_a_slice_only_where_it_is_all_through_it(crossing):
    """It crosses the skyline within one slice of 6 h: that one does not count, whether it rises or sets."""
    slice_s, count = 21_600.0, 5
    for start_s in (0.0, 14.0 * 86_400.0):
        utc_s = UTC_OFFSET_S + start_s

        def elevation(slices, utc_s=utc_s):
            return float(FRAME.earth(utc_s + slices * slice_s).elevation_rad)

        skyline = round(math.degrees(elevation(crossing)), 2)
        none = np.zeros((count, SIDE, SIDE), np.float32)
        times = LightSlices(start_s, slice_s, none, none, none)
        seen = earth_slices(flat(), under(skyline), times, UTC_OFFSET_S, count)[:, 0, 0]
        above = [[elevation(k + part) > math.radians(skyline) for part in (0.0, 0.5, 1.0)] for k in range(count)]
        assert list(seen) == [all(parts) for parts in above]
        assert not seen[math.floor(crossing)]
        assert seen.any()
