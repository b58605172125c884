# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Inertial unit at the origin of base_link: mean angular rate and specific force over each interval, with errors."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2, MOON_ROTATION_RAD_S
from lupex_models.site_frame import SiteFrame
from lupex_worlds.truth.imu_truth import AxesDraw, ImuDraw
from lupex_worlds.truth.sensor_spread import FULL_TRACK_MPS

FloatArray = npt.NDArray[np.float64]


def moon_rotation_map_rad_s(frame: SiteFrame) -> FloatArray:
    """Return the Moon's rotation vector (3) in map axes; map turns with the Moon, so it stays."""
    return MOON_ROTATION_RAD_S * frame.map_from_moon_fixed[:, 2]


class InertialUnit:
    """Gyroscopes and accelerometers: a bias drawn at switch-on, its random walk, white noise, and what else is drawn.

    A sample is the mean over the time since the last one, whatever its length: at the full rate while driving, over
    long intervals while parked, where the white noise falls with the root of the interval.
    """

    def __init__(self, draw: ImuDraw, moon_rotation_rad_s: FloatArray, rng: np.random.Generator) -> None:
        self._moon = np.ascontiguousarray(moon_rotation_rad_s, dtype=np.float64)
        self._rng = rng
        self._gyro, self._accelerometer = Axes(draw.gyro, rng), Axes(draw.accelerometer, rng)
        self._shaking = Shaking(draw, rng)

    @property
    def gyro_bias_rad_s(self) -> FloatArray:
        """Bias of the gyroscopes (3), a view."""
        return self._gyro.bias

    @property
    def accelerometer_bias_mps2(self) -> FloatArray:
        """Bias of the accelerometers (3), a view."""
        return self._accelerometer.bias

    def sample(
        self,
        rotation_before: FloatArray,
        rotation_after: FloatArray,
        velocity_before_mps: FloatArray,
        velocity_after_mps: FloatArray,
        dt_s: float,
        track_mps: float = 0.0,
    ) -> tuple[FloatArray, FloatArray]:
        """Return (angular rate [rad/s], specific force [m/s2]) in base_link, means over the last `dt_s`.

        Rotations (3, 3) are base_link to map, velocities (3) in map, at the interval's ends; `track_mps` is the mean
        speed of the tracks, which shake. The Coriolis part of the specific force, 5e-7 m/s2 at full speed, is left out.
        Raises ValueError for a dt that is not positive.
        """
        if not dt_s > 0.0:
            raise ValueError(f"an inertial sample needs a positive interval, not {dt_s!r} s")
        rate, force = true_motion(
            rotation_before, rotation_after, velocity_before_mps, velocity_after_mps, self._moon, dt_s
        )
        return self._told(rate, force, dt_s, track_mps)

    def of_means(
        self, rate_rad_s: FloatArray, force_mps2: FloatArray, rotation: FloatArray, dt_s: float, track_mps: float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        """Return what is told of true means over `dt_s`: the rate (3) against the map, and the specific force (3).

        `rotation` (3, 3) is base_link to map; the Moon's own turning comes to the rate.
        """
        return self._told(rate_rad_s + rotation.T @ self._moon, force_mps2.copy(), dt_s, track_mps)

    def _told(
        self, rate: FloatArray, force: FloatArray, dt_s: float, track_mps: float
    ) -> tuple[FloatArray, FloatArray]:
        white = self._rng.standard_normal((4, 3))
        shaken = self._shaking.over(dt_s, track_mps)
        if shaken is not None:
            rate += shaken[0]
            force += shaken[1]
        return (
            self._gyro.reading(rate, white[0], white[2], dt_s),
            self._accelerometer.reading(force, white[1], white[3], dt_s),
        )


class Axes:
    """Three sensing axes of one kind: what they tell of a true vector."""

    def __init__(self, draw: AxesDraw, rng: np.random.Generator) -> None:
        self._errors = AxesErrors(draw.noise, draw.bias_walk, np.array(draw.sensed), draw.limit, draw.quantum)
        self.bias = rng.normal(0.0, draw.bias_sigma, 3)
        self._uncounted = np.zeros(3)

    def reading(self, true: FloatArray, white: FloatArray, walk: FloatArray, dt_s: float) -> FloatArray:
        """Return the mean over `dt_s` that is told of a true mean; `white` and `walk` are normal draws (3)."""
        return np.asarray(_told(self._errors, self.bias, self._uncounted, true, white, walk, dt_s))


class AxesErrors(NamedTuple):
    """Numbers of AxesDraw that a reading takes."""

    noise: float
    bias_walk: float
    sensed: FloatArray
    limit: float
    quantum: float


@njit(cache=True)
def _told(errors, bias, uncounted, true, white, walk, dt_s):  # type: ignore[no-untyped-def]
    """Return a reading (3); bias walks on, and what makes no whole pulse of a counter waits in `uncounted`."""
    root = math.sqrt(dt_s)
    out = np.empty(3)
    for i in range(3):
        felt = errors.sensed[i, 0] * true[0] + errors.sensed[i, 1] * true[1] + errors.sensed[i, 2] * true[2]
        told = felt + (bias[i] + white[i] * (errors.noise / root))
        bias[i] += walk[i] * (errors.bias_walk * root)
        told = min(max(told, -errors.limit), errors.limit)
        if errors.quantum > 0.0:
            due = told * dt_s + uncounted[i]
            counted = math.floor(due / errors.quantum) * errors.quantum
            uncounted[i] = due - counted
            told = counted / dt_s
        out[i] = told
    return out


class Shaking:
    """What running tracks add to the motion: jitter and the tone of the shoes, both bounded in velocity and attitude.

    The mean over an interval is the difference of its ends, so that no velocity builds up by shaking alone; what the
    sensors rectify of it grows with the square of the speed.
    """

    def __init__(self, draw: ImuDraw, rng: np.random.Generator) -> None:
        self._draw = draw
        self._rng = rng
        self._rectified = np.array([draw.gyro.rectified, draw.accelerometer.rectified])
        shakes = draw.gyro.shake or draw.accelerometer.shake or draw.tone_mps
        self._never = not (shakes or self._rectified.any())
        self._at_rest = True
        self._size = np.array([[draw.gyro.shake], [draw.accelerometer.shake]])
        self._before = np.zeros((2, 3))
        self._phase_rad = 0.0

    def over(self, dt_s: float, track_mps: float) -> FloatArray | None:
        """Return the mean (2, 3) of rate [rad/s] and acceleration [m/s2] that shaking adds, or None for none."""
        share = abs(track_mps) / FULL_TRACK_MPS
        if self._never or (share == 0.0 and self._at_rest):
            return None
        now = np.zeros((2, 3))
        self._at_rest = share == 0.0
        if not self._at_rest:
            now = self._rng.standard_normal((2, 3)) * (self._size * share)
            self._phase_rad = (self._phase_rad + math.tau * abs(track_mps) * dt_s / self._draw.tone_pitch_m) % math.tau
            now[1, 2] += self._draw.tone_mps * share * math.sin(self._phase_rad)
        shaken = (now - self._before) / dt_s + self._rectified * share**2
        self._before = now
        return np.asarray(shaken)


@njit(cache=True)
def true_motion(before, after, velocity_before, velocity_after, moon, dt_s):  # type: ignore[no-untyped-def]
    """Return the mean inertial rate and specific force in body axes between two attitudes.

    The rate is the rotation vector of the turn over the interval plus the Moon's own; the force is taken in the
    attitude of the middle of the turn.
    """
    turn = before.T @ after
    vector = np.empty(3)
    vector[0], vector[1], vector[2] = turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]
    sine = 0.5 * math.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    cosine = 0.5 * (turn[0, 0] + turn[1, 1] + turn[2, 2] - 1.0)
    vector *= 0.5 if sine < 1e-12 else 0.5 * math.atan2(sine, cosine) / sine
    up = (velocity_after - velocity_before) / dt_s
    up[2] += MOON_GRAVITY_M_S2
    # half the turn back from its end, to first order: a step turns by less than a degree
    end = after.T @ up
    force = end + 0.5 * np.cross(vector, end)
    return vector / dt_s + after.T @ moon, force
