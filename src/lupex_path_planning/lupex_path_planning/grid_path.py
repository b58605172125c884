# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Optimal paths over a map of continuous costs, and their repair when some of the costs change.

A step to one of the eight neighbours costs its length times the mean of the costs of its two cells.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lupex_path_planning.bucket_search import (
    LENGTHS,
    bucket_sizes,
    descend,
    distances,
    guided_bucket_sizes,
    guided_distances,
    lower,
    steps,
)

Array = NDArray[np.float64]
Cell = tuple[int, int]

# sums of the same lengths in another order differ by rounding: a bound must not cut off what is just as good
_SLACK = 1.0 + 1e-9


@dataclass(frozen=True)
class GridPath:
    """Cells (n, 2) as row and column from start to goal, and what they cost; without a way none, and the reason."""

    cells: NDArray[np.int64]
    cost: float
    reason: str = ""

    @property
    def found(self) -> bool:
        """Tell whether there is a way."""
        return bool(self.cells.shape[0])


class GridRoute:
    """The optimal path between two cells of a map, kept optimal while costs change.

    `cost` (ny, nx): cost of a metre, in cells, in each cell; positive, inf or nan where closed or unknown. What the
    first search found out, the cost to go from each cell, stays a lower bound for what became dearer, and is lowered
    first for what became cheaper: so a new search (A*) looks only at cells that are nearly as good as the best path.
    """

    def __init__(self, cost: ArrayLike, start: Cell, goal: Cell) -> None:
        """Search the first path. Raises ValueError for costs of zero or below, and for cells off the map."""
        values = np.asarray(cost, np.float64)
        if values.ndim != 2 or values.size == 0:
            raise ValueError(f"a cost map has rows and columns, not the shape {values.shape}")
        self._shape = values.shape
        self._stride = values.shape[1] + 2
        self._moves = steps(self._stride)
        border = np.full((values.shape[0] + 2, self._stride), np.inf)
        border[1:-1, 1:-1] = _halves(values)
        self._half = border.ravel()
        self._changed: NDArray[np.int64] = np.empty(0, np.int64)
        self._take_as_first()
        self._start, self._goal = self._flat(start), self._flat(goal)
        self._to_goal: Array | None = None
        self._from_start: Array | None = None
        self._first_way = np.empty(0, np.int64)
        self.path = self._search()

    def prepare(self) -> None:
        """Search from the other end too and take the present costs for the first ones: repairs then are quickest."""
        if self._changed.size or self._to_goal is None:
            self._take_as_first()
            self.path = self._search()
        if self._from_start is None:
            self._from_start = self._field(self._start)

    def change(self, corner: Cell, cost: ArrayLike) -> GridPath:
        """Give the cells from `corner` on new costs (rows, columns) and return the path that is now optimal.

        Raises ValueError for costs of zero or below, and for a part that reaches over the map's border.
        """
        part = np.asarray(cost, np.float64)
        row, column = corner
        fits = part.ndim == 2 and row >= 0 and column >= 0
        if not fits or row + part.shape[0] > self._shape[0] or column + part.shape[1] > self._shape[1]:
            raise ValueError(f"costs of shape {part.shape} from cell {corner} on do not fit the map {self._shape}")
        rows, columns = row + 1 + np.arange(part.shape[0]), column + 1 + np.arange(part.shape[1])
        cells = (rows[:, None] * self._stride + columns).ravel()
        self._half[cells] = _halves(part).ravel()
        seen = np.union1d(self._changed, cells)
        self._changed = seen[self._half[seen] != self._first_half[seen]]
        self.path = self._repair()
        return self.path

    def cost_to_go(self) -> Array:
        """Return the cost of the best path from each cell (ny, nx) to the goal, inf where there is none."""
        field = self._field(self._goal) if self._changed.size or self._to_goal is None else self._to_goal
        return field.reshape(-1, self._stride)[1:-1, 1:-1].copy()

    def _take_as_first(self) -> None:
        self._first_half = self._half.copy()
        self._pages = (np.empty_like(self._half), np.empty_like(self._half))
        self._first_range = _range(self._half)
        self._changed = np.empty(0, np.int64)

    def _flat(self, cell: Cell) -> int:
        row, column = cell
        if not (0 <= row < self._shape[0] and 0 <= column < self._shape[1]):
            raise ValueError(f"cell {cell} lies off the map {self._shape}")
        return int((row + 1) * self._stride + column + 1)

    def _present_range(self) -> tuple[float, float]:
        """Return the least and the largest finite half, or a little beyond them."""
        if not self._changed.size:
            return self._first_range
        return _range(np.append(self._half[self._changed], self._first_range))

    def _sizes(self, spread: float = 0.0) -> tuple[float, int]:
        return bucket_sizes(*self._present_range(), spread)

    def _field(self, source: int) -> Array:
        if not math.isfinite(self._half[source]):
            return np.full(self._half.size, np.inf)
        return np.asarray(distances(self._half, source, -1, self._moves, LENGTHS, *self._sizes()))

    def _search(self) -> GridPath:
        self._to_goal = self._field(self._goal)
        self._from_start = None
        self._first_way = descend(self._half, self._to_goal, self._start, self._moves, LENGTHS)
        if not math.isfinite(self._to_goal[self._start]):
            self._first_way = np.empty(0, np.int64)
        return self._answer(self._first_way)

    def _repair(self) -> GridPath:
        """Search anew where the changes may matter, from the end that lies nearer to them."""
        assert self._to_goal is not None
        changed = self._changed
        if changed.size == 0:
            return self._answer(self._first_way)
        open_ends = math.isfinite(self._half[self._start]) and math.isfinite(self._half[self._goal])
        if not open_ends or not math.isfinite(self._first_half[self._goal]):
            return self._answer(np.empty(0, np.int64)) if not open_ends else self._anew()
        field_to, field_from, near, far = self._to_goal, self._from_start, self._start, self._goal
        if not math.isfinite(self._first_half[self._start]):
            field_from = None
        if field_from is not None:
            to_goal, from_start = field_to[changed].min(), field_from[changed].min()
            if to_goal < from_start:
                field_to, field_from, near, far = field_from, field_to, far, near
        way = self._first_way
        bound = self._cost(way) * _SLACK if way.size else math.inf
        now, before = self._half[changed], self._first_half[changed]
        cheaper = changed[now < before]
        if cheaper.size:
            # first the map on which nothing became dearer, in which the lower bound is exact
            self._half[changed] = np.minimum(now, before)
            field_to = self._lowered(field_to, field_from, cheaper, bound)
            self._half[changed] = now
        if (now > before).any():
            found = guided_distances(
                self._half,
                near,
                far,
                field_to,
                bound,
                self._moves,
                LENGTHS,
                *guided_bucket_sizes(*self._present_range()),
            )
            way = descend(self._half, found, far, self._moves, LENGTHS) if math.isfinite(found[far]) else way[:0]
            # from the far end back to the near one, where distances begin
            way = way[::-1] if near == self._start else way
        elif math.isfinite(field_to[near]):
            way = descend(self._half, field_to, near, self._moves, LENGTHS)
            way = way if near == self._start else way[::-1]
        return self._answer(way)

    def _lowered(self, field_to: Array, field_from: Array | None, cheaper: NDArray[np.int64], bound: float) -> Array:
        """Return a field with what cells that became cheaper make of it, as far as `bound` may be kept over them."""
        ring = np.unique((cheaper[:, None] + np.append(self._moves.astype(np.int64), 0)).ravel())
        if field_from is None or not math.isfinite(bound) or not np.isfinite(field_from[ring]).all():
            return self._lower(0, field_to, ring, cheaper, None, bound)
        # no cell can come nearer to the other end than the ring around the changes does
        least = self._lower(1, field_from, ring, cheaper, None, float(field_from[ring].max()) * _SLACK)
        gain = float((field_from[ring] - least[ring]).max())
        return self._lower(0, field_to, ring, cheaper, field_from, bound + gain * _SLACK)

    def _lower(
        self,
        page: int,
        field: Array,
        ring: NDArray[np.int64],
        cheaper: NDArray[np.int64],
        other: Array | None,
        bound: float,
    ) -> Array:
        page_of = self._pages[page]
        np.copyto(page_of, field)
        keys = field[ring][np.isfinite(field[ring])]
        sizes = self._sizes(float(keys.max() - keys.min()) if keys.size else 0.0)
        lower(self._half, page_of, cheaper, other, bound, self._moves, LENGTHS, *sizes)
        return page_of

    def _anew(self) -> GridPath:
        found = self._field(self._goal)
        if not math.isfinite(found[self._start]):
            return self._answer(np.empty(0, np.int64))
        return self._answer(descend(self._half, found, self._start, self._moves, LENGTHS))

    def _cost(self, way: NDArray[np.int64]) -> float:
        if way.size < 2:
            return 0.0
        length = np.where(np.isin(np.abs(np.diff(way)), (1, self._stride)), 1.0, math.sqrt(2.0))
        return float(np.sum(length * (self._half[way[1:]] + self._half[way[:-1]])))

    def _answer(self, way: NDArray[np.int64]) -> GridPath:
        if way.size:
            return GridPath(np.stack([way // self._stride - 1, way % self._stride - 1], axis=-1), self._cost(way))
        reason = "closed or unknown ground parts the start from the goal"
        for end, name in ((self._goal, "goal"), (self._start, "start")):
            if not math.isfinite(self._half[end]):
                reason = f"the {name} lies on closed or unknown ground"
        return GridPath(np.empty((0, 2), np.int64), math.inf, reason)


def grid_path(cost: ArrayLike, start: Cell, goal: Cell) -> GridPath:
    """Return the optimal path over a cost map (ny, nx), as GridRoute takes it."""
    return GridRoute(cost, start, goal).path


def _halves(cost: Array) -> Array:
    if (cost <= 0.0).any():
        raise ValueError("a cost of zero or below: each cell must cost something, inf or nan closes it")
    return np.where(np.isnan(cost), np.inf, 0.5 * cost)


def _range(half: Array) -> tuple[float, float]:
    """Return the least and the largest of the finite values, 1 and 1 if there is none."""
    known = half[np.isfinite(half)]
    return (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
