# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest

from lupex_models.height_field import HeightField, refine
from lupex_models.terrain import (
    NO_CRATERS,
    NOWHERE,
    CalmPlaces,
    CraterShape,
    CraterStatistics,
    FractalStatistics,
    OrbitalQuality,
    add_craters,
    border_taper,
    clear_of,
    crater_population,
    fine_patch,
    fractal_surface,
    hurst_exponent,
    one_crater,
    orbital_product,
    rms_deviation,
    rough_relief,
    roughness_beside,
    stream,
)

ASKED = FractalStatistics()
SHAPE = CraterShape()
WITHIN = 0.10  # the issue's own bound for statistics that come back


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "asked",
    [
        ASKED,
        FractalStatistics(hurst=0.7, rms_deviation_m=0.2, reference_lag_m=5.0),
        FractalStatistics(hurst=0.5, rms_deviation_m=1.0, reference_lag_m=10.0),
    ],
)
def test_roughness_comes_back(seed, asked):
    surface = fractal_surface(400, 300, 5.0, asked, stream(seed, "roughness"))
    assert rms_deviation(surface, 5.0, asked.reference_lag_m) == pytest.approx(asked.rms_deviation_m, rel=WITHIN)
    assert hurst_exponent(surface, 5.0, asked.reference_lag_m) == pytest.approx(asked.hurst, rel=WITHIN)


def test_roughness_below_the_reference_lag_follows_the_exponent():
    surface = fractal_surface(512, 512, 0.25, ASKED, stream(1, "fine"))
    # The ridge's own figure, extrapolated from 5 m: 0.09 m at 1 m.
    assert rms_deviation(surface, 0.25, 1.0) == pytest.approx(0.40 * (1.0 / 5.0) ** 0.93, rel=WITHIN)


def test_surface_is_a_tile_without_a_seam():
    surface = fractal_surface(256, 256, 5.0, ASKED, stream(2, "tile"))
    seam = np.concatenate([surface[0] - surface[-1], surface[:, 0] - surface[:, -1]])
    assert np.sqrt(np.mean(seam**2)) == pytest.approx(rms_deviation(surface, 5.0, 5.0), rel=0.3)
    assert abs(surface.mean()) < 1e-9


def test_same_seed_same_surface_other_seed_another():
    first = fractal_surface(64, 64, 5.0, ASKED, stream(7, "a"))
    assert np.array_equal(first, fractal_surface(64, 64, 5.0, ASKED, stream(7, "a")))
    assert not np.allclose(first, fractal_surface(64, 64, 5.0, ASKED, stream(8, "a")))
    assert not np.allclose(first, fractal_surface(64, 64, 5.0, ASKED, stream(7, "b")))


def test_random_streams_are_the_same_on_every_machine():
    # Written down once: PCG64 behind a SeedSequence is specified bit for bit.
    assert stream(7, "craters").integers(0, 2**32, 3).tolist() == [1909591839, 2621496416, 411667562]


def test_only_short_waves_when_asked():
    whole = fractal_surface(256, 256, 0.5, ASKED, stream(4, "waves"))
    short = fractal_surface(256, 256, 0.5, ASKED, stream(4, "waves"), shorter_than_m=10.0)
    spectrum = np.abs(np.fft.fft2(short))
    frequency = np.hypot(np.fft.fftfreq(256, 0.5)[:, None], np.fft.fftfreq(256, 0.5)[None, :])
    assert spectrum[frequency <= 0.1].max() < 1e-6 * spectrum.max()
    kept = np.abs(np.fft.fft2(whole))[frequency > 0.1]
    assert np.allclose(spectrum[frequency > 0.1], kept)


