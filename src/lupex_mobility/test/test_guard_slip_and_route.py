# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest

from lupex_mobility.config import Guard, RouteConfig, Slip
from lupex_mobility.motion_guard import FAULT_TEXTS, Inputs, MotionGuard
from lupex_mobility.route import OutAndBack, RouteError
from lupex_mobility.slip_estimator import SlipEstimator
from lupex_mobility.unit_kinematics import REST, BodyTwist

AHEAD = BodyTwist(0.1, 0.0, 0.0)
BACK = BodyTwist(-0.1, 0.0, 0.0)
WELL = Inputs(
    now_s=100.0,
    command=AHEAD,
    command_s=100.0,
    odometry_s=100.0,
    joints_s=100.0,
    tilt_rad=0.1,
    drill_stowed=True,
    drill_s=99.5,
)


@pytest.fixture
def guard():
    return MotionGuard(Guard(), 0.436)


def test_all_well_drives_on(guard):
    verdict = guard.judge(WELL)
    assert verdict.twist == AHEAD
    assert not verdict.faults


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"command_s": 98.9}, "command_timeout"),
        ({"now_s": 101.6, "command_s": 101.6, "joints_s": 101.6}, "odometry_stale"),
        ({"now_s": 101.6, "command_s": 101.6, "odometry_s": 101.6}, "joint_states_stale"),
        ({"drill_stowed": False}, "drill_not_stowed"),
        ({"drill_s": None}, "drill_not_stowed"),
        ({"drill_s": 80.0}, "drill_not_stowed"),
        ({"tilt_rad": 0.5}, "tilt_limit"),
    ],
)
def test_each_reason_stops_and_says_so(guard, change, fault):
    guard.judge(WELL)
    verdict = guard.judge(replace(WELL, **change))
    assert verdict.twist == REST
    assert verdict.faults == {fault}
    assert fault in FAULT_TEXTS
    assert not guard.judge(WELL).faults


@pytest.mark.parametrize("change", [{"odometry_s": None}, {"joints_s": None}, {"command_s": None, "command": REST}])
def test_what_has_never_spoken_stops_without_a_fault(guard, change):
    verdict = guard.judge(replace(WELL, **change))
    assert verdict.twist == REST
    assert not verdict.faults


def test_rest_that_grows_old_is_no_fault(guard):
    assert not guard.judge(replace(WELL, command=REST, command_s=10.0)).faults


def test_a_command_timeout_is_over_after_standing_for_a_while(guard):
    silent = replace(WELL, command_s=98.9)
    assert guard.judge(silent).faults == {"command_timeout"}
    later = replace(silent, now_s=106.0, odometry_s=106.0, joints_s=106.0, drill_s=106.0)
    assert not guard.judge(later).faults
    again = replace(later, now_s=106.5)
    assert not guard.judge(again).faults
    assert guard.judge(again).twist == REST


def test_at_rest_inputs_may_come_seldom(guard):
    resting = replace(WELL, command=REST, odometry_s=91.0, joints_s=91.0, drill_s=91.0)
    assert not guard.judge(resting).faults
    assert guard.judge(replace(resting, odometry_s=89.9)).faults == {"odometry_stale"}
    assert guard.judge(replace(resting, joints_s=89.9)).faults == {"joint_states_stale"}


@pytest.mark.parametrize(("name", "fault"), [("odometry_s", "odometry_stale"), ("joints_s", "joint_states_stale")])
def test_who_sets_off_from_rest_is_given_the_time_to_be_told_of_motion(guard, name, fault):
    guard.judge(replace(WELL, command=REST))
    off = replace(WELL, **{name: 96.0})
    assert guard.judge(off).twist == AHEAD
    later = {"now_s": 101.4, "command_s": 101.4, "drill_s": 101.0}
    seen = {"odometry_s": 101.4, "joints_s": 101.4}
    assert guard.judge(replace(off, **later, **{**seen, name: 96.0})).twist == AHEAD
    silent = guard.judge(replace(off, **{**later, "now_s": 101.6, "command_s": 101.6}, **{**seen, name: 96.0}))
    assert silent.twist == REST
    assert silent.faults == {fault}


def test_a_longer_silence_is_not_excused_by_setting_off(guard):
    guard.judge(replace(WELL, command=REST, odometry_s=89.0))
    assert guard.judge(replace(WELL, odometry_s=89.0)).faults == {"odometry_stale"}


