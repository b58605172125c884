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
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lupex_models.elementwise import elementwise
from lupex_models.rover import Battery

Array = NDArray[np.float64]
REFERENCE_K = 293.15

_CELLS, _CHARGE_C, _OHMS, _ARRHENIUS_K, _ENTROPIC_V_K, _STORED, _CONVERTER, _CHARGE_MAX_W, _CHARGE_MIN_K = range(9)
_DISCHARGE_MIN_K, _VOLTS, _SHAPE, _KELVIN = range(9, 13)
_HEAD = 13
"""A pack as a row for the kernels begins with so many numbers; from _VOLTS on they say where its tables begin."""


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


@lru_cache(maxsize=32)
def battery_row(config: Battery) -> Array:
    """Return the pack as the row that the kernels take: numbers, then its tables.

    These are cell voltages, their integral over charge, the resistance's shape, and the usable share over temperature.
    """
    volts = np.array(config.cell_voltage_v)
    integral = np.concatenate(([0.0], np.cumsum(0.5 * (volts[1:] + volts[:-1]) / (volts.size - 1))))
    tables = (volts, integral, config.resistance_shape, config.capacity_temperature_k, config.capacity_share)
    begins = _HEAD + np.cumsum([0, *(len(table) for table in tables)])
    numbers = (
        config.cells_in_series,
        charge_capacity_c(config),
        config.resistance_ohm,
        config.resistance_activation_k,
        config.entropic_v_k,
        config.charge_efficiency,
        config.converter_efficiency,
        config.charge_max_w,
        config.charge_min_k,
        config.discharge_min_k,
        begins[0],
        begins[2],
        begins[3],
    )
    return np.concatenate([numbers, *tables])


def open_circuit_voltage(config: Battery, soc: ArrayLike, temperature_k: ArrayLike = REFERENCE_K) -> Array:
    """Return the pack's open-circuit voltage [V]; soc is clipped to 0..1.

    A table over charge and its entropic shift with temperature (Plett 2015, sect. 2.1).
    """
    return elementwise(_open_circuit_voltage, (battery_row(config),), soc, temperature_k)


def soc_at_voltage(config: Battery, voltage_v: ArrayLike, temperature_k: ArrayLike = REFERENCE_K) -> Array:
    """Return the state of charge whose open-circuit voltage is `voltage_v`, clipped to 0..1: its inverse."""
    nodes, volts = _nodes(config.cell_voltage_v)
    shift = config.entropic_v_k * (np.asarray(temperature_k, float) - REFERENCE_K)
    return np.asarray(np.interp(np.asarray(voltage_v, float) / config.cells_in_series - shift, volts, nodes))


def resistance(config: Battery, soc: ArrayLike, temperature_k: ArrayLike = REFERENCE_K) -> Array:
    """Return the pack's resistance [ohm]: a shape over charge, Arrhenius over temperature (Plett 2015, sect. 2.3)."""
    return elementwise(_resistance, (battery_row(config),), soc, temperature_k)


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
    return elementwise(_stored_energy_wh, (battery_row(config),), soc)


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
    return elementwise(_empty_soc, (battery_row(config),), temperature_k)


def usable_energy_wh(config: Battery, soc: ArrayLike, temperature_k: ArrayLike) -> Array:
    """Return the stored energy [Wh] above empty at this temperature, at least 0."""
    return elementwise(_usable_energy_wh, (battery_row(config),), soc, temperature_k)


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
    soc, volts, current, accepted, heat, loss = battery_step(
        battery_row(config), state.soc, state.temperature_k, power_w, dt_s
    )
    return BatteryStep(BatteryState(soc, state.temperature_k), volts, current, accepted, heat, loss)


@njit(cache=True)
def battery_step(row, soc, kelvin, power_w, dt_s):  # type: ignore[no-untyped-def]
    """Return (soc, voltage, current, accepted power, heat, converter loss) of `step`, for a `row` of battery_row.

    Open-circuit voltage behind a resistance (Plett 2015, sect. 2.3), heat after Bernardi et al. (1985).
    """
    soc_middle = soc
    current = stored = volts = open_volts = ohms = 0.0
    for _ in range(3):
        open_volts = _open_volts_at(row, soc_middle, kelvin)
        ohms = _ohms_at(row, soc_middle, kelvin)
        current = _limited_current(row, soc, kelvin, power_w, open_volts, ohms, dt_s)
        stored = current if current > 0.0 else current * row[_STORED]
        soc_middle = soc - 0.5 * stored * dt_s / row[_CHARGE_C]
        volts = open_volts - current * ohms
    after = min(max(soc - stored * dt_s / row[_CHARGE_C], 0.0), 1.0)
    terminal = volts * current
    accepted = terminal * row[_CONVERTER] if terminal > 0.0 else terminal / row[_CONVERTER]
    entropic = row[_CELLS] * row[_ENTROPIC_V_K]
    heat = current**2 * ohms - stored * entropic * kelvin + (stored - current) * open_volts
    return after, volts, current, accepted, heat, abs(accepted - terminal)


