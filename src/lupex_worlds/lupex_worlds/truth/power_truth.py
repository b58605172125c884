# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Spreads of the true battery, array, heat and drill power, and what one run draws from them.

The defaults are those of the level `kind`: a draw from them behaves as the rover's own numbers say, but for capacity,
resistance and array. Each pair is drawn uniformly unless it says otherwise.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from lupex_models.configuration import setting
from lupex_worlds.smooth_field import SmoothField, draw_smooth_field
from lupex_worlds.spread import Range, log_uniform, uniform

SECONDS_A_MONTH = 30.0 * 86400.0
ARRAY_ROWS, ARRAY_FACES = 4, 3
"""[A] strings: rows over the tower's height, on each of its three faces; numbered row by row from below."""
ARRAY_STRINGS = ARRAY_ROWS * ARRAY_FACES
_WIDEST_SIGMA = 2.5
"""Cells are sorted before they are built into a pack: none lies further out."""


@dataclass(frozen=True)
class BatteryTruth:
    """Spread of the pack and of its converter, against `battery` of config/rover.yaml."""

    capacity_factor: tuple[float, float] = setting((0.90, 1.0), "of the mean cell", minimum=0.2, maximum=1.2)
    resistance_factor: tuple[float, float] = setting(
        (1.0, 1.5), "log-uniform, of the mean cell", minimum=0.5, maximum=10
    )
    curve_share: tuple[float, float] = setting(
        (0.0, 0.0), "0 the rover's voltage curve, 1 LG M50's", minimum=0, maximum=1
    )
    cell_capacity_sigma: tuple[float, float] = setting(
        (0.0, 0.0), "between cells, over the mean", minimum=0, maximum=0.2
    )
    cell_resistance_sigma: tuple[float, float] = setting(
        (0.0, 0.0), "between cells, over the mean", minimum=0, maximum=0.5
    )
    imbalance: tuple[float, float] = setting(
        (0.0, 0.0), "most charge that a cell lacks when another is full", minimum=0, maximum=0.3
    )
    hysteresis_v: tuple[float, float] = setting(
        (0.0, 0.0), "half the gap of a cell's curves", unit="V", minimum=0, maximum=0.2
    )
    activation_factor: tuple[float, float] = setting(
        (1.0, 1.0), "of the resistances' Arrhenius laws", minimum=0.3, maximum=3
    )
    cold_loss_factor: tuple[float, float] = setting((1.0, 1.0), "of the charge lost to cold", minimum=0, maximum=5)
    cold_rate_exponent: tuple[float, float] = setting((0.0, 0.0), "of that loss over current", minimum=0, maximum=1.5)
    cold_charge_c_rate: tuple[float, float] = setting(
        (10.0, 10.0), "taken at charge_min_k", unit="1/h", minimum=0, maximum=20
    )
    coulombic_efficiency: tuple[float, float] = setting(
        (0.97, 0.97), "charge stored over charge taken", minimum=0.5, maximum=1
    )
    self_discharge_month: tuple[float, float] = setting(
        (0.0, 0.0), "lost share a month at 298 K", minimum=0, maximum=0.5
    )
    lockout_v_cell: tuple[float, float] = setting(
        (2.9, 2.9), "weakest cell, converter opens", unit="V", minimum=1.5, maximum=3.5
    )
    freeze_survival: tuple[float, float] = setting(
        (1.0, 1.0), "of the cells in parallel, below 233 K", minimum=0, maximum=1
    )
    converter_fixed_w: tuple[float, float] = setting((0.0, 0.0), "its housekeeping", unit="W", minimum=0, maximum=50)
    converter_loss_share: tuple[float, float] = setting(
        (0.0526, 0.0526), "proportional to power", minimum=0, maximum=0.5
    )
    converter_loss_per_w: tuple[float, float] = setting(
        (0.0, 0.0), "with its square", unit="1/W", minimum=0, maximum=1e-2
    )


