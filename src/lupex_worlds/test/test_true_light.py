# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True skylines of walls at known places, and the mask of permanent shadow, by hand."""

import math

import numpy as np
import pytest

from lupex_models.height_field import HeightField
from lupex_models.site_frame import SiteFrame
from lupex_worlds.ground import Ground
from lupex_worlds.true_light import LightSettings, TrueLight, TrueShadow

RADIUS_M = 1737.4e3
EYE_M = 1.2
EAST, NORTH, WEST, SOUTH = 0.5 * math.pi, 0.0, 1.5 * math.pi, math.pi
FRAME = SiteFrame(math.radians(-89.5), 0.3, 0.0)


def flat(half_m, cell_m):
    count = 2 * round(half_m / cell_m) + 1
    return HeightField(np.zeros((count, count), np.float32), -half_m, -half_m, cell_m)


@pytest.fixture(scope="module")
def light():
    """Level ground with walls that face the origin: 30 m to the east at 800 m, 400 m to the north at 8 km, 3 km to the
    west at 60 km; nothing to the south."""
    base, middle, far = flat(1000.0, 5.0), flat(10_000.0, 100.0), flat(100_000.0, 1000.0)
    base.heights_m[:, base.x_m >= 800.0] = 30.0
    middle.heights_m[middle.y_m >= 8000.0, :] = 400.0
    far.heights_m[:, far.x_m <= -60_000.0] = 3000.0
    detail = flat(10.0, 0.5)
    ground = Ground(detail.heights_m, -10.0, -10.0, 0.5, base.heights_m, -1000.0, -1000.0, 5.0)
    return TrueLight(FRAME, ground, middle, far, LightSettings(far_step_m=100.0))


def by_hand(height_m, distance_m):
    """Return the elevation of a wall's top: the ground falls away by d^2 / 2R."""
    return math.atan((height_m - EYE_M - distance_m**2 / (2.0 * RADIUS_M)) / distance_m)


@pytest.mark.parametrize(
    ("azimuth", "height_m", "distance_m"), [(EAST, 30.0, 800.0), (NORTH, 400.0, 8000.0), (WEST, 3000.0, 60_000.0)]
)
def test_a_wall_stands_as_high_as_its_height_less_the_moons_curvature(light, azimuth, height_m, distance_m):
    found = light.skyline_rad(0.0, 0.0, EYE_M, azimuth)
    # the marching may step into the wall by one step
    assert by_hand(height_m, distance_m * 1.02) - 2e-5 <= found <= by_hand(height_m, distance_m) + 2e-5
    # without curvature it would stand higher, by 0.01 deg at 800 m and 1 deg at 60 km
    assert found < math.atan((height_m - EYE_M) / distance_m)


def test_without_a_wall_the_skyline_is_the_dip_of_the_horizon(light):
    assert light.skyline_rad(0.0, 0.0, EYE_M, SOUTH) == pytest.approx(-math.sqrt(2.0 * EYE_M / RADIUS_M), rel=0.05)


def test_towards_the_sun_it_stands_higher_over_a_sphere():
    """A skyline alike everywhere, and the Sun at it: more of it is seen 4 km towards it, less 4 km away."""
    times = 1.8e9 + 600.0 * np.arange(5000)
    # when the Sun's centre crosses the dip of level ground's horizon
    dip = -math.sqrt(2.0 * EYE_M / RADIUS_M)
    utc_s = float(times[np.argmin(np.abs(FRAME.sun(times).elevation_rad - dip))])
    sun = FRAME.sun(utc_s)
    azimuth, elevation = float(sun.grid_azimuth_rad), float(sun.elevation_rad)
    towards = 4000.0 * np.array([math.sin(azimuth), math.cos(azimuth)])
    base, detail = flat(6000.0, 50.0), flat(2.0, 0.5)
    ground = Ground(detail.heights_m, -2.0, -2.0, 0.5, base.heights_m, -6000.0, -6000.0, 50.0)
    light = TrueLight(FRAME, ground, flat(6000.0, 1000.0), flat(6000.0, 1000.0), LightSettings(fine_reach_m=0.0))
    shares = []
    for x_m, y_m in (-towards, (0.0, 0.0), towards):
        higher = (x_m * math.sin(azimuth) + y_m * math.cos(azimuth)) / RADIUS_M
        skyline = light.skyline_rad(x_m, y_m, EYE_M, azimuth)
        u = (elevation + higher - skyline) / float(sun.angular_radius_rad)
        u = min(max(u, -1.0), 1.0)
        by_area = 0.5 + (math.asin(u) + u * math.sqrt(1.0 - u * u)) / math.pi
        assert light.sunlit_fraction(x_m, y_m, EYE_M, utc_s) == pytest.approx(by_area, abs=1e-6)
        shares.append(by_area)
    assert shares[0] + 0.2 < shares[1] < shares[2] - 0.2


def test_permanent_shadow_is_told_by_row_and_column_and_nowhere_else():
    mask = np.zeros((3, 5), bool)
    mask[2, 4] = mask[0, 1] = True
    shadow = TrueShadow(mask, 100.0, -50.0, 10.0)
    dark = {
        (column, row)
        for row in range(-1, 5)
        for column in range(-1, 7)
        if shadow(100.0 + 10 * column, -50.0 + 10 * row)
    }
    assert dark == {(4, 2), (1, 0)}
    # a cell reaches half its side from its centre
    assert shadow(144.9, -34.9)
    assert not shadow(145.1, -30.0)
