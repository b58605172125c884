# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The route of a planned sortie on its ground: by time of arrival, and beside the shadow of single moments."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch

from lupex_analysis.figures import style
from lupex_analysis.figures.map_figure import draw_permanent_shadow, draw_relief, draw_shadow, name_place, scale_bar
from lupex_analysis.figures.plan_view import PlanView
from lupex_analysis.figures.style import HALO
from lupex_analysis.figures.utc_axis import clock_text, day_text, utc_ticks
from lupex_analysis.sortie import Layer

ARRIVAL = LinearSegmentedColormap.from_list("arrival", ["#0ca678", "#3bc9db", "#cc5de8", "#e64980", "#a61e4d"])
"""Colours of time: none is that of sun or night."""

LANE_SHARE = 0.006
"""By so much of the map's side the route is drawn to the right of the way, so that out and back are two lines."""

FRAME_MARGIN = 0.22


def draw_route(figure: FigureBase, view: PlanView) -> None:
    """Draw relief, mean shadow of the sortie, and the route: its colour is the time, its border the light then."""
    axes = figure.add_subplot()
    handles = _ground(axes, view)
    frame(axes, view)
    if len(view.route["t"]):
        handles += _route(axes, figure, view)
    _places(axes, view)
    scale_bar(axes)
    _north(axes)
    axes.set_xlabel("grid east of the lander [m]")
    axes.set_ylabel("grid north of the lander [m]")
    style.legend_outside(figure, handles, "lower center", 4)


def draw_moment(axes: Axes, view: PlanView, time_s: float, light: Layer) -> None:
    """Draw the shadow of one moment, the way driven till then, the way ahead, and the rover."""
    axes.set_aspect("equal")
    axes.grid(visible=False)
    elevation = view.ground.get("elevation")
    if elevation is not None:
        draw_relief(axes, elevation, contours=False)
    draw_shadow(axes, light, 0.72)
    frame(axes, view)
    t, x, y = (view.route[name] for name in ("t", "x_m", "y_m"))
    axes.plot(x, y, color="white", linewidth=1.0, linestyle=(0, (1, 1.4)))
    if len(t):
        here = view.at(time_s)
        before = t <= time_s
        axes.plot([*x[before], here[0]], [*y[before], here[1]], color=style.TRUE, linewidth=1.8)
    else:
        here = view.start
    for target in view.targets:
        axes.plot(*target, marker="*", color=style.SUN, markeredgecolor=style.INK, markersize=9)
    axes.plot(*here, marker="o", color=style.TRUE, markeredgecolor="white", markersize=7, markeredgewidth=1.4, zorder=5)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    clock = clock_text(time_s, view.utc_offset_s, view.start_s)
    axes.set_title(f"{clock}  {view.moment(time_s)}", fontsize=8.5)


def _ground(axes: Axes, view: PlanView) -> list[Line2D | Patch]:
    axes.set_aspect("equal")
    axes.grid(visible=False)
    handles: list[Line2D | Patch] = []
    elevation = view.ground.get("elevation")
    if elevation is not None and np.isfinite(elevation.values).any():
        handles += draw_relief(axes, elevation)
    if view.light:
        draw_shadow(axes, mean_light(view.light), 0.6)
        several = len(view.light) > 1
        label = "shadow all the while" if several else "shadow at the start"
        handles.append(Patch(color=style.NIGHT, alpha=0.6, label=label))
        if several:
            handles.append(Patch(color=style.NIGHT, alpha=0.25, label="part of the time"))
    return handles + draw_permanent_shadow(axes, view.ground.get("permanent_shadow"))


def mean_light(light: tuple[tuple[float, Layer], ...]) -> Layer:
    """Average the light over the moments known, weighted by the time between them."""
    times = np.array([time_s for time_s, _ in light])
    gaps = np.diff(times)
    weights = np.concatenate(([0.0], gaps)) + np.concatenate((gaps, [0.0])) if len(times) > 1 else np.ones(1)
    first = light[0][1]
    values = sum(weight * layer.values for weight, (_, layer) in zip(weights, light, strict=True)) / weights.sum()
    return Layer(first.x_m, first.y_m, np.asarray(values))


def frame(axes: Axes, view: PlanView) -> None:
    """Limit axes to the sortie and some ground around it, square unless the ground known is not."""
    xs = [*view.route["x_m"], view.start[0], *(x for x, _ in view.targets)]
    ys = [*view.route["y_m"], view.start[1], *(y for _, y in view.targets)]
    half = 0.5 * max(np.ptp(xs), np.ptp(ys), 40.0) * (1.0 + 2.0 * FRAME_MARGIN)
    middle_x, middle_y = 0.5 * (min(xs) + max(xs)), 0.5 * (min(ys) + max(ys))
    axes.set_xlim(middle_x - half, middle_x + half)
    axes.set_ylim(middle_y - half, middle_y + half)


