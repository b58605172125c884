# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models import battery as cells
from lupex_power_management.bus import BusReading
from lupex_power_management.charge_estimator import (
    BIAS,
    CAPACITY,
    RESISTANCE,
    SOC,
    advance,
    begin,
    estimate,
    extrapolate,
    from_checkpoint,
    to_checkpoint,
)
from lupex_power_management.config import ChargeConfig

CONFIG = ChargeConfig()


def day(rover, hours=6, period_s=10.0):
    """Yield readings of the very battery that the filter believes in, without noise: what tests mechanics alone."""
    state = cells.BatteryState(0.8, 285.0)
    for k in range(round(hours * 3600.0 / period_s)):
        hour = k * period_s / 3600.0
        load = 75.0 + (40.0 if hour % 2 < 1 else 0.0)
        result = cells.step(rover.battery, state, load, period_s)
        state = cells.BatteryState(result.state.soc, 285.0 - hour)
        yield BusReading(
            1000.0 + k * period_s,
            result.terminal_voltage_v,
            result.current_a,
            state.temperature_k,
            0.0,
            0.0,
            0.0,
            0.0,
            load,
            False,
            False,
            False,
        )


COARSE = dataclasses.replace(CONFIG, gap_s=15.0)


def test_first_reading_gives_the_charge_that_explains_it(rover):
    for soc in (0.05, 0.3, 0.7, 0.99):
        result = cells.step(
            dataclasses.replace(rover.battery, resistance_ohm=1.2 * 0.04), cells.BatteryState(soc, 280.0), 90.0, 0.01
        )
        reading = BusReading(
            0.0, result.terminal_voltage_v, result.current_a, 280.0, 0, 0, 0, 0, 90.0, False, False, False
        )
        state = begin(reading, rover.battery, CONFIG)
        assert state.mean[SOC] == pytest.approx(soc, abs=1e-3)
        assert np.linalg.eigvalsh(state.covariance).min() > -1e-15
        rise = cells.open_circuit_voltage(rover.battery, soc + 0.004) - cells.open_circuit_voltage(
            rover.battery, soc - 0.004
        )
        # noise, lasting error and a fifth of the drop over the resistance, seen through the curve's slope
        drop = result.current_a * float(cells.resistance(rover.battery, soc, 280.0))
        sigma = math.hypot(0.05, 0.04, 0.2 * drop) / (float(rise) / 0.008)
        assert math.sqrt(state.covariance[SOC, SOC]) == pytest.approx(sigma, rel=0.2)


def test_repeating_one_voltage_does_not_make_it_certain(rover, changed):
    state = begin(changed(current_a=0.0), rover.battery, CONFIG)
    for k in range(1, 2000):
        state = advance(state, changed(stamp_s=1000.0 + k, current_a=0.0), rover.battery, CONFIG)
    # 0.04 V of lasting error over 3.9 V a unit of charge: no number of readings gets below it while it lasts
    assert math.sqrt(state.covariance[SOC, SOC]) > 0.005


def test_missing_readings_widen_the_estimate(rover, changed):
    state = begin(changed(), rover.battery, CONFIG)
    near = estimate(extrapolate(state, 1002.0, rover.battery, CONFIG), rover.battery)
    far = estimate(extrapolate(state, 1600.0, rover.battery, CONFIG), rover.battery)
    farther = estimate(extrapolate(state, 4600.0, rover.battery, CONFIG), rover.battery)
    assert near.soc_sigma == pytest.approx(math.sqrt(state.covariance[SOC, SOC]))
    assert near.soc_sigma < far.soc_sigma < farther.soc_sigma
    assert farther.soc < far.soc < near.soc
    # 5 A unknown over 600 s of 83 Ah
    assert far.soc_sigma - near.soc_sigma == pytest.approx(5.0 * 600 / (3600 * 83.4 * 0.95), rel=0.05)


