# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter over any recording of an inertial unit and an odometer: planar or in space, on the Earth or the Moon."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization import measurements, rotation
from lupex_localization.filter_state import Spread, initial_state
from lupex_localization.track_correction import track_innovation
from lupex_models.configuration import setting
from lupex_models.constants import MOON_GRAVITY_M_S2

Array = npt.NDArray[np.float64]

GRAVITIES_MPS2 = {"Earth": 9.80665, "Mars": 3.721, "Moon": MOON_GRAVITY_M_S2}
_LIKE = 0.06
"""Share by which the force at rest may differ from a gravity to be that."""
_PLACE_GATE, _REST_GATE = 25.0, 25.0
_STANDING_MPS, _REST_S = 2e-3, 0.5
_UPRIGHT_RAD = 1e-3
_UPRIGHT = np.zeros((2, esf.ERROR_SIZE))
_UPRIGHT[0, esf.ERROR_ATTITUDE.start] = _UPRIGHT[1, esf.ERROR_ATTITUDE.start + 1] = 1.0
_NONE_MPS2 = 0.3
"""A force at rest below that holds no gravity: the recording is planar."""


class NoSuchMotion(ValueError):  # noqa: N818 - reads as what it is where it is raised
    """Say in one sentence why no motion can be made of a recording."""


@dataclass(frozen=True)
class Noise:
    """Of sensors of which a recording says nothing: a good industrial unit, wheels on firm ground."""

    gyro_rad_s_rthz: float = setting(3.0e-4, "", unit="rad/s/sqrt(Hz)", minimum=1e-7, maximum=1)
    gyro_bias_rad_s: float = setting(5.0e-3, "at the begin", unit="rad/s", minimum=1e-7, maximum=1)
    gyro_walk_rad_s2_rthz: float = setting(1.0e-5, "of the bias", unit="rad/s2/sqrt(Hz)", maximum=1)
    force_mps2_rthz: float = setting(0.02, "shaking included", unit="m/s2/sqrt(Hz)", minimum=1e-7, maximum=10)
    force_bias_mps2: float = setting(0.1, "at the begin", unit="m/s2", minimum=1e-7, maximum=10)
    force_walk_mps3_rthz: float = setting(1.0e-4, "of the bias", unit="m/s3/sqrt(Hz)", maximum=10)
    speed_mps: float = setting(0.02, "of the odometer", unit="m/s", minimum=1e-6, maximum=10)
    speed_share: float = setting(0.02, "of the speed besides", maximum=1)
    across_mps: float = setting(0.02, "that wheels slide sideways and upwards", unit="m/s", minimum=1e-6, maximum=10)
    scale: float = setting(0.02, "of the odometer's scale", maximum=1)
    level_s: float = setting(1.0, "at the begin from which the tilt is read", unit="s", minimum=0.0, maximum=60)


@dataclass(frozen=True)
class Inertial:
    """Times (n,), rates [rad/s] and specific forces [m/s^2], each (n, 3), in the vehicle's axes."""

    time_s: Array
    rate: Array
    force: Array


@dataclass(frozen=True)
class Odometer:
    """Times (m,), speeds ahead and to the left (m, 2) [m/s]."""

    time_s: Array
    speed_mps: Array


@dataclass(frozen=True)
class Places:
    """Times (k,), positions (k, 3) [m] and their sigmas (k, 3)."""

    time_s: Array
    position_m: Array
    sigma_m: Array


@dataclass(frozen=True)
class Trajectory:
    """Times (m,), positions (m, 3), quaternions [w, x, y, z] (m, 4), one sigma of the place in its plane (m,)."""

    time_s: Array
    position_m: Array
    quaternion: Array
    sigma_m: Array


