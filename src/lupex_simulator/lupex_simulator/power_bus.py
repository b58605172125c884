# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true power bus: array, battery, loads behind switches, thermostat and heat; what its unit measures of them."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from lupex_models import battery, solar_array, thermal
from lupex_models.configuration import setting
from lupex_models.rover import Rover


@dataclass(frozen=True)
class PowerBusConfig:
    """Start and sensors of the bus; all assumptions."""

    start_structure_k: float = setting(270.0, "at the start", unit="K", minimum=50, maximum=350)
    start_panel_k: float = setting(260.0, "at the start", unit="K", minimum=50, maximum=400)
    switches_timeout_s: float = setting(
        10.0,
        "age of the switch command past which the unit's own thermostat rules",
        unit="s",
        minimum=0.1,
        maximum=3600,
    )
    low_voltage_v_cell: float = setting(3.2, "under-voltage flag, a cell", unit="V", minimum=2, maximum=5)
    voltage_sigma_v: float = setting(0.02, "noise", unit="V", minimum=0, maximum=10)
    current_sigma_a: float = setting(0.02, "noise", unit="A", minimum=0, maximum=10)
    current_bias_a: float = setting(0.01, "drawn once, one sigma", unit="A", minimum=0, maximum=10)
    current_gain_sigma: float = setting(0.003, "drawn once, one sigma", minimum=0, maximum=0.5)
    temperature_sigma_k: float = setting(0.2, "noise", unit="K", minimum=0, maximum=50)
    power_sigma_share: float = setting(0.01, "noise of the load and array readings", minimum=0, maximum=1)


@dataclass(frozen=True)
class PowerDraw:
    """True factors on the rover's numbers."""

    battery_capacity_factor: float = 1.0
    battery_resistance_factor: float = 1.0
    array_power_factor: float = 1.0


@dataclass(frozen=True)
class Sunlight:
    """The Sun at the array."""

    disc_fraction: float
    incidence_rad: float
    distance_m: float
    permanent_shadow: bool = False


@dataclass(frozen=True)
class BusReading:
    """What the unit measures; as PowerBus."""

    bus_voltage_v: float
    battery_current_a: float
    battery_temperature_k: float
    array_power_w: float
    load_mobility_w: float
    load_drill_w: float
    load_heater_w: float
    load_avionics_w: float
    drill_on: bool
    heater_on: bool
    low_voltage: bool


