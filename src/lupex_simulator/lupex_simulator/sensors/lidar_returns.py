# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a lidar tells of true ranges: noise, losses, returns from dust."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.rover import Lidar
from lupex_worlds.truth.lidar_truth import LidarDraw
from lupex_worlds.truth.sensor_spread import FULL_TRACK_MPS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LEAST_COSINE = 0.02
"""A return more slanting than this is smeared no further."""


def signal(draw: LidarDraw, ranges_m: FloatArray, cosines: FloatArray, albedo: FloatArray | float) -> FloatArray:
    """Return the strength of returns, 1 for a near one at right angles from mean albedo through a clean window.

    Lambert's law and the lidar equation of a target larger than the beam, r cos(i) / R^2 (Jelalian, Laser Radar
    Systems, 1992; Höfle and Pfeifer 2007), level up to the range that the receiver's gain makes up for; the window is
    passed twice.
    """
    far = np.minimum(1.0, (draw.full_signal_m / ranges_m) ** 2)
    return np.asarray(cosines * albedo * far * draw.window_transmission**2)


def range_sigma_m(draw: LidarDraw, ranges_m: FloatArray, cosines: FloatArray) -> FloatArray:
    """Return the noise of ranges, one sigma: the sensor's, its growth with range, and the smear of the footprint.

    A beam of full width w (four sigma) lights R w / 4 across, so R w / 4 tan(i) in depth.
    """
    cosine = np.maximum(cosines, _LEAST_COSINE)
    smear = 0.25 * draw.divergence_rad * ranges_m * np.sqrt(1.0 - cosine**2) / cosine
    own = draw.range_sigma_m + draw.range_growth * ranges_m
    return np.asarray(np.hypot(own, smear))


def told_returns(
    draw: LidarDraw,
    sensor: Lidar,
    ranges_m: FloatArray,
    cosines: FloatArray,
    places_m: FloatArray | None,
    rng: np.random.Generator,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return (index of the ray, range, intensity) of what is told of true ranges (n), nan where a ray meets nothing.

    `places_m` (n, 2) is where the rays meet the ground, for its albedo; None where the albedo is the same everywhere.
    """
    hit = np.flatnonzero(np.isfinite(ranges_m))
    true, cosine = ranges_m[hit], cosines[hit]
    chance = rng.random((3, hit.size))
    albedo = 1.0 if places_m is None else ground_albedo(draw, places_m[hit])
    strength = signal(draw, true, cosine, albedo)
    kept_share = strength / (strength + draw.half_signal) if draw.half_signal > 0.0 else 1.0
    kept = (chance[0] >= draw.dropout_share) & (chance[1] < kept_share)
    measured = true + range_sigma_m(draw, true, cosine) * rng.standard_normal(hit.size)
    stray = chance[2] < draw.outlier_share
    measured[stray] = rng.uniform(sensor.range_min_m, sensor.range_max_m, int(stray.sum()))
    kept &= (measured >= sensor.range_min_m) & (measured <= sensor.range_max_m)
    return hit[kept], measured[kept], strength[kept]


def with_dust(
    draw: LidarDraw,
    sensor: Lidar,
    told: tuple[IntArray, FloatArray, FloatArray],
    rays: int,
    track_mps: float,
    rng: np.random.Generator,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return what is told once dust has returned some of the rays, before the ground could."""
    share = dust_share(draw, track_mps)
    if share == 0.0:
        return told
    dusty = np.flatnonzero(rng.random(rays) < share)
    near_m = sensor.range_min_m + rng.exponential(draw.dust_depth_m, dusty.size)
    ranges, strengths = np.full(rays, np.inf), np.zeros(rays)
    ranges[told[0]], strengths[told[0]] = told[1], told[2]
    first = near_m < np.minimum(ranges[dusty], sensor.range_max_m)
    ranges[dusty[first]] = near_m[first]
    strengths[dusty[first]] = draw.half_signal
    index = np.flatnonzero(np.isfinite(ranges))
    return index, ranges[index], strengths[index]


def dust_share(draw: LidarDraw, track_mps: float) -> float:
    """Return the share of rays that dust returns at a speed of the tracks."""
    return min(1.0, draw.dust_share_at_rest + draw.dust_share_driving * abs(track_mps) / FULL_TRACK_MPS)


def ground_albedo(draw: LidarDraw, places_m: FloatArray) -> FloatArray:
    """Return the ground's albedo over its mean at places (n, 2): log-normal in patches, the same in every scan."""
    field = _patches(np.ascontiguousarray(places_m), 1.0 / draw.albedo_patch_m, np.uint64(draw.albedo_seed))
    return np.asarray(np.exp(draw.albedo_log_sigma * field - 0.5 * draw.albedo_log_sigma**2))


@njit(cache=True)
def _patches(places: FloatArray, per_m: float, seed: np.uint64) -> FloatArray:
    """Return a field of mean 0 and variance 1: values at the nodes of a lattice, between them bilinear and scaled."""
    out = np.empty(places.shape[0])
    for k in range(places.shape[0]):
        x, y = places[k, 0] * per_m, places[k, 1] * per_m
        j, i = math.floor(x), math.floor(y)
        p, q = x - j, y - i
        a, b = (1.0 - p) * (1.0 - q), p * (1.0 - q)
        c, d = (1.0 - p) * q, p * q
        total = a * _node(j, i, seed) + b * _node(j + 1, i, seed) + c * _node(j, i + 1, seed)
        total += d * _node(j + 1, i + 1, seed)
        out[k] = total / math.sqrt(a * a + b * b + c * c + d * d)
    return out


@njit(cache=True)
def _node(j: int, i: int, seed: np.uint64) -> float:
    """Return a nearly normal number of one node: four shares of a mixed word (SplitMix64, Steele et al. 2014)."""
    word = np.uint64(j) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(i) * np.uint64(0xC2B2AE3D27D4EB4F) ^ seed
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word = word ^ (word >> np.uint64(31))
    total = 0.0
    for shift in (0, 16, 32, 48):
        total += float((word >> np.uint64(shift)) & np.uint64(0xFFFF))
    # four shares of variance 1/12 each
    return (total / 65535.0 - 2.0) * math.sqrt(3.0)
