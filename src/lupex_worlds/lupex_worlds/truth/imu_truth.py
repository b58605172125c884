# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the inertial unit truly suffers from: spreads of a level, and the errors drawn for one run.

The defaults are the level `kind`: the numbers of config/rover.yaml and nothing beside them.
"""

from dataclasses import dataclass

import numpy as np

from lupex_models.configuration import setting
from lupex_worlds.spread import uniform
from lupex_worlds.truth.sensor_spread import Matrix, Vector, sensing_matrix, three


@dataclass(frozen=True)
class ImuTruth:
    """Spreads of the inertial unit. A bias at switch-on is normal with the drawn sigma, anew at each switch-on."""

    gyro_noise_rad_s_rthz: tuple[float, float] = setting(
        (2.9e-6, 2.9e-6),
        "angular random walk; 0.07 deg/sqrt(h) is 2.04e-5",
        unit="rad/s/sqrt(Hz)",
        minimum=0,
        maximum=1,
    )
    gyro_bias_rad_s: tuple[float, float] = setting(
        (5e-6, 5e-6), "at switch-on, one sigma; 1 deg/h is 4.85e-6", unit="rad/s", minimum=0, maximum=1
    )
    gyro_bias_walk_rad_s2_rthz: tuple[float, float] = setting(
        (1e-9, 1e-9), unit="rad/s2/sqrt(Hz)", minimum=0, maximum=1
    )
    gyro_scale_ppm: tuple[float, float] = setting(
        (0.0, 0.0), "size a axis, either sign", unit="ppm", minimum=0, maximum=1e5
    )
    gyro_misalignment_rad: tuple[float, float] = setting(
        (0.0, 0.0), "size of each of six, either sign", unit="rad", minimum=0, maximum=0.1
    )
    gyro_range_rad_s: tuple[float, float] = setting(
        (1e6, 1e6), "beyond it the reading stays there", unit="rad/s", minimum=0.01
    )
    gyro_quantum_rad: tuple[float, float] = setting(
        (0.0, 0.0), "of an angle increment; 0: none", unit="rad", minimum=0, maximum=0.1
    )
    accelerometer_noise_mps2_rthz: tuple[float, float] = setting(
        (5e-4, 5e-4), "velocity random walk", unit="m/s2/sqrt(Hz)", minimum=0, maximum=10
    )
    accelerometer_bias_mps2: tuple[float, float] = setting(
        (1e-3, 1e-3), "at switch-on, one sigma; 300 ug are 2.94e-3", unit="m/s2", minimum=0, maximum=10
    )
    accelerometer_bias_walk_mps3_rthz: tuple[float, float] = setting(
        (1e-6, 1e-6), unit="m/s3/sqrt(Hz)", minimum=0, maximum=10
    )
    accelerometer_scale_ppm: tuple[float, float] = setting(
        (0.0, 0.0), "size a axis, either sign", unit="ppm", minimum=0, maximum=1e5
    )
    accelerometer_misalignment_rad: tuple[float, float] = setting(
        (0.0, 0.0), "size of each of six, either sign", unit="rad", minimum=0, maximum=0.1
    )
    accelerometer_range_mps2: tuple[float, float] = setting(
        (1e6, 1e6), "beyond it the reading stays there", unit="m/s2", minimum=0.1
    )
    accelerometer_quantum_mps: tuple[float, float] = setting(
        (0.0, 0.0), "of a velocity increment; 0: none", unit="m/s", minimum=0, maximum=1
    )
    shake_mps: tuple[float, float] = setting(
        (0.0, 0.0), "jitter of the velocity at full track speed", unit="m/s", maximum=0.1
    )
    shake_rad: tuple[float, float] = setting(
        (0.0, 0.0), "jitter of the attitude at full track speed", unit="rad", maximum=0.1
    )
    tone_mps: tuple[float, float] = setting(
        (0.0, 0.0), "amplitude of the shoes' up and down at full speed", unit="m/s", maximum=0.1
    )
    tone_pitch_m: tuple[float, float] = setting(
        (0.05, 0.05), "way of a track from shoe to shoe", unit="m", minimum=0.01, maximum=1
    )
    rectified_mps2: tuple[float, float] = setting(
        (0.0, 0.0), "size of the offset that shaking leaves at full speed", unit="m/s2", minimum=0, maximum=1
    )
    rectified_rad_s: tuple[float, float] = setting(
        (0.0, 0.0), "size of the offset that shaking leaves at full speed", unit="rad/s", minimum=0, maximum=1
    )


@dataclass(frozen=True)
class AxesDraw:
    """Constant errors of three gyroscopes [rad/s] or three accelerometers [m/s2] in one run."""

    noise: float
    """White, a root of Hz."""
    bias_sigma: float
    bias_walk: float
    sensed: Matrix
    """What the axes make of a true vector (3, 3)."""
    limit: float
    quantum: float
    """Of what is counted: rad or m/s."""
    shake: float
    """Jitter of attitude [rad] or velocity [m/s] at full track speed."""
    rectified: Vector


@dataclass(frozen=True)
class ImuDraw:
    """Errors of the inertial unit in one run."""

    gyro: AxesDraw
    accelerometer: AxesDraw
    tone_mps: float
    tone_pitch_m: float


def draw_imu(truth: ImuTruth, rng: np.random.Generator) -> ImuDraw:
    """Draw the inertial unit of one run."""
    gyro = AxesDraw(
        uniform(truth.gyro_noise_rad_s_rthz, rng),
        uniform(truth.gyro_bias_rad_s, rng),
        uniform(truth.gyro_bias_walk_rad_s2_rthz, rng),
        sensing_matrix(truth.gyro_scale_ppm, truth.gyro_misalignment_rad, rng),
        uniform(truth.gyro_range_rad_s, rng),
        uniform(truth.gyro_quantum_rad, rng),
        uniform(truth.shake_rad, rng),
        three(truth.rectified_rad_s, rng),
    )
    accelerometer = AxesDraw(
        uniform(truth.accelerometer_noise_mps2_rthz, rng),
        uniform(truth.accelerometer_bias_mps2, rng),
        uniform(truth.accelerometer_bias_walk_mps3_rthz, rng),
        sensing_matrix(truth.accelerometer_scale_ppm, truth.accelerometer_misalignment_rad, rng),
        uniform(truth.accelerometer_range_mps2, rng),
        uniform(truth.accelerometer_quantum_mps, rng),
        uniform(truth.shake_mps, rng),
        three(truth.rectified_mps2, rng),
    )
    return ImuDraw(gyro, accelerometer, uniform(truth.tone_mps, rng), uniform(truth.tone_pitch_m, rng))
