# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Poses, speeds and their covariances in map, odom and body, by rotations that scipy makes."""

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.config import Checkpoint, Inertial, LocalizationConfig
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import Spread, initial_state
from lupex_localization.odometry_numbers import in_map, in_odom, map_from_odom
from lupex_localization.reckoning import MotionEstimate, Reckoning
from lupex_localization.samples import InertialSample, TrackSample
from lupex_localization.start import Beginning, Saved, resumed_beginning
from lupex_localization.surroundings import Surroundings
from lupex_localization.terms import FilterTerms
from lupex_models.locomotion import drive
from lupex_models.soil import Soil

BODY = Rotation.from_euler("ZYX", [1.1, -0.3, 0.2])
YAW_RAD = 0.7
"""Of odom in map."""


def quaternion(turn):
    return np.roll(turn.as_quat(), 1)


@pytest.fixture
def estimate():
    """A state with an ellipse along map x, an attitude open about the body's roll axis, and a speed in map."""
    state = initial_state(
        5.0, np.array([10.0, -4.0, 2.0]), quaternion(BODY), Spread(0.1, 0.1, 0.01, 0.01, 0.01, 1e-6, 1e-3)
    )
    nominal, covariance = state.nominal.copy(), state.covariance.copy()
    nominal[esf.VELOCITY] = (0.08, 0.02, -0.01)
    covariance[0:3, 0:3] = np.diag([9.0, 0.25, 0.04])
    covariance[6:9, 6:9] = np.diag([4e-2, 1e-6, 1e-6])
    state = esf.FilterState(5.0, nominal, covariance)
    return MotionEstimate(state, np.array([3.0, 1.0, 2.0]), YAW_RAD, np.zeros(3))


def about(covariance, axis):
    return math.sqrt(np.asarray(axis) @ covariance @ np.asarray(axis))


def test_in_map_the_place_keeps_its_ellipse_and_roll_is_open_about_where_the_body_points(estimate):
    pose, twist = in_map(estimate)
    covariance = pose.covariance.reshape(6, 6)
    assert covariance[:3, :3] == pytest.approx(np.diag([9.0, 0.25, 0.04]))
    ahead = BODY.apply([1.0, 0.0, 0.0])
    aside = BODY.apply([0.0, 1.0, 0.0])
    assert about(covariance[3:, 3:], ahead) == pytest.approx(0.2)
    assert about(covariance[3:, 3:], aside) == pytest.approx(1e-3)
    assert twist.linear == pytest.approx(BODY.inv().apply([0.08, 0.02, -0.01]))


def test_in_odom_both_are_turned_back_by_odoms_own_heading(estimate):
    pose, twist = in_odom(estimate)
    turn = Rotation.from_euler("z", -YAW_RAD)
    assert abs(quaternion(turn * BODY) @ pose.quaternion) == pytest.approx(1.0)
    covariance = pose.covariance.reshape(6, 6)
    longer = turn.apply([1.0, 0.0, 0.0])
    assert about(covariance[:3, :3], longer) == pytest.approx(3.0)
    assert about(covariance[:3, :3], np.cross([0.0, 0.0, 1.0], longer)) == pytest.approx(0.5)
    assert about(covariance[3:, 3:], (turn * BODY).apply([1.0, 0.0, 0.0])) == pytest.approx(0.2)
    assert twist.linear == pytest.approx(in_map(estimate)[1].linear)


def test_map_from_odom_takes_the_pose_in_odom_to_the_pose_in_map(estimate):
    place, turn = map_from_odom(estimate)
    turned = Rotation.from_quat(np.roll(turn, -1))
    assert turned.apply(estimate.odom_position_m) + place == pytest.approx([10.0, -4.0, 2.0])
    body = Rotation.from_quat(np.roll(in_odom(estimate)[0].quaternion, -1))
    assert (turned * body).as_matrix() == pytest.approx(BODY.as_matrix())


def test_the_way_in_odom_is_the_way_in_map_turned_back():
    """Odom's heading is that of the vehicle at its begin: driving ahead is along its x axis, to the left along y."""
    heading = 0.9
    state = initial_state(
        0.0, np.zeros(3), rotation.from_heading_and_up(heading, np.array([0.0, 0.0, 1.0])),
        Spread(1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-9, 1e-9),
    )  # fmt: skip
    nominal = state.nominal.copy()
    ahead, left = (math.cos(heading), math.sin(heading), 0.0), (-math.sin(heading), math.cos(heading), 0.0)
    nominal[esf.VELOCITY] = 0.1 * np.array(ahead) + 0.02 * np.array(left)
    reckoning = Reckoning(esf.FilterState(0.0, nominal, state.covariance), np.zeros(3))
    for k in range(1, 101):
        reckoning.predict(np.zeros(3), np.array([0.0, 0.0, 1.624]), 0.1 * k, np.full(4, 1e-12))
    assert reckoning.odom_position_m == pytest.approx([1.0, 0.2, 0.0], abs=2e-3)


