# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Unit commands to Gazebo and back, the clock that is followed, and the cloud: without any middleware."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from lupex_models.rover import read_rover
from lupex_simulator.config import GazeboAdapterConfig
from lupex_simulator.gazebo import unit_drive
from lupex_simulator.gazebo.following import ClockError, FollowedClock
from lupex_simulator.gazebo.footing import FallenError, refuse_fallen
from lupex_simulator.gazebo.lidar_cloud import ground_points, hull_of
from lupex_simulator.gazebo.unit_drive import MotionProof, NotMovingError, UnitDrive
from lupex_simulator.schedule import START_NS
from lupex_worlds.ground import Ground
from lupex_worlds.pose import Pose
from lupex_worlds.truth.encoder_truth import EncoderDraw
from lupex_worlds.truth.soil_truth import TrackGrip

sys.path.insert(0, str(Path(__file__).parent))
from reference_track import SOIL, WEAK, reference_drive

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
CONFIG = GazeboAdapterConfig(world="", rover="")
RADIUS = ROVER.crawler.sprocket_radius_m
STRAIGHT = np.zeros(4)


def soil_at(x_m, y_m):
    return np.tile(SOIL, (4, 1))


def units(**changes):
    return UnitDrive(ROVER, dataclasses.replace(CONFIG, **changes), soil_at)


def run(made, pitch=0.0, seconds=3.0, speed=0.1, **options):
    """Drive for some time with fresh commands; return the last state."""
    rotation = Pose(0, 0, 0, 0.0, pitch, 0.0).rotation()
    for k in range(round(seconds * 20)):
        time_s = 1000.0 + 0.05 * k
        made.command(STRAIGHT, np.full(4, speed / RADIUS), time_s)
        state = made.step(0.05, time_s, (0.0, 0.0), rotation, STRAIGHT, **options)
    return state


@pytest.mark.parametrize("slope_deg", [0.0, 5.0, 10.0, 15.0])
def test_slip_is_that_of_the_true_soil(slope_deg):
    slope = math.radians(slope_deg)
    state = run(units(), pitch=-slope)
    slip, power_w = reference_drive(ROVER, slope, SOIL, TrackGrip())
    assert state.track_mps == pytest.approx([0.1] * 4)
    assert state.slip.mean() == pytest.approx(slip, abs=0.001)
    assert state.speed_command.mean() == pytest.approx(0.1 * (1.0 - slip), rel=0.002)
    assert state.power_w == pytest.approx(power_w, rel=0.005)


def test_down_a_slope_it_skids_and_brakes():
    state = run(units(), pitch=math.radians(10.0))
    assert state.slip.mean() < -0.02
    assert (state.torque_nm < 0.0).all()


def test_on_weak_soil_the_units_dig_themselves_in():
    weak = UnitDrive(ROVER, CONFIG, lambda x, y: np.tile(WEAK, (4, 1)), grip=TrackGrip(digging=0.05))
    early = run(weak, pitch=-math.radians(13.0), seconds=5.0).slip.mean()
    rotation, time_s = Pose(0, 0, 0, 0.0, -math.radians(13.0), 0.0).rotation(), 1005.0
    for k in range(2400):
        weak.command(STRAIGHT, np.full(4, 1.0), time_s + 0.05 * k)
        # Gazebo's rover stands where it is: no fresh ground
        state = weak.step(0.05, time_s + 0.05 * k, (0.0, 0.0), rotation, STRAIGHT)
    assert state.slip.mean() > early + 0.1


def test_encoders_err_as_they_were_drawn():
    draw = EncoderDraw((1.01, 0.99, 1.0, 1.0), (0.5, 0.0, 0.0, 0.0), (0.0,) * 4, (2.0,) * 4)
    state = run(UnitDrive(ROVER, CONFIG, soil_at, encoders=draw))
    assert state.track_mps == pytest.approx([0.101, 0.099, 0.1, 0.1])
    assert state.sprocket_rad_s == pytest.approx([1.0] * 4)
    assert state.sprocket_rad == pytest.approx(
        state.travel_m / (0.1 * np.array(draw.radius_factor)) + math.radians(1.0)
    )
    assert state.steer_command_rad == pytest.approx([math.radians(0.5), 0.0, 0.0, 0.0])
    assert state.steer_encoded_rad == pytest.approx([-math.radians(0.5), 0.0, 0.0, 0.0])


def test_encoders_tell_the_commanded_speed_after_a_ramp():
    made = units()
    state = run(made, seconds=0.5)
    assert state.track_mps == pytest.approx([0.05] * 4)
    state = run(made, seconds=3.0)
    # half a second of ramp on the way to full speed
    assert state.travel_m == pytest.approx([0.5 * 0.1 * 1.0 + 0.1 * 2.5] * 4, abs=0.01)


