# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_localization import error_state_filter as esf
from lupex_localization import fixes, rotation
from lupex_localization.track_odometry import SlipModel, TrackKinematics, unit_positions
from lupex_models.locomotion import drive
from lupex_models.soil import Soil

GRAVITY = np.array([0.0, 0.0, -1.624])
QUIET = np.zeros(4)


def state(vector=(0.1, -0.2, 0.7), velocity=(0.08, 0.03, -0.01)):
    made = esf.initial_state(
        0.0, np.zeros(3), rotation.from_rotation_vector(np.array(vector)), 0.1, 0.1, 0.01, 0.1, 0.05, 5e-6, 1e-3
    )
    nominal = made.nominal.copy()
    nominal[esf.VELOCITY] = velocity
    return esf.FilterState(0.0, nominal, made.covariance)


def moved(nominal, error):
    """Apply an error state to a nominal one."""
    out = nominal.copy()
    out[0:6] += error[0:6]
    out[6:10] = rotation.multiply(nominal[6:10], rotation.from_rotation_vector(error[6:9]))
    out[10:18] += error[9:17]
    return out


def apart(one, other):
    """Return the error state from `one` to `other`."""
    turned = rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(one[6:10]), other[6:10]))
    return np.concatenate([other[0:6] - one[0:6], turned, other[10:18] - one[10:18]])


def transition(nominal, rate, force, dt):
    """Return the Jacobian of the prediction by differences."""
    step = 1e-5
    run = [
        esf.predict(moved(nominal, e), np.eye(17), rate, force, dt, GRAVITY, np.zeros(3), QUIET, 0.9, 0.8)[0]
        for e in np.concatenate([np.eye(17), -np.eye(17)]) * step
    ]
    return np.array([apart(run[17 + i], run[i]) / (2.0 * step) for i in range(17)]).T


def test_covariance_moves_by_the_jacobian_of_the_motion():
    rate, force, dt = np.array([0.02, -0.03, 0.1]), np.array([0.2, 0.1, 1.6]), 0.04
    start = state()
    covariance = np.diag(np.linspace(1.0, 2.0, 17))
    _, found = esf.predict(start.nominal, covariance, rate, force, dt, GRAVITY, np.zeros(3), QUIET, 0.9, 0.8)
    phi = transition(start.nominal, rate, force, dt)
    expected = phi @ covariance @ phi.T
    expected[15, 15] += 1.0 - 0.81
    expected[16, 16] += 1.0 - 0.64
    # the kernel's Jacobian is that of one step held constant: exact to second order in the 0.04 s
    assert found == pytest.approx(expected, abs=2e-3)


def test_coasting_moves_the_covariance_by_its_jacobian_and_leaves_the_biases_alone():
    turning, dt = np.array([0.02, -0.03, 0.1]), 0.5
    start = state()
    covariance = np.diag(np.linspace(1.0, 2.0, 17))
    _, found = esf.coast(start.nominal, covariance, turning, dt, QUIET, 0.9, 0.8)
    step = 1e-5
    run = [
        esf.coast(moved(start.nominal, e), covariance, turning, dt, QUIET, 0.9, 0.8)[0]
        for e in np.concatenate([np.eye(17), -np.eye(17)]) * step
    ]
    phi = np.array([apart(run[17 + i], run[i]) / (2.0 * step) for i in range(17)]).T
    expected = phi @ covariance @ phi.T
    expected[15, 15] += 1.0 - 0.81
    expected[16, 16] += 1.0 - 0.64
    assert found == pytest.approx(expected, abs=1e-6)
    assert found[9:15, :9] == pytest.approx(0.0)


def test_standing_still_without_inertial_samples_does_not_sharpen_the_biases():
    here = state(velocity=(0.0, 0.0, 0.0))
    jacobian = np.zeros((3, 17))
    jacobian[:, 3:6] = np.eye(3)
    nominal, covariance = here.nominal, here.covariance
    for _ in range(200):
        nominal, covariance = esf.coast(nominal, covariance, np.zeros(3), 2.0, QUIET, 1.0, 1.0)
        nominal, covariance, _, _ = esf.correct(nominal, covariance, jacobian, np.zeros(3), np.eye(3) * 1e-6, math.inf)
    assert np.all(np.diag(covariance)[9:15] >= np.diag(here.covariance)[9:15])


def test_at_rest_on_a_turning_moon_nothing_moves():
    moon = np.array([0.0, 1e-8, -2.66e-6])
    here = state(velocity=(0.0, 0.0, 0.0))
    r = rotation.rotation_matrix(here.nominal[6:10])
    nominal, covariance = here.nominal, here.covariance
    for _ in range(100):
        nominal, covariance = esf.predict(
            nominal, covariance, r.T @ moon, -r.T @ GRAVITY, 0.5, GRAVITY, moon, QUIET, 1.0, 1.0
        )
    assert apart(here.nominal, nominal) == pytest.approx(np.zeros(17), abs=1e-9)


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(-0.3, 0.3), st.floats(-2.0, 2.0))
@settings(max_examples=30, deadline=None)
@pytest.mark.property
def test_track_jacobian_is_the_derivative_of_the_residual(forward, left, slip, deviation):
    nominal = state().nominal
    nominal[16] = deviation
    tracks = (np.array([forward, left]), slip, 0.05, 0.02, 0.03)
    residual, jacobian = esf.track_innovation(nominal, *tracks)
    step = 1e-6
    for i, e in enumerate(np.eye(17) * step):
        changed, _ = esf.track_innovation(moved(nominal, e), *tracks)
        assert (residual - changed) / step == pytest.approx(jacobian[:, i], abs=1e-5)


