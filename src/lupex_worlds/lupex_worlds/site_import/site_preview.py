# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One picture of an imported site: relief, the way of the sortie, sun over a year, slopes."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LightSource, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from scipy.ndimage import zoom

from lupex_models.height_field import HeightField
from lupex_models.site import utc_text
from lupex_models.site_frame import SiteFrame
from lupex_worlds.site_import.landing_choice import Choice
from lupex_worlds.site_import.light_survey import LightSurvey

FloatArray = npt.NDArray[np.float64]

INK, PAPER, ICE, SUN, WAY, HAVEN = "#1d2733", "#fbfbf9", "#1c7ed6", "#ffc400", "#e8590c", "#2f9e44"
_HALO = [withStroke(linewidth=2.8, foreground="white")]
_STEEP_DEG = 21.9
"""Steeper ground is not planned over: GridConfig.slope_max_rad less its slope error."""
_CLOSE_UP_MARGIN_M = 130.0
_LIGHT_DEG = 225.0
"""LightSource takes row 0 for the northern one and here it is the southern: this light falls in from the north-west."""


@dataclass(frozen=True)
class Preview:
    """What the picture shows, in the survey's map frame; way is the planned sortie, out and back."""

    name: str
    source: str
    frame: SiteFrame
    relief: HeightField
    survey: LightSurvey
    choice: Choice
    way: tuple[tuple[float, float], ...]
    hours: float
    """From the start to the end of the planned sortie, recharged."""


def draw_preview(path: Path, preview: Preview) -> None:
    """Write the picture as PNG."""
    figure = Figure(figsize=(13.6, 13.9), dpi=110, facecolor=PAPER, layout="constrained")
    grid = figure.subplots(2, 2)
    _relief(grid[0, 0], preview)
    _close_up(grid[0, 1], preview)
    _sun(figure, grid[1, 0], preview)
    _slopes(figure, grid[1, 1], preview)
    for axes in grid.flat:
        axes.set_aspect("equal")
        axes.tick_params(labelsize=8, colors=INK, length=3)
        for spine in axes.spines.values():
            spine.set_color("#adb5bd")
    figure.suptitle(_title(preview), x=0.012, ha="left", fontsize=17, weight="bold", color=INK)
    figure.supxlabel(_caption(preview), x=0.012, ha="left", fontsize=10, color=INK, linespacing=1.5)
    # the Matplotlib of Ubuntu 24.04 makes no room outside
    corner: Literal["outside upper right", "upper right"] = (
        "outside upper right" if mpl.__version_info__ >= (3, 7) else "upper right"
    )
    figure.legend(handles=_handles(preview), loc=corner, ncols=5, frameon=False, fontsize=9.5)
    figure.savefig(path, format="png", facecolor=PAPER)


def _title(preview: Preview) -> str:
    latitude, longitude = (math.degrees(float(v)) for v in preview.frame.to_geographic(*preview.choice.lander))
    return f"{preview.name}   lander at {abs(latitude):.4f} S, {longitude:.3f} E"


def _caption(preview: Preview) -> str:
    choice, survey = preview.choice, preview.survey
    kind = "permanent shadow" if choice.permanent else "shadow of that time"
    share = 100.0 * float(survey.permanent_shadow.mean())
    return (
        f"Lander in sun {100 * choice.lander_share:.0f} % of the year.  Target {choice.route_m:.0f} m of way from it, "
        f"in {kind}.  Start {utc_text(choice.start_utc_s)}; out, drill and back in the sun in {preview.hours:.1f} h.\n"
        f"Permanent shadow covers {share:.1f} % of the map.  Relief: {preview.source} (LOLA, NASA/GSFC).  "
        "Metres of the lander's map, grid north up."
    )


