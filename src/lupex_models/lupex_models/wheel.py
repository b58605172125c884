# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid wheels without grousers on a slope: the case that published figures exist for, beside our crawler."""

import math
from dataclasses import dataclass

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.locomotion import DriveState, tilt_components
from lupex_models.soil import (
    NOMINAL_SOIL,
    Soil,
    compaction_resistance,
    mobilised_share,
    shear_strength,
    slide_for_share,
    wheel_sinkage,
)


@dataclass(frozen=True)
class WheeledVehicle:
    """Rigid wheels without grousers that share the weight equally."""

    mass_kg: float
    wheels: int
    radius_m: float
    width_m: float
    drive_efficiency: float = 1.0


def wheel_slope_rad(vehicle: WheeledVehicle, slip: float, soil: Soil = NOMINAL_SOIL) -> float:
    """Return the slope that rigid wheels climb at `slip` (0..1]: thrust less compaction equals the weight's part.

    Thrust by Janosi-Hanamoto over the static contact length sqrt(D z - z^2) at uniform pressure (Bekker 1969).
    """

    def surplus(slope: float) -> float:
        contact = _contact(vehicle, math.cos(slope), soil)
        thrust = contact.strength_n * mobilised_share(slip, contact.length_m, soil.shear_modulus_m)
        return float(thrust - contact.compaction_n - vehicle.mass_kg * MOON_GRAVITY_M_S2 * math.sin(slope))

    low, high = -1.4, 1.4
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if surplus(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def drive_wheels(
    vehicle: WheeledVehicle,
    slope_along_rad: float,
    slope_across_rad: float,
    speed_mps: float,
    soil: Soil = NOMINAL_SOIL,
) -> DriveState:
    """Return the steady state of driving straight at rim speed `speed_mps` (negative: backwards).

    The same balance as `locomotion.drive`, with a wheel's sinkage and contact (Bekker 1969); slopes and outcome as
    there. Where traction does not suffice: slip 1, no ground speed, `feasible` false, power of wheels spinning.
    """
    weight = vehicle.mass_kg * MOON_GRAVITY_M_S2
    forward = 1.0 if speed_mps >= 0.0 else -1.0
    along, across, normal = tilt_components(slope_along_rad, slope_across_rad)
    contact = _contact(vehicle, normal, soil)
    thrust, lateral = weight * along * forward + contact.compaction_n, weight * across
    demand = math.hypot(thrust, lateral)
    slide = slide_for_share(demand / contact.strength_n, contact.length_m, soil.shear_modulus_m)
    slip, drift = (slide * part / demand if demand > 0.0 else 0.0 for part in (thrust, lateral))
    speed = abs(speed_mps)
    if not (slip < 1.0 and abs(drift) < 1.0):
        power = contact.strength_n * speed / vehicle.drive_efficiency
        torque = contact.strength_n * vehicle.radius_m / vehicle.wheels
        return DriveState(1.0, 0.0, power, contact.sinkage_m, False, 0.0, torque)
    power = max(thrust * speed, 0.0) / vehicle.drive_efficiency
    side = math.atan2(-drift * forward, 1.0 - slip)
    torque = thrust * vehicle.radius_m / vehicle.wheels
    return DriveState(slip, speed * (1.0 - slip), power, contact.sinkage_m, True, side, torque)


@dataclass(frozen=True)
class _Contact:
    """All wheels together, but length and sinkage of one."""

    length_m: float
    sinkage_m: float
    strength_n: float
    compaction_n: float


def _contact(vehicle: WheeledVehicle, normal: float, soil: Soil) -> _Contact:
    row = soil.as_row()
    load = vehicle.mass_kg * MOON_GRAVITY_M_S2 / vehicle.wheels * normal
    sinkage = float(wheel_sinkage(load, vehicle.width_m, vehicle.radius_m, row))
    length = math.sqrt(2.0 * vehicle.radius_m * sinkage - sinkage**2)
    strength = float(shear_strength(load, length * vehicle.width_m, row))
    compaction = float(compaction_resistance(sinkage, vehicle.width_m, row))
    return _Contact(length, sinkage, vehicle.wheels * strength, vehicle.wheels * compaction)
