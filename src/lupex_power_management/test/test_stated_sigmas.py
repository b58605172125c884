# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Uncertainties of charge and forecast by hand, each of their sources by itself, and slopes along a track."""

import dataclasses
import math

import numpy as np
import pytest

from lupex_models import battery as cells
from lupex_models.height_field import HeightField
from lupex_models.thermal import ThermalState
from lupex_power_management.bus import BusReading
from lupex_power_management.charge_estimator import (
    BIAS,
    CAPACITY,
    RESISTANCE,
    SOC,
    ChargeEstimate,
    ChargeState,
    advance,
    begin,
)
from lupex_power_management.config import ChargeConfig, ForecastConfig
from lupex_power_management.forecast import Sunlight, forecast, observed_heat
from lupex_power_management.sortie_track import Activity, Place, Sortie, Track, Waypoint, along

Z95 = 1.6448536
"""Upper 5 % of a standard normal."""
DEAF = ChargeConfig(voltage_noise_v=5.0, gap_s=60.0)
"""A voltage that says next to nothing: the charge is counted."""
PERIOD_S = 50.0


def at(time_s, current_a, voltage_v=29.5):
    return BusReading(time_s, voltage_v, current_a, 285.0, 0.0, 0.0, 0.0, 0.0, 60.0, False, False, False)


def counted(battery, config, current_a, seconds, sigma=0.01):
    """Return the state after counting a constant current, from a charge known to `sigma` and nothing else unknown."""
    mean = np.array([0.5, 1.0, config.resistance_share, 0.0])
    state = ChargeState(0.0, mean, np.diag([sigma**2, 0.0, 0.0, 0.0]), current_a, 285.0)
    for k in range(1, round(seconds / PERIOD_S) + 1):
        state = advance(state, at(PERIOD_S * k, current_a), battery, config)
    return state


@pytest.mark.parametrize("current_a", [0.0, 5.0, 20.0, -10.0])
@pytest.mark.parametrize("gain", [0.0, 0.01, 0.03])
def test_errors_of_the_current_sensor_last_and_grow_with_the_current(rover, current_a, gain):
    config = dataclasses.replace(DEAF, current_gain=gain, current_offset_a=0.02)
    state = counted(rover.battery, config, current_a, 1000)
    coulombs = cells.charge_capacity_c(rover.battery)
    grown = math.sqrt(state.covariance[SOC, SOC]) - 0.01
    assert grown == pytest.approx((0.02 + gain * abs(current_a)) * 1000.0 / coulombs, abs=4e-5)


def test_charge_that_heats_is_not_counted_as_stored(rover):
    lossy = dataclasses.replace(rover.battery, charge_efficiency=0.9)
    coulombs = cells.charge_capacity_c(lossy)
    sure = 1e-6
    into = counted(lossy, DEAF, -10.0, 1000, sure).mean[SOC] - 0.5
    out = counted(lossy, DEAF, 10.0, 1000, sure).mean[SOC] - 0.5
    assert into == pytest.approx(0.9 * 10.0 * 1000.0 / coulombs, rel=1e-3)
    assert out == pytest.approx(-10.0 * 1000.0 / coulombs, rel=1e-3)


def test_what_a_first_reading_was_read_from_is_known_to_be_wrong_together_with_it(rover):
    """Monte Carlo over voltages of one true charge, seen by sensors and resistances that nobody knows exactly."""
    config, battery, soc, current = ChargeConfig(), rover.battery, 0.55, 15.0
    rng = np.random.default_rng(8)
    ohms = float(cells.resistance(battery, soc, 285.0))
    volts = float(cells.open_circuit_voltage(battery, soc, 285.0))
    errors = []
    for _ in range(3000):
        bias, noise = rng.normal(0.0, config.voltage_bias_v), rng.normal(0.0, config.voltage_noise_v)
        times = rng.normal(config.resistance_share, config.resistance_sigma)
        state = begin(at(0.0, current, volts + bias + noise - current * ohms * times), battery, config)
        errors.append((soc - state.mean[SOC], times - state.mean[RESISTANCE], bias - state.mean[BIAS]))
    found = np.corrcoef(np.array(errors).T)
    stated = begin(at(0.0, current, volts - current * ohms * config.resistance_share), battery, config).covariance
    kept = [SOC, RESISTANCE, BIAS]
    sigma = np.sqrt(np.diag(stated)[kept])
    told = stated[np.ix_(kept, kept)] / np.outer(sigma, sigma)
    # 1 / sqrt(3000) is 0.018
    assert found == pytest.approx(told, abs=0.07)
    assert np.sqrt(np.mean(np.square(errors), axis=0)) == pytest.approx(sigma, rel=0.1)
    assert abs(told[0, 2]) > 0.2
    assert stated[SOC, CAPACITY] == 0.0


STEPS, STEP_S, STANDING_W = 12, 600.0, 60.0


