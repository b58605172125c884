# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The crawler on plane, stepped and rocky ground."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_simulator.crawler.vehicle import Pose, Vehicle, VehicleConfig
from lupex_worlds.truth.soil_truth import TrackGrip

sys.path.insert(0, str(Path(__file__).parent))
from planes import DT, ONES, ROVER, ZEROS, plane, run
from reference_track import SOIL, reference_drive

TURN_STEER = np.array([-1.0, 1.0, 1.0, -1.0]) * math.pi / 4
TURN_DRIVE = np.array([-1.0, 1.0, -1.0, 1.0])


def nominal(x_m, y_m):
    return np.tile(SOIL, (len(x_m), 1))


def vehicle(ground, x_m=0.0, y_m=0.0, yaw_rad=0.0, soil=nominal, **config):
    return Vehicle(ROVER, VehicleConfig(**config), ground, soil, x_m, y_m, yaw_rad)


def test_straight_drive_is_track_distance_less_slip():
    made = vehicle(plane(math.radians(12.0)), -8.0)
    run(made, 100.0)
    slip, power_w = reference_drive(ROVER, math.radians(12.0), SOIL, TrackGrip())
    assert made.slip == pytest.approx(slip, abs=0.001)
    assert made.travel_m == pytest.approx(np.full(4, 9.95), abs=0.01)
    assert made.distance_m == pytest.approx(float(made.travel_m.mean()) * (1.0 - slip), rel=0.002)
    # the rear units bear more and slip digs them in: the body is pitched by less than 0.1 deg more than the slope
    assert 0.0 < -made.pose.pitch_rad - math.radians(12.0) < math.radians(0.1)
    assert made.pose.x_m + 8.0 == pytest.approx(made.distance_m * math.cos(made.pose.pitch_rad), rel=1e-4)
    assert made.power_w == pytest.approx(power_w, rel=0.005)


def test_attitude_on_a_slope_follows_the_heading():
    uphill = vehicle(plane(math.radians(10.0))).pose
    assert uphill.pitch_rad == pytest.approx(math.radians(-10.0), abs=1e-4)
    assert uphill.roll_rad == pytest.approx(0.0, abs=1e-6)
    across = vehicle(plane(math.radians(10.0)), yaw_rad=math.pi / 2).pose
    assert across.roll_rad == pytest.approx(math.radians(-10.0), abs=1e-4)
    assert across.pitch_rad == pytest.approx(0.0, abs=1e-6)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.floats(-0.35, 0.35), st.floats(-0.35, 0.35), st.floats(-3.1, 3.1))
def test_body_z_axis_is_the_normal_of_a_plane(along, across, yaw):
    r = vehicle(plane(along, across), yaw_rad=yaw).pose.rotation()
    normal = np.array([-math.tan(along), -math.tan(across), 1.0])
    assert r[:, 2] == pytest.approx(normal / np.linalg.norm(normal), abs=1e-5)
    assert math.atan2(r[1, 0], r[0, 0]) == pytest.approx(yaw, abs=1e-9)
    assert np.linalg.det(r) == pytest.approx(1.0)


def test_sinkage_is_that_of_the_static_load():
    made = vehicle(plane())
    pressure = ROVER.body.mass_kg * 1.624 / 4 / (0.5 * 0.25)
    expected = pressure / (1400.0 / 0.25 + 820e3)
    assert made.sinkage_m == pytest.approx(np.full(4, expected))
    assert made.pose.z_m == pytest.approx(-expected)


def test_turn_in_place_stays_and_turns():
    made = vehicle(plane(), 1.0, 2.0, 0.3)
    run(made, 30.0, TURN_STEER, ZEROS)
    run(made, 20.0, TURN_STEER, TURN_DRIVE, 30.0)
    assert math.hypot(made.pose.x_m - 1.0, made.pose.y_m - 2.0) < 0.001
    radius = math.hypot(ROVER.crawler.unit_x_m, ROVER.crawler.unit_y_m)
    assert made.pose.yaw_rad - 0.3 == pytest.approx(0.1 * 19.5 / radius, rel=0.01)


def test_crab_moves_sideways_without_turning():
    made = vehicle(plane())
    run(made, 10.0, np.full(4, math.pi / 2), ZEROS)
    run(made, 20.0, np.full(4, math.pi / 2), ONES, 10.0)
    assert made.pose.y_m == pytest.approx(1.95, rel=0.01)
    assert abs(made.pose.x_m) < 1e-3
    assert abs(made.pose.yaw_rad) < 1e-3


def test_side_slip_on_a_cross_slope_goes_downhill():
    made = vehicle(plane(0.0, math.radians(15.0)))
    run(made, 30.0)
    assert made.pose.x_m > 2.5
    assert -0.5 < made.pose.y_m < -0.02


