# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip as the state tells it, a step in it, and tracks that run while the rover stays where it is."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.reckoning import Reckoning
from lupex_localization.rotation import rotation_matrix

Array = npt.NDArray[np.float64]
Twist = tuple[float, float, float, float, float]

_LEAST_MPS = 0.01
"""Of the tracks; slower, slip is not told."""
_STEP = 0.12
"""Of the speed over that of the tracks, felt by the accelerometers and not told by the tracks."""
_SHORT_S, _LONG_S = 0.25, 3.0
"""Over which the velocity felt is smoothed against shaking, and against bias."""
_SAID_S = 3.0
"""A step is told for so long."""
_STUCK = 0.75
_STUCK_S = 5.0
_STUCK_SIGMA = 0.3
_SMOOTHED_S = 1.0


class SlipWatch:
    """Slip now, and what changed; what is kept is replaced and never changed in place."""

    def __init__(self) -> None:
        """Begin knowing none."""
        self.slip: float | None = None
        """1 - ground over track speed, along the motion; None at rest."""
        self.sigma = math.inf
        self.immobile = False
        self.change = 0.0
        """Slip felt beyond that of seconds ago."""
        self._smooth: float | None = None
        self._at_s = self._step_s = -math.inf
        self._stuck_s = 0.0
        self._felt = np.zeros(3)
        self._short: Array | None = None
        self._long: Array | None = None

    @property
    def stepped(self) -> bool:
        """Whether slip changed by a step in the last seconds."""
        return self._at_s - self._step_s < _SAID_S

    def rest(self, time_s: float) -> None:
        """Note that the rover stands."""
        self.slip, self.sigma, self._smooth, self._at_s = None, math.inf, None, time_s
        self._step_s, self._stuck_s, self.change, self.immobile = -math.inf, 0.0, 0.0, False
        self._felt, self._short, self._long = np.zeros(3), None, None

    def feel(self, acceleration: Array, dt_s: float) -> None:
        """Note the acceleration in map (3,) that the accelerometers show, gravity and bias taken off."""
        self._felt = self._felt + acceleration * dt_s

    def note(self, time_s: float, twist: Twist, reckoning: Reckoning) -> bool:
        """Note the tracks' twist and the state; return whether slip has just changed by a step.

        The velocity felt less that of the tracks is level but for slip: a change of it that no bias makes is a step.
        """
        dt_s, self._at_s = min(max(time_s - self._at_s, 0.0), 1.0), time_s
        speed = math.hypot(twist[0], twist[1])
        kept = 1.0 if self._smooth is None else 1.0 - self._smooth
        direction, apart = _apart(reckoning.x, self._felt, kept, twist[0], twist[1])
        self._short = apart if self._short is None else _towards(self._short, apart, dt_s / _SHORT_S)
        self._long = apart if self._long is None else _towards(self._long, apart, dt_s / _LONG_S)
        if speed < _LEAST_MPS:
            self.slip, self.sigma, self._smooth, self.change = None, math.inf, None, 0.0
            return False
        self.slip, self.sigma = _slip(reckoning.x, reckoning.p, direction, speed)
        smooth = self.slip if self._smooth is None else self._smooth
        self._smooth = smooth + (1.0 - math.exp(-dt_s / _SMOOTHED_S)) * (self.slip - smooth)
        self._stuck_s = self._stuck_s + dt_s if self._smooth > _STUCK and self.sigma < _STUCK_SIGMA else 0.0
        self.immobile = self._stuck_s >= _STUCK_S
        before, self.change = self.change, -float(direction @ (self._short - self._long)) / speed
        if abs(self.change) > _STEP >= abs(before):
            self._step_s = time_s
            return True
        return False


@njit(cache=True)
def _apart(x, felt, kept, forward, left):  # type: ignore[no-untyped-def]
    """Return the direction in which the tracks run, and the velocity felt less that which they tell, in map (3,)."""
    turn = rotation_matrix(x[6:10])
    run = turn[:, 0] * forward + turn[:, 1] * left
    return run / max(math.hypot(forward, left), 1e-12), felt - kept * run


@njit(cache=True)
def _towards(mean, value, share):  # type: ignore[no-untyped-def]
    return mean + (1.0 - math.exp(-share)) * (value - mean)


@njit(cache=True)
def _slip(x, p, direction, speed):  # type: ignore[no-untyped-def]
    variance = 0.0
    along = 0.0
    for i in range(3):
        along += direction[i] * x[3 + i]
        for j in range(3):
            variance += direction[i] * p[3 + i, 3 + j] * direction[j]
    return 1.0 - along / speed, math.sqrt(max(variance, 0.0)) / speed
