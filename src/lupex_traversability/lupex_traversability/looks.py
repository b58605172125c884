# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which clouds are worth their work: those seen from another place, a few from each, and one now and then."""

import math

from lupex_traversability.config import LookConfig
from lupex_traversability.pose_history import Pose


class Looks:
    """Remembers from where the last cloud was taken in, and how many have been from there."""

    def __init__(self, config: LookConfig) -> None:
        self._config = config
        self._last: Pose | None = None
        self._from_here = 0
        self._again, self._owed = 0, False

    def forget(self) -> None:
        """Let the next cloud be one to take in."""
        self._last = None

    def again(self) -> None:
        """Let the last look count for none: it said something else than was known, and the next tells which is so.

        No more than `rest_again` times for each look that is due by itself: ground that never settles is no reason to
        look at it for ever.
        """
        if self._again < self._config.rest_again:
            self._again += 1
            self._owed = True

    def is_due(self, at: Pose) -> bool:
        """Tell whether a cloud seen from a pose is to be taken in, and note that it is."""
        moved_m, turned_rad = self._since(at)
        stands = moved_m < self._config.rest_m and turned_rad < self._config.rest_rad
        worth_it = self._is_worth_it(at, moved_m, turned_rad, stands)
        if not (worth_it or (self._owed and stands)):
            return False
        self._owed = False
        if not worth_it:
            # a look more, by which no other is put off
            return True
        self._again = 0
        self._from_here = self._from_here + 1 if stands else 1
        self._last = at
        return True

    def _since(self, at: Pose) -> tuple[float, float]:
        if self._last is None:
            return math.inf, math.inf
        cosine = abs(float(at.quaternion @ self._last.quaternion))
        return math.dist(at.position_m, self._last.position_m), 2.0 * math.acos(min(cosine, 1.0))

    def _is_worth_it(self, at: Pose, moved_m: float, turned_rad: float, stands: bool) -> bool:
        config, last = self._config, self._last
        if last is None or moved_m >= config.moved_m or turned_rad >= config.turned_rad:
            return True
        since_s = at.time_s - last.time_s
        longest_s = config.rest_longest_s if stands else config.longest_s
        # time that goes back is that of another world
        if not 0.0 <= since_s < longest_s:
            return True
        return stands and self._from_here < config.rest_looks
