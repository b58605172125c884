# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter's peers in the benchmark: a batch smoother over what the filter was given, and the filter by filterpy."""

import dataclasses
import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import peers
from benchmarks.localization import ekf, graph, recording, residuals, smoother
from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.filter_state import initial_state
from lupex_localization.samples import InertialSample
from lupex_system_tests import measured_ground
from lupex_system_tests.measured_drive import STEP_S, MeasuredDrive, level
from lupex_system_tests.measured_localization import estimator_at, go

AHEAD = np.eye(3)
LEFT = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
NONE = np.zeros(3)


def peer(name):
    if not peers.directory_of(name).is_dir():
        pytest.skip(f"{name} is not in the cache: ./lupex bench localization --quick puts it there")
    return peers.Peers(print)(name)


# ---------------------------------------------------------------------------------------------------- residuals


def turned(vector):
    return rotation.rotation_matrix(rotation.from_rotation_vector(np.array(vector)))


FIRST = turned([0.2, -0.1, 0.8]), np.array([3.0, -2.0, 0.4])
SECOND = turned([0.25, -0.05, 0.9]), np.array([3.8, -1.4, 0.5])


def moved(argument, step):
    """Return an argument of a residual after a small step: a pose in its own axes, a vector by addition."""
    if isinstance(argument, tuple):
        return argument[0] @ turned(step[:3]), argument[1] + argument[0] @ step[3:]
    return argument + step


@pytest.mark.parametrize(
    ("residual", "variables", "given"),
    [
        (residuals.attitude, [FIRST, np.array([0.01, 0.02, -0.01])], [FIRST[0] @ turned([2e-3, -1e-3, 3e-3])]),
        (residuals.displacement, [FIRST, SECOND, np.array([0.02, -0.01, 0.03])], [np.array([0.9, 0.1, 0.05])]),
        (
            residuals.tracks,
            [FIRST, SECOND, np.array([0.2, 0.05]), np.array([-0.1, 0.03])],
            [np.array([[0.9, -0.2], [0.2, 0.9], [0.01, 0.02]]), np.array([0.1, -0.04])],
        ),
    ],
)
def test_derivatives_are_those_of_the_residual(residual, variables, given):
    _, *jacobians = residual(*variables, *given)
    for i, jacobian in enumerate(jacobians):
        for k in range(jacobian.shape[1]):
            step = np.zeros(jacobian.shape[1])
            step[k] = 1e-6
            ends = [
                residual(*variables[:i], moved(variables[i], sign * step), *variables[i + 1 :], *given)[0]
                for sign in (1.0, -1.0)
            ]
            assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(jacobian[:, k], abs=2e-5)


def test_tracks_that_slip_run_further_than_the_rover():
    # 2 m of tracks of which 10 % are their scale's and then a quarter slips, a tenth goes left
    start, end = (LEFT, np.zeros(3)), (LEFT, np.array([-0.22, 1.65, 0.0]))
    ran = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    slipped, constants, model = np.array([0.2, 0.07]), np.array([0.1, 0.0]), np.array([0.05, 0.03])
    assert residuals.tracks(start, end, slipped, constants, ran, model)[0] == pytest.approx(NONE, abs=1e-12)
    # a steering that stands 0.1 rad further left than it says
    start = (AHEAD, np.zeros(3))
    off = residuals.tracks(start, start, np.zeros(2), np.array([0.0, 0.1]), ran, np.zeros(2))[0]
    assert off == pytest.approx([2.0, 0.2, 0.0])


def test_what_the_lidar_sees_is_turned_by_its_alignment():
    first, second = (LEFT, np.array([1.0, 1.0, 0.0])), (LEFT, np.array([1.0, 3.0, 0.0]))
    # 2 m ahead; a lidar turned left by 0.01 rad sees the motion to the right of it
    found = residuals.displacement(first, second, np.array([0.0, 0.0, 0.01]), np.array([2.0, -0.02, 0.0]))[0]
    assert found == pytest.approx(NONE, abs=3e-4)


