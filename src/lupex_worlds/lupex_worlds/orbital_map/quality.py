# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far the orbital product of one place errs, drawn from a level's spread."""

import math
from dataclasses import dataclass

import numpy as np

from lupex_worlds.spread import Range
from lupex_worlds.truth.map_truth import MapTruth


@dataclass(frozen=True)
class MapQuality:
    """How far one place's product errs."""

    height_rms_m: float
    slope_rms_rad: float
    track_spacing_m: float
    shot_spacing_m: float
    along_track_m: float
    far_rms_m: float
    far_correlation_m: float
    shadow_edge_m: float
    shadow_edge_correlation_m: float


def draw_map_quality(spread: MapTruth, rng: np.random.Generator) -> MapQuality:
    """Draw how far the product of one place errs."""
    better, along = rng.random(2)
    return MapQuality(
        _between(spread.height_rms_m, better),
        math.radians(_between(spread.slope_rms_deg, better)),
        spread.track_spacing_m,
        spread.shot_spacing_m,
        _between(spread.along_track_m, along),
        spread.far_rms_m,
        spread.far_correlation_m,
        spread.shadow_edge_m,
        spread.shadow_edge_correlation_m,
    )


def _between(bounds: Range, share: float) -> float:
    return bounds[0] + float(share) * (bounds[1] - bounds[0])
