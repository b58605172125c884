# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Driving straight for long: against an independent calculation, and what a judge asks of it."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from reference_track import SOIL, WEAK, reference_drive

from lupex_models.rover import read_rover
from lupex_simulator.crawler.steady_drive import drive_costs, steady_drive
from lupex_simulator.crawler.true_locomotion import true_track
from lupex_worlds.truth.soil_truth import TrackGrip

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
GRIP = TrackGrip(0.62, 0.0, 0.3, 0.02)
TRACK = true_track(ROVER, GRIP)
WEIGHT = 350.0 * 1.624


def on(slope_deg, across_deg=0.0, soil=SOIL, speed=0.1, track=TRACK):
    return steady_drive(track, soil, math.radians(slope_deg), math.radians(across_deg), speed)


@pytest.mark.parametrize(("soil", "slopes"), [(SOIL, (0.0, 5.0, 12.0, 18.0, 23.0)), (WEAK, (0.0, 3.0, 7.0, 11.0))])
def test_slip_and_power_are_those_of_an_independent_calculation(soil, slopes):
    for slope in slopes:
        slip, power_w = reference_drive(ROVER, math.radians(slope), soil, GRIP)
        found = on(slope, soil=soil)
        assert found.feasible
        assert found.slip == pytest.approx(slip, rel=2e-3, abs=1e-5)
        assert found.power_w == pytest.approx(power_w, rel=1e-3)
        assert found.ground_speed_mps == pytest.approx(0.1 * (1.0 - slip), rel=1e-3)


def test_where_slip_runs_away_it_cannot_be_driven():
    """The rut asks for more slip, and more slip for a deeper rut: the limit lies below that of the bare soil."""
    limits = []
    for digging in (0.0, 0.02):
        track, grip = TRACK._replace(digging=digging), GRIP._replace(digging=digging)
        steps = np.arange(8.0, 18.0, 0.25)
        can = [on(slope, soil=WEAK, track=track).feasible for slope in steps]
        limit = steps[can.index(False)]
        limits.append(limit)
        assert not any(can[can.index(False) :])
        assert math.isfinite(reference_drive(ROVER, math.radians(limit - 0.5), WEAK, grip)[0])
        assert math.isnan(reference_drive(ROVER, math.radians(limit + 0.5), WEAK, grip)[0])
    assert limits[1] < limits[0] - 0.5
    stuck = on(25.0, soil=WEAK)
    assert (stuck.slip, stuck.ground_speed_mps, stuck.feasible) == (1.0, 0.0, False)
    assert stuck.power_w > 5.0


def test_uphill_slips_more_than_downhill_skids():
    for slope in (3.0, 8.0, 15.0, 20.0):
        up, down = on(slope), on(-slope)
        assert up.slip > -down.slip > 0.0
        assert up.power_w > down.power_w
        assert down.ground_speed_mps > 0.1 > up.ground_speed_mps


def test_a_descent_that_the_soil_does_not_hold_is_none():
    assert on(-12.0, soil=WEAK).feasible
    # tan of the slope past what the interface bears: 0.62 x tan 20 deg, and cohesion
    assert not on(-18.0, soil=WEAK).feasible
    assert not on(0.0, 18.0, soil=WEAK).feasible


def test_backwards_up_a_slope_is_forwards_up_it():
    forth, back = on(9.0, 4.0), on(-9.0, -4.0, speed=-0.1)
    assert back.slip == pytest.approx(forth.slip)
    assert back.power_w == pytest.approx(forth.power_w)
    assert back.ground_speed_mps == pytest.approx(forth.ground_speed_mps)


def test_a_cross_slope_lets_it_drift_to_the_lower_side_and_mirrored_alike():
    left_high, right_high = on(0.0, 12.0), on(0.0, -12.0)
    assert left_high.side_slip < -0.01
    assert right_high.side_slip == pytest.approx(-left_high.side_slip)
    assert on(0.0, 18.0).side_slip < left_high.side_slip


def test_power_covers_the_climb():
    for slope in np.arange(0.0, 24.0, 2.0):
        found = on(slope)
        assert found.power_w * 0.5 >= WEIGHT * math.sin(math.radians(slope)) * found.ground_speed_mps
    # level: the tracks' own friction, and the rut that is pressed
    pressure = WEIGHT / 4.0 / 0.125
    rut = 4.0 * 0.5 * pressure * pressure / (1400.0 / 0.25 + 820e3) * 0.25
    assert on(0.0).power_w == pytest.approx((0.06 * WEIGHT + rut) * 0.1 / 0.5, rel=2e-3)


def test_costs_are_energy_and_time_of_a_metre():
    along, across = np.radians([[0.0, 10.0, -10.0]]), np.radians([[0.0], [7.0]])
    energy, time = drive_costs(TRACK, SOIL, along, across)
    assert energy.shape == time.shape == (2, 3)
    for i, side in enumerate((0.0, 7.0)):
        for j, slope in enumerate((0.0, 10.0, -10.0)):
            single = on(slope, side)
            assert time[i, j] == pytest.approx(1.0 / single.ground_speed_mps)
            assert energy[i, j] == pytest.approx(single.power_w / single.ground_speed_mps)
    assert np.array(drive_costs(TRACK, SOIL, 0.1, -0.1)) == pytest.approx(np.array(drive_costs(TRACK, SOIL, 0.1, 0.1)))


def test_each_place_is_driven_on_its_own_soil():
    slope = math.radians(10.0)
    energy, time = drive_costs(TRACK, np.stack([SOIL, WEAK]), slope, np.array([0.0, 0.0]))
    for k, soil in enumerate((SOIL, WEAK)):
        single = on(10.0, soil=soil)
        assert time[k] == pytest.approx(1.0 / single.ground_speed_mps)
        assert energy[k] == pytest.approx(single.power_w / single.ground_speed_mps)
    assert energy[1] > 1.1 * energy[0]


def test_what_cannot_be_driven_costs_without_end():
    for slope in (math.radians(20.0), math.radians(80.0), -math.radians(80.0), math.nan):
        assert drive_costs(TRACK, WEAK, slope, 0.0) == (math.inf, math.inf)
    assert drive_costs(TRACK, WEAK, 0.0, math.radians(40.0)) == (math.inf, math.inf)
    assert math.isfinite(drive_costs(TRACK, WEAK, 0.0, 0.0)[0])
