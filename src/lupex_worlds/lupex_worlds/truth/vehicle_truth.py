# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How hard the tracks truly run."""

from dataclasses import dataclass

import numpy as np

from lupex_models.configuration import setting


@dataclass(frozen=True)
class VehicleTruth:
    """Spread of the vehicle itself; the default is that of the level `kind`."""

    drag_factor: tuple[float, float] = setting(
        (0.9, 1.25), "uniform, of the tracks' internal resistance in config/rover.yaml", minimum=0.3, maximum=4
    )


@dataclass(frozen=True)
class VehicleDraw:
    """Factors on the numbers of config/rover.yaml in one run."""

    drag_factor: float


def draw_vehicle(spread: VehicleTruth, rng: np.random.Generator) -> VehicleDraw:
    """Draw the vehicle of one run."""
    return VehicleDraw(float(rng.uniform(*spread.drag_factor)))
