# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of a chain of unequal cells: voltage, two overpotentials, hysteresis, exhaustion in the cold.

A cell is its open-circuit voltage behind a resistance and two RC elements (Plett 2015, sect. 2.4), with a hysteresis
of one state (sect. 2.7). In the cold the last of its charge cannot follow the current: below that charge the voltage
collapses. Heat is what the cells' inner energy loses beyond the electrical output (Bernardi et al. 1985).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_simulator.power.cell_curve import CHARGE_STEP, LOWEST_CHARGE

Array = NDArray[np.float64]

REFERENCE_K = 293.15
CHARGE, TRANSFER_V, DIFFUSION_V, HYSTERESIS = range(4)
"""Columns of a chain's state."""

_OHMIC_SHARE, _TRANSFER_SHARE, _DIFFUSION_SHARE = 0.50, 0.25, 0.25
"""[A] of the data sheet's resistance."""
_OHMIC_K, _TRANSFER_K, _DIFFUSION_K = 2045.0, 4210.0, 3190.0
"""[S] Arrhenius temperatures: electrolyte 17 kJ/mol (Ecker et al. 2015), charge transfer 35 kJ/mol (Chen et al. 2020),
solid diffusion 25..30 kJ/mol (O'Kane et al. 2022)."""
_TRANSFER_S, _DIFFUSION_S = 30.0, 690.0
"""[A] and, for diffusion, R^2 / (pi^2 D) of LG M50's positive particles: 5.22 um, 4e-15 m2/s [S Chen et al. 2020]."""
_HYSTERESIS_RATE = 30.0
"""[L] gamma of Plett 2015, eq. 2.13: a thirtieth of the charge turns it over."""
COLLAPSE_V = 40.0
"""[A] volts over charge below what can follow the current: as steep as LG M50's own end."""
_SHEET_C_RATE = 0.2
"""[L] current of the data sheet's table of cold capacity, over an hour's."""
_SELF_DISCHARGE_K = 6000.0
"""[L] Arrhenius temperature of self-discharge: half at 10 K less."""
_MOST_OF_PEAK = 0.98
"""Of the greatest power that a resistance lets through: beyond, no converter holds its input."""


class Chain(NamedTuple):
    """What does not change in a run, but by freezing; arrays over cells or charge."""

    volts: Array
    energy: Array
    shape: Array
    capacity_c: Array
    resistance_ohm: Array
    cold_k: Array
    cold_lost: Array
    """Share of the charge lost at `cold_k` and the data sheet's current."""
    mean_capacity_c: float
    activation_factor: float
    hysteresis_v: float
    entropic_v_k: float
    cold_loss_factor: float
    cold_rate_exponent: float
    charge_min_k: float
    discharge_min_k: float
    charge_max_w: float
    cold_charge_c_rate: float
    coulombic_efficiency: float
    self_discharge_hz: float
    full_v: float


class ChainStep(NamedTuple):
    """Means over a step; positive while the chain discharges."""

    terminal_w: float
    voltage_v: float
    current_a: float
    weakest_v: float
    heat_w: float


class Moment(NamedTuple):
    """A step of a chain: its temperature, what that makes of the resistances, and the RC elements' mean shares."""

    kelvin: float
    dt_s: float
    ohmic: float
    transfer: float
    diffusion: float
    mean_transfer: float
    """Mean over the step of what is left of the transfer voltage that it began with."""
    mean_diffusion: float


class Source(NamedTuple):
    """The chain as one source over a step."""

    inner_v: float
    ohms: float
    taper_a: float
    """Charging current that brings the fullest cell to its highest voltage."""


@njit(cache=True)
def at_charge(table, charge):  # type: ignore[no-untyped-def]
    """Return a table's value at a charge, its ends beyond."""
    place = (charge - LOWEST_CHARGE) / CHARGE_STEP
    k = int(min(max(place, 0.0), table.size - 2.0))
    return table[k] + (table[k + 1] - table[k]) * min(max(place - k, 0.0), 1.0)


@njit(cache=True)
def _energy_at(chain, charge):  # type: ignore[no-untyped-def]
    """Return the exact integral of the piecewise straight voltage."""
    place = min(max((charge - LOWEST_CHARGE) / CHARGE_STEP, 0.0), chain.volts.size - 1.0)
    k = int(min(place, chain.volts.size - 2.0))
    within = place - k
    slope = chain.volts[k + 1] - chain.volts[k]
    return chain.energy[k] + CHARGE_STEP * within * (chain.volts[k] + 0.5 * slope * within)


