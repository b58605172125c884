# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.battery import BatteryState, stored_energy_wh
from lupex_models.rover import read_rover
from lupex_simulator.power_bus import PowerBus, PowerBusConfig, PowerDraw, Sunlight

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
EXACT = PowerBusConfig(
    voltage_sigma_v=0.0,
    current_sigma_a=0.0,
    current_bias_a=0.0,
    current_gain_sigma=0.0,
    temperature_sigma_k=0.0,
    power_sigma_share=0.0,
)
NO_DRAW = PowerDraw()
DARK = Sunlight(0.0, 0.0, 1.5e11, True)
FULL_SUN = Sunlight(1.0, 0.02, 1.496e11)


def bus(soc=0.6, kelvin=285.0, config=EXACT, draw=NO_DRAW, rover=ROVER, seed=1):
    return PowerBus(rover, config, draw, BatteryState(soc, kelvin), np.random.default_rng(seed))


def run(made, seconds, sun=DARK, mobility_w=0.0, drill_w=0.0, start_s=0.0):
    for k in range(seconds):
        made.step(1.0, start_s + k + 1.0, sun, mobility_w, drill_w)
    return start_s + seconds


def test_in_the_dark_the_loads_come_out_of_the_battery():
    made = bus()
    run(made, 3600, mobility_w=30.0)
    drawn = stored_energy_wh(ROVER.battery, 0.6) - stored_energy_wh(ROVER.battery, made.soc)
    reading = made.reading()
    loads = ROVER.loads
    assert reading.load_avionics_w == pytest.approx(loads.avionics_w + loads.lidar_w + loads.instruments_w)
    assert reading.load_mobility_w == pytest.approx(30.0)
    assert reading.array_power_w == 0.0
    delivered = reading.load_avionics_w + 30.0 + reading.load_heater_w
    # the converter's 5 % and a little ohmic loss come on top
    assert 1.05 * delivered < drawn < 1.10 * delivered
    assert reading.bus_voltage_v * reading.battery_current_a == pytest.approx(
        delivered / ROVER.battery.converter_efficiency, rel=1e-6
    )


def test_in_the_sun_it_charges_and_a_full_battery_throttles_the_array():
    made = bus()
    run(made, 60, FULL_SUN)
    assert made.reading().battery_current_a < -5.0
    assert made.soc > 0.6
    assert made.reading().array_power_w > 350.0
    full = bus(soc=1.0)
    run(full, 60, FULL_SUN)
    reading = full.reading()
    assert reading.array_power_w == pytest.approx(reading.load_avionics_w + reading.load_heater_w, rel=0.02)


def test_drawn_factors_weaken_the_truth():
    weak = bus(draw=PowerDraw(0.8, 2.0, 0.5))
    assert weak.capacity_wh == pytest.approx(0.8 * bus().capacity_wh)
    run(weak, 10, FULL_SUN)
    strong = bus()
    run(strong, 10, FULL_SUN)
    assert weak.reading().array_power_w == pytest.approx(0.5 * strong.reading().array_power_w)


def test_switches_close_and_open_lines():
    made = bus()
    made.switch(0.0, drill=True, heater=True, instruments=False)
    run(made, 1, drill_w=50.0)
    reading = made.reading()
    assert reading.drill_on
    assert reading.load_drill_w == pytest.approx(50.0 + ROVER.loads.drill_idle_w)
    assert reading.load_avionics_w == pytest.approx(ROVER.loads.avionics_w + ROVER.loads.lidar_w)
    made.switch(1.0, drill=False, heater=True, instruments=True)
    run(made, 1, start_s=1.0)
    assert not made.reading().drill_on
    assert made.reading().load_drill_w == 0.0


def test_thermostat_runs_the_heater_only_where_allowed_and_falls_back_after_ten_seconds():
    cold = bus(kelvin=270.0)
    cold.switch(0.0, drill=True, heater=False, instruments=False)
    run(cold, 10)
    assert not cold.reading().heater_on
    run(cold, 1, start_s=10.0)
    assert cold.reading().heater_on
    assert cold.reading().load_heater_w == pytest.approx(ROVER.loads.heater_w)
    # the other lines stay as they are
    assert cold.drill_on
    assert not cold.instruments_on
    cold.switch(11.0, drill=True, heater=False, instruments=False)
    run(cold, 1, start_s=11.0)
    assert not cold.reading().heater_on
    warm = bus(kelvin=290.0)
    run(warm, 1)
    assert not warm.reading().heater_on


def test_empty_battery_is_the_end():
    made = bus(soc=0.03, kelvin=285.0)
    made.switch(0.0, drill=True, heater=True, instruments=True)
    seconds = 0
    while not made.dead and seconds < 20_000:
        run(made, 10, mobility_w=60.0, start_s=float(seconds))
        seconds += 10
    assert made.dead
    assert made.energy_wh == pytest.approx(0.0, abs=0.5)
    run(made, 600, FULL_SUN, mobility_w=60.0, start_s=float(seconds))
    assert made.dead
    assert made.reading().load_mobility_w == 0.0
    assert made.reading().load_avionics_w == 0.0
    made.switch(float(seconds), drill=True, heater=True, instruments=True)
    assert not made.drill_on


def test_frozen_battery_does_not_carry_the_loads():
    made = bus(soc=0.9, kelvin=240.0)
    run(made, 1)
    assert made.dead


def test_under_voltage_sheds_drill_and_instruments():
    made = bus(soc=0.5, config=dataclasses.replace(EXACT, low_voltage_v_cell=4.5))
    made.switch(0.0, drill=True, heater=True, instruments=True)
    run(made, 1)
    assert made.reading().low_voltage
    assert not made.drill_on
    assert not made.instruments_on
    made.switch(1.0, drill=True, heater=True, instruments=True)
    assert not made.drill_on
    assert not made.dead


def test_measurements_are_noisy_about_the_truth():
    made = bus(config=PowerBusConfig())
    run(made, 5, mobility_w=50.0)
    readings = [made.reading() for _ in range(400)]
    exact = bus()
    run(exact, 5, mobility_w=50.0)
    truth = exact.reading()
    volts = np.array([reading.bus_voltage_v for reading in readings])
    # 400 draws: mean to sigma/20, sigma to 4 %; asked for five times that
    assert volts.mean() == pytest.approx(truth.bus_voltage_v, abs=0.005)
    assert volts.std() == pytest.approx(0.02, rel=0.2)
    amps = np.mean([reading.battery_current_a for reading in readings])
    assert 0.0 < abs(amps - truth.battery_current_a) < 0.1
    assert all(math.isfinite(value) for value in vars(readings[0]).values())


def test_same_seed_same_noise():
    one, two = bus(config=PowerBusConfig(), seed=4), bus(config=PowerBusConfig(), seed=4)
    run(one, 3)
    run(two, 3)
    assert one.reading() == two.reading()
