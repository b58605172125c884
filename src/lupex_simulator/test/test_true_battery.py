# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true pack against closed forms, data sheets and its own books."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from energy_draws import CELLS, NOMINAL_BATTERY, PLAIN_BATTERY, ROVER

from lupex_simulator.power.cell_curve import cell_curve
from lupex_simulator.power.true_battery import TrueBattery
from lupex_worlds.truth.power_truth import draw_battery

WARM_K = 293.15
BATTERY = ROVER.battery
EQUAL = (1.0,) * CELLS


def pack(soc=1.0, battery=BATTERY, **draw):
    return TrueBattery(battery, PLAIN_BATTERY._replace(**draw), soc)


def discharge(made, load_w, kelvin, lockout_v, dt_s=20.0):
    """Return (delivered energy [J], charge [C], pack voltage at the end) down to the weakest cell's limit."""
    energy = charge = 0.0
    while True:
        step = made.step(load_w, dt_s, kelvin)
        if step.weakest_v < lockout_v or step.terminal_w < 0.999 * load_w:
            return energy, charge, step.voltage_v
        energy += step.terminal_w * dt_s
        charge += step.current_a * dt_s


def test_the_other_cell_has_lg_m50s_published_voltages():
    """Chen et al. 2020: 4.2 V full, 2.5 V empty; the maker gives 3.63 V over a discharge in five hours."""
    curve = cell_curve(BATTERY.cell_voltage_v, 1.0)
    assert curve.volts[-1] == pytest.approx(4.2, abs=0.01)
    assert np.interp(0.0, np.linspace(-0.05, 1.0, curve.volts.size), curve.volts) == pytest.approx(2.5, abs=0.005)
    assert (np.diff(curve.volts) > 0.0).all()
    cell = dataclasses.replace(BATTERY, cells_in_series=1, capacity_wh=5.0 * curve.mean_v, resistance_ohm=0.035)
    draw = PLAIN_BATTERY._replace(
        capacity_factor=(1.0,),
        resistance_factor=(1.0,),
        missing_charge=(0.0,),
        freeze_survival=(1.0,),
        curve_share=1.0,
        hysteresis_v=0.010,
    )
    energy, charge, _ = discharge(TrueBattery(cell, draw, 1.0), 3.63, 298.15, 2.5)
    assert charge / 3600.0 > 4.85
    assert energy / charge == pytest.approx(3.63, abs=0.03)


def test_between_the_curves_is_halfway():
    sheet, half, other = (cell_curve(BATTERY.cell_voltage_v, share) for share in (0.0, 0.5, 1.0))
    middle = round((0.5 + 0.05) / 0.0025)
    assert sheet.volts[middle] == pytest.approx(3.70)
    assert half.volts == pytest.approx(0.5 * (sheet.volts + other.volts))


def test_losing_charge_to_cold_as_the_data_sheet_at_its_own_current_and_less_at_a_smaller_one():
    """70 percent at 253 K and a fifth of an hour's current; the loss goes with the root of the current here."""
    capacity_c = BATTERY.capacity_wh * 3600.0 / (CELLS * cell_curve(BATTERY.cell_voltage_v, 0.0).mean_v)

    def drawn(current_share, kelvin):
        volts = 29.0
        made = pack(cold_rate_exponent=0.5, resistance_factor=(0.05,) * CELLS)
        return discharge(made, volts * current_share * capacity_c / 3600.0, kelvin, 2.9)[1] / capacity_c

    assert drawn(0.2, 293.15) == pytest.approx(1.0, abs=0.02)
    assert drawn(0.2, 253.15) == pytest.approx(1.0 - 0.30, abs=0.025)
    assert drawn(0.05, 253.15) == pytest.approx(1.0 - 0.15, abs=0.02)


def test_books_close_over_hours_of_changing_power():
    rng = np.random.default_rng(3)
    made = TrueBattery(BATTERY, draw_battery(NOMINAL_BATTERY, CELLS, rng), 0.7)
    before = made.stored_energy_j
    out = heat = through = 0.0
    for _ in range(2000):
        power, dt_s = float(rng.uniform(-350.0, 300.0)), float(rng.uniform(0.5, 60.0))
        step = made.step(power, dt_s, 285.0)
        out += step.terminal_w * dt_s
        heat += step.heat_w * dt_s
        through += abs(step.terminal_w) * dt_s
    assert before - made.stored_energy_j == pytest.approx(out + heat, abs=1e-9 * through)
    # round trips lose a few percent of what goes through, and never gain
    assert 0.01 * through < heat < 0.2 * through


