# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of one drive in two worlds: both paths, and each quantity over the way."""

import io

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from lupex_analysis.figures.style import ESTIMATED, TRUE, drawing
from lupex_analysis.world_comparison import Drive

_PANELS = (
    ("rate_rad_s", 1.0, "commanded drive rate [rad/s]"),
    ("pitch_rad", 57.29578, "pitch [deg]"),
    ("roll_rad", 57.29578, "roll [deg]"),
    ("slip", 100.0, "slip [%]"),
    ("energy_wh", 1.0, "energy of the drives [Wh]"),
)


def figure_svg(first: Drive, second: Drive) -> str:
    """Return the picture: both paths, and each quantity over the way."""
    with drawing():
        figure = Figure(figsize=(10.0, 8.0), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(3, 2).ravel()
        for drive, colour in ((first, TRUE), (second, ESTIMATED)):
            columns = drive.columns
            axes[0].plot(columns["x_m"], columns["y_m"], color=colour, linewidth=1.2, label=drive.name)
            for axis, (key, factor, title) in zip(axes[1:], _PANELS):
                axis.plot(drive.way_m, factor * columns[key], color=colour, linewidth=1.0)
                axis.set_title(title)
                axis.set_xlabel("way over ground [m]")
        axes[0].set_title("path from the start [m]")
        axes[0].set_aspect("equal", adjustable="datalim")
        axes[0].legend(loc="best")
        out = io.StringIO()
        figure.savefig(out, format="svg")
    return out.getvalue()
