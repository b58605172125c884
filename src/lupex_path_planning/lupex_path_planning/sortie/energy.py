# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the clock and the battery do in a sortie: stays and moves, integrated slice by slice over the same seconds."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class World(NamedTuple):
    """What the search moves in: moves (8, ny, nx), light, need and havens (slices, ny, nx), cells to end in (ny, nx).

    `earth` (slices, ny, nx) tells where the Earth is in view all through a slice; it is empty where nobody asks.
    `rates`: start, slice, discharge, charge, charge limit, capacity.
    """

    time_s: NDArray[np.float64]
    power_w: NDArray[np.float64]
    parked_w: float
    expected: NDArray[np.float32]
    need: NDArray[np.float32]
    arrived: NDArray[np.uint8]
    ends: NDArray[np.bool_]
    earth: NDArray[np.bool_]
    rates: NDArray[np.float64]


@njit(cache=True, nogil=True)
def draw(energy, t, duration, load, i, j, expected, rates):  # type: ignore[no-untyped-def]
    """Return (energy afterwards, lowest on the way) of drawing `load` [W] in a cell for `duration`, beside the array.

    `rates`: start, slice, discharge, charge, charge limit, capacity.
    """
    start, slice_s, discharge, charge, charge_max, capacity = rates
    lowest = energy
    end = t + duration
    count = expected.shape[0]
    while t < end - 1e-9:
        k = math.floor((t - start) / slice_s + 1e-12)
        until = min(end, start + (k + 1) * slice_s)
        sun = expected[k, i, j] if 0 <= k < count else 0.0
        net = load - sun
        if net > 0.0:
            energy -= net * discharge * (until - t)
        else:
            energy = min(capacity, energy + min(-net, charge_max) * charge * (until - t))
        lowest = min(lowest, energy)
        t = until
    return energy, lowest


@njit(cache=True, nogil=True)
def _kept(energy, duration, load, sun, rates):  # type: ignore[no-untyped-def]
    """Return what draw does, within one slice."""
    net = load - sun
    if net > 0.0:
        return energy - net * rates[2] * duration
    return min(rates[5], energy + min(-net, rates[4]) * rates[3] * duration)


@njit(cache=True, nogil=True)
def slice_at(t, rates):  # type: ignore[no-untyped-def]
    """Return the slice that holds a time; it may lie outside the light."""
    return math.floor((t - rates[0]) / rates[1] + 1e-12)


@njit(cache=True, nogil=True)
def stays(energy, t, duration, load, i, j, world, margin):  # type: ignore[no-untyped-def]
    """Return the energy after a stay in a cell, -inf where it falls below the need of any slice that it touches."""
    start, slice_s = world.rates[0], world.rates[1]
    end = t + duration
    k = slice_at(t, world.rates)
    if 0 <= k < world.need.shape[0] and end <= start + (k + 1) * slice_s:
        asked = float(world.need[k, i, j]) + margin
        left = _kept(energy, duration, load, float(world.expected[k, i, j]), world.rates)
        return left if min(energy, left) >= asked else -math.inf
    while t < end - 1e-9:
        k = slice_at(t, world.rates)
        if k < 0 or k >= world.need.shape[0]:
            return -math.inf
        asked = float(world.need[k, i, j]) + margin
        if not energy >= asked:
            return -math.inf
        until = min(end, start + (k + 1) * slice_s)
        energy, _ = draw(energy, t, until - t, load, i, j, world.expected, world.rates)
        if not energy >= asked:
            return -math.inf
        t = until
    return energy


@njit(cache=True, nogil=True)
def seen(t, end, i, j, world):  # type: ignore[no-untyped-def]
    """Tell whether the Earth is in view in a cell from a time to another."""
    k = slice_at(t, world.rates)
    last = slice_at(max(end - 1e-6, t), world.rates)
    if k < 0 or last >= world.earth.shape[0]:
        return False
    while k <= last:
        if not world.earth[k, i, j]:
            return False
        k += 1
    return True


@njit(cache=True, nogil=True)
def drive(energy, t, seconds, load, i, j, p, q, world):  # type: ignore[no-untyped-def]
    """Return the energy after a move: half of it in the light of either cell."""
    middle = t + 0.5 * seconds
    k = slice_at(t, world.rates)
    if 0 <= k < world.expected.shape[0] and t + seconds <= world.rates[0] + (k + 1) * world.rates[1]:
        half = _kept(energy, 0.5 * seconds, load, float(world.expected[k, i, j]), world.rates)
        return _kept(half, 0.5 * seconds, load, float(world.expected[k, p, q]), world.rates)
    half, _ = draw(energy, t, 0.5 * seconds, load, i, j, world.expected, world.rates)
    left, _ = draw(half, middle, 0.5 * seconds, load, p, q, world.expected, world.rates)
    return left