def test_a_way_round_a_corner():
    readings = [(1.0, 0.5, 0.0), (3.0, 0.25, 0.1)]
    ran = residuals.way(0.0, readings, [AHEAD, LEFT])
    assert ran == pytest.approx(np.array([[0.5 - 0.2, -0.5], [0.5, 0.5 - 0.2], [0.0, 0.0]]))


def test_slip_forgets_itself_and_keeps_its_spread():
    kept, sigma = residuals.lasting(5.0, 5.0, 0.03)
    assert kept == pytest.approx(0.367879, rel=1e-5)
    assert (kept * 0.03) ** 2 + sigma**2 == pytest.approx(0.03**2)
    assert residuals.lasting(0.0, 5.0, 0.03)[1] > 0.0


# ---------------------------------------------------------------------------------------------------- recording


def test_a_recorder_sees_all_and_changes_nothing():
    def driven(with_recorder):
        drive = MeasuredDrive(measured_ground.relief(3, half_m=20.0), level("nominal"), 3, lambda *_: (0.1, 0.0))
        estimator = estimator_at(drive)
        recorder = recording.Recorder(drive, estimator) if with_recorder else None
        heard = {"lie": recorder.tell, "watch": recorder.watch} if recorder else {}
        go(drive, estimator, 4.0, 0.0, **heard)
        go(drive, estimator, 16.0, **heard)
        return estimator, drive, recorder

    alone, _, _ = driven(False)
    estimator, drive, recorder = driven(True)
    assert np.array_equal(alone.reckoning.x, estimator.reckoning.x)
    found = recorder.recording
    assert len(found.inertial) == 500
    assert len(found.tracks) == 400
    assert len(found.attitudes) == estimator.accepted["attitude"] == 20
    assert len(found.displacements) == estimator.accepted["ground"] > 2
    assert [moment.time_s for moment in found.moments] == pytest.approx(np.arange(1000.0, 1020.5))
    assert found.moments[3].stationary
    assert not found.moments[8].stationary
    assert found.moments[-1].position_m == pytest.approx(drive.position)
    at = {round(moment.time_s): moment.position_m for moment in found.moments}
    for seen in found.displacements:
        went = np.linalg.norm(at[round(seen.time_s)] - at[round(seen.since_s)])
        assert np.linalg.norm(seen.moved_m) == pytest.approx(went, abs=0.03)


# ---------------------------------------------------------------------------------------------------- graph

SECONDS = 10


def straight(terms, seen_m, slip=0.0):
    """Return a drive of 10 s: tracks at 0.1 m/s, the place wrong in all first guesses, scans as told (m, sigma)."""
    attitude = np.array([1.0, 0.0, 0.0, 0.0])
    spread = dataclasses.replace(
        terms.spread(), position_m=1e-3, height_m=1e-3, tilt_rad=1e-4, yaw_rad=1e-4, velocity_mps=1.0
    )
    start = initial_state(0.0, np.array([5.0, 0.0, 0.0]), attitude, spread)
    made = recording.Recording(start)
    guess = start.nominal.copy()
    for k in range(SECONDS + 1):
        guess = guess.copy()
        guess[:3] = 5.0 + 0.03 * k, 0.2, -0.1
        made.moments.append(recording.Moment(float(k), NONE, guess if k else start.nominal, False))
        if k:
            covariance = np.eye(3) * 1e-8
            made.attitudes.append(recording.Attitude(float(k), attitude, covariance))
    gravity = np.array([0.0, 0.0, terms.gravity_mps2])
    for k in range(1, round(SECONDS / STEP_S) + 1):
        made.inertial.append(InertialSample(k * STEP_S, terms.frame_rate, gravity))
        twist = (0.1, 0.0, 0.0, 0.0, 0.1)
        made.tracks.append(recording.TrackReading(k * STEP_S, twist, np.array([slip, 0.03, 0.0, 0.02]), 25.0))
    for metres, sigma in seen_m:
        covariance = np.eye(3) * sigma**2
        made.displacements.append(recording.Displacement(0.0, 10.0, np.array([metres, 0.0, 0.0]), covariance))
    return made


