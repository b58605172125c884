# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An end by which something must have happened."""

import time
from collections.abc import Callable


class DeadlineError(RuntimeError):
    """Say in one sentence what did not happen in time."""


class Deadline:
    """So many seconds of the host's time, within those of a whole run where one is given."""

    def __init__(
        self, seconds: float, within: "Deadline | None" = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = within._clock if within else clock
        self.given_s = seconds if within is None else min(seconds, within.left_s)
        self._end_s = self._clock() + self.given_s

    @property
    def left_s(self) -> float:
        """Return how much is left, 0 at least."""
        return max(0.0, self._end_s - self._clock())

    def require(self, what: str) -> None:
        """Raise DeadlineError when nothing is left for `what`."""
        if self.left_s <= 0.0:
            raise DeadlineError(f"not within {self.given_s:.0f} s: {what}")
