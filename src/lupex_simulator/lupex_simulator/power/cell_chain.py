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
_COLLAPSE_V = 40.0
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
def _cold_factors(chain, kelvin):  # type: ignore[no-untyped-def]
    """Return what the temperature makes of the resistances: ohmic, charge transfer, diffusion."""
    return (
        _arrhenius(chain, _OHMIC_K, kelvin),
        _arrhenius(chain, _TRANSFER_K, kelvin),
        _arrhenius(chain, _DIFFUSION_K, kelvin),
    )


@njit(cache=True)
def _resistances(chain, i, charge, cold):  # type: ignore[no-untyped-def]
    base = chain.resistance_ohm[i]
    return (
        base * _OHMIC_SHARE * cold[0],
        base * _TRANSFER_SHARE * at_charge(chain.shape, charge) * cold[1],
        base * _DIFFUSION_SHARE * cold[2],
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
    cells = state.shape[0]
    before = stored_energy_j(chain, state[:, CHARGE])
    cold = _cold_factors(chain, kelvin)
    transfer_s, diffusion_s = _TRANSFER_S * cold[1], _DIFFUSION_S * cold[2]
    left_1, left_2 = math.exp(-dt_s / transfer_s), math.exp(-dt_s / diffusion_s)
    mean_1 = (1.0 - left_1) * transfer_s / dt_s
    mean_2 = (1.0 - left_2) * diffusion_s / dt_s
    current = volts = weakest = 0.0
    for _ in range(4):
        inner, ohms = 0.0, 0.0
        taper = math.inf
        for i in range(cells):
            inner_i, ohms_i = _inner(chain, state, i, current, terminal_w > 0.0, kelvin, cold, dt_s, mean_1, mean_2)
            inner += inner_i
            ohms += ohms_i
            taper = min(taper, max(chain.full_v - inner_i, 0.0) / ohms_i)
        current = _possible_current(chain, state, terminal_w, inner, ohms, taper, kelvin, dt_s)
        volts = inner - current * ohms
    weakest = math.inf
    for i in range(cells):
        inner_i, ohms_i = _inner(chain, state, i, current, terminal_w > 0.0, kelvin, cold, dt_s, mean_1, mean_2)
        weakest = min(weakest, inner_i - current * ohms_i)
    leak = chain.self_discharge_hz * math.exp(-_SELF_DISCHARGE_K * (1.0 / kelvin - 1.0 / 298.15)) * dt_s
    stored = current if current > 0.0 else current * chain.coulombic_efficiency
    for i in range(cells):
        _, transfer, diffusion = _resistances(chain, i, state[i, CHARGE], cold)
        _turn_hysteresis(chain, state, i, current, dt_s)
        state[i, TRANSFER_V] = left_1 * state[i, TRANSFER_V] + (1.0 - left_1) * current * transfer
        state[i, DIFFUSION_V] = left_2 * state[i, DIFFUSION_V] + (1.0 - left_2) * current * diffusion
        charge = state[i, CHARGE] - stored * dt_s / chain.capacity_c[i] - leak * max(state[i, CHARGE], 0.0)
        state[i, CHARGE] = min(max(charge, LOWEST_CHARGE), 1.0)
    after = stored_energy_j(chain, state[:, CHARGE])
    return ChainStep(volts * current, volts, current, weakest, (before - after) / dt_s - volts * current)


@njit(cache=True)
def _inner(chain, state, i, current, discharging, kelvin, cold, dt_s, mean_1, mean_2):  # type: ignore[no-untyped-def]
    """Return a cell's mean voltage over the step without its current's share, and the resistance of that share."""
    stored = current if current > 0.0 else current * chain.coulombic_efficiency
    charge = state[i, CHARGE] - 0.5 * stored * dt_s / chain.capacity_c[i]
    ohmic, transfer, diffusion = _resistances(chain, i, state[i, CHARGE], cold)
    inner = at_charge(chain.volts, charge) + chain.entropic_v_k * (kelvin - REFERENCE_K)
    inner += chain.hysteresis_v * state[i, HYSTERESIS]
    inner -= mean_1 * state[i, TRANSFER_V] + mean_2 * state[i, DIFFUSION_V]
    if discharging:
        lasting = state[i, DIFFUSION_V] / max(diffusion, 1e-12)
        inner -= _COLLAPSE_V * max(exhausted_charge(chain, i, lasting, kelvin) - charge, 0.0)
    return inner, ohmic + transfer * (1.0 - mean_1) + diffusion * (1.0 - mean_2)


@njit(cache=True)
def _possible_current(chain, state, terminal_w, inner, ohms, taper, kelvin, dt_s):  # type: ignore[no-untyped-def]
    if terminal_w > 0.0:
        if kelvin < chain.discharge_min_k or inner <= 0.0:
            return 0.0
        power = min(terminal_w, _MOST_OF_PEAK * inner**2 / (4.0 * ohms))
        current = 2.0 * power / (inner + math.sqrt(inner**2 - 4.0 * ohms * power))
        for i in range(state.shape[0]):
            current = min(current, max(state[i, CHARGE] - LOWEST_CHARGE, 0.0) * chain.capacity_c[i] / dt_s)
        return current
    if terminal_w == 0.0 or kelvin < chain.charge_min_k:
        return 0.0
    power = min(-terminal_w, chain.charge_max_w)
    current = 2.0 * power / (inner + math.sqrt(inner**2 + 4.0 * ohms * power))
    # lithium plates out of a cold cell that takes too much: full rate 15 K above the least temperature [L]
    rate = chain.cold_charge_c_rate + max(1.0 - chain.cold_charge_c_rate, 0.0) * min(
        (kelvin - chain.charge_min_k) / 15.0, 1.0
    )
    current = min(current, taper, rate * chain.mean_capacity_c / 3600.0)
    for i in range(state.shape[0]):
        room = max(1.0 - state[i, CHARGE], 0.0) * chain.capacity_c[i]
        current = min(current, room / (chain.coulombic_efficiency * dt_s))
    return -current


@njit(cache=True)
def _turn_hysteresis(chain, state, i, current, dt_s):  # type: ignore[no-untyped-def]
    turned = 1.0 - math.exp(-_HYSTERESIS_RATE * abs(current) * dt_s / chain.capacity_c[i])
    towards = -1.0 if current > 0.0 else 1.0
    state[i, HYSTERESIS] += turned * (towards - state[i, HYSTERESIS])


@njit(cache=True)
def charge_above_lockout(chain, charges, power_w, kelvin, lockout_v):  # type: ignore[no-untyped-def]
    """Return the charge [C] that a lasting terminal power draws before the first cell falls to `lockout_v`.

    Lasting: overpotentials and hysteresis are those that the last current brings in the end.
    """
    cold = _cold_factors(chain, kelvin)
    current, drawn = 0.0, 0.0
    for _ in range(5):
        inner, ohms = 0.0, 0.0
        for i in range(charges.size):
            charge = charges[i] - drawn / chain.capacity_c[i]
            ohmic, transfer, diffusion = _resistances(chain, i, charge, cold)
            inner += _lasting_v(chain, i, charge, kelvin)
            ohms += ohmic + transfer + diffusion
        # the current rises as the voltage falls: it is that of the end
        inner = max(inner, 0.1)
        power = min(power_w, _MOST_OF_PEAK * inner**2 / (4.0 * ohms))
        current = 2.0 * power / (inner + math.sqrt(inner**2 - 4.0 * ohms * power))
        drawn = math.inf
        for i in range(charges.size):
            end = _charge_at_lockout(chain, i, current, kelvin, cold, lockout_v)
            drawn = min(drawn, (charges[i] - end) * chain.capacity_c[i])
        drawn = max(drawn, 0.0)
    return drawn


@njit(cache=True)
def _lasting_v(chain, i, charge, kelvin):  # type: ignore[no-untyped-def]
    return at_charge(chain.volts, charge) + chain.entropic_v_k * (kelvin - REFERENCE_K) - chain.hysteresis_v


@njit(cache=True)
def _charge_at_lockout(chain, i, current, kelvin, cold, lockout_v):  # type: ignore[no-untyped-def]
    low, high = LOWEST_CHARGE, 1.0
    end = exhausted_charge(chain, i, current, kelvin)
    for _ in range(18):
        middle = 0.5 * (low + high)
        ohmic, transfer, diffusion = _resistances(chain, i, middle, cold)
        volts = _lasting_v(chain, i, middle, kelvin) - current * (ohmic + transfer + diffusion)
        volts -= _COLLAPSE_V * max(end - middle, 0.0)
        if volts < lockout_v:
            low = middle
        else:
            high = middle
    return high
