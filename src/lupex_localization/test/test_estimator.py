# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import Fixes, LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import heading_sigma_rad, position_sigma_m
from lupex_localization.samples import AttitudeSample, InertialSample, TrackSample
from lupex_localization.start import Beginning
from lupex_localization.surroundings import Surroundings
from lupex_node.checks import InvalidMessage


def run(world, estimator, seconds, speed=0.0, turning=0.0, stars=True, sun=True, inertial=True, tracks=True, dt=0.04):
    """Drive on; joint states come with four steps of five, fixes once a second. Return the estimates made."""
    made = []
    for k in range(round(seconds / dt)):
        rate = turning(world.time_s) if callable(turning) else turning
        sample, joints = world.step(speed, rate, dt)
        if inertial:
            estimator.add(sample, world.time_s)
        if tracks and (k % 5 != 4 or dt > 0.1):
            estimator.add(joints, world.time_s)
        if k % round(1.0 / dt) == 0:
            if stars:
                estimator.add(world.star(), world.time_s)
            if sun:
                estimator.add(world.sun(), world.time_s)
        made += estimator.advance()
    return made


def horizontal_error(estimator, world):
    return float(np.hypot(*(estimator.reckoning.state.nominal[0:2] - world.position_m[0:2])))


def test_drift_is_below_three_percent_with_stars_and_slip_model(make_world, make_estimator):
    world = make_world(3)
    estimator = make_estimator(world)
    run(world, estimator, 3.0)
    run(world, estimator, 300.0, 0.1, lambda t: 0.03 * math.sin(t / 40.0))
    assert world.odometer_m > 25.0
    assert horizontal_error(estimator, world) < 0.03 * world.odometer_m
    assert horizontal_error(estimator, world) < 3.0 * position_sigma_m(estimator.reckoning.state)


@pytest.mark.parametrize("crab_rad", [math.pi / 2, -2.0, math.pi])
def test_crabbing_any_way_is_reckoned_as_well(make_world, make_estimator, crab_rad):
    world = make_world(5)
    world.crab_rad = crab_rad
    world._place()
    estimator = make_estimator(world)
    run(world, estimator, 3.0)
    run(world, estimator, 120.0, 0.1)
    assert world.odometer_m > 10.0
    assert horizontal_error(estimator, world) < 0.03 * world.odometer_m
    assert horizontal_error(estimator, world) < 3.0 * position_sigma_m(estimator.reckoning.state)
    forward, left = rotation.rotation_matrix(estimator.reckoning.state.nominal[6:10])[:, :2].T
    velocity = estimator.reckoning.state.nominal[3:6]
    assert abs(math.remainder(math.atan2(velocity @ left, velocity @ forward) - crab_rad, 2.0 * math.pi)) < 0.1


def test_at_rest_position_stands_and_biases_are_learnt(make_world, make_estimator):
    world = make_world(1)
    estimator = make_estimator(world)
    run(world, estimator, 120.0, dt=0.5)
    assert estimator.stationary
    assert estimator.rest_updates > 200
    assert horizontal_error(estimator, world) < 0.01
    gyro_bias = estimator.reckoning.state.nominal[esf.GYRO_BIAS]
    assert gyro_bias == pytest.approx(world.gyro_bias, abs=2e-6)


def test_coarse_heading_is_taken_from_the_stars(make_world, make_estimator):
    world = make_world(2)
    estimator = make_estimator(world, yaw_sigma=0.1)
    nominal = estimator.reckoning.state.nominal.copy()
    off = rotation.from_rotation_vector(np.array([0.0, 0.0, 0.15]))
    nominal[6:10] = rotation.multiply(nominal[6:10], off)
    estimator.begin(Beginning(esf.FilterState(world.time_s, nominal, estimator.reckoning.state.covariance)))
    run(world, estimator, 5.0)
    assert rotation.yaw_of(estimator.reckoning.state.nominal[6:10]) == pytest.approx(
        rotation.yaw_of(world.quaternion), abs=5e-4
    )
    # no better than the star tracker is mounted, and nearly as well
    mounted = LocalizationConfig().fixes.alignment_sigma_rad
    assert mounted < heading_sigma_rad(estimator.reckoning.state) < 1.1 * mounted


def test_odom_does_not_jump_when_the_heading_is_corrected(make_world, make_estimator):
    world = make_world(2)
    estimator = make_estimator(world, yaw_sigma=0.1, rng=np.random.default_rng(5))
    run(world, estimator, 2.0, stars=False, sun=False)
    made = run(world, estimator, 20.0, 0.1)
    places = np.array([m.odom_position_m for m in made])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    # no faster than the tracks run, with their slip and the gaps of the joint states
    assert steps.max() < 0.1 * 0.09 * 1.3
    yaws = [rotation.yaw_of(m.state.nominal[6:10]) - m.odom_yaw_rad for m in made]
    assert np.abs(np.diff(np.unwrap(yaws))).max() < 1e-3


