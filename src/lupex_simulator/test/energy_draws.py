# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Packs, towers and losses for tests: without any spread, and with spreads as wide as the level `nominal` has them."""

from pathlib import Path

import numpy as np

from lupex_models.rover import read_rover
from lupex_worlds.truth.power_truth import (
    ArrayTruth,
    BatteryTruth,
    HeatTruth,
    PowerDraw,
    draw_array,
    draw_battery,
    draw_heat,
)

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
CELLS = ROVER.battery.cells_in_series
ONE = (1.0, 1.0)

PLAIN_BATTERY = draw_battery(BatteryTruth(capacity_factor=ONE, resistance_factor=ONE), CELLS, np.random.default_rng(0))
PLAIN_ARRAY = draw_array(ArrayTruth(power_factor=ONE), np.random.default_rng(0))
PLAIN_HEAT = draw_heat(HeatTruth(), np.random.default_rng(0))
PLAIN = PowerDraw(PLAIN_BATTERY, PLAIN_ARRAY, PLAIN_HEAT)

NOMINAL_BATTERY = BatteryTruth(
    capacity_factor=(0.80, 1.05),
    resistance_factor=(1.0, 3.0),
    curve_share=ONE,
    cell_capacity_sigma=(0.005, 0.02),
    cell_resistance_sigma=(0.02, 0.08),
    imbalance=(0.0, 0.02),
    hysteresis_v=(0.005, 0.020),
    activation_factor=(0.85, 1.2),
    cold_loss_factor=(0.7, 1.4),
    cold_rate_exponent=(0.2, 0.6),
    cold_charge_c_rate=(0.05, 0.15),
    coulombic_efficiency=(0.96, 0.995),
    lockout_v_cell=(2.5, 2.8),
)
NOMINAL_HEAT = HeatTruth(
    box_conductance_w_k=(0.05, 0.20),
    structure_emissivity_factor=(0.8, 1.6),
    radiator_leak=(0.02, 0.08),
    pipe_leak_w_k=(0.01, 0.05),
    track_conductance_w_k=(0.01, 0.05),
    slope_share=ONE,
    rough_cosine=(0.08, 0.20),
    shade_ground_k=(90.0, 150.0),
    permanent_shadow_k=(26.0, 110.0),
    ground_cooling_h=(1.0, 6.0),
    ground_warming_h=(0.3, 2.0),
)