def test_more_drag_takes_more_torque_and_power():
    light, heavy = run(units()), run(UnitDrive(ROVER, CONFIG, soil_at, drag_factor=1.5))
    assert (heavy.torque_nm > light.torque_nm).all()
    assert heavy.power_w > light.power_w
    assert heavy.slip == pytest.approx(light.slip)
    # on level ground nearly all is the tracks' own friction
    assert heavy.power_w / light.power_w == pytest.approx(1.5, abs=0.02)


def test_old_commands_stop_the_drives_and_hold_the_steering():
    made = units()
    run(made)
    turned = np.full(4, 0.3)
    for k in range(40):
        state = made.step(0.05, 1005.0 + 0.05 * k, (0.0, 0.0), np.eye(3), turned)
    assert not state.track_mps.any()
    assert not state.speed_command.any()
    assert state.steer_command_rad == pytest.approx(turned)
    assert state.power_w == 0.0


def test_commands_beyond_the_limits_are_cut():
    made = units()
    made.command(np.full(4, 9.0), np.full(4, -50.0), 1000.0)
    for _ in range(100):
        state = made.step(0.05, 1000.5, (0.0, 0.0), np.eye(3), STRAIGHT)
    assert state.steer_command_rad == pytest.approx([ROVER.crawler.max_steer_rad] * 4)
    assert state.track_mps == pytest.approx([-ROVER.crawler.max_speed_mps] * 4)


def test_a_drill_in_the_ground_holds_the_rover():
    state = run(units(), held=True)
    assert not state.speed_command.any()
    assert state.slip == pytest.approx([1.0] * 4)
    assert state.track_mps == pytest.approx([0.1] * 4)
    assert not run(units(drive="bogies"), held=True).speed_command.any()


def test_wheels_turn_at_the_commanded_speed_and_slip_by_themselves():
    state = run(units(drive="bogies"), pitch=-math.radians(10.0))
    assert state.speed_command == pytest.approx([0.1 / CONFIG.wheel_radius_m] * 4)
    assert state.slip.mean() > 0.02


def test_soil_is_read_under_each_unit():
    asked = []

    def soil(x_m, y_m):
        asked.append((x_m, y_m))
        return soil_at(x_m, y_m)

    made = UnitDrive(ROVER, CONFIG, soil)
    made.command(STRAIGHT, np.ones(4), 1000.0)
    made.step(0.05, 1000.0, (3.0, 4.0), Pose(0, 0, 0, 0, 0, math.pi / 2).rotation(), STRAIGHT)
    # the first time was to compile
    x, y = asked[-1]
    assert x == pytest.approx([3.0 - 0.55, 3.0 + 0.55, 3.0 - 0.55, 3.0 + 0.55])
    assert y == pytest.approx([4.0 + 0.55, 4.0 + 0.55, 4.0 - 0.55, 4.0 - 0.55])


def watched(gone, turned=0.0, way=0.2, drive="tracks"):
    proof = MotionProof(dataclasses.replace(CONFIG, drive=drive), ROVER)
    count = 40
    for k in range(count + 1):
        share = k / count
        proof.watch(np.full(4, way / count / 0.05), 0.05, share * gone, 0.0, share * turned)
    return proof


def test_a_rover_that_moves_is_believed_for_good():
    proof = watched(gone=0.19)
    assert proof.given
    proof.watch(np.full(4, 1.0), 10.0, 0.19, 0.0, 0.0)


def test_a_gap_is_no_way_that_the_rover_was_told_to_go():
    """In the seconds in which something compiles or swaps, Gazebo's tracks get no command and stop."""
    proof = MotionProof(CONFIG, ROVER)
    proof.watch(np.full(4, 0.1), 0.05, 0.0, 0.0, 0.0)
    proof.watch(np.full(4, 0.1), 8.0, 0.01, 0.0, 0.0)
    assert not proof.given
    for k in range(20):
        proof.watch(np.full(4, 0.1), 0.05, 0.01 + 0.005 * k, 0.0, 0.0)
    assert proof.given


@pytest.mark.parametrize(("drive", "gone_s"), [("tracks", ROVER.crawler.command_timeout_s), ("bogies", 8.0)])
def test_after_a_gap_encoders_tell_how_far_the_drives_ran(drive, gone_s):
    made = units(drive=drive)
    before = run(made).travel_m
    made.command(STRAIGHT, np.full(4, 0.1 / RADIUS), 1011.0)
    state = made.step(8.0, 1011.0, (0.0, 0.0), np.eye(3), STRAIGHT)
    # tracks stop by themselves and start from rest, wheels run on
    assert state.travel_m - before == pytest.approx([0.1 * gone_s] * 4, abs=0.001)
    assert state.track_mps == pytest.approx(
        [0.1 if drive == "bogies" else CONFIG.track_acceleration_mps2 / CONFIG.rate_hz] * 4
    )


def test_the_soil_is_compiled_before_anything_waits(monkeypatch):
    asked = []

    def balance(*arguments):
        asked.append(len(arguments))
        return real(*arguments)

    real = unit_drive.balance
    monkeypatch.setattr(unit_drive, "balance", balance)
    made = units()
    assert len(asked) == 1
    made.step(0.05, 1000.0, (0.0, 0.0), np.eye(3), STRAIGHT)
    assert len(asked) == 1


