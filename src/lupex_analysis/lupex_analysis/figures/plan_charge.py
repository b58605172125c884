# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Charge along a planned sortie above the smallest that still leads home, with what the rover does and its light."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from lupex_analysis.figures import style
from lupex_analysis.figures.plan_view import DRIVE, RECHARGE, SERVICE, PlanView
from lupex_analysis.figures.style import HALO
from lupex_analysis.figures.utc_axis import clock_text, draw_utc_axis

ACTIVITIES = {
    0: ("driving", "#74c0fc"),
    3: ("work", "#ff922b"),
    1: ("waiting", "#ced4da"),
    2: ("recharging", "#51cf66"),
}
NAMED_SHARE = 0.06
"""Of the time axis, from which on there is room for a name."""

LONGEST_OVERRUN = 2.5
"""Of the sortie's own length, up to which the time axis is drawn on to show where the charge would run out."""


def draw_charge(figure: SubFigure, view: PlanView) -> None:
    """Draw charge and need over UTC, the turn-back moment, and below them activity and light."""
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(6.0, 1.0))
    end_s = _end_s(view)
    _charge(top, view)
    _smallest_margin(top, view, _hours(view, end_s))
    _turn_back(top, view, end_s)
    top.tick_params(axis="x", labelbottom=False)
    top.set_ylabel("stored energy [Wh]")
    _strips(bottom, view, NAMED_SHARE * _hours(view, end_s))
    for axes in (top, bottom):
        draw_utc_axis(axes, view.start_s, end_s, view.utc_offset_s)
    top.set_xlabel("")
    if view.utc_offset_s is not None:
        above = top.secondary_xaxis("top")
        above.set_xlabel("hours since the start", fontsize=8, color=style.MUTED, loc="right")
        above.tick_params(labelsize=8)
        above.xaxis.set_major_locator(MaxNLocator(nbins=12, steps=[1, 2, 3, 6, 10]))
    shown = {name: Patch(color=colour, label=name) for kind, (name, colour) in ACTIVITIES.items() if _does(view, kind)}
    light = [Patch(color=style.SUN, label="in the sun"), Patch(color=style.NIGHT, label="in shadow")]
    lines, _ = top.get_legend_handles_labels()
    style.legend_outside(figure, [*lines, *shown.values(), *light], "lower center", 10)


def _hours(view: PlanView, time_s: float) -> float:
    return (time_s - view.start_s) / 3600


def _does(view: PlanView, activity: int) -> bool:
    return bool((view.route["activity"][1:] == activity).any())


def _end_s(view: PlanView) -> float:
    """Return where the time axis ends: with the plan, or the turn-back moment if that is not far beyond."""
    last, length_s = float(view.route["t"][-1]), float(view.route["t"][-1]) - view.start_s
    if view.turn_back_s is not None and view.turn_back_s - view.start_s <= LONGEST_OVERRUN * length_s:
        return max(last, view.turn_back_s + 0.02 * length_s)
    return last


def _charge(axes: Axes, view: PlanView) -> None:
    charge = view.charge
    hours = (charge["t"] - view.start_s) / 3600
    energy, need = charge["energy_wh"], charge["required_wh"]
    axes.fill_between(hours, 0.0, need, color=style.WARN, alpha=0.10, linewidth=0)
    axes.fill_between(hours, need, energy, color=style.PLANNED, alpha=0.14, linewidth=0, label="margin")
    axes.plot(hours, energy, color=style.PLANNED, linewidth=2.0, label="charge by the plan")
    axes.plot(hours, need, color=style.WARN, linewidth=1.4, label="minimum safe charge")
    if view.overrun is not None and len(view.overrun["t"]) > 1:
        later = (view.overrun["t"] - view.start_s) / 3600
        axes.plot(
            later,
            view.overrun["energy_wh"],
            color=style.INK,
            linestyle=(0, (4, 2)),
            linewidth=1.1,
            label="if the last work went on",
        )
        axes.plot(later, view.overrun["required_wh"], color=style.WARN, linestyle=(0, (4, 2)), linewidth=1.0)
    if view.reserve_wh is not None:
        axes.axhline(view.reserve_wh, color=style.MUTED, linewidth=0.8, linestyle=":")
        axes.annotate(
            "reserve", (0.0, view.reserve_wh), xycoords=("axes fraction", "data"), xytext=(4, -9),
            textcoords="offset points", fontsize=8, color=style.MUTED, path_effects=HALO,
        )  # fmt: skip
    highest = max(float(np.nanmax(energy)), float(np.nanmax(need)))
    if view.capacity_wh is not None:
        axes.axhline(view.capacity_wh, color=style.MUTED, linewidth=0.8, linestyle=":")
        axes.annotate(
            "full", (0.0, view.capacity_wh), xycoords=("axes fraction", "data"), xytext=(4, -10),
            textcoords="offset points", fontsize=8, color=style.MUTED, path_effects=HALO,
        )  # fmt: skip
        highest = max(highest, view.capacity_wh)
    axes.set_ylim(0.0, 1.06 * highest)


