# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels: whether the vehicle's outline, standing, moving straight or turning, stays on seen and safe cells.

The outline is a rectangle; a cell counts as touched when its square and the rectangle overlap, to rounding. Between the
poses looked at no point of the outline moves by more than a step, and the rectangle is larger by half of it all around:
nothing that the motion sweeps is missed. `numbers` are those of `outline_numbers`.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEP_SHARE = 0.1
"""Step over the side of a cell: the outline counts as larger by half of it, a centimetre on cells of 0.2 m."""

_ROUNDING_M = 1e-9


def outline_numbers(
    cell_m: float, x0_m: float, y0_m: float, half_length_m: float, half_width_m: float
) -> NDArray[np.float64]:
    """Return (cell, x and y of the costmap's corner, half length and width grown by half a step, step, radius)."""
    step = _STEP_SHARE * cell_m
    length, width = half_length_m + 0.5 * step, half_width_m + 0.5 * step
    return np.array([cell_m, x0_m, y0_m, length, width, step, math.hypot(length, width)])


@njit(cache=True, nogil=True)
def depth(x, y, yaw, half_length, half_width, cell_x, cell_y, cell):  # type: ignore[no-untyped-def]
    """Return how far [m] the outline at a pose overlaps a cell, along the axis that parts them soonest; <= 0: not."""
    c, s = math.cos(yaw), math.sin(yaw)
    dx, dy, half = cell_x - x, cell_y - y, 0.5 * cell
    extent = half * (abs(c) + abs(s))
    deep = min(half_length + extent - abs(c * dx + s * dy), half_width + extent - abs(c * dy - s * dx))
    deep = min(deep, abs(c) * half_length + abs(s) * half_width + half - abs(dx))
    return min(deep, abs(s) * half_length + abs(c) * half_width + half - abs(dy))


@njit(cache=True, nogil=True)
def _bounds(x, y, yaw, numbers):  # type: ignore[no-untyped-def]
    """Return the first and last row and the first and last column that the outline can reach."""
    cell, x0, y0, length, width = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    c, s = abs(math.cos(yaw)), abs(math.sin(yaw))
    along_x, along_y = c * length + s * width, s * length + c * width
    return (
        math.floor((y - along_y - y0) / cell),
        math.floor((y + along_y - y0) / cell),
        math.floor((x - along_x - x0) / cell),
        math.floor((x + along_x - x0) / cell),
    )


@njit(cache=True, nogil=True)
def excused(cost, x, y, yaw, numbers, least):  # type: ignore[no-untyped-def]
    """Return (ny, nx) how deep each cell may lie in the outline: none, but for what touches it where it stands.

    That may go no deeper than it does there or than what touches the outline right beside it does, or `least` [m].
    """
    ny, nx = cost.shape
    touched = np.zeros((ny, nx), np.float32)
    allowed = np.zeros((ny, nx), np.float32)
    cell, x0, y0 = numbers[0], numbers[1], numbers[2]
    top, bottom, left, right = _bounds(x, y, yaw, numbers)
    for i in range(max(top, 0), min(bottom + 1, ny)):
        for j in range(max(left, 0), min(right + 1, nx)):
            if 0 <= cost[i, j] < 100:
                continue
            at_x, at_y = x0 + cell * (j + 0.5), y0 + cell * (i + 0.5)
            deep = depth(x, y, yaw, numbers[3], numbers[4], at_x, at_y, cell)
            if deep > _ROUNDING_M:
                touched[i, j] = deep
    for i in range(max(top, 0), min(bottom + 1, ny)):
        for j in range(max(left, 0), min(right + 1, nx)):
            if touched[i, j] > 0.0:
                beside = touched[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].max()
                allowed[i, j] = max(beside, least)
    return allowed


