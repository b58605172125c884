# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Displacement of a scan against an elevation patch, by the heights alone, and what the relief can tell of it.

Least squares of heights over displacement and tilt, begun at the best of a grid of displacements, so that it does not
settle where it began. The patch's slopes carry noise, which would pass for relief and confirm whatever was guessed:
what they tell is counted by the products of slopes from two halves of the points, whose noise has nothing in common (an
instrumental variable; Fuller 1987). A direction in which little is left of them tells nothing, nor one in which their
sum is no larger than chance makes it: on ground without relief a few products of noise would pass for a hill.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization.ground_patch import surface

Array = npt.NDArray[np.float64]

_STEP_M = 0.08
_ITERATIONS = 10
_BLOCK_CELLS = 2
"""Side of a block: slopes nearer to each other share points."""
_UNKNOWN_M2 = 25.0
"""Variance of a displacement along which the ground says nothing."""


@dataclass(frozen=True)
class Match:
    """Correction of the guess (3,) in the patch's axes, its covariance (3, 3), and the share of points that met."""

    correction_m: Array
    covariance: Array
    overlap: float
    residual_m: float
    """Robust one sigma of the heights that are left over."""


@dataclass(frozen=True)
class MatchSettings:
    """Numbers of the matching."""

    cell_m: float
    tilt_sigma_rad: float
    """Between scan and patch: mountings, attitude."""
    floor_m: float
    """No displacement is told better than that."""
    alike_points: float
    """Points whose errors are alike."""
    misfit_per_m: float
    """Slopes that scans show which do not fit each other, over the heights that are left over."""
    relief_share: float
    """Of the squares of the slopes that must be left once their noise is taken out."""
    relief_sigmas: float
    """Of its own chance by which what is left must exceed nothing."""


def match(planes: Array, points: Array, window_m: float, settings: MatchSettings) -> Match | None:
    """Match points (m, 3), in the patch's axes as guessed, within a window; None where too few of them meet it."""
    dx, dy = _coarse(planes, points, settings.cell_m, window_m)
    correction, information, blocks, left, met = _refined(
        planes, points, settings.cell_m, settings.tilt_sigma_rad, dx, dy
    )
    overlap = met / points.shape[0]
    if met < 100 or not np.isfinite(correction).all():
        return None
    covariance = _covariance(information, blocks, left, settings)
    return Match(correction[:3].copy(), covariance, overlap, left)


def _covariance(information: Array, blocks: Array, left_m: float, settings: MatchSettings) -> Array:
    """Return the displacement's covariance from (2, 5, 5): the normal matrices by both halves' slopes, and by all.

    `blocks` (b, 2, 2) are the shares of blocks of ground in the former.
    """
    common, whole = information[0].copy(), information[1]
    # scans that do not quite fit each other make slopes too, in both halves alike
    common[:2, :2] -= np.eye(2) * whole[2, 2] * (settings.misfit_per_m * left_m) ** 2
    rest = np.linalg.inv(common[2:, 2:])
    follow = rest @ common[2:, :2]
    # what is left of the slopes once height and tilt are free as well
    values, vectors = np.linalg.eigh(common[:2, :2] - common[:2, 2:] @ follow)
    raw = np.einsum("ik,ij,jk->k", vectors, whole[:2, :2], vectors)
    shares = np.einsum("ik,bij,jk->kb", vectors, blocks, vectors)
    chance = np.sqrt(np.square(shares).sum(axis=1))
    told = (values > settings.relief_share * raw) & (shares.sum(axis=1) > settings.relief_sigmas * chance)
    scale = left_m**2 * settings.alike_points
    known = (vectors[:, told] * (scale / values[told])) @ vectors[:, told].T
    made = np.zeros((3, 3))
    made[:2, :2] = known
    made[2, :2] = made[:2, 2] = -follow[0] @ known
    made[2, 2] = scale * rest[0, 0] + follow[0] @ known @ follow[0]
    open_axes = vectors[:, ~told]
    made[:2, :2] += _UNKNOWN_M2 * open_axes @ open_axes.T
    return np.asarray(made + np.eye(3) * settings.floor_m**2)


