# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Charts and map as plots of Bokeh: what is drawn, and nothing of how a person moves in it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.models import (
    AdaptiveTicker,
    BoxZoomTool,
    ColumnDataSource,
    DataRange1d,
    FixedTicker,
    NumeralTickFormatter,
    PanTool,
    Range1d,
    WheelZoomTool,
)
from bokeh.models.annotations import LabelSet
from bokeh.plotting import figure
from bokeh.resources import Resources

from lupex_analysis.interactive.series import Array, Chart, Explorer, Rows, Way, kept, thinned

_ROW_PX = 34
_ROW_OF_MANY_PX = 22
_MANY = 12
_UNITS = ((3600.0, 3600.0, "h"), (300.0, 60.0, "min"), (0.0, 1.0, "s"))
"""Of the time axis: from which span on, seconds, name."""
_LEAST_MAP_M = 5.0


@dataclass(frozen=True)
class Drawn:
    """All plots as one document of Bokeh, and what the page's script has to know of each, by its section."""

    document: Mapping[str, Any]
    plots: tuple[dict[str, Any], ...]
    unit_s: float
    unit: str


def bokeh_script() -> str:
    """Return Bokeh's own script, to stand once in a page."""
    return Resources(mode="inline", components=["bokeh"]).js_raw[0].strip()


def drawn(explorer: Explorer) -> Drawn:
    """Draw everything; all charts share one range of time."""
    unit_s, unit = next(each[1:] for each in _UNITS if explorer.span_s >= each[0])
    shared = Range1d(start=0.0, end=explorer.span_s / unit_s)
    document = Document(title="")
    plots = []
    for chart in explorer.charts:
        plot = _lines(chart, shared, unit_s) if isinstance(chart, Chart) else _rows(chart, shared, unit_s)
        plot.xaxis.formatter = NumeralTickFormatter(format="0.[000]")
        if unit == "min":
            plot.xaxis.ticker = AdaptiveTicker(base=60, mantissas=[1, 2, 5, 10, 15, 30], min_interval=1 / 60)
        document.add_root(plot)
        plots.append({"section": chart.section, "id": plot.id})
    if explorer.ways:
        plot = _map(explorer)
        document.add_root(plot)
        plots.append({"section": "", "id": plot.id})
    return Drawn(*_numbered(document.to_json(deferred=False), plots), unit_s, unit)


def _numbered(document: Any, plots: list[dict[str, Any]]) -> tuple[Any, tuple[dict[str, Any], ...]]:
    """Number Bokeh's models by their place: the same recording gives the same page, whatever was drawn before."""
    text = json.dumps([document, plots])
    numbers: dict[str, str] = {}
    text = re.sub(r'"(p\d+)"', lambda found: f'"m{numbers.setdefault(found[1], str(len(numbers)))}"', text)
    renumbered, told = json.loads(text)
    return renumbered, tuple(told)


def _plot(shared: Range1d, height: int, **options: Any) -> Any:
    plot = figure(
        height=height, sizing_mode="stretch_width", x_range=shared, tools="", toolbar_location=None,
        min_border_left=62, min_border_right=14, min_border_top=6, min_border_bottom=24, **options,
    )  # fmt: skip
    wheel = WheelZoomTool(dimensions="width", modifiers={"ctrl": True})
    plot.add_tools(BoxZoomTool(dimensions="width"), wheel)
    plot.toolbar.active_scroll = wheel
    _calm(plot)
    return plot


def _calm(plot: Any) -> None:
    """Leave the ground to the page, and no line that tells nothing."""
    plot.background_fill_color = plot.border_fill_color = plot.outline_line_color = None
    plot.xaxis.axis_line_color = plot.yaxis.axis_line_color = None
    plot.xaxis.minor_tick_line_color = plot.yaxis.minor_tick_line_color = None


def _source(unit_s: float, t_s: Array, **columns: Array) -> ColumnDataSource:
    data = {name: np.asarray(values, dtype=np.float32) for name, values in columns.items()}
    return ColumnDataSource({"x": (np.asarray(t_s) / unit_s).astype(np.float32), **data})


