# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.height_field import HeightField
from lupex_models.terrain import FractalStatistics, fractal_surface
from lupex_worlds.orbital_map.map_errors import erroneous_far, shifted_edge, track_map
from lupex_worlds.orbital_map.quality import MapQuality, draw_map_quality
from lupex_worlds.orbital_map.tracks import between, draw_tracks, interpolated, track_error
from lupex_worlds.truth.map_truth import MapTruth

NOMINAL = MapTruth(
    height_rms_m=(0.3, 0.5),
    slope_rms_deg=(1.5, 2.5),
    track_spacing_m=25.0,
    along_track_m=(200.0, 500.0),
    far_rms_m=10.0,
    shadow_edge_m=10.0,
)
MERIDIAN_RAD = 0.7


def rough(seed, deviation_m=0.5, side=600):
    """Ground of Site01's roughness."""
    heights = fractal_surface(
        side, side, 5.0, FractalStatistics(0.93, deviation_m, 5.0, 1000.0), np.random.default_rng(seed)
    )
    return HeightField(heights.astype(np.float32), -1000.0, -500.0, 5.0)


RELIEF = rough(1)


def quality(**change):
    even = MapQuality(0.4, math.radians(2.0), 25.0, 10.0, 300.0, 10.0, 3000.0, 10.0, 60.0)
    return dataclasses.replace(even, **change)


def rms(values):
    return math.sqrt(float(np.mean(np.square(values, dtype=np.float64))))


def slope_error_deg(error):
    """Along either axis, over one cell of 5 m."""
    steps = [(error[:, 1:] - error[:, :-1]).ravel(), (error[1:] - error[:-1]).ravel()]
    return math.degrees(math.atan(rms(np.concatenate(steps)) / 5.0))


@pytest.mark.parametrize("relief", [RELIEF, rough(2, 0.08), rough(3, 0.0)], ids=["rough", "even", "flat"])
@pytest.mark.parametrize(("height_m", "slope_deg"), [(0.3, 1.5), (0.5, 2.5), (0.6, 3.0), (1.0, 5.0)])
def test_the_map_errs_as_much_as_the_product_states(relief, height_m, slope_deg):
    asked = quality(height_rms_m=height_m, slope_rms_rad=math.radians(slope_deg))
    made = track_map(relief, MERIDIAN_RAD, asked, np.random.default_rng(5))
    error = made.dem.heights_m.astype(float) - relief.heights_m
    assert rms(error) == pytest.approx(height_m, rel=1e-3)
    assert slope_error_deg(error) == pytest.approx(slope_deg, rel=0.01)


def correlation(error, lag_m, angle_rad):
    """Correlation of an error (HeightField) with itself a lag away in a direction of the map."""
    x, y = np.meshgrid(error.x_m, error.y_m)
    shifted = error.height(x + lag_m * math.cos(angle_rad), y + lag_m * math.sin(angle_rad))
    known = np.isfinite(shifted)
    return float(np.corrcoef(error.heights_m[known], shifted[known])[0, 1])


@pytest.mark.parametrize("seed", range(4))
def test_the_error_is_long_along_the_tracks_and_short_across(seed):
    made = track_map(RELIEF, MERIDIAN_RAD, quality(), np.random.default_rng(seed))
    error = dataclasses.replace(RELIEF, heights_m=made.dem.heights_m - RELIEF.heights_m)
    angles = np.radians(np.arange(0.0, 180.0, 3.0))
    found = np.array([correlation(error, 80.0, angle) for angle in angles])
    along = float(angles[np.argmax(found)])
    assert abs(math.remainder(along - MERIDIAN_RAD, math.pi)) < math.radians(17.0)
    assert found.max() > 0.3
    assert abs(correlation(error, 80.0, along + 0.5 * math.pi)) < 0.12
    assert abs(correlation(error, 1500.0, along)) < 0.2


@pytest.mark.parametrize("along_m", [200.0, 400.0])
def test_a_tracks_own_error_has_its_correlation_length_and_steps_to_the_next(along_m):
    field = HeightField(np.zeros((801, 801)), 0.0, 0.0, 5.0)
    rng = np.random.default_rng(8)
    tracks = draw_tracks(field, 0.0, 25.0, 10.0, rng)
    error = track_error(field, tracks, between(field, tracks), along_m, rng)
    # Tracks along x: those rows that a track runs through.
    rows = [round(offset / 5.0) for offset in tracks.offsets_m if 0.0 < offset < 3997.0]
    own = error[rows]
    # About 160 tracks of 4000 / (2.5 along_m) independent stretches each.
    sigma = 1.0 / math.sqrt(160 * 4000.0 / (2.5 * along_m))
    assert rms(own) == pytest.approx(1.0, abs=4.0 * sigma)
    for lag in (0.5, 1.0, 2.0):
        cells = round(lag * along_m / 5.0)
        likeness = float(np.mean(own[:, cells:] * own[:, :-cells])) / rms(own) ** 2
        assert likeness == pytest.approx(math.exp(-0.5 * lag**2), abs=6.0 * sigma)
    assert float(np.mean(own[1:] * own[:-1])) == pytest.approx(0.0, abs=6.0 * sigma)
    assert rms(own[1:] - own[:-1]) == pytest.approx(math.sqrt(2.0), rel=0.15)


