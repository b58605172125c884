# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The orbital map as a map of occupancy."""

import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.rover import read_rover
from lupex_path_planning.config import GridConfig, PaceConfig
from lupex_path_planning.occupancy import ground_level_m, occupancy
from lupex_path_planning.site_grid import changed_moves, grid_of, moves

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
CONFIG = GridConfig(slope_error_rad=0.0, slope_max_rad=0.4)


def seen(heights):
    grid = grid_of(np.asarray(heights, np.float64), 0.0, 0.0, 5.0, CONFIG)
    return grid, moves(grid, ROVER, PaceConfig(), 0.0)


def tilted(slope_rad, size=8):
    return np.tile(math.tan(slope_rad) * 5.0 * np.arange(size), (size, 1))


@pytest.mark.parametrize(("slope_rad", "cost"), [(0.0, 0), (0.1, 24), (0.2, 49), (0.35, 86), (0.41, 100)])
def test_the_cost_is_the_share_of_the_steepest_slope(slope_rad, cost):
    grid, made = seen(tilted(slope_rad))
    assert set(occupancy(grid, made, CONFIG).flat) == {cost}


def test_the_error_of_the_map_counts():
    grid, made = seen(tilted(0.1))
    assert occupancy(grid, made, GridConfig(slope_error_rad=0.1, slope_max_rad=0.4))[4, 4] == 49


def test_what_is_not_known_is_neither_free_nor_occupied():
    heights = np.zeros((9, 9))
    heights[2, 6] = np.nan
    grid, made = seen(heights)
    cost = occupancy(grid, made, CONFIG)
    # nor is the slope beside it
    assert {tuple(cell) for cell in np.argwhere(cost == -1).tolist()} == {(2, 6), (1, 6), (3, 6), (2, 5), (2, 7)}
    assert set(cost[cost != -1].tolist()) == {0}


def test_ground_that_no_move_leads_onto_is_occupied():
    grid, made = seen(np.zeros((9, 9)))
    walled = np.zeros(grid.shape, np.bool_)
    walled[3, 5] = True
    cost = occupancy(grid, changed_moves(made, walled, math.inf), CONFIG)
    assert np.argwhere(cost == 100).tolist() == [[3, 5]]


def test_it_is_shown_at_the_height_of_the_ground():
    assert ground_level_m(seen([[5.0, 7.0], [7.0, 9.0]])[0]) == 7.0
    assert ground_level_m(seen(np.full((3, 3), np.nan))[0]) == 0.0
