# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Draws of battery, array, heat and drill: within their spread, again the same, each from its own stream."""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from lupex_models.configuration import ConfigurationError, from_mapping
from lupex_models.rover import read_rover
from lupex_worlds.truth.drill_truth import KIND_DRILL, KIND_SAMPLE, DrillTruth, SampleTruth, draw_drill, draw_sample
from lupex_worlds.truth.energy_truth import EnergyTruth, draw_energy
from lupex_worlds.truth.power_truth import BatteryTruth, HeatTruth, draw_battery, draw_heat

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
WIDE = BatteryTruth(
    capacity_factor=(0.8, 1.05),
    resistance_factor=(1.0, 3.0),
    cell_capacity_sigma=(0.02, 0.02),
    cell_resistance_sigma=(0.08, 0.08),
    imbalance=(0.0, 0.02),
    self_discharge_month=(0.02, 0.02),
    lockout_v_cell=(2.5, 2.8),
)


def packs(count, spread=WIDE):
    return [draw_battery(spread, 8, np.random.default_rng(seed)) for seed in range(count)]


def test_mean_capacity_is_uniform_and_resistance_log_uniform():
    drawn = packs(600)
    capacity = np.array([np.mean(one.capacity_factor) for one in drawn])
    resistance = np.array([np.mean(one.resistance_factor) for one in drawn])
    # five standard errors of a uniform spread of 0.25, and of ln 3
    assert capacity.mean() == pytest.approx(0.925, abs=5.0 * 0.25 / math.sqrt(12.0 * 600.0))
    assert np.log(resistance).mean() == pytest.approx(0.5 * math.log(3.0), abs=5.0 * math.log(3.0) / 84.0)
    assert np.median(resistance) < 2.0


def test_cells_differ_by_the_sigma_of_the_lot():
    drawn = packs(400)
    spread = np.concatenate([np.array(one.capacity_factor) / np.mean(one.capacity_factor) - 1.0 for one in drawn])
    # eight cells about their own mean: a factor sqrt(7/8)
    assert spread.std() == pytest.approx(0.02 * math.sqrt(7.0 / 8.0), rel=0.06)
    assert abs(spread).max() < 0.06


def test_the_fullest_cell_is_full_and_none_lacks_more_than_the_imbalance():
    for one in packs(100):
        assert min(one.missing_charge) == 0.0
        assert max(one.missing_charge) <= 0.02 * 1.05


def test_self_discharge_of_a_month_becomes_a_rate():
    rate_hz = packs(1)[0].self_discharge_hz
    assert math.exp(-rate_hz * 30 * 86400.0) == pytest.approx(0.98)


def test_kind_is_what_the_rovers_own_numbers_say():
    truth, thermal, battery = EnergyTruth(), ROVER.thermal, ROVER.battery
    assert truth.heat.box_conductance_w_k == (thermal.battery_conductance_w_k,) * 2
    assert truth.heat.shade_ground_k == (thermal.shaded_ground_k,) * 2
    assert truth.heat.permanent_shadow_k == (thermal.permanent_shadow_ground_k,) * 2
    assert truth.battery.coulombic_efficiency == (battery.charge_efficiency,) * 2
    assert 1.0 / (1.0 + truth.battery.converter_loss_share[0]) == pytest.approx(battery.converter_efficiency, abs=1e-4)
    assert truth.drill.travel_mps == (ROVER.drill.max_feed_rate_mps,) * 2
    assert draw_drill(DrillTruth(), np.random.default_rng(1)) == KIND_DRILL
    assert draw_sample(SampleTruth(), np.random.default_rng(1)) == KIND_SAMPLE


def test_the_same_seed_is_the_same_run_and_subjects_do_not_disturb_each_other():
    truth = EnergyTruth(battery=WIDE)
    one, again, other = (draw_energy(truth, 8, seed) for seed in (4, 4, 5))
    assert one.power.battery == again.power.battery
    assert one.power.battery != other.power.battery
    worse = draw_energy(replace(truth, drill=DrillTruth(feed_power_w=(30.0, 60.0))), 8, 4)
    assert worse.power.battery == one.power.battery
    assert worse.power.array == one.power.array
    assert worse.drill != one.drill


def test_heat_is_drawn_within_its_spread():
    spread = HeatTruth(box_conductance_w_k=(0.05, 0.20), structure_emissivity_factor=(0.8, 1.6))
    drawn = [draw_heat(spread, np.random.default_rng(seed)) for seed in range(200)]
    assert all(0.05 <= one.box_conductance_w_k <= 0.20 for one in drawn)
    assert all(0.8 <= one.structure_emissivity_factor <= 1.6 for one in drawn)
    assert len({one.box_conductance_w_k for one in drawn}) == 200


def test_sections_are_read_strictly():
    read = from_mapping(EnergyTruth, {"battery": {"capacity_factor": [0.5, 0.6]}}, "level")
    assert read.battery.capacity_factor == (0.5, 0.6)
    with pytest.raises(ConfigurationError, match="unknown key 'battery\\.volume'"):
        from_mapping(EnergyTruth, {"battery": {"volume": [1, 2]}}, "level")
    assert all(field.metadata["minimum"] is not None for field in fields(BatteryTruth))