@njit(cache=True, nogil=True)
def stands(cost, clearance, allowed, x, y, yaw, numbers):  # type: ignore[no-untyped-def]
    """Tell whether the outline at a pose touches no lethal, unknown or unseen cell deeper than is allowed."""
    ny, nx = cost.shape
    cell, x0, y0 = numbers[0], numbers[1], numbers[2]
    row, column = math.floor((y - y0) / cell), math.floor((x - x0) / cell)
    # from the centre of a cell to a place in it, and from a cell's edge to its corner, it is less than a cell in all
    if 0 <= row < ny and 0 <= column < nx and clearance[row, column] >= numbers[6] + cell:
        return True
    top, bottom, left, right = _bounds(x, y, yaw, numbers)
    for i in range(top, bottom + 1):
        for j in range(left, right + 1):
            limit = 0.0
            if 0 <= i < ny and 0 <= j < nx:
                if 0 <= cost[i, j] < 100:
                    continue
                limit = allowed[i, j]
            at_x, at_y = x0 + cell * (j + 0.5), y0 + cell * (i + 0.5)
            if depth(x, y, yaw, numbers[3], numbers[4], at_x, at_y, cell) > limit * (1.0 + 1e-6) + _ROUNDING_M:
                return False
    return True


@njit(cache=True, nogil=True)
def turns(cost, clearance, allowed, x, y, yaw, by, numbers):  # type: ignore[no-untyped-def]
    """Tell whether the outline may turn on the spot from a heading by an angle; the first heading is not looked at."""
    count = math.ceil(abs(by) * numbers[6] / numbers[5])
    k = 1
    while k <= count and stands(cost, clearance, allowed, x, y, yaw + by * k / count, numbers):
        k += 1
    return k > count


@njit(cache=True, nogil=True)
def moves(cost, clearance, allowed, x, y, to_x, to_y, yaw, numbers):  # type: ignore[no-untyped-def]
    """Tell whether the outline may move straight from place to place with a heading held."""
    count = math.ceil(math.hypot(to_x - x, to_y - y) / numbers[5])
    for k in range(count + 1):
        share = k / max(count, 1)
        if not stands(cost, clearance, allowed, x + share * (to_x - x), y + share * (to_y - y), yaw, numbers):
            return False
    return True


@njit(cache=True, nogil=True)
def swept(cost, clearance, allowed, pose, motion, numbers):  # type: ignore[no-untyped-def]
    """Return (share, row, column) of the first cell that the outline runs into on its way; a share of 2: none.

    `motion` is what the body does from its pose (x, y, yaw), at constant rates: metres ahead and to the left along its
    own axes, and the angle turned meanwhile.
    """
    ahead, left, turn = motion
    count = math.ceil((math.hypot(ahead, left) + abs(turn) * numbers[6]) / numbers[5])
    for k in range(count + 1):
        share = k / max(count, 1)
        by = turn * share
        # along the chord of the arc, which is half the turn off the first heading
        chord = math.sin(0.5 * by) / (0.5 * by) if by != 0.0 else 1.0
        c, s = share * chord * math.cos(pose[2] + 0.5 * by), share * chord * math.sin(pose[2] + 0.5 * by)
        x, y, yaw = pose[0] + ahead * c - left * s, pose[1] + ahead * s + left * c, pose[2] + by
        if not stands(cost, clearance, allowed, x, y, yaw, numbers):
            row, column = _deepest(cost, allowed, x, y, yaw, numbers)
            return share, row, column
    return 2.0, -1, -1


@njit(cache=True, nogil=True)
def _deepest(cost, allowed, x, y, yaw, numbers):  # type: ignore[no-untyped-def]
    """Return the cell that the outline overlaps by most beyond what is allowed; it may lie off the costmap."""
    ny, nx = cost.shape
    cell, x0, y0 = numbers[0], numbers[1], numbers[2]
    top, bottom, left, right = _bounds(x, y, yaw, numbers)
    most, row, column = -np.inf, top, left
    for i in range(top, bottom + 1):
        for j in range(left, right + 1):
            limit = 0.0
            if 0 <= i < ny and 0 <= j < nx:
                if 0 <= cost[i, j] < 100:
                    continue
                limit = allowed[i, j]
            at_x, at_y = x0 + cell * (j + 0.5), y0 + cell * (i + 0.5)
            beyond = depth(x, y, yaw, numbers[3], numbers[4], at_x, at_y, cell) - limit
            if beyond > most:
                most, row, column = beyond, i, j
    return row, column
