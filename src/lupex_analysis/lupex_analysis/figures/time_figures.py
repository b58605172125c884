# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Figures over time: charge, certificate, localization, timeline, neutrons."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lupex_analysis.config import Judgement
from lupex_analysis.figures import style
from lupex_analysis.figures.style import hours, thinned
from lupex_analysis.scoring import Errors, episodes
from lupex_analysis.sortie import PHASES, Sortie

DRIVING_PHASES = (1, 2, 5)


def charge_figure(sortie: Sortie, rules: Judgement) -> Figure:
    """Draw energy (true, estimated, forecast, reserve) over power in and out."""
    figure = style.new_figure(9.2, 5.4)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    start = sortie.start_s
    style.shade_dark(top, sortie.truth, start, rules.dark_fraction)
    style.shade_dark(bottom, sortie.truth, start, rules.dark_fraction, named=False)
    power = sortie.power
    if sortie.seen(power):
        t, energy, sigma = thinned(power["t"], power["energy_wh"], power["energy_sigma_wh"])
        top.fill_between(
            hours(t, start), energy - 3 * sigma, energy + 3 * sigma, color=style.ESTIMATED, alpha=0.15, linewidth=0
        )
        top.plot(hours(t, start), energy, color=style.ESTIMATED, label="estimated, 3 sigma")
        t, reserve = thinned(power["t"], power["reserve_wh"])
        top.fill_between(hours(t, start), 0, reserve, color=style.WARN, alpha=0.18, linewidth=0, label="reserve")
    if sortie.seen(sortie.truth):
        t, energy = thinned(sortie.truth["t"], sortie.truth["energy_wh"])
        top.plot(hours(t, start), energy, color=style.TRUE, linewidth=1.1, label="true")
    _forecasts(top, sortie)
    top.set_ylabel("usable energy [Wh]")
    top.set_ylim(bottom=0)
    top.legend(ncols=5, loc="lower left", bbox_to_anchor=(0, 1.0))
    if sortie.seen(power):
        t, array, load = thinned(power["t"], power["array_power_w"], power["load_power_w"])
        bottom.plot(hours(t, start), array, color=style.SUN, label="from the array")
        bottom.plot(hours(t, start), load, color=style.INK, linewidth=1.0, label="loads")
        bottom.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1.0))
    bottom.set_ylabel("power [W]")
    style.time_axis(bottom, start, _end_s(sortie))
    return figure


def _end_s(sortie: Sortie) -> float:
    ends = [columns["t"][-1] for columns in (sortie.truth, sortie.power, sortie.mission) if len(columns["t"])]
    return float(max([*ends, sortie.end_s, sortie.start_s + 1]))


def _forecasts(axes: Axes, sortie: Sortie) -> None:
    """Draw the first forecast of each plan: what was expected before it was known."""
    seen: set[str] = set()
    for forecast in sortie.forecasts:
        if not forecast.plan_id or forecast.plan_id in seen or not len(forecast.columns["t"]):
            continue
        first = not seen
        seen.add(forecast.plan_id)
        t, energy, sigma = (forecast.columns[name] for name in ("t", "energy_wh", "energy_sigma_wh"))
        h = hours(t, sortie.start_s)
        axes.plot(
            h,
            energy,
            color=style.PLANNED,
            linestyle=(0, (4, 2)),
            linewidth=1.2,
            alpha=1.0 if first else 0.4,
            label="forecast on leaving" if first else None,
        )
        if first:
            axes.fill_between(h, energy - sigma, energy + sigma, color=style.PLANNED, alpha=0.10, linewidth=0)


