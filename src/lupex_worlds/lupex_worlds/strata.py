# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What lies under the surface: a dry lag over icy ground, with hard layers; hidden from autonomy."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lupex_worlds.recipe import StrataTruth
from lupex_worlds.smooth_field import SmoothField, draw_smooth_field

DEEPEST_M = 1.5
_LAG_PATCH_SHARE = 0.25

_ROOT_STRENGTH_PA = 2.0e4
"""Strength of dry compacted regolith at 1 m (assumption; Lunar Sourcebook gives kPa at the surface, more below)."""
_ICE_STRENGTH_PA = 3.0e9
"""Strength of ice-cemented regolith over the squared mass fraction: 7.5 MPa at 5 % (assumption after Gertsch 2008)."""
_HARD_STRENGTH_PA = 4.0e6
"""Floor of a hard layer's strength before its factor (assumption: weak rock)."""
_HARDNESS_SCALE_PA = 1.0e7


@dataclass(frozen=True)
class Layer:
    """Properties of the ground at one depth."""

    density_kg_m3: float
    strength_pa: float
    """Unconfined compressive strength."""
    ice_fraction: float
    """Mass of water ice over mass of ground [0..1]."""
    hardness: float
    """0 loose .. 1 rock: how much rotary cutting needs percussion."""


@dataclass(frozen=True)
class HardLayer:
    """A hard layer of the run; its depth wanders with place."""

    top_m: float
    thickness_m: float
    strength_factor: float
    wander: SmoothField


@dataclass(frozen=True)
class Strata:
    """The ground's layers of one run over the whole map."""

    dry_layer_m: float
    ice_in_shadow: float
    ice_in_light: float
    ice_patch_log_sigma: float
    ice_patches: SmoothField
    lag_patches: SmoothField
    hard_layers: tuple[HardLayer, ...]
    in_permanent_shadow: Callable[[float, float], bool]

    def dry_thickness_m(self, x_m: float, y_m: float) -> float:
        """Return the thickness of the ice-free lag at a place."""
        return max(0.0, self.dry_layer_m * (1.0 + _LAG_PATCH_SHARE * self.lag_patches.value(x_m, y_m)))

    def ice_fraction(self, x_m: float, y_m: float, depth_m: float) -> float:
        """Return the mass fraction of water ice; 0 above the surface."""
        if depth_m < self.dry_thickness_m(x_m, y_m):
            return 0.0
        rich = self.ice_in_shadow if self.in_permanent_shadow(x_m, y_m) else self.ice_in_light
        return min(0.9, rich * math.exp(self.ice_patch_log_sigma * self.ice_patches.value(x_m, y_m)))

    def mean_ice_fraction(self, x_m: float, y_m: float, top_m: float, bottom_m: float) -> float:
        """Return the mass-weighted mean ice fraction of a depth interval."""
        if not bottom_m > top_m:
            raise ValueError(f"the interval {top_m}..{bottom_m} m is empty")
        depths = top_m + (np.arange(32) + 0.5) / 32 * (bottom_m - top_m)
        layers = [self.at(x_m, y_m, float(depth)) for depth in depths]
        mass = sum(layer.density_kg_m3 for layer in layers)
        return sum(layer.density_kg_m3 * layer.ice_fraction for layer in layers) / mass

    def at(self, x_m: float, y_m: float, depth_m: float) -> Layer:
        """Return the ground at a place and depth (depth positive down, below the surface)."""
        ice = self.ice_fraction(x_m, y_m, depth_m)
        strength = _ROOT_STRENGTH_PA * math.sqrt(max(depth_m, 0.0) + 0.01) + _ICE_STRENGTH_PA * ice * ice
        for hard in self.hard_layers:
            top = hard.top_m * (1.0 + 0.2 * hard.wander.value(x_m, y_m))
            if top <= depth_m <= top + hard.thickness_m:
                strength = max(strength, _HARD_STRENGTH_PA) * hard.strength_factor
        return Layer(
            dry_density_kg_m3(depth_m) * (1.0 + ice), strength, ice, strength / (strength + _HARDNESS_SCALE_PA)
        )


def dry_density_kg_m3(depth_m: float) -> float:
    """Return the bulk density of dry regolith: 1920 (z + 12.2) / (z + 18), z in cm (Lunar Sourcebook, eq. 9.5)."""
    z_cm = 100.0 * max(depth_m, 0.0)
    return 1920.0 * (z_cm + 12.2) / (z_cm + 18.0)


def draw_strata(
    spread: StrataTruth, in_permanent_shadow: Callable[[float, float], bool], rng: np.random.Generator
) -> Strata:
    """Draw the layers of one run; `in_permanent_shadow` tells of a place (x, y) whether it never sees the Sun."""
    count = int(rng.integers(int(spread.hard_layer_count[0]), int(spread.hard_layer_count[1]) + 1))
    hard = tuple(
        HardLayer(
            float(rng.uniform(0.05, DEEPEST_M)),
            float(rng.uniform(*spread.hard_layer_m)),
            float(rng.uniform(*spread.hard_strength_factor)),
            draw_smooth_field(spread.ice_patch_m, rng),
        )
        for _ in range(count)
    )
    return Strata(
        float(rng.uniform(*spread.dry_layer_m)),
        float(rng.uniform(*spread.ice_in_shadow)),
        float(rng.uniform(*spread.ice_in_light)),
        spread.ice_patch_log_sigma,
        draw_smooth_field(spread.ice_patch_m, rng),
        draw_smooth_field(spread.ice_patch_m, rng),
        hard,
        in_permanent_shadow,
    )
