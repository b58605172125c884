# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Array, battery, loads and heat together, over days: the books close, and night, dawn and heat do what they must."""

import dataclasses
from pathlib import Path

import pytest

from lupex_models import battery, thermal
from lupex_models.constants import SOLAR_CONSTANT_W_M2, STEFAN_BOLTZMANN
from lupex_models.rover import read_rover
from lupex_system_tests.energy_books import Fortnight, begin

ROVER = read_rover(Path(__file__).parents[1] / "config" / "rover.yaml")
HEAT = ROVER.thermal
DAY = 86_400.0
GROUND = 0.5 * 0.95 * STEFAN_BOLTZMANN
"""Times the fourth power of the ground's temperature: what one square metre upright receives of it."""


def start(soc, battery_k, structure_k=270.0, panel_k=260.0, rover=ROVER):
    return begin(rover, soc, battery_k, structure_k, panel_k)


def test_energy_is_conserved_over_fourteen_days_of_sun_work_shadow_and_night():
    fortnight = Fortnight(start(0.6, 285.0))
    missing = fortnight.run()
    # Night and noon were there: the pack went down and came back full.
    assert min(fortnight.soc) < 0.5 < 0.95 < max(fortnight.soc)
    # The requirement's bound, of all that the loads took: far less than what shone and radiated.
    assert abs(missing) < 1e-3 * fortnight.books.loads_j
    assert abs(fortnight.books.bus_gap_j) < 1e-3 * fortnight.books.loads_j


def test_darkness_costs_what_the_loads_take_from_the_cells():
    """30 h asleep at 285 K: the heater never comes on, so that the fall is that of the avionics and their converter."""
    warm = dataclasses.replace(HEAT, battery_conductance_w_k=0.0, heat_pipe_w_k=0.0, electronics_share=0.0)
    books = start(0.8, 285.0, rover=dataclasses.replace(ROVER, thermal=warm))
    before = float(battery.stored_energy_wh(ROVER.battery, 0.8))
    for _ in range(180):
        books.step(600.0, 0.0, avionics_w=20.0)
    spent = before - float(battery.stored_energy_wh(ROVER.battery, books.cell.soc))
    # 20 W / 0.95; the resistance of 0.05 ohm takes 0.03 W at 0.7 A.
    assert spent == pytest.approx(30.0 * (20.0 / 0.95 + 0.03), rel=2e-3)
    assert books.unserved_j == pytest.approx(0.0, abs=1e-3)


def test_night_in_permanent_shadow_settles_where_heater_and_radiation_balance():
    """All loads end as heat: the structure radiates what is spent, the box stands above it by heater over leak."""
    place = thermal.surroundings(HEAT, 0.0, permanent_shadow=True)
    given_w, heater_w = 8.0, 9.0
    box, structure = thermal.avionics_heat(HEAT, given_w)
    state = thermal.step(
        HEAT, thermal.ThermalState(285.0, 250.0, 100.0), place, thermal.HeatInputs(box, structure, heater_w), 90 * DAY
    ).state
    radiating = 0.05 * 6.0 * STEFAN_BOLTZMANN
    electronics = ((given_w + heater_w) / radiating + GROUND / STEFAN_BOLTZMANN * 60.0**4) ** 0.25
    assert state.electronics_k == pytest.approx(electronics, abs=0.1)
    assert state.battery_k == pytest.approx(electronics + (0.3 * given_w + heater_w) / 0.12, abs=0.1)
    assert state.panel_k == pytest.approx((GROUND / STEFAN_BOLTZMANN) ** 0.25 * 60.0, abs=0.1)


def test_shaded_and_sunlit_ground_hold_a_dead_structure_at_their_own_balance():
    """Without any load: what the ground sends to every upright square metre, and the Sun to the mean shadow."""
    bare = dataclasses.replace(HEAT, radiator_area_m2=0.0)
    for disc, ground_k in ((0.0, 130.0), (1.0, 230.0)):
        place = thermal.surroundings(bare, disc)
        cold = thermal.ThermalState(200.0, 200.0, 200.0)
        state = thermal.step(bare, cold, place, thermal.HeatInputs(), 400 * DAY).state
        gain = 0.05 * 6.0 * GROUND * ground_k**4 + disc * 0.05 * 0.25 * 6.0 * SOLAR_CONSTANT_W_M2
        expected = (gain / (0.05 * 6.0 * STEFAN_BOLTZMANN)) ** 0.25
        assert state.electronics_k == pytest.approx(expected, abs=0.2)
        assert state.battery_k == pytest.approx(expected, abs=0.3)


def test_dawn_starts_a_frozen_rover_by_its_array_and_charges_only_when_warm():
    """A pack at 233 K gives and takes nothing: at dawn the array alone runs the heater, until 273 K."""
    books = start(0.3, 233.15, 233.15, 150.0)
    assert books.step(60.0, 0.0).accepted_w == 0.0
    assert books.unserved_j > 0.0
    books = start(0.3, 233.15, 233.15, 150.0)
    charging_from = None
    for k in range(3 * 1440):
        before_k = books.heat.battery_k
        result = books.step(60.0, 1.0, avionics_w=10.0)
        if result.accepted_w < 0.0 and charging_from is None:
            charging_from = k * 60.0
        assert (result.accepted_w < 0.0) == (before_k >= ROVER.battery.charge_min_k)
        if charging_from is not None:
            break
    assert books.unserved_j == pytest.approx(0.0, abs=1e-3)
    # 20 W of heater and 3 W of avionics into 14 kJ/K, less the leak of 0.12 W/K to a structure within a few kelvin.
    no_leak = 14_000.0 * 40.0 / 23.0
    assert no_leak < charging_from < 1.25 * no_leak
    # In the end the Sun holds it in its working range and the pack is full.
    for _ in range(6 * 144):
        books.step(600.0, 1.0, avionics_w=45.0)
    assert books.cell.soc > 0.99
    assert ROVER.battery.charge_min_k < books.heat.battery_k < 313.0


def test_heat_that_the_radiator_cannot_take_overheats_the_battery():
    """A radiator under dust: the structure settles where the multilayer alone radiates, the pack on top of it."""
    dusty = dataclasses.replace(HEAT, radiator_area_m2=0.0)
    place = thermal.surroundings(dusty, 1.0)
    box, structure = thermal.avionics_heat(dusty, 60.0)
    state = thermal.step(
        dusty, thermal.ThermalState(290.0, 290.0, 300.0), place, thermal.HeatInputs(box, structure), 120 * DAY
    ).state
    gain = 60.0 + 0.05 * 6.0 * GROUND * 230.0**4 + 0.05 * 0.25 * 6.0 * SOLAR_CONSTANT_W_M2
    electronics = (gain / (0.05 * 6.0 * STEFAN_BOLTZMANN)) ** 0.25
    assert state.electronics_k == pytest.approx(electronics, abs=0.2)
    # With the heat pipe open: 18 W over 2.12 W/K.
    assert state.battery_k == pytest.approx(electronics + 18.0 / 2.12, abs=0.2)
    assert state.battery_k > 313.15


def test_a_day_at_work_needs_no_heater_and_a_night_needs_it():
    def duty(disc, avionics_w):
        books = start(0.7, 284.0, 260.0)
        on = 0
        for k in range(6 * 144):
            books.step(600.0, disc, avionics_w=avionics_w)
            on += books.heater and k >= 3 * 144
        return on / (3 * 144)

    assert duty(1.0, 60.0) == 0.0
    # 280 K held over a structure near 150 K by 0.12 W/K, of 20 W: three quarters of the time
    assert 0.4 < duty(0.0, 5.0) < 0.95
