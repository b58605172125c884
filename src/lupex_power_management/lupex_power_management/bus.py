# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The power bus as measured, and the books kept of it."""

import dataclasses
import math
from dataclasses import dataclass

from lupex_models.rover import Battery
from lupex_power_management.config import BooksConfig


@dataclass(frozen=True)
class BusReading:
    """One measurement of the power conditioning unit; current positive while the battery discharges."""

    stamp_s: float
    voltage_v: float
    current_a: float
    temperature_k: float
    array_w: float
    mobility_w: float
    drill_w: float
    heater_w: float
    avionics_w: float
    drill_on: bool
    heater_on: bool
    low_voltage: bool

    @property
    def load_w(self) -> float:
        """Sum of the loads."""
        return self.mobility_w + self.drill_w + self.heater_w + self.avionics_w


@dataclass(frozen=True)
class EnergyBooks:
    """Energy by line since start, and what the present standing load and imbalance are."""

    stamp_s: float | None = None
    array_wh: float = 0.0
    mobility_wh: float = 0.0
    drill_wh: float = 0.0
    heater_wh: float = 0.0
    avionics_wh: float = 0.0
    battery_out_wh: float = 0.0
    battery_in_wh: float = 0.0
    dark_s: float = 0.0
    standing_w: float | None = None
    """Mean avionics load of late; None before the first reading."""
    imbalance_w: float = 0.0
    """Mean of late: bus power that the battery reading and the readings of array and loads disagree by."""


def battery_bus_w(reading: BusReading, battery: Battery) -> float:
    """Return what the battery gives to the bus through its converter by its own reading; negative while it charges."""
    terminal = reading.voltage_v * reading.current_a
    return terminal * battery.converter_efficiency if terminal > 0.0 else terminal / battery.converter_efficiency


def imbalance_limit_w(reading: BusReading, fixed_w: float, share: float) -> float:
    """Return the imbalance from which one of the readings must be wrong."""
    return fixed_w + share * max(reading.load_w, reading.array_w)


def booked(books: EnergyBooks, reading: BusReading, battery: Battery, config: BooksConfig) -> EnergyBooks:
    """Return the books with one more reading.

    The power of a reading counts since the one before. A stamp that does not advance changes nothing.
    """
    given = battery_bus_w(reading, battery)
    imbalance = given - (reading.load_w - reading.array_w)
    if books.stamp_s is None:
        return EnergyBooks(reading.stamp_s, standing_w=reading.avionics_w, imbalance_w=0.0)
    dt_s = reading.stamp_s - books.stamp_s
    if dt_s <= 0.0:
        return books
    hours = (dt_s if dt_s <= config.longest_s else 0.0) / 3600.0
    weight = 1.0 - math.exp(-dt_s / config.learn_s)
    # a fault of a sensor must show before the load's slow mean would let it
    quick = 1.0 - math.exp(-dt_s / config.imbalance_s)
    standing = reading.avionics_w if books.standing_w is None else books.standing_w
    return dataclasses.replace(
        books,
        stamp_s=reading.stamp_s,
        array_wh=books.array_wh + hours * reading.array_w,
        mobility_wh=books.mobility_wh + hours * reading.mobility_w,
        drill_wh=books.drill_wh + hours * reading.drill_w,
        heater_wh=books.heater_wh + hours * reading.heater_w,
        avionics_wh=books.avionics_wh + hours * reading.avionics_w,
        battery_out_wh=books.battery_out_wh + hours * max(given, 0.0),
        battery_in_wh=books.battery_in_wh + hours * max(-given, 0.0),
        dark_s=books.dark_s + (hours * 3600.0 if reading.array_w < config.dark_w else 0.0),
        standing_w=standing + weight * (reading.avionics_w - standing),
        imbalance_w=books.imbalance_w + quick * (imbalance - books.imbalance_w),
    )
