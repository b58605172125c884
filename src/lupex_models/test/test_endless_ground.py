# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models.craters import CraterShape, CraterStatistics
from lupex_models.endless_ground import (
    GroundStatistics,
    LatticeWindow,
    craters_within,
    fractal_window,
    ground_window,
    rocks_within,
    tile_stream,
)
from lupex_models.rocks import RockStatistics, covered_share
from lupex_models.terrain import FractalStatistics, hurst_exponent, rms_deviation

SHAPE = CraterShape()
COARSE = GroundStatistics(FractalStatistics(), CraterStatistics(coefficient=0.03), SHAPE)
FINE = GroundStatistics(
    FractalStatistics(rms_deviation_m=0.09, reference_lag_m=1.0, longest_wavelength_m=50.0),
    CraterStatistics(coefficient=0.03, smallest_m=1.0, largest_m=15.0, youngest_decay=1.0, oldest_decay=6.0),
    SHAPE,
    RockStatistics(coverage=0.01, smallest_m=0.25, largest_m=2.0),
    period_cells=256,
)
WITHIN = 0.10  # the bound for statistics that come back


@pytest.mark.property
@given(
    column=st.integers(-2000, 2000),
    row=st.integers(-2000, 2000),
    right=st.integers(-30, 30),
    up=st.integers(-30, 30),
    seed=st.integers(0, 3),
)
@settings(max_examples=25, deadline=None)
def test_windows_agree_in_all_they_share(column, row, right, up, seed):
    first = ground_window(LatticeWindow(column, row, 60, 50, 0.25), FINE, seed)
    second = ground_window(LatticeWindow(column + right, row + up, 60, 50, 0.25), FINE, seed)
    rows = slice(max(0, up), min(50, 50 + up)), slice(max(0, -up), min(50, 50 - up))
    columns = slice(max(0, right), min(60, 60 + right)), slice(max(0, -right), min(60, 60 - right))
    assert np.array_equal(first.heights_m[rows[0], columns[0]], second.heights_m[rows[1], columns[1]])


def test_neighbouring_tiles_meet_at_their_border_and_are_not_the_same():
    west = ground_window(LatticeWindow(0, 0, 101, 101, 5.0), COARSE, 4)
    east = ground_window(LatticeWindow(100, 0, 101, 101, 5.0), COARSE, 4)
    assert np.array_equal(west.heights_m[:, -1], east.heights_m[:, 0])
    assert (west.x_m[-1], west.y0_m) == (east.x0_m, east.y0_m)
    assert not np.allclose(west.heights_m, east.heights_m, atol=0.1)
    other = ground_window(LatticeWindow(0, 0, 101, 101, 5.0), COARSE, 5)
    assert not np.allclose(west.heights_m, other.heights_m, atol=0.1)


def test_windows_of_a_decimal_cell_agree_to_the_rounding_of_float32():
    first = ground_window(LatticeWindow(-30, 12, 60, 60, 0.3), FINE, 1)
    second = ground_window(LatticeWindow(0, 12, 60, 60, 0.3), FINE, 1)
    assert np.abs(first.heights_m[:, 30:] - second.heights_m[:, :30]).max() < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_any_window_is_as_rough_as_asked(seed):
    ground = ground_window(LatticeWindow(5000 * seed - 7000, 900, 400, 400, 5.0), COARSE, seed)
    assert rms_deviation(ground.heights_m, 5.0, 5.0) == pytest.approx(0.40, rel=WITHIN)
    assert hurst_exponent(ground.heights_m, 5.0, 5.0) == pytest.approx(0.93, rel=WITHIN)


def test_populations_over_many_tiles_follow_their_laws():
    bounds = (-3100.0, 700.0, -100.0, 3700.0)
    statistics = CraterStatistics(coefficient=0.05, smallest_m=5.0, largest_m=200.0)
    craters = craters_within(bounds, statistics, SHAPE, 3)
    inside = (
        (craters.x_m >= bounds[0]) & (craters.x_m < bounds[2]) & (craters.y_m >= bounds[1]) & (craters.y_m < bounds[3])
    )
    for diameter in (5.0, 10.0, 15.0):
        expected = 0.05 * (diameter**-2 - 200.0**-2) * 9e6
        assert np.sum(craters.diameter_m[inside] >= diameter) == pytest.approx(expected, rel=WITHIN)
    # Those outside are there for what reaches in: their centres are near enough for it.
    beyond = np.maximum.reduce(
        [bounds[0] - craters.x_m, craters.x_m - bounds[2], bounds[1] - craters.y_m, craters.y_m - bounds[3]]
    )
    assert 0 < np.sum(beyond > 0.0) < len(craters) / 2
    assert np.all(beyond <= 1.5 * craters.diameter_m)

    rock_law = RockStatistics()
    rocks = rocks_within((-150.0, -150.0, 150.0, 150.0), rock_law, 3)
    inside = (np.abs(rocks.x_m) < 150.0) & (np.abs(rocks.y_m) < 150.0)
    for smallest in (0.15, 0.3, 0.5):
        chosen = inside & (rocks.diameter_m >= smallest)
        covered = float(np.sum(np.pi / 4.0 * rocks.diameter_m[chosen] ** 2)) / 9e4
        expected = float(covered_share(smallest, rock_law) - covered_share(rock_law.largest_m, rock_law))
        assert covered == pytest.approx(expected, rel=WITHIN)


def test_fractal_repeats_after_its_period_and_populations_do_not():
    first, again = (
        fractal_window(LatticeWindow(j, -3, 50, 40, 5.0), COARSE.roughness, 2, 128) for j in (7, 7 + 3 * 128)
    )
    assert np.array_equal(first, again)
    here, there = (craters_within((x, 0.0, x + 500.0, 500.0), COARSE.craters, SHAPE, 2) for x in (0.0, 640.0))
    assert not np.array_equal(here.diameter_m, there.diameter_m)


def test_tiles_have_numbers_of_their_own():
    # Written down once: PCG64 behind a SeedSequence is specified bit for bit.
    assert tile_stream(7, "craters", -3, 2).integers(0, 2**32, 2).tolist() == [1018172523, 1844479446]
    drawn = {
        tuple(tile_stream(seed, name, column, row).integers(0, 2**32, 2))
        for seed in (1, 2)
        for name in ("craters", "rocks")
        for column in (-1, 0, 1)
        for row in (-1, 0, 1)
    }
    assert len(drawn) == 36


def checksum(heights_m, digits=3):
    """Of whole millimetres: the last bits of a machine's own sine and FFT do not reach it."""
    counts = np.round(np.asarray(heights_m, dtype=np.float64) * 10.0**digits).astype("<i4")
    return hashlib.sha256(counts.tobytes()).hexdigest()[:16]


@pytest.mark.golden
@pytest.mark.parametrize(
    ("window", "statistics", "seed", "expected"),
    [
        (LatticeWindow(-37, 1001, 120, 90, 5.0), COARSE, 11, "82f8a5559ec0dfed"),
        (LatticeWindow(640, -222, 160, 120, 0.25), FINE, 11, "b14347b291a6a38e"),
    ],
)
def test_ground_is_the_same_on_every_machine(window, statistics, seed, expected):
    assert checksum(ground_window(window, statistics, seed).heights_m) == expected