def test_a_rover_that_a_silent_command_stopped_counts_as_at_rest(guard):
    guard.judge(WELL)
    silent = replace(WELL, now_s=101.1, odometry_s=101.1, joints_s=101.1)
    assert guard.judge(silent).faults == {"command_timeout"}
    # the world is told of no drive any more, and speaks seldom
    assert not guard.judge(replace(silent, now_s=109.0, drill_s=107.0)).faults


def test_the_drill_may_be_unknown_where_there_is_none():
    guard = MotionGuard(Guard(require_drill_rig=False), 0.436)
    assert guard.judge(replace(WELL, drill_s=None)).twist == AHEAD


def test_on_too_steep_a_slope_only_the_way_back_is_open(guard):
    guard.judge(WELL)
    steep = replace(WELL, tilt_rad=0.5)
    assert guard.judge(steep).twist == REST
    assert guard.judge(replace(steep, command=BodyTwist(0.0, 0.0, 0.1))).twist == REST
    back = guard.judge(replace(steep, command=BACK))
    assert back.twist == BACK
    assert back.faults == {"tilt_limit"}
    # just below the limit it still holds, so that it does not chatter
    assert guard.judge(replace(steep, tilt_rad=0.48)).twist == REST
    assert guard.judge(replace(steep, tilt_rad=0.4)).twist == AHEAD


def feed(estimator, seconds, ground, tracks=AHEAD, sigma=0.002, start=0.0):
    for k in range(round(seconds / 0.1)):
        estimator.drive(start + 0.1 * k, 0.1, tracks, (ground, 0.0), sigma, 0.1, 0.05)


def test_slip_is_what_the_ground_does_not_give():
    estimator = SlipEstimator(Slip())
    feed(estimator, 20.0, 0.09)
    reading = estimator.reading()
    assert reading.slip == pytest.approx(0.1)
    assert reading.sigma == pytest.approx(0.02)
    assert reading.predicted == pytest.approx(0.05)
    assert reading.distance_m == pytest.approx(2.0)
    assert reading.window_s == pytest.approx(20.0)


def test_the_window_forgets(monkeypatch):
    estimator = SlipEstimator(Slip(window_s=10.0))
    feed(estimator, 20.0, 0.05)
    feed(estimator, 10.5, 0.1, start=20.0)
    assert estimator.reading().slip == pytest.approx(0.0, abs=1e-9)


def test_before_enough_is_driven_the_model_speaks_for_itself():
    config = Slip()
    estimator = SlipEstimator(config)
    feed(estimator, 2.0, 0.05)
    reading = estimator.reading()
    assert reading.slip == reading.predicted == pytest.approx(0.05)
    assert reading.sigma == config.model_sigma
    assert reading.window_s == 0.0


def test_backing_and_crabbing_have_slip_of_the_same_sign_and_turning_is_left_out():
    for tracks, ground in ((BACK, (-0.08, 0.0)), (BodyTwist(0.0, 0.1, 0.0), (0.0, 0.08))):
        estimator = SlipEstimator(Slip())
        for k in range(100):
            estimator.drive(0.1 * k, 0.1, tracks, ground, 0.002, 0.0, 0.0)
        assert estimator.reading().slip == pytest.approx(0.2)
    estimator = SlipEstimator(Slip())
    feed(estimator, 20.0, 0.0, tracks=BodyTwist(0.05, 0.0, 0.1))
    assert estimator.reading().window_s == 0.0


def test_out_and_back_is_two_legs():
    route = OutAndBack(RouteConfig(distance_m=10.0, heading_rad=math.pi / 2), 0.0, 1.0, 2.0, 0.0)
    out = route.leg.points(0.5)
    assert out[0] == pytest.approx([1.0, 2.0])
    assert out[-1] == pytest.approx([1.0, 12.0])
    assert np.hypot(*np.diff(out, axis=0).T).max() <= 0.5 + 1e-9
    route.move(50.0, 1.0, 8.0)
    assert route.leg.end_m == pytest.approx((1.0, 12.0))
    route.move(100.0, 1.0, 11.9)
    assert route.leg.end_m == pytest.approx((1.0, 2.0))
    route.move(200.0, 1.1, 2.1)
    assert route.leg is None
    route.move(1e6, 500.0, 0.0)


@pytest.mark.parametrize(
    ("config", "word"), [(RouteConfig(max_duration_s=100.0), "not back"), (RouteConfig(), "progress")]
)
def test_a_hopeless_route_is_given_up_with_a_sentence(config, word):
    route = OutAndBack(config, 0.0, 0.0, 0.0, 0.0)
    route.move(10.0, 5.0, 0.0)
    with pytest.raises(RouteError, match=word):
        route.move(250.0, 5.0, 0.0)
