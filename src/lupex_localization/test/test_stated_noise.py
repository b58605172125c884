# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Each noise that the estimator is told of shows in what it believes, by so much, in the right axes."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lupex_localization import error_state_filter as esf
from lupex_localization import measurements, rotation
from lupex_localization.config import Fixes, Inertial, LocalizationConfig, Tracks
from lupex_localization.estimator import PoseEstimator
from lupex_localization.filter_state import Spread, heading_sigma_rad, initial_state, position_sigma_m
from lupex_localization.samples import AttitudeSample, InertialSample, TrackSample
from lupex_localization.start import Beginning
from lupex_localization.surroundings import Surroundings
from lupex_localization.track_odometry import SlipModel

NO_SLIP = SlipModel(0.5, 0.1, np.zeros((4, 11, 11)))
"""Tracks that neither slip nor drift, and are known not to."""
STILL = Inertial(
    class_gyro_noise_rad_s_rthz=0.0,
    class_gyro_bias_walk_rad_s2_rthz=0.0,
    class_accelerometer_bias_walk_mps3_rthz=0.0,
)
"""No noise beside that of the rover's own numbers, which the expectations are made from."""
GRAVITY = np.array([0.0, 0.0, 1.624])
SPEED_MPS = 0.1


def level_state(yaw_rad=0.0, tilt=1e-6, yaw=1e-6, velocity=1e-4, alignment=0.0, slip=0.0):
    """Return a state on level ground that knows all but what is opened."""
    return initial_state(
        0.0,
        np.zeros(3),
        rotation.from_rotation_vector(np.array([0.0, 0.0, yaw_rad])),
        Spread(
            position_m=1e-3,
            height_m=1e-3,
            tilt_rad=tilt,
            yaw_rad=yaw,
            velocity_mps=velocity,
            gyro_bias_rad_s=1e-9,
            accelerometer_bias_mps2=1e-7,
            star_alignment_rad=alignment,
            slip=slip,
        ),
    )


def moving(nominal_mps, state):
    nominal = state.nominal.copy()
    nominal[esf.VELOCITY] = nominal_mps
    return esf.FilterState(state.time_s, nominal, state.covariance)


def driven(rover, config, seconds, step_s=0.05, turning_rad_s=0.0, error=None, slip=NO_SLIP, begun=None):
    """Drive on level ground by perfect sensors; `error` (n,) [m/s] is what the tracks read too fast."""
    estimator = PoseEstimator(config, rover, slip, Surroundings())
    estimator.begin(Beginning(moving((SPEED_MPS, 0.0, 0.0), begun or level_state())))
    count = round(seconds / step_s)
    made = []
    units = [(x, y) for x in (1, -1) for y in (1, -1)]
    for k in range(1, count + 1):
        steer, track = np.zeros(4), np.zeros(4)
        ahead = SPEED_MPS + (0.0 if error is None else error[k - 1])
        for i, (sx, sy) in enumerate(units):
            vx = ahead - turning_rad_s * sy * rover.crawler.unit_y_m
            vy = turning_rad_s * sx * rover.crawler.unit_x_m
            track[i], steer[i] = math.hypot(vx, vy), math.atan2(vy, vx)
        # on a circle the body is accelerated to its left
        force = GRAVITY + np.array([0.0, turning_rad_s * SPEED_MPS, 0.0])
        estimator.add(InertialSample(k * step_s, flickering(k, turning_rad_s), force), k * step_s)
        estimator.add(TrackSample(k * step_s, steer, track, np.zeros(4)), k * step_s)
        made += estimator.advance()
    return estimator, made


def quiet(**tracks):
    return LocalizationConfig(inertial=STILL, tracks=Tracks(**tracks))


def flickering(k, turning_rad_s=0.0):
    """Return the rate that gyros without noise read: in its last digit, as those that never change are frozen."""
    return np.array([0.0, 0.0, turning_rad_s + 1e-13 * (k % 2)])


def growth_m2(made, begin_s, end_s, axis=0):
    """Return by how much the variance of the way run along an axis grew between two times."""
    at = {round(m.state.time_s, 3): m.state.covariance[axis, axis] for m in made}
    return at[end_s] - at[begin_s]