def test_lasting_heat_is_ohmic_and_entropic():
    """Bernardi: I^2 R and -I T dV/dT; half charge and 293 K, where the resistance is the rover's figure."""
    made = pack(soc=0.56)
    for _ in range(240):
        step = made.step(150.0, 10.0, WARM_K)
    current = step.current_a
    assert made.soc == pytest.approx(0.5, abs=0.02)
    expected = BATTERY.resistance_ohm * current**2 + current * WARM_K * CELLS * 1.0e-4
    assert step.heat_w == pytest.approx(expected, rel=0.02)


def test_a_charge_that_is_not_stored_is_heat():
    made = pack(soc=0.4, coulombic_efficiency=0.90)
    for _ in range(100):
        step = made.step(-200.0, 10.0, WARM_K)
    current = -step.current_a
    lost = 0.1 * current * step.voltage_v
    ohmic = BATTERY.resistance_ohm * current**2
    entropic = -0.9 * current * WARM_K * CELLS * 1.0e-4
    assert step.heat_w == pytest.approx(lost + ohmic + entropic, rel=0.03)


def test_voltage_recovers_with_two_time_constants():
    """Half the resistance at once; a quarter each with 30 s and 690 s (Plett 2015, eq. 2.8)."""
    made = pack(soc=0.56)
    for _ in range(720):
        loaded = made.step(150.0, 10.0, WARM_K)
    current, quarter = loaded.current_a, 0.25 * BATTERY.resistance_ohm
    rest_v = made.rest_voltage_v
    waited = 0.0
    for wait_s in (0.1, 20.0, 100.0, 600.0):
        made.step(0.0, wait_s, WARM_K)
        waited += wait_s
        now = made.step(0.0, 1e-3, WARM_K).voltage_v
        drop = current * quarter * (math.exp(-waited / 30.0) + math.exp(-waited / 690.0))
        assert rest_v - now == pytest.approx(drop, rel=0.03, abs=2e-4)


def test_cold_makes_the_first_drop_larger_by_arrhenius():
    drops = []
    for kelvin in (293.15, 263.15):
        made = pack(soc=0.5)
        open_v = made.step(0.0, 1e-3, kelvin).voltage_v
        step = made.step(200.0, 1e-3, kelvin)
        drops.append((open_v - step.voltage_v) / step.current_a)
    assert drops[0] == pytest.approx(0.5 * BATTERY.resistance_ohm, rel=1e-3)
    # 17 kJ/mol over 8.314 J/(mol K)
    assert drops[1] / drops[0] == pytest.approx(math.exp(17000.0 / 8.314 * (1 / 263.15 - 1 / 293.15)), rel=2e-3)


def test_hysteresis_leaves_the_voltage_lower_after_discharge_than_after_charge():
    half_gap = 0.02
    volts = []
    for start, power in ((0.9, 100.0), (0.1, -100.0)):
        made = pack(soc=start, hysteresis_v=half_gap, coulombic_efficiency=1.0)
        while abs(made.soc - 0.5) > 0.002:
            made.step(power, 20.0, WARM_K)
        for _ in range(40):
            made.step(0.0, 600.0, WARM_K)
        volts.append(made.step(0.0, 1.0, WARM_K).voltage_v - made.rest_voltage_v)
    assert volts[0] == pytest.approx(-CELLS * half_gap, rel=0.01)
    assert volts[1] == pytest.approx(CELLS * half_gap, rel=0.01)


def test_the_weakest_cell_ends_the_discharge_while_the_pack_looks_well():
    weak = pack(capacity_factor=(1.0,) * (CELLS - 1) + (0.8,))
    _, whole, _ = discharge(pack(), 100.0, WARM_K, 2.9)
    _, charge, volts = discharge(weak, 100.0, WARM_K, 2.9)
    assert charge / whole == pytest.approx(0.8, abs=0.01)
    assert volts / CELLS > 3.4
    # 0 of what it could ever give, though seven cells hold a fifth
    assert weak.soc < 0.01


def test_one_bad_resistance_locks_out_first():
    bad = pack(soc=0.3, resistance_factor=(1.0,) * (CELLS - 1) + (40.0,))
    for _ in range(100):
        step = bad.step(200.0, 10.0, 273.15)
    assert step.weakest_v < step.voltage_v / CELLS - 0.5


def test_charge_ends_when_the_fullest_cell_is_full():
    lacking = 0.05
    made = pack(soc=0.9, missing_charge=(lacking,) * (CELLS - 1) + (0.0,), coulombic_efficiency=1.0)
    for _ in range(2000):
        step = made.step(-200.0, 60.0, WARM_K)
        assert step.voltage_v < CELLS * 4.2 + 1e-6
    assert step.current_a > -0.05
    assert made.soc == pytest.approx(1.0, abs=0.002)
    full = pack().stored_energy_j
    cell_j = full / CELLS
    # seven cells lack a twentieth of their charge, at about 4.1 of 3.7 V
    assert full - made.stored_energy_j == pytest.approx(7 * lacking * cell_j * 4.1 / 3.73, rel=0.05)


