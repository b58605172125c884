# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the drill rig measures and what it is told."""

import math
from dataclasses import dataclass, fields

from lupex_drill_control.config import Watch
from lupex_models.rover import Drill


@dataclass(frozen=True)
class RigMeasurement:
    """One measurement of the rig, as in DrillRig; depth counts down from the surface."""

    stamp_s: float
    depth_m: float
    hole_depth_m: float
    feed_rate_mps: float
    weight_on_bit_n: float
    torque_nm: float
    rotation_rate_rad_s: float
    power_w: float
    bit_temperature_k: float
    percussion_on: bool
    stowed: bool
    motor_stalled: bool


@dataclass(frozen=True)
class RigCommand:
    """Set-points of the rig's motor drives, as in DrillRigCommand; all zero is stop."""

    feed_rate_mps: float = 0.0
    rotation_rate_rad_s: float = 0.0
    weight_on_bit_limit_n: float = 0.0
    torque_limit_nm: float = 0.0
    percussion: bool = False
    deliver_sample: bool = False
    stow: bool = False


STOP = RigCommand()


def measurement_problem(measurement: RigMeasurement | None, now_s: float, watch: Watch, drill: Drill) -> str:
    """Say why a measurement must not be acted on; empty when it may."""
    if measurement is None:
        return "no measurement of the drill rig has arrived"
    for field in fields(measurement):
        value = getattr(measurement, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            return f"the drill rig reports {field.name} as {value}"
    age = now_s - measurement.stamp_s
    # A stowed rig speaks at 1 Hz only, and speeds up once it is commanded.
    oldest = watch.stowed_age_s if measurement.stowed else watch.rig_age_s
    if abs(age) > oldest:
        return f"the newest measurement of the drill rig is {age:.1f} s old, more than {oldest:.1f} s"
    bounds = {
        "depth_m": drill.max_depth_m * 2,
        "weight_on_bit_n": drill.max_weight_on_bit_n * watch.plausible,
        "torque_nm": drill.max_torque_nm * watch.plausible,
        "rotation_rate_rad_s": drill.cutting_rate_rad_s * watch.plausible,
    }
    for name, bound in bounds.items():
        if abs(getattr(measurement, name)) > bound:
            return f"the drill rig reports {name} as {getattr(measurement, name):g}, beyond {bound:g}"
    if not watch.coldest_bit_k <= measurement.bit_temperature_k <= watch.hottest_bit_k:
        return f"the drill rig reports bit_temperature_k as {measurement.bit_temperature_k:g}"
    return ""