@pytest.mark.parametrize(
    ("spacing_m", "shots_m", "share"), [(25.0, 10.0, 0.90), (40.0, 10.0, 0.9375), (30.0, 20.0, 0.9583)]
)
def test_as_many_pixels_are_interpolated_as_lie_beside_the_shots(spacing_m, shots_m, share):
    rng = np.random.default_rng(4)
    tracks = draw_tracks(RELIEF, 0.5, spacing_m, shots_m, rng)
    place = between(RELIEF, tracks)
    # What is measured comes out as it is; of rough ground nothing else does.
    kept = np.abs(interpolated(RELIEF, tracks, place) - RELIEF.heights_m) < 1e-4
    assert 1.0 - kept.mean() == pytest.approx(share, abs=0.005)
    made = track_map(RELIEF, 0.5, quality(track_spacing_m=25.0), np.random.default_rng(3))
    assert 1.0 - made.measured.mean() == pytest.approx(0.90, abs=0.005)


def test_what_interpolation_loses_grows_between_the_tracks():
    tracks = draw_tracks(RELIEF, 0.0, 40.0, 10.0, np.random.default_rng(6))
    lost = interpolated(RELIEF, tracks, between(RELIEF, tracks)) - RELIEF.heights_m
    # The tracks run along x.
    away = np.min(np.abs(RELIEF.y_m[:, None] - tracks.offsets_m[None, :]), axis=1)
    by_distance = [rms(lost[(away >= low) & (away < low + 5.0)]) for low in (0.0, 5.0, 10.0, 15.0)]
    assert by_distance == sorted(by_distance)
    assert by_distance[3] > 2.5 * by_distance[0]


def test_the_map_is_smooth_where_it_is_interpolated():
    tracks = draw_tracks(RELIEF, 0.0, 40.0, 10.0, np.random.default_rng(6))
    made = interpolated(RELIEF, tracks, between(RELIEF, tracks))
    away = np.min(np.abs(RELIEF.y_m[:, None] - tracks.offsets_m[None, :]), axis=1)
    middle = np.flatnonzero(away[1:-1] > 10.0) + 1

    def bend(heights):
        return rms(heights[middle + 1] - 2.0 * heights[middle] + heights[middle - 1])

    assert bend(made) < 0.1 * bend(RELIEF.heights_m.astype(float))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"track_spacing_m": 20.0}, "tracks 20 m apart with shots 10 m apart overlap"),
        ({"shot_spacing_m": 5.0}, "with shots 5 m apart overlap"),
        ({"track_spacing_m": 200.0, "slope_rms_rad": 0.05}, "cannot go with a slope error"),
        ({"slope_rms_rad": 1e-4}, "cannot go with a slope error"),
    ],
)
def test_errors_that_do_not_go_together_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        track_map(RELIEF, MERIDIAN_RAD, quality(**change), np.random.default_rng(1))


def test_the_same_seed_gives_the_same_map():
    first, again, other = (track_map(RELIEF, 0.0, quality(), np.random.default_rng(seed)).dem for seed in (1, 1, 2))
    assert np.array_equal(first.heights_m, again.heights_m)
    assert not np.array_equal(first.heights_m, other.heights_m)


def test_the_quality_is_drawn_within_its_spread_and_good_maps_are_good_in_both():
    drawn = [draw_map_quality(NOMINAL, np.random.default_rng(seed)) for seed in range(200)]
    heights = np.array([one.height_rms_m for one in drawn])
    slopes = np.degrees([one.slope_rms_rad for one in drawn])
    assert (heights.min(), heights.max()) == (pytest.approx(0.3, abs=0.01), pytest.approx(0.5, abs=0.01))
    assert np.allclose(slopes, 1.5 + (heights - 0.3) / 0.2 * 1.0)
    assert heights.mean() == pytest.approx(0.4, abs=4.0 * 0.2 / math.sqrt(12.0 * 200))
    along = np.array([one.along_track_m for one in drawn])
    assert 200.0 <= along.min() < 215.0
    assert 485.0 < along.max() <= 500.0
    assert abs(np.corrcoef(along, heights)[0, 1]) < 0.25


def test_far_relief_errs_in_smooth_bulges():
    far = HeightField(np.zeros((187, 187)), -150e3, -150e3, 1600.0)
    error = erroneous_far(far, quality(), np.random.default_rng(2)).heights_m
    assert rms(error) == pytest.approx(10.0, rel=1e-3)
    likeness = float(np.mean(error[:, 2:] * error[:, :-2])) / 100.0
    assert likeness == pytest.approx(math.exp(-0.5 * (3200.0 / 3000.0) ** 2), abs=0.05)
    assert erroneous_far(far, quality(far_rms_m=0.0), np.random.default_rng(2)) is far


def test_the_edge_of_the_shadow_is_shifted_and_nothing_else():
    x = 5.0 * np.arange(400) - 1000.0
    radius = np.hypot(x[None, :], x[:, None])
    mask = radius < 600.0
    told = shifted_edge(mask, 5.0, quality(), np.random.default_rng(3))
    assert np.all(told[radius < 600.0 - 45.0])
    assert not np.any(told[radius > 600.0 + 45.0])
    # The edge's place by direction, from the area of narrow sectors.
    angle = np.arctan2(x[:, None], x[None, :])
    sector = np.floor((angle + math.pi) / (2.0 * math.pi) * 120).astype(int).clip(0, 119)
    edge = np.sqrt(2.0 * 25.0 * np.bincount(sector[told], minlength=120) / (2.0 * math.pi / 120))
    plain = np.sqrt(2.0 * 25.0 * np.bincount(sector[mask], minlength=120) / (2.0 * math.pi / 120))
    # 63 independent bulges of 60 m round the circle, each sector being half of one wide.
    assert rms(edge - plain) == pytest.approx(10.0, rel=0.35)
    assert abs(np.mean(edge - plain)) < 5.0
    assert shifted_edge(mask, 5.0, quality(shadow_edge_m=0.0), np.random.default_rng(3)) is mask
    nothing = np.zeros((5, 5), dtype=bool)
    assert shifted_edge(nothing, 5.0, quality(), np.random.default_rng(3)) is nothing
