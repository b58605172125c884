# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The energy that must never be used, as the rover itself held it."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import Judgement
from lupex_analysis.sortie import Sortie

Array = NDArray[np.float64]


def reserve_wh(custom: Mapping[str, str], sortie: Sortie, rules: Judgement, time_s: Array) -> Array:
    """Return the reserve [Wh] at times: as the power management told it, else the recorder, else the rules.

    Before the first told value the first counts. The recorder holds the share and the nominal capacity; without that
    the share is of the true capacity. nan where nothing is known.
    """
    power, truth = sortie.power, sortie.truth
    told = np.isfinite(power["t"]) & (power["reserve_wh"] > 0)
    if np.any(told):
        return np.asarray(np.interp(time_s, power["t"][told], power["reserve_wh"][told]))
    share = _number(custom, "reserve_fraction", rules.reserve_fraction)
    capacity = _number(custom, "capacity_wh", math.nan)
    if math.isnan(capacity) and len(truth["t"]):
        capacity = float(np.max(truth["capacity_wh"]))
    return np.full(len(time_s), share * capacity)


def _number(custom: Mapping[str, str], key: str, otherwise: float) -> float:
    try:
        value = float(custom.get(key, ""))
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise
