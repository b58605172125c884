# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true ways home made from a world: moves over cells of its true heights, light on them, and where home is."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import WayRules
from lupex_analysis.judge.true_cost import EnergyAndTime, TrueCost
from lupex_analysis.judge.true_light import light_frames
from lupex_analysis.judge.true_need import STEP_COLUMNS, STEP_ROWS, TrueWay
from lupex_analysis.judge.true_rocks import rocky_moves
from lupex_models.height_field import HeightField
from lupex_worlds.world import World

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Window = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max [m]."""

_POINTS = 5
"""A side of a cell, whose mean is its height."""


class HomePower(NamedTuple):
    """Powers at the bus [W]: of the array in full light, of the parked rover, and the most that charges."""

    array_w: float
    parked_w: float
    charge_max_w: float


def true_way(
    world: World, cost: TrueCost, window: Window, start_s: float, end_s: float, capacity_j: float, rules: WayRules
) -> TrueWay:
    """Return the ways home within a window of the map, with light from `start_s` to `end_s` of ROS time.

    Home is any cell no steeper than a haven may be that truly recharges: the certificate claims light, not one haven.
    Rocks close what they leave no free ground for; true need errs low by the detours around the others.
    """
    ground = world.ground
    base = HeightField(ground.base, ground.base_x0_m, ground.base_y0_m, ground.base_cell_m)
    x_m, y_m = nodes(base, window)
    heights = cell_means(world, x_m, y_m, base.cell_m)
    drive_j, drive_s = moves(
        heights, cell_soils(world, x_m, y_m, base.cell_m), base.cell_m, cost.energy_and_time, cost.max_slope_rad
    )
    closed = rocky_moves(world.rocks, x_m, y_m, base.cell_m, cost.half_width_m, cost.rock_m)
    drive_j[closed] = drive_s[closed] = np.inf
    times_s = np.arange(start_s, end_s, rules.frame_s, dtype=np.float64)
    # the light of a frame is that of its middle
    utc_s = times_s + 0.5 * rules.frame_s + world.site.utc_offset_s
    reliefs = (base, world.light.middle, world.light.far)
    light = np.nan_to_num(light_frames(world.frame, reliefs, x_m, y_m, cost.array_height_m, utc_s), nan=0.0)
    flat = steepness(heights, base.cell_m) <= rules.haven_slope_max_rad
    power = HomePower(cost.array_w, cost.parked_w, cost.charge_max_w)
    home = lit_home(light, flat, power, rules.frame_s, rules)
    return TrueWay(
        x0_m=float(x_m[0]),
        y0_m=float(y_m[0]),
        cell_m=float(base.cell_m),
        drive_j=drive_j,
        drive_s=drive_s,
        light=light,
        home=home,
        start_s=start_s,
        frame_s=rules.frame_s,
        driving_w=cost.driving_w,
        parked_w=cost.parked_w,
        array_w=cost.array_w,
        charge_max_w=cost.charge_max_w,
        discharge=cost.discharge,
        charge=cost.charge,
        capacity_j=capacity_j,
    )


def nodes(field: HeightField, window: Window) -> tuple[Array, Array]:
    """Return the x (nx) and y (ny) of a field's cells within a window."""
    x, y = field.x_m, field.y_m
    return x[(x >= window[0]) & (x <= window[2])], y[(y >= window[1]) & (y <= window[3])]


def cell_means(world: World, x_m: Array, y_m: Array, cell_m: float) -> Array:
    """Return the true ground's mean height (ny, nx) over each cell; nan where it is not known."""
    total = np.zeros((y_m.size, x_m.size))
    for dx, dy in _points(cell_m):
        total += world.height(x_m[None, :] + dx, y_m[:, None] + dy)
    return total / _POINTS**2


def cell_soils(world: World, x_m: Array, y_m: Array, cell_m: float) -> Array:
    """Return the mean of the true soil's rows (ny, nx, 7) over each cell: a weak patch counts by its share of it."""
    rows = []
    for dx, dy in _points(cell_m):
        x, y = np.meshgrid(x_m + dx, y_m + dy)
        rows.append(world.soil_rows(x.ravel(), y.ravel()))
    return np.asarray(np.mean(rows, axis=0)).reshape(y_m.size, x_m.size, -1)