def _route(axes: Axes, figure: FigureBase, view: PlanView) -> list[Line2D | Patch]:
    t, dark = view.route["t"], view.dark()
    side = axes.get_xlim()[1] - axes.get_xlim()[0]
    points = beside(view.route["x_m"], view.route["y_m"], LANE_SHARE * side)
    segments = np.stack([points[:-1], points[1:]], axis=1)
    moved = np.hypot(*(points[1:] - points[:-1]).T) > 0.0
    for chosen, colour in ((moved & ~dark, style.SUN), (moved & dark, style.NIGHT)):
        axes.add_collection(
            LineCollection(list(segments[chosen]), colors=colour, linewidths=8.5, capstyle="round", zorder=3)
        )
    scale = Normalize(view.start_s, view.home_s if view.home_s > view.start_s else view.start_s + 1.0)
    colours = ARRIVAL(scale(0.5 * (t[:-1] + t[1:])[moved]))
    for width, shade in ((3.6, "white"), (2.6, None)):
        axes.add_collection(
            LineCollection(
                list(segments[moved]),
                colors=colours if shade is None else shade,
                linewidths=width,
                capstyle="round",
                zorder=4,
            )
        )
    _colour_bar(axes, figure, view, scale)
    return [
        Line2D([], [], color=style.SUN, linewidth=6, label="driven in the sun"),
        Line2D([], [], color=style.NIGHT, linewidth=6, label="driven in shadow"),
    ]


def _colour_bar(axes: Axes, figure: FigureBase, view: PlanView, scale: Normalize) -> None:
    bar = figure.colorbar(ScalarMappable(scale, ARRIVAL), ax=axes, location="top", shrink=0.7, aspect=45, pad=0.01)
    low, high = float(scale.vmin or 0.0), float(scale.vmax or 1.0)
    if view.utc_offset_s is None:
        ticks = np.linspace(low, high, 5)
    else:
        ticks = np.array(utc_ticks(low + view.utc_offset_s, high + view.utc_offset_s)) - view.utc_offset_s
    bar.set_ticks(list(ticks), labels=[clock_text(tick, view.utc_offset_s, view.start_s) for tick in ticks])
    bar.outline.set_visible(False)
    zone = f"UTC, {day_text(view.start_s, view.utc_offset_s)}" if view.utc_offset_s is not None else "since the start"
    bar.set_label(f"colour of the route: time of arrival ({zone})", fontsize=8.5)


def beside(x_m: np.ndarray, y_m: np.ndarray, offset_m: float) -> np.ndarray:
    """Return the points (n, 2) of a way moved to its right, each by the mean direction of the way around it."""
    points = np.stack([x_m, y_m], axis=1).astype(float)
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    units = steps[lengths > 0.0] / lengths[lengths > 0.0, None]
    if not len(units):
        return points
    # a stay has no direction of its own: before it counts that of arrival, after it that of leaving
    index = np.cumsum(lengths > 0.0)
    arriving = units[np.clip(np.concatenate(([0], index)) - 1, 0, len(units) - 1)]
    leaving = units[np.clip(np.concatenate((index, [len(units)])) - 0, 1, len(units)) - 1]
    right = np.stack([arriving[:, 1] + leaving[:, 1], -arriving[:, 0] - leaving[:, 0]], axis=1)
    length = np.hypot(*right.T)
    straight = length > 0.2
    right[straight] /= length[straight, None]
    right[~straight] = 0.0
    return points + offset_m * right


def _places(axes: Axes, view: PlanView) -> None:
    for x, y in view.havens:
        axes.add_patch(Circle((x, y), 8.0, fill=False, edgecolor=style.SUN, linewidth=1.8, zorder=5))
    axes.plot(*view.start, marker="^", color="white", markeredgecolor=style.INK, markersize=9, zorder=6)
    name_place(axes, *view.start, "start" if not _near(view.start, view.havens) else "start and haven")
    works = {target: (begin, end) for target, begin, end in view.works()} if len(view.route["t"]) else {}
    for number, (x, y) in enumerate(view.targets):
        axes.plot(x, y, marker="*", color=style.SUN, markeredgecolor=style.INK, markersize=15, zorder=6)
        text = f"target {number + 1}"
        if number in works:
            begin, end = (clock_text(moment, view.utc_offset_s, view.start_s) for moment in works[number])
            text += f"\n{begin} to {end}"
        if works and view.turn_back_s is not None and number == view.works()[-1][0]:
            text += f"\nturn back by {clock_text(view.turn_back_s, view.utc_offset_s, view.start_s)}"
        _name_inside(axes, view, x, y, text)
    for x, y in view.havens:
        if not _near((x, y), [view.start]):
            name_place(axes, x, y, "haven")


def _name_inside(axes: Axes, view: PlanView, x: float, y: float, text: str) -> None:
    """Write a name of some lines beside a place, away from the route and within the map."""
    (left, right_edge), (low, high) = axes.get_xlim(), axes.get_ylim()
    reach = 0.2 * (right_edge - left)
    close = np.hypot(view.route["x_m"] - x, view.route["y_m"] - y) < reach
    towards_x = float(np.mean(view.route["x_m"][close])) - x if close.any() else 0.0
    towards_y = float(np.mean(view.route["y_m"][close])) - y if close.any() else 0.0
    right = (towards_x <= 0.0 or x < left + reach) and x < right_edge - reach
    up = (towards_y <= 0.0 or y < low + 0.5 * reach) and y < high - 0.5 * reach
    axes.annotate(
        text,
        (x, y),
        xytext=(10 if right else -10, 8 if up else -8),
        textcoords="offset points",
        ha="left" if right else "right",
        va="bottom" if up else "top",
        fontsize=8.5,
        weight="bold",
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        zorder=7,
    )


def _near(place: tuple[float, float], others: object) -> bool:
    return any(np.hypot(place[0] - x, place[1] - y) < 15.0 for x, y in others)  # type: ignore[attr-defined]


def _north(axes: Axes) -> None:
    axes.annotate(
        "N", (0.965, 0.125), xytext=(0.965, 0.045), xycoords="axes fraction", ha="center", va="center", weight="bold",
        arrowprops={"arrowstyle": "->", "color": style.INK, "linewidth": 1.4}, path_effects=HALO,
    )  # fmt: skip