def certificate_figure(sortie: Sortie, rules: Judgement) -> Figure:
    """Draw what is there against what the way back needs, and the margin between."""
    figure = style.new_figure(9.2, 4.6)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.2))
    start, certificate = sortie.start_s, sortie.certificate
    for axes in (top, bottom):
        style.shade_dark(axes, sortie.truth, start, rules.dark_fraction, named=axes is top)
    t = certificate["t"]
    valid = certificate["valid"] > 0
    h, energy, required, margin = thinned(
        hours(t, start),
        *(np.where(valid, certificate[name], np.nan) for name in ("energy_wh", "required_wh", "margin_wh")),
    )
    top.plot(h, energy, color=style.ESTIMATED, label="held, less 3 sigma")
    top.plot(h, required, color=style.INK, label="needed for the way back, worst case")
    top.set_ylabel("energy [Wh]")
    top.set_ylim(bottom=0)
    top.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    bottom.fill_between(h, 0, margin, where=margin >= 0, color=style.PLANNED, alpha=0.2, linewidth=0)
    bottom.fill_between(h, 0, margin, where=margin < 0, color=style.WARN, alpha=0.35, linewidth=0)
    bottom.plot(h, margin, color=style.PLANNED, label="margin")
    bottom.axhline(0, color=style.WARN, linewidth=1.2)
    for number, (begin, end) in enumerate(episodes(t, ~valid)):
        bottom.axvspan(
            float(hours(begin, start)),
            float(hours(end, start)),
            facecolor="none",
            edgecolor=style.WARN,
            hatch="////",
            linewidth=0,
            alpha=0.5,
            label="no valid certificate" if number == 0 else None,
        )
    bottom.set_ylabel("margin [Wh]")
    bottom.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1.0))
    style.time_axis(bottom, start, _end_s(sortie))
    return figure


def localization_figure(sortie: Sortie, errors: Errors) -> Figure:
    """Draw the errors of x, y and yaw against their own three sigma."""
    figure = style.new_figure(9.2, 5.0)
    panels = figure.subplots(3, 1, sharex=True)
    rows = (
        ("x [m]", errors.x_m, errors.x_sigma_m),
        ("y [m]", errors.y_m, errors.y_sigma_m),
        ("heading [deg]", np.degrees(errors.yaw_rad), np.degrees(errors.yaw_sigma_rad)),
    )
    for axes, (label, error, sigma) in zip(panels, rows, strict=True):
        h, error, sigma = thinned(hours(errors.t, sortie.start_s), error, sigma)
        axes.fill_between(h, -3 * sigma, 3 * sigma, color=style.ESTIMATED, alpha=0.15, linewidth=0, label="3 sigma")
        axes.plot(h, error, color=style.TRUE, linewidth=1.0, label="error (estimate less truth)")
        outside = np.abs(error) > 3 * sigma
        axes.plot(h[outside], error[outside], ".", color=style.WARN, markersize=3)
        axes.axhline(0, color=style.MUTED, linewidth=0.6)
        inside = 100 * np.mean(~outside) if len(outside) else 0.0
        axes.set_title(f"{inside:.0f} % inside 3 sigma", loc="right", fontsize=8, weight="normal", color=style.MUTED)
        axes.set_ylabel(label)
        if len(error):
            # the first seconds' uncertainty would flatten all the rest
            half = 1.2 * max(float(np.percentile(3 * sigma, 90)), float(np.abs(error).max()), 1e-6)
            axes.set_ylim(-half, half)
    panels[0].legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
    style.time_axis(panels[-1], sortie.start_s, _end_s(sortie))
    return figure


def timeline_figure(sortie: Sortie, rules: Judgement) -> Figure:
    """Draw phases, light, and each fault from its appearing to its clearing."""
    rows = _fault_rows(sortie)
    figure = style.new_figure(9.2, 1.7 + 0.3 * len(rows))
    axes = figure.add_subplot()
    start, end = sortie.start_s, _end_s(sortie)
    labels = ["phase", "light", *(f"{source}: {code}" for source, code in rows)]
    _phases(axes, sortie, end)
    truth = sortie.truth
    for begin, finish in episodes(truth["t"], truth["sunlit_fraction"] >= rules.dark_fraction):
        axes.barh(1, _span(begin, finish), left=float(hours(begin, start)), height=0.55, color=style.SUN, alpha=0.8)
    for begin, finish in episodes(truth["t"], truth["sunlit_fraction"] < rules.dark_fraction):
        axes.barh(1, _span(begin, finish), left=float(hours(begin, start)), height=0.55, color=style.NIGHT, alpha=0.8)
    for number, (severity, spans) in enumerate(rows.values(), start=2):
        colour = style.SUN if severity == "warning" else style.WARN
        for appeared, cleared in spans:
            left = float(hours(appeared, start))
            stop = end if cleared is None else cleared
            axes.barh(number, _span(appeared, stop), left=left, height=0.4, color=colour, alpha=0.7)
            axes.plot(left, number, marker="|", color=colour, markersize=11, markeredgewidth=2)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0, labelcolor=style.INK)
    axes.spines["left"].set_visible(False)
    style.time_axis(axes, start, end)
    return figure