@njit(cache=True)
def _limited_current(row, soc, kelvin, power_w, volts, ohms, dt_s):  # type: ignore[no-untyped-def]
    capacity_c, converter = row[_CHARGE_C], row[_CONVERTER]
    if power_w > 0.0:
        available = max(soc - _empty_at(row, kelvin), 0.0) * capacity_c / dt_s
        terminal = min(power_w / converter, 0.999 * volts**2 / (4.0 * ohms) if ohms > 0.0 else math.inf)
        return min(2.0 * terminal / (volts + math.sqrt(volts**2 - 4.0 * ohms * terminal)), available)
    if power_w == 0.0 or kelvin < row[_CHARGE_MIN_K]:
        return 0.0
    terminal = -min(-power_w * converter, row[_CHARGE_MAX_W])
    current = 2.0 * terminal / (volts + math.sqrt(volts**2 - 4.0 * ohms * terminal))
    taper = (_open_volts_at(row, 1.0, kelvin) - volts) / ohms if ohms > 0.0 else math.inf
    room = (1.0 - soc) * capacity_c / (row[_STORED] * dt_s)
    return -min(-current, max(taper, 0.0), max(room, 0.0))


@njit(cache=True)
def usable_energy_at(row, soc, kelvin):  # type: ignore[no-untyped-def]
    """Return usable_energy_wh, `row` of battery_row."""
    return max(_stored_at(row, soc) - _stored_at(row, _empty_at(row, kelvin)), 0.0)


@njit(cache=True)
def _even_table(table, at):  # type: ignore[no-untyped-def]
    """Return a table's value, evenly over 0..1; its ends count beyond, nan stays nan."""
    place = at * (table.size - 1)
    if not place > 0.0:
        return table[0] if place <= 0.0 else place
    k = int(min(place, table.size - 2.0))
    return table[k] + (table[k + 1] - table[k]) * min(place - k, 1.0)


@njit(cache=True)
def _open_volts_at(row, soc, kelvin):  # type: ignore[no-untyped-def]
    begin = int(row[_VOLTS])
    volts = _even_table(row[begin : begin + (int(row[_SHAPE]) - begin) // 2], soc)
    return row[_CELLS] * (volts + row[_ENTROPIC_V_K] * (kelvin - REFERENCE_K))


@njit(cache=True)
def _ohms_at(row, soc, kelvin):  # type: ignore[no-untyped-def]
    shape = _even_table(row[int(row[_SHAPE]) : int(row[_KELVIN])], soc)
    return row[_OHMS] * shape * math.exp(row[_ARRHENIUS_K] * (1.0 / kelvin - 1.0 / REFERENCE_K))


@njit(cache=True)
def _stored_at(row, soc):  # type: ignore[no-untyped-def]
    begin, end = int(row[_VOLTS]), int(row[_SHAPE])
    count = (end - begin) // 2
    if math.isnan(soc):
        return soc
    at, step = min(max(soc, 0.0), 1.0), 1.0 / (count - 1)
    k = min(int(at / step), count - 2)
    within, volts = at - k * step, row[begin + k]
    slope = (row[begin + k + 1] - volts) / step
    cell = row[begin + count + k] + within * (volts + 0.5 * slope * within)
    return row[_CELLS] * row[_CHARGE_C] / 3600.0 * cell


@njit(cache=True)
def _empty_at(row, kelvin):  # type: ignore[no-untyped-def]
    if kelvin < row[_DISCHARGE_MIN_K]:
        return 1.0
    begin = int(row[_KELVIN])
    count = (row.size - begin) // 2
    return 1.0 - np.interp(kelvin, row[begin : begin + count], row[begin + count :])


@njit(cache=True)
def _open_circuit_voltage(row, soc, kelvin):  # type: ignore[no-untyped-def]
    out = np.empty(soc.size)
    for i in range(soc.size):
        out[i] = _open_volts_at(row, soc[i], kelvin[i])
    return out


@njit(cache=True)
def _resistance(row, soc, kelvin):  # type: ignore[no-untyped-def]
    out = np.empty(soc.size)
    for i in range(soc.size):
        out[i] = _ohms_at(row, soc[i], kelvin[i])
    return out


@njit(cache=True)
def _usable_energy_wh(row, soc, kelvin):  # type: ignore[no-untyped-def]
    out = np.empty(soc.size)
    for i in range(soc.size):
        out[i] = usable_energy_at(row, soc[i], kelvin[i])
    return out


@njit(cache=True)
def _stored_energy_wh(row, soc):  # type: ignore[no-untyped-def]
    out = np.empty(soc.size)
    for i in range(soc.size):
        out[i] = _stored_at(row, soc[i])
    return out


@njit(cache=True)
def _empty_soc(row, kelvin):  # type: ignore[no-untyped-def]
    out = np.empty(kelvin.size)
    for i in range(kelvin.size):
        out[i] = _empty_at(row, kelvin[i])
    return out


@lru_cache(maxsize=32)
def _nodes(values: tuple[float, ...]) -> tuple[Array, Array]:
    return np.linspace(0.0, 1.0, len(values)), np.array(values)
