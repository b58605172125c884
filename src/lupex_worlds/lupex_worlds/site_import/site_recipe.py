# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The recipe of an imported site as text: a chosen mission on measured relief."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from lupex_models.site import utc_text
from lupex_models.site_frame import SiteFrame
from lupex_worlds.relief import BASE_CELL_M
from lupex_worlds.site_import.landing_choice import Choice

START_SOC = 0.6
_HAVEN_RADIUS_M = 10.0
_PATCH_MARGIN_M = 90.0
"""Of fine ground around the way: three times the lidar's reach."""
_PATCH_TO_BORDER_M = 60.0

Bounds = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max."""


@dataclass(frozen=True)
class Source:
    """The measured relief as it lies beside the recipe; bounds of its outermost cell centres in the survey's frame."""

    file: str
    origin: str
    cell_m: float
    bounds_m: Bounds


def recipe_text(choice: Choice, frame: SiteFrame, source: Source) -> str:
    """Return the recipe of a choice made in a map frame; the recipe's own origin is the lander."""
    x, y = choice.lander
    latitude, longitude = (math.degrees(float(v)) for v in frame.to_geographic(x, y))
    west, south, east, north = source.bounds_m
    bounds = (west - x, south - y, east - x, north - y)
    half, centre_x, centre_y = _field_square(bounds)
    values: dict[str, Any] = {
        "site": {
            "latitude_deg": round(latitude, 7),
            "longitude_deg": round(longitude, 7),
            "half_extent_m": half,
            "centre_x_m": centre_x,
            "centre_y_m": centre_y,
        },
        "dem": {"source": source.file},
        "terrain": {"seed": 1, "rms_deviation_m": 0.0, "crater_density": 0.0},
        "start": {
            "utc": utc_text(choice.start_utc_s),
            "lander_yaw_deg": round(math.degrees(choice.lander_yaw_rad), 1),
            "soc": START_SOC,
        },
        "havens": [
            {"x_m": _to_lander(hx, x), "y_m": _to_lander(hy, y), "radius_m": _HAVEN_RADIUS_M}
            for hx, hy in choice.havens
        ],
        "sortie": {
            "target_name": "shadow",
            "target_x_m": _to_lander(choice.target[0], x),
            "target_y_m": _to_lander(choice.target[1], y),
            "drill_depth_m": 0.6,
        },
        "truth": {"detail": _detail(choice, (half, centre_x, centre_y))},
    }
    text = yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=110)
    return f"{_heading(choice, source)}\n{text}"


def _heading(choice: Choice, source: Source) -> str:
    shadow = "permanent shadow" if choice.permanent else "what is dark at that time"
    return (
        f"# Imported from {source.origin} ({source.cell_m:g} m a pixel). Lander in sun "
        f"{100.0 * choice.lander_share:.0f} % of the year, target {choice.route_m:.0f} m away in {shadow}.\n"
        "# That relief is taken as it is; ground finer than 5 m, rocks and what lies below are drawn.\n"
        "# Keys, units and ranges are declared in lupex_worlds/recipe.py. Map frame: x grid east, y grid north, "
        "origin the lander.\n"
    )


def _field_square(bounds: Bounds) -> tuple[float, float, float]:
    """Return half the side and the middle (x, y) of the largest square of whole 5 m cells inside bounds."""
    low = [math.ceil(value / BASE_CELL_M + 0.01) for value in bounds[:2]]
    high = [math.floor(value / BASE_CELL_M - 0.01) for value in bounds[2:]]
    half = min(last - first for first, last in zip(low, high)) // 2
    middle = [first + half for first in low]
    return half * BASE_CELL_M, middle[0] * BASE_CELL_M, middle[1] * BASE_CELL_M


def _detail(choice: Choice, square: tuple[float, float, float]) -> dict[str, float]:
    """Return the fine patch: the way and what the lidar sees from it, kept off the edge of the 5 m field."""
    half, centre_x, centre_y = square
    # The way back may end in a haven nearer to the target than the lander.
    near = [haven for haven in choice.havens if math.dist(haven, choice.target) <= choice.route_m]
    points = np.array([choice.lander, *choice.route, choice.target, *near]) - choice.lander
    low, high = points.min(axis=0) - _PATCH_MARGIN_M, points.max(axis=0) + _PATCH_MARGIN_M
    reach = half - _PATCH_TO_BORDER_M
    values = {}
    for axis, name, centre in ((0, "x", centre_x), (1, "y", centre_y)):
        values[f"{name}_min_m"] = float(math.ceil(max(low[axis], centre - reach)))
        values[f"{name}_max_m"] = float(math.floor(min(high[axis], centre + reach)))
    return values


def _to_lander(value: float, lander: float) -> float:
    return round(value - lander, 1)