def test_patchy_soil_turns_the_vehicle_towards_its_weak_side():
    def soil(x_m, y_m):
        rows = nominal(x_m, y_m)
        rows[np.asarray(y_m) > 0.0, 4] = math.radians(24.0)
        return rows

    made = vehicle(plane(math.radians(14.0)), -3.0, soil=soil)
    run(made, 20.0)
    assert made.pose.yaw_rad > 0.002


def test_steering_turns_no_faster_than_its_rate_nor_further_than_its_limit():
    made = vehicle(plane())
    run(made, 1.0, np.full(4, 9.0), ZEROS)
    assert made.steer_rad == pytest.approx(np.full(4, ROVER.crawler.max_steer_rate_rad_s))
    assert made.power_w == pytest.approx(4 * VehicleConfig().steering_power_w)
    run(made, 10.0, np.full(4, 9.0), ZEROS, 1.0)
    assert made.steer_rad == pytest.approx(np.full(4, ROVER.crawler.max_steer_rad))
    assert made.power_w == 0.0
    assert not made.moving


def test_tracks_run_no_faster_than_they_can():
    made = vehicle(plane())
    run(made, 3.0, speed=50.0 * ONES)
    assert made.track_mps == pytest.approx(np.full(4, ROVER.crawler.max_speed_mps))


def test_drives_stop_when_the_command_is_old():
    made = vehicle(plane())
    now = run(made, 5.0, np.full(4, 0.3))
    for k in range(round(4.0 / DT)):
        made.step(DT, now + (k + 1) * DT)
    assert not made.moving
    assert made.pose.x_m < 0.7
    stood = made.pose
    made.step(DT, now + 5.0)
    assert made.pose == stood


def test_fresh_commands_are_not_timed_out():
    made = vehicle(plane())
    now = run(made, 5.0)
    for k in range(round(0.9 / DT)):
        made.step(DT, now + (k + 1) * DT)
    assert made.track_mps == pytest.approx(np.full(4, 0.1))


def rock(x0_m, y0_m, height_m, radius_m):
    def shape(x, y):
        return height_m * np.maximum(1.0 - ((x - x0_m) ** 2 + (y - y0_m) ** 2) / radius_m**2, 0.0)

    return shape


def test_a_hidden_rock_under_the_belly_stops_it_and_it_can_back_off():
    made = vehicle(plane(shape=rock(2.0, 0.0, 0.45, 0.3)))
    now = run(made, 60.0)
    assert made.blocked
    assert 1.0 < made.pose.x_m < 2.0
    assert made.slip == 1.0
    assert made.power_w > 5.0
    assert made.twist == (0.0, 0.0, 0.0)
    stuck_at = made.pose.x_m
    run(made, 10.0, speed=-ONES, start_s=now)
    assert made.pose.x_m < stuck_at - 0.5


def test_a_low_rock_between_the_tracks_passes_under():
    made = vehicle(plane(shape=rock(2.0, 0.0, 0.2, 0.3)))
    run(made, 60.0)
    assert made.pose.x_m > 5.0


def test_a_wall_before_the_tracks_stops_it():
    made = vehicle(plane(shape=lambda x, y: np.where(x > 3.0, 0.9, 0.0)))
    run(made, 60.0)
    assert made.blocked
    assert made.pose.x_m < 3.0


def test_the_world_ends_where_its_heights_do():
    made = vehicle(plane(), 48.0)
    run(made, 60.0)
    assert made.blocked
    assert made.pose.x_m < 50.0
    with pytest.raises(ValueError, match="no ground is known there"):
        vehicle(plane(), 200.0)


def test_past_the_tip_over_limit_it_is_lost():
    made = vehicle(plane(shape=lambda x, y: np.maximum(x - 1.0, 0.0) * -math.tan(math.radians(40.0))))
    run(made, 120.0)
    assert made.tipped
    stood = made.pose
    run(made, 5.0, start_s=120.0)
    assert made.pose == stood
    assert made.twist == (0.0, 0.0, 0.0)


def test_too_steep_a_slope_is_not_climbed():
    made = vehicle(plane(math.radians(31.0)))
    run(made, 20.0)
    assert made.pose.x_m < 0.0
    assert made.slip == 1.0


def test_tracks_at_rest_hold_on_a_slope_that_the_soil_bears():
    made = vehicle(plane(math.radians(25.0)))
    before = made.pose
    run(made, 20.0, speed=ZEROS)
    assert made.pose == before
    sliding = vehicle(plane(math.radians(33.0)))
    run(sliding, 2.0, speed=ZEROS)
    assert sliding.pose.x_m < -0.05