def foreseen(rover, config=ForecastConfig(), drive_sigma_w=0.0, array_w=0.0, start_wh=0.0, soc=0.6):  # noqa: B008
    """Return a forecast of two hours with constant powers."""
    one = np.ones(STEPS)
    track = Track(
        "p", 1000.0 + STEP_S * np.arange(1, STEPS + 1), STEP_S * one, one, one, 0 * one, drive_sigma_w * one, 0 * one
    )
    light = Sunlight(one * (array_w > 0.0), array_w * one, 1.496e11 * one, np.zeros(STEPS, bool))
    energy = float(cells.usable_energy_wh(rover.battery, soc, 285.0))
    told = ChargeEstimate(1000.0, soc, 0.01, energy, start_wh, 2400.0, 285.0)
    warm = ThermalState(285.0, 275.0, 275.0)
    return forecast(track, light, told, 1.0, warm, STANDING_W, 1000.0, rover, config)


@pytest.mark.parametrize(("start_wh", "drive_w", "array_w"), [(30, 0, 0), (0, 40, 0), (0, 0, 300), (30, 40, 300)])
def test_the_forecasts_sigma_adds_each_lasting_error_with_time_and_them_in_squares(rover, start_wh, drive_w, array_w):
    config = ForecastConfig(array_sigma=0.08, load_sigma=0.05, quantile=0.95)
    found = foreseen(rover, config, drive_w, array_w, start_wh).sigma_wh
    hours = STEP_S / 3600.0 * np.arange(STEPS + 1) / rover.battery.converter_efficiency
    parts = (drive_w * hours / Z95, 0.05 * STANDING_W * hours, 0.08 * array_w * hours)
    assert found == pytest.approx(np.sqrt(start_wh**2 + sum(part**2 for part in parts)), rel=1e-6)


@pytest.mark.parametrize("share", [0.7, 0.95, 1.0])
def test_the_forecast_counts_on_the_share_of_the_array_that_it_is_told(rover, share):
    # half empty and warm: the battery takes all that comes
    found = foreseen(rover, ForecastConfig(array_share=share), array_w=300.0, soc=0.5)
    assert found.array_w[1:] == pytest.approx(share * 300.0)


def tilted(gx, gy):
    axis = np.arange(-60, 61) * 5.0
    x, y = np.meshgrid(axis, axis)
    return HeightField((gx * x + gy * y).astype(np.float32), -300.0, -300.0, 5.0)


SLOPE = 0.2
PART = SLOPE / math.sqrt(2.0)


@pytest.mark.parametrize(
    ("to", "along_slope", "across_slope"),
    [((1, 1), SLOPE, 0.0), ((-1, -1), -SLOPE, 0.0), ((1, -1), 0.0, SLOPE), ((-1, 1), 0.0, SLOPE), ((1, 0), PART, PART)],
)
def test_a_leg_costs_what_its_slopes_along_and_across_do(tables, to, along_slope, across_slope):
    """Ground that rises to the north-east, driven over up, down, level with the slope at a side, and aslant."""
    metres = 100.0
    end = metres * np.array(to) / np.hypot(*to)
    sortie = Sortie("one", (Waypoint(Activity.DRIVE, end[0], end[1], 1000.0 + 3600.0),))
    nominal, worse = tables
    track = along(sortie, Place(0.0, 0.0), 1000.0, tilted(PART, PART), nominal, worse, ForecastConfig())
    slopes = math.atan(along_slope), math.atan(across_slope)
    each, dear = (float(table.energy_per_m_j(*slopes)) for table in tables)
    assert (track.drive_w * track.length_s).sum() == pytest.approx(metres * each, rel=1e-3, abs=1.0)
    assert (track.drive_sigma_w * track.length_s).sum() == pytest.approx(metres * (dear - each), rel=1e-2, abs=2.0)


def test_what_the_drives_lose_warms_the_structure(rover):
    before = ThermalState(285.0, 250.0, 200.0)
    quiet, busy = (observed_heat(before, 285.0, 60.0, watt, None, 0.0, 60.0, None, rover) for watt in (0.0, 200.0))
    lost_j = 200.0 * (1.0 - rover.crawler.drive_efficiency) * 60.0
    by_hand = lost_j / rover.thermal.structure_heat_capacity_j_k
    assert busy.electronics_k - quiet.electronics_k == pytest.approx(by_hand, rel=0.02)


def test_a_stay_where_the_sun_never_shines_costs_the_heater_more_than_one_in_shade(rover):
    """Six days in the dark: by the ground's radiation alone the structure is colder there, and the box with it."""
    count, step_s = 288, 1800.0
    one = np.ones(count)
    track = Track("p", step_s * np.arange(1, count + 1), step_s * one, one, one, 0 * one, 0 * one, 0 * one)
    told = ChargeEstimate(0.0, 1.0, 0.01, 2400.0, 0.0, 2400.0, 279.0)
    spent = []
    for for_ever in (False, True):
        light = Sunlight(0 * one, 0 * one, 1.496e11 * one, np.full(count, for_ever))
        cold = ThermalState(279.0, 200.0, 100.0)
        spent.append(forecast(track, light, told, 1.0, cold, 10.0, 0.0, rover, ForecastConfig()).load_w[1:].sum())
    # the structure is a few kelvin colder, and the box loses 0.12 W more for each of them
    assert spent[1] > spent[0] + 2.0 * rover.loads.heater_w
    assert spent[0] / count < 10.0 + rover.loads.heater_w - 0.5