def gravity_of(force: Array) -> tuple[str, float]:
    """Return the name and strength of the gravity that forces at rest (n, 3) show; raises NoSuchMotion."""
    strength = float(np.linalg.norm(force.mean(axis=0)))
    if strength < _NONE_MPS2:
        return "none: planar", 0.0
    for name, gravity in GRAVITIES_MPS2.items():
        if abs(strength - gravity) <= _LIKE * gravity:
            return name, gravity
    known = ", ".join(f"{gravity:.2f} of the {name}" for name, gravity in GRAVITIES_MPS2.items())
    raise NoSuchMotion(f"the inertial unit shows {strength:.2f} m/s2 at the begin; known are 0 and {known}")


def motion_of(
    inertial: Inertial, odometer: Odometer, places: Places | None = None, noise: Noise | None = None
) -> Trajectory:
    """Return the way of the vehicle at the odometer's times that the inertial unit covers; raises NoSuchMotion.

    It begins at the origin heading along x; with places, where the first lies, turned as their way lies to its own.
    """
    used = noise or Noise()
    if inertial.time_s.size < 2:
        raise NoSuchMotion("there are fewer than two inertial samples")
    covered = (odometer.time_s >= inertial.time_s[0]) & (odometer.time_s <= inertial.time_s[-1])
    if covered.sum() < 2:
        raise NoSuchMotion("fewer than two speeds lie in the time of the inertial samples")
    speeds = Odometer(odometer.time_s[covered], odometer.speed_mps[covered])
    own = _Vehicle(inertial, used, np.zeros(3), 0.0, 1e-3, 1e-4).driven(speeds, None)
    if places is None or places.time_s.size < 2:
        return own
    sigma_m = float(places.sigma_m[0].max())
    return _Vehicle(inertial, used, places.position_m[0], turned(own, places), sigma_m, 0.2).driven(speeds, places)


def turned(own: Trajectory, places: Places, way_m: float = 20.0) -> float:
    """Return the turn about the vertical that brings the first `way_m` of the own way onto the places' (Procrustes)."""
    at = np.stack([np.interp(places.time_s, own.time_s, own.position_m[:, i]) for i in range(2)], axis=1)
    beyond = np.hypot(*(at - at[0]).T) > way_m
    count = max(int(np.argmax(beyond)) if beyond.any() else at.shape[0], 2)
    mine = at[:count] - at[:count].mean(axis=0)
    theirs = places.position_m[:count, :2] - places.position_m[:count, :2].mean(axis=0)
    cross = float((mine[:, 0] * theirs[:, 1] - mine[:, 1] * theirs[:, 0]).sum())
    return math.atan2(cross, float((mine * theirs).sum()))


