# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Li-ion pack behind its converter: voltage, resistance, cold capacity and exact energy bookkeeping.

State of charge is charge over nominal charge. In the cold the last part of it cannot be drawn: the pack is empty at
`empty_soc`, above 0. Energies are those stored in the cells; a load on the bus costs more of it (`stored_power_w`).
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lupex_models.rover import Battery

Array = NDArray[np.float64]
REFERENCE_K = 293.15


@dataclass(frozen=True)
class BatteryState:
    """State of charge (0..1 of the nominal charge) and cell temperature."""

    soc: float
    temperature_k: float


class BatteryStep(NamedTuple):
    """Outcome of one step; powers and current are means over it, positive while the battery discharges."""

    state: BatteryState
    terminal_voltage_v: float
    current_a: float
    accepted_w: float
    """Bus power that the battery in fact delivered, or took as a negative number."""
    heat_w: float
    """Into the cells: ohmic, entropic and charge not stored."""
    converter_loss_w: float


def open_circuit_voltage(config: Battery, soc: ArrayLike, temperature_k: ArrayLike = REFERENCE_K) -> Array:
    """Return the pack's open-circuit voltage [V]; soc is clipped to 0..1.

    A table over charge and its entropic shift with temperature (Plett 2015, sect. 2.1).
    """
    cell = np.interp(np.asarray(soc, float), *_nodes(config.cell_voltage_v)) + config.entropic_v_k * (
        np.asarray(temperature_k) - REFERENCE_K
    )
    return np.asarray(config.cells_in_series * cell)


def soc_at_voltage(config: Battery, voltage_v: ArrayLike, temperature_k: ArrayLike = REFERENCE_K) -> Array:
    """Return the state of charge whose open-circuit voltage is `voltage_v`, clipped to 0..1: its inverse."""
    nodes, volts = _nodes(config.cell_voltage_v)
    shift = config.entropic_v_k * (np.asarray(temperature_k, float) - REFERENCE_K)
    return np.asarray(np.interp(np.asarray(voltage_v, float) / config.cells_in_series - shift, volts, nodes))


def resistance(config: Battery, soc: ArrayLike, temperature_k: ArrayLike = REFERENCE_K) -> Array:
    """Return the pack's resistance [ohm]: a shape over charge, Arrhenius over temperature (Plett 2015, sect. 2.3)."""
    shape = np.interp(np.asarray(soc, float), *_nodes(config.resistance_shape))
    cold = np.exp(config.resistance_activation_k * (1.0 / np.asarray(temperature_k) - 1.0 / REFERENCE_K))
    return np.asarray(config.resistance_ohm * shape * cold)


@lru_cache(maxsize=32)
def charge_capacity_c(config: Battery) -> float:
    """Return the nominal charge [C] between empty and full whose energy is `capacity_wh`."""
    volts = np.array(config.cell_voltage_v)
    mean = float(np.mean(0.5 * (volts[1:] + volts[:-1])))
    return config.capacity_wh * 3600.0 / (config.cells_in_series * mean)


def stored_energy_wh(config: Battery, soc: ArrayLike) -> Array:
    """Return the energy [Wh] stored in the cells above soc 0, `capacity_wh` when full.

    Integral of the open-circuit voltage over charge at the reference temperature: what a lossless load would get there
    (Plett 2015, sect. 2.1).
    """
    nodes, volts = _nodes(config.cell_voltage_v)
    per_soc = config.cells_in_series * charge_capacity_c(config) / 3600.0
    step = nodes[1] - nodes[0]
    cumulative = np.concatenate(([0.0], np.cumsum(0.5 * (volts[1:] + volts[:-1]) * step)))
    at = np.clip(np.asarray(soc, float), 0.0, 1.0)
    cell = np.minimum((at / step).astype(int), nodes.size - 2)
    within = at - nodes[cell]
    slope = (volts[cell + 1] - volts[cell]) / step
    return np.asarray(per_soc * (cumulative[cell] + within * (volts[cell] + 0.5 * slope * within)))


def internal_energy_j(config: Battery, soc: ArrayLike) -> Array:
    """Return the cells' internal energy [J] above soc 0, whose fall is exactly the electrical output plus the heat.

    Integral of V - T dV/dT over charge (Bernardi et al. 1985), free of temperature as the entropic term is constant.
    """
    entropic = config.cells_in_series * config.entropic_v_k * REFERENCE_K * charge_capacity_c(config)
    return np.asarray(3600.0 * stored_energy_wh(config, soc) - entropic * np.asarray(soc, float))


def soc_for_energy(config: Battery, energy_wh: ArrayLike) -> Array:
    """Return the state of charge whose stored energy is `energy_wh`, clipped to 0..1: inverse of stored_energy_wh."""
    nodes, volts = _nodes(config.cell_voltage_v)
    step = nodes[1] - nodes[0]
    known = stored_energy_wh(config, nodes)
    energy = np.clip(np.asarray(energy_wh, float), 0.0, known[-1])
    cell = np.clip(np.searchsorted(known, energy, side="right") - 1, 0, nodes.size - 2)
    per_soc = config.cells_in_series * charge_capacity_c(config) / 3600.0
    rest = (energy - known[cell]) / per_soc
    slope = (volts[cell + 1] - volts[cell]) / step
    # stable root of slope/2 d^2 + v d = rest, also for slope 0
    within = 2.0 * rest / (volts[cell] + np.sqrt(volts[cell] ** 2 + 2.0 * slope * rest))
    return np.asarray(nodes[cell] + within)


