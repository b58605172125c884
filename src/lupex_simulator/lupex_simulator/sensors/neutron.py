# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Neutron spectrometer: hydrogen in the upper half metre lowers the epithermal rate."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lupex_models.configuration import setting
from lupex_models.rover import Neutron


@dataclass(frozen=True)
class NeutronSettings:
    """How the counting rates answer to buried hydrogen (assumption)."""

    sensed_depth_m: float = setting(0.5, "depth that the counts come from", unit="m", minimum=0.05, maximum=2)
    depth_scale_m: float = setting(0.25, "of the weight of depths, exponential", unit="m", minimum=0.01, maximum=2)
    epithermal_water_scale: float = setting(
        0.055, "water mass fraction that halves the epithermal rate", minimum=0.001, maximum=1
    )
    thermal_water_scale: float = setting(
        0.25, "water mass fraction that halves the thermal rate", minimum=0.001, maximum=1
    )
    samples: int = setting(10, "depths that are summed", minimum=2, maximum=200)


@dataclass(frozen=True)
class NeutronReading:
    """Counts of one integration."""

    integration_s: float
    epithermal: int
    thermal: int


def water_equivalent(ice_fraction_at: Callable[[float], float], settings: NeutronSettings) -> float:
    """Return the depth-weighted water mass fraction that the neutrons feel, given that at a depth in metres."""
    depths = (np.arange(settings.samples) + 0.5) * (settings.sensed_depth_m / settings.samples)
    weights = np.exp(-depths / settings.depth_scale_m)
    fractions = np.array([ice_fraction_at(float(depth)) for depth in depths])
    return float(weights @ fractions / weights.sum())


def rates_hz(sensor: Neutron, settings: NeutronSettings, water_fraction: float) -> tuple[float, float]:
    """Return the expected epithermal and thermal rates over ground of the given water mass fraction."""
    epithermal = sensor.epithermal_rate_hz / (1.0 + water_fraction / settings.epithermal_water_scale)
    thermal = sensor.thermal_rate_hz / (1.0 + water_fraction / settings.thermal_water_scale)
    return epithermal, thermal


def count(
    sensor: Neutron,
    settings: NeutronSettings,
    water_fraction: float,
    integration_s: float,
    rng: np.random.Generator,
) -> NeutronReading:
    """Draw the counts of one integration (Poisson).

    Raises ValueError for a negative or non-finite integration time.
    """
    if not (np.isfinite(integration_s) and integration_s >= 0.0):
        raise ValueError(f"integration_s must be finite and not negative, got {integration_s}")
    epithermal, thermal = rates_hz(sensor, settings, water_fraction)
    return NeutronReading(
        integration_s, int(rng.poisson(epithermal * integration_s)), int(rng.poisson(thermal * integration_s))
    )