@pytest.mark.parametrize(("motion", "bias_walk"), [(0.0, 0.0), (2e-3, 0.0), (1e-2, 0.0), (0.0, 1e-4), (2e-3, 3e-4)])
def test_without_tracks_the_speed_gets_as_uncertain_as_the_rough_ground_shakes_the_body(
    rover, slip_model, motion, bias_walk
):
    """Variance of the speed grows by the accelerometer's own density and that of the ground, each second."""
    config = LocalizationConfig(
        inertial=Inertial(motion_acceleration_mps2_rthz=motion, motion_bias_walk_mps3_rthz=bias_walk)
    )
    estimator = PoseEstimator(config, rover, slip_model, Surroundings())
    estimator.begin(
        Beginning(
            initial_state(
                0.0, np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]), Spread(0.1, 0.1, 1e-7, 1e-7, 1e-6, 1e-10, 1e-9)
            )
        )
    )
    for k in range(1, 251):
        estimator.add(InertialSample(0.04 * k, np.zeros(3), np.array([0.0, 0.0, 1.624])), 0.04 * k)
        estimator.advance()
    state = estimator.reckoning.state
    density = rover.imu.accelerometer_noise_mps2_rthz**2 + motion**2
    # a tilt that walks mixes gravity into it
    walked = config.inertial.class_gyro_noise_rad_s_rthz**2 + config.inertial.motion_rate_rad_s_rthz**2
    # and so does a bias
    by_hand = density * state.time_s + (1.624**2 * walked + bias_walk**2) * state.time_s**3 / 3.0
    assert state.covariance[3, 3] == pytest.approx(by_hand, rel=0.02)


@pytest.mark.parametrize("across", [0.2, -0.2])
def test_on_a_side_slope_the_tracks_are_taken_to_drift_to_the_lower_side(rover, slip_model, across):
    config = LocalizationConfig(inertial=Inertial(motion_acceleration_mps2_rthz=0.5))
    estimator = PoseEstimator(config, rover, slip_model, Surroundings())
    up = np.array([0.0, math.sin(across), math.cos(across)])
    estimator.begin(
        Beginning(
            initial_state(
                0.0, np.zeros(3), rotation.from_heading_and_up(0.0, up), Spread(0.1, 0.1, 1e-6, 1e-6, 1.0, 1e-9, 1e-7)
            )
        )
    )
    for k in range(1, 201):
        estimator.add(InertialSample(0.05 * k, np.zeros(3), 1.624 * up), 0.05 * k)
        estimator.add(TrackSample(0.05 * k, np.zeros(4), np.full(4, 0.1), np.zeros(4)), 0.05 * k)
        estimator.advance()
    nominal = estimator.reckoning.state.nominal
    ahead, left, _ = rotation.rotation_matrix(nominal[6:10]).T @ nominal[3:6]
    firm = Soil(1.0, 1400.0, 1.2e6, 1000.0, math.radians(42.0), 0.010)
    loose = Soil(1.0, 1400.0, 2e5, 50.0, math.radians(30.0), 0.025)
    ends = [drive(rover.crawler, rover.body.mass_kg, 0.0, across, 0.1, soil) for soil in (firm, loose)]
    drifts = sorted(0.1 * (1.0 - end.slip) * math.tan(end.side_slip_rad) for end in ends)
    assert drifts[0] < left < drifts[1]
    assert left * across < 0.0
    assert ahead == pytest.approx(0.1, rel=0.05)


def test_at_rest_on_a_slope_the_turning_of_the_map_is_not_taken_for_a_bias(rover, slip_model):
    """A hundred times the Moon's rotation, seen by perfect gyros of a body that leans and heads anywhere."""
    turning = np.array([0.0, 1e-4, -2.66e-4])
    estimator = PoseEstimator(LocalizationConfig(), rover, slip_model, Surroundings(frame_rate=turning))
    state = initial_state(0.0, np.zeros(3), quaternion(BODY), Spread(0.1, 0.1, 1e-6, 1e-6, 1e-3, 1e-3, 1e-7))
    estimator.begin(Beginning(state))
    rate, force = BODY.inv().apply(turning), BODY.inv().apply([0.0, 0.0, 1.624])
    for k in range(1, 601):
        estimator.add(InertialSample(0.1 * k, rate, force), 0.1 * k)
        estimator.add(TrackSample(0.1 * k, np.zeros(4), np.zeros(4), np.zeros(4)), 0.1 * k)
        estimator.advance()
    assert estimator.stationary
    assert estimator.reckoning.state.nominal[esf.GYRO_BIAS] == pytest.approx(np.zeros(3), abs=2e-6)


def test_after_a_restart_on_a_slope_the_heading_is_open_about_the_vertical(rover, slip_model):
    up = BODY.inv().apply([0.0, 0.0, 1.0])
    state = initial_state(0.0, np.zeros(3), quaternion(BODY), Spread(0.1, 0.1, 1e-6, 1e-6, 1e-3, 1e-6, 1e-3))
    config = LocalizationConfig(checkpoint=Checkpoint(heading_sigma_rad=0.4, tilt_sigma_rad=0.01))
    terms = FilterTerms(config, rover, slip_model, Surroundings())
    again = resumed_beginning(
        Saved(state, np.zeros(3), 0.0, None), InertialSample(10.0, np.zeros(3), 1.624 * up), None, terms
    )
    assert not again.told
    block = again.state.covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE]
    assert about(block, up) == pytest.approx(0.4, rel=1e-3)
    level = np.cross(up, [1.0, 0.0, 0.0])
    assert about(block, level / np.linalg.norm(level)) == pytest.approx(0.01, rel=1e-2)
