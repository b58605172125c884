# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sunlight and Earth visibility over a site: the sky of its frame against its horizon map."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, vectorize

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.horizon import UNIT_RAD, HorizonMap, azimuth_layers
from lupex_models.site_frame import SiteFrame

FloatArray = npt.NDArray[np.float64]

LUNAR_NODE_CYCLE_S = 18.6 * 365.25 * 86_400.0
"""After it the lunar node, and with it the yearly course of the Sun's elevation at the pole, repeats."""

_BINS_BETWEEN_AZIMUTHS = 8


@vectorize(["float64(float64, float64, float64)"], cache=True)  # type: ignore[no-untyped-call]
def _disc_fraction(elevation: float, horizon: float, radius: float) -> float:
    u = (elevation - horizon) / radius
    if math.isnan(u):
        return math.nan
    if u >= 1.0:
        return 1.0
    if u <= -1.0:
        return 0.0
    return (math.acos(-u) + u * math.sqrt(1.0 - u * u)) / math.pi


def disc_fraction(
    sun_elevation_rad: npt.ArrayLike, horizon_elevation_rad: npt.ArrayLike, angular_radius_rad: npt.ArrayLike
) -> FloatArray:
    """Return the share [0..1] of the solar disc above a level skyline, for broadcastable shapes; nan stays nan.

    Area of a circle's segment: with u = (sun - horizon) / radius it is (acos(-u) + u sqrt(1 - u^2)) / pi.
    """
    return np.asarray(_disc_fraction(sun_elevation_rad, horizon_elevation_rad, angular_radius_rad))


# Whole maps read the segment's area from a table: 4096 steps are good to 1e-6. The last entry is there twice, so that
# the end needs no case of its own.
_SEGMENTS = _disc_fraction(np.append(np.linspace(-1.0, 1.0, 4097), 1.0), 0.0, 1.0)


@dataclass(frozen=True)
class LightInterval:
    """A stretch of time, in UTC as Unix seconds, in which the array sees at least the asked share of the Sun."""

    start_utc_s: float
    end_utc_s: float


