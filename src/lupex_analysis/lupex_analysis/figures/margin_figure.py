# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The margin that certificates claimed against the true one."""

import numpy as np
from matplotlib.figure import Figure

from lupex_analysis.config import Judgement
from lupex_analysis.figures import style
from lupex_analysis.figures.style import hours
from lupex_analysis.judge.violations import Margins
from lupex_analysis.sortie import Sortie


def margin_figure(sortie: Sortie, margins: Margins, rules: Judgement) -> Figure:
    """Draw claimed and true margin over time, and below what was claimed beyond the truth; violations are marked.

    Moments without any true way home have no true margin: they are marked on the claimed line alone.
    """
    figure = style.new_figure(9.2, 4.8)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
    start = sortie.start_s
    for axes in (top, bottom):
        style.shade_dark(axes, sortie.truth, start, rules.dark_fraction, named=axes is top)
    h, violated = hours(margins.t, start), margins.violated
    true = np.where(np.isfinite(margins.true_wh), margins.true_wh, np.nan)
    top.plot(h, true, color=style.TRUE, label="true: energy over reserve and true need")
    top.plot(h, margins.claimed_wh, color=style.PLANNED, label="claimed")
    top.axhline(0, color=style.WARN, linewidth=1.0)
    least = margins.least
    top.plot(h[least], margins.claimed_wh[least], "v", color=style.PLANNED, label="least claimed")
    if np.any(violated):
        top.plot(h[violated], margins.claimed_wh[violated], "x", color=style.WARN, label="violation")
    top.set_ylabel("margin [Wh]")
    top.legend(ncols=5, loc="lower left", bbox_to_anchor=(0, 1.0))
    excess = np.where(np.isfinite(margins.excess_wh), margins.excess_wh, np.nan)
    bottom.plot(h, excess, color=style.INK, label="claimed less true")
    bottom.plot(h, margins.tolerance_wh, color=style.WARN, linestyle=(0, (4, 2)), linewidth=1.0, label="resolution")
    bottom.plot(h[violated], excess[violated], "x", color=style.WARN)
    bottom.set_ylabel("excess [Wh]")
    bottom.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1.0))
    style.time_axis(bottom, start, max(float(sortie.end_s), float(margins.t[-1]), start + 1))
    return figure