@njit(cache=True)
def electrical_energy_j(chain, charges):  # type: ignore[no-untyped-def]
    """Return what a lossless load would get above empty at the reference temperature: voltage over charge."""
    total = 0.0
    for i in range(charges.size):
        total += chain.capacity_c[i] * _energy_at(chain, charges[i])
    return total


@njit(cache=True)
def stored_energy_j(chain, charges):  # type: ignore[no-untyped-def]
    """Return the cells' inner energy above empty: the integral of V - T dV/dT over charge."""
    total = 0.0
    entropic = chain.entropic_v_k * REFERENCE_K
    for i in range(charges.size):
        total += chain.capacity_c[i] * (_energy_at(chain, charges[i]) - entropic * charges[i])
    return total


@njit(cache=True)
def _arrhenius(chain, activation_k, kelvin):  # type: ignore[no-untyped-def]
    return math.exp(chain.activation_factor * activation_k * (1.0 / kelvin - 1.0 / REFERENCE_K))


@njit(cache=True)
def moment(chain, kelvin, dt_s):  # type: ignore[no-untyped-def]
    """Return the Moment of a step; `dt_s` may be infinite."""
    transfer = _arrhenius(chain, _TRANSFER_K, kelvin)
    diffusion = _arrhenius(chain, _DIFFUSION_K, kelvin)
    return Moment(
        kelvin,
        dt_s,
        _arrhenius(chain, _OHMIC_K, kelvin),
        transfer,
        diffusion,
        _mean_left(dt_s / (_TRANSFER_S * transfer)),
        _mean_left(dt_s / (_DIFFUSION_S * diffusion)),
    )


@njit(cache=True)
def _mean_left(spans):  # type: ignore[no-untyped-def]
    return (1.0 - math.exp(-spans)) / spans


@njit(cache=True)
def resistances(chain, i, charge, now):  # type: ignore[no-untyped-def]
    """Return a cell's ohmic, transfer and diffusion resistance [ohm]."""
    base = chain.resistance_ohm[i]
    return (
        base * _OHMIC_SHARE * now.ohmic,
        base * _TRANSFER_SHARE * at_charge(chain.shape, charge) * now.transfer,
        base * _DIFFUSION_SHARE * now.diffusion,
    )


@njit(cache=True)
def exhausted_charge(chain, i, current_a, kelvin):  # type: ignore[no-untyped-def]
    """Return the charge below which a cell cannot follow a lasting current in the cold."""
    lost = chain.cold_loss_factor * np.interp(kelvin, chain.cold_k, chain.cold_lost)
    rate = max(current_a, 0.0) * 3600.0 / (_SHEET_C_RATE * chain.capacity_c[i])
    return min(lost * rate**chain.cold_rate_exponent, 0.95)


@njit(cache=True)
def advance_chain(chain, state, terminal_w, kelvin, dt_s):  # type: ignore[no-untyped-def]
    """Advance `state` (cells, 4) in place by `dt_s` under a wanted terminal power; return ChainStep.

    The current is constant over the step and holds the mean power; charge-dependent values are those of its middle.
    Refuses discharge below `discharge_min_k`, charge below `charge_min_k`, and what the cells cannot give or take.
    """
    before = stored_energy_j(chain, state[:, CHARGE])
    now = moment(chain, kelvin, dt_s)
    discharging = terminal_w > 0.0
    current = 0.0
    for _ in range(4):
        source = _source(chain, state, current, discharging, now)
        current = _possible_current(chain, state, terminal_w, source, now)
    volts = source.inner_v - current * source.ohms
    weakest = math.inf
    for i in range(state.shape[0]):
        inner, ohms = _inner(chain, state, i, current, discharging, now)
        weakest = min(weakest, inner - current * ohms)
    _move(chain, state, current, now)
    after = stored_energy_j(chain, state[:, CHARGE])
    return ChainStep(volts * current, volts, current, weakest, (before - after) / dt_s - volts * current)


