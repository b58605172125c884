# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How figures of the report look, and how they get into the page."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, FigureBase
from matplotlib.patheffects import withStroke

from lupex_analysis.scoring import episodes
from lupex_analysis.sortie import Columns

INK = "#1d2733"
MUTED = "#6b7785"
GRID = "#e3e7ec"
NIGHT = "#2c3e63"
TRUE = "#d9480f"
ESTIMATED = "#1971c2"
PLANNED = "#2b8a3e"
SUN = "#f2a900"
WARN = "#e03131"
ICE = "#1098ad"
PHASE_COLOURS = (
    "#adb5bd",
    "#ffd43b",
    "#74c0fc",
    "#b197fc",
    "#ff922b",
    "#63e6be",
    "#ffe066",
    "#51cf66",
    "#e03131",
    "#f06595",
)
HALO = [withStroke(linewidth=2.6, foreground="white")]
"""Around text and lines on a map."""
MOST_POINTS = 1500
"""Points of a line beyond which it is thinned: more are not seen and make the page slow."""

Edge = Literal["lower center", "upper left"]
_BESIDE: dict[Edge, Literal["outside lower center", "outside upper left"]] = {
    "lower center": "outside lower center",
    "upper left": "outside upper left",
}
_KNOWS_OUTSIDE = mpl.__version_info__ >= (3, 7)
"""Whether Matplotlib makes room for the legend of a figure; that of Ubuntu 24.04 does not."""


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the report's style, without touching anybody else's."""
    settings: dict[Any, Any] = {
        "font.size": 9.0,
        "font.family": "sans-serif",
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
        "lines.linewidth": 1.4,
        "legend.frameon": False,
        "legend.fontsize": 8.0,
        "svg.fonttype": "none",
        "svg.hashsalt": "lupex",
        "path.simplify_threshold": 0.5,
    }
    with mpl.rc_context(settings):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make a figure that lays itself out."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def legend_outside(figure: FigureBase, handles: Sequence[Artist], edge: Edge, columns: int) -> None:
    """Put a legend at an edge of the figure beside what is drawn, or upon it where Matplotlib makes no room."""
    figure.legend(handles=handles, loc=_BESIDE[edge] if _KNOWS_OUTSIDE else edge, ncols=columns)


def svg(figure: Figure) -> str:
    """Render a figure as an SVG element for a page; text stays text."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # the page gives the width: fixed sizes would not fit a phone
    head, rest = text.split(">", 1)
    return re.sub(r' (width|height)="[\d.]+pt"', "", head) + ">" + rest


def thinned(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Take every n-th row, and the last one, of columns that are too long to draw."""
    count = len(columns[0])
    if count <= MOST_POINTS:
        return columns
    chosen = np.unique(np.append(np.arange(0, count, -(-count // MOST_POINTS)), count - 1))
    return tuple(column[chosen] for column in columns)


def hours(t: np.ndarray | float, start_s: float) -> np.ndarray:
    """Return hours since the start of the sortie."""
    return (np.asarray(t, dtype=float) - start_s) / 3600


def shade_dark(axes: Axes, truth: Columns, start_s: float, dark_fraction: float, *, named: bool = True) -> None:
    """Shade the times in darkness, with an entry for the legend if `named`."""
    for number, (begin, end) in enumerate(episodes(truth["t"], truth["sunlit_fraction"] < dark_fraction, 30.0)):
        axes.axvspan(
            float(hours(begin, start_s)),
            float(hours(end, start_s)),
            color=NIGHT,
            alpha=0.10,
            linewidth=0,
            label="in darkness" if named and number == 0 else None,
        )


def time_axis(axes: Axes, begin_s: float, end_s: float) -> None:
    """Label an axis in hours since the start."""
    axes.set_xlabel("time since the start of the sortie [h]")
    axes.set_xlim(float(hours(begin_s, begin_s)), max(float(hours(end_s, begin_s)), 1e-3))
