# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How constant errors of a sensor are drawn from their spreads."""

import math

import numpy as np

from lupex_worlds.spread import Range, uniform

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

FULL_TRACK_MPS = 0.1
"""Speed of the tracks at which shaking and dust are stated."""


def either_sign(bounds: Range, rng: np.random.Generator) -> float:
    """Draw a size between two bounds and give it a sign by chance."""
    return uniform(bounds, rng) * (1.0 if rng.random() < 0.5 else -1.0)


def three(bounds: Range, rng: np.random.Generator) -> Vector:
    """Draw a size of either sign for each of three axes."""
    return either_sign(bounds, rng), either_sign(bounds, rng), either_sign(bounds, rng)


def small_rotation(bounds_deg: Range, rng: np.random.Generator) -> Vector:
    """Draw a rotation vector [rad]: its angle between two bounds, its axis anywhere on the sphere."""
    angle_rad = math.radians(uniform(bounds_deg, rng))
    axis = rng.standard_normal(3)
    x, y, z = (angle_rad * axis / np.linalg.norm(axis)).tolist()
    return x, y, z


def sensing_matrix(scale_ppm: Range, misalignment_rad: Range, rng: np.random.Generator) -> Matrix:
    """Draw what three sensing axes make of a vector: scale factors on the diagonal, misalignments beside it.

    Row i is what axis i feels of the three true components.
    """
    scale, aside = three(scale_ppm, rng), (three(misalignment_rad, rng), three(misalignment_rad, rng))
    return (
        (1.0 + 1e-6 * scale[0], aside[0][0], aside[0][1]),
        (aside[0][2], 1.0 + 1e-6 * scale[1], aside[1][0]),
        (aside[1][1], aside[1][2], 1.0 + 1e-6 * scale[2]),
    )
