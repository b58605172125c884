# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Array power of each cell over time slices: expected, and the least that a slice promises."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models.light import Light, disc_fraction, tilt
from lupex_models.rover import SolarArray
from lupex_models.solar_array import array_power_w
from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.near_skyline import NearSkyline
from lupex_path_planning.site_grid import SiteGrid

Grid3 = NDArray[np.float32]

SAMPLES_A_SLICE = 2


@dataclass(frozen=True)
class LightSlices:
    """Slices k of `slice_s` from `start_s` on; arrays (slices, ny, nx).

    `expected_w` is the array's power in the middle of the slice and `sunlit` the share of the disc, as the map has it.
    `least_w` is what is promised: the least over the slice and over the cell, with the Sun lower by the margin over far
    ground, and near ground as high as any member of the map's errors lifts it. Times are ROS time.
    """

    start_s: float
    slice_s: float
    expected_w: Grid3
    least_w: Grid3
    sunlit: Grid3

    @property
    def count(self) -> int:
        """Number of slices."""
        return int(self.expected_w.shape[0])

    @property
    def end_s(self) -> float:
        """End of the last slice."""
        return self.start_s + self.count * self.slice_s

    def index(self, time_s: float) -> int:
        """Return the slice that holds a time; it may lie outside 0..count - 1."""
        return math.floor((time_s - self.start_s) / self.slice_s)


def darkest(samples: Grid3) -> Grid3:
    """Reduce samples (slices * SAMPLES_A_SLICE + 1, ny, nx) to the least of each slice, both its ends included."""
    count = (samples.shape[0] - 1) // SAMPLES_A_SLICE
    ends = [
        samples[offset : offset + count * SAMPLES_A_SLICE : SAMPLES_A_SLICE] for offset in range(SAMPLES_A_SLICE + 1)
    ]
    return np.asarray(np.minimum.reduce([end[:count] for end in ends]))


def light_slices(
    grid: SiteGrid,
    light: Light,
    array: SolarArray,
    start_s: float,
    utc_offset_s: float,
    config: RecoveryConfig,
    *,
    near: NearSkyline | None = None,
) -> LightSlices:
    """Sample the light over the recovery horizon and what the field needs of it after that.

    Where the horizon map does not reach it counts as dark. Without `near` the map is trusted but for the margin.
    """
    count = math.ceil(config.horizon_s / config.slice_s) + config.slices_ahead(config.slice_s)
    offsets = np.arange(count * SAMPLES_A_SLICE + 1) * (config.slice_s / SAMPLES_A_SLICE)
    sun = light.frame.sun(start_s + utc_offset_s + offsets)
    x, y = grid.centres()
    lowered = np.empty((offsets.size, *grid.shape), np.float32)
    middle = np.empty((count, *grid.shape), np.float32)
    incidence = np.abs(sun.elevation_rad)
    for k in range(offsets.size):
        azimuth = float(sun.grid_azimuth_rad[k])
        elevation = float(sun.elevation_rad[k]) + tilt(x, y, azimuth)
        skyline = light.horizon.elevation(x, y, azimuth)
        radius = float(sun.angular_radius_rad[k])
        # the margin is for what stands far away: what the map may hide nearby is in the near skyline
        raised = skyline if near is None else np.maximum(skyline, near.elevation(azimuth) - config.light_margin_rad)
        lowered[k] = np.nan_to_num(disc_fraction(elevation - config.light_margin_rad, raised, radius), nan=0.0)
        if k % SAMPLES_A_SLICE == SAMPLES_A_SLICE // 2 and k // SAMPLES_A_SLICE < count:
            middle[k // SAMPLES_A_SLICE] = np.nan_to_num(disc_fraction(elevation, skyline, radius), nan=0.0)
    full_w = np.asarray(array_power_w(array, 1.0, incidence, sun.distance_m), np.float32)
    half = SAMPLES_A_SLICE // 2
    middle_w = full_w[half::SAMPLES_A_SLICE][:count, None, None]
    least = darkest(lowered * full_w[:, None, None]) * np.float32(config.array_factor)
    return LightSlices(start_s, config.slice_s, middle * middle_w, least, middle)


def earth_slices(
    grid: SiteGrid, light: Light, slices: LightSlices, utc_offset_s: float, count: int
) -> NDArray[np.bool_]:
    """Tell where the Earth's centre is in view all through each of the first slices, (count, ny, nx).

    At begin, middle and end of a slice it must stand above the skyline; beyond the horizon map it is taken not to.
    """
    x, y = grid.centres()
    seen = np.empty((count * SAMPLES_A_SLICE + 1, *grid.shape), np.bool_)
    for k in range(seen.shape[0]):
        utc_s = slices.start_s + utc_offset_s + k * slices.slice_s / SAMPLES_A_SLICE
        seen[k] = light.earth_visible(x, y, utc_s)
    ends = [seen[offset : offset + count * SAMPLES_A_SLICE : SAMPLES_A_SLICE] for offset in range(SAMPLES_A_SLICE + 1)]
    return np.asarray(np.logical_and.reduce([end[:count] for end in ends]))
