# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of the level, what they may be, and the file that holds them."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from lupex_recorder.metadata import write_atomically

FIGURES_FILE = "figures.json"

LIMITS = {
    "rest.drift_mm": (0.0, 1.0),
    "rest.acceleration_mean_mps2": (1.60, 1.65),
    "rest.acceleration_deviation_mps2": (0.0, 0.05),
    "straight.share": (0.97, 1.01),
    "straight.sideways_m": (-0.05, 0.05),
    "straight.yaw_deg": (-0.6, 0.6),
    "turn.share": (0.97, 1.02),
    "turn.shift_mm": (0.0, 30.0),
    "crab.share": (0.97, 1.02),
    "crab.direction_deg": (29.0, 31.0),
    "lidar.returns": (5000, 11520),
    "lidar.in_rover": (0, 20),
    "lidar.median_m.2..5 m": (-0.02, 0.02),
    "lidar.median_m.5..10 m": (-0.05, 0.05),
    "lidar.median_m.10..20 m": (-0.08, 0.08),
    "lidar.median_m.20..31 m": (-0.15, 0.15),
    "picture.lit_agree": (0.96, 1.0),
    "picture.dark_agree": (0.95, 1.0),
    "low_sun.compared": (300, math.inf),
    "low_sun.lit_share": (0.15, 0.85),
    "low_sun.lit_agree": (0.93, 1.0),
    "low_sun.dark_agree": (0.93, 1.0),
}
"""Smallest and greatest of each figure of a rover on tracks. What a server of gz-sim 8.14 gave lies well within."""
BOGIE_LIMITS = {
    **LIMITS,
    "straight.share": (0.90, 1.05),
    "straight.sideways_m": (-0.10, 0.10),
    "straight.yaw_deg": (-2.0, 2.0),
    "turn.share": (0.88, 1.02),
    "turn.shift_mm": (0.0, 120.0),
    "crab.share": (0.93, 1.08),
    "crab.direction_deg": (28.0, 32.0),
}
"""Wheels slip."""
STACK_LIMITS = {
    "returned_m": (0.0, 1.0),
    "localization_error_m": (0.0, 1.2),
    "fixes_refused_share": (0.0, 0.05),
    "path apart, greatest": (0.0, 0.5),
    "same commands, share of the way": (90.0, 100.0),
    "energy_ratio": (0.6, 1.4),
}
"""Of the drive by the whole stack, and of it beside the embedded world's."""


def flat(figures: Any, name: str = "") -> dict[str, float]:
    """Return the numbers of nested mappings and dataclasses by dotted names; None holds none."""
    if is_dataclass(figures) and not isinstance(figures, type):
        figures = asdict(figures)
    if isinstance(figures, Mapping):
        found: dict[str, float] = {}
        for key, value in figures.items():
            found |= flat(value, f"{name}.{key}" if name else str(key))
        return found
    return {} if figures is None or isinstance(figures, str) else {name: float(figures)}


def beyond(figures: Mapping[str, float], limits: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return one sentence for each figure that is not within its limits, or not a number; figures without one pass."""
    return [
        f"{name} is {value:.6g}, not within {limits[name][0]:g}..{limits[name][1]:g}"
        for name, value in figures.items()
        if name in limits and not limits[name][0] <= value <= limits[name][1]
    ]


def compared(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return of a comparison of worlds (first embedded, second Gazebo) what is judged."""
    energy = rows["energy of the drives, common way"]
    return {
        "path apart, greatest": float(rows["path apart, greatest"]["second"]),
        "same commands, share of the way": float(rows["same commands, share of the way"]["second"]),
        "slip, mean": float(rows["slip, mean"]["second"]),
        "energy_ratio": float(energy["second"]) / float(energy["first"]),
    }


class Results:
    """Figures by section, in a file that is whole after each of them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._sections: dict[str, dict[str, Any]] = {}

    def put(self, section: str, figures: Mapping[str, float], problems: list[str]) -> None:
        """Add a section and write the file; what is not finite becomes null, as JSON has no other word for it."""
        plain = {name: value if math.isfinite(value) else None for name, value in figures.items()}
        self._sections[section] = {"figures": plain, "problems": problems}
        write_atomically(self.directory / FIGURES_FILE, json.dumps(self._sections, indent=2) + "\n")
