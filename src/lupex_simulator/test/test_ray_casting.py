# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numba import njit

from lupex_models.height_field import HeightField
from lupex_models.rocks import RockStatistics, add_rocks, rock_population
from lupex_simulator.sensors.ray_casting import cast_rays, cell_hit, maxima_pyramid

CELL_M = 0.25


@njit
def brute_force(heights, x0, y0, cell, origin, direction, reach):
    """Ask every cell: the definition, without any pyramid."""
    ny, nx = heights.shape
    u, v = (origin[0] - x0) / cell, (origin[1] - y0) / cell
    best = math.inf
    for i in range(ny - 1):
        for j in range(nx - 1):
            hit = cell_hit(
                heights, i, j, u, v, origin[2], direction[0] / cell, direction[1] / cell, direction[2], reach
            )  # fmt: skip
            if hit < best:
                best = hit
    return best if best < math.inf else math.nan


def rocky_field(rng, rows, columns, roughness):
    ground = HeightField((roughness * rng.standard_normal((rows, columns))).astype(np.float32), 3.0, -2.0, CELL_M)
    return add_rocks(ground, rock_population(ground.bounds_m, RockStatistics(coverage=0.1), rng)).heights_m.copy()


def cast(heights, origin, directions, range_min_m=0.0, range_max_m=60.0):
    return cast_rays(
        heights, 3.0, -2.0, CELL_M, maxima_pyramid(heights), np.asarray(origin, dtype=np.float64),
        np.asarray(directions, dtype=np.float64), range_min_m, range_max_m,
    )  # fmt: skip


AXES = [k * math.pi / 4 for k in range(8)]


@pytest.mark.property
@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    shape=st.tuples(st.integers(2, 150), st.integers(2, 150)),
    place=st.tuples(st.floats(-0.3, 1.3), st.floats(-0.3, 1.3), st.floats(-1.0, 6.0)),
    on_node=st.booleans(),
    azimuth=st.one_of(st.floats(0, 2 * math.pi), st.sampled_from(AXES)),
    elevation=st.one_of(st.floats(-math.pi / 2, 0.5), st.just(0.0), st.just(-math.pi / 2)),
    roughness=st.one_of(st.just(0.0), st.floats(0.001, 1.0)),
    unknown=st.floats(0.0, 0.05),
    reach=st.sampled_from([3.0, 15.0, 200.0]),
)
def test_pyramid_hits_what_brute_force_hits(
    seed, shape, place, on_node, azimuth, elevation, roughness, unknown, reach
):  # fmt: skip
    rng = np.random.default_rng(seed)
    heights = rocky_field(rng, *shape, roughness)
    heights[rng.random(shape) < unknown] = np.nan
    column, row = place[0] * (shape[1] - 1), place[1] * (shape[0] - 1)
    if unknown > 0.0:
        # Off the lines of the grid: one that runs along the edge of unknown ground may see either side of it.
        column, row = round(column) + 0.1379, round(row) + 0.0713
    elif on_node:
        column, row = round(column), round(row)
    origin = np.array([3.0 + column * CELL_M, -2.0 + row * CELL_M, place[2]])
    # Whether a ray that begins on the very surface hits it there is a matter of rounding.
    assume(not np.any(np.abs(heights - place[2]) < 1e-9))
    # The ray that was drawn, and a handful around it.
    azimuths = azimuth + np.array([0.0, *rng.normal(0.0, 1.0, 7)])
    elevations = elevation + np.array([0.0, *rng.normal(0.0, 0.2, 7)])
    flat = np.cos(elevations)
    directions = np.stack([flat * np.cos(azimuths), flat * np.sin(azimuths), np.sin(elevations)], axis=-1)
    ranges, cosines = cast(heights, origin, directions, range_max_m=reach)
    expected = [brute_force(heights, 3.0, -2.0, CELL_M, origin, direction, reach) for direction in directions]
    assert ranges == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert np.array_equal(np.isnan(ranges), np.isnan(cosines))


def test_every_node_of_the_pyramid_is_above_what_it_covers():
    heights = np.random.default_rng(1).normal(0.0, 1.0, (70, 135)).astype(np.float32)
    pyramid = maxima_pyramid(heights)
    cells = np.maximum.reduce([heights[:-1, :-1], heights[1:, :-1], heights[:-1, 1:], heights[1:, 1:]])
    ends = [*pyramid.starts[1:], pyramid.nodes.size]
    assert len(ends) == 5
    for level, (start, end, width) in enumerate(zip(pyramid.starts, ends, pyramid.widths)):
        nodes = pyramid.nodes[start:end].reshape(-1, width)
        size = 8 << level
        for i in range(nodes.shape[0]):
            for j in range(width):
                covered = cells[i * size : (i + 1) * size, j * size : (j + 1) * size]
                assert 0.0 < nodes[i, j] - covered.max() < 1e-5


def test_unknown_ground_is_passed_over_and_known_ground_behind_it_is_hit():
    heights = np.zeros((41, 41), dtype=np.float32)
    heights[:, 10:20] = np.nan
    elevations = np.array([-0.6, -0.3, -0.15])
    directions = np.stack([np.cos(elevations), np.zeros(3), np.sin(elevations)], axis=-1)
    ranges, _ = cast(heights, [3.5, 3.0, 1.0], directions)
    # Cells between x = 5.25 and 8 m have an unknown corner. Level ground lies at x = 4.96, 6.73 and 10.1 m along the
    # rays: the second comes out of the unknown beneath the ground.
    assert ranges == pytest.approx([1.0 / math.sin(0.6), 4.5 / math.cos(0.3), 1.0 / math.sin(0.15)])


def test_an_unknown_field_is_never_hit():
    ranges, cosines = cast(np.full((9, 9), np.nan, dtype=np.float32), [4.0, -1.0, 1.0], [[0.0, 0.0, -1.0]])
    assert np.isnan(ranges).all()
    assert np.isnan(cosines).all()


def test_a_ray_that_leaves_the_field_hits_nothing_beyond_it():
    # The ground rises towards the border: extrapolated, the last cells would stand in the ray's way.
    heights = np.tile(np.linspace(0.0, 4.0, 12, dtype=np.float32), (30, 1))
    ranges, _ = cast(heights, [5.5, -1.9, 4.5], [[0.2, 0.9797958971132712, 0.0], [1.0, 0.0, 0.0]])
    assert np.isnan(ranges).all()


def test_a_hit_too_near_blocks_the_ray_and_one_too_far_is_none():
    heights = np.zeros((41, 41), dtype=np.float32)
    down = [[0.0, 0.0, -1.0]]
    assert cast(heights, [5.0, 0.0, 2.0], down)[0] == pytest.approx([2.0])
    assert np.isnan(cast(heights, [5.0, 0.0, 2.0], down, range_min_m=2.5)[0]).all()
    assert np.isnan(cast(heights, [5.0, 0.0, 2.0], down, range_max_m=1.5)[0]).all()


def test_incidence_is_the_angle_to_the_surface():
    slope = np.tile(np.arange(41, dtype=np.float32) * CELL_M * 0.5, (41, 1))
    _, cosines = cast(slope, [5.0, 2.0, 9.0], [[0.0, 0.0, -1.0], [0.6, 0.0, -0.8]])
    normal = np.array([-0.5, 0.0, 1.0]) / math.sqrt(1.25)
    assert cosines == pytest.approx([normal[2], -float(normal @ [0.6, 0.0, -0.8])], abs=1e-6)
