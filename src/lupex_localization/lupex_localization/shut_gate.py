# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Star tracker's attitudes that are refused one after the other: who is wrong, they, the gyros or the estimate."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class ShutGate:
    """Keep the deviations of the attitudes refused since the last one that passed."""

    def __init__(self, kept: int, alike_rad: float) -> None:
        """Look back at `kept` deviations; `alike_rad` is how alike they must be to say the same."""
        self._kept, self._alike_rad = kept, alike_rad
        self._times_s: tuple[float, ...] = ()
        self._deviations: tuple[Array, ...] = ()
        self.streak = 0
        """Refused since the last that passed."""
        self.since_s = 0.0
        """Time of the first of them."""

    def passed(self) -> None:
        """Note an accepted attitude."""
        self._times_s, self._deviations, self.streak = (), (), 0

    def refused(self, time_s: float, deviation: Array) -> None:
        """Note a refused one by its deviation [rad]."""
        if not self.streak:
            self.since_s = time_s
        self.streak += 1
        self._times_s = (*self._times_s[1 - self._kept :], time_s)
        self._deviations = (*self._deviations[1 - self._kept :], deviation)

    @property
    def shut_s(self) -> float:
        """Time from the first to the last of those refused: a tracker that is silent refutes nothing."""
        return self._times_s[-1] - self.since_s if self.streak else 0.0

    @property
    def alike(self) -> bool:
        """Whether the last ones are many and agree with each other."""
        if len(self._deviations) < self._kept:
            return False
        middle = np.mean(self._deviations, axis=0)
        return all(np.linalg.norm(seen - middle) <= self._alike_rad for seen in self._deviations)

    def drift_rad_s(self, sigma_rad: float) -> Array | None:
        """Return the rate (3,) at which the deviations run away, None unless they do so evenly.

        False stars deviate by a constant; gyros that lie make the estimate run away from true ones.
        """
        if len(self._deviations) < 4:
            return None
        times = np.array(self._times_s) - self._times_s[0]
        seen = np.array(self._deviations)
        slope, begin = np.polyfit(times, seen, 1)
        left = seen - begin - times[:, None] * slope
        moved = float(np.linalg.norm(slope)) * float(times[-1])
        if moved < 8.0 * sigma_rad or float(np.abs(left).max()) > 0.3 * moved:
            return None
        return np.asarray(slope)
