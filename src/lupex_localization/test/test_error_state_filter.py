# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_localization import cloned_poses, measurements, rotation
from lupex_localization import error_state_filter as esf
from lupex_localization.filter_state import Spread, initial_state
from lupex_localization.track_correction import decay, track_innovation
from lupex_localization.track_odometry import SlipModel, TrackKinematics, unit_positions
from lupex_models.locomotion import drive
from lupex_models.soil import Soil

GRAVITY = np.array([0.0, 0.0, -1.624])
QUIET = np.zeros(5)
N = esf.ERROR_SIZE
MOON = np.array([1e-4, -2e-4, 3e-4])
"""A rotation of the map a hundred times the Moon's, so that its derivative shows."""


def state(vector=(0.1, -0.2, 0.7), velocity=(0.08, 0.03, -0.01)):
    """Return a nominal state in which nothing is zero."""
    spread = Spread(0.1, 0.1, 0.01, 0.1, 0.05, 5e-6, 1e-3)
    made = initial_state(0.0, np.array([3.0, -2.0, 0.5]), rotation.from_rotation_vector(np.array(vector)), spread)
    nominal = made.nominal.copy()
    nominal[esf.VELOCITY] = velocity
    nominal[10:26] = np.linspace(-0.03, 0.04, 16)
    for slot, turn in enumerate(((0.05, 0.1, 0.4), (-0.1, 0.2, 1.4))):
        at = esf.CLONES[slot]
        nominal[at : at + 3] = 0.7 * slot, 0.3, -0.2
        nominal[at + 3 : at + 7] = rotation.from_rotation_vector(np.array(turn))
    return esf.FilterState(0.0, nominal, made.covariance)


def moved(nominal, error):
    """Apply an error state to a nominal one."""
    out = nominal.copy()
    out[0:6] += error[0:6]
    out[6:10] = rotation.multiply(nominal[6:10], rotation.from_rotation_vector(error[6:9]))
    out[10:26] += error[9:25]
    for at, of in zip(esf.CLONES, esf.ERROR_CLONES, strict=True):
        out[at : at + 3] += error[of : of + 3]
        turn = rotation.from_rotation_vector(error[of + 3 : of + 6])
        out[at + 3 : at + 7] = rotation.multiply(nominal[at + 3 : at + 7], turn)
    return out


def apart(one, other):
    """Return the error state from `one` to `other`."""

    def turned(at):
        return rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(one[at : at + 4]), other[at : at + 4]))

    parts = [other[0:6] - one[0:6], turned(6), other[10:26] - one[10:26]]
    for at in esf.CLONES:
        parts += [other[at : at + 3] - one[at : at + 3], turned(at + 3)]
    return np.concatenate(parts)


def transition(nominal, move):
    """Return the Jacobian (37, 37) of a move by differences."""
    step = 1e-5
    run = []
    for e in np.concatenate([np.eye(N), -np.eye(N)]) * step:
        x = moved(nominal, e)
        move(x, np.eye(N))
        run.append(x)
    return np.array([apart(run[N + i], run[i]) / (2.0 * step) for i in range(N)]).T


def mixed():
    """Return a covariance in which each error has something in common with each other."""
    root = np.random.default_rng(1).standard_normal((N, N))
    return root @ root.T / N


def test_inject_adds_the_error_that_it_is_given():
    nominal, error = state().nominal, np.linspace(-0.2, 0.3, N)
    x = nominal.copy()
    esf.inject(x, error)
    assert x == pytest.approx(moved(nominal, error), abs=1e-12)


def test_covariance_moves_by_the_jacobian_of_the_motion():
    rate, force, dt = np.array([0.02, -0.03, 0.1]), np.array([0.2, 0.1, 1.6]), 0.04

    def move(x, p):
        esf.predict(x, p, rate, force, dt, GRAVITY, MOON, QUIET)

    x, found = state().nominal.copy(), mixed()
    phi = transition(x, move)
    move(x, found)
    # the kernel's Jacobian is that of one step held constant: exact to second order in the 0.04 s
    assert found == pytest.approx(phi @ mixed() @ phi.T, abs=3e-3)
    assert found == pytest.approx(found.T, abs=1e-15)


