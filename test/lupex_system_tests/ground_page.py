# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The figure of docs/traversability.md: layers of the ground around a rover that has driven six metres.

python -m lupex_system_tests.ground_page
"""

import math

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from lupex_models.soil_strength import StrengthTable
from lupex_system_tests.conducted import ROOT
from lupex_system_tests.stand_trials import ROVER, mapped, rocky
from lupex_traversability.config import CostConfig, SoilConfig, StandConfig
from lupex_traversability.driving_cost import DrivingCost
from lupex_traversability.ground_layers import ground_layers
from lupex_traversability.soil.learned_soil import LearnedSoil
from lupex_traversability.stand_bound import StandBound

PICTURE = ROOT / "docs" / "images" / "ground_layers.png"
SEED, CELL_M, SIZE_M, REACH_M = 12, 0.2, 24.0, 9.0
LIMITS = ("nothing", "slope", "step", "roughness", "slip", "hidden", "assumed", "bogged")
COLOURS = ("#f2f2f2", "#e69f00", "#d55e00", "#cc79a7", "#0072b2", "#999999", "#56b4e9", "#222222")
SHOWN = (
    ("elevation", "height [m]", "terrain", 1.0),
    ("cost", "cost, 100: lethal", "YlOrRd", 1.0),
    ("limit", "the cost comes from", "", 1.0),
    ("tilt", "tilt at worst [deg]", "viridis", 180.0 / math.pi),
    ("clearance", "room beneath the belly at worst [m]", "viridis_r", 1.0),
    ("wh_per_m", "uphill [Wh/m]", "viridis", 1.0),
)


def main() -> None:
    """Drive, map, and draw the picture."""
    made = mapped(SEED, rocky(SEED, 0.05, 0.06, (0.12, 0.05)), CELL_M, SIZE_M)
    table = StrengthTable.build(ROVER)
    soil = LearnedSoil(SoilConfig(), table).estimate().unseen
    layers = ground_layers(
        made,
        DrivingCost(CostConfig(), ROVER).of(made),
        StandBound(StandConfig(), ROVER, CELL_M).of(made),
        soil,
        table,
        ROVER.body.tip_over_rad,
    )
    x0, y0 = made.origin_m
    side = made.size * CELL_M
    middle = np.array([x0, y0]) + 0.5 * side
    figure, axes = plt.subplots(2, 3, figsize=(12.0, 7.4), layout="constrained", sharex=True, sharey=True)
    for ax, (name, title, colours, scale) in zip(axes.flat, SHOWN, strict=True):
        values = scale * layers[name]
        place = {"origin": "lower", "extent": (x0, x0 + side, y0, y0 + side), "interpolation": "nearest"}
        ax.set_facecolor("#d9d9e3")
        if name == "limit":
            steps = BoundaryNorm(np.arange(-0.5, len(LIMITS)), len(LIMITS))
            image = ax.imshow(values, cmap=ListedColormap(COLOURS), norm=steps, **place)
            figure.colorbar(image, ax=ax, shrink=0.85, ticks=range(len(LIMITS))).ax.set_yticklabels(LIMITS)
        else:
            low, high = np.nanpercentile(values, (1, 99))
            image = ax.imshow(values, cmap=colours, vmin=low, vmax=high, **place)
            figure.colorbar(image, ax=ax, shrink=0.85)
        ax.set(
            title=title, xlim=middle[0] + np.array([-REACH_M, REACH_M]), ylim=middle[1] + np.array([-REACH_M, REACH_M])
        )
        ax.plot(*middle, "o", color="white", markeredgecolor="black", markersize=7)
    for ax in axes[-1]:
        ax.set_xlabel("x in odom [m]")
    for ax in axes[:, 0]:
        ax.set_ylabel("y in odom [m]")
    figure.savefig(PICTURE, dpi=85)
    plt.close(figure)
    print(f"{PICTURE} written")


if __name__ == "__main__":
    main()