class BatteryDraw(NamedTuple):
    """The pack of one run; tuples hold a number for each cell in series."""

    capacity_factor: tuple[float, ...]
    resistance_factor: tuple[float, ...]
    missing_charge: tuple[float, ...]
    """Share of the mean capacity that a cell lacks when the pack is full."""
    freeze_survival: tuple[float, ...]
    curve_share: float
    hysteresis_v: float
    activation_factor: float
    cold_loss_factor: float
    cold_rate_exponent: float
    cold_charge_c_rate: float
    coulombic_efficiency: float
    self_discharge_hz: float
    lockout_v_cell: float
    converter_fixed_w: float
    converter_loss_share: float
    converter_loss_per_w: float


def draw_battery(spread: BatteryTruth, cells: int, rng: np.random.Generator) -> BatteryDraw:
    """Draw a pack of `cells` in series."""
    capacity = uniform(spread.capacity_factor, rng)
    resistance = log_uniform(spread.resistance_factor, rng)
    capacities = capacity * (1.0 + uniform(spread.cell_capacity_sigma, rng) * _sorted_normal(cells, rng))
    resistances = resistance * (1.0 + uniform(spread.cell_resistance_sigma, rng) * _sorted_normal(cells, rng))
    missing = uniform(spread.imbalance, rng) * rng.random(cells)
    # the chain is full when its fullest cell is
    missing = capacity * (missing - missing.min())
    survival = rng.uniform(*spread.freeze_survival, cells)
    return BatteryDraw(
        tuple(capacities.tolist()),
        tuple(np.maximum(resistances, 0.05 * resistance).tolist()),
        tuple(missing.tolist()),
        tuple(survival.tolist()),
        uniform(spread.curve_share, rng),
        uniform(spread.hysteresis_v, rng),
        uniform(spread.activation_factor, rng),
        uniform(spread.cold_loss_factor, rng),
        uniform(spread.cold_rate_exponent, rng),
        uniform(spread.cold_charge_c_rate, rng),
        uniform(spread.coulombic_efficiency, rng),
        -math.log1p(-uniform(spread.self_discharge_month, rng)) / SECONDS_A_MONTH,
        uniform(spread.lockout_v_cell, rng),
        uniform(spread.converter_fixed_w, rng),
        uniform(spread.converter_loss_share, rng),
        uniform(spread.converter_loss_per_w, rng),
    )


@dataclass(frozen=True)
class ArrayTruth:
    """Spread of the solar tower, against `solar_array` of config/rover.yaml."""

    power_factor: tuple[float, float] = setting((0.90, 1.0), "of the rated power", minimum=0, maximum=1.2)
    dust_per_km: tuple[float, float] = setting(
        (0.0, 0.0), "optical depth by driving", unit="1/km", minimum=0, maximum=1
    )
    dust_per_drilled_m: tuple[float, float] = setting((0.0, 0.0), "by drilling", unit="1/m", minimum=0, maximum=1)
    pointing_error_deg: tuple[float, float] = setting(
        (0.0, 0.0), "of the tower's azimuth", unit="deg", minimum=0, maximum=60
    )
    temperature_coefficient_k: tuple[float, float] = setting(
        (0.0, 0.0), "about 301 K", unit="1/K", minimum=-0.01, maximum=0
    )
    tower_height_m: tuple[float, float] = setting((0.0, 0.0), "lowest cells to highest", unit="m", minimum=0, maximum=3)
    dead_strings: tuple[float, float] = setting((0.0, 0.0), "whole number, both ends included", minimum=0, maximum=12)


class ArrayDraw(NamedTuple):
    """The tower of one run."""

    power_factor: float
    dust_per_km: float
    dust_per_drilled_m: float
    pointing_error_rad: float
    temperature_coefficient_k: float
    tower_height_m: float
    dead_strings: tuple[int, ...]
    """Numbers of the strings that give nothing, from the lowest row upwards."""


def draw_array(spread: ArrayTruth, rng: np.random.Generator) -> ArrayDraw:
    """Draw a tower."""
    count = int(rng.integers(int(spread.dead_strings[0]), int(spread.dead_strings[1]) + 1))
    dead = sorted(rng.permutation(ARRAY_STRINGS)[:count].tolist())
    return ArrayDraw(
        uniform(spread.power_factor, rng),
        uniform(spread.dust_per_km, rng),
        uniform(spread.dust_per_drilled_m, rng),
        math.radians(uniform(spread.pointing_error_deg, rng)),
        uniform(spread.temperature_coefficient_k, rng),
        uniform(spread.tower_height_m, rng),
        tuple(int(k) for k in dead),
    )


