# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.height_field import HeightField, middle_field, refine


def plane(a: float, b: float, c: float, shape=(7, 9), cell=2.0, x0=-5.0, y0=3.0) -> HeightField:
    x, y = x0 + cell * np.arange(shape[1]), y0 + cell * np.arange(shape[0])
    return HeightField(a + b * x[None, :] + c * y[:, None], x0, y0, cell)


@pytest.mark.property
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_plane_is_read_exactly(b, c, u, v):
    field = plane(4.0, b, c)
    x_min, y_min, x_max, y_max = field.bounds_m
    x, y = x_min + u * (x_max - x_min), y_min + v * (y_max - y_min)
    # Heights are float32 of up to 40 m.
    assert float(field.height(x, y)) == pytest.approx(4.0 + b * x + c * y, abs=1e-5)
    assert np.allclose(field.gradient(x, y), (b, c), atol=1e-5)
    normal = field.normal(x, y)
    assert np.linalg.norm(normal) == pytest.approx(1.0)
    assert np.allclose(normal[:2] / normal[2], (-b, -c), atol=1e-5)


@pytest.mark.property
@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 1))
def test_height_stays_between_the_four_corners(seed, u, v):
    field = HeightField(np.random.default_rng(seed).normal(size=(5, 6)), 0.0, 0.0, 1.0)
    x, y = 5.0 * u, 4.0 * v
    j, i = min(int(x), 4), min(int(y), 3)
    corners = field.heights_m[i : i + 2, j : j + 2]
    assert corners.min() - 1e-6 <= float(field.height(x, y)) <= corners.max() + 1e-6


def test_outside_is_unknown_and_the_border_is_not():
    field = plane(0.0, 1.0, 0.0)
    x_min, y_min, x_max, y_max = field.bounds_m
    assert np.all(np.isfinite(field.height([x_min, x_max, x_min, x_max], [y_min, y_min, y_max, y_max])))
    outside = [(x_min - 0.1, y_min), (x_max + 0.1, y_max), (x_min, y_min - 0.1), (x_max, y_max + 0.1)]
    for x, y in [*outside, (np.nan, y_min)]:
        assert np.isnan(field.height(x, y))
        assert np.all(np.isnan(field.gradient(x, y)))
        assert not field.contains(x, y)


def test_shapes_broadcast():
    field = plane(0.0, 1.0, 2.0)
    assert field.height(0.0, 5.0).shape == ()
    assert field.height(np.zeros((3, 1)), np.full(4, 5.0)).shape == (3, 4)
    assert field.normal(np.zeros((3, 1)), np.full(4, 5.0)).shape == (3, 4, 3)


def test_index_is_the_nearest_cell():
    field = plane(0.0, 0.0, 0.0)
    row, column = field.index(field.x_m[3] + 0.9, field.y_m[2] - 0.9)
    assert (int(row), int(column)) == (2, 3)


def test_border_computed_from_fractions_is_inside():
    field = HeightField(np.zeros((801, 801)), -2000.3, 17.7, 0.1)
    assert bool(field.contains(field.x_m[-1], field.y_m[-1]))
    assert np.isfinite(field.height(field.bounds_m[2], field.bounds_m[3]))


@pytest.mark.parametrize("heights", [np.zeros(4), np.zeros((1, 5))])
def test_too_small_a_field_is_refused(heights):
    with pytest.raises(ValueError, match="2 x 2"):
        HeightField(heights, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("cell", [0.0, -1.0, np.nan])
def test_a_cell_without_size_is_refused(cell):
    with pytest.raises(ValueError, match="cell_m"):
        HeightField(np.zeros((3, 3)), 0.0, 0.0, cell)


def test_refine_reproduces_a_cubic():
    x = np.arange(40.0)
    cubic = 1e-3 * (x - 20.0) ** 3
    field = HeightField(np.broadcast_to(cubic, (40, 40)), 0.0, 0.0, 1.0)
    fine = refine(field, 0.25, 10.0, 12.0, 41, 21)
    assert fine.shape == (21, 41)
    assert np.allclose(fine.heights_m, 1e-3 * (fine.x_m - 20.0) ** 3, atol=1e-4)


def test_refine_of_a_part_is_the_part_of_refine():
    field = HeightField(np.random.default_rng(3).normal(size=(80, 80)), 0.0, 0.0, 1.0)
    whole = refine(field, 0.5, 20.0, 20.0, 81, 81)
    part = refine(field, 0.5, 30.0, 30.0, 41, 41)
    # The spline's memory of far samples fades by 0.27 a cell: eight cells leave 3e-5.
    assert np.allclose(part.heights_m, whole.heights_m[20:61, 20:61], atol=2e-4)


def test_refine_refuses_to_leave_the_field_or_to_invent():
    field = HeightField(np.zeros((20, 20)), 0.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="leaves the field"):
        refine(field, 0.5, 15.0, 0.0, 20, 10)
    heights = np.zeros((20, 20))
    heights[5, 5] = np.nan
    with pytest.raises(ValueError, match="unknown"):
        refine(HeightField(heights, 0.0, 0.0, 1.0), 0.5, 4.0, 4.0, 5, 5)


def test_middle_field_meets_the_near_one_and_fades_to_the_far_one():
    far = plane(100.0, 0.01, 0.02, shape=(41, 41), cell=400.0, x0=-8000.0, y0=-8000.0)
    near = plane(150.0, 0.01, 0.02, shape=(101, 101), cell=10.0, x0=-500.0, y0=-500.0)
    middle = middle_field(near, far, 50.0, 4000.0, 500.0)
    assert middle.bounds_m == pytest.approx((-4500.0, -4500.0, 4500.0, 4500.0))
    assert float(middle.height(500.0, 0.0)) == pytest.approx(float(near.height(500.0, 0.0)), abs=1e-3)
    assert float(middle.height(1000.0, 0.0)) == pytest.approx(110.0 + 50.0 * np.exp(-1.0), abs=1e-3)
    assert float(middle.height(4000.0, 0.0)) == pytest.approx(float(far.height(4000.0, 0.0)), abs=1e-3)
