# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Our kernels beside filterpy: the same error-state filter by its class, what it takes, and whether it agrees."""

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.measuring import Asked, Context, Outcome, Row, best, timed
from lupex_localization import error_state_filter as esf
from lupex_localization.measurements import cross_matrix
from lupex_localization.rotation import from_rotation_vector
from lupex_localization.track_correction import track_innovation
from lupex_models.constants import MOON_GRAVITY_M_S2

Array = npt.NDArray[np.float64]

ASKED = {"filterpy_state_difference": Asked(1e-9), "filterpy_covariance_difference": Asked(1e-9)}

GRAVITY = np.array([0.0, 0.0, -MOON_GRAVITY_M_S2])
MOON = np.array([0.0, 1.0e-8, -2.66e-6])
DENSITIES = np.array([4e-10, 9e-18, 4e-6, 9e-12, 4e-7])
STEP_S = 0.04
_NOISE = np.diag([1e-4, 1e-4, 2.5e-3])


class Peer:
    """The filter of error_state_filter.py by filterpy's class: matrices in full, the nominal state beside them."""

    def __init__(self, kalman: ModuleType, nominal: Array, covariance: Array) -> None:
        """Begin at a state; the error's is none."""
        self.x = nominal.copy()
        self.filter = kalman.ExtendedKalmanFilter(dim_x=esf.ERROR_SIZE, dim_z=3)
        self.filter.x, self.filter.P = np.zeros(esf.ERROR_SIZE), covariance.copy()

    def predict(self, rate: Array, force: Array) -> None:
        """Go on by an inertial sample."""
        self.filter.F, self.filter.Q, self.x = model(self.x, rate, force)
        self.filter.predict()

    def update(self, residual: Array, jacobian: Array) -> None:
        """Correct by a measurement, and tell the attitude's error in the corrected axes."""
        self.filter.update(residual, lambda _: jacobian, lambda _: np.zeros(3), _NOISE)
        error = self.filter.x
        turn = np.eye(esf.ERROR_SIZE)
        turn[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] -= 0.5 * cross_matrix(error[esf.ERROR_ATTITUDE])
        self.filter.P = turn @ self.filter.P @ turn.T
        esf.inject(self.x, error)
        self.filter.x = np.zeros(esf.ERROR_SIZE)


def model(x: Array, rate: Array, force: Array) -> tuple[Array, Array, Array]:
    """Return transition (37, 37), process noise (37, 37) and the nominal state (40,) after an inertial sample."""
    attitude = Rotation.from_quat(x[esf.QUATERNION], scalar_first=True)
    w = rate - x[esf.GYRO_BIAS] - attitude.inv().apply(MOON)
    f = force - x[esf.ACCELEROMETER_BIAS]
    middle = (attitude * Rotation.from_rotvec(0.5 * STEP_S * w)).as_matrix()
    gained = (middle @ f + GRAVITY) * STEP_S
    after = x.copy()
    after[esf.POSITION] += x[esf.VELOCITY] * STEP_S + 0.5 * STEP_S * gained
    after[esf.VELOCITY] += gained
    after[esf.QUATERNION] = (attitude * Rotation.from_rotvec(STEP_S * w)).as_quat(scalar_first=True)

    transition, noise = np.eye(esf.ERROR_SIZE), np.zeros((esf.ERROR_SIZE, esf.ERROR_SIZE))
    place, speed, turn = esf.ERROR_POSITION, esf.ERROR_VELOCITY, esf.ERROR_ATTITUDE
    gyros, forces = esf.ERROR_GYRO_BIAS, esf.ERROR_ACCELEROMETER_BIAS
    transition[place, speed] = np.eye(3) * STEP_S
    transition[turn, turn] = Rotation.from_rotvec(-STEP_S * w).as_matrix()
    transition[turn, gyros] = -np.eye(3) * STEP_S
    for rows, share in ((speed, STEP_S), (place, 0.5 * STEP_S**2)):
        transition[rows, turn] = -share * middle @ cross_matrix(f)
        transition[rows, forces] = -share * middle
    noise[place, place] = np.eye(3) * DENSITIES[2] * STEP_S**3 / 3.0
    noise[place, speed] = noise[speed, place] = np.eye(3) * DENSITIES[2] * STEP_S**2 / 2.0
    noise[speed, speed] = np.eye(3) * DENSITIES[2] * STEP_S
    noise[turn, turn] = np.eye(3) * (DENSITIES[0] + DENSITIES[4] * (w @ w)) * STEP_S
    noise[gyros, gyros], noise[forces, forces] = np.eye(3) * DENSITIES[1] * STEP_S, np.eye(3) * DENSITIES[3] * STEP_S
    return transition, noise, after