def test_a_stamp_shifted_by_a_microsecond_changes_nothing(make_world, make_estimator):
    ends = []
    for shift in (0.0, 1e-6, -1e-6):
        world = make_world(4)
        estimator = make_estimator(world)
        for k in range(500):
            sample, joints = world.step(0.1 if k > 50 else 0.0, 0.05 if k > 50 else 0.0)
            estimator.add(sample, world.time_s)
            if k % 5 != 4:
                moved = TrackSample(joints.time_s + shift, joints.steer_rad, joints.track_mps, joints.travel_m)
                estimator.add(moved, world.time_s)
            if k % 25 == 0:
                estimator.add(world.star(), world.time_s)
            estimator.advance()
        # joint states of just after the last inertial sample let all three end at that sample
        sample, joints = world.step(0.1, 0.05)
        estimator.add(sample, world.time_s)
        later = TrackSample(joints.time_s + 0.01, joints.steer_rad, joints.track_mps, joints.travel_m)
        estimator.add(later, world.time_s)
        estimator.advance()
        assert estimator.reckoning.state.time_s == world.time_s
        ends.append(estimator.reckoning.state)
    for other in ends[1:]:
        assert other.nominal[0:10] == pytest.approx(ends[0].nominal[0:10], abs=2e-6)
        assert np.sqrt(np.diag(other.covariance)) == pytest.approx(np.sqrt(np.diag(ends[0].covariance)), rel=1e-3)


def test_equal_stamps_in_either_order_are_the_same(make_world, make_estimator):
    ends = []
    for tracks_first in (False, True):
        world = make_world(6)
        estimator = make_estimator(world)
        for _ in range(100):
            sample, joints = world.step(0.1, 0.02)
            if tracks_first:
                estimator.add(joints, world.time_s)
                estimator.advance()
            estimator.add(sample, world.time_s)
            estimator.advance()
            if not tracks_first:
                estimator.add(joints, world.time_s)
                estimator.advance()
        ends.append(estimator.reckoning.state.nominal)
    assert ends[0] == pytest.approx(ends[1], abs=1e-12)


@pytest.mark.parametrize("gap_s", [1.0, 3.0])
def test_an_inertial_gap_is_bridged_by_the_tracks(make_world, make_estimator, gap_s):
    world = make_world(7)
    estimator = make_estimator(world)
    run(world, estimator, 5.0, 0.1)
    before = heading_sigma_rad(estimator.reckoning.state)
    made = run(world, estimator, gap_s, 0.1, 0.05, inertial=False, stars=False, sun=False)
    assert len(made) > 0.5 * 20 * gap_s
    assert estimator.bridged_s > 0.5 * gap_s
    widened = heading_sigma_rad(estimator.reckoning.state)
    assert widened > 10.0 * before
    turned = rotation.yaw_of(estimator.reckoning.state.nominal[6:10]) - rotation.yaw_of(world.quaternion)
    assert abs(turned) < 3.0 * widened
    run(world, estimator, 3.0, 0.1)
    assert estimator.bridged_s == 0.0
    assert horizontal_error(estimator, world) < 3.0 * position_sigma_m(estimator.reckoning.state)
    assert heading_sigma_rad(estimator.reckoning.state) < 3.0 * before


def test_without_joint_states_the_covariance_grows(make_world, make_estimator):
    world = make_world(8)
    estimator = make_estimator(world)
    run(world, estimator, 5.0, 0.1)
    before = position_sigma_m(estimator.reckoning.state)
    made = run(world, estimator, 20.0, 0.1, tracks=False)
    assert made[-1].state.time_s == pytest.approx(world.time_s, abs=LocalizationConfig().tracks.hold_s + 0.05)
    assert position_sigma_m(estimator.reckoning.state) > before
    assert horizontal_error(estimator, world) < 3.0 * position_sigma_m(estimator.reckoning.state)


def test_spinning_tracks_do_not_carry_the_position_off(make_world, make_estimator):
    world = make_world(9)
    estimator = make_estimator(world)
    run(world, estimator, 10.0)
    for k in range(250):
        sample, joints = world.step(0.0, 0.0)
        estimator.add(sample, world.time_s)
        if k % 5 != 4:
            spinning = TrackSample(joints.time_s, joints.steer_rad, np.array([0.4, -0.2, 0.3, 0.4]), joints.travel_m)
            estimator.add(spinning, world.time_s)
        estimator.advance()
    sigma = position_sigma_m(estimator.reckoning.state)
    assert horizontal_error(estimator, world) < min(0.5, 3.0 * sigma)


