# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The charge that a chain of cells can give before its weakest cell locks out the converter."""

import math

from numba import njit

from lupex_simulator.power.cell_chain import (
    COLLAPSE_V,
    REFERENCE_K,
    at_charge,
    current_for,
    exhausted_charge,
    moment,
    resistances,
)
from lupex_simulator.power.cell_curve import LOWEST_CHARGE


@njit(cache=True)
def charge_above_lockout(chain, charges, power_w, kelvin, lockout_v):  # type: ignore[no-untyped-def]
    """Return the charge [C] that a lasting terminal power draws before the first cell falls to `lockout_v`.

    Lasting: overpotentials and hysteresis are those that the last current brings in the end.
    """
    now = moment(chain, kelvin, 1.0)
    current, drawn = 0.0, 0.0
    for _ in range(5):
        inner, ohms = 0.0, 0.0
        for i in range(charges.size):
            charge = charges[i] - drawn / chain.capacity_c[i]
            ohmic, transfer, diffusion = resistances(chain, i, charge, now)
            inner += _lasting_v(chain, i, charge, kelvin)
            ohms += ohmic + transfer + diffusion
        # the current rises as the voltage falls: it is that of the end
        current = current_for(power_w, max(inner, 0.1), ohms)
        drawn = math.inf
        for i in range(charges.size):
            end = _charge_at_lockout(chain, i, current, now, lockout_v)
            drawn = min(drawn, (charges[i] - end) * chain.capacity_c[i])
        drawn = max(drawn, 0.0)
    return drawn


@njit(cache=True)
def _lasting_v(chain, i, charge, kelvin):  # type: ignore[no-untyped-def]
    return at_charge(chain.volts, charge) + chain.entropic_v_k * (kelvin - REFERENCE_K) - chain.hysteresis_v


@njit(cache=True)
def _charge_at_lockout(chain, i, current, now, lockout_v):  # type: ignore[no-untyped-def]
    low, high = LOWEST_CHARGE, 1.0
    end = exhausted_charge(chain, i, current, now.kelvin)
    for _ in range(18):
        middle = 0.5 * (low + high)
        ohmic, transfer, diffusion = resistances(chain, i, middle, now)
        volts = _lasting_v(chain, i, middle, now.kelvin) - current * (ohmic + transfer + diffusion)
        volts -= COLLAPSE_V * max(end - middle, 0.0)
        if volts < lockout_v:
            low = middle
        else:
            high = middle
    return high