class _Vehicle:
    """A state that is carried along a recording."""

    def __init__(
        self, inertial: Inertial, noise: Noise, begin_m: Array, yaw_rad: float, sigma_m: float, yaw_sigma_rad: float
    ) -> None:
        resting = inertial.force[inertial.time_s <= inertial.time_s[0] + noise.level_s].mean(axis=0, keepdims=True)
        _, strength = gravity_of(resting)
        self._planar = strength == 0.0
        up = np.array([0.0, 0.0, 1.0]) if self._planar else resting[0] / np.linalg.norm(resting[0])
        spread = Spread(
            position_m=sigma_m,
            height_m=sigma_m,
            tilt_rad=1e-3 if self._planar else noise.force_bias_mps2 / strength,
            yaw_rad=yaw_sigma_rad,
            velocity_mps=5.0,
            gyro_bias_rad_s=noise.gyro_bias_rad_s,
            accelerometer_bias_mps2=noise.force_bias_mps2,
            track_scale=noise.scale,
        )
        self._now_s = float(inertial.time_s[0])
        state = initial_state(self._now_s, begin_m, rotation.from_heading_and_up(yaw_rad, up), spread)
        self._x, self._p = state.nominal.copy(), state.covariance.copy()
        shaken = max(noise.force_mps2_rthz, 0.5 if self._planar else 0.0)
        self._densities = np.square(
            [noise.gyro_rad_s_rthz, noise.gyro_walk_rad_s2_rthz, shaken, noise.force_walk_mps3_rthz, 0.0]
        )
        self._inertial, self._noise, self._sample = inertial, noise, 0
        self._turned, self._stood_s = np.zeros(3), 0.0
        """Turn that the gyros showed since it came to rest, and for how long."""
        self._gravity, self._still = np.array([0.0, 0.0, -strength]), np.zeros(3)

    def driven(self, odometer: Odometer, places: Places | None) -> Trajectory:
        """Return the way along the odometer's times; is of use once."""
        told, due = np.empty((odometer.time_s.size, 8)), 0
        for k, time_s in enumerate(odometer.time_s.tolist()):
            while places is not None and due < places.time_s.size and places.time_s[due] <= time_s:
                self._carry_to(float(places.time_s[due]))
                innovation = measurements.place_innovation(
                    self._x, places.position_m[due], np.diag(places.sigma_m[due] ** 2)
                )
                self._correct(*innovation, _PLACE_GATE)
                due += 1
            self._carry_to(time_s)
            self._take_speed(float(odometer.speed_mps[k, 0]), float(odometer.speed_mps[k, 1]))
            told[k, :3], told[k, 3:7] = self._x[esf.POSITION], self._x[esf.QUATERNION]
            told[k, 7] = math.sqrt(max(float(np.linalg.eigvalsh(self._p[:2, :2])[-1]), 0.0))
        return Trajectory(odometer.time_s, told[:, :3].copy(), told[:, 3:7].copy(), told[:, 7].copy())

    def _carry_to(self, until_s: float) -> None:
        """Go on; each inertial sample stands for the time since the one before it."""
        times = self._inertial.time_s
        while self._now_s < until_s:
            while self._sample + 1 < times.size and times[self._sample] <= self._now_s:
                self._sample += 1
            ahead_s = float(times[self._sample])
            step_s = until_s if ahead_s <= self._now_s else min(ahead_s, until_s)
            rate, force = self._inertial.rate[self._sample], self._inertial.force[self._sample]
            dt_s, self._now_s = step_s - self._now_s, step_s
            self._turned, self._stood_s = self._turned + rate * dt_s, self._stood_s + dt_s
            esf.predict(self._x, self._p, rate, force, dt_s, self._gravity, self._still, self._densities)

    def _take_speed(self, ahead_mps: float, left_mps: float) -> None:
        noise = self._noise
        if max(abs(ahead_mps), abs(left_mps)) > _STANDING_MPS:
            self._turned, self._stood_s = np.zeros(3), 0.0
        elif self._stood_s >= _REST_S:
            self._rest()
        residual, jacobian = track_innovation(self._x, ahead_mps, left_mps, 0.0, 0.0)
        along = noise.speed_mps**2 + (noise.speed_share * math.hypot(ahead_mps, left_mps)) ** 2
        across = noise.across_mps**2
        self._correct(residual, jacobian, np.diag([along, across, across]), math.inf)
        if self._planar:
            up = rotation.rotation_matrix(self._x[esf.QUATERNION])[2]
            self._correct(np.array([-up[1], up[0]]), _UPRIGHT, np.eye(2) * _UPRIGHT_RAD**2, math.inf)

    def _rest(self) -> None:
        """Take what the gyros show at rest for their bias; the planet's rotation is within it."""
        excess = self._turned / self._stood_s - self._x[esf.GYRO_BIAS]
        sigma = self._noise.gyro_rad_s_rthz / math.sqrt(self._stood_s)
        self._correct(*measurements.rest_rate_innovation(excess, sigma), _REST_GATE)
        self._turned, self._stood_s = np.zeros(3), 0.0

    def _correct(self, residual: Array, jacobian: Array, noise: Array, gate: float) -> None:
        esf.correct(self._x, self._p, jacobian, residual, noise, gate)
