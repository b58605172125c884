# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When a stop would tell much of the place: where no ground is recognised, slip is known for a while after one."""

import math

import numpy as np
import numpy.typing as npt

from lupex_localization import error_state_filter as esf
from lupex_localization.config import Stops

Array = npt.NDArray[np.float64]


def told_by_stop_m(p: Array, velocity_sigma_mps: float) -> float:
    """Return by how much a stop would correct the horizontal place, one sigma.

    p: covariance of the error state. A rover that comes to stand shows how wrong its velocity was to within
    `velocity_sigma_mps`, and a place that was reckoned with it was wrong alike (Kalman's gain on a velocity).
    """
    shared = p[:2, esf.ERROR_VELOCITY]
    velocity = p[esf.ERROR_VELOCITY, esf.ERROR_VELOCITY] + np.eye(3) * velocity_sigma_mps**2
    return math.sqrt(max(float(np.trace(shared @ np.linalg.solve(velocity, shared.T))), 0.0))


class StopChoice:
    """Asks for stops by what they would tell, and for no more of them than a share of the time."""

    def __init__(self, config: Stops) -> None:
        self._config = config
        self._since_s = math.inf
        self._asked_s: float | None = None

    def look(self, time_s: float, moving: bool, stands: bool, p: Array) -> bool:
        """Return whether a stop is wanted now.

        moving: the tracks run; stands: the rover rests, and what that tells has been used; p: covariance of the error
        state.
        """
        config = self._config
        if stands or time_s < self._since_s:
            self._since_s, self._asked_s = time_s, None
        elif self._asked_s is not None:
            # nobody stops for it: then not soon again
            if time_s - self._asked_s > config.patience_s:
                self._since_s, self._asked_s = time_s, None
        elif (
            moving
            and time_s - self._since_s >= config.cost_s / config.share
            and told_by_stop_m(p, config.velocity_sigma_mps) >= config.told_m
        ):
            self._asked_s = time_s
        return self._asked_s is not None
