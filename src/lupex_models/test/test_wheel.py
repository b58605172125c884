# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.locomotion import drive
from lupex_models.rover import read_rover
from lupex_models.soil import NOMINAL_SOIL, Soil, compaction_resistance, wheel_sinkage
from lupex_models.wheel import WheeledVehicle, drive_wheels, wheel_slope_rad

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
# 350 kg on six wheels of 0.5 m diameter, 0.2 m wide
WHEELS = WheeledVehicle(350.0, 6, 0.25, 0.20, drive_efficiency=0.5)
WEIGHT = 350.0 * 1.624
MEASURED = [(0.1, 1.2), (0.2, 6.8), (0.3, 11.2), (0.5, 17.0), (0.8, 21.9)]
deg = math.radians


@pytest.mark.golden
@pytest.mark.parametrize(("slip", "slope_deg"), MEASURED)
def test_six_rigid_wheels_climb_as_measured(slip, slope_deg):
    # the tolerance of 1 deg is the requirement's
    assert math.degrees(wheel_slope_rad(WHEELS, slip)) == pytest.approx(slope_deg, abs=1.0)


@pytest.mark.property
@given(slip=st.floats(0.05, 0.95), kphi=st.floats(2e5, 1.2e6), friction=st.floats(0.5, 0.75))
def test_driving_up_a_slope_slips_as_much_as_that_slope_takes(slip, kphi, friction):
    soil = Soil(1.0, 1400.0, kphi, 170.0, friction, 0.018)
    slope = wheel_slope_rad(WHEELS, slip, soil)
    assert drive_wheels(WHEELS, slope, 0.0, 0.1, soil).slip == pytest.approx(slip, rel=1e-4)


def test_wheels_on_level_ground_by_hand():
    state = drive_wheels(WHEELS, 0.0, 0.0, 0.1)
    row = NOMINAL_SOIL.as_row()
    sinkage = wheel_sinkage(WEIGHT / 6, 0.20, 0.25, row)
    rut = 6 * compaction_resistance(sinkage, 0.20, row)
    assert state.sinkage_m == pytest.approx(sinkage)
    assert state.torque_nm == pytest.approx(rut * 0.25 / 6)
    assert state.power_w == pytest.approx(rut * 0.1 / 0.5)
    assert state.ground_speed_mps == pytest.approx(0.1 * (1.0 - state.slip))
    assert state.side_slip_rad == 0.0


def test_wheels_slip_sideways_downhill_and_back_up_as_they_climb():
    across = drive_wheels(WHEELS, 0.0, deg(8), 0.1)
    assert across.side_slip_rad < -0.02
    assert drive_wheels(WHEELS, 0.0, deg(-8), 0.1).side_slip_rad == pytest.approx(-across.side_slip_rad)
    up, backing = drive_wheels(WHEELS, deg(6), 0.0, 0.1), drive_wheels(WHEELS, deg(-6), 0.0, -0.1)
    assert backing[:5] == pytest.approx(up[:5])
    assert drive_wheels(WHEELS, deg(-15), 0.0, 0.1).power_w == 0.0


def test_wheels_without_traction_spin_in_place():
    stuck = drive_wheels(WHEELS, deg(30), 0.0, 0.1)
    assert (stuck.slip, stuck.ground_speed_mps, stuck.feasible) == (1.0, 0.0, False)
    assert stuck.power_w > 0.0
    assert not drive_wheels(WHEELS, 0.0, deg(35), 0.1).feasible


def test_crawlers_climb_much_steeper_than_wheels():
    assert drive(ROVER.crawler, ROVER.body.mass_kg, deg(20), 0.0, 0.1).slip < 0.2
    assert wheel_slope_rad(WHEELS, 0.2) < deg(8)
