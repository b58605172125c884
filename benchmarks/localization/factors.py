# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The residuals as factors of GTSAM, which is given as a module: nothing else here knows where it comes from."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.localization import residuals

Array = npt.NDArray[np.float64]


def gaussian(gtsam: ModuleType, covariance: Array) -> Any:
    """Return a noise model of a covariance."""
    return gtsam.noiseModel.Gaussian.Covariance(np.ascontiguousarray(covariance))


def attitude(gtsam: ModuleType, keys: Sequence[int], covariance: Array, measured: Array) -> Any:
    """Return a factor of residuals.attitude between a pose and the star tracker's alignment."""

    def error(_: Any, values: Any, jacobians: Any) -> Array:
        found = residuals.attitude(_pose(values, keys[0]), values.atVector(keys[1]), measured)
        return _told(found, jacobians)

    return gtsam.CustomFactor(gaussian(gtsam, covariance), keys, error)


def displacement(gtsam: ModuleType, keys: Sequence[int], covariance: Array, moved_m: Array) -> Any:
    """Return a factor of residuals.displacement between two poses and the lidar's alignment."""

    def error(_: Any, values: Any, jacobians: Any) -> Array:
        poses = _pose(values, keys[0]), _pose(values, keys[1])
        return _told(residuals.displacement(*poses, values.atVector(keys[2]), moved_m), jacobians)

    return gtsam.CustomFactor(gaussian(gtsam, covariance), keys, error)


def tracks(gtsam: ModuleType, keys: Sequence[int], covariance: Array, ran: Array, model: Array) -> Any:
    """Return a factor of residuals.tracks between two poses, the slip between them and the tracks' constants."""

    def error(_: Any, values: Any, jacobians: Any) -> Array:
        poses = _pose(values, keys[0]), _pose(values, keys[1])
        slipped, constants = values.atVector(keys[2]), values.atVector(keys[3])
        return _told(residuals.tracks(*poses, slipped, constants, ran, model), jacobians)

    return gtsam.CustomFactor(gaussian(gtsam, covariance), keys, error)


def slip(gtsam: ModuleType, keys: Sequence[int], kept: Array, sigmas: Array) -> Any:
    """Return a factor between slip and drift (2,) of two seconds: what is kept of each, and what comes to it."""
    before, after = -np.diag(kept), np.eye(2)

    def error(_: Any, values: Any, jacobians: Any) -> Array:
        residual = values.atVector(keys[1]) - kept * values.atVector(keys[0])
        return _told((residual, before, after), jacobians)

    return gtsam.CustomFactor(gtsam.noiseModel.Diagonal.Sigmas(sigmas), keys, error)


def _pose(values: Any, key: int) -> residuals.Pose:
    matrix = values.atPose3(key).matrix()
    return matrix[:3, :3], matrix[:3, 3]


def _told(found: tuple[Array, ...], jacobians: Any) -> Array:
    """Return the residual, and put its derivatives where GTSAM wants them, if it does."""
    if jacobians is not None:
        for i, jacobian in enumerate(found[1:]):
            jacobians[i] = np.asfortranarray(jacobian)
    return found[0]
