# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a hole has cost, and how it ended."""

from dataclasses import dataclass

from lupex_drill_control.rig import RigMeasurement


@dataclass(frozen=True)
class DrillOutcome:
    """How a goal ended."""

    success: bool
    reason: str
    depth_m: float
    duration_s: float
    mean_power_w: float
    peak_weight_on_bit_n: float
    recoveries: int


@dataclass
class Account:
    """Sum energy, force, recoveries and faults of one hole since `started_s`."""

    started_s: float
    energy_j: float = 0.0
    peak_weight_on_bit_n: float = 0.0
    recoveries: int = 0
    faults: int = 0

    def add(self, measured: RigMeasurement, last: RigMeasurement | None) -> None:
        """Add a measurement; `last` is the one before it, None after a gap."""
        self.peak_weight_on_bit_n = max(self.peak_weight_on_bit_n, measured.weight_on_bit_n)
        if last is not None:
            self.energy_j += max(measured.stamp_s - last.stamp_s, 0.0) * max(measured.power_w, 0.0)

    def close(self, now_s: float, depth_m: float, reason: str) -> DrillOutcome:
        """Make the outcome; an empty reason is success."""
        duration_s = max(now_s - self.started_s, 0.0)
        power_w = self.energy_j / duration_s if duration_s > 0 else 0.0
        return DrillOutcome(
            not reason, reason, max(depth_m, 0.0), duration_s, power_w, self.peak_weight_on_bit_n, self.recoveries
        )
