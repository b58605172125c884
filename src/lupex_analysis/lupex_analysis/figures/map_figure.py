# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The map: relief, light, both tracks, plan and places."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LightSource, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch

from lupex_analysis.figures import style
from lupex_analysis.figures.style import HALO
from lupex_analysis.sortie import Columns, Layer, Sortie

MARGIN_M = 70.0
SERVICE = 3


def map_figure(sortie: Sortie) -> Figure:
    """Draw the site around both tracks."""
    figure = style.new_figure(9.2, 7.4)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.grid(visible=False)
    handles = draw_ground(axes, sortie)
    handles += _draw_tracks(axes, sortie)
    _places(axes, sortie)
    _frame(axes, sortie)
    scale_bar(axes)
    axes.set_xlabel("grid east of the lander [m]")
    axes.set_ylabel("grid north of the lander [m]")
    style.legend_outside(figure, handles, "lower center", 4)
    return figure


def draw_ground(axes: Axes, sortie: Sortie) -> list[Line2D | Patch]:
    """Draw hillshade, contours, light at planning time and the outline of permanent shadow."""
    elevation = sortie.layers.get("elevation")
    if elevation is None or not np.isfinite(elevation.values).any():
        return []
    handles = draw_relief(axes, elevation)
    light = sortie.layers.get("sunlit_fraction")
    if light is not None:
        draw_shadow(axes, light, 0.55)
        handles.append(Patch(color=style.NIGHT, alpha=0.55, label="shadow when planned"))
    return handles + draw_permanent_shadow(axes, sortie.layers.get("permanent_shadow"))


def draw_relief(axes: Axes, elevation: Layer, *, contours: bool = True) -> list[Line2D | Patch]:
    """Draw hillshade and contours; returns the legend's entries."""
    heights = np.where(np.isfinite(elevation.values), elevation.values, np.nanmin(elevation.values))
    cell = float(elevation.x_m[1] - elevation.x_m[0]) if len(elevation.x_m) > 1 else 1.0
    shade = LightSource(azdeg=315, altdeg=35).hillshade(heights, vert_exag=2.0, dx=cell, dy=cell)
    low, high = np.percentile(shade, (1, 99))
    axes.imshow(
        shade,
        cmap="gray",
        vmin=low - 0.9 * (high - low) - 1e-6,
        vmax=high + 0.4 * (high - low) + 1e-6,
        extent=_extent(elevation),
        origin="lower",
        interpolation="bilinear",
    )
    span = float(np.ptp(heights))
    step = 5.0 if span < 80 else 10.0 if span < 200 else 50.0
    levels = np.arange(np.floor(heights.min() / step), np.ceil(heights.max() / step) + 1) * step
    if not contours or len(levels) <= 2:
        return []
    axes.contour(elevation.x_m, elevation.y_m, heights, levels=levels, colors="white", linewidths=0.4, alpha=0.55)
    return [Line2D([], [], color=style.MUTED, linewidth=0.6, label=f"contour every {step:g} m")]


def draw_shadow(axes: Axes, light: Layer, alpha: float) -> None:
    """Darken the ground as far as the Sun's disc is hidden; where the light is unknown nothing is darkened."""
    dark = np.where(np.isfinite(light.values), 1 - np.clip(light.values, 0, 1), 0)
    axes.imshow(
        np.ones_like(dark),
        cmap=ListedColormap([style.NIGHT]),
        alpha=alpha * dark,
        extent=_extent(light),
        origin="lower",
        interpolation="bilinear",
    )


def draw_permanent_shadow(axes: Axes, permanent: Layer | None) -> list[Line2D | Patch]:
    """Outline permanent shadow where there is some; returns the legend's entry."""
    if permanent is None or not np.nanmax(permanent.values, initial=0.0) > 0.5 > np.nanmin(
        permanent.values, initial=1.0
    ):
        return []
    filled = np.nan_to_num(permanent.values)
    axes.contour(permanent.x_m, permanent.y_m, filled, levels=[0.5], colors=style.ICE, linewidths=1.3)
    return [Line2D([], [], color=style.ICE, linewidth=1.3, label="permanent shadow")]


def _extent(layer: Layer) -> tuple[float, float, float, float]:
    half_x = (layer.x_m[-1] - layer.x_m[0]) / max(len(layer.x_m) - 1, 1) / 2
    half_y = (layer.y_m[-1] - layer.y_m[0]) / max(len(layer.y_m) - 1, 1) / 2
    return (layer.x_m[0] - half_x, layer.x_m[-1] + half_x, layer.y_m[0] - half_y, layer.y_m[-1] + half_y)


