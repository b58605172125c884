# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models import light as light_module
from lupex_models.constants import MOON_RADIUS_M
from lupex_models.craters import CraterShape, add_craters, one_crater
from lupex_models.dem import read_dem
from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap, compute_horizon
from lupex_models.light import Light, LightInterval, disc_fraction, longest_dark_s, lunar_cycle_utc_s, tilt
from lupex_models.site_frame import SiteFrame

FRAME = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1950.0)
START_S = 1830297600.0  # 2028-01-01T00:00:00Z
RADIUS = math.radians(0.266)
DAY_S = 86_400.0


def crater_site() -> HeightField:
    level = HeightField(np.zeros((101, 101)), -500.0, -500.0, 10.0)
    return add_craters(level, one_crater(100.0, -50.0, 400.0, 0.2), CraterShape())


@pytest.fixture(scope="module")
def light() -> Light:
    return Light(FRAME, compute_horizon(crater_site(), [], 36, 1.5))


def level_light(skyline_deg: float = 0.0) -> Light:
    counts = np.full((8, 3, 3), round(skyline_deg * 100.0), dtype=np.int16)
    return Light(FRAME, HorizonMap(counts, -100.0, -100.0, 100.0, 1.0))


@pytest.mark.parametrize(
    ("height_radii", "fraction"),
    [
        (-2.0, 0.0),
        (-1.0, 0.0),
        (0.0, 0.5),
        # 1/2 + (asin(1/2) + sqrt(3)/4) / pi
        (0.5, 0.5 + (math.pi / 6 + math.sqrt(3) / 4) / math.pi),
        (1.0, 1.0),
        (9.0, 1.0),
    ],
)
def test_disc_fraction_is_the_segment_of_a_circle(height_radii, fraction):
    assert float(disc_fraction(0.01 + height_radii * RADIUS, 0.01, RADIUS)) == pytest.approx(fraction, abs=1e-12)


@pytest.mark.property
@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(0.0, 0.01))
def test_disc_fraction_is_bounded_monotone_and_symmetric(sun, skyline, rise):
    low, high = disc_fraction([sun, sun + rise], skyline, RADIUS)
    assert 0.0 <= low <= high <= 1.0
    mirrored = float(disc_fraction(2.0 * skyline - sun, skyline, RADIUS))
    assert float(low) + mirrored == pytest.approx(1.0, abs=1e-9)


def test_unknown_skyline_is_neither_light_nor_dark():
    assert np.isnan(disc_fraction(0.0, np.nan, RADIUS))
    light = level_light()
    assert np.isnan(light.sunlit_fraction(1e4, 0.0, START_S))
    assert not light.earth_visible(1e4, 0.0, START_S)


def test_frame_agrees_with_single_cells(light):
    times = START_S + DAY_S * np.array([0.0, 7.3, 100.1, 300.7])
    x, y = np.meshgrid(light.horizon.x_m, light.horizon.y_m)
    frames = light.sunlit_frames(times)
    assert frames.shape == (4, *light.horizon.shape)
    partly = 0
    for frame, utc_s in zip(frames, times, strict=True):
        single = light.sunlit_fraction(x, y, float(utc_s))
        assert np.allclose(frame, single, atol=1e-5)
        assert np.array_equal(frame, light.sunlit_frame(float(utc_s)))
        partly += int(np.sum((single > 0.0) & (single < 1.0)))
    assert partly > 0


def test_frames_are_written_into_memory_that_is_given(light):
    times = START_S + DAY_S * np.array([0.0, 7.3])
    out = np.full((2, *light.horizon.shape), np.nan, dtype=np.float32)
    assert light.sunlit_frames(times, out) is out
    assert np.array_equal(out, light.sunlit_frames(times))


@pytest.mark.parametrize(
    "unfit",
    [np.empty((1, 101, 101), np.float32), np.empty((2, 101, 101)), np.empty((2, 101, 202), np.float32)[:, :, ::2]],
)
def test_frames_refuse_memory_that_does_not_fit(light, unfit):
    with pytest.raises(ValueError, match="contiguous float32 array of shape"):
        light.sunlit_frames(START_S + np.array([0.0, 1.0]), unfit)


def test_many_frames_at_once_are_the_frames_one_by_one(light, monkeypatch):
    times = START_S + 3600.0 * np.arange(40.0)
    together = light.sunlit_frames(times)
    monkeypatch.setattr(light_module, "_PARALLEL_CELLS", 1)
    assert np.array_equal(together, light.sunlit_frames(times))
    assert 0.0 < together.mean() < 1.0


def test_frame_of_a_disc_that_rises_over_the_skyline():
    for skyline_deg in np.linspace(-2.0, 2.0, 41):
        flat = level_light(float(skyline_deg))
        frame = flat.sunlit_frame(START_S)
        x, y = np.meshgrid(flat.horizon.x_m, flat.horizon.y_m)
        assert frame.min() >= 0.0
        assert frame.max() <= 1.0
        assert np.allclose(frame, flat.sunlit_fraction(x, y, START_S), atol=2e-6)


