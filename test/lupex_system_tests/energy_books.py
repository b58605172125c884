# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Array, battery, loads and heat of the shared models run together, with books of every joule."""

import math
from dataclasses import dataclass, field

from lupex_models import battery, thermal
from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.rover import Rover
from lupex_models.solar_array import array_power_w


@dataclass
class Books:
    """The rover at rest or at work under a given light, and all energy that went in and out of it."""

    rover: Rover
    cell: battery.BatteryState
    heat: thermal.ThermalState
    heater: bool = False
    sun_j: float = 0.0
    radiated_j: float = 0.0
    work_j: float = 0.0
    """Of the drives, done on the ground: it leaves the rover."""
    bus_gap_j: float = 0.0
    """Array and battery less loads: of a bus that carries its loads it is 0."""
    unserved_j: float = 0.0
    """Asked for and not carried."""
    loads_j: float = 0.0
    """Carried."""

    def step(
        self,
        dt_s: float,
        disc: float,
        incidence_rad: float = 0.0,
        drives_w: float = 0.0,
        avionics_w: float = 45.0,
        permanent_shadow: bool = False,
    ) -> battery.BatteryStep:
        """Advance by dt_s; loads that array and battery cannot carry are shed, each by the same share."""
        rover = self.rover
        self.heater = thermal.thermostat(rover.thermal, self.heat.battery_k, self.heater)
        offered = float(array_power_w(rover.solar_array, disc, incidence_rad, ASTRONOMICAL_UNIT_M))

        heater_w = rover.loads.heater_w if self.heater else 0.0
        load = avionics_w + drives_w + heater_w
        state = battery.BatteryState(self.cell.soc, self.heat.battery_k)
        result = battery.step(rover.battery, state, load - offered, dt_s)
        missing = max(load - offered - result.accepted_w, 0.0)
        served = 1.0 - missing / load if load > 0.0 else 1.0
        array_w = min(offered, max(load - result.accepted_w, 0.0))
        self.bus_gap_j += dt_s * (array_w + result.accepted_w - served * load)
        self.unserved_j += dt_s * missing
        self.loads_j += dt_s * served * load
        box_w, structure_w = thermal.avionics_heat(rover.thermal, served * avionics_w)
        inputs = thermal.HeatInputs(
            result.heat_w + box_w, result.converter_loss_w + structure_w, served * heater_w, array_w
        )
        place = thermal.surroundings(rover.thermal, disc, permanent_shadow)
        moved = thermal.step(rover.thermal, self.heat, place, inputs, dt_s)
        self.sun_j += dt_s * (moved.absorbed_w + array_w)
        self.radiated_j += dt_s * moved.radiated_w
        self.work_j += dt_s * served * drives_w
        self.cell, self.heat = result.state, moved.state
        return result

    @property
    def stored_j(self) -> float:
        """Energy in cells and heat."""
        cells = float(battery.internal_energy_j(self.rover.battery, self.cell.soc))
        return cells + thermal.stored_heat_j(self.rover.thermal, self.heat)


@dataclass
class Fortnight:
    """Fourteen days in steps of ten minutes: two noons with work, two nights, three hours in permanent shadow."""

    books: Books
    hours: list[float] = field(default_factory=list)
    soc: list[float] = field(default_factory=list)
    battery_k: list[float] = field(default_factory=list)
    structure_k: list[float] = field(default_factory=list)
    disc: list[float] = field(default_factory=list)

    def run(self) -> float:
        """Return what is missing from the books [J]: what shone in, less radiation, work and all that is stored."""
        books, before = self.books, self.books.stored_j
        for k in range(14 * 144):
            hours = k / 6.0
            disc = min(max(0.5 - 0.9 * math.sin(2.0 * math.pi * hours / 168.0), 0.0), 1.0)
            drives_w = 60.0 if hours % 24.0 < 3.0 and disc > 0.2 else 0.0
            avionics_w = 45.0 if disc > 0.0 else 8.0
            books.step(600.0, disc, 0.03, drives_w, avionics_w, permanent_shadow=200.0 < hours < 203.0)
            self.hours.append(hours)
            self.disc.append(disc)
            self.soc.append(books.cell.soc)
            self.battery_k.append(books.heat.battery_k)
            self.structure_k.append(books.heat.electronics_k)
        return books.sun_j - books.radiated_j - books.work_j - (books.stored_j - before)


def begin(rover: Rover, soc: float, battery_k: float, structure_k: float = 270.0, panel_k: float = 260.0) -> Books:
    """Return the books of a rover at rest, with nothing in them yet."""
    heat = thermal.ThermalState(battery_k, structure_k, panel_k)
    return Books(rover, battery.BatteryState(soc, battery_k), heat)
