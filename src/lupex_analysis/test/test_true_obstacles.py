# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A level world with a fence of rocks and a weak patch, whose least way home is counted by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.judge.need_sweep import true_needs_j
from lupex_analysis.judge.true_cost import TrueCost
from lupex_analysis.judge.true_need import true_need_j
from lupex_analysis.judge.true_rocks import rocky_moves
from lupex_analysis.judge.true_way import true_way
from lupex_models.height_field import HeightField
from lupex_models.site_frame import SiteFrame
from lupex_worlds.ground import Ground

FRAME = SiteFrame(math.radians(-89.44), math.radians(222.9), 0.0)
OFFSET_S = 1_855_050_200.0
CELL_M, JOULES_M, WEAK = 5.0, 1000.0, 4.0
FRICTION = 4
X_M = CELL_M * np.arange(-6, 7)
EAST, NORTH_EAST, NORTH, SOUTH_WEST = 0, 1, 2, 5
DIAGONAL = math.sqrt(2.0)


def flat(half_m, cell_m):
    count = 2 * round(half_m / cell_m) + 1
    return HeightField(np.zeros((count, count), np.float32), -half_m, -half_m, cell_m)


def world(rocks=(), weak=lambda x, y: np.zeros(x.shape, bool)):
    """Level ground for 100 m around; rocks (x, y, diameter, height); soil that is weak where it is said to be."""
    base, detail = flat(100.0, CELL_M), flat(50.0, 0.5)
    ground = Ground(detail.heights_m, -50.0, -50.0, 0.5, base.heights_m, -100.0, -100.0, CELL_M)

    def soil_rows(x_m, y_m):
        rows = np.ones((x_m.size, 7))
        rows[:, FRICTION] = np.where(weak(x_m, y_m), 0.0, 1.0)
        return rows

    return SimpleNamespace(
        ground=ground,
        height=lambda x, y: np.zeros(np.broadcast(x, y).shape),
        rocks=np.array(rocks, float).reshape(-1, 4),
        soil_rows=soil_rows,
        frame=FRAME,
        site=SimpleNamespace(utc_offset_s=OFFSET_S),
        light=SimpleNamespace(middle=flat(1000.0, 100.0), far=flat(5000.0, 1000.0)),
    )


def costly(soils, along, across):
    """1000 J and 10 s a metre, four times both where the soil is weak."""
    factor = 1.0 + (WEAK - 1.0) * (1.0 - soils[..., FRICTION])
    return JOULES_M * factor + 0.0 * along, 10.0 * factor + 0.0 * along


def way(made):
    """Ways over the world in the dark, with home in the easternmost column alone; no loads beside the drives."""
    cost = TrueCost(costly, 0.0, 0.0, 1.0, 1.2, 250.0, 1.0, 1.0, 0.4, half_width_m=0.73, rock_m=0.3)
    found = true_way(made, cost, (-30.0, -30.0, 30.0, 30.0), 1000.0, 1000.0 + 7200.0, 1e9, JUDGEMENT.way)
    home = np.zeros(found.home.shape, bool)
    home[:, :, -1] = True
    return found._replace(light=np.zeros_like(found.light), home=home)


def need_m(made, x_m=-10.0, y_m=0.0):
    """Return the true need in metres of good ground, by both searches."""
    found = way(made)
    swept = float(true_needs_j(found, np.array([x_m]), np.array([y_m]), np.array([1000.0]))[0])
    searched = true_need_j(found, x_m, y_m, 1000.0)
    assert swept == pytest.approx(searched, rel=1e-6)
    return searched / JOULES_M


def fence(x_m, gap_m=(), height_m=0.5):
    """Rocks of half a metre each metre along y at x, but for a gap of (from, to)."""
    return [(x_m, y, 0.5, height_m) for y in np.arange(-35.0, 36.0) if not (gap_m and gap_m[0] < y < gap_m[1])]


def test_over_open_ground_it_goes_straight():
    assert need_m(world()) == pytest.approx(40.0)


def test_a_fence_is_gone_around_by_its_gap():
    gap = fence(7.5, (12.0, 18.0))
    # eight columns to go, and three rows up to the gap: on the slant, in moves that go east anyhow
    assert need_m(world(gap)) == pytest.approx(5.0 * (3.0 * DIAGONAL + 5.0))
    # right before the fence two rows are gone along it, the third on the slant through the gap, then four columns
    assert need_m(world(gap), 5.0, 0.0) == pytest.approx(5.0 * (2.0 + DIAGONAL + 4.0))


def test_a_fence_without_a_gap_leaves_no_way_home():
    assert need_m(world(fence(7.5))) == math.inf


@pytest.mark.parametrize(
    ("rocks", "why"),
    [
        (fence(7.5, height_m=0.29), "they pass under the belly"),
        ([(7.5, y, 0.5, 0.5) for y in np.arange(-35.0, 36.0, 2.5)], "between them are two metres, the rover has 1.5"),
        (fence(200.0), "elsewhere"),
    ],
)
def test_what_is_low_far_apart_or_elsewhere_closes_nothing(rocks, why):
    assert need_m(world(rocks)) == pytest.approx(40.0), why


def test_a_weak_patch_is_gone_around_or_crossed_as_is_cheaper():
    # a strip of one column: no way leads around, half a move in and half a move out are weak
    strip = world(weak=lambda x, y: np.abs(x - 10.0) < 2.5)
    assert need_m(strip) == pytest.approx(40.0 + 5.0 * (WEAK - 1.0))
    # a patch of three rows: aside by two on the slant and straight past is cheaper than 15 m more
    patch = world(weak=lambda x, y: (np.abs(x - 10.0) < 2.5) & (np.abs(y) < 7.5))
    assert need_m(patch) == pytest.approx(5.0 * (2.0 * DIAGONAL + 6.0))


def test_a_cell_is_weak_by_the_share_of_it_that_is():
    # two of a cell's five columns of points
    strip = world(weak=lambda x, y: (x > 10.0 + 0.5) & (x < 12.5))
    assert need_m(strip) == pytest.approx(40.0 + 5.0 * (WEAK - 1.0) * 2.0 / 5.0)


def closed(rocks):
    return rocky_moves(np.array(rocks, float), X_M, X_M, CELL_M, 0.73, 0.3)


def at(x_m, y_m):
    return round(y_m / CELL_M) + 6, round(x_m / CELL_M) + 6


def test_moves_are_closed_both_ways():
    found = closed(fence(7.5))
    assert found[EAST][at(5.0, 0.0)]
    assert found[4][at(10.0, 0.0)], "west"
    assert found[NORTH_EAST][at(5.0, 0.0)]
    assert found[SOUTH_WEST][at(10.0, 5.0)]
    assert not found[NORTH][at(5.0, 0.0)], "along the fence"
    assert not found[EAST][at(0.0, 0.0)]
    assert not found[EAST][at(10.0, 0.0)]


def test_a_boulder_that_fills_a_cell_closes_all_moves_onto_it_and_none_beside():
    found = closed([(0.0, 0.0, 8.0, 3.0)])
    for move, (dx, dy) in enumerate([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]):
        assert found[move][at(-5.0 * dx, -5.0 * dy)]
        assert found[move][at(0.0, 0.0)]
    assert not found[NORTH][at(-10.0, 0.0)]
    assert not found[EAST][at(-5.0, 10.0)]


def test_a_single_rock_in_a_cell_is_passed():
    assert not closed([(0.0, 0.0, 1.0, 0.5)]).any()
