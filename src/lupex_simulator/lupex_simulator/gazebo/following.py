# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A clock that another process makes, followed on the grid of steps of the embedded world."""

from lupex_simulator.schedule import START_NS, STEP_NS

_BACK_NS = 1_000_000_000
"""A clock that goes back by more was set back; less is the order in which messages came."""


class ClockError(RuntimeError):
    """Say in one sentence what is wrong with the clock."""


class FollowedClock:
    """Tell which steps a clock has made possible. `period_ns` is a multiple of nothing but itself.

    Behind by no more than `singly_ns` the steps are made one by one; else all that was missed is one step.
    """

    def __init__(self, period_ns: int = STEP_NS, singly_ns: int = 0) -> None:
        self._period_ns, self._singly_ns = period_ns, singly_ns
        self._newest_ns: int | None = None
        self.now_ns: int | None = None
        """The last step taken, None before the clock was first heard."""

    def heard(self, time_ns: int) -> None:
        """Take the clock; raises ClockError when it starts before the world does, or has gone back."""
        if self._newest_ns is None and time_ns < START_NS:
            raise ClockError(
                f"Gazebo's clock stands at {time_ns * 1e-9:g} s, but the world begins at {START_NS * 1e-9:g} s: "
                f"start gz sim with --initial-sim-time {START_NS * 1e-9:g}"
            )
        if self._newest_ns is not None and time_ns < self._newest_ns - _BACK_NS:
            raise ClockError(f"Gazebo's clock went back to {time_ns * 1e-9:g} s: after a reset, start everything anew")
        self._newest_ns = max(time_ns, self._newest_ns or time_ns)

    @property
    def newest_ns(self) -> int | None:
        """Where the clock has got to, None before it was first heard."""
        return self._newest_ns

    def step(self) -> tuple[int, int] | None:
        """Return (before, now) of the next step on the grid, or None while the clock has not got there.

        The first step begins where the clock was heard first.
        """
        if self._newest_ns is None:
            return None
        reached = self._newest_ns // self._period_ns * self._period_ns
        if self.now_ns is None:
            self.now_ns = reached
            return None
        if reached <= self.now_ns:
            return None
        before = self.now_ns
        self.now_ns = before + self._period_ns if reached - before <= self._singly_ns else reached
        return before, self.now_ns
