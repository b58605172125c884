# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Free a bound auger: stop, reverse while pulling, lift."""

from lupex_drill_control.conditions import Sustained
from lupex_drill_control.config import Cutting, Jam
from lupex_drill_control.rig import STOP, RigCommand, RigMeasurement
from lupex_models.rover import Drill


class Recovery:
    """One try to free the auger. `attempt` counts from 1 and makes later tries stronger."""

    def __init__(self, attempt: int, reverse: bool, jam: Jam, cutting: Cutting, drill: Drill) -> None:
        self._attempt = attempt
        self._reverse_s = jam.reverse_s if reverse else 0.0
        self._jam = jam
        self._cutting = cutting
        self._drill = drill
        self._turning = Sustained(jam.turning_s)
        self._loose = not reverse
        self._start: tuple[float, float] | None = None

    def step(self, measured: RigMeasurement) -> tuple[RigCommand, str]:
        """Return the rig's command and '' while at work, 'free' or 'stuck' at the end.

        From the second try on the hammer helps to shake the bit loose, and from the third the full force of the feed.
        """
        if self._start is None:
            self._start = (measured.stamp_s, measured.depth_m)
        began_s, depth_m = self._start
        elapsed = measured.stamp_s - began_s
        if elapsed < self._jam.settle_s:
            return STOP, ""
        force = self._drill.max_weight_on_bit_n if self._attempt > 2 else self._cutting.weight_on_bit_n
        torque = self._drill.max_torque_nm
        shake = self._attempt > 1
        lifted = depth_m - measured.depth_m >= self._jam.lift_m or measured.depth_m <= -self._cutting.clear_m
        if lifted:
            return STOP, "free"
        if elapsed >= self._jam.settle_s + self._reverse_s + self._jam.lift_s:
            return STOP, "stuck"
        rate = self._drill.slow_rate_rad_s
        if not self._loose and elapsed < self._jam.settle_s + self._reverse_s:
            # Turning back empties the flutes: no longer than the auger is held.
            turns = measured.rotation_rate_rad_s <= -self._jam.rotation_share * rate
            self._loose = self._turning.update(measured.stamp_s, turns)
            rate = -rate
        return RigCommand(-self._jam.lift_feed_mps, rate, force, torque, shake), ""