def _points(cell_m: float) -> list[tuple[float, float]]:
    """Return the places over which a cell is averaged, from its middle."""
    offsets = (np.arange(_POINTS) - (_POINTS - 1) / 2) * (cell_m / _POINTS)
    return [(float(dx), float(dy)) for dx in offsets for dy in offsets]


def steepness(heights_m: Array, cell_m: float) -> Array:
    """Return the slope [rad] of cells (ny, nx) by central differences."""
    along_y, along_x = np.gradient(heights_m, cell_m)
    return np.asarray(np.arctan(np.hypot(along_x, along_y)))


def moves(
    heights_m: Array, soils: Array, cell_m: float, energy_and_time: EnergyAndTime, max_slope_rad: float
) -> tuple[Array, Array]:
    """Return drive energy [J] and time [s] (8, ny, nx) of the moves out of each cell; inf where there is none.

    The slope along a move is that between the two cells, the slope across the mean of theirs; each half is driven on
    the soil of its own cell (ny, nx, 7). Too steep, unknown or outside is no way.
    """
    ny, nx = heights_m.shape
    slope_y, slope_x = np.gradient(heights_m, cell_m)
    with np.errstate(invalid="ignore"):
        closed = ~(steepness(heights_m, cell_m) <= max_slope_rad)
    padded = [np.pad(a, 1, constant_values=np.nan) for a in (heights_m, slope_x, slope_y, np.where(closed, np.nan, 0))]
    energy, seconds = np.full((8, ny, nx), np.inf), np.full((8, ny, nx), np.inf)
    rows, columns = np.arange(ny), np.arange(nx)
    for move, (di, dj) in enumerate(zip(STEP_ROWS, STEP_COLUMNS, strict=True)):
        there = [a[1 + di : 1 + di + ny, 1 + dj : 1 + dj + nx] for a in padded]
        flat_m = cell_m * math.hypot(di, dj)
        ux, uy = dj / math.hypot(di, dj), di / math.hypot(di, dj)
        along = np.arctan((there[0] - heights_m) / flat_m)
        gx, gy = 0.5 * (slope_x + there[1]), 0.5 * (slope_y + there[2])
        across = np.arctan(ux * gy - uy * gx)
        open_ = np.isfinite(along) & np.isfinite(across) & np.isfinite(there[3]) & ~closed
        slopes = np.where(open_, along, 0.0), np.where(open_, across, 0.0)
        onto = soils[np.clip(rows + di, 0, ny - 1)[:, None], np.clip(columns + dj, 0, nx - 1)[None, :]]
        halves = energy_and_time(soils, *slopes), energy_and_time(onto, *slopes)
        joules, pace = (0.5 * (first + second) for first, second in zip(*halves, strict=True))
        length = flat_m / np.cos(along)
        open_ &= np.isfinite(joules) & np.isfinite(pace)
        energy[move] = np.where(open_, joules * length, np.inf)
        seconds[move] = np.where(open_, pace * length, np.inf)
    return energy, seconds


def lit_home(light: NDArray[np.float32], flat: Mask, power: HomePower, frame_s: float, rules: WayRules) -> Mask:
    """Return where home is (nt, ny, nx): flat, with power to spare in a frame, and enough gained in those that follow.

    Beyond the last frame the light stays as it was in it.
    """
    spare_w = np.minimum(power.array_w * light.astype(np.float64) - power.parked_w, power.charge_max_w)
    gained_wh = spare_w * (frame_s / 3600.0)
    ahead = max(round(rules.recharge_s / frame_s), 1)
    later = np.concatenate([gained_wh, np.repeat(gained_wh[-1:], ahead, axis=0)])
    total = np.cumsum(np.concatenate([np.zeros_like(later[:1]), later]), axis=0)
    within = total[ahead : ahead + len(light)] - total[: len(light)]
    return np.asarray((spare_w > 0.0) & (within >= rules.recharge_wh) & flat)
