# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ground without an end from one seed: any window of it, made alone, is the part of the whole.

The plane is cut into square tiles, each with random numbers of its own, and a window gathers what reaches into it. So
neighbouring windows agree on their shared border, and on all of their overlap, without knowing of each other.
"""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lupex_models.craters import Craters, CraterShape, CraterStatistics, add_craters, crater_population
from lupex_models.height_field import HeightField
from lupex_models.rocks import Rocks, RockStatistics, add_rocks, rock_population
from lupex_models.terrain import FractalStatistics, fractal_surface, roughness_beside

FloatArray = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max."""

CRATER_TILE_M = 256.0
ROCK_TILE_M = 32.0
_INDEX_OFFSET = 2**31
"""Seeds are not negative, tiles to the west and south are."""


@dataclass(frozen=True)
class GroundStatistics:
    """What endless ground is made of; `roughness` is of fractal and craters together, as in terrain.rough_relief."""

    roughness: FractalStatistics
    craters: CraterStatistics
    shape: CraterShape
    rocks: RockStatistics | None = None
    period_cells: int = 512
    """After so many cells the fractal repeats; craters and rocks never do."""


@dataclass(frozen=True)
class LatticeWindow:
    """A window of the lattice whose cell (column, row) has its centre at (column, row) times cell_m."""

    first_column: int
    first_row: int
    nx: int
    ny: int
    cell_m: float

    @property
    def bounds_m(self) -> Bounds:
        """Outermost cell centres."""
        x, y = self.first_column * self.cell_m, self.first_row * self.cell_m
        return x, y, x + (self.nx - 1) * self.cell_m, y + (self.ny - 1) * self.cell_m

    def level(self) -> HeightField:
        """Return the window as level ground."""
        x, y, _, _ = self.bounds_m
        return HeightField(np.zeros((self.ny, self.nx), dtype=np.float32), x, y, self.cell_m)


def tile_stream(seed: int, name: str, column: int, row: int) -> np.random.Generator:
    """Return the generator of one tile of one named part: independent of all others, on any machine the same."""
    entropy = [seed, zlib.crc32(name.encode()), column + _INDEX_OFFSET, row + _INDEX_OFFSET]
    return np.random.default_rng(np.random.SeedSequence(entropy))


def craters_within(bounds_m: Bounds, statistics: CraterStatistics, shape: CraterShape, seed: int) -> Craters:
    """Return the craters of endless ground whose blanket reaches into bounds, in an order that all windows share."""
    reach = 0.5 * statistics.largest_m * shape.ejecta_radii

    def draw(tile: Bounds, rng: np.random.Generator) -> tuple[FloatArray, ...]:
        found = crater_population(tile, statistics, shape, rng)
        return found.x_m, found.y_m, found.diameter_m, found.depth_ratio

    found = Craters(*_gathered(bounds_m, reach, CRATER_TILE_M, "craters", seed, draw))
    return found.only(_reaching(bounds_m, found.x_m, found.y_m, 0.5 * shape.ejecta_radii * found.diameter_m))


def rocks_within(bounds_m: Bounds, statistics: RockStatistics, seed: int) -> Rocks:
    """Return the rocks of endless ground that reach into bounds, in an order that all windows share."""

    def draw(tile: Bounds, rng: np.random.Generator) -> tuple[FloatArray, ...]:
        found = rock_population(tile, statistics, rng)
        return found.x_m, found.y_m, found.diameter_m, found.height_m

    found = Rocks(*_gathered(bounds_m, 0.5 * statistics.largest_m, ROCK_TILE_M, "rocks", seed, draw))
    return found.only(_reaching(bounds_m, found.x_m, found.y_m, 0.5 * found.diameter_m))


def fractal_window(window: LatticeWindow, statistics: FractalStatistics, seed: int, period_cells: int) -> FloatArray:
    """Return heights (ny, nx) of the fractal of `seed`, which repeats every period_cells in both directions."""
    tile = _period(period_cells, window.cell_m, statistics, seed)
    rows = (window.first_row + np.arange(window.ny)) % period_cells
    columns = (window.first_column + np.arange(window.nx)) % period_cells
    return np.asarray(tile[np.ix_(rows, columns)])


def ground_window(window: LatticeWindow, statistics: GroundStatistics, seed: int) -> HeightField:
    """Return a window of endless ground: fractal, craters and rocks, about height 0.

    Two windows of one cell size agree in each cell that both hold; to the last bit where cell_m is a sum of powers of
    two, else to the rounding of float32. Raises ValueError as terrain.fractal_surface and terrain.roughness_beside do.
    """
    dug = add_craters(
        window.level(),
        craters_within(window.bounds_m, statistics.craters, statistics.shape, seed),
        statistics.shape,
    )
    rest = _beside_craters(replace(statistics, rocks=None), window.cell_m, seed)
    heights = dug.heights_m + fractal_window(window, rest, seed, statistics.period_cells)
    ground = HeightField(heights.astype(np.float32), dug.x0_m, dug.y0_m, dug.cell_m)
    if statistics.rocks is None:
        return ground
    return add_rocks(ground, rocks_within(window.bounds_m, statistics.rocks, seed))


@lru_cache(maxsize=8)
def _beside_craters(statistics: GroundStatistics, cell_m: float, seed: int) -> FractalStatistics:
    # One place speaks for all: were it measured in each window, neighbours would not fit.
    count = statistics.period_cells
    window = LatticeWindow(0, 0, count, count, cell_m)
    craters = craters_within(window.bounds_m, statistics.craters, statistics.shape, seed)
    dug = add_craters(window.level(), craters, statistics.shape)
    return roughness_beside(statistics.roughness, dug.heights_m, cell_m)


@lru_cache(maxsize=8)
def _period(count: int, cell_m: float, statistics: FractalStatistics, seed: int) -> FloatArray:
    tile = fractal_surface(count, count, cell_m, statistics, tile_stream(seed, "fractal", 0, 0))
    tile.setflags(write=False)
    return tile


def _gathered(
    bounds_m: Bounds,
    reach_m: float,
    side_m: float,
    name: str,
    seed: int,
    draw: Callable[[Bounds, np.random.Generator], tuple[FloatArray, ...]],
) -> tuple[FloatArray, ...]:
    parts = [
        draw(
            (column * side_m, row * side_m, (column + 1) * side_m, (row + 1) * side_m),
            tile_stream(seed, name, column, row),
        )
        for row, column in _tiles(bounds_m, reach_m, side_m)
    ]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _tiles(bounds_m: Bounds, reach_m: float, side_m: float) -> Iterator[tuple[int, int]]:
    x_min, y_min, x_max, y_max = bounds_m
    for row in range(math.floor((y_min - reach_m) / side_m), math.floor((y_max + reach_m) / side_m) + 1):
        for column in range(math.floor((x_min - reach_m) / side_m), math.floor((x_max + reach_m) / side_m) + 1):
            yield row, column


def _reaching(bounds_m: Bounds, x_m: FloatArray, y_m: FloatArray, reach_m: FloatArray) -> npt.NDArray[np.bool_]:
    x_min, y_min, x_max, y_max = bounds_m
    along = np.abs(x_m - np.clip(x_m, x_min, x_max)) <= reach_m
    return np.asarray(along & (np.abs(y_m - np.clip(y_m, y_min, y_max)) <= reach_m))
