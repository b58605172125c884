# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When what is told at intervals is to be told again."""

import math


class Due:
    """Keep a schedule, so that a grid of samples does not stretch the interval; after a pause it goes on from then."""

    def __init__(self, interval_s: float, slack_s: float) -> None:
        """Be due at once; `slack_s` early is no reason to wait for another sample."""
        self._interval_s, self._slack_s = interval_s, slack_s
        self._due_s = self._told_s = -math.inf

    def now(self, time_s: float) -> bool:
        """Tell whether it is due at a time, and note that it was done then; a clock set back makes it due."""
        if self._told_s <= time_s < self._due_s - self._slack_s:
            return False
        self._due_s = time_s if time_s < self._told_s else max(self._due_s + self._interval_s, time_s)
        self._told_s = time_s
        return True
