# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Inertial unit at the origin of base_link: mean angular rate and specific force over each interval, with errors."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2, MOON_ROTATION_RAD_S
from lupex_models.rover import Imu
from lupex_models.site_frame import SiteFrame

FloatArray = npt.NDArray[np.float64]


def moon_rotation_map_rad_s(frame: SiteFrame) -> FloatArray:
    """Return the Moon's rotation vector (3) in map axes; map turns with the Moon, so it stays."""
    return MOON_ROTATION_RAD_S * frame.map_from_moon_fixed[:, 2]


class InertialUnit:
    """Gyroscopes and accelerometers with a bias drawn at switch-on, its random walk, and white noise.

    A sample is the mean over the time since the last one, whatever its length: at the full rate while driving, over
    long intervals while parked, where the white noise falls with the root of the interval.
    """

    def __init__(self, config: Imu, moon_rotation_rad_s: FloatArray, rng: np.random.Generator) -> None:
        self._config = config
        self._moon = np.ascontiguousarray(moon_rotation_rad_s, dtype=np.float64)
        self._rng = rng
        self.gyro_bias_rad_s = rng.normal(0.0, config.gyro_bias_rad_s, 3)
        self.accelerometer_bias_mps2 = rng.normal(0.0, config.accelerometer_bias_mps2, 3)

    def sample(
        self,
        rotation_before: FloatArray,
        rotation_after: FloatArray,
        velocity_before_mps: FloatArray,
        velocity_after_mps: FloatArray,
        dt_s: float,
    ) -> tuple[FloatArray, FloatArray]:
        """Return (angular rate [rad/s], specific force [m/s2]) in base_link, means over the last `dt_s`.

        Rotations (3, 3) are base_link to map, velocities (3) in map, at the interval's ends. The Coriolis part of the
        specific force, 5e-7 m/s2 at full speed, is left out. Raises ValueError for a dt that is not positive.
        """
        if not dt_s > 0.0:
            raise ValueError(f"an inertial sample needs a positive interval, not {dt_s!r} s")
        rate, force = true_motion(
            rotation_before, rotation_after, velocity_before_mps, velocity_after_mps, self._moon, dt_s
        )
        config, white = self._config, self._rng.standard_normal((4, 3))
        root = math.sqrt(dt_s)
        rate += self.gyro_bias_rad_s + white[0] * (config.gyro_noise_rad_s_rthz / root)
        force += self.accelerometer_bias_mps2 + white[1] * (config.accelerometer_noise_mps2_rthz / root)
        self.gyro_bias_rad_s += white[2] * (config.gyro_bias_walk_rad_s2_rthz * root)
        self.accelerometer_bias_mps2 += white[3] * (config.accelerometer_bias_walk_mps3_rthz * root)
        return rate, force


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
