# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is truly there in one run: soil, battery, array and drag, drawn from the recipe's spreads."""

import dataclasses
import math
import zlib
from dataclasses import dataclass

import numpy as np

from lupex_models.soil import NOMINAL_SOIL, Soil
from lupex_worlds.recipe import Range, SoilTruth, VehicleTruth
from lupex_worlds.smooth_field import SmoothField, draw_smooth_field


@dataclass(frozen=True)
class VehicleDraw:
    """Factors on the numbers of config/rover.yaml."""

    battery_capacity_factor: float
    battery_resistance_factor: float
    array_power_factor: float
    drag_factor: float


@dataclass(frozen=True)
class PatchySoil:
    """Soil that varies in patches about the mean of the run, kept within the recipe's spread."""

    mean: Soil
    spread: SoilTruth
    stiffness: SmoothField
    friction: SmoothField

    def at(self, x_m: float, y_m: float) -> Soil:
        """Return the soil at a place of the map."""
        spread = self.spread
        factor = math.exp(spread.patch_log_sigma * self.stiffness.value(x_m, y_m))
        friction_rad = self.mean.friction_angle_rad + math.radians(
            spread.patch_friction_sigma_deg
        ) * self.friction.value(x_m, y_m)
        return dataclasses.replace(
            self.mean,
            kphi=_within(self.mean.kphi * factor, spread.kphi_n_m3),
            cohesion_pa=_within(self.mean.cohesion_pa * factor, spread.cohesion_pa),
            friction_angle_rad=math.radians(_within(math.degrees(friction_rad), spread.friction_angle_deg)),
        )


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


def draw_soil(spread: SoilTruth, rng: np.random.Generator) -> PatchySoil:
    """Draw the run's mean soil and its patches."""
    mean = Soil(
        NOMINAL_SOIL.bekker_n,
        NOMINAL_SOIL.kc,
        _log_uniform(spread.kphi_n_m3, rng),
        _log_uniform(spread.cohesion_pa, rng),
        math.radians(_uniform(spread.friction_angle_deg, rng)),
        _uniform(spread.shear_modulus_m, rng),
    )
    return PatchySoil(mean, spread, draw_smooth_field(spread.patch_m, rng), draw_smooth_field(spread.patch_m, rng))


def _uniform(bounds: Range, rng: np.random.Generator) -> float:
    return float(rng.uniform(bounds[0], bounds[1]))


def _log_uniform(bounds: Range, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1]))))


def _within(value: float, bounds: Range) -> float:
    return min(max(value, bounds[0]), bounds[1])