def test_a_lying_star_tracker_is_refused_while_the_sun_denies_it(make_world, make_estimator):
    world = make_world(10)
    estimator = make_estimator(world)
    run(world, estimator, 10.0)
    accepted = estimator.accepted["attitude"]
    for _ in range(20):
        run(world, estimator, 1.0, stars=False)
        estimator.add(world.star((0.0, 0.0, 0.2)), world.time_s)
        estimator.advance()
    assert estimator.rejected["attitude"] >= 18
    assert estimator.last_rejection.startswith("attitude at ")
    assert "s: deviation " in estimator.last_rejection
    assert estimator.accepted["attitude"] == accepted
    yaw = rotation.yaw_of(estimator.reckoning.state.nominal[6:10])
    assert yaw == pytest.approx(rotation.yaw_of(world.quaternion), abs=5e-3)


@pytest.mark.parametrize(("sun_agrees_s", "opens"), [(20.0, False), (4.0, True)])
def test_how_long_a_sun_fix_denies_is_a_time_and_no_count(make_world, make_estimator, sun_agrees_s, opens):
    """Over 10 s without sun, refused fixes at 2 Hz are many more than the three that open the gate."""
    world = make_world(10)
    fixes = Fixes(recover_after=3, sun_agrees_s=sun_agrees_s, recover_settled_s=1.0)
    estimator = make_estimator(world, LocalizationConfig(fixes=fixes))
    run(world, estimator, 10.0)
    for _ in range(20):
        run(world, estimator, 0.52, stars=False, sun=False)
        estimator.add(world.star((0.0, 0.0, 0.2)), world.time_s)
        estimator.advance()
    assert estimator.rejected["attitude"] > 3
    assert (estimator.accepted["attitude_recovered"] > 0) is opens


def test_fixes_that_agree_open_a_gate_that_stayed_shut(make_world, make_estimator):
    world = make_world(11)
    estimator = make_estimator(world, yaw_sigma=0.01)
    nominal = estimator.reckoning.state.nominal.copy()
    nominal[6:10] = rotation.multiply(nominal[6:10], rotation.from_rotation_vector(np.array([0.0, 0.0, 0.4])))
    estimator.begin(Beginning(esf.FilterState(world.time_s, nominal, estimator.reckoning.state.covariance)))
    run(world, estimator, 5.0, sun=False)
    assert estimator.rejected["attitude"] == 5
    run(world, estimator, 10.0, sun=False)
    assert estimator.accepted["attitude_recovered"] == 1
    yaw = rotation.yaw_of(estimator.reckoning.state.nominal[6:10])
    assert yaw == pytest.approx(rotation.yaw_of(world.quaternion), abs=1e-3)


def test_wild_fixes_do_not_open_the_gate(make_world, make_estimator):
    world = make_world(12)
    estimator = make_estimator(world)
    run(world, estimator, 3.0, sun=False)
    rng = np.random.default_rng(0)
    for _ in range(20):
        run(world, estimator, 1.0, stars=False, sun=False)
        estimator.add(world.star(rng.uniform(-1.0, 1.0, 3)), world.time_s)
        estimator.advance()
    run(world, estimator, 0.2, stars=False, sun=False)
    assert estimator.accepted["attitude_recovered"] == 0
    assert estimator.motion.fixing.shut.streak == 20
    assert heading_sigma_rad(estimator.reckoning.state) < 1e-2


def test_the_sun_alone_holds_the_heading(make_world, make_estimator):
    world = make_world(13)
    estimator = make_estimator(world, yaw_sigma=0.1, rng=np.random.default_rng(3))
    run(world, estimator, 30.0, stars=False)
    assert estimator.accepted["sun"] > 20
    yaw = rotation.yaw_of(estimator.reckoning.state.nominal[6:10])
    assert yaw == pytest.approx(rotation.yaw_of(world.quaternion), abs=4e-3)


def test_a_late_fix_is_compared_with_the_attitude_of_its_time(make_world, make_estimator):
    world = make_world(14)
    estimator = make_estimator(world)
    run(world, estimator, 5.0)
    run(world, estimator, 2.0, 0.0, 0.1, stars=False, sun=False)
    fix = world.star()
    run(world, estimator, 1.5, 0.0, 0.1, stars=False, sun=False)
    accepted = estimator.accepted["attitude"]
    estimator.add(fix, world.time_s)
    run(world, estimator, 0.2, 0.0, 0.1, stars=False, sun=False)
    assert estimator.accepted["attitude"] == accepted + 1


