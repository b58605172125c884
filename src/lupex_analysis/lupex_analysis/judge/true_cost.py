# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What driving, standing and shining truly cost and give: the one place that knows the simulator's physics."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lupex_models.rover import Rover
from lupex_simulator.crawler.steady_drive import drive_costs
from lupex_simulator.crawler.true_locomotion import true_track
from lupex_simulator.crawler.vehicle import VehicleConfig
from lupex_simulator.power.converter import Converter
from lupex_simulator.power.true_array import TrueArray, evenly
from lupex_simulator.power.true_battery import TrueBattery
from lupex_worlds.truth.energy_truth import draw_energy
from lupex_worlds.truth.power_truth import BatteryDraw
from lupex_worlds.world import World

Array = NDArray[np.float64]
EnergyAndTime = Callable[[Array, Array, Array], tuple[Array, Array]]
"""(soils (..., 7), rows of TrueSoil, slope along, slope across [rad] (...)) -> (drive energy at the bus [J/m], time
[s/m]); inf where the ground cannot be driven."""

_MIDDLE_SOC, _COLD_K, _PANEL_K = 0.5, 283.15, 300.0
_SETTLING_S, _STEP_S = 1800.0, 10.0
"""After it the pack's voltage has settled: its slowest pair has 690 s."""


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
    half_width_m: float
    rock_m: float
    """Lower rocks are climbed, or pass under the belly."""


def true_cost(world: World, rover: Rover, heater_w: float) -> TrueCost:
    """Return the costs of the rover in a world; `heater_w` is the mean that its heater truly drew.

    The array stands square to the low Sun, without the dust of the way: that errs to the rover's favour.
    """
    loads = rover.loads
    standing = loads.avionics_w + loads.lidar_w + loads.lights_w + heater_w
    truth = draw_energy(world.level.energy, rover.battery.cells_in_series, world.seed).power
    distance_m = float(world.frame.sun(world.site.start_utc_s).distance_m)
    array_w = TrueArray(rover.solar_array, truth.array).power_w(evenly(1.0, 1.0, 1.0), 0.0, distance_m, _PANEL_K)
    track = true_track(rover, world.soil.grip, world.vehicle.drag_factor)
    return TrueCost(
        energy_and_time=partial(drive_costs, track),
        driving_w=standing,
        parked_w=standing,
        array_w=array_w,
        array_height_m=rover.solar_array.centre_height_m,
        charge_max_w=rover.battery.charge_max_w,
        discharge=stored_share(rover, truth.battery, 2.0 * standing),
        charge=stored_share(rover, truth.battery, -max(array_w - standing, 1.0)),
        max_slope_rad=rover.body.max_tilt_rad,
        half_width_m=0.5 * rover.body.width_m,
        rock_m=max(rover.body.clearance_m, VehicleConfig().max_step_m),
    )


def stored_share(rover: Rover, draw: BatteryDraw, bus_w: float) -> float:
    """Return the energy that leaves or enters the cells for one of the bus, of a lasting net power [W] of the bus.

    Over 1 for a discharge (positive), under 1 for a charge, by converter, resistance and coulombic loss.
    """
    converter = Converter(draw.converter_fixed_w, draw.converter_loss_share, draw.converter_loss_per_w)
    pack = TrueBattery(rover.battery, draw, _MIDDLE_SOC)
    terminal_w = converter.terminal_w(bus_w)
    for _ in range(round(_SETTLING_S / _STEP_S)):
        pack.step(terminal_w, _STEP_S, _COLD_K)
    before_j = pack.stored_energy_j
    pack.step(terminal_w, _STEP_S, _COLD_K)
    return (before_j - pack.stored_energy_j) / (bus_w * _STEP_S)
