# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked of the ground is measured back on the ground itself, without knowing what was put there."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from lupex_models.craters import (
    CraterShape,
    CraterStatistics,
    add_craters,
    crater_age_myr,
    crater_population,
    crater_profile,
    one_crater,
    worn_depth_ratio,
)
from lupex_models.dem import read_dem
from lupex_models.height_field import HeightField
from lupex_models.rocks import RockStatistics, add_rocks, covered_share, rock_population
from lupex_models.site_frame import SiteFrame
from lupex_models.terrain import (
    FractalStatistics,
    OrbitalQuality,
    fine_patch,
    fractal_surface,
    measured_roughness,
    orbital_product,
    rough_relief,
    stream,
)

SHAPE = CraterShape()
WITHIN = 0.10  # the bound for statistics that come back
BOWL = math.sqrt(1.0 - math.sqrt(0.036 / 0.2))
"""Share of the radius at which a bowl passes through the level of the ground round it."""


def level(side_m: float, cell_m: float) -> HeightField:
    count = round(side_m / cell_m) + 1
    return HeightField(np.zeros((count, count), dtype=np.float32), 0.0, 0.0, cell_m)


def test_crater_sizes_come_back_from_the_surface():
    """Hollows below the level ground are counted and measured by their area, as an image would be."""
    asked = CraterStatistics(coefficient=0.005, smallest_m=8.0, largest_m=100.0)
    ground = level(2400.0, 1.0)
    craters = crater_population(ground.bounds_m, asked, SHAPE, stream(2, "craters"))
    dug = add_craters(ground, craters, SHAPE)
    hollows, count = ndimage.label(dug.heights_m < 0.0)
    areas = np.bincount(hollows.ravel(), minlength=count + 1)[1:]
    diameters = 2.0 * np.sqrt(areas / math.pi) / BOWL
    for diameter in (10.0, 14.0, 20.0):
        expected = 0.005 * (diameter**-2 - 100.0**-2) * 2400.0**2
        assert np.sum(diameters >= diameter) == pytest.approx(expected, rel=WITHIN)


@pytest.mark.parametrize("seed", range(3))
def test_depth_and_rim_of_a_worn_crater_come_back_from_the_surface(seed):
    rng = np.random.default_rng(seed)
    diameter, age = rng.uniform(20.0, 80.0), rng.uniform(0.0, 30.0)
    ratio = float(worn_depth_ratio(diameter, age, SHAPE))
    dug = add_craters(level(400.0, 0.5), one_crater(200.3, 199.6, diameter, ratio), SHAPE)
    bearing = np.linspace(0.0, 2.0 * math.pi, 36, endpoint=False)
    distance = np.arange(0.0, 1.4 * diameter, 0.1)
    x = 200.3 + distance[:, None] * np.cos(bearing)
    profile = dug.height(x, 199.6 + distance[:, None] * np.sin(bearing)).mean(axis=1)
    crest = int(np.argmax(profile))
    assert 2.0 * distance[crest] == pytest.approx(diameter, rel=WITHIN)
    assert profile[crest] - profile[0] == pytest.approx(ratio * diameter, rel=WITHIN)
    assert profile[crest] == pytest.approx(0.18 * ratio * diameter, rel=WITHIN)


@pytest.mark.golden
def test_craters_wear_as_published():
    # Fassett and Thomson (2014): after 3 Gyr a crater of 1 km has 52 % of its first depth, one of 300 m 7 %.
    left = worn_depth_ratio([1000.0, 300.0], 3000.0, SHAPE) / SHAPE.fresh_depth_ratio
    assert left == pytest.approx([0.52, 0.07], abs=0.02)


@pytest.mark.property
@given(diameter=st.floats(1.0, 500.0), age=st.floats(0.0, 3000.0), more=st.floats(0.1, 1000.0))
def test_depth_falls_with_age_and_tells_it(diameter, age, more):
    ratio, older = worn_depth_ratio(diameter, [age, age + more], SHAPE)
    assert older < ratio <= SHAPE.fresh_depth_ratio
    assert crater_age_myr(diameter, ratio, SHAPE) == pytest.approx(age, rel=1e-6, abs=1e-6 * diameter**2)


def test_ages_of_the_population_are_even_over_its_lifetime():
    statistics = CraterStatistics(smallest_m=10.0)
    craters = crater_population((0.0, 0.0, 3000.0, 3000.0), statistics, SHAPE, stream(6, "age"))
    lifetime = crater_age_myr(craters.diameter_m, SHAPE.fresh_depth_ratio / (1.0 + statistics.oldest_decay), SHAPE)
    share = crater_age_myr(craters.diameter_m, craters.depth_ratio, SHAPE) / lifetime
    assert share.min() >= 0.0
    assert share.max() <= 1.0 + 1e-12
    assert np.quantile(share, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], rel=WITHIN)
    # A crater of 15 m is gone within a few million years, one of 200 m within a billion.
    assert lifetime.min() < 5.0
    assert 200.0 < lifetime[np.argmax(craters.diameter_m)] < 1000.0