def test_coasting_moves_the_covariance_by_its_jacobian_and_leaves_the_biases_alone():
    turning, dt = np.array([0.02, -0.03, 0.1]), 0.5

    def move(x, p):
        esf.coast(x, p, turning, dt, QUIET)

    x, found = state().nominal.copy(), mixed()
    phi = transition(x, move)
    move(x, found)
    assert found == pytest.approx(phi @ mixed() @ phi.T, abs=1e-6)
    assert phi[9:15, :9] == pytest.approx(0.0)


@pytest.mark.parametrize(("index", "nominal_index"), [(15, 16), (16, 17)])
def test_slip_forgets_itself_towards_its_spread(index, nominal_index):
    x, found, before = state().nominal.copy(), mixed(), mixed()
    was = x[nominal_index]
    decay(x, found, index, 0.8, 0.3)
    phi = np.eye(N)
    phi[index, index] = 0.8
    expected = phi @ before @ phi.T
    expected[index, index] += (1.0 - 0.64) * 0.09
    assert x[nominal_index] == pytest.approx(0.8 * was)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("slot", [0, 1])
def test_a_cloned_pose_is_the_present_one_and_as_uncertain(slot):
    x, p = state().nominal.copy(), mixed()
    before = p.copy()
    cloned_poses.clone(x, p, slot)
    at, of = esf.CLONES[slot], esf.ERROR_CLONES[slot]
    assert np.array_equal(x[at : at + 7], np.concatenate([x[0:3], x[6:10]]))
    # the same error, twice
    take = np.eye(N)
    take[of : of + 6] = 0.0
    take[of : of + 3, 0:3] = take[of + 3 : of + 6, 6:9] = np.eye(3)
    assert p == pytest.approx(take @ before @ take.T)


def test_the_second_clone_takes_the_place_of_the_first():
    x, p = state().nominal.copy(), mixed()
    before, pose = p.copy(), x[33:40].copy()
    cloned_poses.take_over(x, p)
    take = np.eye(N)
    take[25:31] = np.eye(N)[31:37]
    assert np.array_equal(x[26:33], pose)
    assert p == pytest.approx(take @ before @ take.T)


def test_standing_still_without_inertial_samples_does_not_sharpen_the_biases():
    here = state(velocity=(0.0, 0.0, 0.0))
    jacobian = np.zeros((3, N))
    jacobian[:, 3:6] = np.eye(3)
    x, p = here.nominal.copy(), here.covariance.copy()
    for _ in range(200):
        esf.coast(x, p, np.zeros(3), 2.0, QUIET)
        esf.correct(x, p, jacobian, np.zeros(3), np.eye(3) * 1e-6, math.inf)
    assert np.all(np.diag(p)[9:15] >= np.diag(here.covariance)[9:15])


def test_at_rest_on_a_turning_moon_nothing_moves():
    moon = np.array([0.0, 1e-8, -2.66e-6])
    x = state(velocity=(0.0, 0.0, 0.0)).nominal.copy()
    x[10:16] = 0.0
    before, p = x.copy(), mixed()
    r = rotation.rotation_matrix(x[6:10])
    for _ in range(100):
        esf.predict(x, p, r.T @ moon, -r.T @ GRAVITY, 0.5, GRAVITY, moon, QUIET)
    assert apart(before, x) == pytest.approx(np.zeros(N), abs=1e-9)


def derivative(make, nominal):
    """Return minus the derivative of a residual by the error state."""
    step = 1e-6
    return np.array([(make(moved(nominal, -e)) - make(moved(nominal, e))) / (2.0 * step) for e in np.eye(N) * step]).T


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(-0.3, 0.3), st.floats(-0.2, 0.2))
@settings(max_examples=30, deadline=None)
@pytest.mark.property
def test_track_jacobian_is_the_derivative_of_the_residual(forward, left, slip, drift):
    nominal = state().nominal
    _, jacobian = track_innovation(nominal, forward, left, slip, drift)
    found = derivative(lambda x: track_innovation(x, forward, left, slip, drift)[0], nominal)
    assert jacobian == pytest.approx(found, abs=1e-7)


SUN = np.array([0.6, -0.79, 0.1]) / np.linalg.norm([0.6, -0.79, 0.1])
TO_MAP = rotation.rotation_matrix(rotation.from_rotation_vector(np.array([0.3, 0.2, -0.4])))
MOUNTING = rotation.rotation_matrix(rotation.from_rotation_vector(np.array([0.1, -0.7, 0.2])))


