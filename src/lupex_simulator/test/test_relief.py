# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_simulator.relief import (
    away_from,
    draw_craters,
    draw_fractal,
    draw_rocks,
    stamp_craters,
    stamp_rocks,
)

SQUARE = (-500.0, -500.0, 500.0, 500.0)


def deviation(field, lag):
    return math.sqrt(np.mean((field[:, lag:] - field[:, :-lag]).astype(float) ** 2))


def test_fractal_has_the_asked_deviation_and_grows_with_the_hurst_exponent():
    fields = [draw_fractal((200, 200), 5.0, 0.3, 5.0, 0.9, (10.0, 500.0), np.random.default_rng(s)) for s in range(8)]
    near = np.mean([deviation(field, 1) for field in fields])
    far = np.mean([deviation(field, 4) for field in fields])
    # Eight fields of many independent patches: the mean deviation is known to a few percent.
    assert near == pytest.approx(0.3, rel=0.06)
    # Cut-offs at both ends bend the power law; between them the exponent is near the asked one.
    assert math.log(far / near) / math.log(4.0) == pytest.approx(0.9, abs=0.12)


def test_fractal_of_no_roughness_or_no_wavelengths_is_flat():
    rng = np.random.default_rng(0)
    assert not draw_fractal((20, 30), 5.0, 0.0, 5.0, 0.9, (10.0, 500.0), rng).any()
    assert not draw_fractal((20, 30), 5.0, 0.3, 5.0, 0.9, (6.0, 5.0), rng).any()


def test_craters_follow_the_equilibrium_law():
    craters = draw_craters(SQUARE, 0.03, (10.0, 200.0), (0.05, 0.15), np.random.default_rng(1))
    diameter = craters[:, 2]
    assert diameter.min() >= 10.0
    assert diameter.max() <= 200.0
    assert np.all(np.diff(diameter) <= 0.0)
    for limit in (10.0, 20.0, 40.0):
        expected = 0.03 * 1e6 * (limit**-2 - 200.0**-2)
        # Poisson: five sigma.
        assert abs(np.sum(diameter >= limit) - expected) < 5.0 * math.sqrt(expected)
    ratio = craters[:, 3] / diameter
    assert ratio.min() >= 0.05
    assert ratio.max() <= 0.15


def test_rocks_cover_the_asked_share():
    rocks = draw_rocks(SQUARE, 0.0125, (0.3, 2.0), np.random.default_rng(1))
    covered = np.sum(math.pi * rocks[:, 2] ** 2 / 4.0) / 1e6
    expected = 0.0125 * (math.exp(-1.74 * 0.3) - math.exp(-1.74 * 2.0))
    assert covered == pytest.approx(expected, rel=0.05)
    share = rocks[:, 3] / rocks[:, 2]
    assert share.min() >= 0.5
    assert share.max() <= 0.8


def test_a_crater_has_its_depth_rim_and_reach():
    heights = np.zeros((81, 81), dtype=np.float32)
    stamp_craters(heights, -40.0, -40.0, 1.0, np.array([[0.0, 0.0, 20.0, 2.0, 0.5]]))
    assert heights[40, 40] == pytest.approx(0.5 - 2.0)
    assert heights[40, 50] == pytest.approx(0.5)
    assert heights[40, 70] == 0.0
    assert heights.max() == pytest.approx(0.5)
    slope = np.abs(np.diff(heights[40])).max()
    assert slope < 3.1 * 2.0 / 20.0


def test_rocks_stand_on_the_ground_and_none_is_lost_between_nodes():
    heights = np.zeros((41, 41), dtype=np.float32)
    stamp_rocks(heights, 0.0, 0.0, 0.25, np.array([[5.0, 5.0, 1.0, 0.7], [2.12, 2.12, 0.1, 0.06]]))
    assert heights[20, 20] == pytest.approx(0.7)
    assert heights[8, 8] == pytest.approx(0.03)
    assert np.count_nonzero(heights[:12, :12]) == 1


def test_calm_places_are_left_alone():
    craters = draw_craters(SQUARE, 0.03, (10.0, 100.0), (0.05, 0.15), np.random.default_rng(2))
    calm = np.array([[0.0, 0.0], [100.0, 0.0]])
    kept = away_from(craters, calm, 30.0)
    assert 0 < len(kept) < len(craters)
    for x, y in calm:
        assert np.all(np.hypot(kept[:, 0] - x, kept[:, 1] - y) > 30.0 + kept[:, 2] / 2)
    assert away_from(craters, np.empty((0, 2)), 30.0) is craters