def _smallest_margin(axes: Axes, view: PlanView, end_h: float) -> None:
    margin_wh, at_s = view.smallest_margin()
    hour, low = _hours(view, at_s), float(np.interp(at_s, view.charge["t"], view.charge["required_wh"]))
    high = low + margin_wh
    axes.annotate(
        "", (hour, low), xytext=(hour, high), arrowprops={"arrowstyle": "<->", "color": style.INK, "linewidth": 0.9}
    )
    early, late = hour < 0.25 * end_h, hour > 0.8 * end_h
    # between lines near to each other no text has room: there it stands below them
    near = margin_wh < 0.2 * axes.get_ylim()[1]
    left = late or (near and not early)
    axes.annotate(
        f"smallest margin {margin_wh:.0f} Wh",
        (hour, low if near else 0.5 * (low + high)),
        xytext=(-6 if left else 6, -9 if near else 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=8.5,
        path_effects=HALO,
    )


def _turn_back(axes: Axes, view: PlanView, end_s: float) -> None:
    works = view.works()
    if view.turn_back_s is None or not works:
        return
    leave_s = works[-1][2]
    slack_h = (view.turn_back_s - leave_s) / 3600
    text = f"turn back by {clock_text(view.turn_back_s, view.utc_offset_s, view.start_s)}, {slack_h:.1f} h in hand"
    hour = _hours(view, view.turn_back_s)
    axes.axvline(_hours(view, leave_s), color=style.INK, linewidth=0.9)
    axes.annotate(
        f"turns back {clock_text(leave_s, view.utc_offset_s, view.start_s)}",
        (_hours(view, leave_s), 0.92), xycoords=("data", "axes fraction"), xytext=(-5, 0), textcoords="offset points",
        ha="right", fontsize=8.5, weight="bold", path_effects=HALO,
    )  # fmt: skip
    if view.turn_back_s > end_s:
        axes.annotate(
            f"{text} →", (1.0, 0.84), xycoords="axes fraction", xytext=(-4, 0), textcoords="offset points",
            ha="right", color=style.WARN, fontsize=8.5, weight="bold", path_effects=HALO,
        )  # fmt: skip
        return
    axes.axvline(hour, color=style.WARN, linewidth=1.6)
    if view.overrun is not None:
        axes.plot(hour, view.overrun["energy_wh"][-1], "x", color=style.WARN, markersize=8, markeredgewidth=2)
    late = hour > 0.76 * _hours(view, end_s)
    axes.annotate(
        text, (hour, 0.84), xycoords=("data", "axes fraction"), xytext=(-5 if late else 5, 0),
        textcoords="offset points", ha="right" if late else "left", color=style.WARN, fontsize=8.5, weight="bold",
        path_effects=HALO,
    )  # fmt: skip


def _strips(axes: Axes, view: PlanView, named_h: float) -> None:
    """Draw a bar of activities, named where at least `named_h` long, and one of light."""
    t, activity, dark = view.route["t"], view.route["activity"], view.dark()
    for i in range(1, len(t)):
        left, width = _hours(view, float(t[i - 1])), float(t[i] - t[i - 1]) / 3600
        kind = int(activity[i])
        axes.barh(0, width, left=left, height=0.8, color=ACTIVITIES.get(kind, ACTIVITIES[DRIVE])[1], linewidth=0)
        axes.barh(1, width, left=left, height=0.8, color=style.NIGHT if dark[i - 1] else style.SUN, linewidth=0)
        name = {SERVICE: f"target {int(view.route['target'][i]) + 1}", RECHARGE: "recharge"}.get(kind, "")
        if width > named_h:
            axes.text(left + width / 2, 0, name, ha="center", va="center", fontsize=8)
    axes.set_yticks([0, 1], ["activity", "light"])
    axes.set_ylim(1.5, -0.5)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
