# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_worlds.ground import Ground, ground_height, ground_heights, ground_slope, ground_window


def plane(ny, nx, x0, y0, cell, offset):
    x, y = x0 + cell * np.arange(nx), y0 + cell * np.arange(ny)
    return (0.1 * x[None, :] - 0.2 * y[:, None] + offset).astype(np.float32)


GROUND = Ground(
    plane(41, 61, -5.0, -5.0, 0.25, 1.0), -5.0, -5.0, 0.25, plane(9, 9, -20.0, -20.0, 5.0, 0.0), -20.0, -20.0, 5.0
)


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_the_fine_patch_wins_where_it_reaches(x, y):
    inside = -5.0 <= x <= 10.0 and -5.0 <= y <= 5.0
    expected = 0.1 * x - 0.2 * y + (1.0 if inside else 0.0)
    assert ground_height(GROUND, x, y) == pytest.approx(expected, abs=1e-5)


def test_beyond_the_field_nothing_is_known():
    assert math.isnan(ground_height(GROUND, 20.1, 0.0))
    assert math.isnan(ground_height(GROUND, math.nan, 0.0))
    assert math.isnan(ground_slope(GROUND, 19.9, 0.0, 1.0)[0])


def test_slope_is_that_of_the_plane():
    assert ground_slope(GROUND, 1.0, 1.0, 0.5) == pytest.approx((0.1, -0.2), abs=1e-5)


def test_a_window_lies_on_the_fine_nodes_within_and_without_the_patch():
    for x, y in ((2.1, 0.3), (9.0, 4.0), (-15.0, 15.0), (18.0, 0.0)):
        heights, x0, y0 = ground_window(GROUND, x, y, 3.0)
        assert x0 <= x - 3.0 + 1e-9
        assert y0 <= y - 3.0 + 1e-9
        n = heights.shape[0]
        assert x0 + 0.25 * (n - 1) >= x + 3.0 - 1e-9
        xs, ys = np.meshgrid(x0 + 0.25 * np.arange(n), y0 + 0.25 * np.arange(n))
        expected = ground_heights(GROUND, xs.ravel(), ys.ravel()).reshape(n, n)
        assert np.allclose(heights, expected, atol=1e-5, equal_nan=True)