def _lines(chart: Chart, shared: Range1d, unit_s: float) -> Any:
    plot = _plot(shared, 190, y_range=DataRange1d(range_padding=0.08, min_interval=1e-6), window_axis="x")
    for shade in chart.shades:
        strip = plot.vstrip(
            x0=[shade.begin_s / unit_s], x1=[shade.end_s / unit_s], fill_alpha=0.13, line_color=None
        )  # fmt: skip
        strip.tags = ["fill", shade.colour]
    seen = []
    for band in chart.bands:
        t, low, high = thinned(band.t_s, band.low, band.high)
        area = plot.varea("x", "low", "high", source=_source(unit_s, t, low=low, high=high), fill_alpha=0.18)
        area.tags = ["fill", band.colour]
        seen.append(area)
    for line in chart.lines:
        t, values = thinned(line.t_s, line.values)
        source = _source(unit_s, t, y=values)
        drawn = plot.line("x", "y", source=source, line_width=1.6, line_dash=[5, 3] if line.dashed else [])
        drawn.tags = ["line", line.colour]
        seen.append(drawn)
    plot.y_range.renderers = seen
    # digits as a person reads them: 1,250 and 0.02, never 1.25e+3
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[0000]")
    plot.yaxis.ticker.desired_num_ticks = 4
    return plot


def _rows(chart: Rows, shared: Range1d, unit_s: float) -> Any:
    count = len(chart.rows)
    many = count > _MANY
    plot = _plot(
        shared, (_ROW_OF_MANY_PX if many else _ROW_PX) * count + 34, y_range=Range1d(start=count - 0.5, end=-0.5)
    )
    plot.yaxis.ticker = FixedTicker(ticks=[])
    plot.ygrid.visible = False
    colours: dict[str, list[tuple[float, float, float]]] = {}
    for number, row in enumerate(chart.rows):
        for bar in row.bars:
            colours.setdefault(bar.colour, []).append((bar.begin_s / unit_s, bar.end_s / unit_s, float(number)))
    low, high = (0.02, 0.44) if not many else (-0.36, 0.42)
    for colour, bars in colours.items():
        left, right, place = np.array(bars, dtype=np.float32).T
        quad = plot.quad(left=left, right=right, top=place + low, bottom=place + high, fill_alpha=0.75, line_width=1.4)
        quad.tags = ["bar", colour]
    names = ColumnDataSource({"y": np.arange(count), "name": [row.name.replace("$$", "$ $") for row in chart.rows]})
    places: dict[str, Any] = {"x": 4, "x_units": "screen", "y": "y", "text": "name", "source": names}
    size = "10px" if many else "11.5px"
    label = LabelSet(
        **places, y_offset=0 if many else 2, text_font_size=size, text_baseline="middle" if many else "bottom"
    )
    label.tags = ["text", "ink"]
    plot.add_layout(label)
    return plot


def _map(explorer: Explorer) -> Any:
    x, y = (np.concatenate([getattr(way, name) for way in explorer.ways]) for name in ("x_m", "y_m"))
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    pad = 0.06 * max(float(np.ptp(x)), float(np.ptp(y)), _LEAST_MAP_M) if len(x) else 1.0
    ranges = [DataRange1d(range_padding=pad, range_padding_units="absolute") for _ in "xy"]
    plot = figure(
        height=380, sizing_mode="stretch_both", match_aspect=True, tools="", toolbar_location=None, min_border=8,
        x_range=ranges[0], y_range=ranges[1],
    )  # fmt: skip
    wheel = WheelZoomTool(modifiers={"ctrl": True})
    plot.add_tools(PanTool(), wheel)
    plot.toolbar.active_scroll = wheel
    _calm(plot)
    if (ground := explorer.ground) is not None:
        image: Any = np.ascontiguousarray(ground.rgba).view(np.uint32).reshape(ground.rgba.shape[:2])
        plot.image_rgba([image], x=ground.left_m, y=ground.bottom_m, dw=ground.width_m, dh=ground.height_m)
        plot.grid.visible = False
    for way in explorer.plan:
        source = ColumnDataSource({"x": way.x_m.astype(np.float32), "y": way.y_m.astype(np.float32)})
        planned = plot.line("x", "y", source=source, line_width=1.4, line_dash=[5, 3])
        planned.tags = ["line", way.colour]
    tracks = list(_tracks(plot, explorer.ways))
    ranges[0].renderers = ranges[1].renderers = tracks
    return plot


def _tracks(plot: Any, ways: Iterable[Way]) -> Iterable[Any]:
    # the true way last, on top of the others
    for way in reversed(list(ways)):
        order = np.argsort(way.t_s, kind="stable")
        t, x, y, yaw = (column[order] for column in (way.t_s, way.x_m, way.y_m, way.yaw_rad))
        chosen = kept(t, (x, y))
        columns = {"t": t, "x": x, "y": y, "yaw": yaw}
        source = ColumnDataSource({name: column[chosen].astype(np.float32) for name, column in columns.items()})
        line = plot.line("x", "y", source=source, line_width=1.8)
        line.tags = ["way", way.colour]
        yield line
