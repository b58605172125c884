# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Figures of any rover: when its topics spoke, where it went, how it moved, its battery and its troubles."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from lupex_analysis.figures import style
from lupex_analysis.rover.events import Event
from lupex_analysis.rover.motion import Speeds
from lupex_analysis.rover.rolling import Rolling
from lupex_analysis.rover.tracks import Track
from lupex_analysis.topic_times import TopicTimes

_COLOURS = (style.ESTIMATED, style.PLANNED, "#9c36b5", style.ICE, "#e67700", style.MUTED)
_BINS = 400
_MOST_TOPICS = 60
_LEVELS = {"warning": style.SUN, "error": style.WARN, "stale": style.MUTED}
_MOST_SOURCES = 24


def presence_figure(times: Mapping[str, TopicTimes], start_ns: int, end_ns: int) -> Figure:
    """Draw for each topic when it spoke: dark where it is as lively as ever, white where it is silent."""
    names = sorted(times, key=lambda name: -len(times[name].received_ns))[:_MOST_TOPICS]
    names.sort()
    edges = np.linspace(start_ns, max(end_ns, start_ns + 1), _BINS + 1)
    rows = np.stack([np.histogram(times[name].received_ns, edges)[0].astype(float) for name in names])
    usual = np.array([np.median(row[row > 0]) if (row > 0).any() else 1.0 for row in rows])
    # one message in a bin is seen, whatever is usual
    shade = np.where(rows > 0, np.clip(rows / usual[:, None], 0.35, 1.0), np.nan)
    figure = style.new_figure(9.2, 0.8 + 0.2 * len(names))
    axes = figure.subplots()
    span_s = (edges[-1] - edges[0]) * 1e-9
    axes.imshow(shade, aspect="auto", cmap="Blues", vmin=0, vmax=1.4, interpolation="nearest",
        extent=(0.0, span_s, len(names) - 0.5, -0.5))  # fmt: skip
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlabel("time since the first message [s]")
    axes.grid(visible=False)
    return figure


def tracks_figure(truth: Track | None, estimates: Sequence[Track]) -> Figure:
    """Draw all tracks on one map, each moved to no other: those of other frames lie elsewhere."""
    figure = style.new_figure(9.2, 6.2)
    axes = figure.subplots()
    drawn = [*estimates, *([truth] if truth else [])]
    for number, track in enumerate(drawn):
        colour = style.TRUE if track is truth else _COLOURS[number % len(_COLOURS)]
        x, y = style.thinned(track.place_m[:, 0], track.place_m[:, 1])
        axes.plot(x, y, color=colour, label=track.topic + (" (truth)" if track is truth else ""))
        axes.plot(x[:1], y[:1], "o", color=colour, markersize=5)
        axes.plot(x[-1:], y[-1:], "s", color=colour, markersize=5)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    axes.legend(loc="best")
    return figure


def motion_figure(asked: Speeds | None, told: Speeds | None, start_ns: int) -> Figure:
    """Draw commanded and measured speed and rate of turn."""
    figure = style.new_figure(9.2, 4.4)
    top, bottom = figure.subplots(2, 1, sharex=True)
    for speeds, colour, name in ((told, style.ESTIMATED, "measured"), (asked, style.INK, "commanded")):
        if speeds is None:
            continue
        t, ahead, turn = style.thinned(speeds.time_s - start_ns * 1e-9, speeds.ahead_mps, speeds.turn_rad_s)
        top.plot(t, ahead, color=colour, linewidth=1.0, label=f"{name}: {speeds.topic}")
        bottom.plot(t, np.degrees(turn), color=colour, linewidth=1.0)
    top.set_ylabel("speed [m/s]")
    top.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
    bottom.set_ylabel("turn [deg/s]")
    bottom.set_xlabel("time since the first message [s]")
    return figure


def rolling_figure(found: Sequence[Rolling]) -> Figure:
    """Draw relative slip over time."""
    figure = style.new_figure(9.2, 2.8)
    axes = figure.subplots()
    for number, each in enumerate(found):
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(each.time_s - each.time_s[0], 100.0 * each.slip, ".-", color=colour, linewidth=0.8, label=each.topic)
    axes.axhline(0.0, color=style.MUTED, linewidth=0.6)
    axes.set_ylabel("relative slip [%]")
    axes.set_xlabel("time since it first rolled [s]")
    axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    return figure


def battery_figure(curves: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Draw charge and voltage of batteries over time."""
    figure = style.new_figure(9.2, 4.0)
    top, bottom = figure.subplots(2, 1, sharex=True)
    for number, (topic, columns) in enumerate(curves.items()):
        if not len(columns["t"]):
            continue
        t, charge, volts = style.thinned(columns["t"] - columns["t"][0], columns["percentage"], columns["voltage"])
        top.plot(t, 100.0 * charge, color=_COLOURS[number % len(_COLOURS)], label=topic)
        bottom.plot(t, volts, color=_COLOURS[number % len(_COLOURS)])
    top.set_ylabel("charge [%]")
    top.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    bottom.set_ylabel("voltage [V]")
    bottom.set_xlabel("time since its first reading [s]")
    return figure


def events_figure(events: Sequence[Event], span_s: float) -> Figure:
    """Draw when which source told of trouble."""
    sources = list(dict.fromkeys(event.source for event in events))[:_MOST_SOURCES]
    figure = style.new_figure(9.2, 0.9 + 0.22 * len(sources))
    axes = figure.subplots()
    for event in events:
        if event.source in sources:
            axes.plot(event.t_s, sources.index(event.source), "o", color=_LEVELS.get(event.level, style.PLANNED))
    axes.set_yticks(range(len(sources)), sources, fontsize=7)
    axes.set_ylim(len(sources) - 0.5, -0.5)
    axes.set_xlim(0.0, max(span_s, 1e-3))
    axes.set_xlabel("time since the first message [s]")
    return figure
