# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of the orbital product: the 5 m map's along its tracks, the far relief's, and those of the shadow's edge."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter

from lupex_models.height_field import HeightField
from lupex_worlds.orbital_map.quality import MapQuality
from lupex_worlds.orbital_map.tracks import Between, Tracks, between, draw_tracks, interpolated, track_error

FloatArray = npt.NDArray[np.float64]

_TEXTURE_CELLS = 1.5
"""Smoothing of what interpolation makes up where the ground is smoother than the product's stated slope error [A]."""
_OFF_MERIDIAN_RAD = math.radians(15.0)
"""By which a track may lie off the site's meridian [A]."""


@dataclass(frozen=True)
class TrackMap:
    """A map with errors, and which of its cells (ny, nx) a shot hit; all others are interpolated."""

    dem: HeightField
    measured: npt.NDArray[np.bool_]


def track_map(relief: HeightField, meridian_rad: float, quality: MapQuality, rng: np.random.Generator) -> TrackMap:
    """Return what an altimeter's map shows of a relief, with the rms errors of height and slope that are asked for.

    Tracks run along the meridian (from map x, counter-clockwise). On them the map errs by the tracks' own error, slowly
    changing along and with a step from track to track. Between them it is smooth: the relief's own unevenness is lost
    there, the more the farther the tracks (Barker et al. 2021 find most of the error in interpolation). Raises
    ValueError where tracks and relief cannot give both errors together.
    """
    direction = meridian_rad + rng.uniform(-_OFF_MERIDIAN_RAD, _OFF_MERIDIAN_RAD)
    tracks = draw_tracks(relief, direction, quality.track_spacing_m, quality.shot_spacing_m, rng)
    place = between(relief, tracks)
    own = track_error(relief, tracks, place, quality.along_track_m, rng)
    unseen = _interpolation_error(relief, tracks, place, quality.slope_rms_rad, rng)
    tangent = math.tan(quality.slope_rms_rad)
    error = _mixed(unseen, own, quality.height_rms_m, tangent * relief.cell_m)
    return TrackMap(_raised(relief, error), place.measured)


def erroneous_far(far: HeightField, quality: MapQuality, rng: np.random.Generator) -> HeightField:
    """Return far relief with a height error, correlated as exp(-(d / far_correlation_m)^2 / 2)."""
    if quality.far_rms_m == 0.0:
        return far
    return _raised(far, quality.far_rms_m * _smooth_noise(far.shape, quality.far_correlation_m / far.cell_m, rng))


def shifted_edge(
    mask: npt.NDArray[np.bool_], cell_m: float, quality: MapQuality, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return a mask whose edge is shifted inwards and outwards by shadow_edge_m rms, in bulges along it."""
    if quality.shadow_edge_m == 0.0 or not mask.any() or mask.all():
        return mask
    # Positive inside; half a cell, because distances are to centres of cells of the other kind.
    inside_m = cell_m * (distance_transform_edt(mask) - distance_transform_edt(~mask))
    inside_m -= 0.5 * cell_m * np.sign(inside_m)
    shift = quality.shadow_edge_m * _smooth_noise(mask.shape, quality.shadow_edge_correlation_m / cell_m, rng)
    return np.asarray(inside_m + shift > 0.0)


def _interpolation_error(
    relief: HeightField, tracks: Tracks, place: Between, slope_rms_rad: float, rng: np.random.Generator
) -> FloatArray:
    """Return what interpolation loses, and where the ground is too even for the slope error, what it makes up."""
    error = interpolated(relief, tracks, place) - relief.heights_m
    gap = place.right_m + place.left_m
    texture = gaussian_filter(rng.standard_normal(relief.shape), _TEXTURE_CELLS, mode="wrap")
    # None on a track, and growing with the distance from it and the gap.
    texture *= np.sqrt(place.left_share * (1.0 - place.left_share)) * gap
    wanted = (math.tan(slope_rms_rad) * relief.cell_m) ** 2
    lacking = wanted - _step_product(error, error)
    if lacking > 0.0:
        error = error + math.sqrt(lacking / _step_product(texture, texture)) * texture
    return np.asarray(error)


def _mixed(unseen: FloatArray, own: FloatArray, height_rms_m: float, step_rms_m: float) -> FloatArray:
    """Return a unseen + b own with these rms height and rms difference of neighbours.

    With r = b / a the ratio of the two is a quadratic in r. What is unseen is rough and the tracks' own error is not,
    so that it has one positive root.
    """
    aims = (height_rms_m**2, step_rms_m**2)
    squares = [[float(np.mean(u * v)), _step_product(u, v)] for u, v in ((unseen, unseen), (unseen, own), (own, own))]
    constant, linear, leading = (height * aims[1] - step * aims[0] for height, step in squares)
    if not (constant <= 0.0 < leading):
        raise ValueError(
            f"a height error of {height_rms_m:.2f} m cannot go with a slope error of {step_rms_m:.3f} m from cell to "
            "cell: the tracks lie too far apart or the relief between them is too rough"
        )
    r = (-linear + math.sqrt(linear**2 - leading * constant)) / leading
    total = unseen + r * own
    return np.asarray(total * (height_rms_m / math.sqrt(float(np.mean(total**2)))))


def _step_product(u: FloatArray, v: FloatArray) -> float:
    """Return the mean product of the differences of neighbouring cells, both axes alike."""
    return 0.5 * float(
        np.mean(np.diff(u, axis=0) * np.diff(v, axis=0)) + np.mean(np.diff(u, axis=1) * np.diff(v, axis=1))
    )


def _smooth_noise(shape: tuple[int, int], correlation_cells: float, rng: np.random.Generator) -> FloatArray:
    """Return noise of mean 0 and variance 1 over the whole, correlated as exp(-(d / L)^2 / 2)."""
    noise = gaussian_filter(rng.standard_normal(shape), correlation_cells / math.sqrt(2.0), mode="wrap")
    return np.asarray((noise - noise.mean()) / noise.std())


def _raised(field: HeightField, by_m: FloatArray) -> HeightField:
    return dataclasses.replace(field, heights_m=(field.heights_m + by_m).astype(np.float32))