@njit(cache=True)
def _move(chain, state, current, now):  # type: ignore[no-untyped-def]
    """Advance the cells' state under a constant current."""
    dt_s, kelvin = now.dt_s, now.kelvin
    left_1, left_2 = math.exp(-dt_s / (_TRANSFER_S * now.transfer)), math.exp(-dt_s / (_DIFFUSION_S * now.diffusion))
    leak = chain.self_discharge_hz * math.exp(-_SELF_DISCHARGE_K * (1.0 / kelvin - 1.0 / 298.15)) * dt_s
    stored = current if current > 0.0 else current * chain.coulombic_efficiency
    for i in range(state.shape[0]):
        _, transfer, diffusion = resistances(chain, i, state[i, CHARGE], now)
        _turn_hysteresis(chain, state, i, current, dt_s)
        state[i, TRANSFER_V] = left_1 * state[i, TRANSFER_V] + (1.0 - left_1) * current * transfer
        state[i, DIFFUSION_V] = left_2 * state[i, DIFFUSION_V] + (1.0 - left_2) * current * diffusion
        charge = state[i, CHARGE] - stored * dt_s / chain.capacity_c[i] - leak * max(state[i, CHARGE], 0.0)
        state[i, CHARGE] = min(max(charge, LOWEST_CHARGE), 1.0)


@njit(cache=True)
def _source(chain, state, current, discharging, now):  # type: ignore[no-untyped-def]
    inner, ohms, taper = 0.0, 0.0, math.inf
    for i in range(state.shape[0]):
        inner_i, ohms_i = _inner(chain, state, i, current, discharging, now)
        inner += inner_i
        ohms += ohms_i
        taper = min(taper, max(chain.full_v - inner_i, 0.0) / ohms_i)
    return Source(inner, ohms, taper)


@njit(cache=True)
def _inner(chain, state, i, current, discharging, now):  # type: ignore[no-untyped-def]
    """Return a cell's mean voltage over the step without its current's share, and the resistance of that share."""
    stored = current if current > 0.0 else current * chain.coulombic_efficiency
    charge = state[i, CHARGE] - 0.5 * stored * now.dt_s / chain.capacity_c[i]
    ohmic, transfer, diffusion = resistances(chain, i, state[i, CHARGE], now)
    inner = at_charge(chain.volts, charge) + chain.entropic_v_k * (now.kelvin - REFERENCE_K)
    inner += chain.hysteresis_v * state[i, HYSTERESIS]
    inner -= now.mean_transfer * state[i, TRANSFER_V] + now.mean_diffusion * state[i, DIFFUSION_V]
    if discharging:
        lasting = state[i, DIFFUSION_V] / max(diffusion, 1e-12)
        inner -= COLLAPSE_V * max(exhausted_charge(chain, i, lasting, now.kelvin) - charge, 0.0)
    return inner, ohmic + transfer * (1.0 - now.mean_transfer) + diffusion * (1.0 - now.mean_diffusion)


@njit(cache=True)
def current_for(power_w, inner_v, ohms):  # type: ignore[no-untyped-def]
    """Return the current of a power behind a resistance, at most near the greatest power; charging is negative."""
    power = min(power_w, _MOST_OF_PEAK * inner_v**2 / (4.0 * ohms))
    return 2.0 * power / (inner_v + math.sqrt(inner_v**2 - 4.0 * ohms * power))


@njit(cache=True)
def _possible_current(chain, state, terminal_w, source, now):  # type: ignore[no-untyped-def]
    if terminal_w > 0.0:
        if now.kelvin < chain.discharge_min_k or source.inner_v <= 0.0:
            return 0.0
        current = current_for(terminal_w, source.inner_v, source.ohms)
        for i in range(state.shape[0]):
            current = min(current, max(state[i, CHARGE] - LOWEST_CHARGE, 0.0) * chain.capacity_c[i] / now.dt_s)
        return current
    if terminal_w == 0.0 or now.kelvin < chain.charge_min_k:
        return 0.0
    current = -current_for(max(terminal_w, -chain.charge_max_w), source.inner_v, source.ohms)
    # lithium plates out of a cold cell that takes too much: full rate 15 K above the least temperature [L]
    warm = min((now.kelvin - chain.charge_min_k) / 15.0, 1.0)
    rate = chain.cold_charge_c_rate + max(1.0 - chain.cold_charge_c_rate, 0.0) * warm
    current = min(current, source.taper_a, rate * chain.mean_capacity_c / 3600.0)
    for i in range(state.shape[0]):
        room = max(1.0 - state[i, CHARGE], 0.0) * chain.capacity_c[i]
        current = min(current, room / (chain.coulombic_efficiency * now.dt_s))
    return -current


@njit(cache=True)
def _turn_hysteresis(chain, state, i, current, dt_s):  # type: ignore[no-untyped-def]
    turned = 1.0 - math.exp(-_HYSTERESIS_RATE * abs(current) * dt_s / chain.capacity_c[i])
    towards = -1.0 if current > 0.0 else 1.0
    state[i, HYSTERESIS] += turned * (towards - state[i, HYSTERESIS])
