# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of a sortie plan: where when, in light or in shadow, and with what margin."""

import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure, FigureBase, SubFigure

from lupex_analysis.figures import style
from lupex_analysis.figures.plan_charge import draw_charge
from lupex_analysis.figures.plan_ground import draw_moment, draw_route
from lupex_analysis.figures.plan_view import PlanView

WIDTH_IN, MAPS_IN, CHARGE_IN = 12.4, 7.4, 3.8
ALONE_IN = 8.6
"""Width of a map alone."""

LETTERS_AN_IN = 9.5
"""Of the title."""


def plan_figure(view: PlanView, title: str = "") -> Figure:
    """Draw the map with the route, the shadow at each of the moments that matter, and the charge along it.

    A plan that is none has its map alone, with the shadow at the start.
    """
    planned, several = len(view.route["t"]) > 0, len(view.light) > 1
    width_in = WIDTH_IN if planned or several else ALONE_IN
    figure = style.new_figure(width_in, MAPS_IN + (CHARGE_IN if planned else 0.0))
    if title:
        wrapped = textwrap.fill(title, int(LETTERS_AN_IN * width_in))
        figure.suptitle(wrapped, x=0.01, ha="left", fontsize=13, weight="bold")
    upper: FigureBase = figure
    if planned:
        upper, lower = _parted(figure, 2, 1, height_ratios=(MAPS_IN, CHARGE_IN))
        draw_charge(lower, view)
    if several:
        rows = math.ceil(len(view.light) / 2)
        moments_in = min(2.0 * MAPS_IN / rows, 0.45 * WIDTH_IN)
        upper, right = _parted(upper, 1, 2, width_ratios=(WIDTH_IN - moments_in, moments_in))
        _draw_moments(right, view, rows)
    draw_route(upper, view)
    return figure


def _parted(figure: FigureBase, rows: int, columns: int, **ratios: Any) -> Iterable[SubFigure]:
    # its annotation tells of one figure where it returns an array of them
    return np.ravel(np.asarray(figure.subfigures(rows, columns, **ratios)))


def _draw_moments(figure: SubFigure, view: PlanView, rows: int) -> None:
    panels = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, (time_s, layer) in zip(panels, view.light, strict=False):
        draw_moment(axes, view, time_s, layer)
    for axes in panels[len(view.light) :]:
        axes.set_visible(False)
    figure.suptitle("shadow, way driven and way ahead at each moment", fontsize=8.5, weight="normal", color=style.MUTED)
