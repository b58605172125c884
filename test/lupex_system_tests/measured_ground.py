# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Small grounds for drives with known truth: a plane, or relief with the spectrum of the ridge, at a mean slope."""

import math

import numpy as np

from lupex_worlds.ground import Ground

CELL_M = 0.25
HURST = 0.93


def relief(seed, half_m=80.0, deviation_m=0.07, slope=(0.0, 0.0), craters_m2=0.015):
    """Return a square of fractal relief with small craters; `deviation_m` is the rms height difference over 1 m.

    Spectral synthesis after Voss: amplitudes fall with the wavenumber to the power -(hurst + 1), waves under 20 m.
    """
    rng = np.random.default_rng([seed, 77])
    n = 2 * round(half_m / CELL_M)
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(n, CELL_M), np.fft.rfftfreq(n, CELL_M), indexing="ij"))
    size = np.zeros_like(k)
    inside = (k > 1.0 / 20.0) & (k < 1.0)
    size[inside] = k[inside] ** -(HURST + 1.0)
    phase = rng.standard_normal(k.shape) + 1j * rng.standard_normal(k.shape)
    heights = np.fft.irfft2(size * phase, s=(n, n))
    step = round(1.0 / CELL_M)
    heights *= deviation_m / math.sqrt(float(np.mean((heights[step:] - heights[:-step]) ** 2)))
    x = (np.arange(n) - n // 2) * CELL_M
    for _ in range(rng.poisson(craters_m2 * (2.0 * half_m) ** 2)):
        radius, depth = 0.5 * rng.pareto(2.0) + 0.5, rng.uniform(0.06, 0.2)
        cx, cy = rng.uniform(-half_m, half_m, 2)
        reach = min(radius, 5.0) * 2.0
        rows, columns = np.abs(x - cy) < reach, np.abs(x - cx) < reach
        r2 = ((x[columns][None, :] - cx) ** 2 + (x[rows][:, None] - cy) ** 2) / min(radius, 5.0) ** 2
        heights[np.ix_(rows, columns)] -= depth * min(radius, 5.0) * (1.0 - r2) * np.exp(-1.5 * r2)
    return _ground(heights, x, slope)


def plane(half_m=80.0, slope=(0.0, 0.0)):
    """Return even ground."""
    n = 2 * round(half_m / CELL_M)
    return _ground(np.zeros((n, n)), (np.arange(n) - n // 2) * CELL_M, slope)


def _ground(heights, x, slope):
    tilted = heights + slope[0] * x[None, :] + slope[1] * x[:, None]
    base = np.zeros((5, 5), np.float32)
    return Ground(tilted.astype(np.float32), x[0], x[0], CELL_M, base, -1000.0, -1000.0, 500.0)
