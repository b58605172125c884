# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter's state with the smooth odometry that goes with it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.error_state_filter import FilterState
from lupex_localization.measurements import Innovation
from lupex_models.constants import MOON_GRAVITY_M_S2

Array = npt.NDArray[np.float64]

GRAVITY = np.array([0.0, 0.0, -MOON_GRAVITY_M_S2])


@dataclass(frozen=True)
class MotionEstimate:
    """The state with what turns it into odometry."""

    state: FilterState
    odom_position_m: Array
    """Base in odom."""
    odom_yaw_rad: float
    """Heading in map less heading in odom; roll and pitch are the same in both."""
    rate: Array
    """Rotation rate of the body against map [rad/s], body axes."""


class Reckoning:
    """Carry a state by inertial samples and corrections; odom takes the motion but none of the corrections' jumps.

    The arrays `x` and `p` are changed in place; `state` is a copy of them.
    """

    def __init__(self, state: FilterState, frame_rate: Array) -> None:
        """Put odom at the vehicle; frame_rate [rad/s] of the map against the stars."""
        self.time_s = state.time_s
        self.x, self.p = state.nominal.copy(), state.covariance.copy()
        self.frame_rate = frame_rate
        self.rate = np.zeros(3)
        self.odom_position_m = np.zeros(3)
        self.odom_yaw_rad = float(rotation.yaw_of(self.x[esf.QUATERNION]))

    def copy(self) -> "Reckoning":
        """Return one that goes on by itself."""
        made = Reckoning.__new__(Reckoning)
        made.__dict__.update(self.__dict__)
        made.x, made.p = self.x.copy(), self.p.copy()
        made.odom_position_m, made.rate = self.odom_position_m.copy(), self.rate.copy()
        return made

    @property
    def state(self) -> FilterState:
        """The state, copied."""
        return FilterState(self.time_s, self.x.copy(), self.p.copy())

    def place_odom(self, position_m: Array, yaw_rad: float, before: FilterState, moved_m: Array) -> None:
        """Go on with an odom of before: its place then, and what the vehicle has moved in map since."""
        jump = _yaw_between(before.nominal, self.x)
        self.odom_yaw_rad = math.remainder(yaw_rad + jump, 2.0 * math.pi)
        self.odom_position_m = _moved(position_m, self.odom_yaw_rad, moved_m)

    def estimate(self) -> MotionEstimate:
        """Return what is published."""
        return MotionEstimate(self.state, self.odom_position_m.copy(), self.odom_yaw_rad, self.rate.copy())

    def attitude(self) -> Array:
        """Return the rotation (3, 3) map <- body."""
        return np.asarray(rotation.rotation_matrix(self.x[esf.QUATERNION]))

    def predict(self, rate: Array, force: Array, until_s: float, densities: Array) -> None:
        """Go on by one inertial sample held until then."""
        _predicted(
            self.x, self.p, self.odom_position_m, self.rate, until_s - self.time_s, self.odom_yaw_rad, rate, force,
            GRAVITY, self.frame_rate, densities,
        )  # fmt: skip
        self.time_s = until_s

    def bridge(self, turning_rad_s: float, until_s: float, densities: Array) -> None:
        """Go on without an inertial sample: by the tracks' turning rate; see error_state_filter.coast."""
        turning = np.array([0.0, 0.0, turning_rad_s])
        _coasted(
            self.x, self.p, self.odom_position_m, self.rate, until_s - self.time_s, self.odom_yaw_rad, turning,
            densities,
        )  # fmt: skip
        self.time_s = until_s

    def correct(self, innovation: Innovation, gate: float) -> tuple[float, bool]:
        """Apply a measurement; return its normalised innovation squared, and whether it passed the gate."""
        residual, jacobian, noise = innovation
        before = rotation.yaw_of(self.x[esf.QUATERNION])
        nis, accepted = esf.correct(self.x, self.p, jacobian, residual, noise, gate)
        if accepted:
            self.turn_odom(before)
        return float(nis), bool(accepted)

    def turn_odom(self, yaw_before_rad: float) -> None:
        """Take a correction of the heading out of odom, which must not jump: it goes between map and odom."""
        jump = rotation.yaw_of(self.x[esf.QUATERNION]) - yaw_before_rad
        self.odom_yaw_rad = math.remainder(self.odom_yaw_rad + jump, 2.0 * math.pi)


@njit(cache=True)
def _predicted(x, p, odom_m, rate_out, dt, odom_yaw, rate, force, gravity, frame_rate, densities):  # type: ignore[no-untyped-def]
    """Carry state, covariance, place in odom and the body's rate by an inertial sample."""
    before = x[0:3].copy()
    step = esf.predict(x, p, rate, force, dt, gravity, frame_rate, densities)
    _carried(before, x, dt, odom_m, odom_yaw, step, rate_out)


@njit(cache=True)
def _coasted(x, p, odom_m, rate_out, dt, odom_yaw, turning, densities):  # type: ignore[no-untyped-def]
    """Carry the same over a time without one."""
    before = x[0:3].copy()
    step = esf.coast(x, p, turning, dt, densities)
    _carried(before, x, dt, odom_m, odom_yaw, step, rate_out)


@njit(cache=True)
def _carried(before, x, dt, odom_m, odom_yaw, step, rate_out):  # type: ignore[no-untyped-def]
    odom_m[:] = _moved(odom_m, odom_yaw, x[0:3] - before)
    rate_out[:] = rotation.to_rotation_vector(step) / dt


@njit(cache=True)
def _moved(odom_m, odom_yaw, by_m):  # type: ignore[no-untyped-def]
    c, s = math.cos(odom_yaw), math.sin(odom_yaw)
    return odom_m + np.array([c * by_m[0] + s * by_m[1], c * by_m[1] - s * by_m[0], by_m[2]])


@njit(cache=True)
def _yaw_between(before, after):  # type: ignore[no-untyped-def]
    return rotation.yaw_of(after[6:10]) - rotation.yaw_of(before[6:10])
