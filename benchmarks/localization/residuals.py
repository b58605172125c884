# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Residuals of what the filter measures between poses that are all kept, with their Jacobians; numpy alone.

A pose is a rotation (3, 3) map <- body and a position (3,); its error is (6,): a rotation vector and a displacement,
both in the body's axes. Residuals are measured less predicted.
"""

import math

import numpy as np
import numpy.typing as npt

from lupex_localization import rotation
from lupex_localization.measurements import cross_matrix

Array = npt.NDArray[np.float64]
Pose = tuple[Array, Array]


def attitude(pose: Pose, alignment: Array, measured: Array) -> tuple[Array, Array, Array]:
    """Compare a star tracker's attitude (3, 3), with its alignment (3,); return residual, by pose, by alignment."""
    turned = rotation.to_rotation_vector(rotation.from_matrix(pose[0].T @ measured))
    by_pose = np.zeros((3, 6))
    by_pose[:, :3] = -np.eye(3) + 0.5 * cross_matrix(turned)
    return turned - alignment, by_pose, -np.eye(3)


def _moved(first: Pose, second: Pose) -> tuple[Array, Array, Array]:
    """Return the displacement from one pose to another in the first one's axes, by the first pose, by the second."""
    moved = first[0].T @ (second[1] - first[1])
    by_first, by_second = np.zeros((3, 6)), np.zeros((3, 6))
    by_first[:, :3], by_first[:, 3:] = cross_matrix(moved), -np.eye(3)
    by_second[:, 3:] = first[0].T @ second[0]
    return moved, by_first, by_second


def displacement(first: Pose, second: Pose, alignment: Array, measured_m: Array) -> tuple[Array, Array, Array, Array]:
    """Compare a displacement (3,) that the lidar saw, with its alignment (3,); return residual, by each of three."""
    moved, by_first, by_second = _moved(first, second)
    across = cross_matrix(measured_m)
    return measured_m - moved - across @ alignment, -by_first, -by_second, -across


def tracks(
    first: Pose, second: Pose, slip: Array, constants: Array, ran: Array, model: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Compare a displacement with what the tracks ran; return residual and its derivatives by the first four.

    slip (2,): slip and drift beyond the model's, model (2,); constants (2,): scale of the tracks less 1 and zero of
    their steering; ran (3, 2): way in the first pose's axes if nothing slipped, and the same turned left by 90 deg.
    """
    moved, by_first, by_second = _moved(first, second)
    scale, zero = 1.0 + constants[0], constants[1]
    kept = complex(1.0 - model[0] - slip[0], model[1] + slip[1])
    turned = complex(1.0, zero)

    def of(factor: complex) -> Array:
        return np.asarray(ran @ np.array([factor.real, factor.imag]))

    by_slip = np.stack([of(-scale * turned), of(1j * scale * turned)], axis=1)
    by_constants = np.stack([of(turned * kept), of(1j * scale * kept)], axis=1)
    return of(scale * turned * kept) - moved, -by_first, -by_second, by_slip, by_constants


def way(start_s: float, readings: list[tuple[float, float, float]], turns: list[Array]) -> Array:
    """Return `ran` of `tracks`: readings (time_s, forward, left) [m/s], each since the one before, in turned axes.

    turns: rotations (3, 3) from the body at each reading to the body at `start_s`.
    """
    ran, before_s = np.zeros((3, 2)), start_s
    for (time_s, forward, left), turn in zip(readings, turns, strict=True):
        here = np.array([[forward, -left], [left, forward], [0.0, 0.0]])
        ran += turn @ here * (time_s - before_s)
        before_s = time_s
    return ran


def lasting(way_m: float, correlation_m: float, sigma: float) -> tuple[float, float]:
    """Return how much of a slip is kept over a way and one sigma of what comes to it: it forgets itself, stationary."""
    kept = math.exp(-way_m / correlation_m)
    return kept, sigma * math.sqrt(max(1.0 - kept * kept, 1e-9))
