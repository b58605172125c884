# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true power bus: array, battery, loads behind switches, thermostat and heat; what its unit measures of them.

In need it goes down by steps: at under-voltage drill and instruments are shed; when the loads cannot be carried, or the
weakest cell stays too low, the converter opens and everything is off; tries to start again follow, and when they fail
the rover is dead.
"""

import math
from dataclasses import dataclass

import numpy as np

from lupex_models.rover import Rover
from lupex_simulator.power.bus_quantities import BusReading, BusStart, PowerBusConfig, Sunlight
from lupex_simulator.power.cell_chain import ChainStep
from lupex_simulator.power.converter import Converter, Lockout, Supply
from lupex_simulator.power.ground_temperature import Ground, Place
from lupex_simulator.power.true_array import TrueArray
from lupex_simulator.power.true_battery import TrueBattery
from lupex_simulator.power.true_heat import HeatSources, TrueHeat
from lupex_worlds.truth.power_truth import PowerDraw

_UNMET_W = 0.05
"""A converter regulates to a percent of a volt: so much of a load may be missing without anyone noticing."""
_SPARE = 1.1
"""[A] the array must offer so much of the essential loads to start them alone."""
_NOWHERE = Place()


@dataclass
class _Flows:
    """Means of the last step, as the unit measures them."""

    voltage_v: float
    current_a: float = 0.0
    array_w: float = 0.0
    mobility_w: float = 0.0
    drill_w: float = 0.0
    heater_w: float = 0.0
    avionics_w: float = 0.0

    @property
    def load_w(self) -> float:
        return self.mobility_w + self.drill_w + self.heater_w + self.avionics_w


class PowerBus:
    """State of battery, heat and switches."""

    def __init__(
        self, rover: Rover, config: PowerBusConfig, draw: PowerDraw, start: BusStart, rng: np.random.Generator
    ) -> None:
        """Begin with the battery at `start`; `rng` is that of the sensors."""
        self._rover = rover
        self._config = config
        self._rng = rng
        self._battery = TrueBattery(rover.battery, draw.battery, start.soc)
        self._lockout_v = draw.battery.lockout_v_cell
        self._converter = Converter(
            draw.battery.converter_fixed_w, draw.battery.converter_loss_share, draw.battery.converter_loss_per_w
        )
        self._lockout = Lockout(config.lockout, self._lockout_v)
        self._array = TrueArray(rover.solar_array, draw.array)
        self._ground = Ground(draw.heat)
        self._heat = TrueHeat(rover.thermal, draw.heat, start.battery_k, config.start_structure_k, config.start_panel_k)
        self._current_bias_a = float(rng.normal(0.0, config.current_bias_a))
        self._current_gain = 1.0 + float(rng.normal(0.0, config.current_gain_sigma))
        self._switched_s = -math.inf
        self._heater_allowed = True
        self.drill_on = False
        self.instruments_on = True
        self.low_voltage = False
        self._flows = _Flows(self._battery.rest_voltage_v)
        self._usable: tuple[float, float] | None = None

    def switch(self, time_s: float, *, drill: bool, heater: bool, instruments: bool) -> None:
        """Close and open lines; an under-voltage keeps drill and instruments off."""
        self._switched_s = time_s
        self._heater_allowed = heater
        self.drill_on = drill and not self.low_voltage and self.supplied
        self.instruments_on = instruments and not self.low_voltage and self.supplied

    def step(
        self, dt_s: float, time_s: float, sun: Sunlight, mobility_w: float, drill_w: float, place: Place = _NOWHERE
    ) -> None:
        """Advance by `dt_s` with mean powers of drives and drill motors over it.

        Without fresh switch commands the thermostat alone rules the heater, and the other lines stay as they are.
        """
        self._usable = None
        heating = self._heater_runs(time_s)
        flows = _Flows(0.0)
        if self.supplied:
            self._take_loads(flows, mobility_w, drill_w, heating)
        available_w = self._array.power_w(
            sun.on_faces,
            sun.incidence_rad,
            sun.distance_m,
            self._heat.panel_k,
            self._array.dust(place.driven_m, place.drilled_m),
        )
        if self.supplied:
            result, given_w = self._carry(flows.load_w, available_w, dt_s)
        else:
            result, given_w = self._recover(available_w, dt_s)
        flows.voltage_v, flows.current_a = result.voltage_v, result.current_a
        # what the battery does not take the array does not give
        flows.array_w = min(available_w, max(flows.load_w - given_w, 0.0))
        self._flows = flows
        self._shed()
        self._warm(sun, place, result.heat_w, max(result.terminal_w - given_w, 0.0), dt_s)

    def _heater_runs(self, time_s: float) -> bool:
        wanted = self._heat.heater_wanted()
        commanded = time_s - self._switched_s <= self._config.switches_timeout_s
        return wanted and (self._heater_allowed or not commanded)

    def _take_loads(self, flows: _Flows, mobility_w: float, drill_w: float, heating: bool) -> None:
        loads = self._rover.loads
        flows.heater_w = loads.heater_w if heating else 0.0
        flows.mobility_w = mobility_w
        flows.drill_w = drill_w + (loads.drill_idle_w if self.drill_on else 0.0)
        flows.avionics_w = loads.avionics_w + loads.lidar_w + loads.lights_w
        flows.avionics_w += loads.instruments_w if self.instruments_on else 0.0

    def _carry(self, load_w: float, available_w: float, dt_s: float) -> tuple[ChainStep, float]:
        """Return the pack's step, and what it gave the bus, with the converter closed."""
        wanted_w = load_w - available_w
        rated_w = self._config.lockout.rated_w
        result = self._battery.step(self._converter.terminal_w(min(wanted_w, rated_w)), dt_s, self._heat.cells_k)
        given_w = self._converter.bus_w(result.terminal_w)
        self._lockout.watch(
            dt_s,
            met=given_w >= wanted_w - _UNMET_W,
            weakest_v=result.weakest_v,
            discharging=result.current_a > 0.0,
        )
        return result, given_w

    def _recover(self, available_w: float, dt_s: float) -> tuple[ChainStep, float]:
        """Return the same with the converter open: the array may still charge the pack."""
        charging_w = min(self._converter.terminal_w(-available_w), 0.0)
        result = self._battery.step(charging_w, dt_s, self._heat.cells_k)
        loads = self._rover.loads
        essential_w = loads.avionics_w + loads.lidar_w + loads.lights_w
        from_pack = result.weakest_v >= self._lockout.restart_v_cell and self._battery.can_discharge(self._heat.cells_k)
        if not self.dead:
            self._lockout.rest(dt_s, carried=from_pack or available_w >= _SPARE * essential_w)
        return result, self._converter.bus_w(result.terminal_w) if result.terminal_w < 0.0 else 0.0

    def _shed(self) -> None:
        config, cells = self._config, self._rover.battery.cells_in_series
        limit_v = config.low_voltage_v_cell + (config.low_voltage_rise_v if self.low_voltage else 0.0)
        self.low_voltage = self._flows.voltage_v < limit_v * cells
        if self.low_voltage or not self.supplied:
            self.drill_on = self.instruments_on = False

    def _warm(self, sun: Sunlight, place: Place, cells_w: float, converter_w: float, dt_s: float) -> None:
        ground_k = self._ground.step(
            sun.disc_fraction, sun.distance_m, place, dt_s, permanent_shadow=sun.permanent_shadow
        )
        flows, in_box = self._flows, self._rover.thermal.electronics_share
        sources = HeatSources(
            cells_w + flows.heater_w + in_box * flows.avionics_w,
            converter_w + (1.0 - in_box) * flows.avionics_w,
            flows.array_w,
        )
        self._heat.step(ground_k, sun.disc_fraction, sun.distance_m, sources, dt_s)

    @property
    def supplied(self) -> bool:
        """Whether the converter carries the loads; off in a lock-out, that may pass, and when dead."""
        return self._lockout.supply is Supply.CLOSED

    @property
    def dead(self) -> bool:
        """Whether the converter has given up for good."""
        return self._lockout.supply is Supply.FAILED

    @property
    def soc(self) -> float:
        """True state of charge: until the first cell is empty, over that of a full pack."""
        return self._battery.soc

    @property
    def energy_wh(self) -> float:
        """True usable energy: stored in the cells above lock-out.

        That is what computer, lidar and instruments alone would draw, at the present temperature and without the Sun,
        before the weakest cell falls to the converter's lock-out.
        """
        return self._usable_wh()[0]

    @property
    def capacity_wh(self) -> float:
        """True usable energy of a full pack at the present temperature, as energy_wh."""
        return self._usable_wh()[1]

    def _usable_wh(self) -> tuple[float, float]:
        if self._usable is not None:
            return self._usable
        loads = self._rover.loads
        typical_w = self._converter.terminal_w(loads.avionics_w + loads.lidar_w + loads.instruments_w)
        kelvin, lockout_v = self._heat.cells_k, self._lockout_v
        self._usable = (
            self._battery.usable_energy_j(typical_w, kelvin, lockout_v) / 3600.0,
            self._battery.usable_energy_j(typical_w, kelvin, lockout_v, full=True) / 3600.0,
        )
        return self._usable

    @property
    def battery_temperature_k(self) -> float:
        """True cell temperature."""
        return self._heat.cells_k

    @property
    def ground_k(self) -> float:
        """True temperature of the ground around."""
        return self._ground.kelvin

    def reading(self) -> BusReading:
        """Return what the unit measures of the last step."""
        config, flows = self._config, self._flows
        noise: list[float] = self._rng.standard_normal(8).tolist()

        def power(value_w: float, k: int) -> float:
            return value_w * (1.0 + config.power_sigma_share * noise[k])

        return BusReading(
            flows.voltage_v + config.voltage_sigma_v * noise[0],
            self._current_gain * flows.current_a + self._current_bias_a + config.current_sigma_a * noise[1],
            self._heat.cells_k + config.temperature_sigma_k * noise[2],
            power(flows.array_w, 3),
            power(flows.mobility_w, 4),
            power(flows.drill_w, 5),
            power(flows.heater_w, 6),
            power(flows.avionics_w, 7),
            self.drill_on,
            flows.heater_w > 0.0,
            self.low_voltage,
        )