def _draw_tracks(axes: Axes, sortie: Sortie) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    if sortie.plans and len(sortie.plans[0].columns["x_m"]):
        for number, plan in enumerate(sortie.plans):
            label = "plan" if number == 0 else None
            made = axes.plot(
                plan.columns["x_m"],
                plan.columns["y_m"],
                color=style.PLANNED,
                linestyle=(0, (4, 2)),
                linewidth=1.3,
                label=label,
                path_effects=HALO if number == 0 else None,
                alpha=1.0 if number == 0 else 0.6,
            )
            handles += made if number == 0 else []
    for columns, colour, label, line in (
        (sortie.truth, style.TRUE, "true track", "-"),
        (sortie.estimate, style.ESTIMATED, "estimated track", (0, (3, 1.5))),
    ):
        if len(columns["t"]):
            x, y = style.thinned(columns["x_m"], columns["y_m"])
            handles += axes.plot(x, y, color=colour, linestyle=line, linewidth=1.6, label=label)
    return handles


def _places(axes: Axes, sortie: Sortie) -> None:
    axes.plot(0, 0, marker="^", color="white", markeredgecolor=style.INK, markersize=9, zorder=5)
    name_place(axes, 0, 0, "lander")
    for number, (x, y) in enumerate(targets(sortie)):
        axes.plot(x, y, marker="*", color=style.SUN, markeredgecolor=style.INK, markersize=14, zorder=5)
        name_place(axes, x, y, f"target {number + 1}")
    certificate = sortie.certificate
    valid = certificate["valid"] > 0
    havens = {(round(float(x), 1), round(float(y), 1)) for x, y in _pairs(certificate, valid)}
    for x, y in sorted(havens)[:4]:
        axes.add_patch(Circle((x, y), 8, fill=False, edgecolor=style.SUN, linewidth=1.6, zorder=5))
        if abs(x) + abs(y) > 15:
            name_place(axes, x, y, "haven")


def _pairs(certificate: Columns, valid: np.ndarray) -> np.ndarray:
    return np.stack([certificate["haven_x_m"][valid], certificate["haven_y_m"][valid]], axis=1)


def targets(sortie: Sortie) -> list[tuple[float, float]]:
    """List the places of work of all plans, each once."""
    found: list[tuple[float, float]] = []
    for plan in sortie.plans:
        columns = plan.columns
        for x, y, activity in zip(columns["x_m"], columns["y_m"], columns["activity"], strict=False):
            if activity == SERVICE and all(np.hypot(x - a, y - b) > 15 for a, b in found):
                found.append((float(x), float(y)))
    return found


def name_place(axes: Axes, x: float, y: float, text: str) -> None:
    """Write a name beside a place."""
    axes.annotate(
        text,
        (x, y),
        xytext=(8, 6),
        textcoords="offset points",
        fontsize=8.5,
        weight="bold",
        path_effects=HALO,
        zorder=6,
    )


def _frame(axes: Axes, sortie: Sortie) -> None:
    x = np.concatenate([sortie.truth["x_m"], sortie.estimate["x_m"], [0.0], [p[0] for p in targets(sortie)]])
    y = np.concatenate([sortie.truth["y_m"], sortie.estimate["y_m"], [0.0], [p[1] for p in targets(sortie)]])
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    # never so narrow that a map of one short drive becomes a strip
    half = max(np.ptp(x), np.ptp(y), 60.0) / 2 * 0.75 + MARGIN_M
    width = max(np.ptp(x) / 2 + MARGIN_M, half)
    height = max(np.ptp(y) / 2 + MARGIN_M, half * 0.7)
    middle_x, middle_y = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    axes.set_xlim(middle_x - width, middle_x + width)
    axes.set_ylim(middle_y - height, middle_y + height)


def scale_bar(axes: Axes) -> None:
    """Draw a scale bar of a round length into the lower left corner."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    length = max(step for step in (10, 20, 50, 100, 200, 500, 1000) if step <= max((right - left) / 4, 10))
    x0, y0 = left + 0.04 * (right - left), low + 0.05 * (high - low)
    axes.plot([x0, x0 + length], [y0, y0], color=style.INK, linewidth=3, solid_capstyle="butt", path_effects=HALO)
    axes.annotate(
        f"{length} m",
        (x0 + length / 2, y0),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=8.5,
        path_effects=HALO,
    )
