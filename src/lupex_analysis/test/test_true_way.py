# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.judge.true_light import light_frames
from lupex_analysis.judge.true_way import HomePower, lit_home, moves, nodes, steepness
from lupex_models.height_field import HeightField
from lupex_models.site_frame import SiteFrame

FRAME = SiteFrame(math.radians(-89.44), math.radians(222.9), 0.0)
UTC_S = 1_855_051_200.0
"""October 2028: the Sun is a degree or so up."""
EYE_M = 1.2


def segment(u):
    """Share of a unit circle above a line at -u."""
    u = np.clip(u, -1.0, 1.0)
    return (np.arccos(-u) + u * np.sqrt(1.0 - u * u)) / math.pi


def bowl(height_m, cell_m, inner_m, half_m):
    """A plain with a level wall all around, from `inner_m` on."""
    n = 2 * round(half_m / cell_m) + 1
    at = (np.arange(n) - n // 2) * cell_m
    r = np.hypot(at[None, :], at[:, None])
    return HeightField(np.where(r >= inner_m, height_m, 0.0).astype(np.float32), -half_m, -half_m, cell_m)


@pytest.mark.parametrize("above", [-1.5, -0.5, 0.0, 0.6, 1.5])
@pytest.mark.parametrize("nested", [False, True])
def test_the_sun_stands_over_a_wall_as_geometry_says(above, nested):
    sun = FRAME.sun(UTC_S)
    elevation, radius = float(sun.elevation_rad), float(sun.angular_radius_rad)
    cell, inner = (20.0, 1500.0) if nested else (2.0, 300.0)
    skyline = elevation - above * radius
    # the wall hides the disc up to `skyline`, seen from EYE_M over the drop of the sphere
    edge = inner + 0.5 * cell
    height = EYE_M + edge * math.tan(skyline) + edge**2 / (2 * 1_737_400.0)
    reliefs = [bowl(height, cell, inner, inner + 10 * cell)]
    if nested:
        reliefs.insert(0, bowl(0.0, 5.0, 1e9, 200.0))
    found = light_frames(FRAME, tuple(reliefs), np.array([0.0]), np.array([0.0]), EYE_M, UTC_S + np.array([0.0, 60.0]))
    # the wall rises within a cell: that is so much of its angle
    spread = segment(above + cell / inner * skyline / radius + 0.02) - segment(above - cell / inner * skyline / radius)
    assert found.shape == (2, 1, 1)
    assert found[0, 0, 0] == pytest.approx(segment(above), abs=float(spread) + 0.02)


def test_only_what_stands_towards_the_sun_hides_it():
    azimuth = float(FRAME.sun(UTC_S).grid_azimuth_rad)
    n, cell = 201, 5.0
    at = (np.arange(n) - n // 2) * cell
    along = at[None, :] * math.sin(azimuth) + at[:, None] * math.cos(azimuth)
    across = at[None, :] * math.cos(azimuth) - at[:, None] * math.sin(azimuth)
    utc = UTC_S + np.array([0.0, 60.0])

    def seen(wall):
        field = HeightField(np.where(wall, 60.0, 0.0).astype(np.float32), at[0], at[0], cell)
        return light_frames(FRAME, (field,), np.array([0.0]), np.array([0.0]), EYE_M, utc)[0, 0, 0]

    towards = (along > 0.0) & (np.abs(across) < 0.06 * along)
    far = np.hypot(along, across) > 200.0
    assert seen(far & towards) == 0.0
    assert seen(far & ~towards) == 1.0


def test_unknown_ground_has_no_known_light():
    field = bowl(0.0, 5.0, 1e9, 100.0)
    found = light_frames(FRAME, (field,), np.array([500.0]), np.array([0.0]), EYE_M, UTC_S + np.array([0.0, 60.0]))
    assert np.isnan(found).all()


def energy_and_time(soils, along, across):
    return soils[..., 0] * (1000.0 + 5000.0 * along + 300.0 * np.abs(across)), 10.0 + 20.0 * np.abs(along)


def even(ny, nx):
    """Soil whose first column says by how much more a metre costs."""
    return np.ones((ny, nx, 7))


def test_moves_over_a_plane_cost_by_their_direction():
    # rises to the east by 0.1, to the north by 0.02
    x, y = np.meshgrid(5.0 * np.arange(7), 5.0 * np.arange(6))
    joules, seconds = moves(0.1 * x + 0.02 * y, even(6, 7), 5.0, energy_and_time, 0.4)
    east, north_west = (joules[move, 2, 3] for move in (0, 3))
    slope = math.atan(0.1)
    length = 5.0 / math.cos(slope)
    assert east == pytest.approx(length * (1000.0 + 5000.0 * slope + 300.0 * math.atan(0.02)))
    assert seconds[0, 2, 3] == pytest.approx(length * (10.0 + 20.0 * slope))
    west = joules[4, 2, 3]
    assert west == pytest.approx(length * (1000.0 - 5000.0 * slope + 300.0 * math.atan(0.02)))
    diagonal = math.atan((-0.1 + 0.02) / math.sqrt(2))
    across = math.atan((0.1 + 0.02) / math.sqrt(2))
    length = 5.0 * math.sqrt(2) / math.cos(diagonal)
    assert north_west == pytest.approx(length * (1000.0 + 5000.0 * diagonal + 300.0 * across))


def test_there_is_no_move_over_the_edge_into_the_unknown_or_onto_what_is_too_steep():
    heights = np.zeros((7, 9))
    heights[:, 7:] = 20.0
    heights[5, 1] = np.nan
    joules, seconds = moves(heights, even(7, 9), 5.0, energy_and_time, 0.4)
    assert np.isfinite(joules[0, 2, 3])
    assert np.isinf(joules[0, 2, 5]), "the foot of the wall is steep"
    assert np.isinf(joules[2, 6, 3]), "north of the last row"
    assert np.isinf(joules[4, 2, 0]), "west of the first column"
    assert np.isinf(joules[2, 4, 1]), "unknown"
    assert (np.isinf(joules) == np.isinf(seconds)).all()


def test_each_half_of_a_move_is_driven_on_the_soil_of_its_own_cell():
    soils = even(4, 5)
    soils[1, 2, 0], soils[2, 3, 0] = 3.0, np.inf
    joules, seconds = moves(np.zeros((4, 5)), soils, 5.0, energy_and_time, 0.4)
    level = 5.0 * 1000.0
    assert joules[0, 1, 0] == pytest.approx(level)
    # onto it, out of it, and past it
    for move, i, j in ((0, 1, 1), (4, 1, 3), (0, 1, 2), (2, 0, 2)):
        assert joules[move, i, j] == pytest.approx(2.0 * level)
    assert joules[1, 0, 1] == pytest.approx(2.0 * math.sqrt(2) * level)
    # no way leads onto soil that does not bear, nor off it
    for move, i, j in ((0, 2, 2), (0, 2, 3), (2, 1, 3), (1, 1, 2)):
        assert np.isinf(joules[move, i, j])
        assert np.isinf(seconds[move, i, j])


def test_ground_that_cannot_be_driven_is_no_way():
    def cannot(soils, along, across):
        return np.full(np.shape(along), np.inf), np.ones(np.shape(along))

    joules, seconds = moves(np.zeros((3, 3)), even(3, 3), 5.0, cannot, 0.4)
    assert np.isinf(joules).all()
    assert np.isinf(seconds).all()


def test_home_is_where_light_recharges():
    light = np.array([1.0, 0.5, 0.1, 0.6, 0.6], dtype=np.float32)[:, None, None] * np.ones((1, 1, 2), np.float32)
    flat = np.array([[True, False]])
    power = HomePower(400.0, 80.0, 250.0)
    # in hours of one frame each: 250 (what charges at most), 120, -40, 160, 160 Wh, and 160 from then on

    def home(recharge_wh, hours):
        rules = replace(JUDGEMENT.way, recharge_wh=recharge_wh, recharge_s=3600.0 * hours)
        return lit_home(light, flat, power, 3600.0, rules)

    assert home(0.0, 1)[:, 0, 0].tolist() == [True, True, False, True, True]
    assert home(121.0, 1)[:, 0, 0].tolist() == [True, False, False, True, True]
    assert home(369.0, 2)[:, 0, 0].tolist() == [True, False, False, False, False]
    assert home(331.0, 3)[:, 0, 0].tolist() == [False, False, False, True, True]
    assert home(329.0, 3)[:, 0, 0].tolist() == [True, False, False, True, True]
    assert not home(0.0, 1)[:, 0, 1].any()


def test_a_window_takes_the_cells_within_it():
    field = HeightField(np.zeros((11, 21), np.float32), -50.0, 0.0, 5.0)
    x, y = nodes(field, (-12.0, 5.0, 3.0, 14.0))
    assert x.tolist() == [-10.0, -5.0, 0.0]
    assert y.tolist() == [5.0, 10.0]


def test_steepness_is_that_of_the_plane():
    x, y = np.meshgrid(5.0 * np.arange(4), 5.0 * np.arange(4))
    assert steepness(0.3 * x - 0.4 * y, 5.0) == pytest.approx(np.full((4, 4), math.atan(0.5)))