@dataclass(frozen=True)
class Light:
    """Light over a site. The Sun stands higher by distance / R for a cell nearer to it: that tilt is accounted for."""

    frame: SiteFrame
    horizon: HorizonMap

    def sunlit_fraction(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, utc_s: npt.ArrayLike) -> FloatArray:
        """Return the share [0..1] of the solar disc above the skyline for broadcastable places and times.

        nan where the horizon map does not reach: unknown is neither light nor dark.
        """
        sun = self.frame.sun(utc_s)
        elevation = sun.elevation_rad + tilt(x_m, y_m, sun.grid_azimuth_rad)
        skyline = self.horizon.elevation(x_m, y_m, sun.grid_azimuth_rad)
        return disc_fraction(elevation, skyline, sun.angular_radius_rad)

    def sunlit_frame(self, utc_s: float) -> npt.NDArray[np.float32]:
        """Return the share [0..1] of the solar disc over every cell (ny, nx) of the horizon map at one time."""
        sun = self.frame.sun(float(utc_s))
        return self._frame(float(sun.grid_azimuth_rad), float(sun.elevation_rad), float(sun.angular_radius_rad))

    def sunlit_frames(self, utc_s: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return sunlit frames (nt, ny, nx) for times (nt)."""
        sun = self.frame.sun(np.atleast_1d(np.asarray(utc_s, dtype=np.float64)))
        out = np.empty((sun.elevation_rad.size, *self.horizon.shape), dtype=np.float32)
        for k, direction in enumerate(zip(sun.grid_azimuth_rad, sun.elevation_rad, sun.angular_radius_rad)):
            out[k] = self._frame(*(float(value) for value in direction))
        return out

    def earth_visible(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, utc_s: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell whether the Earth's centre stands above the skyline; False where the horizon map does not reach."""
        earth = self.frame.earth(utc_s)
        skyline = self.horizon.elevation(x_m, y_m, earth.grid_azimuth_rad)
        return np.asarray(earth.elevation_rad + tilt(x_m, y_m, earth.grid_azimuth_rad) > skyline)

    def permanent_shadow(self, utc_s: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return the mask (ny, nx) of cells that see no part of the solar disc at any of the times.

        The times are first reduced to the highest upper limb in each narrow sector of azimuth, so that decades cost as
        little as days; use lunar_cycle_utc_s for permanence.
        """
        sun = self.frame.sun(np.atleast_1d(np.asarray(utc_s, dtype=np.float64)))
        sectors = self.horizon.azimuth_count * _BINS_BETWEEN_AZIMUTHS
        sector = (sun.grid_azimuth_rad / (2.0 * np.pi) * sectors).astype(np.int64) % sectors
        limb = np.full(sectors, -np.inf)
        np.maximum.at(limb, sector, sun.elevation_rad + sun.angular_radius_rad)
        shadow = np.ones(self.horizon.shape, dtype=np.bool_)
        for k in np.flatnonzero(np.isfinite(limb)):
            azimuth = (k + 0.5) * 2.0 * np.pi / sectors
            low, high, weight = azimuth_layers(self.horizon.azimuth_count, azimuth)
            _darken(
                self.horizon.counts[low],
                self.horizon.counts[high],
                weight,
                limb[k],
                math.sin(azimuth) / MOON_RADIUS_M,
                math.cos(azimuth) / MOON_RADIUS_M,
                self.horizon.x0_m,
                self.horizon.y0_m,
                self.horizon.cell_m,
                shadow,
            )
        return shadow

    def calendar(
        self, x_m: float, y_m: float, start_utc_s: float, end_utc_s: float, step_s: float, least_fraction: float
    ) -> tuple[LightInterval, ...]:
        """List the intervals in which a place sees at least least_fraction of the disc, sampled every step_s.

        An interval runs from its first to its last lit sample, so that neither end promises light that was not seen.
        """
        times = np.arange(start_utc_s, end_utc_s, step_s)
        lit = np.nan_to_num(self.sunlit_fraction(x_m, y_m, times), nan=0.0) >= least_fraction
        edges = np.flatnonzero(np.diff(np.concatenate([[False], lit, [False]]).astype(np.int8)))
        return tuple(
            LightInterval(float(times[first]), float(times[last - 1])) for first, last in zip(edges[::2], edges[1::2])
        )

    def _frame(self, grid_azimuth_rad: float, elevation_rad: float, radius_rad: float) -> npt.NDArray[np.float32]:
        low, high, weight = azimuth_layers(self.horizon.azimuth_count, grid_azimuth_rad)
        return np.asarray(
            _lit(
                self.horizon.counts[low],
                self.horizon.counts[high],
                weight,
                elevation_rad,
                radius_rad,
                math.sin(grid_azimuth_rad) / MOON_RADIUS_M,
                math.cos(grid_azimuth_rad) / MOON_RADIUS_M,
                self.horizon.x0_m,
                self.horizon.y0_m,
                self.horizon.cell_m,
            )
        )


def tilt(x_m: npt.ArrayLike, y_m: npt.ArrayLike, grid_azimuth_rad: npt.ArrayLike) -> FloatArray:
    """Return how much higher [rad] a far body stands at a map point than at the map's origin, to first order."""
    azimuth = np.asarray(grid_azimuth_rad, dtype=np.float64)
    along = np.asarray(x_m, dtype=np.float64) * np.sin(azimuth) + np.asarray(y_m, dtype=np.float64) * np.cos(azimuth)
    return np.asarray(along / MOON_RADIUS_M)


def longest_dark_s(intervals: tuple[LightInterval, ...], start_utc_s: float, end_utc_s: float) -> float:
    """Return the longest stretch without light between two times, given the intervals of light."""
    ends = [start_utc_s, *(interval.end_utc_s for interval in intervals)]
    starts = [*(interval.start_utc_s for interval in intervals), end_utc_s]
    return max(max(0.0, start - end) for end, start in zip(ends, starts))


def lunar_cycle_utc_s(start_utc_s: float, step_s: float) -> FloatArray:
    """Return times over one 18.6-year cycle of the lunar node, for permanent shadow."""
    return np.arange(start_utc_s, start_utc_s + LUNAR_NODE_CYCLE_S, step_s, dtype=np.float64)


@njit(cache=True)
def _lit(
    low: npt.NDArray[np.int16],
    high: npt.NDArray[np.int16],
    weight: float,
    elevation: float,
    radius: float,
    tilt_x: float,
    tilt_y: float,
    x0: float,
    y0: float,
    cell: float,
) -> npt.NDArray[np.float32]:
    ny, nx = low.shape
    out = np.empty((ny, nx), dtype=np.float32)
    for i in range(ny):
        row = elevation + (y0 + i * cell) * tilt_y
        for j in range(nx):
            skyline = (low[i, j] * (1.0 - weight) + high[i, j] * weight) * UNIT_RAD
            u = (row + (x0 + j * cell) * tilt_x - skyline) / radius
            position = (min(max(u, -1.0), 1.0) + 1.0) * (0.5 * (_SEGMENTS.size - 2))
            k = int(position)
            out[i, j] = _SEGMENTS[k] + (position - k) * (_SEGMENTS[k + 1] - _SEGMENTS[k])
    return out


@njit(cache=True)
def _darken(
    low: npt.NDArray[np.int16],
    high: npt.NDArray[np.int16],
    weight: float,
    limb: float,
    tilt_x: float,
    tilt_y: float,
    x0: float,
    y0: float,
    cell: float,
    shadow: npt.NDArray[np.bool_],
) -> None:
    ny, nx = low.shape
    for i in range(ny):
        for j in range(nx):
            skyline = (low[i, j] * (1.0 - weight) + high[i, j] * weight) * UNIT_RAD
            if limb + (x0 + j * cell) * tilt_x + (y0 + i * cell) * tilt_y > skyline:
                shadow[i, j] = False
