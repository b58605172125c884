# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Readings and windows of slip by hand, for the tests of the learned soil."""

import math
from pathlib import Path

import numpy as np

from lupex_models.rover import read_rover
from lupex_models.soil_strength import StrengthTable
from lupex_traversability.soil.slip_windows import Footing, SlipReading, SlipWindow

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
TABLE = StrengthTable.build(ROVER)


def window(
    slip, along_deg, x_m=1.0, y_m=1.0, *, across_deg=0.0, sigma=0.02, length_m=3.0, time_s=0.0, variance_m2=0.01
):
    """Return a window that begins at x_m and leads along +x over an even slope."""
    steps = 6
    return SlipWindow(
        time_s,
        slip,
        sigma,
        3.0,
        np.full(steps, 1.0 / steps),
        x_m + length_m * (np.arange(steps) + 0.5) / steps,
        np.full(steps, y_m),
        np.full(steps, math.radians(along_deg)),
        np.full(steps, math.radians(across_deg)),
        variance_m2,
    )


def slip_of(strength, along_deg, across_deg=0.0):
    """Return the slip of a strength on a slope."""
    return float(TABLE.slip(math.radians(along_deg), math.radians(across_deg), strength))


def readings(
    seconds,
    *,
    begin_s=100.0,
    slip=0.1,
    drift=0.01,
    slope_deg=8.0,
    tilt_deg=8.0,
    mps=0.1,
    x_m=0.0,
    way_m=0.0,
    turning=0.0,
):
    """Return readings each second, with the places where they are made, of driving along +x or in a circle.

    `drift` is the sigma of the place's drift over 1 m of way, all of it along the motion.
    """
    slope, tilt = math.radians(slope_deg), math.radians(tilt_deg)
    level = mps * (1.0 - slip) * math.cos(slope)
    told, x, y, yaw = [], x_m, 0.5, 0.0
    for k in range(seconds):
        time_s = begin_s + k
        reading = SlipReading(time_s, slope, way_m + mps * k)
        told.append((reading, Footing(time_s, x, y, (0.01 + drift**2 * mps * k, 0.0, 0.01), tilt)))
        yaw += 0.5 * turning
        x, y = x + level * math.cos(yaw), y + level * math.sin(yaw)
        yaw += 0.5 * turning
    return told
