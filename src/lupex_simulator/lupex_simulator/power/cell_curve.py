# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Open-circuit voltage of a cell over its charge: that of the rover's data sheet, that of another cell, or between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST_CHARGE = -0.05
"""The tables go on below empty (0), where the voltage collapses; a cell gives nothing beyond."""
CHARGE_STEP = 0.0025

# [S] Chen et al. 2020, J. Electrochem. Soc. 167 080534, LG M50 (NMC 811 against graphite with silicon oxide): lithium
# in either electrode when the cell is empty (2.5 V) and full (4.2 V).
_NEGATIVE = (0.0279, 0.9014)
_POSITIVE = (0.9084, 0.2661)


@dataclass(frozen=True)
class CellCurve:
    """Tables over charge, from LOWEST_CHARGE to 1 in steps of CHARGE_STEP."""

    volts: Array
    energy: Array
    """Integral of the voltage over charge [V], 0 for an empty cell."""
    resistance_shape: Array
    """Charge-transfer resistance over that at half charge."""
    mean_v: float
    """Of the voltage between empty and full."""


def cell_curve(sheet_v: tuple[float, ...], share: float) -> CellCurve:
    """Return the curve `share` of the way from the data sheet's (evenly over charge 0..1) to LG M50's."""
    charge = np.linspace(LOWEST_CHARGE, 1.0, round((1.0 - LOWEST_CHARGE) / CHARGE_STEP) + 1)
    other = lg_m50_voltage(charge)
    sheet = np.interp(charge, np.linspace(0.0, 1.0, len(sheet_v)), sheet_v)
    # a data sheet ends at empty: below it both fall alike
    sheet += np.where(charge < 0.0, other - lg_m50_voltage(np.zeros(1)), 0.0)
    volts = (1.0 - share) * sheet + share * other
    energy = np.concatenate(([0.0], np.cumsum(0.5 * CHARGE_STEP * (volts[1:] + volts[:-1]))))
    empty = round(-LOWEST_CHARGE / CHARGE_STEP)
    energy -= energy[empty]
    return CellCurve(volts, energy, _transfer_shape(charge), float(energy[-1]))


def lg_m50_voltage(charge: Array) -> Array:
    """Return LG M50's open-circuit voltage [V]: the half-cell fits of Chen et al. 2020, eqs. 8 and 9."""
    x, y = _stoichiometry(charge)
    positive = (
        4.4875
        - 0.8090 * y
        - 0.0428 * np.tanh(18.5138 * (y - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (y - 0.3117))
        + 17.5842 * np.tanh(15.9308 * (y - 0.3120))
    )
    negative = (
        1.9793 * np.exp(-39.3631 * x)
        + 0.2482
        - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )
    return np.asarray(positive - negative)


def _stoichiometry(charge: Array) -> tuple[Array, Array]:
    return (
        _NEGATIVE[0] + (_NEGATIVE[1] - _NEGATIVE[0]) * charge,
        _POSITIVE[0] + (_POSITIVE[1] - _POSITIVE[0]) * charge,
    )


def _transfer_shape(charge: Array) -> Array:
    """Charge transfer is slow where an electrode is nearly full or empty: 1 / sqrt(x (1 - x)), [S] Chen et al. 2020."""
    x, y = _stoichiometry(np.clip(charge, 0.0, 1.0))
    shape = 1.0 / np.sqrt(x * (1.0 - x)) + 1.0 / np.sqrt(y * (1.0 - y))
    half_x, half_y = _stoichiometry(np.array([0.5]))
    return np.asarray(shape / (1.0 / np.sqrt(half_x * (1.0 - half_x)) + 1.0 / np.sqrt(half_y * (1.0 - half_y))))