def _relief(axes: Axes, preview: Preview) -> None:
    relief = preview.relief
    heights = relief.heights_m.astype(np.float64)
    extent = _extent(relief, preview)
    axes.imshow(_tinted(heights, relief.cell_m), extent=extent, origin="lower", interpolation="bilinear")
    step = _contour_step(float(np.ptp(heights)))
    x, y = _shifted(relief, preview)
    thin = max(1, relief.shape[0] // 400)
    axes.contour(
        x[::thin],
        y[::thin],
        heights[::thin, ::thin],
        levels=np.arange(math.floor(heights.min() / step), math.ceil(heights.max() / step) + 1) * step,
        colors=INK,
        linewidths=0.4,
        alpha=0.5,
    )
    _shadow(axes, preview)
    _marks(axes, preview, named=False)
    box = _close_up_box(preview)
    axes.add_patch(
        Rectangle((box[0], box[1]), box[2] - box[0], box[3] - box[1], fill=False, edgecolor=INK, linewidth=1.1)
    )
    _heading(axes, f"Relief and permanent shadow; a contour every {step:g} m")
    _scale_bar(axes)


def _close_up(axes: Axes, preview: Preview) -> None:
    relief = preview.relief
    low_x, low_y, high_x, high_y = _close_up_box(preview)
    x, y = _shifted(relief, preview)
    columns, rows = (x >= low_x - 30) & (x <= high_x + 30), (y >= low_y - 30) & (y <= high_y + 30)
    # A smooth surface to look at: two to four samples a cell by cubic interpolation.
    fine = zoom(relief.heights_m[np.ix_(rows, columns)].astype(np.float64), 4, order=3, grid_mode=True, mode="nearest")
    cell = relief.cell_m / 4
    shade = LightSource(_LIGHT_DEG, 40).hillshade(fine, vert_exag=1.6, dx=cell, dy=cell)
    x, y = x[columns], y[rows]
    extent = (x[0] - relief.cell_m / 2, x[-1] + relief.cell_m / 2, y[0] - relief.cell_m / 2, y[-1] + relief.cell_m / 2)
    low, high = np.percentile(shade, (1, 99))
    axes.imshow(
        shade,
        cmap="gray",
        vmin=low - 0.7 * (high - low),
        vmax=high + 0.15 * (high - low),
        extent=extent,
        origin="lower",
    )
    step = 5.0 if np.ptp(fine) < 120 else 10.0
    fx = np.linspace(extent[0] + cell / 2, extent[1] - cell / 2, fine.shape[1])
    fy = np.linspace(extent[2] + cell / 2, extent[3] - cell / 2, fine.shape[0])
    levels = np.arange(math.floor(fine.min() / step), math.ceil(fine.max() / step) + 1) * step
    axes.contour(fx, fy, fine, levels=levels, colors="white", linewidths=0.5, alpha=0.7)
    _shadow(axes, preview)
    way = np.array(preview.way) - np.array(preview.choice.lander)
    axes.plot(*way.T, color=WAY, linewidth=2.2, path_effects=_HALO, zorder=4)
    _marks(axes, preview, named=True)
    axes.set_xlim(low_x, high_x)
    axes.set_ylim(low_y, high_y)
    _heading(axes, f"The sortie, out and back; a contour every {step:g} m")
    _scale_bar(axes)


def _sun(figure: Figure, axes: Axes, preview: Preview) -> None:
    field = preview.survey.field
    image = axes.imshow(
        100.0 * preview.survey.sunlit_share,
        cmap="inferno",
        vmin=0,
        extent=_extent(field, preview),
        origin="lower",
        interpolation="bilinear",
    )
    _shadow(axes, preview, fill=False)
    _marks(axes, preview, named=False)
    _bar(figure, axes, image, "% of the solar disc in sight, mean of a year")
    _heading(axes, "Sun over a year, 1.2 m above ground")


def _slopes(figure: Figure, axes: Axes, preview: Preview) -> None:
    relief = preview.relief
    dz_dy, dz_dx = np.gradient(relief.heights_m.astype(np.float64), relief.cell_m)
    slope = np.degrees(np.arctan(np.hypot(dz_dx, dz_dy)))
    image = axes.imshow(
        slope,
        cmap="YlGnBu_r",
        vmin=0,
        vmax=25,
        extent=_extent(relief, preview),
        origin="lower",
        interpolation="bilinear",
    )
    steep = np.where(slope >= _STEEP_DEG, 1.0, np.nan)
    axes.imshow(steep, cmap=ListedColormap(["#e03131"]), alpha=0.75, extent=_extent(relief, preview), origin="lower")
    _marks(axes, preview, named=False)
    _bar(figure, axes, image, "deg; red: too steep for the planner")
    _heading(axes, f"Slopes over {2 * relief.cell_m:g} m; median {np.median(slope):.1f} deg")


def _bar(figure: Figure, axes: Axes, image: Any, text: str) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=0.86, pad=0.015, aspect=32)
    bar.set_label(text, fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_visible(False)


def _shadow(axes: Axes, preview: Preview, fill: bool = True) -> None:
    survey = preview.survey
    if not survey.permanent_shadow.any():
        return
    mask = survey.permanent_shadow.astype(np.float64)
    x, y = _shifted(survey.field, preview)
    if fill:
        axes.contourf(x, y, mask, levels=[0.5, 1.5], colors=[ICE], alpha=0.38)
    axes.contour(x, y, mask, levels=[0.5], colors=ICE if fill else "#4dc3ff", linewidths=1.2)


def _marks(axes: Axes, preview: Preview, named: bool) -> None:
    choice = preview.choice
    origin = np.array(choice.lander)
    for number, haven in enumerate(choice.havens[1:], start=1):
        x, y = np.array(haven) - origin
        axes.plot(x, y, "o", color=HAVEN, markeredgecolor="white", markersize=8, zorder=5)
        if named:
            _name(axes, x, y, f"haven {number}")
    x, y = np.array(choice.target) - origin
    axes.plot(x, y, "*", color=SUN, markeredgecolor=INK, markersize=17, zorder=6)
    axes.plot(0, 0, "^", color="white", markeredgecolor=INK, markeredgewidth=1.4, markersize=11, zorder=6)
    if named:
        _name(axes, x, y, "target")
        _name(axes, 0, 0, "lander")


def _name(axes: Axes, x: float, y: float, text: str) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(9, 5),
        textcoords="offset points",
        fontsize=9,
        weight="bold",
        color=INK,
        path_effects=_HALO,
        zorder=7,
        annotation_clip=True,
    )


