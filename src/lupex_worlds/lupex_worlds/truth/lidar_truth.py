# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the lidar truly suffers from: spreads of a level, and the errors drawn for one run.

The defaults are the level `kind`: an instant scan with white noise of range and a few lost returns.
"""

from dataclasses import dataclass

import numpy as np

from lupex_models.configuration import setting
from lupex_worlds.spread import uniform
from lupex_worlds.truth.sensor_spread import Vector, small_rotation


@dataclass(frozen=True)
class LidarTruth:
    """Spreads of the lidar."""

    mounting_deg: tuple[float, float] = setting(
        (0.0, 0.0), "constant, about any axis", unit="deg", minimum=0, maximum=10
    )
    scan_duration_s: tuple[float, float] = setting(
        (0.0, 0.0), "from the first column to the stamp", unit="s", minimum=0, maximum=10
    )
    range_sigma_m: tuple[float, float] = setting(
        (0.02, 0.02), "white, of a near return", unit="m", minimum=0, maximum=10
    )
    range_growth: tuple[float, float] = setting(
        (0.0, 0.0), "more noise of range for each metre of it", minimum=0, maximum=0.1
    )
    divergence_rad: tuple[float, float] = setting(
        (0.0, 0.0), "full width of the beam: its footprint smears a slanting return", unit="rad", minimum=0, maximum=0.1
    )
    dropout_share: tuple[float, float] = setting((0.005, 0.005), "of returns lost anywhere", minimum=0, maximum=1)
    outlier_share: tuple[float, float] = setting((0.0002, 0.0002), "of returns at a random range", minimum=0, maximum=1)
    half_signal: tuple[float, float] = setting(
        (0.03, 0.03),
        "signal with which half of the returns are lost; 1 is one from below at mean albedo",
        minimum=0,
        maximum=1,
    )
    full_signal_m: tuple[float, float] = setting(
        (1e6, 1e6), "range beyond which the signal falls with its square", unit="m", minimum=1, maximum=1e6
    )
    albedo_log_sigma: tuple[float, float] = setting(
        (0.0, 0.0), "of the ground's albedo at the laser, in patches", minimum=0, maximum=2
    )
    albedo_patch_m: tuple[float, float] = setting(
        (2.0, 2.0), "size of these patches", unit="m", minimum=0.1, maximum=100
    )
    window_transmission: tuple[float, float] = setting(
        (1.0, 1.0), "of the dusty window, one way", minimum=0.01, maximum=1
    )
    dust_share_at_rest: tuple[float, float] = setting((0.0, 0.0), "of rays that dust returns", minimum=0, maximum=1)
    dust_share_driving: tuple[float, float] = setting(
        (0.0, 0.0), "more of them at full track speed", minimum=0, maximum=1
    )
    dust_depth_m: tuple[float, float] = setting(
        (1.0, 1.0), "mean way of such returns beyond the least range, exponential", unit="m", minimum=0.01, maximum=30
    )


@dataclass(frozen=True)
class LidarDraw:
    """Errors of the lidar in one run; fields as in LidarTruth."""

    mounting_rad: Vector
    """Rotation vector of the true axes against the believed ones, in the lidar's frame."""
    scan_duration_s: float
    range_sigma_m: float
    range_growth: float
    divergence_rad: float
    dropout_share: float
    outlier_share: float
    half_signal: float
    full_signal_m: float
    albedo_log_sigma: float
    albedo_patch_m: float
    albedo_seed: int
    window_transmission: float
    dust_share_at_rest: float
    dust_share_driving: float
    dust_depth_m: float


def draw_lidar(truth: LidarTruth, rng: np.random.Generator) -> LidarDraw:
    """Draw the lidar of one run."""
    return LidarDraw(
        small_rotation(truth.mounting_deg, rng),
        uniform(truth.scan_duration_s, rng),
        uniform(truth.range_sigma_m, rng),
        uniform(truth.range_growth, rng),
        uniform(truth.divergence_rad, rng),
        uniform(truth.dropout_share, rng),
        uniform(truth.outlier_share, rng),
        uniform(truth.half_signal, rng),
        uniform(truth.full_signal_m, rng),
        uniform(truth.albedo_log_sigma, rng),
        uniform(truth.albedo_patch_m, rng),
        int(rng.integers(2**31)),
        uniform(truth.window_transmission, rng),
        uniform(truth.dust_share_at_rest, rng),
        uniform(truth.dust_share_driving, rng),
        uniform(truth.dust_depth_m, rng),
    )
