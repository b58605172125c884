# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is truly there in one run: battery, array and drag, drawn from the recipe's spreads."""

import zlib
from dataclasses import dataclass

import numpy as np

from lupex_worlds.recipe import Range, VehicleTruth


@dataclass(frozen=True)
class VehicleDraw:
    """Factors on the numbers of config/rover.yaml."""

    battery_capacity_factor: float
    battery_resistance_factor: float
    array_power_factor: float
    drag_factor: float


def random_stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose: adding a purpose never changes what the others draw."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def draw_vehicle(spread: VehicleTruth, rng: np.random.Generator) -> VehicleDraw:
    """Draw the vehicle's true factors."""
    return VehicleDraw(
        _uniform(spread.battery_capacity_factor, rng),
        _uniform(spread.battery_resistance_factor, rng),
        _uniform(spread.array_power_factor, rng),
        _uniform(spread.drag_factor, rng),
    )


def _uniform(bounds: Range, rng: np.random.Generator) -> float:
    return float(rng.uniform(bounds[0], bounds[1]))
