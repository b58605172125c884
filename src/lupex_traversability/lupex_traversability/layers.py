# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the map keeps of each cell, and what each layer holds where nothing is known."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_traversability.rolling_window import scroll

Grid = NDArray[np.float32]
Counts = NDArray[np.uint8]

UNKNOWN, ASSUMED, BETWEEN, SEEN = 0, 1, 2, 3
"""Where a cell's height comes from: nowhere; standing on it or assumption; between two rings; points in it."""


@dataclass
class Layers:
    """Grids (n, n), rows along y, columns along x; heights hold where `source` is not UNKNOWN.

    `low_m` and `high_m` bound the cell's surface; `hidden_m` bounds the relief that the rays could have missed there.
    `hits` counts clouds that agree, `contradictions` those in a row that do not, `misses` those whose rays passed
    below the upper surface since it was last seen.
    """

    height_m: Grid
    variance_m2: Grid
    low_m: Grid
    high_m: Grid
    hidden_m: Grid
    source: Counts
    hits: Counts
    contradictions: Counts
    misses: Counts

    @classmethod
    def unknown(cls, size: int) -> "Layers":
        """Make layers of `size` cells a side, of which nothing is known."""
        shape = (size, size)
        height, variance, low, high = (np.zeros(shape, np.float32) for _ in range(4))
        source, hits, contradictions, misses = (np.zeros(shape, np.uint8) for _ in range(4))
        hidden = np.full(shape, np.inf, np.float32)
        return cls(height, variance, low, high, hidden, source, hits, contradictions, misses)

    def grids(self) -> tuple[Grid, Grid, Grid, Grid, Grid, Counts, Counts, Counts, Counts]:
        """Return the layers in the order of the fields."""
        return (*self.heights(), self.hidden_m, self.source, self.hits, self.contradictions, self.misses)

    def every(self) -> list[NDArray[Any]]:
        """Return the layers for what is done alike to all of them."""
        return list(self.grids())

    def heights(self) -> tuple[Grid, Grid, Grid, Grid]:
        """Return those that are nothing where the source is unknown."""
        return self.height_m, self.variance_m2, self.low_m, self.high_m

    def forget(self, part: tuple[slice, slice] = np.s_[:, :], where: NDArray[np.bool_] | slice = np.s_[:]) -> None:
        """Know nothing of the cells of a part, of all of it or of some."""
        self.hidden_m[part][where] = np.inf
        for counts in (self.source, self.hits, self.contradictions, self.misses):
            counts[part][where] = 0

    def take(self, other: "Layers") -> None:
        """Hold what other layers hold."""
        for grid, new in zip(self.every(), other.every(), strict=True):
            grid[:] = new

    def scroll(self, rows: int, columns: int) -> None:
        """Move the content so that old [r + rows, c + columns] becomes [r, c]; what comes in is unknown."""
        for grid in self.every():
            scroll(grid, rows, columns, math.inf if grid is self.hidden_m else 0.0)
