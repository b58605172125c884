# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""True sunlight: the Sun against the true skyline, and where it never shines."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import setting
from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField, bilinear
from lupex_models.light import disc_fraction, tilt
from lupex_models.site_frame import SiteFrame
from lupex_worlds.ground import Ground, ground_height

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LightSettings:
    """How the true skyline is looked for: finely near the rover, coarsely far away."""

    fine_reach_m: float = setting(60.0, "looked at in steps of half a fine cell", unit="m", minimum=0, maximum=1000)
    middle_step_m: float = setting(100.0, "between 5 m field and far relief", unit="m", minimum=10, maximum=5000)
    far_step_m: float = setting(400.0, "in the far relief", unit="m", minimum=10, maximum=5000)


@dataclass(frozen=True)
class TrueLight:
    """The Sun against the true skyline, looked for in the fine ground, the 5 m field, the middle and the far relief."""

    frame: SiteFrame
    ground: Ground
    middle: HeightField
    far: HeightField
    settings: LightSettings

    def height_m(self, x_m: float, y_m: float) -> float:
        """Return the height of the ground; nan where it is not known."""
        return float(ground_height(self.ground, x_m, y_m))

    def skyline_rad(self, x_m: float, y_m: float, z_m: float, grid_azimuth_rad: float) -> float:
        """Return the skyline's elevation seen from a point of the map (z in the map frame)."""
        return float(self._skylines(np.array([[x_m, y_m, z_m]]), grid_azimuth_rad)[0])

    def sunlit_fraction(self, x_m: float, y_m: float, height_m: float, utc_s: float) -> float:
        """Return the share [0..1] of the solar disc seen from height_m above the ground at a place.

        0 where the ground is not known: unknown is no light.
        """
        z = self.height_m(x_m, y_m) + height_m
        return float(self.disc_shares(np.array([x_m]), np.array([y_m]), np.array([z]), utc_s)[0])

    def disc_shares(self, x_m: FloatArray, y_m: FloatArray, z_m: FloatArray, utc_s: float) -> FloatArray:
        """Return the shares (n) of the solar disc seen from n points of the map at one time; 0 from no known height."""
        out = np.zeros(len(z_m))
        known = np.isfinite(z_m)
        if not known.any():
            return out
        sun = self.frame.sun(utc_s)
        azimuth = float(sun.grid_azimuth_rad)
        x, y = x_m[known], y_m[known]
        skylines = self._skylines(np.stack([x, y, z_m[known]], axis=-1), azimuth)
        out[known] = disc_fraction(float(sun.elevation_rad) + tilt(x, y, azimuth), skylines, sun.angular_radius_rad)
        return out

    def _skylines(self, eyes: FloatArray, grid_azimuth_rad: float) -> FloatArray:
        found: FloatArray = _skylines(
            self.ground,
            self.middle.heights_m,
            np.array([self.middle.x0_m, self.middle.y0_m, self.middle.cell_m, self.settings.middle_step_m]),
            self.far.heights_m,
            np.array([self.far.x0_m, self.far.y0_m, self.far.cell_m, self.settings.far_step_m]),
            eyes,
            grid_azimuth_rad,
            self.settings.fine_reach_m,
        )
        return found


@dataclass(frozen=True)
class TrueShadow:
    """Where the Sun never shines (ny, nx); (x0_m, y0_m) is the centre of cell [0, 0]."""

    mask: npt.NDArray[np.bool_]
    x0_m: float
    y0_m: float
    cell_m: float

    def __call__(self, x_m: float, y_m: float) -> bool:
        """Tell of a place whether it never sees the Sun; False outside the mask."""
        row = math.floor((y_m - self.y0_m) / self.cell_m + 0.5)
        column = math.floor((x_m - self.x0_m) / self.cell_m + 0.5)
        inside = 0 <= row < self.mask.shape[0] and 0 <= column < self.mask.shape[1]
        return bool(inside and self.mask[row, column])


@njit(cache=True)
def _skylines(
    ground: Ground,
    middle: Float32Array,
    middle_grid: FloatArray,
    far: Float32Array,
    far_grid: FloatArray,
    eyes: FloatArray,
    azimuth: float,
    fine_reach: float,
) -> FloatArray:
    """Return the skylines seen from points (n, 3) towards one azimuth."""
    out = np.empty(eyes.shape[0])
    for k in range(eyes.shape[0]):
        out[k] = _skyline(ground, middle, middle_grid, far, far_grid, eyes[k], azimuth, fine_reach)
    return out


@njit(cache=True)
def _skyline(
    ground: Ground,
    middle: Float32Array,
    middle_grid: FloatArray,
    far: Float32Array,
    far_grid: FloatArray,
    eye: FloatArray,
    azimuth: float,
    fine_reach: float,
) -> float:
    """March outwards; every height pays the drop d^2 / 2R. A grid is x0, y0, cell and step."""
    dx, dy = math.sin(azimuth), math.cos(azimuth)
    best = -1.0
    d = 0.5 * ground.detail_cell_m
    while True:
        z = ground_height(ground, eye[0] + d * dx, eye[1] + d * dy)
        if not math.isfinite(z):
            break
        best = max(best, (z - eye[2] - d * d / (2.0 * MOON_RADIUS_M)) / d)
        d += 0.5 * (ground.detail_cell_m if d < fine_reach else ground.base_cell_m)
    best, d = _march(middle, middle_grid, eye, dx, dy, d, best)
    best, d = _march(far, far_grid, eye, dx, dy, d, best)
    return math.atan(best)


@njit(cache=True)
def _march(
    heights: Float32Array, grid: FloatArray, eye: FloatArray, dx: float, dy: float, d: float, best: float
) -> tuple[float, float]:
    """Return the steepest tangent so far and the distance at which the line leaves the grid."""
    while True:
        z = bilinear(heights, (eye[0] + d * dx - grid[0]) / grid[2], (eye[1] + d * dy - grid[1]) / grid[2])
        if not math.isfinite(z):
            return best, d
        best = max(best, (z - eye[2] - d * d / (2.0 * MOON_RADIUS_M)) / d)
        d += grid[3]
