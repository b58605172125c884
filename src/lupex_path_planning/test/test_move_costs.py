# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Moves on planes by hand: each allowance of the pace and the map's slope error make them dearer, by so much."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.locomotion import LocomotionTable, drive
from lupex_models.rover import read_rover
from lupex_models.soil import Soil, soil_spread
from lupex_path_planning.config import GridConfig, PaceConfig
from lupex_path_planning.site_grid import grid_of, moves

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
TABLE = LocomotionTable.build(ROVER)
EAST, NORTH, WEST, SOUTH, NORTH_EAST, NORTH_WEST = 0, 2, 4, 6, 1, 3
CELL_M = 5.0
PACE = PaceConfig()


def plane(along_x_rad, along_y_rad=0.0, config=GridConfig()):  # noqa: B008
    y, x = np.mgrid[0:7, 0:7] * CELL_M
    return grid_of(math.tan(along_x_rad) * x + math.tan(along_y_rad) * y, 0.0, 0.0, CELL_M, config)


def middle(made, move):
    return float(made.time_s[move, 3, 3]), float(made.power_w[move, 3, 3])


def by_hand(along_rad, across_rad, error_rad, flat_m=CELL_M, pace=PACE):
    """Return (time, power) of a move whose slopes are both taken as steeper by an error."""
    speed = float(TABLE.speed_mps(along_rad + error_rad, abs(across_rad) + error_rad))
    drives = float(TABLE.power_w(along_rad + error_rad, abs(across_rad) + error_rad))
    loads = ROVER.loads
    heater = pace.heater_share * loads.heater_w
    power = pace.load_factor * (loads.avionics_w + heater + loads.lidar_w + drives)
    return flat_m / math.cos(along_rad) * pace.detour_factor / (pace.speed_factor * speed), power


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("error", [0.0, 0.0175, 0.05])
def test_a_map_that_errs_costs_what_ground_steeper_by_its_error_does(slope, error):
    made = moves(plane(slope), ROVER, PACE, error)
    for move, along, across in ((EAST, slope, 0.0), (WEST, -slope, 0.0), (NORTH, 0.0, slope), (SOUTH, 0.0, -slope)):
        assert middle(made, move) == pytest.approx(by_hand(along, across, error), rel=1e-6)


def test_diagonal_moves_meet_the_slopes_along_and_across_them():
    """Uphill to the north-east is level to the north-west, across as steep as along."""
    slope = 0.15
    part = math.tan(slope) * math.sqrt(0.5)
    made = moves(plane(math.atan(part), math.atan(part)), ROVER, PACE, 0.0)
    longer = CELL_M * math.sqrt(2.0)
    assert middle(made, NORTH_EAST) == pytest.approx(by_hand(slope, 0.0, 0.0, longer), rel=1e-6)
    assert middle(made, NORTH_WEST) == pytest.approx(by_hand(0.0, slope, 0.0, longer), rel=1e-6)


def test_ground_as_steep_as_can_be_planned_over_is_closed_once_the_map_errs():
    limit = GridConfig().slope_max_rad
    error = 0.03
    for slope, exact, erring in ((limit - 0.5 * error, True, False), (limit - 1.5 * error, True, True)):
        assert plane(slope, config=GridConfig(slope_error_rad=0.0)).passable.all() == exact
        assert plane(slope, config=GridConfig(slope_error_rad=error)).passable.all() == erring
    assert not plane(limit + 0.01, config=GridConfig(slope_error_rad=0.0)).passable.any()


@pytest.mark.parametrize(
    "change",
    [{"speed_factor": 0.5}, {"detour_factor": 1.5}, {"load_factor": 1.4}, {"heater_share": 1.0}, {"heater_share": 0.0}],
)
def test_each_allowance_of_the_pace_counts_by_itself(change):
    pace = dataclasses.replace(PACE, **change)
    made = moves(plane(0.1), ROVER, pace, 0.0)
    assert middle(made, EAST) == pytest.approx(by_hand(0.1, 0.0, 0.0, pace=pace), rel=1e-6)
    loads = ROVER.loads
    standing = pace.load_factor * (loads.avionics_w + pace.heater_share * loads.heater_w)
    assert made.parked_w == pytest.approx(standing)


def test_a_move_over_an_edge_counts_the_rise_itself():
    """A ledge between two cells: by the gradients at its ends, central differences, it is half as steep as it is."""
    heights = np.zeros((7, 7))
    heights[:, 4:] = 1.0
    made = moves(grid_of(heights, 0.0, 0.0, CELL_M, GridConfig()), ROVER, PACE, 0.0)
    rise = math.atan(1.0 / CELL_M)
    time_s, _ = middle(made, EAST)
    # the metres are those of the gentlest of the three slopes
    speed = float(TABLE.speed_mps(rise, 0.0))
    assert time_s == pytest.approx(
        CELL_M / math.cos(math.atan(0.5 / CELL_M)) * PACE.detour_factor / (PACE.speed_factor * speed), rel=1e-6
    )


def test_a_colder_and_emptier_battery_gives_less_for_what_is_stored_in_it():
    warm = moves(plane(0.0), ROVER, dataclasses.replace(PACE, battery_soc=0.8, battery_k=293.0), 0.0)
    cold = moves(plane(0.0), ROVER, dataclasses.replace(PACE, battery_soc=0.1, battery_k=258.0), 0.0)
    assert cold.discharge > 1.01 * warm.discharge
    # No pack stores more than comes in, nor gives more than was stored: the converter alone takes its share.
    for made in (warm, cold):
        assert made.discharge > 1.0 / ROVER.battery.converter_efficiency
        assert made.charge < ROVER.battery.converter_efficiency


def test_hardly_a_soil_of_the_spread_is_slower_than_a_high_quantile_counts_on():
    slope = 0.2
    made = moves(plane(slope), ROVER, dataclasses.replace(PACE, slip_quantile=0.95), 0.0)
    metres = CELL_M / math.cos(slope) * PACE.detour_factor
    counted_mps = metres / (PACE.speed_factor * middle(made, EAST)[0])
    drawn = [Soil(*map(float, row)) for row in soil_spread(ROVER).draw(400, np.random.default_rng(77))]
    crawler = ROVER.crawler
    true_mps = [
        drive(crawler, ROVER.body.mass_kg, slope, 0.0, crawler.max_speed_mps, soil).ground_speed_mps for soil in drawn
    ]
    # 5 % expected of 400, by a quantile that was itself found from 128 of them: 0.02 a sigma
    assert 0.0 < np.mean(np.array(true_mps) < counted_mps) < 0.12
