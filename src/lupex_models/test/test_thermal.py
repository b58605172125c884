# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
from pathlib import Path

import pytest

from lupex_models.constants import SOLAR_CONSTANT_W_M2, STEFAN_BOLTZMANN
from lupex_models.rover import read_rover
from lupex_models.thermal import (
    HeatInputs,
    Surroundings,
    ThermalState,
    avionics_heat,
    step,
    stored_heat_j,
    surroundings,
    thermostat,
)

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
HEAT = ROVER.thermal
START = ThermalState(290.0, 280.0, 250.0)
MONTH = 90 * 86400.0


def test_panel_in_the_sun_settles_where_radiation_balances():
    place = surroundings(HEAT, 1.0)
    ground = 0.5 * 0.95 * STEFAN_BOLTZMANN * 230.0**4
    gain = 0.85 * 1.6 * SOLAR_CONSTANT_W_M2 - 388.0 + 0.85 * 3.2 * ground
    expected = (gain / (0.85 * 3.2 * STEFAN_BOLTZMANN)) ** 0.25
    settled = step(HEAT, START, place, HeatInputs(array_power_w=388.0), 86400.0).state
    assert settled.panel_k == pytest.approx(expected, abs=0.01)


def test_structure_in_permanent_shadow_settles_where_radiation_balances():
    place = surroundings(HEAT, 0.0, permanent_shadow=True)
    ground = 0.5 * 0.95 * STEFAN_BOLTZMANN * 60.0**4
    battery_w, electronics_w = avionics_heat(HEAT, 10.0)
    electronics = ((10.0 + 0.05 * 6.0 * ground) / (0.05 * 6.0 * STEFAN_BOLTZMANN)) ** 0.25
    settled = step(HEAT, START, place, HeatInputs(battery_w, electronics_w), MONTH).state
    assert settled.electronics_k == pytest.approx(electronics, abs=0.05)
    # 3 W over 0.12 W/K
    assert settled.battery_k == pytest.approx(electronics + 25.0, abs=0.05)


def test_in_the_sun_at_work_the_heat_pipes_keep_the_battery_in_range():
    battery_w, electronics_w = avionics_heat(HEAT, 60.0)
    inputs = HeatInputs(battery_w + 5.0, electronics_w + 40.0, 0.0, 388.0)
    settled = step(HEAT, START, surroundings(HEAT, 1.0), inputs, MONTH).state
    assert 288.0 < settled.battery_k < 313.0


def test_without_its_radiator_it_overheats():
    bare = dataclasses.replace(HEAT, radiator_area_m2=0.0)
    battery_w, electronics_w = avionics_heat(bare, 60.0)
    settled = step(bare, START, surroundings(bare, 1.0), HeatInputs(battery_w, electronics_w, 0.0, 388.0), MONTH).state
    assert settled.battery_k > 320.0


def test_night_without_a_heater_freezes_the_battery_and_with_it_does_not():
    def night(heated):
        state, on = START, False
        for _ in range(14 * 24):
            on = heated and thermostat(HEAT, state.battery_k, on)
            inputs = HeatInputs(0.0, 5.0, ROVER.loads.heater_w if on else 0.0)
            state = step(HEAT, state, surroundings(HEAT, 0.0), inputs, 3600.0).state
        return state.battery_k

    assert night(False) < 200.0
    assert night(True) > ROVER.battery.charge_min_k


def test_dawn_warms_a_frozen_rover():
    frozen = ThermalState(160.0, 140.0, 100.0)
    warmed = step(HEAT, frozen, surroundings(HEAT, 1.0), HeatInputs(0.0, 10.0), 20 * 86400.0).state
    assert warmed.battery_k > ROVER.battery.charge_min_k


def test_heat_pipe_carries_nothing_backwards():
    hot = ThermalState(299.0, 340.0, 300.0)
    result = step(HEAT, hot, Surroundings(230.0, 0.0), HeatInputs(), 1.0).state
    assert result.battery_k - 299.0 == pytest.approx(0.12 * 41.0 / HEAT.battery_heat_capacity_j_k, rel=1e-3)


def test_energy_is_conserved_over_fourteen_days():
    state, balance, moved = START, 0.0, 0.0
    before = stored_heat_j(HEAT, state)
    on = False
    for hour in range(14 * 24):
        share = max(math.sin(hour / 30.0), 0.0)
        on = thermostat(HEAT, state.battery_k, on)
        inputs = HeatInputs(13.0, 31.0, 20.0 if on else 0.0, 388.0 * share)
        result = step(HEAT, state, surroundings(HEAT, share), inputs, 3600.0)
        given = inputs.battery_w + inputs.electronics_w + inputs.heater_w
        balance += 3600.0 * (given + result.absorbed_w - result.radiated_w)
        moved += 3600.0 * (given + abs(result.absorbed_w))
        state = result.state
    assert abs(stored_heat_j(HEAT, state) - before - balance) < 1e-3 * moved


def test_long_steps_agree_with_short_ones():
    place = surroundings(HEAT, 1.0)
    inputs = HeatInputs(13.0, 31.0, 0.0, 388.0)
    long = step(HEAT, START, place, inputs, 3600.0).state
    state = START
    for _ in range(3600):
        state = step(HEAT, state, place, inputs, 1.0).state
    assert long.battery_k == pytest.approx(state.battery_k, abs=0.02)
    assert long.electronics_k == pytest.approx(state.electronics_k, abs=0.05)
    assert long.panel_k == pytest.approx(state.panel_k, abs=0.1)


def test_thermostat_has_hysteresis():
    assert thermostat(HEAT, 278.0, False)
    assert not thermostat(HEAT, 280.0, False)
    assert thermostat(HEAT, 280.0, True)
    assert not thermostat(HEAT, 284.0, True)


def test_surroundings_mix_by_radiation():
    assert surroundings(HEAT, 2.0).ground_k == pytest.approx(230.0)
    assert surroundings(HEAT, -1.0, permanent_shadow=True).ground_k == pytest.approx(60.0)
    half = surroundings(HEAT, 0.5)
    assert half.ground_k == pytest.approx(((230.0**4 + 130.0**4) / 2) ** 0.25)
    assert half.irradiance_w_m2 == pytest.approx(0.5 * SOLAR_CONSTANT_W_M2)


@pytest.mark.parametrize("dt", [0.0, -1.0, math.inf, math.nan])
def test_step_refuses_what_is_no_step(dt):
    with pytest.raises(ValueError, match="thermal step"):
        step(HEAT, START, surroundings(HEAT, 1.0), HeatInputs(), dt)