def beginning(seed: int) -> tuple[Array, Array]:
    """Return a state and a covariance that is full, but for the star tracker's mounting.

    The kernel only considers that mounting; where it has nothing in common with the rest, so does every filter.
    """
    rng = np.random.default_rng([seed, 41])
    x = 0.01 * rng.standard_normal(esf.NOMINAL_SIZE)
    for at in (6, *(clone + 3 for clone in esf.CLONES)):
        x[at : at + 4] = from_rotation_vector(rng.standard_normal(3))
    root = 0.01 * rng.standard_normal((esf.ERROR_SIZE, esf.ERROR_SIZE))
    p = root @ root.T
    p[esf.ERROR_STAR, :] = p[:, esf.ERROR_STAR] = 0.0
    p[esf.ERROR_STAR, esf.ERROR_STAR] = np.eye(3) * 1e-6
    return x, p


def differences(kalman: ModuleType, seed: int, steps: int) -> tuple[float, float]:
    """Return the largest differences of state, and of covariance over its largest entry, in predictions and updates."""
    x, p = beginning(seed)
    peer = Peer(kalman, x, p)
    rng = np.random.default_rng([seed, 42])
    state = covariance = 0.0
    for _ in range(steps):
        rate, force = 0.05 * rng.standard_normal(3), -GRAVITY + 0.1 * rng.standard_normal(3)
        peer.predict(rate, force)
        esf.predict(x, p, rate, force, STEP_S, GRAVITY, MOON, DENSITIES)
        twist = 0.1, 0.01, 0.1, 0.02
        peer.update(*track_innovation(peer.x, *twist))
        residual, jacobian = track_innovation(x, *twist)
        esf.correct(x, p, jacobian, residual, _NOISE, np.inf)
        state = max(state, float(np.abs(x - peer.x).max()))
        covariance = max(covariance, float(np.abs(p - peer.filter.P).max() / np.abs(p).max()))
    return state, covariance


def run(context: Context) -> Outcome:
    """Time filterpy's prediction and update with its matrices ready, and ours with all that makes them."""
    if context.peer("filterpy") is None:
        return Outcome({}, {})
    kalman = importlib.import_module("filterpy.kalman")
    state, covariance = differences(kalman, context.seed, 50 if context.quick else 500)
    rows = _times(kalman, context.seed, 200 if context.quick else 5000)
    steps = rows[0]["steps"]
    figures = {
        f"{program}_{kernel}_us": 1e6
        * best([row for row in rows if (row["program"], row["kernel"]) == (program, kernel)], "cpu_s")
        / steps
        for program in ("filterpy", "our")
        for kernel in ("predict", "update")
    }
    figures |= {"filterpy_state_difference": state, "filterpy_covariance_difference": covariance}
    context.say("filterpy beside our kernels")
    notes = (
        "filterpy: 37 states, 3 measured, matrices ready (ours makes its own in that time), CPU time of all threads; "
        "differences over predictions and track updates in turn, of the covariance over its largest entry",
    )
    return Outcome(figures, {"filterpy": rows}, notes)


def _times(kalman: ModuleType, seed: int, steps: int) -> list[Row]:
    x, p = beginning(seed)
    rate, force = np.array([0.01, -0.02, 0.05]), np.array([0.1, 0.0, MOON_GRAVITY_M_S2])
    jacobian = track_innovation(x, 0.1, 0.01, 0.1, 0.02)[1]
    nothing = np.zeros(3)
    theirs: Any = Peer(kalman, x, p).filter
    theirs.F, theirs.Q, _ = model(x, rate, force)

    def their_predict() -> None:
        for _ in range(steps):
            theirs.predict()

    def their_update() -> None:
        for _ in range(steps):
            theirs.update(nothing, lambda _: jacobian, lambda _: nothing, _NOISE)

    def our_predict() -> None:
        for _ in range(steps):
            esf.predict(x, p, rate, force, STEP_S, GRAVITY, MOON, DENSITIES)

    def our_update() -> None:
        for _ in range(steps):
            esf.correct(x, p, jacobian, nothing, _NOISE, np.inf)

    rows = []
    for program, kernel, action in (
        ("filterpy", "predict", their_predict),
        ("filterpy", "update", their_update),
        ("our", "predict", our_predict),
        ("our", "update", our_update),
    ):
        rows += timed(action, 5, program=program, kernel=kernel, steps=steps)
    return rows
