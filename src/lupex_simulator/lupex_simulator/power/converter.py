# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The converter between bus and pack: its losses, and the lock-out by which a bus dies that cannot carry its loads.

Losses are a fixed part, one proportional to power and one with its square, as of real converters (Erickson and
Maksimovic 2001, ch. 4). The lock-out is that of a battery protection circuit: it opens at once when the power is not
to be had, and after a delay when the weakest cell is too low; it closes again for a try, a few times.
"""

import math
from dataclasses import dataclass
from enum import Enum

from lupex_models.configuration import setting


@dataclass(frozen=True)
class LockoutConfig:
    """When the converter opens, and when it tries again."""

    # [S] TI BQ77216: under-voltage delay 0.25..2 s
    ride_through_s: float = setting(2.0, "weakest cell too low for so long", unit="s", minimum=0, maximum=60)
    rated_w: float = setting(800.0, "greatest bus power of the converter", unit="W", minimum=1, maximum=1e5)  # [A]
    # [A] from here on
    restart_rise_v: float = setting(
        0.2, "over the lock-out: voltage at rest of the weakest cell that allows a try", unit="V", minimum=0, maximum=2
    )
    retry_s: float = setting(10.0, "open for so long before a try", unit="s", minimum=0.1, maximum=3600)
    stable_s: float = setting(60.0, "a try that holds for so long has succeeded", unit="s", minimum=0, maximum=3600)
    retries: int = setting(3, "failed tries in a row after which it stays open for good", minimum=0, maximum=100)


@dataclass(frozen=True)
class Converter:
    """Losses between bus and pack."""

    fixed_w: float
    share: float
    per_w: float

    def terminal_w(self, bus_w: float) -> float:
        """Return the power at the pack's terminals for a net power of the bus; positive out of the pack."""
        return bus_w + self.fixed_w + self.share * abs(bus_w) + self.per_w * bus_w * bus_w

    def bus_w(self, terminal_w: float) -> float:
        """Return the net power of the bus for a power at the terminals: the inverse."""
        left = terminal_w - self.fixed_w
        gain = 1.0 + self.share if left >= 0.0 else 1.0 - self.share
        # stable root of per_w b^2 + gain b = left, also for per_w 0
        return 2.0 * left / (gain + math.sqrt(max(gain * gain + 4.0 * self.per_w * left, 0.0)))


class Supply(Enum):
    """What the converter does."""

    CLOSED = 0
    OPEN = 1
    FAILED = 2


class Lockout:
    """State of the converter's protection."""

    def __init__(self, config: LockoutConfig, lockout_v_cell: float) -> None:
        self._config = config
        self._lowest_v = lockout_v_cell
        self.supply = Supply.CLOSED
        self._low_s = 0.0
        self._open_s = 0.0
        self._held_s = math.inf
        self._failures = 0

    @property
    def restart_v_cell(self) -> float:
        """Voltage at rest of the weakest cell that allows a try."""
        return self._lowest_v + self._config.restart_rise_v

    def watch(self, dt_s: float, *, met: bool, weakest_v: float, discharging: bool) -> None:
        """Take the outcome of a step with the converter closed: whether its loads were met, and the weakest cell."""
        self._held_s += dt_s
        self._low_s = self._low_s + dt_s if discharging and weakest_v < self._lowest_v else 0.0
        if met and self._low_s <= self._config.ride_through_s:
            if self._held_s >= self._config.stable_s:
                self._failures = 0
            return
        # a try that did not hold
        self._fail(self._held_s < self._config.stable_s)

    def rest(self, dt_s: float, *, carried: bool) -> None:
        """Let an open converter rest; `carried` tells whether a try could carry the essential loads now."""
        self._open_s += dt_s
        if self._open_s < self._config.retry_s:
            return
        if carried:
            self.supply, self._held_s, self._low_s = Supply.CLOSED, 0.0, 0.0
        else:
            self._fail(True)

    def _fail(self, again: bool) -> None:
        self._failures += again
        self._open_s = self._low_s = 0.0
        self.supply = Supply.FAILED if self._failures >= self._config.retries else Supply.OPEN
