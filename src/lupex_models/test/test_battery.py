# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.battery import (
    BatteryState,
    charge_capacity_c,
    empty_soc,
    internal_energy_j,
    open_circuit_voltage,
    resistance,
    soc_at_voltage,
    soc_for_energy,
    step,
    stored_energy_wh,
    stored_power_w,
    usable_capacity_j,
    usable_energy_wh,
)
from lupex_models.rover import read_rover

PACK = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml").battery
WARM = 293.15


def test_full_pack_holds_its_capacity():
    assert stored_energy_wh(PACK, 1.0) == pytest.approx(2500.0, rel=1e-12)
    assert stored_energy_wh(PACK, 0.0) == 0.0
    soc = np.linspace(0.0, 1.0, 200001)
    integral = np.trapezoid(open_circuit_voltage(PACK, soc), soc) * charge_capacity_c(PACK) / 3600.0
    assert integral == pytest.approx(2500.0, rel=1e-9)


@pytest.mark.property
@given(soc=st.floats(0.0, 1.0))
def test_soc_for_energy_inverts_stored_energy(soc):
    assert soc_for_energy(PACK, stored_energy_wh(PACK, soc)) == pytest.approx(soc, abs=1e-12)


@pytest.mark.property
@given(soc=st.floats(0.0, 1.0), kelvin=st.floats(250.0, 310.0))
def test_soc_at_voltage_inverts_the_open_circuit_voltage(soc, kelvin):
    assert soc_at_voltage(PACK, open_circuit_voltage(PACK, soc, kelvin), kelvin) == pytest.approx(soc, abs=1e-12)


def test_energy_outside_the_pack_is_clipped():
    assert soc_for_energy(PACK, -1.0) == 0.0
    assert soc_for_energy(PACK, 1e6) == 1.0


def test_cold_raises_resistance_and_hides_charge():
    assert resistance(PACK, 0.5, WARM) == pytest.approx(0.04)
    assert resistance(PACK, 0.5, 253.15) == pytest.approx(0.04 * math.exp(2500 * (1 / 253.15 - 1 / 293.15)))
    assert resistance(PACK, 0.05) > resistance(PACK, 0.5)
    assert open_circuit_voltage(PACK, 0.5, 273.15) == pytest.approx(8 * (3.70 + 1e-4 * 20))
    assert empty_soc(PACK, WARM) == 0.0
    assert empty_soc(PACK, 273.15) == pytest.approx(0.10)
    assert empty_soc(PACK, 250.0) == 1.0
    assert usable_energy_wh(PACK, 0.9, 250.0) == 0.0
    assert usable_capacity_j(PACK, 263.15) == pytest.approx(3600 * (2500.0 - stored_energy_wh(PACK, 0.2)), rel=1e-9)


def test_discharge_by_hand():
    result = step(PACK, BatteryState(0.5, WARM), 95.0, 1.0)
    volts = 8 * 3.70
    # 95 W on the bus are 100 W at the terminals: I = (V - sqrt(V^2 - 4 R P)) / 2 R
    current = (volts - math.sqrt(volts**2 - 4 * 0.04 * 100)) / 0.08
    assert result.current_a == pytest.approx(current, rel=1e-4)
    assert result.terminal_voltage_v == pytest.approx(volts - 0.04 * current, rel=1e-4)
    assert result.accepted_w == pytest.approx(95.0, rel=1e-6)
    assert result.converter_loss_w == pytest.approx(5.0, rel=1e-6)


def test_charge_stores_its_efficiencys_share():
    result = step(PACK, BatteryState(0.5, WARM), -200.0, 3600.0)
    assert result.accepted_w == pytest.approx(-200.0, rel=1e-6)
    gained = (result.state.soc - 0.5) * charge_capacity_c(PACK)
    assert gained == pytest.approx(-result.current_a * 3600.0 * 0.97, rel=1e-12)


