# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sunlight and Earth visibility over a site: the sky of its frame against its horizon map."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, prange, vectorize

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.horizon import UNIT_RAD, HorizonMap, azimuth_layers
from lupex_models.site_frame import SiteFrame

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LUNAR_NODE_CYCLE_S = 18.6 * 365.25 * 86_400.0
"""After it the lunar node, and with it the yearly course of the Sun's elevation at the pole, repeats."""

_BINS_BETWEEN_AZIMUTHS = 8
_PARALLEL_CELLS = 4_000_000
"""From so many cells and times on a series of frames is shared among the threads."""


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
        return np.asarray(self.sunlit_frames(float(utc_s))[0])

    def sunlit_frames(
        self, utc_s: npt.ArrayLike, out: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return sunlit frames (nt, ny, nx) for times (nt), written into out where it is given.

        Long series of large maps are worth an out that is used again: most of the time goes into fresh memory.
        Raises ValueError when out has another shape or type.
        """
        sun = self.frame.sun(np.atleast_1d(np.asarray(utc_s, dtype=np.float64)))
        shape = (sun.elevation_rad.size, *self.horizon.shape)
        if out is None:
            out = np.empty(shape, dtype=np.float32)
        elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise ValueError(f"out must be a contiguous float32 array of shape {shape}, is {out.dtype} {out.shape}")
        layers = [azimuth_layers(self.horizon.azimuth_count, float(azimuth)) for azimuth in sun.grid_azimuth_rad]
        # Small maps stay in the calling thread: several nodes share the cores, and waking threads costs more than them.
        fill = _light_in_parallel if out.size >= _PARALLEL_CELLS else _light
        fill(
            self.horizon.counts,
            np.array([layer[0] for layer in layers]),
            np.array([layer[1] for layer in layers]),
            np.array([layer[2] for layer in layers]),
            sun.elevation_rad,
            sun.angular_radius_rad,
            np.sin(sun.grid_azimuth_rad) / MOON_RADIUS_M,
            np.cos(sun.grid_azimuth_rad) / MOON_RADIUS_M,
            self.horizon.x0_m,
            self.horizon.y0_m,
            self.horizon.cell_m,
            out,
        )
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


@njit(cache=True, fastmath={"nsz", "contract", "reassoc", "arcp"})
def _light_row(
    low: npt.NDArray[np.int16],
    high: npt.NDArray[np.int16],
    low_share: np.float32,
    high_share: np.float32,
    above: np.float32,
    step: np.float32,
    out: npt.NDArray[np.float32],
) -> None:
    # Above, and step a cell, are the Sun's height over a level skyline in units of its radius, the shares those of a
    # count. The segment's area is 1/2 + (asin u + u sqrt(1 - u^2)) / pi; asin is Abramowitz and Stegun's 4.4.46, good
    # to 2e-8, so that the row is one vector loop without a table.
    zero, one, half, per_pi = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(1.0 / math.pi)
    quarter_turn = np.float32(math.pi / 2.0)
    for j in range(out.size):
        u = above + np.float32(np.int32(j)) * step - (np.float32(low[j]) * low_share + np.float32(high[j]) * high_share)
        size = u if u > zero else -u
        size = size if size < one else one
        p = np.float32(-0.0012624911) * size + np.float32(0.0066700901)
        p = p * size - np.float32(0.0170881256)
        p = p * size + np.float32(0.0308918810)
        p = p * size - np.float32(0.0501743046)
        p = p * size + np.float32(0.0889789874)
        p = p * size - np.float32(0.2145988016)
        p = p * size + np.float32(1.5707963050)
        rest = one - size
        arc = quarter_turn - math.sqrt(rest) * p
        area = (arc + size * math.sqrt(rest * (one + size))) * per_pi
        share = half + area if u > zero else half - area
        share = share if share > zero else zero
        out[j] = share if share < one else one


@njit(cache=True)
def _light_line(
    counts: npt.NDArray[np.int16],
    low: int,
    high: int,
    weight: float,
    elevation: float,
    radius: float,
    tilt_x: float,
    tilt_y: float,
    x0: float,
    y0: float,
    cell: float,
    i: int,
    out: npt.NDArray[np.float32],
) -> None:
    _light_row(
        counts[low, i],
        counts[high, i],
        np.float32((1.0 - weight) * UNIT_RAD / radius),
        np.float32(weight * UNIT_RAD / radius),
        np.float32((elevation + x0 * tilt_x + (y0 + i * cell) * tilt_y) / radius),
        np.float32(cell * tilt_x / radius),
        out,
    )


@njit(cache=True)
def _light(
    counts: npt.NDArray[np.int16],
    lows: IntArray,
    highs: IntArray,
    weights: FloatArray,
    elevations: FloatArray,
    radii: FloatArray,
    tilts_x: FloatArray,
    tilts_y: FloatArray,
    x0: float,
    y0: float,
    cell: float,
    out: npt.NDArray[np.float32],
) -> None:
    for k in range(out.shape[0]):
        for i in range(out.shape[1]):
            _light_line(
                counts,
                lows[k],
                highs[k],
                weights[k],
                elevations[k],
                radii[k],
                tilts_x[k],
                tilts_y[k],
                x0,
                y0,
                cell,
                i,
                out[k, i],
            )


@njit(cache=True, parallel=True)
def _light_in_parallel(
    counts: npt.NDArray[np.int16],
    lows: IntArray,
    highs: IntArray,
    weights: FloatArray,
    elevations: FloatArray,
    radii: FloatArray,
    tilts_x: FloatArray,
    tilts_y: FloatArray,
    x0: float,
    y0: float,
    cell: float,
    out: npt.NDArray[np.float32],
) -> None:
    rows = out.shape[1]
    for task in prange(out.shape[0] * rows):
        k, i = task // rows, task % rows
        _light_line(
            counts,
            lows[k],
            highs[k],
            weights[k],
            elevations[k],
            radii[k],
            tilts_x[k],
            tilts_y[k],
            x0,
            y0,
            cell,
            i,
            out[k, i],
        )


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