class PowerBus:
    """State of battery, heat and switches."""

    def __init__(
        self,
        rover: Rover,
        config: PowerBusConfig,
        draw: PowerDraw,
        start: battery.BatteryState,
        rng: np.random.Generator,
    ) -> None:
        """Begin with the battery at `start`; `rng` is that of the sensors."""
        self._rover = rover
        self._config = config
        self._rng = rng
        self._battery_config = dataclasses.replace(
            rover.battery,
            capacity_wh=rover.battery.capacity_wh * draw.battery_capacity_factor,
            resistance_ohm=rover.battery.resistance_ohm * draw.battery_resistance_factor,
        )
        self._array_config = dataclasses.replace(
            rover.solar_array, power_w=rover.solar_array.power_w * draw.array_power_factor
        )
        self._heat = thermal.ThermalState(start.temperature_k, config.start_structure_k, config.start_panel_k)
        self._state = start
        self._current_bias_a = float(rng.normal(0.0, config.current_bias_a))
        self._current_gain = 1.0 + float(rng.normal(0.0, config.current_gain_sigma))
        self._switched_s = -math.inf
        self._heater_allowed = True
        self._thermostat = False
        self.drill_on = False
        self.instruments_on = True
        self.dead = False
        self.low_voltage = False
        self._voltage_v = float(battery.open_circuit_voltage(self._battery_config, start.soc))
        self._current_a = self._array_w = self._mobility_w = self._drill_w = self._heater_w = self._avionics_w = 0.0

    def switch(self, time_s: float, *, drill: bool, heater: bool, instruments: bool) -> None:
        """Close and open lines; an under-voltage keeps drill and instruments off."""
        self._switched_s = time_s
        self._heater_allowed = heater
        self.drill_on = drill and not self.low_voltage and not self.dead
        self.instruments_on = instruments and not self.low_voltage and not self.dead

    def step(self, dt_s: float, time_s: float, sun: Sunlight, mobility_w: float, drill_w: float) -> None:
        """Advance by `dt_s` with mean powers of drives and drill motors over it.

        Without fresh switch commands the thermostat alone rules the heater, and the other lines stay as they are. When
        the battery cannot carry the loads the rover is dead, for good.
        """
        rover, config = self._rover, self._config
        loads = rover.loads
        self._thermostat = thermal.thermostat(rover.thermal, self._heat.battery_k, self._thermostat)
        commanded = time_s - self._switched_s <= config.switches_timeout_s
        heating = self._thermostat and (self._heater_allowed or not commanded) and not self.dead
        if self.dead:
            mobility_w = drill_w = 0.0
        self._heater_w = loads.heater_w if heating else 0.0
        self._mobility_w = mobility_w
        self._drill_w = drill_w + (loads.drill_idle_w if self.drill_on else 0.0)
        self._avionics_w = 0.0 if self.dead else loads.avionics_w + loads.lidar_w + loads.lights_w
        if self.instruments_on:
            self._avionics_w += loads.instruments_w
        available_w = float(
            solar_array.array_power_w(self._array_config, sun.disc_fraction, sun.incidence_rad, sun.distance_m)
        )
        load_w = self._mobility_w + self._drill_w + self._heater_w + self._avionics_w
        result = battery.step(
            self._battery_config,
            battery.BatteryState(self._state.soc, self._heat.battery_k),
            load_w - available_w,
            dt_s,
        )
        self._state = result.state
        # what the battery does not take the array does not give
        self._array_w = min(available_w, max(load_w - result.accepted_w, 0.0))
        self._voltage_v, self._current_a = result.terminal_voltage_v, result.current_a
        missing_w = load_w - available_w - result.accepted_w
        self.low_voltage = self._voltage_v < config.low_voltage_v_cell * self._battery_config.cells_in_series
        if missing_w > 0.01 * load_w and load_w > available_w:
            self.dead = True
        if self.low_voltage or self.dead:
            self.drill_on = self.instruments_on = False
        in_box_w, in_structure_w = thermal.avionics_heat(rover.thermal, self._avionics_w)
        surroundings = thermal.surroundings(rover.thermal, sun.disc_fraction, sun.permanent_shadow, sun.distance_m)
        inputs = thermal.HeatInputs(
            result.heat_w + in_box_w, result.converter_loss_w + in_structure_w, self._heater_w, self._array_w
        )
        self._heat = thermal.step(rover.thermal, self._heat, surroundings, inputs, dt_s).state

    @property
    def soc(self) -> float:
        """True state of charge."""
        return self._state.soc

    @property
    def energy_wh(self) -> float:
        """True usable energy."""
        return float(battery.usable_energy_wh(self._battery_config, self._state.soc, self._heat.battery_k))

    @property
    def capacity_wh(self) -> float:
        """True usable capacity."""
        return float(battery.usable_capacity_j(self._battery_config, self._heat.battery_k)) / 3600.0

    @property
    def battery_temperature_k(self) -> float:
        """True cell temperature."""
        return self._heat.battery_k

    def reading(self) -> BusReading:
        """Return what the unit measures of the last step."""
        config, noise = self._config, self._rng.standard_normal(8)

        def power(value_w: float, k: int) -> float:
            return value_w * (1.0 + config.power_sigma_share * float(noise[k]))

        return BusReading(
            self._voltage_v + config.voltage_sigma_v * float(noise[0]),
            self._current_gain * self._current_a + self._current_bias_a + config.current_sigma_a * float(noise[1]),
            self._heat.battery_k + config.temperature_sigma_k * float(noise[2]),
            power(self._array_w, 3),
            power(self._mobility_w, 4),
            power(self._drill_w, 5),
            power(self._heater_w, 6),
            power(self._avionics_w, 7),
            self.drill_on,
            self._heater_w > 0.0,
            self.low_voltage,
        )
