# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ruts with history: who spins digs in, only fresh ground gets a unit out, and weak soil does not hold."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from planes import ONES, ROVER, ZEROS, plane, run
from reference_track import SOIL, WEAK

from lupex_simulator.crawler.rut import follow_ruts, fresh_ruts, steady_pit
from lupex_simulator.crawler.steady_drive import steady_drive
from lupex_simulator.crawler.true_locomotion import PIT, ROLLING, RUT_COLUMNS, Units, true_track
from lupex_simulator.crawler.vehicle import Vehicle, VehicleConfig
from lupex_worlds.truth.soil_truth import TrackGrip

GRIP = TrackGrip(digging=0.03)
TRACK = true_track(ROVER, GRIP)
LOAD = 350.0 * 1.624 / 4.0
PLACES = np.array([[0.55, 0.55], [0.55, -0.55], [-0.55, 0.55], [-0.55, -0.55]])
STATIC_M = LOAD / 0.125 / (1400.0 / 0.25 + 820e3)


def set_down(speed=0.1, load=LOAD):
    made = Units(
        PLACES, np.full(4, speed), np.zeros(4), np.full(4, load), np.zeros((4, RUT_COLUMNS)), np.tile(SOIL, (4, 1))
    )
    fresh_ruts(made, TRACK, (0.0, 0.0, 0.0))
    return made


def go(made, x_m, way_m, slip, step_m=0.002):
    """Drive all units straight for some way (negative: back) at a slip; return where they stand."""
    for _ in range(round(abs(way_m) / step_m)):
        x_m += math.copysign(step_m, way_m)
        speed = math.copysign(step_m / (1.0 - slip), way_m)
        made.speeds[:] = speed
        follow_ruts(made, TRACK, np.array([speed * (1.0 - slip), 0.0, 0.0]), (x_m, 0.0, 0.0), 1.0)
    return x_m


def spin(made, way_m):
    made.speeds[:] = 0.1
    for _ in range(100):
        follow_ruts(made, TRACK, np.zeros(3), (0.0, 0.0, 0.0), way_m / 100 / 0.1)


def on(ground, row, x_m=0.0, grip=GRIP, yaw_rad=0.0):
    def soil(x, y):
        return np.tile(row, (len(x), 1)) if not callable(row) else row(np.asarray(x), np.asarray(y))

    return Vehicle(ROVER, VehicleConfig(), ground, soil, x_m, 0.0, yaw_rad, grip=grip)


def test_spinning_digs_by_the_way_that_slips_until_the_belly_lies_on_the_ground():
    made = set_down()
    assert made.ruts[:, ROLLING] == pytest.approx(np.full(4, STATIC_M))
    spin(made, 2.0)
    assert made.ruts[:, PIT] == pytest.approx(np.full(4, 0.03 * 2.0))
    spin(made, 100.0)
    assert made.ruts[:, PIT] == pytest.approx(np.full(4, ROVER.body.clearance_m))


def test_a_unit_that_bears_less_digs_less():
    made = set_down(load=0.25 * LOAD)
    spin(made, 2.0)
    assert made.ruts[:, PIT] == pytest.approx(np.full(4, 0.25 * 0.03 * 2.0))


def test_rocking_in_the_pit_does_not_fill_it_and_fresh_ground_does():
    made = set_down()
    spin(made, 2.0)
    x = go(made, 0.0, 0.2, 0.0)
    reached = made.ruts[0, PIT]
    assert reached == pytest.approx(0.06 * math.exp(-0.2 / 0.5), rel=1e-3)
    for _ in range(5):
        x = go(made, x, -0.2, 0.0)
        x = go(made, x, 0.2, 0.0)
    assert made.ruts[0, PIT] == pytest.approx(reached, rel=1e-3)
    go(made, x, 1.5, 0.0)
    assert made.ruts[:, PIT] == pytest.approx(np.full(4, 0.06 * math.exp(-1.7 / 0.5)), rel=0.02)


def test_turning_on_the_spot_is_fresh_ground_for_each_unit():
    made = set_down()
    spin(made, 2.0)
    radius = 0.55 * math.sqrt(2.0)
    made.speeds[:] = 0.0
    for k in range(100):
        follow_ruts(made, TRACK, np.zeros(3), (0.0, 0.0, 0.3 * (k + 1) / 100 / radius), 1.0)
    assert made.ruts[:, PIT] == pytest.approx(np.full(4, 0.06 * math.exp(-0.3 / 0.5)), rel=0.01)


def test_at_a_steady_slip_the_rut_settles_where_digging_and_filling_balance():
    made = set_down()
    go(made, 0.0, 6.0, 0.4)
    pit = 0.03 * 0.5 * 0.4 / 0.6
    assert made.ruts[:, PIT] == pytest.approx(np.full(4, pit), rel=0.02)
    assert made.ruts[:, ROLLING] == pytest.approx(np.full(4, STATIC_M * 1.4 / 0.8), rel=0.01)
    assert steady_pit(0.4, 0.6, TRACK) == pytest.approx(pit)
    assert steady_pit(0.4, 0.0, TRACK) == ROVER.body.clearance_m