@pytest.fixture
def terms():
    drive = MeasuredDrive(measured_ground.plane(half_m=10.0), level("kind"), 1)
    return estimator_at(drive).terms


def solved(terms, made):
    return graph.Graph(peer("gtsam"), terms, made).solved()


def test_a_smoother_without_scans_believes_the_tracks_and_their_model(terms):
    found = solved(terms, straight(terms, [], slip=0.25))
    # a quarter of 1 m slips
    assert found.positions_m[-1] == pytest.approx([5.75, 0.0, 0.0], abs=2e-3)
    assert found.positions_m[4] == pytest.approx([5.3, 0.0, 0.0], abs=2e-3)
    assert found.constants == pytest.approx([0.0, 0.0], abs=1e-3)


def test_a_smoother_takes_the_mean_of_scans_by_their_weights(terms):
    # weights 1 and 4; the tracks, known to 10 %, count a hundredth of a hundredth
    found = solved(terms, straight(terms, [(0.80, 2e-3), (0.81, 1e-3)]))
    assert found.positions_m[-1] == pytest.approx([5.808, 0.0, 0.0], abs=5e-4)
    # and tells by them how fast it went before
    assert found.positions_m[5] == pytest.approx([5.404, 0.0, 0.0], abs=4e-3)
    assert found.constants[0] == pytest.approx(-0.17, abs=0.04)


def test_a_mounting_moves_as_far_as_its_prior_lets_it(terms):
    made = straight(terms, [])
    off = rotation.from_rotation_vector(np.array([0.0, 0.0, 2e-3]))
    made.attitudes[:] = [dataclasses.replace(seen, quaternion=off) for seen in made.attitudes]
    # the start's heading, known to 1e-4, against a mounting known to 1e-3: a hundred and first part of the difference
    assert solved(terms, made).star_alignment[2] == pytest.approx(2e-3 * 100 / 101, rel=0.02)


# ---------------------------------------------------------------------------------------------------- figures


def test_figures_are_root_mean_squares_and_their_ratio():
    row = {"filter_way_m": 1.0, "smoother_way_m": 2.0}
    rows = [
        {**row, "filter_end_m": 3.0, "smoother_end_m": 0.0},
        {**row, "filter_end_m": 5.0, "smoother_end_m": 4.0},
    ]
    found = smoother.figures_of(rows)
    assert found["filter_end_rms_m"] == pytest.approx(math.sqrt(17.0))
    assert found["vs_smoother"] == pytest.approx(math.sqrt(17.0 / 8.0))
    assert found["vs_smoother_way"] == pytest.approx(0.5)
    assert found["smoother_drives"] == 2


# ---------------------------------------------------------------------------------------------------- filterpy


def test_the_model_in_full_matrices_is_that_of_the_kernel():
    x, p = ekf.beginning(5)
    rate, force = np.array([0.3, -0.2, 0.5]), np.array([0.2, 0.1, 1.7])
    transition, noise, after = ekf.model(x, rate, force)
    expected = transition @ p @ transition.T + noise
    esf.predict(x, p, rate, force, ekf.STEP_S, ekf.GRAVITY, ekf.MOON, ekf.DENSITIES)
    assert x == pytest.approx(after, abs=1e-14)
    assert p == pytest.approx(expected, rel=1e-10, abs=1e-14)


def test_filterpy_gives_the_same_numbers():
    peer("filterpy")
    state, covariance = ekf.differences(importlib.import_module("filterpy.kalman"), 5, 40)
    assert state < 1e-10
    assert covariance < 1e-10