def test_anchored_by_the_drill_it_only_spins_its_tracks():
    made = vehicle(plane())
    run(made, 5.0, anchored=True)
    assert made.pose.x_m == 0.0
    assert made.slip == 1.0
    assert made.power_w > 5.0


def test_without_power_nothing_moves():
    made = vehicle(plane())
    now = run(made, 5.0)
    stood = made.pose
    run(made, 5.0, start_s=now, powered=False)
    assert made.pose == stood
    assert made.power_w == 0.0


def test_without_power_the_tracks_lock_and_the_soil_decides():
    held, sliding = vehicle(plane(math.radians(25.0))), vehicle(plane(math.radians(33.0)))
    before = held.pose
    for made in (held, sliding):
        run(made, 2.0, powered=False)
        assert made.power_w == 0.0
        assert (made.track_mps == 0.0).all()
    assert held.pose == before
    assert sliding.pose.x_m < -0.05


def test_it_has_settled_where_the_soil_or_an_obstacle_holds_it():
    made = vehicle(plane(math.radians(20.0)))
    assert not made.settled, "set down, but not looked at"
    made.step(DT, DT)
    assert made.settled
    run(made, 1.0)
    assert not made.settled, "it drives"
    now = run(made, 2.0, speed=ZEROS, start_s=1.0)
    assert made.settled
    made.step(DT, now, anchored=True)
    assert not made.settled, "the drill holds it, whatever the soil does"
    steep = vehicle(plane(math.radians(33.0)))
    steep.step(DT, DT)
    assert not steep.settled
    assert steep.moving


def test_commands_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        vehicle(plane()).command(np.full(4, math.nan), ONES, 0.0)


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-0.5, 0.5), st.floats(-1.0, 1.0))
def test_energy_covers_what_is_lifted(along, across, steer, speed):
    """What the drives take is at least the height gained, and never negative."""
    made = vehicle(plane(along, across))
    energy, start = 0.0, made.pose.z_m
    for k in range(250):
        made.command(np.full(4, steer), np.full(4, speed), k * DT)
        made.step(DT, (k + 1) * DT)
        assert made.power_w >= 0.0
        assert -1.0 <= made.slip <= 1.0
        energy += made.power_w * DT
    gained = ROVER.body.mass_kg * 1.624 * (made.pose.z_m - start)
    assert energy >= gained - 1.0


def test_pose_turns_as_its_angles_say():
    r = Pose(0.0, 0.0, 0.0, 0.1, -0.2, 0.3).rotation()
    assert math.asin(-r[2, 0]) == pytest.approx(-0.2)
    assert math.atan2(r[2, 1], r[2, 2]) == pytest.approx(0.1)
    assert math.atan2(r[1, 0], r[0, 0]) == pytest.approx(0.3)


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_whatever_is_commanded_on_whatever_soil_it_stays_finite_bounded_and_repeats(seed):
    def ride():
        rng = np.random.default_rng(seed)

        def soil(x_m, y_m):
            rows = np.tile(SOIL, (4, 1))
            rows[:, 2], rows[:, 3] = 10.0 ** rng.uniform(4.0, 6.5, 4), 10.0 ** rng.uniform(-1.0, 4.0, 4)
            rows[:, 4], rows[:, 5] = rng.uniform(0.15, 0.9, 4), 10.0 ** rng.uniform(-3.0, -0.5, 4)
            return rows

        grip = TrackGrip(rng.uniform(0.3, 1.0), rng.choice([0.0, 0.03]), rng.uniform(0.0, 1.0), rng.uniform(0.0, 0.2))
        tilt = rng.uniform(-0.55, 0.55, 2)
        made = Vehicle(ROVER, VehicleConfig(), plane(*tilt), soil, 0.0, 0.0, rng.uniform(-3, 3), grip=grip)
        for k in range(150):
            if k % 10 == 0:
                drive = rng.choice([0.0, 1e-12, 1.0, 1e300], 4) * rng.uniform(-1, 1, 4)
                made.command(rng.uniform(-9, 9, 4), drive, k * 0.08)
            made.step(0.08, (k + 1) * 0.08, anchored=bool(rng.random() < 0.1))
            assert math.hypot(*made.twist[:2]) <= 0.1 + VehicleConfig().slide_speed_mps + 1e-12
            assert (made.sinkage_m >= 0.0).all()
        numbers = np.concatenate([made.sinkage_m, made.torque_nm, made.twist, [made.power_w, made.slip, made.pose.x_m]])
        assert np.isfinite(numbers).all()
        return numbers

    assert np.array_equal(ride(), ride())
