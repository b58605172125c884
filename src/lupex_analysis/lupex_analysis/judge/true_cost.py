# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What driving, standing and shining truly cost and give: the one place that knows the simulator's physics."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from lupex_models.battery import stored_power_w
from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.locomotion import drive
from lupex_models.rover import Rover
from lupex_worlds.world import World

Array = NDArray[np.float64]
EnergyAndTime = Callable[[Array, Array], tuple[Array, Array]]
"""(slope along, slope across [rad], of any common shape) -> (drive energy at the bus [J/m], time [s/m]); inf where the
ground cannot be driven."""

_STEP_RAD = math.radians(1.0)
_MIDDLE_SOC, _COLD_K = 0.5, 283.15


@dataclass(frozen=True)
class TrueCost:
    """Numbers of the true rover; powers at the bus. See TrueWay."""

    energy_and_time: EnergyAndTime
    driving_w: float
    parked_w: float
    array_w: float
    array_height_m: float
    charge_max_w: float
    discharge: float
    charge: float
    max_slope_rad: float
    """Steeper ground is none that the rover drives on."""


def true_cost(world: World, rover: Rover, heater_w: float) -> TrueCost:
    """Return the costs of the rover in a world; `heater_w` is the mean that its heater truly drew.

    Soil is the mean of the run's patches, about which they are spread. The array stands square to the low Sun.
    """
    loads, battery = rover.loads, rover.battery
    standing = loads.avionics_w + loads.lidar_w + loads.lights_w + heater_w
    pack = dataclasses.replace(
        battery,
        capacity_wh=battery.capacity_wh * world.vehicle.battery_capacity_factor,
        resistance_ohm=battery.resistance_ohm * world.vehicle.battery_resistance_factor,
    )
    array_w = rover.solar_array.power_w * (1.0 - rover.solar_array.degradation) * world.vehicle.array_power_factor
    array_w *= (ASTRONOMICAL_UNIT_M / float(world.frame.sun(world.site.start_utc_s).distance_m)) ** 2
    driven_w = 2.0 * standing
    charged_w = max(array_w - standing, 1.0)
    return TrueCost(
        energy_and_time=_table(world, rover),
        driving_w=standing,
        parked_w=standing,
        array_w=array_w,
        array_height_m=rover.solar_array.centre_height_m,
        charge_max_w=battery.charge_max_w,
        discharge=float(stored_power_w(pack, driven_w, _MIDDLE_SOC, _COLD_K)) / driven_w,
        charge=-float(stored_power_w(pack, -charged_w, _MIDDLE_SOC, _COLD_K)) / charged_w,
        max_slope_rad=rover.body.max_tilt_rad,
    )


def _table(world: World, rover: Rover) -> EnergyAndTime:
    crawler = dataclasses.replace(
        rover.crawler,
        internal_resistance_coefficient=rover.crawler.internal_resistance_coefficient * world.vehicle.drag_factor,
    )
    steepest = math.ceil(rover.body.max_tilt_rad / _STEP_RAD) + 1
    along = np.arange(-steepest, steepest + 1) * _STEP_RAD
    across = np.arange(0, steepest + 1) * _STEP_RAD
    energy, seconds = (np.full((along.size, across.size), np.inf) for _ in range(2))
    for i, j in np.ndindex(energy.shape):
        slopes = float(along[i]), float(across[j])
        state = drive(crawler, rover.body.mass_kg, *slopes, crawler.max_speed_mps, world.soil.mean)
        if state.feasible:
            energy[i, j] = state.power_w / state.ground_speed_mps
            seconds[i, j] = 1.0 / state.ground_speed_mps
    tables = [
        RegularGridInterpolator((along, across), values, bounds_error=False, fill_value=np.inf)
        for values in (energy, seconds)
    ]

    def energy_and_time(slope_along_rad: Array, slope_across_rad: Array) -> tuple[Array, Array]:
        at = np.stack(np.broadcast_arrays(slope_along_rad, np.abs(slope_across_rad)), axis=-1)
        with np.errstate(invalid="ignore"):
            first, second = (np.nan_to_num(table(at), nan=np.inf, posinf=np.inf) for table in tables)
        return first, second

    return energy_and_time