def star_that_fits(nominal):
    """Return the quaternion that a star tracker aligned as the state believes would tell."""
    body = rotation.multiply(nominal[6:10], rotation.from_rotation_vector(nominal[esf.STAR_ALIGNMENT]))
    turn = rotation.multiply(rotation.conjugate(rotation.from_matrix(TO_MAP)), body)
    return rotation.multiply(turn, rotation.from_matrix(MOUNTING))


HERE = state().nominal
HERE[esf.STAR_ALIGNMENT] = HERE[esf.LIDAR_ALIGNMENT] = 0.0
"""Alignments turn the other derivatives by themselves, which is of second order and left out."""
STAR = star_that_fits(HERE)
MEASUREMENTS = {
    # a residual of zero, about which the derivative is that of small rotations
    "attitude": lambda x: measurements.attitude_innovation(x, TO_MAP, STAR, np.eye(3) * 1e-8, MOUNTING),
    "sun": lambda x: measurements.sun_innovation(x, SUN, rotation.rotation_matrix(HERE[6:10]).T @ SUN, 1e-3),
    "height": lambda x: measurements.height_innovation(x, 0.1 * x[0] - 0.2 * x[1], (0.1, -0.2), 0.5),
    "rest": lambda x: measurements.rest_innovation(x, 1e-3),
    "first clone": lambda x: measurements.displacement_innovation(x, 0, np.array([1.0, 0.2, 0.0]), np.eye(3)),
    "second clone": lambda x: measurements.displacement_innovation(x, 1, np.array([1.0, 0.2, 0.0]), np.eye(3)),
    "place": lambda x: measurements.place_innovation(x, np.array([1.0, 2.0, 3.0]), np.eye(3)),
}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_each_jacobian_is_the_derivative_of_its_residual(name):
    make = MEASUREMENTS[name]
    _, jacobian, noise = make(HERE)
    assert np.linalg.eigvalsh(noise)[0] > 0.0
    assert jacobian == pytest.approx(derivative(lambda x: make(x)[0], HERE), abs=1e-5)


def test_rest_of_the_gyros_is_their_bias():
    _, jacobian, _ = measurements.rest_rate_innovation(np.zeros(3), 1e-6)
    found = derivative(lambda x: np.array([1.0, 2.0, 3.0]) - x[esf.GYRO_BIAS], HERE)
    assert jacobian == pytest.approx(found, abs=1e-8)


def test_a_correction_is_that_of_the_textbook():
    """Gain, state and Joseph's covariance by plain matrices, no attitude involved so that nothing is reset.

    The star tracker's mounting is only considered: it has no gain.
    """
    x, p = state().nominal.copy(), mixed()
    p[6:9, :] = p[:, 6:9] = 0.0
    p[6:9, 6:9] = np.eye(3)
    before, prior = x.copy(), p.copy()
    rng = np.random.default_rng(2)
    jacobian = rng.standard_normal((3, N))
    jacobian[:, 6:9] = 0.0
    noise, residual = np.diag([0.5, 0.2, 0.9]) + 0.1, np.array([0.3, -0.2, 0.5])
    nis, accepted = esf.correct(x, p, jacobian, residual, noise, 50.0)
    s = jacobian @ prior @ jacobian.T + noise
    gain = prior @ jacobian.T @ np.linalg.inv(s)
    gain[esf.ERROR_STAR] = 0.0
    left = np.eye(N) - gain @ jacobian
    assert accepted
    assert nis == pytest.approx(residual @ np.linalg.solve(s, residual))
    assert apart(before, x) == pytest.approx(gain @ residual, abs=1e-9)
    assert p == pytest.approx(left @ prior @ left.T + gain @ noise @ gain.T, abs=1e-9)


@pytest.mark.parametrize("residual", [5.0, math.nan, math.inf])
def test_the_gate_leaves_everything_as_it_was(residual):
    here = state()
    jacobian = np.zeros((1, N))
    jacobian[0, 2] = 1.0
    x, p = here.nominal.copy(), here.covariance.copy()
    _, accepted = esf.correct(x, p, jacobian, np.array([residual]), np.array([[1e-4]]), 12.0)
    assert not accepted
    assert np.array_equal(x, here.nominal)
    assert np.array_equal(p, here.covariance)


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
