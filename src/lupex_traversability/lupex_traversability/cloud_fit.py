# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How a cloud as a whole lies to the ground that was seen before."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_traversability.cloud_binning import BinnedCloud
from lupex_traversability.config import MapConfig
from lupex_traversability.layers import SEEN, Layers

Array = NDArray[np.float64]

_ENOUGH = 500
"""Cells to fit a plane to: of more only every second, third .. is asked."""

_STEPS = 5
"""Of reweighting: from all cells to those that agree."""

_LEAST_SCALE_M = 0.02
"""Cells of one plane scatter about it by as much: the points of a cell are elsewhere in it each time."""


@dataclass(frozen=True)
class CloudFit:
    """Plane offset_m + slope . (place - middle_m) by which a cloud lies above the map, over `cells` that both have.

    The sigmas are the fit's own; `agreeing` is the share of the cells within the gate once the plane is taken away.
    """

    cells: int
    middle_m: tuple[float, float]
    offset_m: float
    slope: tuple[float, float]
    offset_sigma_m: float
    slope_sigma: float
    agreeing: float

    def at(self, x_m: float, y_m: float) -> float:
        """Return how much higher the cloud lies at a place."""
        return self.offset_m + self.slope[0] * (x_m - self.middle_m[0]) + self.slope[1] * (y_m - self.middle_m[1])


def fit_cloud(cloud: BinnedCloud, layers: Layers, corner: tuple[int, int], config: MapConfig) -> CloudFit | None:
    """Compare a cloud with a map whose first cell is `corner`; None where they share too few seen cells to tell."""
    shift = np.array([cloud.corner[0] - corner[0], cloud.corner[1] - corner[1]])
    x, y, above, variance = _shared(
        cloud.cells, cloud.sums, layers.height_m, layers.variance_m2, layers.source, shift, config.sigma_min_m**2
    )
    if above.size < config.fit_cells:
        return None
    each = max(1, above.size // _ENOUGH)
    x, y, above, variance = x[::each], y[::each], above[::each], variance[::each]
    middle_x, middle_y = float(x.mean()), float(y.mean())
    found = _plane(x - middle_x, y - middle_y, above, variance, config.cell_m, config.gate_sigma)
    # the tilt may be open
    if not np.isfinite(found[:4]).all():
        return None
    cell, (row, column) = config.cell_m, cloud.corner
    middle = ((column + 0.5 + middle_x) * cell, (row + 0.5 + middle_y) * cell)
    offset, a, b, offset_sigma, slope_sigma, agreeing = map(float, found)
    return CloudFit(above.size, middle, offset, (a, b), offset_sigma, slope_sigma, agreeing)


def misfit(fit: CloudFit, driven_m: float, config: MapConfig) -> str:
    """Tell what is wrong with a cloud, `driven_m` after the last that was right; empty where nothing is."""
    drift_m = config.gate_sigma * config.drift_m_per_m * driven_m
    if fit.agreeing < config.fit_share:
        return f"only {100.0 * fit.agreeing:.0f} % of {fit.cells} cells are as they were seen before"
    if abs(fit.offset_m) > config.offset_max_m + drift_m + config.gate_sigma * fit.offset_sigma_m:
        return f"it lies {fit.offset_m:+.2f} m off in height against {fit.cells} cells seen before"
    slope = math.hypot(*fit.slope)
    if slope > config.tilt_max_rad + config.gate_sigma * fit.slope_sigma:
        return f"it is tilted by {math.degrees(slope):.1f} deg against {fit.cells} cells seen before"
    return ""


@njit(cache=True)
def _shared(cells, sums, height, variance, source, shift, floor):  # type: ignore[no-untyped-def]
    """Return x, y [cells], cloud over map, and its variance, of the cells that both have seen."""
    n = height.shape[0]
    count = 0
    out = np.empty((4, cells.shape[0]))
    for k in range(cells.shape[0]):
        i, j = cells[k, 0] + shift[0], cells[k, 1] + shift[1]
        if i < 0 or j < 0 or i >= n or j >= n or source[i, j] != SEEN:
            continue
        information = sums[cells[k, 0], cells[k, 1], 0]
        out[0, count] = cells[k, 1]
        out[1, count] = cells[k, 0]
        out[2, count] = sums[cells[k, 0], cells[k, 1], 1] / information - height[i, j]
        out[3, count] = variance[i, j] + 1.0 / information + floor
        count += 1
    return out[0, :count], out[1, :count], out[2, :count], out[3, :count]


@njit(cache=True)
def _plane(x, y, above, variance, cell, gate):  # type: ignore[no-untyped-def]
    """Fit a plane by reweighting (Cauchy's weights); return offset, slopes, their sigmas and the share that agrees."""
    offset, a, b = np.median(above), 0.0, 0.0
    offset_sigma, slope_sigma = np.inf, np.inf
    rest = np.empty(above.size)
    for _ in range(_STEPS):
        for k in range(above.size):
            rest[k] = above[k] - offset - a * x[k] - b * y[k]
        scale = max(1.4826 * np.median(np.abs(rest)), _LEAST_SCALE_M)
        n = sx = sy = sxx = sxy = syy = sz = sxz = syz = 0.0
        for k in range(above.size):
            w = 1.0 / ((variance[k] + scale * scale) * (1.0 + (rest[k] / (2.0 * scale)) ** 2) ** 2)
            n += w
            sx += w * x[k]
            sy += w * y[k]
            sxx += w * x[k] * x[k]
            sxy += w * x[k] * y[k]
            syy += w * y[k] * y[k]
            sz += w * above[k]
            sxz += w * x[k] * above[k]
            syz += w * y[k] * above[k]
        mx, my, mz = sx / n, sy / n, sz / n
        xx, xy, yy = sxx / n - mx * mx, sxy / n - mx * my, syy / n - my * my
        determinant = xx * yy - xy * xy
        if determinant <= 1e-3 * (xx + yy) ** 2:
            # cells in a line leave the tilt across it open
            a, b, slope_sigma = 0.0, 0.0, np.inf
        else:
            xz, yz = sxz / n - mx * mz, syz / n - my * mz
            a, b = (yy * xz - xy * yz) / determinant, (xx * yz - xy * xz) / determinant
            slope_sigma = math.sqrt((xx + yy) / (n * determinant)) / cell
        offset = mz - a * mx - b * my
        offset_sigma = math.sqrt(1.0 / n)
    agreeing = 0
    for k in range(above.size):
        left = above[k] - offset - a * x[k] - b * y[k]
        agreeing += left * left <= gate * gate * max(variance[k], _LEAST_SCALE_M * _LEAST_SCALE_M)
    return np.array([offset, a / cell, b / cell, offset_sigma, slope_sigma, agreeing / above.size])