def empty_soc(config: Battery, temperature_k: ArrayLike) -> Array:
    """Return the state of charge at which nothing more can be drawn; 1 below `discharge_min_k`.

    The share usable in the cold is a table of the rover's file, as data sheets give it (Linden and Reddy 2011).
    """
    kelvin = np.asarray(temperature_k, float)
    share = np.interp(kelvin, config.capacity_temperature_k, config.capacity_share)
    return np.asarray(np.where(kelvin < config.discharge_min_k, 1.0, 1.0 - share))


def usable_energy_wh(config: Battery, soc: ArrayLike, temperature_k: ArrayLike) -> Array:
    """Return the stored energy [Wh] above empty at this temperature, at least 0."""
    floor = stored_energy_wh(config, empty_soc(config, temperature_k))
    return np.asarray(np.maximum(stored_energy_wh(config, soc) - floor, 0.0))


def usable_capacity_j(config: Battery, temperature_k: ArrayLike) -> Array:
    """Return the stored energy [J] of a full pack above empty at this temperature."""
    return 3600.0 * usable_energy_wh(config, 1.0, temperature_k)


def stored_power_w(
    config: Battery, net_load_w: ArrayLike, soc: ArrayLike = 0.5, temperature_k: ArrayLike = REFERENCE_K
) -> Array:
    """Return the rate [W] at which stored energy falls under a net load on the bus; negative while charging.

    Counts converter, ohmic loss and charge efficiency, as `step` does (Plett 2015, sect. 2.3); takes no account of the
    limits that `step` enforces. A load beyond what the pack can deliver counts as the largest one.
    """
    load = np.asarray(net_load_w, float)
    efficiency = config.converter_efficiency
    terminal = np.where(load > 0.0, load / efficiency, load * efficiency)
    volts = open_circuit_voltage(config, soc, temperature_k)
    ohms = resistance(config, soc, temperature_k)
    current = 2.0 * terminal / (volts + np.sqrt(np.maximum(volts**2 - 4.0 * ohms * terminal, 0.0)))
    stored = np.where(current > 0.0, current, current * config.charge_efficiency)
    return np.asarray(stored * open_circuit_voltage(config, soc))


def step(config: Battery, state: BatteryState, power_w: float, dt_s: float) -> BatteryStep:
    """Advance the pack under a net bus power (positive discharges) for `dt_s` [s].

    Open-circuit voltage behind a resistance (Plett 2015, sect. 2.3), heat after Bernardi et al. (1985). Refuses what it
    cannot do, in `accepted_w`: charging below `charge_min_k`, over `charge_max_w` or over the full
    pack's voltage; discharging below `discharge_min_k`, below empty or beyond the power maximum of its resistance.
    Voltage and resistance are those of the middle of the step (midpoint rule); temperature stays: the caller owns the
    heat balance. Raises ValueError for a dt that is not positive and finite, or a power that is not finite.
    """
    if not (dt_s > 0.0 and math.isfinite(dt_s) and math.isfinite(power_w)):
        raise ValueError(f"a battery step needs a finite power and a positive time, not {power_w!r} W and {dt_s!r} s")
    capacity = charge_capacity_c(config)
    kelvin = state.temperature_k
    soc_middle = state.soc
    current = volts = 0.0
    for _ in range(3):
        open_volts = float(open_circuit_voltage(config, soc_middle, kelvin))
        ohms = float(resistance(config, soc_middle, kelvin))
        current = _limited_current(config, state, power_w, open_volts, ohms, capacity, dt_s)
        stored = current if current > 0.0 else current * config.charge_efficiency
        soc_middle = state.soc - 0.5 * stored * dt_s / capacity
        volts = open_volts - current * ohms
    soc = min(max(state.soc - stored * dt_s / capacity, 0.0), 1.0)
    terminal = volts * current
    efficiency = config.converter_efficiency
    accepted = terminal * efficiency if terminal > 0.0 else terminal / efficiency
    entropic = config.cells_in_series * config.entropic_v_k
    heat = current**2 * ohms - stored * entropic * kelvin + (stored - current) * open_volts
    return BatteryStep(BatteryState(soc, kelvin), volts, current, accepted, heat, abs(accepted - terminal))


def _limited_current(
    config: Battery, state: BatteryState, power_w: float, volts: float, ohms: float, capacity_c: float, dt_s: float
) -> float:
    if power_w > 0.0:
        floor = float(empty_soc(config, state.temperature_k))
        available = max(state.soc - floor, 0.0) * capacity_c / dt_s
        terminal = min(power_w / config.converter_efficiency, 0.999 * volts**2 / (4.0 * ohms) if ohms else math.inf)
        return min(2.0 * terminal / (volts + math.sqrt(volts**2 - 4.0 * ohms * terminal)), available)
    if power_w == 0.0 or state.temperature_k < config.charge_min_k:
        return 0.0
    terminal = -min(-power_w * config.converter_efficiency, config.charge_max_w)
    current = 2.0 * terminal / (volts + math.sqrt(volts**2 - 4.0 * ohms * terminal))
    full_volts = float(open_circuit_voltage(config, 1.0, state.temperature_k))
    taper = (full_volts - volts) / ohms if ohms else math.inf
    room = (1.0 - state.soc) * capacity_c / (config.charge_efficiency * dt_s)
    return -min(-current, max(taper, 0.0), max(room, 0.0))


@lru_cache(maxsize=32)
def _nodes(values: tuple[float, ...]) -> tuple[Array, Array]:
    return np.linspace(0.0, 1.0, len(values)), np.array(values)