@pytest.mark.parametrize(
    ("nx", "cell", "asked", "sentence"),
    [
        (64, 5.0, replace(ASKED, longest_wavelength_m=1.0), "holds no wave"),
        (64, 5.0, replace(ASKED, reference_lag_m=100.0), "too small for lags"),
        (16, 5.0, replace(ASKED, longest_wavelength_m=12.0), "no power law"),
    ],
)
def test_impossible_roughness_is_refused(nx, cell, asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        fractal_surface(nx, nx, cell, asked, stream(0, "x"))


def test_lag_beyond_the_field_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        rms_deviation(np.zeros((10, 10)), 1.0, 10.0)


@pytest.mark.parametrize("coefficient", [0.03, 0.08])
def test_crater_counts_come_back(coefficient):
    statistics = CraterStatistics(coefficient=coefficient, smallest_m=5.0, largest_m=200.0)
    craters = crater_population((-1500.0, -1500.0, 1500.0, 1500.0), statistics, SHAPE, stream(5, "count"))
    for diameter in (5.0, 7.0, 10.0, 15.0):
        expected = coefficient * (diameter**-2 - 200.0**-2) * 9e6
        # At least 800 craters: two sigma of a Poisson count are 7 %.
        assert np.sum(craters.diameter_m >= diameter) == pytest.approx(expected, rel=WITHIN)
    assert craters.diameter_m.min() >= 5.0
    assert craters.diameter_m.max() <= 200.0


def test_crater_ages_give_the_median_depth_of_the_catalogue():
    craters = crater_population((0.0, 0.0, 3000.0, 3000.0), CraterStatistics(), SHAPE, stream(6, "age"))
    # The south-pole catalogue's medians are 0.06..0.08.
    assert 0.06 <= float(np.median(craters.depth_ratio)) <= 0.08
    assert craters.depth_ratio.max() <= SHAPE.fresh_depth_ratio


def test_crater_populations_need_a_range_of_sizes():
    with pytest.raises(ValueError, match="largest_m"):
        crater_population((0, 0, 1, 1), CraterStatistics(smallest_m=20.0, largest_m=10.0), SHAPE, stream(0, "x"))


def test_placed_crater_has_the_asked_shape():
    level = HeightField(np.zeros((401, 401)), -200.0, -200.0, 1.0)
    dug = add_craters(level, one_crater(10.0, -20.0, 100.0, 0.2), SHAPE)
    rim = 0.036 * 100.0
    assert float(dug.height(60.0, -20.0)) == pytest.approx(rim, abs=1e-4)
    assert float(dug.height(60.0, -20.0) - dug.height(10.0, -20.0)) == pytest.approx(20.0, abs=1e-4)
    assert float(dug.height(10.0 + 151.0, -20.0)) == 0.0
    # The blanket falls as the inverse cube, lowered by its value at the end.
    assert float(dug.height(110.0, -20.0)) == pytest.approx(rim * (2.0**-3 - 3.0**-3) / (1.0 - 3.0**-3), abs=1e-3)
    steepest = np.hypot(*np.gradient(dug.heights_m.astype(float), 1.0)).max()
    assert steepest == pytest.approx(1.54 * 20.0 / 50.0, rel=0.02)


def test_worn_crater_has_a_worn_rim():
    level = HeightField(np.zeros((201, 201)), -100.0, -100.0, 1.0)
    dug = add_craters(level, one_crater(0.0, 0.0, 60.0, 0.1), SHAPE)
    assert float(dug.height(30.0, 0.0)) == pytest.approx(0.5 * 0.036 * 60.0, abs=1e-4)


@pytest.mark.parametrize(("diameter", "ratio"), [(0.0, 0.1), (10.0, 0.0), (math.nan, 0.1)])
def test_crater_without_size_is_refused(diameter, ratio):
    with pytest.raises(ValueError, match="positive diameter"):
        one_crater(0.0, 0.0, diameter, ratio)


def test_craters_and_fractal_together_are_as_rough_as_asked():
    relief = HeightField(np.zeros((401, 401)), -1000.0, -1000.0, 5.0)
    rough, craters = rough_relief(relief, ASKED, CraterStatistics(), SHAPE, 11, 1e-3)
    assert len(craters) > 500
    inner = rough.heights_m[1:-1, 1:-1]
    assert rms_deviation(inner, 5.0, 5.0) == pytest.approx(ASKED.rms_deviation_m, rel=WITHIN)
    assert hurst_exponent(inner, 5.0, 5.0) == pytest.approx(ASKED.hurst, rel=WITHIN)


def test_detail_meets_the_relief_at_the_border():
    relief = HeightField(np.full((201, 201), 7.0), -500.0, -500.0, 5.0)
    rough, _ = rough_relief(relief, ASKED, CraterStatistics(), SHAPE, 3, 100.0)
    border = np.concatenate([rough.heights_m[0], rough.heights_m[-1], rough.heights_m[:, 0], rough.heights_m[:, -1]])
    assert np.array_equal(border, np.full(border.size, np.float32(7.0)))
    weights = border_taper(201, 201, 5.0, 100.0)
    assert weights[100, 100] == 1.0
    assert weights[100, 10] == pytest.approx(0.5)


def test_craters_keep_out_of_calm_places_and_placed_ones_come_on_top():
    relief = HeightField(np.zeros((401, 401)), -1000.0, -1000.0, 5.0)
    calm = CalmPlaces(np.array([[0.0, 0.0], [300.0, 100.0]]), 80.0)
    placed = one_crater(0.0, 0.0, 200.0, 0.1)
    with_placed, craters = rough_relief(relief, ASKED, CraterStatistics(), SHAPE, 11, 100.0, calm, placed)
    for x, y in calm.points_m:
        assert np.all(np.hypot(craters.x_m - x, craters.y_m - y) > 80.0 + craters.diameter_m / 2)
    everywhere = rough_relief(relief, ASKED, CraterStatistics(), SHAPE, 11, 100.0)[1]
    assert 0 < len(craters) < len(everywhere)
    without, same = rough_relief(relief, ASKED, CraterStatistics(), SHAPE, 11, 100.0, calm)
    assert np.array_equal(same.x_m, craters.x_m)
    alone = add_craters(relief, placed, SHAPE)
    assert np.allclose(with_placed.heights_m - without.heights_m, alone.heights_m, atol=1e-4)


def test_every_item_is_clear_of_nowhere():
    craters = crater_population((0, 0, 500, 500), CraterStatistics(), SHAPE, stream(1, "x"))
    assert clear_of(NOWHERE, craters).all()
    assert clear_of(NOWHERE, NO_CRATERS).shape == (0,)
    assert clear_of(CalmPlaces(np.zeros((1, 2)), 1.0), NO_CRATERS).shape == (0,)


def test_crater_ages_keep_between_the_decays_asked_for():
    statistics = CraterStatistics(youngest_decay=1.0, oldest_decay=3.0)
    ratios = crater_population((0, 0, 2000, 2000), statistics, SHAPE, stream(1, "x")).depth_ratio
    assert ratios.min() == pytest.approx(0.2 / 4.0, rel=0.02)
    assert ratios.max() == pytest.approx(0.2 / 2.0, rel=0.02)
    with pytest.raises(ValueError, match="oldest_decay"):
        crater_population((0, 0, 9, 9), CraterStatistics(youngest_decay=9.0), SHAPE, stream(0, "x"))


def test_roughness_beside_level_ground_is_what_was_asked():
    assert roughness_beside(ASKED, np.full((64, 64), 3.0), 5.0) == ASKED


def test_relief_rougher_than_asked_is_refused():
    with pytest.raises(ValueError, match="more than the"):
        roughness_beside(ASKED, np.random.default_rng(0).normal(size=(64, 64)), 5.0)


def test_fine_patch_keeps_the_field_and_adds_beneath_it():
    field = HeightField(fractal_surface(200, 200, 5.0, ASKED, stream(1, "coarse")), -500.0, -500.0, 5.0)
    statistics = replace(ASKED, longest_wavelength_m=200.0)
    small = CraterStatistics(smallest_m=1.0, largest_m=15.0)
    patch, craters = fine_patch(field, 0.25, -50.0, -50.0, 401, 401, statistics, small, SHAPE, 2, 5.0)
    added = patch.heights_m - refine(field, 0.25, -50.0, -50.0, 401, 401).heights_m
    assert len(craters) > 100
    assert np.allclose(patch.heights_m[0], field.height(patch.x_m, patch.y_m[0]), atol=1e-5)
    assert np.allclose(patch.heights_m[:, -1], field.height(patch.x_m[-1], patch.y_m), atol=1e-5)
    # Waves under 10 m of this ground reach centimetres, craters under 15 m a metre or two.
    assert 0.01 < added.std() < 0.5


def test_orbital_product_loses_small_craters_and_gains_error():
    relief = HeightField(np.zeros((401, 401)), -1000.0, -1000.0, 5.0)
    rough, craters = rough_relief(relief, ASKED, CraterStatistics(), SHAPE, 11, 100.0)
    exact = orbital_product(rough, craters, SHAPE, 100.0, OrbitalQuality(height_error_m=0.0), stream(11, "orbit"))
    small = [k for k in range(len(craters)) if craters.diameter_m[k] < 30.0]
    change = exact.heights_m - rough.heights_m
    k = max(
        (k for k in small if max(abs(craters.x_m[k]), abs(craters.y_m[k])) < 800.0),
        key=lambda k: craters.depth_ratio[k],
    )
    at = rough.index(craters.x_m[k], craters.y_m[k])
    assert change[at] > 0.3 * craters.depth_ratio[k] * craters.diameter_m[k]
    product = orbital_product(rough, craters, SHAPE, 100.0, OrbitalQuality(), stream(11, "orbit"))
    error = (product.heights_m - exact.heights_m).astype(float)
    assert error.std() == pytest.approx(0.2, rel=0.01)
    # The product's published slope error is 1 deg.
    slope_error = np.degrees(np.arctan(np.gradient(error, 5.0)[0].std()))
    assert slope_error == pytest.approx(1.0, rel=0.15)