def _span(begin_s: float, end_s: float) -> float:
    return max((end_s - begin_s) / 3600, 0.0)


def _phases(axes: Axes, sortie: Sortie, end_s: float) -> None:
    t, phase = sortie.mission["t"], sortie.mission["phase"]
    if not len(t):
        return
    starts = np.flatnonzero(np.diff(phase, prepend=-1))
    whole_h = max((end_s - sortie.start_s) / 3600, 1e-6)
    for index, first in enumerate(starts):
        finish = t[starts[index + 1]] if index + 1 < len(starts) else end_s
        number = int(phase[first])
        left, width = float(hours(t[first], sortie.start_s)), _span(t[first], finish)
        axes.barh(0, width, left=left, height=0.75, color=style.PHASE_COLOURS[number % len(style.PHASE_COLOURS)])
        if width > 0.05 * whole_h:
            axes.text(left + width / 2, 0, PHASES[number], ha="center", va="center", fontsize=8)


def _fault_rows(sortie: Sortie) -> dict[tuple[str, str], tuple[str, list[tuple[float, float | None]]]]:
    rows: dict[tuple[str, str], tuple[str, list[tuple[float, float | None]]]] = {}
    for event in sortie.faults:
        key = (event.source, event.code)
        _, spans = rows.setdefault(key, (event.severity, []))
        if event.active:
            spans.append((event.t_s, None))
        elif spans and spans[-1][1] is None:
            spans[-1] = (spans[-1][0], event.t_s)
    return {key: row for key, row in rows.items() if row[1]}


def neutron_figure(sortie: Sortie) -> Figure:
    """Draw epithermal counts on the track, and along the distance driven."""
    figure = style.new_figure(9.2, 3.4)
    place, line = figure.subplots(1, 2, width_ratios=(1, 1.5))
    counts = sortie.neutron
    rate = counts["epithermal"] / np.maximum(counts["integration_s"], 1e-9)
    track = sortie.estimate if sortie.seen(sortie.estimate) else sortie.truth
    if sortie.seen(track):
        x, y = (np.interp(counts["t"], track["t"], track[name]) for name in ("x_m", "y_m"))
        distance = np.interp(counts["t"], track["t"], _path_length(track["x_m"], track["y_m"]))
    else:
        x = y = distance = np.zeros(len(rate))
    bins, means, sigmas, xs, ys = _binned(distance, counts["epithermal"], counts["integration_s"], x, y)
    shown = place.scatter(xs, ys, c=means, cmap="viridis", s=16, linewidths=0)
    place.set_aspect("equal", adjustable="datalim")
    place.set_xlabel("east [m]")
    place.set_ylabel("north [m]")
    figure.colorbar(shown, ax=place, label="epithermal [1/s]")
    line.errorbar(bins, means, yerr=sigmas, fmt=".", color=style.ESTIMATED, elinewidth=0.7, markersize=4)
    line.set_xlabel("distance driven, estimated [m]")
    line.set_ylabel("epithermal rate [1/s]")
    line.set_title("bars: one sigma of the counts; hydrogen lowers the rate", fontsize=8, weight="normal")
    return figure


def _path_length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))


def _binned(
    distance: np.ndarray, counts: np.ndarray, seconds: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Sum counts over sixty equal lengths of the track; a stay falls into one of them."""
    edges = np.linspace(0, max(float(distance.max(initial=0.0)), 1.0), 61)
    number = np.clip(np.digitize(distance, edges) - 1, 0, 59)
    used = np.unique(number)
    total = np.array([counts[number == n].sum() for n in used])
    time = np.array([max(seconds[number == n].sum(), 1e-9) for n in used])
    centre = np.array([distance[number == n].mean() for n in used])
    xs = np.array([x[number == n].mean() for n in used])
    ys = np.array([y[number == n].mean() for n in used])
    return centre, total / time, np.sqrt(total) / time, xs, ys