def test_the_fullest_cell_holds_the_current_back():
    """At 0.98 of its charge 24 mV are left to 4.2 V, over half of 5 mohm: 9.6 A, though 400 W were 12 A."""
    made = pack(soc=1.0 - 0.02 / 0.92, missing_charge=(0.0,) + (0.08,) * (CELLS - 1))
    assert made.step(-400.0, 1e-3, WARM_K).current_a == pytest.approx(-(4.2 - 4.176) / 0.0025, rel=1e-3)
    even = pack(soc=0.90)
    assert even.step(-400.0, 1e-3, WARM_K).terminal_w == pytest.approx(-400.0)


def test_cold_cells_take_no_charge_or_little():
    made = pack(soc=0.5, cold_charge_c_rate=0.05)
    assert made.step(-300.0, 1.0, 273.14).current_a == 0.0
    capacity_ah = BATTERY.capacity_wh / (CELLS * cell_curve(BATTERY.cell_voltage_v, 0.0).mean_v)
    assert made.step(-300.0, 1.0, 273.151).current_a == pytest.approx(-0.05 * capacity_ah, rel=0.01)
    # a third of the way to full rate at 5 of 15 K
    assert made.step(-1e4, 1.0, 278.15).terminal_w == pytest.approx(-BATTERY.charge_max_w, rel=1e-3)
    assert made.step(100.0, 1.0, 253.0).terminal_w == 0.0
    assert made.step(100.0, 1.0, 253.3).terminal_w == pytest.approx(100.0)


def test_charge_leaks_away_half_as_fast_ten_kelvin_colder():
    month = 30 * 86400.0
    lost = []
    for kelvin in (298.15, 288.15):
        made = pack(soc=1.0, self_discharge_hz=-math.log(0.97) / month)
        for _ in range(720):
            made.step(0.0, 3600.0, kelvin)
        lost.append(1.0 - made.soc)
    assert lost[0] == pytest.approx(0.03, rel=0.01)
    assert lost[1] / lost[0] == pytest.approx(0.5, abs=0.02)


def test_deep_frost_takes_the_drawn_share_of_the_cells_once():
    made = pack(soc=0.5, freeze_survival=(0.7,) * CELLS)
    before = made.stored_energy_j
    made.step(0.0, 1.0, 234.0)
    assert made.stored_energy_j == pytest.approx(before)
    made.step(0.0, 1.0, 233.0)
    made.step(0.0, 1.0, 230.0)
    assert made.frozen
    assert made.stored_energy_j == pytest.approx(0.7 * before)
    assert made.lost_to_frost_j == pytest.approx(0.3 * before)
    assert made.soc == pytest.approx(0.5)


def test_usable_energy_is_what_a_discharge_to_lockout_finds():
    rng = np.random.default_rng(11)
    for kelvin, load_w in ((293.15, 72.0), (263.15, 72.0), (278.15, 200.0), (268.15, 45.0)):
        draw = draw_battery(NOMINAL_BATTERY, CELLS, rng)
        made = TrueBattery(BATTERY, draw, 0.8)
        promised = made.usable_energy_j(load_w, kelvin, draw.lockout_v_cell)
        delivered, _, _ = discharge(made, load_w, kelvin, draw.lockout_v_cell)
        left = made.usable_energy_j(load_w, kelvin, draw.lockout_v_cell)
        assert abs(left) < 0.01 * promised
        # what is stored and not delivered went into the cells' own losses
        loss = (promised - delivered) / promised
        ohms = BATTERY.resistance_ohm * np.mean(draw.resistance_factor)
        ohmic = ohms * load_w / 29.0**2
        assert 0.3 * ohmic < loss < 8.0 * ohmic + 0.01
    assert made.usable_energy_j(72.0, 250.0, 2.6) == 0.0


def test_a_full_pack_holds_the_rated_energy():
    made = pack(soc=0.3)
    full = made.usable_energy_j(20.0, WARM_K, 2.99, full=True) / 3600.0
    assert full == pytest.approx(BATTERY.capacity_wh, rel=0.01)


def test_impossible_steps_and_packs_are_refused():
    with pytest.raises(ValueError, match="positive time"):
        pack().step(10.0, 0.0, WARM_K)
    with pytest.raises(ValueError, match="finite power"):
        pack().step(math.nan, 1.0, WARM_K)
    with pytest.raises(ValueError, match="cells_in_series"):
        TrueBattery(dataclasses.replace(BATTERY, cells_in_series=7), PLAIN_BATTERY, 1.0)
