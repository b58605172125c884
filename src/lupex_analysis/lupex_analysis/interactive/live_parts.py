# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What moves, as parts of a page: charts for its sections, the map beside them, and the scripts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any

from lupex_analysis.interactive.series import Chart, Explorer, Rows

REPLACED = (
    "timeline",
    "charge",
    "certificate",
    "truth",
    "localization",
    "tracks",
    "motion",
    "rolling",
    "battery",
    "events",
    "presence",
)
"""Sections whose still pictures are for paper where their charts move."""
_MOST_TOLD = 400
"""Bars of a row of which the cursor knows."""


@dataclass(frozen=True)
class Parts:
    """Of a page, all empty where nothing moves."""

    css: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    beside: str = ""
    scripts: str = ""

    def replaces(self, section: str) -> bool:
        """Tell whether the pictures of a section are for paper alone."""
        return section in self.sections and section in REPLACED


def parts(explorer: Explorer) -> Parts:
    """Return the parts; none where Bokeh is not installed: still pictures tell the same."""
    try:
        from lupex_analysis.interactive.bokeh_plots import bokeh_script, drawn
    except ImportError:
        return Parts()
    made = drawn(explorer)
    sections: dict[str, str] = {}
    told = []
    for number, (plot, chart) in enumerate(zip(made.plots, explorer.charts)):
        element = f"live-{number}"
        sections[chart.section] = sections.get(chart.section, "") + _chart(element, chart)
        told.append({"id": plot["id"], "element": element} | _told(chart))
    if explorer.ways:
        told.append({"id": made.plots[-1]["id"], "element": "live-map", "unit": "m", "rows": None})
    data = {
        "document": made.document, "plots": told, "unit_s": made.unit_s, "unit": made.unit,
        "first_s": _first_s(explorer), "span_s": explorer.span_s, "span": explorer.span_s / made.unit_s,
        "utc_zero_s": explorer.utc_zero_s,
    }  # fmt: skip
    # no text of a recording may end the script that it stands in
    held = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    scripts = (
        f'<script type="application/json" id="explorer-data">{held}</script>'
        f"<script>{bokeh_script()}</script><script>{_file('explorer.js')}</script>"
    )
    return Parts(_file("explorer.css"), sections, _beside(explorer, made.unit), scripts)


def button(text: str, begin_s: float, end_s: float) -> str:
    """Return a time of the page, to be gone to where the page moves."""
    return f'<button class="go" type="button" data-begin="{begin_s:.3f}" data-end="{end_s:.3f}">{text}</button>'


def _first_s(explorer: Explorer) -> float:
    """Return the earliest time that the cursor goes to: what was told before the start is seen too."""
    begins = [float(way.t_s.min()) for way in explorer.ways if len(way.t_s)]
    return min(0.0, *begins) if begins else 0.0


def _told(chart: Chart | Rows) -> dict[str, Any]:
    if isinstance(chart, Chart):
        return {"unit": chart.unit, "rows": None}
    goes = chart.section in ("timeline", "events")
    rows = [
        [row.name, [[bar.begin_s, bar.end_s, bar.text, goes] for bar in row.bars[:_MOST_TOLD]]] for row in chart.rows
    ]
    return {"unit": "", "rows": rows if chart.told else None}


def _chart(element: str, chart: Chart | Rows) -> str:
    unit = f" <small>[{escape(chart.unit)}]</small>" if isinstance(chart, Chart) else ""
    if isinstance(chart, Chart):
        keys = _keys((line.name, line.colour, line.dashed) for line in chart.lines)
    else:
        keys = '<ul class="keys"><li><b></b></li></ul>' if chart.told else ""
    return (
        f'<div class="live"><h3>{escape(chart.title)}{unit}</h3>{keys}'
        f'<div class="plot" id="{element}" role="img" aria-label="{escape(chart.title)} over time"></div></div>'
    )


def _keys(lines: Iterable[tuple[str, str, bool]]) -> str:
    cells = "".join(
        f'<li><i data-colour="{colour}"{" class=dashed" if dashed else ""}></i>{escape(name)}<b></b></li>'
        for name, colour, dashed in lines
    )
    return f'<ul class="keys">{cells}</ul>'


def _beside(explorer: Explorer, unit: str) -> str:
    step_s = max(explorer.span_s / 2000.0, 0.001)
    drawn_map = ""
    if explorer.ways:
        marks = "".join(f'<div class="rover" data-colour="{way.colour}"></div>' for way in explorer.ways)
        drawn_map = f'<div class="map" id="live-map" role="img" aria-label="map with the rover">{marks}</div>'
    keys = _keys((way.name, way.colour, False) for way in explorer.ways) if explorer.ways else ""
    return (
        f'<aside class="beside" aria-label="moment and place"><div class="card">{drawn_map}'
        '<p class="moment" id="moment"><b></b> <span></span></p>'
        f"{keys}"
        f'<div class="bar"><input type="range" id="slider" aria-label="moment" min="{_first_s(explorer):.3f}" '
        f'max="{explorer.span_s:.3f}" step="{step_s:.6g}" value="0">'
        '<button type="button" id="closer" aria-label="show less time">+</button>'
        '<button type="button" id="farther" aria-label="show more time">−</button>'
        '<button type="button" id="whole">whole</button></div>'
        '<p class="hint">Drag over a chart to zoom all, Ctrl and wheel too; double click shows all. '
        "A time in a table goes there.</p></div></aside>"
    )


def _file(name: str) -> str:
    return files("lupex_analysis.interactive").joinpath(name).read_text(encoding="utf-8")