@njit(cache=True)
def _coarse(planes, points, cell, window):  # type: ignore[no-untyped-def]
    """Return the displacement (x, y) of a grid in the window with the least clipped variance of heights."""
    steps = math.ceil(window / _STEP_M)
    stride = max(1, points.shape[0] // 500)
    best, best_x, best_y = math.inf, 0.0, 0.0
    left = np.empty(points.shape[0] // stride + 1)
    for i in range(-steps, steps + 1):
        for j in range(-steps, steps + 1):
            dx, dy = j * _STEP_M, i * _STEP_M
            met, total = 0, 0.0
            for k in range(0, points.shape[0], stride):
                height = surface(planes, points[k, 0] + dx, points[k, 1] + dy, cell)[0]
                if height == height:
                    left[met] = points[k, 2] - height
                    total += left[met]
                    met += 1
            if met < 30:
                continue
            middle = np.median(left[:met])
            spread = 0.0
            for k in range(met):
                spread += min((left[k] - middle) ** 2, 0.01)
            # nearer to the guess where nothing tells them apart
            cost = spread / met * (1.0 + 1e-3 * (i * i + j * j))
            if cost < best:
                best, best_x, best_y = cost, dx, dy
    return best_x, best_y


@njit(cache=True)
def _refined(planes, points, cell, tilt_sigma, dx, dy):  # type: ignore[no-untyped-def]
    """Return (correction (5,), information (2, 5, 5), blocks (b, 2, 2), residual sigma, points met).

    Gauss-Newton with Tukey's weights. Unknowns: displacement, and tilt about x and y. The first information takes the
    slopes' squares from both halves; blocks of ground say how much of them is whose.
    """
    m = points.shape[0]
    side = planes.shape[1] // _BLOCK_CELLS + 1
    blocks = np.zeros((side * side, 2, 2))
    block = np.empty(m, np.int64)
    d = np.zeros(5)
    d[0], d[1] = dx, dy
    left, rows, apart = np.empty(m), np.empty((m, 5)), np.empty((m, 2))
    sigma, met = 0.0, 0
    information = np.zeros((2, 5, 5))
    for turn in range(_ITERATIONS):
        met = 0
        for k in range(m):
            height, gx, gy, hx, hy = surface(planes, points[k, 0] + d[0], points[k, 1] + d[1], cell)
            if height == height:
                left[met] = points[k, 2] + d[2] + d[3] * points[k, 1] - d[4] * points[k, 0] - height
                row = rows[met]
                row[0], row[1], row[2] = -0.5 * (gx + hx), -0.5 * (gy + hy), 1.0
                row[3], row[4] = points[k, 1], -points[k, 0]
                apart[met, 0], apart[met, 1] = 0.5 * (gx - hx), 0.5 * (gy - hy)
                block[met] = _block(points[k, 0] + d[0], points[k, 1] + d[1], cell, planes.shape[1], side)
                met += 1
        if met < 100:
            break
        if turn == 0:
            middle = np.median(left[:met])
            d[2] -= middle
            left[:met] -= middle
        sigma = max(1.4826 * np.median(np.abs(left[:met])), 2e-3)
        whole, b = _normal(rows, left, met, 4.0 * sigma)
        # the tilt is known beforehand
        hold = (sigma / tilt_sigma) ** 2
        for i in (3, 4):
            whole[i, i] += hold
            b[i] -= hold * d[i]
        step = np.linalg.solve(whole + np.eye(5) * (1e-9 * met), b)
        for i in range(2):
            step[i] = min(max(step[i], -0.1), 0.1)
        d += step
        if abs(step[0]) + abs(step[1]) + abs(step[2]) < 2e-4 or turn == _ITERATIONS - 1:
            information[0], information[1] = whole, whole
            _share_out(blocks, block, rows, apart, left, met, 4.0 * sigma)
            # products of the halves' slopes, free of their noise
            information[0, :2, :2] = blocks.sum(axis=0)
            break
    return d, information, blocks, sigma, met


@njit(cache=True)
def _block(x, y, cell, n, side):  # type: ignore[no-untyped-def]
    middle = 0.5 * (n - 1)
    return int((y / cell + middle) / _BLOCK_CELLS) * side + int((x / cell + middle) / _BLOCK_CELLS)


@njit(cache=True)
def _share_out(blocks, block, rows, apart, left, met, wide):  # type: ignore[no-untyped-def]
    """Add to each block of ground the products of both halves' slopes at its points."""
    for k in range(met):
        u = left[k] / wide
        if abs(u) < 1.0:
            w = (1.0 - u * u) ** 2
            for i in range(2):
                for j in range(2):
                    blocks[block[k], i, j] += w * (rows[k, i] * rows[k, j] - apart[k, i] * apart[k, j])


@njit(cache=True)
def _normal(rows, left, met, wide):  # type: ignore[no-untyped-def]
    a, b = np.zeros((5, 5)), np.zeros(5)
    for k in range(met):
        u = left[k] / wide
        if abs(u) < 1.0:
            w = (1.0 - u * u) ** 2
            for i in range(5):
                b[i] -= w * rows[k, i] * left[k]
                for j in range(i + 1):
                    a[i, j] += w * rows[k, i] * rows[k, j]
    for i in range(5):
        for j in range(i):
            a[j, i] = a[i, j]
    return a, b