def test_a_lying_voltage_is_refused_and_in_the_end_doubted(rover):
    config = dataclasses.replace(COARSE, reopen_after=30)
    state = None
    sigmas, counted = [], 0.0
    for k, reading in enumerate(day(rover)):
        if k == 1040:
            break
        if k < 1000:
            state = (
                begin(reading, rover.battery, config)
                if state is None
                else advance(state, reading, rover.battery, config)
            )
            before = float(state.mean[SOC])
            continue
        counted += reading.current_a * 10.0 / (cells.charge_capacity_c(rover.battery) * float(state.mean[CAPACITY]))
        lie = dataclasses.replace(reading, voltage_v=reading.voltage_v - 3.0)
        state = advance(state, lie, rover.battery, config)
        sigmas.append(estimate(state, rover.battery).soc_sigma)
        if k == 1010:
            assert state.refused == 11
            # counted on, not dragged along: 3 V would be most of the charge
            assert float(state.mean[SOC]) == pytest.approx(before - counted, abs=1e-4)
    assert sigmas[28] < 0.05
    assert max(sigmas) > 0.14


def test_a_doubtful_current_counts_for_less(rover, changed):
    state = begin(changed(), rover.battery, CONFIG)
    sure = advance(state, changed(stamp_s=1001.0), rover.battery, CONFIG)
    unsure = advance(state, changed(stamp_s=1001.0), rover.battery, CONFIG, doubt_a=50.0)
    assert unsure.covariance[SOC, SOC] > sure.covariance[SOC, SOC]


def test_time_that_stands_or_goes_back(rover, changed):
    state = begin(changed(), rover.battery, CONFIG)
    assert advance(state, changed(voltage_v=31.0), rover.battery, CONFIG) is state
    assert advance(state, changed(stamp_s=995.0, voltage_v=31.0), rover.battery, CONFIG) is state
    again = advance(state, changed(stamp_s=10.0, voltage_v=31.0), rover.battery, CONFIG)
    assert again.stamp_s == 10.0
    assert again.mean[SOC] > state.mean[SOC]


@pytest.mark.property
@given(
    volts=st.lists(st.floats(16.0, 36.0), min_size=1, max_size=30),
    amperes=st.floats(-100.0, 100.0),
    kelvin=st.floats(200.0, 330.0),
    gap=st.floats(0.1, 500.0),
)
@settings(max_examples=60)
def test_whatever_it_is_told_the_state_stays_a_state(rover, volts, amperes, kelvin, gap):
    base = BusReading(0.0, volts[0], amperes, kelvin, 0, 0, 0, 0, 60.0, False, False, False)
    state = begin(base, rover.battery, CONFIG)
    for k, volt in enumerate(volts):
        state = advance(state, dataclasses.replace(base, stamp_s=(k + 1) * gap, voltage_v=volt), rover.battery, CONFIG)
    assert 0.0 <= state.mean[SOC] <= 1.0
    assert 0.3 <= state.mean[CAPACITY] <= 1.2
    assert state.mean[RESISTANCE] >= 0.1
    assert np.isfinite(state.mean[BIAS])
    assert np.linalg.eigvalsh(state.covariance).min() > -1e-9 * max(1.0, np.abs(state.covariance).max())
    assert from_checkpoint(to_checkpoint(state)) is not None


def test_checkpoint_returns_the_state(rover, changed):
    state = advance(begin(changed(), rover.battery, CONFIG), changed(stamp_s=1001.0), rover.battery, CONFIG)
    back = from_checkpoint(to_checkpoint(state))
    assert np.array_equal(back.mean, state.mean)
    assert np.array_equal(back.covariance, state.covariance)
    assert (back.stamp_s, back.current_a, back.temperature_k) == (1001.0, 2.14, 285.0)


@pytest.mark.parametrize(
    "damage",
    [
        {"mean": [0.5, 1.0]},
        {"mean": [1.5, 1.0, 1.0, 0.0]},
        {"mean": [0.5, 0.0, 1.0, 0.0]},
        {"mean": [0.5, float("nan"), 1.0, 0.0]},
        {"mean": "x"},
        {"covariance": [[1.0]]},
        {"covariance": (-np.eye(4)).tolist()},
        {"covariance": np.triu(np.ones((4, 4))).tolist()},
        {"temperature_k": -3.0},
        {"stamp_s": None},
        {"current_a": float("inf")},
    ],
)
def test_a_damaged_checkpoint_is_none(rover, changed, damage):
    values = to_checkpoint(begin(changed(), rover.battery, CONFIG))
    assert from_checkpoint(values) is not None
    assert from_checkpoint({**values, **damage}) is None
    values.pop(next(iter(damage)))
    assert from_checkpoint(values) is None