@pytest.mark.parametrize("correlation_s", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("step_s", [0.05, 0.2])
def test_the_way_run_is_as_uncertain_as_an_error_that_lasts_makes_it(rover, correlation_s, step_s):
    """Noise correlated as exp(-t / T) moves the way by a variance of 2 sigma^2 T a second, however often it is read."""
    sigma = 5e-3
    _, made = driven(rover, quiet(speed_sigma_mps=sigma, noise_correlation_s=correlation_s), 60.0, step_s)
    by_hand = 2.0 * sigma**2 * correlation_s * 40.0
    assert growth_m2(made, 20.0, 60.0) == pytest.approx(by_hand, rel=0.1)


def test_the_height_run_is_as_uncertain_as_an_error_that_lasts_makes_it(rover):
    config = quiet(vertical_sigma_mps=0.02, noise_correlation_s=2.0)
    _, made = driven(rover, config, 60.0, 0.1)
    assert growth_m2(made, 20.0, 60.0, axis=2) == pytest.approx(2.0 * 0.02**2 * 2.0 * 40.0, rel=0.15)


class Level:
    """A map of level ground."""

    def height(self, x_m, y_m):
        return np.zeros(np.shape(x_m))

    def gradient(self, x_m, y_m):
        return np.zeros(np.shape(x_m)), np.zeros(np.shape(x_m))


def test_a_map_that_errs_alike_over_a_distance_is_asked_once_for_it(rover):
    """Twice in 35 m: no more certain than two readings of it make the height, sigma over root two."""
    config = LocalizationConfig(
        inertial=STILL, fixes=Fixes(terrain_sigma_m=0.6, terrain_interval_m=15.0, terrain_slope_sigma=0.0)
    )
    estimator = PoseEstimator(config, rover, NO_SLIP, Surroundings(terrain=Level()))
    begun = moving((SPEED_MPS, 0.0, 0.0), level_state())
    covariance = begun.covariance.copy()
    covariance[2, 2] = 25.0
    estimator.begin(Beginning(dataclasses.replace(begun, covariance=covariance)))
    for k in range(1, 1751):
        estimator.add(InertialSample(0.2 * k, flickering(k), GRAVITY), 0.2 * k)
        estimator.add(TrackSample(0.2 * k, np.zeros(4), np.full(4, SPEED_MPS), np.zeros(4)), 0.2 * k)
        estimator.advance()
    state = estimator.reckoning.state
    assert state.nominal[0] == pytest.approx(35.0, rel=0.02)
    assert 0.6 / math.sqrt(2.0) * 0.99 < math.sqrt(state.covariance[2, 2]) < 0.6


def test_tracks_that_err_alike_for_a_second_leave_the_way_within_its_sigma(rover):
    """Monte Carlo: an Ornstein-Uhlenbeck error of the tracks, drawn here, against the sigma stated for the way."""
    sigma, correlation_s, step_s, seconds = 5e-3, 1.0, 0.2, 40.0
    rng = np.random.default_rng(5)
    kept = math.exp(-step_s / correlation_s)
    normalised = []
    for _ in range(40):
        error = np.empty(round(seconds / step_s))
        value = sigma * rng.standard_normal()
        for k in range(error.size):
            value = kept * value + sigma * math.sqrt(1.0 - kept**2) * rng.standard_normal()
            error[k] = value
        estimator, _ = driven(
            rover, quiet(speed_sigma_mps=sigma, noise_correlation_s=correlation_s), seconds, step_s, error=error
        )
        state = estimator.reckoning.state
        off = state.nominal[0] - SPEED_MPS * state.time_s
        normalised.append(off / math.sqrt(state.covariance[0, 0]))
    # chi square of 40 degrees of freedom: 18 and 74 are its 0.1 % ends
    assert 18.0 < float(np.sum(np.square(normalised))) < 74.0


@pytest.mark.parametrize("length_m", [1.0, 4.0, 1000.0])
def test_slip_that_is_alike_over_a_distance_adds_up_over_it(rover, length_m):
    """The way is off by the integral of a slip that is correlated as exp(-x / L): 2 s^2 L^2 (d/L - 1 + exp(-d/L))."""
    sigma = 0.1
    tables = np.zeros((4, 11, 11))
    tables[1] = sigma
    # nothing else says how fast it is
    deaf = dataclasses.replace(STILL, motion_acceleration_mps2_rthz=0.05)
    config = dataclasses.replace(quiet(speed_sigma_mps=1e-4, slip_correlation_m=length_m), inertial=deaf)
    _, made = driven(
        rover, config, 100.0, 0.1, slip=SlipModel(0.5, 0.1, tables), begun=level_state(velocity=1.0, slip=sigma)
    )
    for metres in (3.0, 10.0):
        ratio = metres / length_m
        by_hand = 2.0 * (sigma * length_m) ** 2 * (ratio - 1.0 + math.exp(-ratio))
        stated = next(m for m in made if m.state.time_s >= 10.0 * metres - 1e-6).state.covariance[0, 0]
        assert stated == pytest.approx(by_hand, rel=0.08)


def test_turning_tracks_skid_and_are_believed_the_less_the_faster_they_turn(rover):
    """The speed's sigma while turning is hypot(white, turn_sigma x radius x rate)."""
    rate, turn_sigma, white = 0.1, 0.2, 1e-3
    reach = math.hypot(rover.crawler.unit_x_m, rover.crawler.unit_y_m)
    config = quiet(speed_sigma_mps=white, turn_sigma=turn_sigma, noise_correlation_s=1.0)
    _, made = driven(rover, config, 40.0, 0.05, turning_rad_s=rate)
    # the trace of the horizontal block does not care where the circle has led
    area = {round(m.state.time_s, 3): float(np.trace(m.state.covariance[:2, :2])) for m in made}
    wanted = 2.0 * 2.0 * (white**2 + (turn_sigma * reach * rate) ** 2) * 20.0
    # nothing turns the way itself: its heading is known to microradians
    assert area[40.0] - area[20.0] == pytest.approx(wanted, rel=0.25)


def exposed(yaw_rad, rover, covariance):
    """Return a star tracker's quaternion for a level body, with a map that stands still in the sky."""
    body = rotation.from_rotation_vector(np.array([0.0, 0.0, yaw_rad]))
    mounted = rotation.multiply(body, rotation.from_matrix(measurements.sensor_mounting(rover.star_tracker)))
    return AttitudeSample(0.05, mounted, covariance)


@pytest.mark.parametrize("alignment", [0.0, 5e-5, 1e-3])
def test_a_fix_is_no_better_than_the_mounting_of_the_star_tracker(rover, alignment):
    """After one fix from an open attitude each axis is as uncertain as reading and mounting together."""
    sigma = 1e-4
    config = LocalizationConfig(inertial=Inertial(shake_rad=0.0))
    estimator = PoseEstimator(config, rover, NO_SLIP, Surroundings(map_from_icrf=lambda _: np.eye(3)))
    estimator.begin(Beginning(level_state(0.4, tilt=0.05, yaw=0.05, alignment=alignment)))
    estimator.add(InertialSample(0.05, np.zeros(3), GRAVITY), 0.05)
    estimator.add(TrackSample(0.05, np.zeros(4), np.zeros(4), np.zeros(4)), 0.05)
    estimator.add(exposed(0.4, rover, np.eye(3) * sigma**2), 0.05)
    estimator.advance()
    assert estimator.accepted["attitude"] == 1
    stated = np.sqrt(np.diag(estimator.reckoning.state.covariance)[esf.ERROR_ATTITUDE])
    assert stated == pytest.approx(np.full(3, math.hypot(sigma, alignment)), rel=0.02)


def test_no_slope_teaches_the_mounting_of_the_star_tracker():
    """Gravity seen at many tilts would: but what accelerometers make of it is no truer than their own mounting."""
    here = level_state(tilt=0.05, yaw=0.05, alignment=1e-3)
    x, p = here.nominal.copy(), here.covariance.copy()
    rng = np.random.default_rng(3)
    for _ in range(200):
        jacobian = np.zeros((3, esf.ERROR_SIZE))
        jacobian[:, esf.ERROR_ATTITUDE] = jacobian[:, esf.ERROR_STAR] = np.eye(3)
        esf.correct(x, p, jacobian, np.zeros(3), np.eye(3) * 1e-10, math.inf)
        jacobian[:, esf.ERROR_STAR] = 0.0
        jacobian[:, esf.ERROR_ATTITUDE] = rng.standard_normal((3, 3))
        esf.correct(x, p, jacobian, 1e-3 * rng.standard_normal(3), np.eye(3) * 1e-4, math.inf)
    assert np.diag(p)[esf.ERROR_STAR] == pytest.approx(np.full(3, 1e-6))
    assert np.array_equal(x[esf.STAR_ALIGNMENT], np.zeros(3))
    assert np.linalg.eigvalsh(p)[0] > -1e-18


@pytest.mark.parametrize("turning_rad_s", [0.05, -0.02])
def test_a_turn_is_read_wrong_by_a_share_of_it(rover, turning_rad_s):
    """Gyros without noise that turn one way for as long as the settings say."""
    made = {}
    for scale in (0.0, 1e-3):
        inertial = dataclasses.replace(STILL, class_gyro_scale=scale, turn_s=20.0, motion_rate_rad_s_rthz=0.0)
        config = LocalizationConfig(inertial=inertial)
        made[scale] = driven(rover, config, 20.0, turning_rad_s=turning_rad_s)[0].reckoning.state
    grown = [heading_sigma_rad(state) ** 2 for state in made.values()]
    assert math.sqrt(grown[1] - grown[0]) == pytest.approx(1e-3 * 20.0 * abs(turning_rad_s), rel=0.02)


def test_the_star_trackers_covariance_is_turned_from_its_own_axes_into_the_bodys(rover):
    """Roll about the boresight is read worst: after a fix that direction of the body is known worst."""
    across, roll = 1e-5, 1e-3
    covariance = np.diag([roll**2, across**2, across**2])
    tracker = rover.star_tracker
    azimuth, elevation = tracker.boresight_azimuth_rad, tracker.boresight_elevation_rad
    boresight = np.array(
        [
            math.cos(elevation) * math.cos(azimuth),
            math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation),
        ]
    )
    config = LocalizationConfig(inertial=Inertial(shake_rad=0.0))
    estimator = PoseEstimator(config, rover, NO_SLIP, Surroundings(map_from_icrf=lambda _: np.eye(3)))
    estimator.begin(Beginning(level_state(0.4, tilt=0.05, yaw=0.05)))
    estimator.add(InertialSample(0.05, np.zeros(3), GRAVITY), 0.05)
    estimator.add(TrackSample(0.05, np.zeros(4), np.zeros(4), np.zeros(4)), 0.05)
    estimator.add(exposed(0.4, rover, covariance), 0.05)
    estimator.advance()
    block = estimator.reckoning.state.covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE]
    assert math.sqrt(boresight @ block @ boresight) == pytest.approx(roll, rel=0.02)
    level = np.cross(boresight, [0.0, 0.0, 1.0])
    level /= np.linalg.norm(level)
    assert math.sqrt(level @ block @ level) < 5.0 * across


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.3), (0.2, -0.1, 0.2)])
def test_after_a_great_correction_the_attitudes_spread_is_told_in_the_new_axes(turn):
    """Monte Carlo: true attitudes drawn about the measured one, seen from the corrected estimate.

    A correction by e leaves of the errors e + n, that were possible before, the rotations between exp(e) and
    exp(e + n); their spread differs from that of n by half of e (Sola 2017, eq. 286).
    """
    turn = np.array(turn)
    before = level_state()
    wide = np.diag([4.0, 1.0, 9.0]) * 1e-2
    covariance = before.covariance.copy()
    covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] = wide
    noise = np.diag([1.0, 16.0, 4.0]) * 1e-6
    jacobian = np.zeros((3, esf.ERROR_SIZE))
    jacobian[:, esf.ERROR_ATTITUDE] = np.eye(3)
    nominal, after = before.nominal.copy(), covariance.copy()
    _, accepted = esf.correct(nominal, after, jacobian, turn, noise, math.inf)
    assert accepted
    rng = np.random.default_rng(3)
    left = np.linalg.inv(np.linalg.inv(wide) + np.linalg.inv(noise))
    mean = wide @ np.linalg.solve(wide + noise, turn)
    true = Rotation.from_rotvec(mean + rng.multivariate_normal(np.zeros(3), left, 200_000))
    estimate = Rotation.from_quat(np.roll(nominal[6:10], -1))
    spread = np.cov((estimate.inv() * true).as_rotvec().T)
    # of second order in the turn: (e / 2)^2 / 3 of the greatest variance; the draws' own error is 0.3 %
    assert after[6:9, 6:9] == pytest.approx(spread, abs=0.03 * 16e-6)


