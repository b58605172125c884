# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True needs of many moments at once: every cell's, settled from the last moment to the first."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_analysis.judge.true_need import STEP_COLUMNS, STEP_ROWS, TrueWay, net_j, starts

Array = NDArray[np.float64]

TICK_S = 10.0
"""Moves end at the nearest tick: a metre takes 10 s at full speed, so that moves over level cells take whole ones."""
_LONGEST_TICKS = 128
"""A move over one cell that takes longer, some 20 minutes, is none."""


def true_needs_j(way: TrueWay, x_m: Array, y_m: Array, time_s: Array) -> Array:
    """Return the true need [J] at each of n places and times: as true_need_j, for all in one pass.

    The graph of (cell, tick) has no way back in time, so Dijkstra's order is that of time and takes no heap: a need is
    settled by those after it, as the least of max(0, loss of a move + need at its end), each half of a move by itself.
    Unlike labels that drops no way, and a full battery takes nothing more. It errs either way by light that is met up
    to half a tick early or late at a move. nan where place or time lie outside of what is known, inf as true_need_j.
    """
    out = np.full(len(time_s), np.nan)
    rows: list[tuple[int, int, int]] = []
    frames = way.light.shape[0]
    last = math.floor(frames * way.frame_s / TICK_S)
    for k, (x, y, t) in enumerate(zip(x_m, y_m, time_s, strict=True)):
        if way.start_s <= t < way.start_s + frames * way.frame_s:
            tick = min(round((t - way.start_s) / TICK_S), last)
            rows += [(tick, cell, k) for cell in starts(way, x, y)]
    if not rows:
        return out
    asked = np.array(sorted(rows, reverse=True))
    found = _sweep(way, _ticks(way), last, asked[:, 0], asked[:, 1])
    for (_, _, k), need in zip(asked, found, strict=True):
        out[k] = np.fmin(out[k], need)
    return out


def _ticks(way: TrueWay) -> NDArray[np.int64]:
    """Return the ticks (8, ny * nx) that the moves take; 0 where there is none."""
    taken = np.where(np.isfinite(way.drive_j), np.maximum(np.round(way.drive_s / TICK_S), 1.0), 0.0)
    taken[taken > _LONGEST_TICKS] = 0.0
    return np.ascontiguousarray(taken.reshape(8, -1).astype(np.int64))


@njit(cache=True)
def _sweep(way, ticks, last, asked_tick, asked_cell):  # type: ignore[no-untyped-def]
    """Return the needs [J] at (tick, cell), given with the latest first."""
    frames, ny, nx = way.light.shape
    ring = np.full((_LONGEST_TICKS + 1, ny * nx), np.float32(np.inf))
    out = np.empty(asked_tick.size)
    loss, second = np.empty((9, ny * nx), np.float32), np.empty((8, ny * nx), np.float32)
    home = np.empty(ny * nx, np.bool_)
    next_asked, costed = 0, -1
    ceiling = np.float32(way.capacity_j)
    for k in range(last, -1, -1):
        frame = min(int(k * TICK_S / way.frame_s), frames - 1)
        if frame != costed:
            costed = frame
            _losses(way, frame, ticks, loss, second)
            home[:] = way.home[frame].ravel()
        here = ring[k % ring.shape[0]]
        later = ring[(k + 1) % ring.shape[0]]
        for cell in range(ny * nx):
            if home[cell]:
                here[cell] = 0.0
                continue
            best = later[cell] + loss[8, cell] if k < last else np.float32(np.inf)
            for move in range(8):
                taken = ticks[move, cell]
                if taken > 0 and k + taken <= last:
                    need = ring[(k + taken) % ring.shape[0], cell + STEP_ROWS[move] * nx + STEP_COLUMNS[move]]
                    best = min(best, loss[move, cell] + max(np.float32(0.0), second[move, cell] + need))
            best = max(best, np.float32(0.0))
            here[cell] = best if best <= ceiling else np.float32(np.inf)
        while next_asked < asked_tick.size and asked_tick[next_asked] == k:
            out[next_asked] = here[asked_cell[next_asked]]
            next_asked += 1
    return out


@njit(cache=True)
def _losses(way, frame, ticks, first, second):  # type: ignore[no-untyped-def]
    """Put what the battery loses over both halves of each move, and in row 8 over a tick of waiting."""
    _, ny, nx = way.light.shape
    for i in range(ny):
        for j in range(nx):
            cell = i * nx + j
            first[8, cell] = -net_j(way, i, j, frame, 0.0, TICK_S, way.parked_w)
            for move in range(8):
                if ticks[move, cell] > 0:
                    p, q = i + STEP_ROWS[move], j + STEP_COLUMNS[move]
                    half_j, half_s = 0.5 * way.drive_j[move, i, j], 0.5 * way.drive_s[move, i, j]
                    first[move, cell] = -net_j(way, i, j, frame, half_j, half_s, way.driving_w)
                    second[move, cell] = -net_j(way, p, q, frame, half_j, half_s, way.driving_w)
