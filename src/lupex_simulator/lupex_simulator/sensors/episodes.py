# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Times that come by chance and last a while: outages, dust before a lens."""

import numpy as np

from lupex_worlds.spread import Range


class Episodes:
    """Episodes that begin at a rate a second of exposure and last a uniform time; none begins within another."""

    def __init__(self, rate_hz: float, duration_s: Range, rng: np.random.Generator) -> None:
        self._rate_hz = rate_hz
        self._duration_s = duration_s
        self._rng = rng
        self._end_s = -np.inf
        self._left_s = self._gap_s()
        self.begun = 0
        """How many have begun."""

    def _gap_s(self) -> float:
        return float(self._rng.exponential(1.0 / self._rate_hz)) if self._rate_hz > 0.0 else np.inf

    def occurs(self, before_s: float, now_s: float, exposure: float = 1.0) -> bool:
        """Tell whether one lasts at `now_s`.

        `before_s` is the time of the last call, `exposure` the share [0..1] of the rate that has acted since.
        """
        free_s = max(before_s, self._end_s)
        while exposure > 0.0 and (now_s - free_s) * exposure >= self._left_s:
            begin_s = free_s + self._left_s / exposure
            self._end_s = free_s = begin_s + float(self._rng.uniform(*self._duration_s))
            self._left_s = self._gap_s()
            self.begun += 1
        self._left_s -= max(0.0, now_s - free_s) * exposure
        return now_s < self._end_s