def test_turning_on_the_spot_is_motion():
    assert watched(gone=0.0, turned=0.25).given


def test_a_rover_that_does_not_move_on_command_ends_the_run():
    with pytest.raises(NotMovingError, match=r"told to go 0\.1\d m and went 0\.000 m: .*drive:=bogies"):
        watched(gone=0.0)
    # who has taken the wheels already is not sent to them
    with pytest.raises(NotMovingError, match=r"look for \[Err\]") as refusal:
        watched(gone=0.0, drive="bogies")
    assert "drive:=bogies" not in str(refusal.value)


def test_nothing_is_proven_before_it_was_told_to_go_far():
    assert not watched(gone=0.0, way=0.05).given


def test_a_rover_below_the_ground_ends_the_run():
    slope = np.repeat(0.1 * np.arange(41, dtype=np.float32)[None, :], 41, axis=0)
    ground = Ground(slope, -20.0, -20.0, 1.0, slope, -20.0, -20.0, 1.0)
    for z in (1.9, 2.5, 3.4):
        refuse_fallen(ground, Pose(10.0, 0.0, z, 0.0, 0.0, 0.0), 2.0)
    with pytest.raises(FallenError, match=r"2\.1 m below the ground at 10\.0, 0\.0 m: .*height map"):
        refuse_fallen(ground, Pose(10.0, 0.0, 0.9, 0.0, 0.0, 0.0), 2.0)
    with pytest.raises(FallenError, match=r"30\.0, 0\.0 m"):
        refuse_fallen(ground, Pose(30.0, 0.0, 3.0, 0.0, 0.0, 0.0), 2.0)


def test_clock_allows_steps_on_its_grid():
    clock = FollowedClock(40_000_000)
    assert clock.step() is None
    clock.heard(START_NS + 53_000_000)
    assert clock.step() is None
    assert clock.now_ns == START_NS + 40_000_000
    clock.heard(START_NS + 79_999_999)
    assert clock.step() is None
    clock.heard(START_NS + 80_000_000)
    assert clock.step() == (START_NS + 40_000_000, START_NS + 80_000_000)
    clock.heard(START_NS + 500_000_000)
    assert clock.step() == (START_NS + 80_000_000, START_NS + 480_000_000)
    assert clock.step() is None


def test_clock_out_of_order_is_no_way_back():
    clock = FollowedClock()
    clock.heard(START_NS + 2_000_000_000)
    clock.heard(START_NS + 1_996_000_000)
    clock.step()
    assert clock.now_ns == START_NS + 2_000_000_000


def test_clock_that_begins_too_early_or_was_reset_ends_the_run():
    with pytest.raises(ClockError, match="--initial-sim-time 1000"):
        FollowedClock().heard(4_000_000)
    clock = FollowedClock()
    clock.heard(START_NS + 5_000_000_000)
    with pytest.raises(ClockError, match="went back to 1000 s"):
        clock.heard(START_NS)


def test_cloud_keeps_the_ground_alone():
    hull = hull_of(ROVER, 0.15)
    deck, mast = (-0.6, 0.0, -0.6, 1.0), (0.0, 0.0, -0.9, 1.0)
    ahead, beside, under_wheels = (5.0, 0.0, -1.4, 1.0), (-0.6, 1.5, -1.4, 1.0), (-0.6, 0.0, -1.39, 1.0)
    lost, far, near = (math.inf, 0.0, 0.0, 0.0), (40.0, 0.0, -1.4, 1.0), (0.3, 0.0, 0.3, 1.0)
    broken = (math.nan, 1.0, 1.0, 0.0)
    points = np.array([deck, mast, ahead, beside, under_wheels, lost, far, near, broken], dtype=np.float32)
    kept = ground_points(points, hull, ROVER.lidar.range_min_m, ROVER.lidar.range_max_m)
    assert kept == pytest.approx(np.array([ahead, beside, under_wheels], dtype=np.float32))


def test_a_clock_that_leaps_a_little_is_followed_step_by_step():
    """Localization lacks no joint state of a burst, and time that waits for it can go on."""
    clock = FollowedClock(50_000_000, 1_000_000_000)
    clock.heard(START_NS)
    assert clock.step() is None
    clock.heard(START_NS + 340_000_000)
    steps = list(iter(clock.step, None))
    assert steps == [(START_NS + k * 50_000_000, START_NS + (k + 1) * 50_000_000) for k in range(6)]
    clock.heard(START_NS + 1_340_000_000)
    assert clock.step() == (START_NS + 300_000_000, START_NS + 350_000_000)
    clock.heard(START_NS + 9_000_000_000)
    assert clock.step() == (START_NS + 350_000_000, START_NS + 9_000_000_000)
    assert clock.step() is None
