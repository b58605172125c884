# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of a replay: what was recorded and what is said now, where they differ most."""

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lupex_analysis.figures.style import ESTIMATED, TRUE, drawing, thinned
from lupex_analysis.reading import stamp_s
from lupex_analysis.replay_comparison import Decode, Spoken, TopicComparison
from lupex_recorder.metadata import write_atomically

MOST_PANELS = 3
LEAST_WEIGHT = 0.05
"""Of its own range: by less two lines lie on each other."""
PLACE = "pose.pose.position"

Side = tuple[Iterable[Spoken], Decode]
Line = tuple[np.ndarray, np.ndarray]
"""Times [s] and values."""


@dataclass(frozen=True)
class Panel:
    """Two lines over time and what they show; `weight` says how much they differ beside their own range."""

    title: str
    path: str
    recorded: Line
    now: Line
    weight: float


@dataclass
class Panels:
    """What could be drawn. Times count from `begin_s`."""

    begin_s: float
    found: list[Panel] = field(default_factory=list)
    _decoded: dict[str, tuple[list[Any], list[Any]]] = field(default_factory=dict)

    def add(self, item: TopicComparison, recorded: Side, now: Side) -> None:
        """Add the fields of a topic that differ and are single numbers."""
        sides = _decoded(recorded), _decoded(now)
        self._decoded[item.topic] = sides
        for difference in item.fields:
            if "[" in difference.path or difference.path.startswith("header"):
                continue
            lines = [_line(messages, difference.path) for messages in sides]
            spread = np.ptp(lines[0][1]) if len(lines[0][1]) else 0.0
            unit = f" [{difference.unit}]" if difference.unit else ""
            title = f"{item.topic}  {difference.path}{unit}"
            weight = difference.largest / max(float(spread), 1e-12) if difference.unit else 0.0
            if math.isfinite(weight):
                self.found.append(Panel(title, difference.path, lines[0], lines[1], weight))

    def add_truth(self, topic: str, truth: Side | None) -> None:
        """Add how far a position is from the true one, where both are there; it is what one looks for."""
        if truth is None or topic not in self._decoded:
            return
        true = [truth[1](spoken.data) for spoken in truth[0]]
        if not true:
            return
        axes = [_line(true, f"{PLACE}.{axis}") for axis in "xy"]
        errors = []
        for messages in self._decoded[topic]:
            t, x = _line(messages, f"{PLACE}.x")
            _, y = _line(messages, f"{PLACE}.y")
            errors.append((t, np.hypot(x - np.interp(t, *axes[0]), y - np.interp(t, *axes[1]))))
        self.found.append(Panel(f"{topic}  distance from the truth [m]", PLACE, errors[0], errors[1], math.inf))


def _decoded(side: Side) -> list[Any]:
    spoken, decode = side
    return [decode(each.data) for each in spoken]


def _line(messages: list[Any], path: str) -> Line:
    values = []
    for message in messages:
        value = message
        for part in path.split("."):
            value = getattr(value, part)
        values.append((stamp_s(message), float(value)))
    columns = np.array(values, dtype=float).reshape(-1, 2).T
    return columns[0], columns[1]


def draw(path: Path, panels: Panels) -> None:
    """Write the picture of the panels that differ most, in the form that the name ends with; raises OSError."""
    by_path: dict[str, Panel] = {}
    for panel in sorted(panels.found, key=lambda panel: -panel.weight):
        # one quantity told on two topics is shown once
        by_path.setdefault(panel.path, panel)
    found = list(by_path.values())[:MOST_PANELS]
    chosen = [panel for panel in found if panel.weight >= LEAST_WEIGHT] or found[:1]
    with drawing():
        figure = Figure(figsize=(9.0, 1.2 + 1.9 * max(len(chosen), 1)), layout="constrained")
        axes = np.atleast_1d(figure.subplots(max(len(chosen), 1), 1, sharex=True))
        for axis, panel in zip(axes, chosen):
            for (t, values), colour, label in ((panel.recorded, TRUE, "recorded"), (panel.now, ESTIMATED, "replayed")):
                axis.plot(*thinned(t - panels.begin_s, values), color=colour, linewidth=1.2, label=label)
            axis.set_title(panel.title)
        if chosen:
            axes[0].legend(loc="best")
        else:
            axes[0].set_title("nothing differs")
        axes[-1].set_xlabel("time since the beginning of the replay [s]")
        picture = io.BytesIO()
        figure.savefig(picture, format=path.suffix.lstrip(".").lower() or "svg", dpi=110)
    write_atomically(path, picture.getvalue())