def test_a_fix_older_than_the_memory_is_refused_as_late(make_world, make_estimator):
    world = make_world(15)
    estimator = make_estimator(world)
    fix = world.star()
    run(world, estimator, 14.0, stars=False)
    with pytest.raises(InvalidMessage, match="old"):
        estimator.add(fix, world.time_s)
    assert estimator.streams[AttitudeSample].refused["late"] == 1


def test_terrain_height_holds_the_height(make_world, make_estimator):
    ends = {}
    for terrain in (False, True):
        world = make_world(16)
        estimator = make_estimator(world, LocalizationConfig(fixes=Fixes(terrain_interval_m=2.0)), terrain=terrain)
        run(world, estimator, 60.0, 0.1)
        ends[terrain] = math.sqrt(estimator.reckoning.state.covariance[2, 2])
    assert estimator.accepted["terrain"] >= 2
    assert ends[True] < ends[False]


@pytest.mark.parametrize(("shift_s", "reason"), [(0.0, "duplicate"), (-11.0, "late"), (100.0, "future")])
def test_stamps_that_may_not_be_used_are_refused_and_counted(make_world, make_estimator, shift_s, reason):
    world = make_world(17)
    estimator = make_estimator(world)
    run(world, estimator, 14.0)
    before = estimator.reckoning.state
    with pytest.raises(InvalidMessage):
        estimator.add(
            InertialSample(estimator.imu.last_s + shift_s, np.zeros(3), np.array([0.0, 0.0, 1.6])), world.time_s
        )
    with pytest.raises(InvalidMessage):
        estimator.add(
            TrackSample(estimator.joints.last_s + shift_s, np.zeros(4), np.zeros(4), np.zeros(4)), world.time_s
        )
    assert estimator.imu.refused[reason] == estimator.joints.refused[reason] == 1
    assert estimator.advance() == []
    assert np.array_equal(estimator.reckoning.state.nominal, before.nominal)
    assert np.array_equal(estimator.reckoning.state.covariance, before.covariance)


@pytest.mark.parametrize("step_s", [0.5, 4.0])
def test_the_parked_rates_are_no_gap(make_world, make_estimator, step_s):
    world = make_world(18)
    estimator = make_estimator(world)
    run(world, estimator, 5.0)
    for k in range(40):
        sample, joints = world.step(0.0, 0.0, step_s)
        # the joint states of a step may well come before its inertial sample
        estimator.add(joints, world.time_s)
        estimator.advance()
        estimator.add(sample, world.time_s)
        if k % 2:
            estimator.add(world.star(), world.time_s)
        made = estimator.advance()
        assert made[-1].state.time_s == pytest.approx(world.time_s)
    assert estimator.imu.refused["late"] == 0
    assert estimator.bridged_s == 0.0
    run(world, estimator, 20.0, 0.1)
    assert estimator.imu.refused["late"] == 0
    assert horizontal_error(estimator, world) < 0.2


def test_before_it_begins_nothing_is_estimated(slip_model, rover):
    estimator = PoseEstimator(LocalizationConfig(), rover, slip_model, Surroundings())
    assert not estimator.begun
    assert estimator.advance() == []
    with pytest.raises(RuntimeError, match="begin"):
        _ = estimator.reckoning


def test_each_refusal_says_what_was_refused(make_world, make_estimator):
    """Those of tracks and of the rate at rest too, of which a warning without a word was told."""
    world = make_world(12)
    estimator = make_estimator(world)
    run(world, estimator, 5.0)
    # a body that stands, and tracks that would have it fly
    sample, joints = world.step(0.0, 0.0, 0.04)
    estimator.add(TrackSample(joints.time_s, joints.steer_rad, np.full(4, 9.0), joints.travel_m), world.time_s)
    estimator.add(sample, world.time_s)
    estimator.advance()
    assert estimator.rejected["tracks"] == 1
    assert estimator.last_rejection.startswith("tracks at ")
    assert "9.000 m/s ahead" in estimator.last_rejection


def test_a_rate_at_rest_that_no_bias_explains_is_told(make_world, make_estimator):
    world = make_world(13)
    estimator = make_estimator(world)
    run(world, estimator, 2.0)
    told = set()
    for _ in range(1500):
        sample, joints = world.step(0.0, 0.0, 0.04)
        estimator.add(InertialSample(sample.time_s, sample.rate + 1e-3, sample.force), world.time_s)
        estimator.add(joints, world.time_s)
        estimator.advance()
        told.add(estimator.last_rejection.partition(" at ")[0])
    assert estimator.rejected["rest_rate"] > 0
    assert "rest_rate" in told
