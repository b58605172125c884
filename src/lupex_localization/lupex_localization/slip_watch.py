# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip as the state tells it, a step in it, and tracks that run while the rover stays where it is."""

import math

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization.reckoning import Reckoning
from lupex_localization.rotation import rotation_matrix

Array = npt.NDArray[np.float64]

_LEAST_MPS = 0.01
"""Of the tracks; slower, slip is not told."""
_QUICK_S, _SLOW_S = 1.0, 15.0
_STEP = 0.15
"""Of the slip over seconds against that before, which is told."""
_SURE = 3.0
"""Its least size in sigmas."""
_STUCK = 0.8
_STUCK_S = 5.0


class SlipWatch:
    """Slip now, over the last second and over a longer while."""

    def __init__(self) -> None:
        """Begin knowing none."""
        self.slip: float | None = None
        """1 - ground over track speed, along the motion; None at rest."""
        self.sigma = math.inf
        self.stepped = False
        """Whether it is another than before, by a step."""
        self.immobile = False
        self._quick: float | None = None
        self._slow: float | None = None
        self._at_s = -math.inf
        self._stuck_s = 0.0

    def rest(self, time_s: float) -> None:
        """Note that the rover stands."""
        self.slip, self.sigma, self._quick, self._at_s = None, math.inf, None, time_s
        self.stepped = self.immobile = False
        self._stuck_s = 0.0

    def note(self, time_s: float, twist: tuple[float, float, float, float, float], reckoning: Reckoning) -> None:
        """Note the tracks' twist and the state."""
        dt_s, self._at_s = min(time_s - self._at_s, 1.0), time_s
        speed = math.hypot(twist[0], twist[1])
        if speed < _LEAST_MPS:
            self.slip, self.sigma, self._quick = None, math.inf, None
            return
        ahead = np.array([twist[0], twist[1], 0.0]) / speed
        direction = rotation_matrix(reckoning.x[esf.QUATERNION]) @ ahead
        self.slip = 1.0 - float(direction @ reckoning.x[esf.VELOCITY]) / speed
        block = reckoning.p[esf.ERROR_VELOCITY, esf.ERROR_VELOCITY]
        self.sigma = math.sqrt(max(float(direction @ block @ direction), 0.0)) / speed
        self._quick = _towards(self._quick, self.slip, dt_s / _QUICK_S)
        slow = self.slip if self._slow is None else self._slow
        self.stepped = abs(self._quick - slow) > max(_STEP, _SURE * self.sigma)
        self._slow = _towards(self._slow, self.slip, dt_s / _SLOW_S)
        self._stuck_s = self._stuck_s + dt_s if self._quick > _STUCK and self.sigma < 0.3 else 0.0
        self.immobile = self._stuck_s >= _STUCK_S


def _towards(mean: float | None, value: float, share: float) -> float:
    return value if mean is None else mean + (1.0 - math.exp(-share)) * (value - mean)