def test_sun_height_and_attitude_jacobians_are_derivatives():
    here = state()
    sun = np.array([0.6, -0.79, 0.1]) / np.linalg.norm([0.6, -0.79, 0.1])
    since = rotation.from_rotation_vector(np.array([0.0, 0.0, 0.05]))
    to_map = rotation.rotation_matrix(rotation.from_rotation_vector(np.array([0.3, 0.2, -0.4])))
    mounting = np.eye(3)
    truth = rotation.rotation_matrix(rotation.multiply(here.nominal[6:10], rotation.conjugate(since))).T @ sun

    def matching():
        turn = rotation.multiply(rotation.conjugate(rotation.from_matrix(to_map)), here.nominal[6:10])
        return rotation.multiply(turn, rotation.conjugate(since))

    for make in (
        lambda s: fixes.sun_innovation(s, sun, truth, since, 1e-3),
        lambda s: fixes.height_innovation(s, 0.1 * s.nominal[0] - 0.2 * s.nominal[1], (0.1, -0.2), 0.5),
        lambda s: fixes.attitude_innovation(s, to_map, matching(), np.eye(3) * 1e-8, mounting, since, 1e-5),
        lambda s: fixes.rest_innovation(s, 1e-3),
    ):
        residual, jacobian, noise = make(here)
        assert np.linalg.eigvalsh(noise)[0] > 0.0
        step = 1e-6
        for i, e in enumerate(np.eye(17) * step):
            changed, _, _ = make(esf.FilterState(0.0, moved(here.nominal, e), here.covariance))
            assert (residual - changed) / step == pytest.approx(jacobian[:, i], abs=1e-5)


def test_a_correction_takes_the_measured_value_and_narrows():
    here = state()
    jacobian = np.zeros((3, 17))
    jacobian[:, 0:3] = np.eye(3)
    nominal, covariance, nis, accepted = esf.correct(
        here.nominal, here.covariance, jacobian, np.array([0.05, 0.0, -0.02]), np.eye(3) * 1e-8, 20.0
    )
    assert accepted
    assert nis == pytest.approx(0.25 + 0.04, rel=1e-3)
    assert nominal[0:3] == pytest.approx([0.05, 0.0, -0.02], abs=1e-6)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(1e-4, rel=1e-3)
    assert np.linalg.eigvalsh(covariance)[0] > 0.0


@pytest.mark.parametrize("residual", [5.0, math.nan, math.inf])
def test_the_gate_leaves_everything_as_it_was(residual):
    here = state()
    jacobian = np.zeros((1, 17))
    jacobian[0, 2] = 1.0
    nominal, covariance, _, accepted = esf.correct(
        here.nominal, here.covariance, jacobian, np.array([residual]), np.array([[1e-4]]), 12.0
    )
    assert not accepted
    assert np.array_equal(nominal, here.nominal)
    assert np.array_equal(covariance, here.covariance)


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
@settings(max_examples=30, deadline=None)
@pytest.mark.property
def test_tracks_give_back_the_twist_they_were_set_to(forward, left, turning):
    steer, track = np.zeros(4), np.zeros(4)
    for i, (x, y) in enumerate(unit_positions(0.55, 0.55)):
        vx, vy = forward - turning * y, left + turning * x
        steer[i], track[i] = math.atan2(vy, vx), math.hypot(vx, vy)
    twist = TrackKinematics(0.55, 0.55).twist(steer, track)
    assert (twist.forward_mps, twist.left_mps, twist.turning_rad_s) == pytest.approx(
        (forward, left, turning), abs=1e-12
    )
    assert twist.residual_mps == pytest.approx(0.0, abs=1e-12)


def test_one_spinning_track_shows_in_the_residual():
    twist = TrackKinematics(0.55, 0.55).twist(np.zeros(4), np.array([0.1, 0.1, 0.1, 0.5]))
    assert twist.residual_mps > 0.03
    assert twist.fastest_mps == 0.5


def test_slip_model_lies_within_the_spread_of_soils(rover, slip_model):
    slip, sigma, drift, drift_sigma = slip_model.at(0.2, 0.1)
    firm = Soil(1.0, 1400.0, 1.2e6, 1000.0, math.radians(42.0), 0.010)
    loose = Soil(1.0, 1400.0, 2e5, 50.0, math.radians(30.0), 0.025)
    ends = [drive(rover.crawler, rover.body.mass_kg, 0.2, 0.1, 0.1, soil) for soil in (firm, loose)]
    assert ends[0].slip < slip < ends[1].slip
    assert sigma > 0.015
    # the left is higher: it drifts to the right, as much as to the left on the mirrored slope
    assert drift < 0.0 < drift_sigma
    assert slip_model.at(0.2, -0.1) == pytest.approx([slip, sigma, -drift, drift_sigma])


def test_slip_model_holds_its_edge_beyond_the_table(rover):
    model = SlipModel.build(rover, 4, 0.2, 0.4, 0.01, 0.01)
    assert model.at(2.0, -2.0) == pytest.approx(model.at(0.4, -0.4))
