# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lupex_power_management.bus import EnergyBooks, battery_bus_w, booked, imbalance_limit_w
from lupex_power_management.config import BooksConfig


def keep(rover, readings):
    books = EnergyBooks()
    for reading in readings:
        books = booked(books, reading, rover.battery, BooksConfig())
    return books


def test_energy_by_line(rover, changed):
    books = keep(
        rover,
        [changed(stamp_s=1000.0 + k, mobility_w=36.0, drill_w=18.0, heater_w=20.0, array_w=0.0) for k in range(101)],
    )
    assert books.mobility_wh == pytest.approx(1.0)
    assert books.drill_wh == pytest.approx(0.5)
    assert books.heater_wh == pytest.approx(100 * 20 / 3600)
    assert books.avionics_wh == pytest.approx(100 * 60 / 3600)
    assert books.dark_s == pytest.approx(100.0)
    assert books.battery_out_wh == pytest.approx(100 / 3600 * 29.5 * 2.14 * 0.95)
    assert books.battery_in_wh == 0.0
    assert books.standing_w == pytest.approx(60.0)


def test_charging_and_sunlight(rover, changed):
    books = keep(rover, [changed(stamp_s=float(k), current_a=-5.0, array_w=250.0) for k in range(11)])
    assert books.battery_in_wh == pytest.approx(10 / 3600 * 29.5 * 5.0 / 0.95)
    assert books.array_wh == pytest.approx(10 / 3600 * 250)
    assert books.dark_s == 0.0


def test_silence_and_standing_stamps_are_not_booked(rover, changed):
    books = keep(rover, [changed(), changed(stamp_s=1011.0), changed(stamp_s=1011.0), changed(stamp_s=1000.0)])
    assert books.avionics_wh == 0.0
    assert books.stamp_s == 1011.0


def test_a_sensor_that_lies_shows_as_imbalance(rover, changed):
    honest = keep(rover, [changed(stamp_s=float(k)) for k in range(120)])
    lying = keep(rover, [changed(stamp_s=float(k), current_a=0.0 if k > 10 else 2.14) for k in range(120)])
    limit = imbalance_limit_w(changed(), 25.0, 0.1)
    assert limit == 31.0
    assert abs(honest.imbalance_w) < limit
    assert lying.imbalance_w < -limit


def test_converter_between_cells_and_bus(rover, changed):
    assert battery_bus_w(changed(voltage_v=30.0, current_a=2.0), rover.battery) == pytest.approx(57.0)
    assert battery_bus_w(changed(voltage_v=30.0, current_a=-2.0), rover.battery) == pytest.approx(-60.0 / 0.95)
