# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Draw the figure of docs/planning.md from the planner itself: python -m lupex_system_tests.planning_page.

A made crater near the pole, at whose bottom the Sun never shines, with the rover of config/rover.yaml and the defaults
of the bound.
"""

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from scipy.ndimage import gaussian_filter

from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light
from lupex_models.rover import Rover, read_rover
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.config import BoundConfig, GridConfig, RecoveryConfig
from lupex_path_planning.light_slices import light_slices
from lupex_path_planning.site_grid import STEPS, grid_of, moves
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT, RecoveryPolicy, recovery_policy

REPOSITORY = Path(__file__).resolve().parents[2]
FIGURE = Path("docs", "images", "planning_field.png")
SIDE, CELL_M = 161, 10.0
START_UTC_S = 1.855e9
SHOWN_DAYS = 12.0
DAY_S = 86_400.0
WH = 3600.0
PLACES = {"crater floor": (0.0, 0.0), "hollow": (300.0, 600.0), "plain": (600.0, 0.0)}
COLOURS = ("#0072b2", "#e69f00", "#222222")
"""Colours that stay apart for every eye."""


def heights() -> np.ndarray:
    """Return a rolling plain with a crater of 600 m in its middle, (SIDE, SIDE)."""
    axis = CELL_M * (np.arange(SIDE) - SIDE // 2)
    x, y = np.meshgrid(axis, axis)
    away = np.hypot(x, y) / 300.0
    bowl = np.where(away < 1.0, -45.0 + 60.0 * away**2, 15.0 * np.maximum(away, 1.0) ** -3)
    rolling = gaussian_filter(np.random.default_rng(5).normal(size=(SIDE, SIDE)), 12.0)
    return bowl + 6.0 * rolling / rolling.std()


def field(rover: Rover) -> RecoveryPolicy:
    """Compute the minimum safe charge of the made ground over thirteen days."""
    half = CELL_M * (SIDE // 2)
    ground = heights()
    dem = HeightField(ground.astype(np.float32), -half, -half, CELL_M)
    horizon = compute_horizon(dem, [], 72, 1.0)
    light = Light(SiteFrame(math.radians(-89.4), 0.0, 0.0), horizon)
    grid = grid_of(ground, -half, -half, CELL_M, GridConfig())
    config = RecoveryConfig(slice_s=3600.0, horizon_s=(SHOWN_DAYS + 1.0) * DAY_S)
    lit = light_slices(grid, light, rover.solar_array, 0.0, START_UTC_S, config)
    bound = moves(grid, rover, BoundConfig(), GridConfig().slope_error_rad)
    capacity_j = rover.battery.capacity_wh * WH
    return recovery_policy(grid, bound, lit, config, rover.battery.reserve_fraction * capacity_j, capacity_j)


def way_back(policy: RecoveryPolicy, time_s: float, place: tuple[float, float]) -> np.ndarray:
    """Return the places (n, 2) of the way back at the bound's pace, without the stop."""
    row, column = policy.grid.cell(*place) or (0, 0)
    way = [policy.grid.place(row, column)]
    for _ in range(policy.grid.height_m.size):
        kind = policy.action(time_s, row, column, stop_used=False).kind
        if kind in (ARRIVED, NO_WAY):
            break
        if kind == WAIT:
            time_s = policy.start_s + (policy.light.index(time_s) + 1) * policy.light.slice_s
            continue
        time_s += float(policy.moves.time_s[kind, row, column])
        row, column = row + STEPS[kind][0], column + STEPS[kind][1]
        way.append(policy.grid.place(row, column))
    return np.array(way)


def _map(axes: Axes, policy: RecoveryPolicy, day: float) -> None:
    half = 0.5 * CELL_M * SIDE
    extent = (-half, half, -half, half)
    axis = CELL_M * (np.arange(SIDE) - SIDE // 2)
    k = policy.light.index(day * DAY_S)
    need = policy.needs(day * DAY_S) / WH
    image = axes.imshow(np.where(np.isfinite(need), need, np.nan), origin="lower", extent=extent, cmap="viridis")
    axes.contour(axis, axis, policy.light.least_w[k], levels=[1.0], colors="white", linestyles=":", linewidths=1.2)
    haven = np.where(policy.haven[k] >= 0, 1.0, np.nan)
    axes.imshow(haven, origin="lower", extent=extent, cmap=ListedColormap(["#ffe8a3"]))
    for (name, place), colour in zip(PLACES.items(), COLOURS, strict=True):
        way = way_back(policy, day * DAY_S, place)
        axes.plot(way[:, 0], way[:, 1], color="white", linewidth=2.8)
        axes.plot(way[:, 0], way[:, 1], color=colour, linewidth=1.6)
        axes.plot(*place, "o", color=colour, markeredgecolor="white")
        text = axes.annotate(name, place, xytext=(0, 8), textcoords="offset points", weight="bold", ha="center")
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    axes.set(title=f"Need on day {day:g}, and ways back from three places", xlabel="x [m]", ylabel="y [m]")
    axes.legend(
        handles=[
            Patch(color="#ffe8a3", label="haven"),
            Patch(facecolor="white", edgecolor="#666666", label="closed ground"),
            Line2D([], [], color="#666666", linestyle=":", label="edge of shadow"),
        ],
        loc="lower left",
    )
    axes.figure.colorbar(image, ax=axes, label="minimum safe charge [Wh], reserve included", shrink=0.85)


def _profile(axes: Axes, light: Axes, policy: RecoveryPolicy, day: float) -> None:
    times = np.arange(0.0, SHOWN_DAYS * DAY_S, 600.0)
    for (name, place), colour in zip(PLACES.items(), COLOURS, strict=True):
        row, column = policy.grid.cell(*place) or (0, 0)
        need = np.array([policy.need(t, row, column) for t in times]) / WH
        axes.plot(times / DAY_S, np.where(np.isfinite(need), need, np.nan), color=colour, label=name)
        k = np.array([policy.light.index(t) for t in times])
        light.plot(times / DAY_S, policy.light.least_w[k, row, column], color=colour)
    axes.axhline(policy.reserve_j / WH, color="#999999", linestyle="--", label="reserve")
    axes.set(title="Need over time", ylabel="minimum safe charge [Wh]", ylim=(300.0, None))
    axes.legend(loc="upper left", ncols=2)
    light.set(xlabel="days", ylabel="least array\npower [W]", xlim=(0.0, SHOWN_DAYS))
    for one in (axes, light):
        one.axvline(day, color="#999999", linewidth=0.8)
        one.grid(alpha=0.25)


def draw(path: Path, day: float = 2.0) -> None:
    """Draw the figure into a PNG."""
    policy = field(read_rover(REPOSITORY / "config" / "rover.yaml"))
    with plt.rc_context({"font.size": 9, "axes.titlesize": 10}):
        figure = plt.figure(figsize=(13.0, 5.6), layout="constrained")
        parts = figure.add_gridspec(2, 2, width_ratios=(1.15, 1.0), height_ratios=(2.0, 1.0))
        _map(figure.add_subplot(parts[:, 0]), policy, day)
        above = figure.add_subplot(parts[0, 1])
        _profile(above, figure.add_subplot(parts[1, 1], sharex=above), policy, day)
        figure.savefig(path, dpi=100)
        plt.close(figure)


if __name__ == "__main__":
    draw(REPOSITORY / FIGURE)