def test_the_vehicle_comes_to_the_steady_drive():
    for slope_deg in (-9.0, 6.0, 11.0):
        made = on(plane(math.radians(slope_deg)), WEAK, math.copysign(-10.0, slope_deg))
        run(made, 150.0)
        steady = steady_drive(true_track(ROVER, GRIP), WEAK, math.radians(slope_deg), 0.0, 0.1)
        # the rear units bear more on a climb and sink deeper
        assert made.slip == pytest.approx(steady.slip, rel=0.03)
        assert made.power_w == pytest.approx(steady.power_w, rel=0.02)
        assert float(made.sinkage_m.mean()) == pytest.approx(steady.sinkage_m, rel=0.1)


def test_too_steep_for_the_soil_it_digs_itself_in_and_the_pit_stays_a_hindrance():
    slope = math.radians(15.5)
    made = on(plane(slope), WEAK)
    now = run(made, 30.0)
    early, gone = made.sinkage_m.copy(), made.pose.x_m
    assert made.slip > 0.9
    now = run(made, 120.0, start_s=now)
    assert (made.sinkage_m > 2.0 * early).all()
    assert made.pose.x_m - gone < 0.3
    # back down it must first climb out of what it has dug
    fresh = on(plane(slope), WEAK)
    run(fresh, 5.0, speed=-ONES)
    dug = on(plane(slope), WEAK)
    at = run(dug, 180.0)
    before = dug.pose.x_m
    run(dug, 5.0, speed=-ONES, start_s=at)
    assert before - dug.pose.x_m < 0.9 * -fresh.pose.x_m


def test_dug_in_to_the_belly_it_is_stuck_for_good():
    made = on(plane(), WEAK)
    now = run(made, 150.0, anchored=True)
    assert made.sinkage_m.min() > 0.25
    assert made.entrapment > 1.0
    place = made.pose.x_m
    now = run(made, 60.0, start_s=now)
    assert abs(made.pose.x_m - place) < 0.05
    run(made, 60.0, speed=-ONES, start_s=now)
    assert abs(made.pose.x_m - place) < 0.05
    assert made.slip > 0.9
    free = on(plane(), WEAK)
    run(free, 10.0)
    assert free.entrapment < 0.2


def test_out_of_a_shallow_pit_it_drives_and_its_ruts_are_shallow_again():
    made = on(plane(), SOIL)
    now = run(made, 20.0, anchored=True)
    assert made.sinkage_m.min() > 0.05
    run(made, 40.0, start_s=now)
    assert made.sinkage_m.max() < 1.2 * STATIC_M
    assert made.pose.x_m > 3.0


def test_on_weak_soil_a_descent_becomes_a_slide():
    """Firm ground above, a weak patch below x = 0: with its tracks stopped it goes on down."""

    def soil(x_m, y_m):
        rows = np.tile(SOIL, (len(x_m), 1))
        rows[x_m < 0.0] = WEAK
        return rows

    ground = plane(math.radians(21.0))
    held = on(ground, soil, 4.0)
    run(held, 20.0, speed=ZEROS)
    assert held.pose.x_m == 4.0
    sliding = on(ground, soil, -2.0)
    run(sliding, 20.0, speed=ZEROS)
    assert sliding.pose.x_m < -2.2
    assert sliding.twist[0] < -0.01
    assert sliding.power_w == 0.0
    # braking with slowly running tracks it goes down faster than they run
    braking = on(ground, soil, -2.0)
    run(braking, 20.0, speed=-0.3 * ONES)
    assert braking.twist[0] < -0.05
    assert braking.slip < -0.5
    run(braking, 5.0, start_s=20.0, speed=ZEROS, anchored=True)
    assert braking.twist == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("cohesion_pa", [0.1, 300.0])
def test_a_parked_rover_holds_to_the_angle_of_its_friction(cohesion_pa):
    """tan(slope) = share x tan(phi) + share x c A / (W cos): strength is that of the normal load, not of the weight."""
    row = SOIL.copy()
    row[3] = cohesion_pa
    share, phi = TrackGrip().interface_friction, math.radians(35.0)
    limit = math.atan(share * math.tan(phi))
    for _ in range(20):
        limit = math.atan(share * (math.tan(phi) + cohesion_pa * 0.5 / (350.0 * 1.624 * math.cos(limit))))
    for yaw in (0.0, 1.1):
        below, above = (on(plane(limit + math.radians(d)), row, yaw_rad=yaw, grip=TrackGrip()) for d in (-0.5, 0.5))
        for made in (below, above):
            run(made, 5.0, speed=ZEROS)
        assert below.pose.x_m == 0.0
        assert above.pose.x_m < -1e-3
