# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The site as a grid of moves: what each costs in time and power, and which are open."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lupex_models.battery import stored_power_w
from lupex_models.height_field import HeightField
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import Rover
from lupex_models.soil_strength import StrengthTable
from lupex_path_planning.config import GridConfig, PaceConfig
from lupex_path_planning.priced_soil import AS_FORESEEN

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""(rows, columns) of the eight moves, counter-clockwise from +x."""

STEP_ROWS = np.array([step[0] for step in STEPS])
STEP_COLUMNS = np.array([step[1] for step in STEPS])


@dataclass(frozen=True)
class SiteGrid:
    """Cells (ny, nx) of the map; row 0 has the smallest y, (x0_m, y0_m) is the centre of cell [0, 0]."""

    x0_m: float
    y0_m: float
    cell_m: float
    height_m: Array
    slope_x: Array
    slope_y: Array
    passable: Mask

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height_m.shape[0], self.height_m.shape[1]

    def cell(self, x_m: float, y_m: float) -> tuple[int, int] | None:
        """Return (row, column) of the cell that holds a place, None outside the grid."""
        row = math.floor((y_m - self.y0_m) / self.cell_m + 0.5)
        column = math.floor((x_m - self.x0_m) / self.cell_m + 0.5)
        ny, nx = self.shape
        return (row, column) if 0 <= row < ny and 0 <= column < nx else None

    def place(self, row: int, column: int) -> tuple[float, float]:
        """Return the centre (x_m, y_m) of a cell."""
        return self.x0_m + column * self.cell_m, self.y0_m + row * self.cell_m

    def centres(self) -> tuple[Array, Array]:
        """Return x_m (ny, nx) and y_m (ny, nx) of all cells."""
        ny, nx = self.shape
        return np.meshgrid(self.x0_m + self.cell_m * np.arange(nx), self.y0_m + self.cell_m * np.arange(ny))


@dataclass(frozen=True)
class Moves:
    """Time and bus power of the eight moves out of each cell, (8, ny, nx); inf time where a move is closed.

    `parked_w` is the bus load standing still; `discharge` and `charge` turn bus power into stored energy per second.
    """

    time_s: Array
    power_w: Array
    parked_w: float
    discharge: float
    charge: float
    charge_max_w: float


def site_grid(
    dem: HeightField, config: GridConfig, places: Sequence[tuple[float, float]], centre: tuple[float, float]
) -> SiteGrid:
    """Cut the window around the places out of the elevation model; closed is what is too steep or unknown.

    The window is centred on `centre` as far as its largest size forces it to be cut.
    """
    low_x, low_y, high_x, high_y = dem.bounds_m
    xs, ys = [p[0] for p in places], [p[1] for p in places]
    half = 0.5 * config.size_max_m
    left = max(min(xs) - config.pad_m, centre[0] - half, low_x)
    right = min(max(xs) + config.pad_m, centre[0] + half, high_x)
    bottom = max(min(ys) - config.pad_m, centre[1] - half, low_y)
    top = min(max(ys) + config.pad_m, centre[1] + half, high_y)
    cell = dem.cell_m
    j0, j1 = math.ceil((left - low_x) / cell - 1e-6), math.floor((right - low_x) / cell + 1e-6)
    i0, i1 = math.ceil((bottom - low_y) / cell - 1e-6), math.floor((top - low_y) / cell + 1e-6)
    heights = dem.heights_m[i0 : i1 + 1, j0 : j1 + 1].astype(np.float64)
    return grid_of(heights, low_x + j0 * cell, low_y + i0 * cell, cell, config)


def grid_of(heights_m: Array, x0_m: float, y0_m: float, cell_m: float, config: GridConfig) -> SiteGrid:
    """Make a grid of heights (ny, nx); raises ValueError for fewer than 2 x 2 cells."""
    if heights_m.ndim != 2 or min(heights_m.shape) < 2:
        raise ValueError(f"a planning grid needs at least 2 x 2 cells, not {heights_m.shape}")
    slope_y, slope_x = np.gradient(heights_m, cell_m)
    steepness = np.arctan(np.hypot(slope_x, slope_y)) + config.slope_error_rad
    passable = np.isfinite(steepness) & (steepness <= config.slope_max_rad)
    return SiteGrid(x0_m, y0_m, cell_m, heights_m, slope_x, slope_y, passable)


@dataclass(frozen=True)
class _Ways:
    """One of the eight moves out of all cells that it leaves (`source`, into `end`), on the ground of the map."""

    source: tuple[slice, slice]
    end: tuple[slice, slice]
    along_rad: Array
    """The worst uphill, error included."""
    least_rad: Array
    """The steepest downhill, error included."""
    across_rad: Array
    length_m: Array


@dataclass(frozen=True)
class GroundStrength:
    """Strength of the soil in each cell (ny, nx), what driving on soils of each strength is like, and the most slip.

    Tracks that slip more dig themselves in, of which the table knows nothing.
    """

    table: StrengthTable
    strength: Array
    slip_max: float = 1.0


def moves(grid: SiteGrid, rover: Rover, pace: PaceConfig, slope_error_rad: float) -> Moves:
    """Cost the moves of a grid by the locomotion model, on the worse of the slopes at both ends and between them.

    The elevation model's error is added to the slope along and the slope across. Heater, avionics and lidar are drawn
    all the way; neither braking power nor sun is gained here.
    """
    table = LocomotionTable.build(rover, None if pace.slip_quantile == 0.5 else pace.slip_quantile)
    loads = rover.loads
    standing = _standing_w(rover, pace)
    time_s = np.full((8, *grid.shape), np.inf)
    power_w = np.zeros((8, *grid.shape))
    for move, way in enumerate(_ways(grid, slope_error_rad)):
        speed = table.speed_mps(way.along_rad, way.across_rad) * pace.speed_factor
        drive_w = table.power_w(way.along_rad, way.across_rad)
        open_ = grid.passable[way.source] & grid.passable[way.end] & (speed > 0.0) & np.isfinite(drive_w)
        time_s[move][way.source] = np.where(
            open_, way.length_m * pace.detour_factor / np.where(open_, speed, 1.0), np.inf
        )
        drive_w = np.where(open_, drive_w, 0.0)
        power_w[move][way.source] = standing + (loads.lidar_w + drive_w) * pace.load_factor
    worst_w = standing + loads.lidar_w + 0.5 * rover.solar_array.power_w
    battery = rover.battery
    discharge = float(stored_power_w(battery, worst_w, pace.battery_soc, pace.battery_k)) / worst_w
    charge = (
        -float(stored_power_w(battery, -battery.charge_max_w, pace.battery_soc, pace.battery_k)) / battery.charge_max_w
    )
    return Moves(time_s, power_w, standing, discharge, charge, battery.charge_max_w)


def moves_on_soil(
    moves: Moves, grid: SiteGrid, rover: Rover, pace: PaceConfig, slope_error_rad: float, ground: GroundStrength
) -> Moves:
    """Return the moves as slow and dear as on soil of that strength, where that is worse; closed ones stay so.

    A move counts with the weaker soil of its ends, and with the worse of its worst uphill and its steepest downhill:
    on weak soil a vehicle slides.
    """
    table, strength = ground.table, ground.strength
    time_s, power_w = moves.time_s.copy(), moves.power_w.copy()
    standing = _standing_w(rover, pace)
    for move, way in enumerate(_ways(grid, slope_error_rad)):
        weaker = np.minimum(strength[way.source], strength[way.end])
        along = (way.along_rad, way.least_rad)
        speed = np.minimum(*(table.speed_mps(slope, way.across_rad, weaker) for slope in along)) * pace.speed_factor
        drive_w = np.maximum(*(table.power_w(slope, way.across_rad, weaker) for slope in along))
        slip = np.max([np.abs(table.slip(slope, way.across_rad, weaker)) for slope in along], axis=0)
        can = (speed > 0.0) & np.isfinite(drive_w) & ((slip <= ground.slip_max) | (weaker >= AS_FORESEEN))
        slower = np.where(can, way.length_m * pace.detour_factor / np.where(can, speed, 1.0), np.inf)
        dearer = standing + (rover.loads.lidar_w + np.where(can, drive_w, 0.0)) * pace.load_factor
        time_s[move][way.source] = np.maximum(time_s[move][way.source], slower)
        power_w[move][way.source] = np.maximum(power_w[move][way.source], dearer)
    return replace(moves, time_s=time_s, power_w=power_w)


def _standing_w(rover: Rover, pace: PaceConfig) -> float:
    return (rover.loads.avionics_w + rover.loads.heater_w * pace.heater_share) * pace.load_factor


def _ways(grid: SiteGrid, slope_error_rad: float) -> Iterator[_Ways]:
    for di, dj in STEPS:
        source, end = _ends(grid.shape, di, dj)
        flat_m = grid.cell_m * math.hypot(di, dj)
        ux, uy = dj / math.hypot(di, dj), di / math.hypot(di, dj)
        rise = np.arctan((grid.height_m[end] - grid.height_m[source]) / flat_m)
        along_of, across_of = [rise], []
        for at in (source, end):
            along_of.append(np.arctan(ux * grid.slope_x[at] + uy * grid.slope_y[at]))
            across_of.append(np.abs(np.arctan(-uy * grid.slope_x[at] + ux * grid.slope_y[at])))
        least = np.min(along_of, axis=0)
        along = np.max(along_of, axis=0) + slope_error_rad
        across = np.max(across_of, axis=0) + slope_error_rad
        yield _Ways(source, end, along, least - slope_error_rad, across, flat_m / np.cos(least))


def changed_moves(moves: Moves, cells: Mask, factor: float) -> Moves:
    """Return the moves with those out of and into some cells (ny, nx) so many times as long; inf closes them."""
    time_s = moves.time_s.copy()
    time_s[touching(cells)] *= factor
    return replace(moves, time_s=time_s)


def touching(cells: Mask) -> Mask:
    """Return the moves (8, ny, nx) out of and into some cells (ny, nx)."""
    touched = np.repeat(cells[None], len(STEPS), axis=0)
    for move, (di, dj) in enumerate(STEPS):
        source, end = _ends(cells.shape, di, dj)
        touched[move][source] |= cells[end]
    return touched


def _ends(shape: tuple[int, int], di: int, dj: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    ny, nx = shape
    rows = slice(max(-di, 0), ny - max(di, 0))
    columns = slice(max(-dj, 0), nx - max(dj, 0))
    to_rows = slice(max(di, 0), ny - max(-di, 0))
    to_columns = slice(max(dj, 0), nx - max(-dj, 0))
    return (rows, columns), (to_rows, to_columns)
