# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Smooth random fields over the plane, known at any point without a grid."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float64]

_WAVES = 48


@dataclass(frozen=True)
class SmoothField:
    """A sum of plane waves: nearly Gaussian, mean 0, variance 1, correlation exp(-(d/L)^2 / 2).

    Source: random Fourier features of the Gaussian kernel (Rahimi and Recht 2007).
    """

    wave_x_rad_m: FloatArray
    wave_y_rad_m: FloatArray
    phase_rad: FloatArray

    def value(self, x_m: float, y_m: float) -> float:
        """Return the field at one point."""
        return float(sum_waves(self.wave_x_rad_m, self.wave_y_rad_m, self.phase_rad, x_m, y_m))


def draw_smooth_field(correlation_m: float, rng: np.random.Generator) -> SmoothField:
    """Draw a field of the given correlation length."""
    return SmoothField(
        rng.normal(0.0, 1.0 / correlation_m, _WAVES),
        rng.normal(0.0, 1.0 / correlation_m, _WAVES),
        rng.uniform(0.0, 2.0 * math.pi, _WAVES),
    )


@njit(cache=True)
def sum_waves(kx: FloatArray, ky: FloatArray, phase: FloatArray, x: float, y: float) -> float:
    """Return a field's value at one point, for numba kernels."""
    total = 0.0
    for k in range(kx.size):
        total += math.cos(kx[k] * x + ky[k] * y + phase[k])
    return total * math.sqrt(2.0 / kx.size)