def test_sun_stands_higher_for_a_place_nearer_to_it():
    # 1737.4 m is one thousandth of the radius.
    assert float(tilt(MOON_RADIUS_M / 1000.0, 0.0, math.pi / 2)) == pytest.approx(1e-3)
    assert float(tilt(0.0, MOON_RADIUS_M / 1000.0, math.pi)) == pytest.approx(-1e-3)
    here = FRAME.sun(START_S)
    latitude, longitude = FRAME.to_geographic(1500.0, -1200.0)
    there = SiteFrame(float(latitude), float(longitude), FRAME.height_m).sun(START_S)
    difference = float(there.elevation_rad - here.elevation_rad)
    # First order: what is left is (2 km / R)^2 and the Sun's own elevation, 1e-6 rad.
    assert float(tilt(1500.0, -1200.0, here.grid_azimuth_rad)) == pytest.approx(difference, abs=3e-6)


def test_earth_is_seen_over_a_low_skyline_only():
    times = START_S + DAY_S * np.arange(60.0)
    elevation = FRAME.earth(times).elevation_rad
    visible = level_light().earth_visible(0.0, 0.0, times)
    assert np.array_equal(visible, elevation > 0.0)
    assert 0 < visible.sum() < visible.size
    assert not level_light(10.0).earth_visible(0.0, 0.0, times).any()


def test_crater_floor_is_permanently_dark_and_the_plain_is_not(light):
    times = lunar_cycle_utc_s(START_S, 2.0 * DAY_S)
    assert times[-1] - times[0] > 18.5 * 365.25 * DAY_S
    shadow = light.permanent_shadow(times)
    assert shadow[45, 60]
    assert not shadow[90, 10]
    assert 0.01 < shadow.mean() < 0.2
    # Nothing permanently dark may show light at any of the times it was made for.
    sample = light.sunlit_frames(times[::97])
    assert sample[:, shadow].max() == 0.0


def test_permanent_shadow_misses_little_of_the_exact_mask(light):
    times = START_S + 3600.0 * np.arange(0.0, 29.5 * 24.0, 1.0)
    exact = np.all(light.sunlit_frames(times) == 0.0, axis=0)
    reduced = light.permanent_shadow(times)
    # A sector of 1.25 deg takes its highest limb for its middle: wrong only along the mask's edge.
    assert np.mean(exact != reduced) < 0.01


def test_calendar_lists_the_light():
    light = level_light()
    times = START_S + 3600.0 * np.arange(60.0 * 24.0)
    lit = light.sunlit_fraction(0.0, 0.0, times) >= 0.5
    intervals = light.calendar(0.0, 0.0, START_S, START_S + 60.0 * DAY_S, 3600.0, 0.5)
    covered = np.zeros(times.size, dtype=bool)
    for interval in intervals:
        covered |= (times >= interval.start_utc_s) & (times <= interval.end_utc_s)
    assert np.array_equal(covered, lit)
    assert level_light(20.0).calendar(0.0, 0.0, START_S, START_S + DAY_S, 3600.0, 0.5) == ()


def test_longest_dark_counts_both_ends():
    intervals = (LightInterval(10.0, 20.0), LightInterval(50.0, 60.0))
    assert longest_dark_s(intervals, 0.0, 65.0) == 30.0
    assert longest_dark_s(intervals, 0.0, 100.0) == 40.0
    assert longest_dark_s((), 0.0, 5.0) == 5.0


@pytest.mark.golden
@pytest.mark.parametrize(("height_m", "fraction"), [(0.5, 0.847), (2.0, 0.888), (10.0, 0.936)])
def test_peak_of_the_real_ridge_through_2028(shared_data, height_m, fraction):
    dem = shared_data / "dem"
    near = read_dem(dem / "site01_16km_5m.tif", FRAME, (-60.0, -60.0, 60.0, 60.0))
    middle = [
        read_dem(dem / "site01_16km_5m.tif", FRAME, (-1000.0, -1000.0, 1000.0, 1000.0)),
        read_dem(dem / "site01_16km_20m.tif", FRAME),
    ]
    far = read_dem(dem / "lola_sp_1600m.tif", FRAME)
    times = START_S + 2.0 * 3600.0 * np.arange(366 * 12)

    def sunlit(fields):
        horizon = compute_horizon(near, fields, 72, height_m, far_lattice_cells=5)
        return float(Light(FRAME, horizon).sunlit_fraction(0.0, 0.0, times).mean())

    # Figures and tolerance of the issue; without the far field the peak seems sunnier than it is.
    assert sunlit([*middle, far]) == pytest.approx(fraction, abs=0.015)
    assert sunlit(middle) > fraction + 0.015
