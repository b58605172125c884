# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where a filter's state begins, how it is opened, and what is read from it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization.error_state_filter import FilterState
from lupex_localization.rotation import rotation_matrix

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """One sigma of what a state begins with; of axes where there are several."""

    position_m: float
    height_m: float
    tilt_rad: float
    yaw_rad: float
    velocity_mps: float
    gyro_bias_rad_s: float
    accelerometer_bias_mps2: float
    slip: float = 0.0
    drift: float = 0.0
    track_scale: float = 0.0
    steer_zero_rad: float = 0.0
    star_alignment_rad: float = 0.0
    lidar_alignment_rad: float = 0.0


def initial_state(time_s: float, position_m: Array, quaternion: Array, spread: Spread) -> FilterState:
    """Return the state of a vehicle at rest; roll and pitch, and heading, have their own sigma (map axes)."""
    nominal = np.zeros(esf.NOMINAL_SIZE)
    nominal[esf.POSITION] = position_m
    nominal[esf.QUATERNION] = quaternion
    for at in esf.CLONES:
        nominal[at : at + 3] = position_m
        nominal[at + 3 : at + 7] = quaternion
    sigma = np.zeros(esf.ERROR_SIZE)
    sigma[esf.ERROR_POSITION] = spread.position_m, spread.position_m, spread.height_m
    sigma[esf.ERROR_VELOCITY] = spread.velocity_mps
    sigma[esf.ERROR_GYRO_BIAS] = spread.gyro_bias_rad_s
    sigma[esf.ERROR_ACCELEROMETER_BIAS] = spread.accelerometer_bias_mps2
    sigma[esf.ERROR_SLIP], sigma[esf.ERROR_DRIFT] = spread.slip, spread.drift
    sigma[esf.ERROR_SCALE], sigma[esf.ERROR_STEER_ZERO] = spread.track_scale, spread.steer_zero_rad
    sigma[esf.ERROR_STAR], sigma[esf.ERROR_LIDAR] = spread.star_alignment_rad, spread.lidar_alignment_rad
    covariance = np.diag(sigma**2)
    r = rotation_matrix(nominal[esf.QUATERNION])
    in_map = np.diag([spread.tilt_rad, spread.tilt_rad, spread.yaw_rad]) ** 2
    covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] = r.T @ in_map @ r
    return FilterState(time_s, nominal, covariance)


def heading_sigma_rad(state: FilterState) -> float:
    """Return one sigma of the heading about the vertical."""
    up_in_body = rotation_matrix(state.nominal[esf.QUATERNION])[2]
    variance = float(up_in_body @ state.covariance[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE] @ up_in_body)
    return math.sqrt(max(variance, 0.0))


def position_sigma_m(state: FilterState) -> float:
    """Return one sigma along the larger axis of the horizontal position ellipse."""
    block = state.covariance[0:2, 0:2]
    return math.sqrt(max(float(np.linalg.eigvalsh(block)[-1]), 0.0))


def alone(covariance: Array, block: slice) -> None:
    """Forget, in place, what a block of the errors had in common with the others."""
    own = covariance[block, block].copy()
    covariance[block, :] = 0.0
    covariance[:, block] = 0.0
    covariance[block, block] = own