@dataclass(frozen=True)
class HeatTruth:
    """Spread of heat losses and of the ground's temperature, against `thermal` of config/rover.yaml."""

    box_conductance_w_k: tuple[float, float] = setting(
        (0.12, 0.12), "battery to structure", unit="W/K", minimum=0, maximum=5
    )
    structure_emissivity_factor: tuple[float, float] = setting((1.0, 1.0), "of the insulation", minimum=0.1, maximum=10)
    radiator_leak: tuple[float, float] = setting(
        (0.0, 0.0), "share of the radiator that no louver shuts", minimum=0, maximum=1
    )
    pipe_leak_w_k: tuple[float, float] = setting((0.0, 0.0), "heat pipe when shut", unit="W/K", minimum=0, maximum=1)
    track_conductance_w_k: tuple[float, float] = setting(
        (0.0, 0.0), "structure to ground", unit="W/K", minimum=0, maximum=2
    )
    thermostat_error_k: tuple[float, float] = setting(
        (0.0, 0.0), "of the heater's switch", unit="K", minimum=-10, maximum=10
    )
    slope_share: tuple[float, float] = setting(
        (0.0, 0.0), "of the ground's own incidence in its sunlight", minimum=0, maximum=1
    )
    rough_cosine: tuple[float, float] = setting(
        (0.126, 0.126), "mean of lit facets on level ground", minimum=0, maximum=1
    )
    shade_ground_k: tuple[float, float] = setting(
        (130.0, 130.0), "shadow that the Sun visits", unit="K", minimum=20, maximum=250
    )
    permanent_shadow_k: tuple[float, float] = setting(
        (60.0, 60.0), "by place, uniform", unit="K", minimum=20, maximum=150
    )
    permanent_shadow_patch_m: float = setting(150.0, "correlation length of it", unit="m", minimum=2.5, maximum=5000)
    ground_cooling_h: tuple[float, float] = setting(
        (0.01, 0.01), "time constant in the shade", unit="h", minimum=1e-3, maximum=100
    )
    ground_warming_h: tuple[float, float] = setting(
        (0.01, 0.01), "time constant in the Sun", unit="h", minimum=1e-3, maximum=100
    )


class HeatDraw(NamedTuple):
    """The losses and the ground of one run."""

    box_conductance_w_k: float
    structure_emissivity_factor: float
    radiator_leak: float
    pipe_leak_w_k: float
    track_conductance_w_k: float
    thermostat_error_k: float
    slope_share: float
    rough_cosine: float
    shade_ground_k: float
    permanent_shadow_k: Range
    permanent_shadow_field: SmoothField
    ground_cooling_s: float
    ground_warming_s: float

    def permanent_shadow_at(self, x_m: float, y_m: float) -> float:
        """Return the temperature [K] of permanently shadowed ground at a place, uniform over its range."""
        low, high = self.permanent_shadow_k
        return low + (high - low) * float(ndtr(self.permanent_shadow_field.value(x_m, y_m)))


def draw_heat(spread: HeatTruth, rng: np.random.Generator) -> HeatDraw:
    """Draw losses and ground."""
    return HeatDraw(
        uniform(spread.box_conductance_w_k, rng),
        log_uniform(spread.structure_emissivity_factor, rng),
        uniform(spread.radiator_leak, rng),
        uniform(spread.pipe_leak_w_k, rng),
        uniform(spread.track_conductance_w_k, rng),
        uniform(spread.thermostat_error_k, rng),
        uniform(spread.slope_share, rng),
        uniform(spread.rough_cosine, rng),
        uniform(spread.shade_ground_k, rng),
        spread.permanent_shadow_k,
        draw_smooth_field(spread.permanent_shadow_patch_m, rng),
        3600.0 * log_uniform(spread.ground_cooling_h, rng),
        3600.0 * log_uniform(spread.ground_warming_h, rng),
    )


class PowerDraw(NamedTuple):
    """All of the power system's truth in one run."""

    battery: BatteryDraw
    array: ArrayDraw
    heat: HeatDraw


def _sorted_normal(count: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.clip(rng.standard_normal(count), -_WIDEST_SIGMA, _WIDEST_SIGMA)