def _handles(preview: Preview) -> list[Line2D | Patch]:
    plain = {"linestyle": "none", "markersize": 10}
    handles: list[Line2D | Patch] = [
        Line2D([], [], marker="^", color="white", markeredgecolor=INK, label="lander", **plain),  # type: ignore[arg-type]
        Line2D([], [], marker="*", color=SUN, markeredgecolor=INK, label="drill target", **plain),  # type: ignore[arg-type]
        Line2D([], [], marker="o", color=HAVEN, label="haven", **plain),  # type: ignore[arg-type]
        Line2D([], [], color=WAY, linewidth=2.2, label="planned way"),
    ]
    if preview.survey.permanent_shadow.any():
        handles.append(Patch(facecolor=ICE, alpha=0.5, edgecolor=ICE, label="permanent shadow"))
    return handles


def _close_up_box(preview: Preview) -> tuple[float, float, float, float]:
    points = np.array([*preview.way, preview.choice.target, preview.choice.lander]) - np.array(preview.choice.lander)
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.5 * float(np.max(high - low)) + _CLOSE_UP_MARGIN_M
    x, y = 0.5 * (low + high)
    return x - half, y - half, x + half, y + half


def _shifted(field: HeightField, preview: Preview) -> tuple[FloatArray, FloatArray]:
    x, y = preview.choice.lander
    return field.x_m - x, field.y_m - y


def _extent(field: HeightField, preview: Preview) -> tuple[float, float, float, float]:
    x, y = _shifted(field, preview)
    half = 0.5 * field.cell_m
    return x[0] - half, x[-1] + half, y[0] - half, y[-1] + half


def _contour_step(span_m: float) -> float:
    return next(
        step for step in (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3) if span_m / step <= 20 or step == 1e3
    )


def _tinted(heights: FloatArray, cell_m: float) -> FloatArray:
    """Return shaded relief (ny, nx, 3) in grey, cool in the depths and warm on the heights."""
    shade = LightSource(_LIGHT_DEG, 35).hillshade(heights, vert_exag=1.5, dx=cell_m, dy=cell_m)
    low, high = np.percentile(shade, (0.5, 99.5))
    light = 0.2 + 0.8 * np.clip((shade - low) / max(high - low, 1e-6), 0.0, 1.0) ** 0.8
    rank = np.clip((heights - heights.min()) / max(float(np.ptp(heights)), 1e-6), 0.0, 1.0)[..., None]
    tint = (1.0 - rank) * np.array([0.72, 0.78, 0.92]) + rank * np.array([1.0, 0.96, 0.88])
    return np.asarray(light[..., None] * tint)


def _heading(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=11.5, color=INK)


def _scale_bar(axes: Axes) -> None:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    length = max(step for step in (10, 20, 50, 100, 200, 500, 1000, 2000) if step <= (right - left) / 4)
    x0, y0 = left + 0.04 * (right - left), low + 0.045 * (high - low)
    axes.plot([x0, x0 + length], [y0, y0], color=INK, linewidth=4, solid_capstyle="butt", path_effects=_HALO, zorder=8)
    axes.annotate(
        f"{length} m",
        (x0 + length / 2, y0),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=9.5,
        weight="bold",
        color=INK,
        path_effects=_HALO,
        zorder=8,
    )
