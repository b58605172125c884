# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Promises of light drawn from slices, and what the true relief gives there: all over the cell, all the slice long.

The promise is `least_w`; what comes is looked for by the world's own light, which marches rays over the true ground
with its craters and rocks. Nothing of the planner's is used for it but the cell's place and the slice's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models.rover import SolarArray
from lupex_models.solar_array import array_power_w
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import SiteGrid
from lupex_worlds.true_light import TrueLight

Array = NDArray[np.float64]

PLACES_A_SIDE = 6
"""Of a cell of 5 m one a metre, its edges included."""
_MOMENTS = 3
"""Of a slice, its ends included: in 300 s the Sun turns by a sixth of its own radius."""
_SAME = 1e-3
"""Of full light: promises and light this close are the same; a horizon map keeps a skyline to 0.01 deg."""
_DRAWS_MOST = 50


@dataclass(frozen=True)
class Draws:
    """Cells and slices drawn (n), and the shares of full light there: each rule's promise, and what truly comes.

    `got_least` is the least over the cell and the slice, `got_mean` the mean: what a rover gets that stands anywhere in
    the cell. The array's own losses (`array_factor`) are in neither.
    """

    cells: NDArray[np.int64]
    slices: NDArray[np.int64]
    promised: tuple[Array, ...]
    got_least: Array
    got_mean: Array


@dataclass(frozen=True)
class Kept:
    """How promises were kept."""

    promises: int
    broken: float
    broken_by_half: float
    of_mean: float
    """Energy promised over the energy that comes on average over each cell."""
    of_least: float
    """Energy promised over the least that comes all over each cell: what could be promised at the most."""


@dataclass(frozen=True)
class Promised:
    """Slices of one rule on a grid, and the rule's factor of the array."""

    slices: LightSlices
    array_factor: float


def draws(
    truth: TrueLight,
    grid: SiteGrid,
    array: SolarArray,
    utc_offset_s: float,
    rules: Sequence[Promised],
    promises: int,
    rng: np.random.Generator,
) -> Draws:
    """Draw passable cells and slices, all as likely, until the first rule has made so many promises."""
    cells = np.argwhere(grid.passable)
    slices = rules[0].slices
    chosen, at, shares = [], [], []
    made = 0
    for _ in range(_DRAWS_MOST * promises):
        cell, k = cells[rng.integers(len(cells))], int(rng.integers(slices.count))
        full_w = _full_w(truth, array, slices.start_s + utc_offset_s + (k + 0.5) * slices.slice_s)
        share = [float(rule.slices.least_w[k, *cell]) / (full_w * rule.array_factor) for rule in rules]
        chosen.append(cell)
        at.append(k)
        shares.append(share)
        made += share[0] > 0.0
        if made >= promises:
            break
    got = np.array([_got(truth, grid, array, slices, utc_offset_s, cell, k) for cell, k in zip(chosen, at)])
    promised = tuple(np.array(column) for column in zip(*shares))
    return Draws(np.array(chosen), np.array(at), promised, got[:, 0], got[:, 1])


def joined(parts: Sequence[Draws]) -> Draws:
    """Return the draws of several worlds as one."""
    return Draws(
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.slices for part in parts]),
        tuple(np.concatenate(column) for column in zip(*(part.promised for part in parts))),
        np.concatenate([part.got_least for part in parts]),
        np.concatenate([part.got_mean for part in parts]),
    )


def kept(found: Draws, rule: int = 0) -> Kept:
    """Count the broken promises of a rule, and what it promised of the energy that came."""
    promised = found.promised[rule]
    some = promised > 0.0
    count = max(int(some.sum()), 1)
    broken = some & (found.got_least < promised - _SAME)
    by_half = some & (found.got_least < 0.5 * promised - _SAME)
    return Kept(
        int(some.sum()),
        float(broken.sum()) / count,
        float(by_half.sum()) / count,
        float(promised.sum() / found.got_mean.sum()),
        float(promised.sum() / found.got_least.sum()),
    )


def still_broken(
    truth: TrueLight, grid: SiteGrid, array: SolarArray, slices: LightSlices, utc_offset_s: float, found: Draws
) -> int:
    """Count the first rule's broken promises that are broken under another light, too."""
    promised = found.promised[0]
    broken = np.flatnonzero(found.got_least < promised - _SAME)
    got = [_got(truth, grid, array, slices, utc_offset_s, found.cells[at], int(found.slices[at]))[0] for at in broken]
    return int(np.sum(np.array(got) < promised[broken] - _SAME))


def _got(
    truth: TrueLight,
    grid: SiteGrid,
    array: SolarArray,
    slices: LightSlices,
    utc_offset_s: float,
    cell: NDArray[np.int64],
    k: int,
) -> tuple[float, float]:
    """Return the least and the mean share of the disc over a cell and a slice, at the array's height."""
    offsets = np.linspace(-0.5, 0.5, PLACES_A_SIDE) * grid.cell_m
    middle_x, middle_y = grid.place(*cell)
    x, y = (axis.ravel() for axis in np.meshgrid(middle_x + offsets, middle_y + offsets))
    eyes = np.array([truth.height_m(*place) for place in zip(x, y)]) + array.centre_height_m
    begin = slices.start_s + utc_offset_s + k * slices.slice_s
    moments = begin + np.linspace(0.0, slices.slice_s, _MOMENTS)
    shares = np.array([truth.disc_shares(x, y, eyes, float(utc_s)) for utc_s in moments])
    return float(shares.min()), float(shares.mean())


def _full_w(truth: TrueLight, array: SolarArray, utc_s: float) -> float:
    sun = truth.frame.sun(utc_s)
    return float(array_power_w(array, 1.0, np.abs(sun.elevation_rad), sun.distance_m))