def test_a_state_begun_on_a_slope_has_its_tilt_and_heading_open_about_the_maps_axes():
    """Heading is open about the vertical, which on a slope is no axis of the body."""
    up = np.array([-math.sin(0.4), math.cos(0.4) * math.sin(0.3), math.cos(0.4) * math.cos(0.3)])
    spread = Spread(0.1, 0.1, 0.01, 0.2, 0.1, 1e-6, 1e-3)
    state = initial_state(0.0, np.zeros(3), rotation.from_heading_and_up(0.9, up), spread)
    block = state.covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE]
    assert math.sqrt(up @ block @ up) == pytest.approx(0.2)
    for level in (np.cross(up, [1.0, 0.0, 0.0]), np.cross(up, [0.0, 1.0, 0.0])):
        level = level / np.linalg.norm(level)
        assert math.sqrt(level @ block @ level) == pytest.approx(0.01)
    assert heading_sigma_rad(state) == pytest.approx(0.2)


def test_the_sigma_of_the_place_is_that_along_the_longer_axis_of_its_ellipse():
    state = level_state()
    turned = np.array([[math.cos(0.6), -math.sin(0.6)], [math.sin(0.6), math.cos(0.6)]])
    covariance = state.covariance.copy()
    covariance[:2, :2] = turned @ np.diag([4.0, 0.25]) @ turned.T
    assert position_sigma_m(dataclasses.replace(state, covariance=covariance)) == pytest.approx(2.0)
