# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Spreads: pairs (low, high) in recipes and truth levels, and what is drawn between them."""

import dataclasses
import math
from typing import Any

import numpy as np

from lupex_models.configuration import ConfigurationError

Range = tuple[float, float]
"""A pair (low, high)."""


def check_pairs(section: Any, source: str, prefix: str) -> None:
    """Raise ConfigurationError unless each list of a section and of those within it is a pair (low, high)."""
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        if dataclasses.is_dataclass(value):
            check_pairs(value, source, f"{prefix}{field.name}.")
        elif isinstance(value, tuple) and (len(value) != 2 or value[0] > value[1]):
            raise ConfigurationError(f"{source}: '{prefix}{field.name}' is {list(value)} but takes [low, high]")


def uniform(bounds: Range, rng: np.random.Generator) -> float:
    """Draw one value between two bounds; raises ValueError when they are in the wrong order."""
    low, high = bounds
    if not low <= high:
        raise ValueError(f"a spread runs from low to high, not from {low:g} to {high:g}")
    return float(rng.uniform(low, high))


def log_uniform(bounds: Range, rng: np.random.Generator) -> float:
    """Draw one value between two bounds, as likely within any factor; raises ValueError in the wrong order."""
    return float(np.exp(uniform((math.log(bounds[0]), math.log(bounds[1])), rng)))
