# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Many runs on one page: their tracks over each other, and a figure for each number."""

from collections.abc import Sequence
from html import escape

import numpy as np
from matplotlib.figure import Figure

from lupex_analysis.figures import style
from lupex_analysis.page import CSS
from lupex_analysis.run_comparison import Run, Spread

_MOST_NAMED = 12


def tracks_figure(runs: Sequence[Run]) -> Figure:
    """Draw the first track of each run: its true one where it is known."""
    figure = style.new_figure(9.2, 6.0)
    axes = figure.subplots()
    shown = [run for run in runs if run.tracks]
    for run in shown:
        x, y = style.thinned(run.tracks[0].place_m[:, 0], run.tracks[0].place_m[:, 1])
        axes.plot(x, y, alpha=max(0.15, min(0.9, 8.0 / len(shown))), label=f"{run.name}: {run.tracks[0].topic}")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    if len(shown) <= _MOST_NAMED:
        axes.legend(loc="best")
    return figure


def spread_figure(runs: Sequence[Run], spread: Spread) -> Figure:
    """Draw one figure of all runs in their order, and its mean."""
    figure = style.new_figure(4.4, 2.2)
    axes = figure.subplots()
    values = np.array([np.nan if (told := run.figures.get(spread.figure)) is None else told for run in runs])
    axes.plot(np.arange(1, len(runs) + 1), values, "o", color=style.ESTIMATED, markersize=4)
    axes.axhline(spread.mean, color=style.MUTED, linewidth=0.8)
    axes.set_title(spread.figure)
    axes.set_xlabel("run")
    axes.set_xlim(0.5, len(runs) + 0.5)
    return figure


def page(runs: Sequence[Run], found: Sequence[Spread], broken: Sequence[str]) -> str:
    """Write the page of a comparison, complete in itself."""
    with style.drawing():
        tracks = style.svg(tracks_figure(runs)) if any(run.tracks for run in runs) else ""
        charts = "".join(f"<figure>{style.svg(spread_figure(runs, spread))}</figure>" for spread in found)
    rows = "".join(
        f"<tr><td><code>{escape(s.figure)}</code></td><td class=number>{s.measured}/{len(runs)}</td>"
        f"<td class=number>{s.mean:.4g}</td><td class=number>{'' if s.deviation is None else f'{s.deviation:.3g}'}</td>"
        f"<td class=number>{s.least:.4g}</td><td>{escape(s.least_run)}</td>"
        f"<td class=number>{s.most:.4g}</td><td>{escape(s.most_run)}</td></tr>"
        for s in found
    )
    head = "<thead><tr><th>figure<th>runs<th>mean<th>spread<th>least<th>in<th>most<th>in</thead>"
    named = "".join(f"<li>{number}: {escape(run.name)}</li>" for number, run in enumerate(runs, 1))
    wrong = "".join(f"<li>{escape(sentence)}</li>" for sentence in broken)
    warned = f'<div class="warning"><b>Rules are broken.</b><ul>{wrong}</ul></div>' if wrong else ""
    grid = "display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:12px"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{len(runs)} runs</title><style>{CSS}</style></head><body><header><h1>{len(runs)} runs</h1>{warned}"
        f"</header><main><section><h2>Runs</h2><ul>{named}</ul></section>"
        + (f"<section><h2>Tracks</h2><figure>{tracks}</figure></section>" if tracks else "")
        + f"<section><h2>Figures</h2><div class=scroll><table>{head}<tbody>{rows}</tbody></table></div></section>"
        f'<section><h2>Run by run</h2><div style="{grid}">{charts}</div></section></main></body></html>\n'
    )