def test_ejecta_fall_by_the_inverse_cube_from_a_rim_like_the_published_blanket():
    # McGetchin et al. (1973): 0.14 R^0.74 (r/R)^-3 m; our blanket starts at the rim's height, uplift and all.
    for radius in (5.0, 20.0, 50.0, 100.0):
        near, far = crater_profile([1.0, 1.5], 2.0 * radius, 0.2, SHAPE)
        end = 3.0**-3
        assert far / near == pytest.approx((1.5**-3 - end) / (1.0 - end))
        assert 0.5 < 0.14 * radius**0.74 / near < 1.3


def test_rock_cover_comes_back_from_the_surface():
    asked = RockStatistics(smallest_m=0.3)
    ground = level(200.0, 0.1)
    rocks = rock_population(ground.bounds_m, asked, stream(5, "rocks"))
    raised, count = ndimage.label(add_rocks(ground, rocks).heights_m > 0.0)
    areas = np.bincount(raised.ravel(), minlength=count + 1)[1:] * 0.01
    diameters = 2.0 * np.sqrt(areas / math.pi)
    for diameter in (0.3, 0.5, 0.8):
        expected = float(covered_share(diameter, asked) - covered_share(asked.largest_m, asked))
        # Rocks at the limit count by the cells they fill: half a cell each way.
        chosen = diameters >= diameter - 0.05
        assert areas[chosen].sum() / 200.0**2 == pytest.approx(expected, rel=WITHIN)


@pytest.mark.parametrize("seed", range(2))
def test_roughness_of_a_slope_is_measured_beside_it(seed):
    asked = FractalStatistics(hurst=0.8, rms_deviation_m=0.3, longest_wavelength_m=300.0)
    y, x = 5.0 * np.mgrid[0:300, 0:300]
    rough = fractal_surface(300, 300, 5.0, asked, stream(seed, "slope")) + 0.2 * x - 0.1 * y
    found = measured_roughness(HeightField(rough, 0.0, 0.0, 5.0), 5.0, 500.0)
    assert found.rms_deviation_m == pytest.approx(0.3, rel=WITHIN)
    assert found.hurst == pytest.approx(0.8, rel=WITHIN)
    again = fractal_surface(300, 300, 5.0, found, stream(seed, "again"))
    back = measured_roughness(HeightField(again, 0.0, 0.0, 5.0), 5.0, 500.0)
    assert back.rms_deviation_m == pytest.approx(found.rms_deviation_m, rel=WITHIN)
    assert back.hurst == pytest.approx(found.hurst, rel=WITHIN)


def test_roughness_takes_known_windows_only():
    heights = fractal_surface(100, 100, 5.0, FractalStatistics(longest_wavelength_m=200.0), stream(1, "gap"))
    gap = heights.copy()
    gap[:50, :50] = np.nan
    whole, part = (measured_roughness(HeightField(field, 0.0, 0.0, 5.0), 5.0, 250.0) for field in (heights, gap))
    assert part.rms_deviation_m == pytest.approx(whole.rms_deviation_m, rel=0.3)
    with pytest.raises(ValueError, match="no window of 400 m"):
        measured_roughness(HeightField(gap, 0.0, 0.0, 5.0), 5.0, 400.0)


@pytest.mark.golden
def test_the_ridge_is_as_rough_as_our_default(shared_data):
    frame = SiteFrame(math.radians(-89.4389), math.radians(222.869), 0.0)
    found = measured_roughness(read_dem(shared_data / "dem" / "site01_16km_5m.tif", frame), 5.0, 800.0)
    assert found.rms_deviation_m == pytest.approx(FractalStatistics().rms_deviation_m, rel=WITHIN)
    assert found.hurst == pytest.approx(FractalStatistics().hurst, rel=WITHIN)


def checksum(values) -> str:
    """Of whole millimetres: the last bits of a machine's own sine and FFT do not reach it."""
    counts = np.round(np.asarray(values, dtype=np.float64) * 1000.0).astype("<i4")
    return hashlib.sha256(counts.tobytes()).hexdigest()[:16]


@pytest.mark.golden
def test_worlds_are_the_same_on_every_machine():
    """The very functions that worlds are made with: when one of these changes, the worlds' version must rise."""
    relief = level(800.0, 5.0)
    base, craters = rough_relief(relief, FractalStatistics(), CraterStatistics(coefficient=0.03), SHAPE, 11, 100.0)
    small = CraterStatistics(coefficient=0.03, smallest_m=1.0, largest_m=30.0, youngest_decay=0.5)
    short = FractalStatistics(rms_deviation_m=0.09, reference_lag_m=1.0)
    patch, _ = fine_patch(base, 0.25, 300.0, 250.0, 161, 161, short, small, SHAPE, 12, 5.0)
    rocks = rock_population(patch.bounds_m, RockStatistics(), stream(12, "rocks"))
    seen = orbital_product(base, craters, SHAPE, 100.0, OrbitalQuality(), stream(11, "orbital error"))
    found = [checksum(part) for part in (base.heights_m, patch.heights_m, rocks.diameter_m, seen.heights_m)]
    assert found == ["52c4f588d435c872", "3efdd1c1317edae7", "4d32cfd805289d12", "756c966b37297fe9"]
