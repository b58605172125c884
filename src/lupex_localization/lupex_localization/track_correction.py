# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How the tracks correct the state: by the slip model and what the state itself says of slip, scale and zero."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.error_state_filter import correct
from lupex_localization.rotation import rotation_matrix
from lupex_localization.track_odometry import slip_at

Array = npt.NDArray[np.float64]

_FAR = 2.5
"""Sigmas of the model's slip, beyond which it is not the model's."""


@dataclass(frozen=True)
class TrackCorrection:
    """Noise of the tracks' speed, that grows with turning and contradiction, and the spread of their slip."""

    standing_mps: float
    """Slower, the direction of motion is not known, and slip is that of level ground."""
    speed_sigma_mps: float
    turn_sigma_m: float
    """One sigma of the speed over the turning rate."""
    vertical_sigma_mps: float
    model_share: float
    """One sigma of the model's slip over itself."""
    slip_open: float
    """Slip's sigma to which a contradiction opens it at most: the prior's heavy tail."""
    slip_correlation_m: float
    drift_correlation_m: float
    gate: float

    def settings(self) -> Array:
        """Return the numbers that the kernel takes."""
        return np.array(
            [
                self.standing_mps,
                self.speed_sigma_mps,
                self.turn_sigma_m,
                self.vertical_sigma_mps,
                self.model_share,
                self.slip_open,
                self.slip_correlation_m,
                self.drift_correlation_m,
                self.gate,
            ]
        )


@njit(cache=True)
def apply_tracks(x, p, twist, run_m, spread, tables, limit, step, settings):  # type: ignore[no-untyped-def]
    """Correct the state by the tracks; return (nis, opened): whether slip had to be opened for it.

    twist: forward, left, turning, residual, fastest; run_m: way since the last correction, over which slip forgets
    itself; spread: on the noise's variance, as samples nearer than their correlation time say the same. Tracks that
    contradict the state have slipped otherwise than believed: the prior of slip has heavy tails. Those that contradict
    it even so still count, with an error as large as their speed, as without them the velocity would run away.
    """
    standing, speed_sigma, turn_sigma, vertical, share, wide, slip_m, drift_m, gate = settings
    forward, left = twist[0], twist[1]
    slip = slip_on(x, forward, left, standing, tables, limit, step)
    if run_m > 0.0:
        _forget(x, p, 15, math.exp(-run_m / slip_m), math.hypot(slip[1], share * slip[0]))
        _forget(x, p, 16, math.exp(-run_m / drift_m), math.hypot(slip[3], share * slip[2]))
    skid = math.hypot(turn_sigma * twist[2], twist[3])
    along = spread * math.hypot(speed_sigma, skid) ** 2
    noise = np.diag(np.array([along, along, spread * vertical**2]))
    residual, jacobian = track_innovation(x, forward, left, slip[0], slip[2])
    nis, accepted = correct(x, p, jacobian, residual, noise, gate)
    if accepted:
        return nis, False
    open_up_to(p, 15, wide)
    open_up_to(p, 16, wide)
    _, accepted = correct(x, p, jacobian, residual, noise, gate)
    if not accepted:
        much = spread * max(twist[4], 0.01) ** 2
        correct(x, p, jacobian, residual, noise + np.eye(3) * much, math.inf)
    return nis, True


@njit(cache=True)
def _forget(x, p, index, kept, sigma):  # type: ignore[no-untyped-def]
    """Let slip forget itself over a way towards the model's; one far off the model lasts, and changes by its size."""
    value = abs(x[index + 1])
    if value <= _FAR * sigma:
        decay(x, p, index, kept, sigma)
    else:
        p[index, index] += (1.0 - kept * kept) * max(sigma, value / _FAR) ** 2


@njit(cache=True)
def decay(x, p, index, kept, sigma):  # type: ignore[no-untyped-def]
    """Let error `index` (nominal one higher) forget itself towards 0 with a lasting spread of `sigma`."""
    x[index + 1] *= kept
    for j in range(p.shape[0]):
        p[index, j] *= kept
        p[j, index] *= kept
    p[index, index] += (1.0 - kept * kept) * sigma * sigma


@njit(cache=True)
def open_up_to(p, index, sigma):  # type: ignore[no-untyped-def]
    """Open an error by itself until it is as uncertain as `sigma`: again and again, it is no more than that."""
    p[index, index] = max(p[index, index], sigma * sigma)


@njit(cache=True)
def slip_on(x, forward, left, standing, tables, limit, step):  # type: ignore[no-untyped-def]
    """Return the model's (slip, sigma, drift, sigma) for the slopes on which the body moves."""
    speed = math.hypot(forward, left)
    along = across = 0.0
    if speed >= standing:
        up = rotation_matrix(x[6:10])[2]
        along = math.asin(max(-1.0, min(1.0, (up[0] * forward + up[1] * left) / speed)))
        across = math.asin(max(-1.0, min(1.0, (up[1] * forward - up[0] * left) / speed)))
    return slip_at(tables, limit, step, along, across)


@njit(cache=True)
def track_innovation(x, forward, left, slip, drift):  # type: ignore[no-untyped-def]
    """Return (residual (3,), jacobian (3, 37)) of the body's velocity over ground against what the tracks ran.

    forward, left [m/s]: as the tracks told; slip: 1 - ground over track speed, by the model, along the motion; drift:
    leftward over track speed. The state adds to both, and knows the tracks' scale and the zero of their steering.
    """
    r = rotation_matrix(x[6:10])
    velocity = r.T @ x[3:6]
    scale, zero = 1.0 + x[18], x[19]
    tx, ty = scale * (forward - zero * left), scale * (left + zero * forward)
    kept, side = 1.0 - slip - x[16], drift + x[17]
    ahead, aside = tx * kept - ty * side, ty * kept + tx * side
    residual = np.empty(3)
    residual[0], residual[1], residual[2] = ahead - velocity[0], aside - velocity[1], -velocity[2]
    jacobian = np.zeros((3, 37))
    for i in range(3):
        for j in range(3):
            jacobian[i, 3 + j] = r[j, i]
    # R(I + [e]x) turns v into body axes as v + [v]x e
    jacobian[0, 7], jacobian[0, 8] = -velocity[2], velocity[1]
    jacobian[1, 6], jacobian[1, 8] = velocity[2], -velocity[0]
    jacobian[2, 6], jacobian[2, 7] = -velocity[1], velocity[0]
    jacobian[0, 15], jacobian[1, 15] = tx, ty
    jacobian[0, 16], jacobian[1, 16] = ty, -tx
    jacobian[0, 17], jacobian[1, 17] = -ahead / scale, -aside / scale
    jacobian[0, 18] = scale * (left * kept + forward * side)
    jacobian[1, 18] = -scale * (forward * kept - left * side)
    return residual, jacobian
