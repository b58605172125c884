# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter's state with the smooth odometry and the short memory of turning that go with it."""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.error_state_filter import FilterState
from lupex_localization.fixes import Innovation
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
    """Carry a state by inertial samples and corrections; odom takes the motion but none of the corrections' jumps."""

    def __init__(self, state: FilterState, frame_rate: Array, memory_s: float) -> None:
        """Put odom at the vehicle; frame_rate [rad/s] of the map against the stars; memory_s of past turning."""
        self.state = state
        self.frame_rate = frame_rate
        self.rate = np.zeros(3)
        self.odom_position_m = np.zeros(3)
        self.odom_yaw_rad = float(rotation.yaw_of(state.nominal[esf.QUATERNION]))
        self._memory_s = memory_s
        self._turned = np.array([1.0, 0.0, 0.0, 0.0])
        self._history: deque[tuple[float, Array]] = deque([(state.time_s, self._turned)])

    def place_odom(self, position_m: Array, yaw_rad: float, then: FilterState, moved_m: Array) -> None:
        """Go on with an odom of before: its place and yaw at the state `then`, and the way moved in map since."""
        turned = rotation.yaw_of(self.state.nominal[esf.QUATERNION]) - rotation.yaw_of(then.nominal[esf.QUATERNION])
        self.odom_position_m = position_m
        self.odom_yaw_rad = math.remainder(yaw_rad + turned, 2.0 * math.pi)
        self._move_odom(moved_m)

    def estimate(self) -> MotionEstimate:
        """Return the newest state; its arrays are not changed later."""
        return MotionEstimate(self.state, self.odom_position_m, self.odom_yaw_rad, self.rate)

    def attitude(self) -> Array:
        """Return the rotation (3, 3) from body to map."""
        return np.asarray(rotation.rotation_matrix(self.state.nominal[esf.QUATERNION]))

    def predict(
        self, rate: Array, force: Array, until_s: float, densities: Array, slip_kept: float, sideslip_kept: float
    ) -> None:
        """Go on to `until_s` by an inertial sample; see error_state_filter.predict."""
        kept = slip_kept, sideslip_kept
        predicted = _predicted(*self._now(until_s), rate, force, self.frame_rate, densities, kept)
        self._go_on(until_s, *predicted)

    def bridge(
        self, turning_rad_s: float, until_s: float, densities: Array, slip_kept: float, sideslip_kept: float
    ) -> None:
        """Go on without an inertial sample: by the tracks' turning rate; see error_state_filter.coast."""
        coasted = _coasted(*self._now(until_s), turning_rad_s, densities, (slip_kept, sideslip_kept))
        self._go_on(until_s, *coasted)

    def _now(self, until_s: float) -> tuple[Array, Array, float, Array, Array, float]:
        """Return what the kernels carry on, and over how long."""
        state = self.state
        dt_s = until_s - state.time_s
        return state.nominal, state.covariance, dt_s, self._turned, self.odom_position_m, self.odom_yaw_rad

    def _go_on(
        self, until_s: float, nominal: Array, covariance: Array, turned: Array, rate: Array, odom_position_m: Array
    ) -> None:
        self._turned, self.rate, self.odom_position_m = turned, rate, odom_position_m
        self.state = FilterState(until_s, nominal, covariance)
        self._history.append((until_s, turned))
        while len(self._history) > 2 and until_s - self._history[1][0] > self._memory_s:
            self._history.popleft()

    def correct(self, innovation: Innovation, gate: float) -> tuple[float, bool]:
        """Apply a measurement; return its normalised innovation squared, and whether it passed the gate."""
        residual, jacobian, noise = innovation
        state = self.state
        nominal, covariance, nis, accepted = esf.correct(
            state.nominal, state.covariance, jacobian, residual, noise, gate
        )
        if accepted:
            self.take(nominal, covariance)
        return float(nis), bool(accepted)

    def take(self, nominal: Array, covariance: Array) -> None:
        """Take a corrected state. odom must not jump: the heading's correction goes between map and odom."""
        jump = _yaw_between(self.state.nominal, nominal)
        self.odom_yaw_rad = math.remainder(self.odom_yaw_rad + jump, 2.0 * math.pi)
        self.state = FilterState(self.state.time_s, nominal, covariance)

    def turned_since(self, time_s: float) -> Array | None:
        """Return the rotation body at `time_s` <- body now, None when that is further back than the memory."""
        if time_s < self._history[0][0]:
            return None
        then = self._history[-1][1]
        for (t0, q0), (t1, q1) in pairwise(self._history):
            if t0 <= time_s <= t1:
                part = rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(q0), q1))
                share = (time_s - t0) / (t1 - t0)
                then = rotation.multiply(q0, rotation.from_rotation_vector(part * share))
                break
        return np.asarray(rotation.multiply(rotation.conjugate(then), self._turned))

    def _move_odom(self, moved_m: Array) -> None:
        self.odom_position_m = _moved(self.odom_position_m, self.odom_yaw_rad, moved_m)


@njit(cache=True)
def _predicted(nominal, covariance, dt, turned, odom_m, odom_yaw, rate, force, frame_rate, densities, kept):  # type: ignore[no-untyped-def]
    """Return state, covariance, turning, rate and place in odom after an inertial sample."""
    x, p = esf.predict(nominal, covariance, rate, force, dt, GRAVITY, frame_rate, densities, kept[0], kept[1])
    return x, p, *_carried(nominal, x, dt, turned, odom_m, odom_yaw)


@njit(cache=True)
def _coasted(nominal, covariance, dt, turned, odom_m, odom_yaw, turning, densities, kept):  # type: ignore[no-untyped-def]
    """Return the same after a time without one."""
    x, p = esf.coast(nominal, covariance, np.array([0.0, 0.0, turning]), dt, densities, kept[0], kept[1])
    return x, p, *_carried(nominal, x, dt, turned, odom_m, odom_yaw)


@njit(cache=True)
def _carried(before, after, dt, turned, odom_m, odom_yaw):  # type: ignore[no-untyped-def]
    step = rotation.multiply(rotation.conjugate(before[6:10]), after[6:10])
    place = _moved(odom_m, odom_yaw, after[0:3] - before[0:3])
    return rotation.multiply(turned, step), rotation.to_rotation_vector(step) / dt, place


@njit(cache=True)
def _moved(odom_m, odom_yaw, by_m):  # type: ignore[no-untyped-def]
    c, s = math.cos(odom_yaw), math.sin(odom_yaw)
    return odom_m + np.array([c * by_m[0] + s * by_m[1], c * by_m[1] - s * by_m[0], by_m[2]])


@njit(cache=True)
def _yaw_between(before, after):  # type: ignore[no-untyped-def]
    return rotation.yaw_of(after[6:10]) - rotation.yaw_of(before[6:10])
