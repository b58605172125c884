# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The drill log: what was felt and found, against depth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lupex_analysis.figures import style
from lupex_analysis.sortie import Sortie

AT_BOTTOM_M = 0.006
"""A bit this near to the bottom of the hole is cutting."""


def drill_figure(sortie: Sortie) -> Figure:
    """Draw weight on bit, torque, rate and specific energy over depth, and the ice of each interval."""
    figure = style.new_figure(9.2, 5.0)
    panels = figure.subplots(1, 5, sharey=True, width_ratios=(1, 1, 1, 1, 1.5))
    rig = sortie.rig
    cutting = (
        (rig["stowed"] == 0)
        & (rig["hole_depth_m"] - rig["depth_m"] < AT_BOTTOM_M)
        & (rig["depth_m"] > 0)
        & (rig["rotation_rate_rad_s"] > 0)
    )
    depth = rig["depth_m"][cutting]
    hammered = rig["percussion_on"][cutting] > 0
    for axes, name, label in (
        (panels[0], "weight_on_bit_n", "weight on bit [N]"),
        (panels[1], "torque_nm", "torque [N m]"),
    ):
        values = rig[name][cutting]
        axes.plot(values[~hammered], depth[~hammered], ".", color=style.ESTIMATED, markersize=3, label="rotary")
        axes.plot(values[hammered], depth[hammered], ".", color=style.TRUE, markersize=3, label="with the hammer")
        axes.set_xlabel(label)
        axes.set_xlim(left=0)
    _from_status(sortie, panels[2], "rate_of_penetration_mps", 1e3, "rate [mm/s]")
    _from_status(sortie, panels[3], "specific_energy_j_m3", 1e-6, "energy [MJ/m³]")
    _ice(sortie, panels[4])
    deepest = max(
        [float(depth.max(initial=0.0)), *(sample.bottom_m for hole in sortie.holes for sample in hole.samples), 0.05]
    )
    panels[0].set_ylim(deepest * 1.04, 0)
    panels[0].set_ylabel("depth [m]")
    handles = [*panels[0].get_legend_handles_labels()[0], *panels[4].get_legend_handles_labels()[0]]
    style.legend_outside(figure, handles, "upper left", 4)
    return figure


def _from_status(sortie: Sortie, axes: Axes, name: str, scale: float, label: str) -> None:
    drill = sortie.drill
    cutting = (drill["state"] == 2) & (drill["depth_m"] > 0) & (drill[name] > 0)
    axes.plot(drill[name][cutting] * scale, drill["depth_m"][cutting], ".", color=style.INK, markersize=3)
    axes.set_xlabel(label)
    axes.set_xlim(left=0)


def _ice(sortie: Sortie, axes: Axes) -> None:
    axes.set_xlabel("water ice [% by mass]")
    truth = sortie.truth["ice_fraction"]
    column = truth[sortie.truth["drill_depth_m"] > 0] if sortie.seen(sortie.truth) else truth
    if len(column):
        axes.axvline(100 * float(column[-1]), color=style.TRUE, linestyle=(0, (4, 2)), label="true mean of the column")
    for number, hole in enumerate(sortie.holes):
        middle = np.array([(sample.top_m + sample.bottom_m) / 2 for sample in hole.samples])
        height = np.array([sample.bottom_m - sample.top_m for sample in hole.samples])
        ice = 100 * np.array([sample.fraction for sample in hole.samples])
        sigma = 100 * np.array([sample.sigma for sample in hole.samples])
        alpha = 0.75 if number == len(sortie.holes) - 1 else 0.3
        axes.barh(
            middle,
            ice,
            height=0.92 * height,
            xerr=sigma,
            color=style.ICE,
            alpha=alpha,
            error_kw={"ecolor": style.INK, "capsize": 3, "elinewidth": 1.2},
            label="assayed, one sigma" if number == 0 else None,
        )
        for x, y, percent, spread in zip(ice, middle, ice, sigma, strict=True):
            axes.annotate(
                f"{percent:.1f} ± {spread:.1f}",
                (x + spread, y),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    axes.set_xlim(0, max(axes.get_xlim()[1] * 1.3, 1.0))