def test_no_charge_when_cold_full_or_too_strong():
    assert step(PACK, BatteryState(0.5, 273.0), -100.0, 60.0).accepted_w == 0.0
    assert step(PACK, BatteryState(1.0, WARM), -100.0, 60.0).accepted_w == 0.0
    strong = step(PACK, BatteryState(0.5, WARM), -2000.0, 60.0)
    assert strong.terminal_voltage_v * strong.current_a == pytest.approx(-PACK.charge_max_w)
    tapered = step(PACK, BatteryState(0.9995, WARM), -300.0, 1.0)
    assert -300.0 < tapered.accepted_w < 0.0
    assert tapered.terminal_voltage_v <= open_circuit_voltage(PACK, 1.0) + 1e-9


def test_no_discharge_below_empty_or_when_too_cold():
    assert step(PACK, BatteryState(0.05, 273.15), 100.0, 60.0).accepted_w == 0.0
    assert step(PACK, BatteryState(0.8, 250.0), 100.0, 60.0).accepted_w == 0.0
    last = step(PACK, BatteryState(1e-4, WARM), 500.0, 60.0)
    assert last.state.soc == pytest.approx(0.0, abs=1e-12)
    assert 0.0 < last.accepted_w < 500.0


def test_more_than_the_resistance_lets_through_is_the_maximum():
    result = step(PACK, BatteryState(0.5, WARM), 1e5, 0.1)
    assert result.accepted_w == pytest.approx(0.95 * 0.999 * (8 * 3.7) ** 2 / (4 * 0.04), rel=0.01)


def test_a_pack_without_resistance_works():
    ideal = dataclasses.replace(PACK, resistance_ohm=0.0)
    assert step(ideal, BatteryState(0.5, WARM), 95.0, 1.0).current_a == pytest.approx(100 / (8 * 3.70), rel=1e-4)
    assert step(ideal, BatteryState(0.5, WARM), -95.0, 1.0).accepted_w == pytest.approx(-95.0)


@pytest.mark.parametrize(("power", "dt"), [(math.nan, 1.0), (1.0, 0.0), (1.0, math.inf), (1.0, -1.0)])
def test_step_refuses_what_is_no_step(power, dt):
    with pytest.raises(ValueError, match="battery step"):
        step(PACK, BatteryState(0.5, WARM), power, dt)


def test_energy_is_conserved_over_fourteen_days():
    """What the bus gave and took, the losses and the change in the cells sum to nothing."""
    rng = np.random.default_rng(1)
    state = BatteryState(0.6, 285.0)
    bus = heat = loss = throughput = 0.0
    before = float(internal_energy_j(PACK, state.soc))
    for k in range(14 * 24 * 12):
        power = 120.0 * math.sin(2 * math.pi * k / 200.0) + rng.uniform(-40.0, 40.0)
        state = dataclasses.replace(state, temperature_k=285.0 + 10.0 * math.sin(k / 500.0))
        result = step(PACK, state, power, 300.0)
        bus += 300.0 * result.accepted_w
        heat += 300.0 * result.heat_w
        loss += 300.0 * result.converter_loss_w
        throughput += 300.0 * abs(result.accepted_w)
        state = result.state
    change = float(internal_energy_j(PACK, state.soc)) - before
    assert 0.0 < state.soc < 1.0
    assert abs(change + bus + heat + loss) < 1e-3 * throughput


@pytest.mark.property
@given(soc=st.floats(0.2, 0.9), power=st.floats(-300.0, 300.0), kelvin=st.floats(275.0, 300.0))
def test_planning_equivalent_agrees_with_the_step(soc, power, kelvin):
    result = step(PACK, BatteryState(soc, kelvin), power, 10.0)
    fall = 3600.0 * float(stored_energy_wh(PACK, soc) - stored_energy_wh(PACK, result.state.soc)) / 10.0
    assert stored_power_w(PACK, power, soc, kelvin) == pytest.approx(fall, rel=2e-3, abs=1e-3)


def test_stored_power_beyond_the_maximum_is_the_largest():
    assert math.isfinite(stored_power_w(PACK, 1e6))
    assert list(stored_power_w(PACK, np.array([0.0, 100.0])) > 0) == [False, True]
