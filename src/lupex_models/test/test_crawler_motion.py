# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models.crawler_motion import CrawlerVehicle, unit_loads
from lupex_models.locomotion import drive
from lupex_models.rover import read_rover
from lupex_models.soil import NOMINAL_SOIL, SoilSpread

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
VEHICLE = CrawlerVehicle(ROVER)
SOILS = np.tile(NOMINAL_SOIL.as_row(), (4, 1))
AHEAD = np.zeros(4)
WEIGHT = ROVER.body.mass_kg * 1.624


@pytest.mark.property
@given(along=st.floats(-0.35, 0.35), across=st.floats(-0.2, 0.2))
def test_straight_driving_agrees_with_the_planners_model(along, across):
    motion = VEHICLE.motion(np.full(4, 0.1), AHEAD, along, across, SOILS)
    state = drive(ROVER.crawler, ROVER.body.mass_kg, along, across, 0.1)
    # uneven loads and the strength's rise with slide speed part the two by less than 2 % of the slip
    assert motion.slip.mean() == pytest.approx(state.slip, rel=0.02, abs=2e-4)
    assert math.atan2(motion.vy_mps, motion.vx_mps) == pytest.approx(state.side_slip_rad, abs=2e-3)
    assert motion.power_w == pytest.approx(state.power_w, rel=0.02, abs=0.2)


@pytest.mark.property
@given(
    track=st.lists(st.floats(-0.1, 0.1), min_size=4, max_size=4),
    steer=st.lists(st.floats(-1.5, 1.5), min_size=4, max_size=4),
    along=st.floats(-0.3, 0.3),
    across=st.floats(-0.3, 0.3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60)
def test_any_command_on_any_soil_gives_a_bounded_motion(track, steer, along, across, seed):
    soils = SoilSpread().draw(4, np.random.default_rng(seed))
    motion = VEHICLE.motion(np.array(track), np.array(steer), along, across, soils)
    assert np.isfinite([motion.vx_mps, motion.vy_mps, motion.yaw_rate_rad_s, motion.power_w]).all()
    assert math.hypot(motion.vx_mps, motion.vy_mps) < 1.0
    assert motion.power_w >= 0.0


def test_parked_on_a_slope_it_holds():
    motion = VEHICLE.motion(np.zeros(4), AHEAD, math.radians(20), 0.0, SOILS)
    # regularised rest: less than 0.1 m in an hour
    assert abs(motion.vx_mps) < 0.1 / 3600.0
    assert motion.power_w == 0.0
    assert (motion.slip == 0.0).all()


def test_too_steep_it_slides_back():
    assert VEHICLE.motion(np.full(4, 0.1), AHEAD, math.radians(32), 0.0, SOILS).vx_mps < 0.0


def test_it_turns_on_the_spot():
    steer = np.array([-1, 1, 1, -1]) * math.pi / 4
    track = 0.1 * np.array([-1, 1, -1, 1])
    motion = VEHICLE.motion(track, steer, 0.0, 0.0, SOILS)
    assert math.hypot(motion.vx_mps, motion.vy_mps) < 1e-9
    assert motion.yaw_rate_rad_s == pytest.approx(0.1 / math.hypot(0.55, 0.55), rel=1e-3)


def test_softer_soil_on_the_right_turns_it_right():
    soils = SOILS.copy()
    soils[[1, 3], 4] = math.radians(30)
    soils[[1, 3], 5] = 0.025
    motion = VEHICLE.motion(np.full(4, 0.1), AHEAD, math.radians(15), 0.0, soils)
    assert motion.yaw_rate_rad_s < -1e-5
    assert motion.slip[1] > motion.slip[0]


def test_a_dragging_unit_holds_back_and_takes_no_power():
    motion = VEHICLE.motion(np.array([0.1, 0.1, 0.1, 0.02]), AHEAD, 0.0, 0.0, SOILS)
    assert motion.torque_nm[3] < 0.0 < motion.torque_nm[2]
    assert motion.yaw_rate_rad_s < 0.0


def test_loads_balance_weight_and_moment():
    positions = np.array([[0.55, 0.55], [0.55, -0.55], [-0.55, 0.55], [-0.55, -0.55]])
    along, across = math.sin(0.2), math.sin(0.1)
    normal = math.sqrt(1 - along**2 - across**2)
    loads = unit_loads(positions, ROVER.body.mass_kg, 0.6, along, across, normal)
    assert loads.sum() == pytest.approx(WEIGHT * normal)
    assert (loads * positions[:, 0]).sum() == pytest.approx(-WEIGHT * along * 0.6)
    assert (loads * positions[:, 1]).sum() == pytest.approx(-WEIGHT * across * 0.6)
