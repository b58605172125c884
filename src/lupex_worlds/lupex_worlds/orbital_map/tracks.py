# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An altimeter's tracks over a field: where it measured, what lies between by interpolation, and how tracks err."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from lupex_models.height_field import HeightField

FloatArray = npt.NDArray[np.float64]

_JITTER = 0.3
"""Of the spacing, by which a track may lie off its even place: the tracks of years do not lie evenly [A]."""


@dataclass(frozen=True)
class Tracks:
    """Parallel tracks of shots: near the pole those of a polar orbit follow the meridian.

    A point lies on track k when its distance across, measured to the left of the direction, is offsets_m[k] to within
    half the width; shots lie shot_spacing_m apart along it and are as wide.
    """

    direction_rad: float
    """From map x, counter-clockwise."""
    offsets_m: FloatArray
    shot_spacing_m: float
    width_m: float


@dataclass(frozen=True)
class Between:
    """Of each cell (ny, nx) the tracks at its right and left and the shots behind and ahead of it.

    Distances are to the edge of track or shot, 0 on it.
    """

    right: npt.NDArray[np.int64]
    """Number of the track at the right; the next one is at the left."""
    right_m: FloatArray
    left_m: FloatArray
    behind_m: FloatArray
    ahead_m: FloatArray

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Cells that a shot hit; all others are interpolated."""
        on_track = (self.right_m == 0.0) | (self.left_m == 0.0)
        return np.asarray(on_track & ((self.behind_m == 0.0) | (self.ahead_m == 0.0)))

    @property
    def left_share(self) -> FloatArray:
        """Weight of the left track's value."""
        return np.asarray(self.right_m / (self.right_m + self.left_m))

    @property
    def ahead_share(self) -> FloatArray:
        """Weight of the value of the shot ahead."""
        return np.asarray(self.behind_m / (self.behind_m + self.ahead_m))


def draw_tracks(
    field: HeightField, direction_rad: float, spacing_m: float, shot_spacing_m: float, rng: np.random.Generator
) -> Tracks:
    """Draw tracks of one cell's width over a whole field. Raises ValueError when tracks or shots would overlap."""
    if min(spacing_m * (1.0 - 2.0 * _JITTER), shot_spacing_m) < 2.0 * field.cell_m:
        raise ValueError(
            f"tracks {spacing_m:g} m apart with shots {shot_spacing_m:g} m apart overlap on cells of {field.cell_m:g} m"
        )
    across = _across(field, direction_rad)
    first = math.floor(across.min() / spacing_m) - 1
    last = math.ceil(across.max() / spacing_m) + 1
    even = np.arange(first, last + 1) + rng.random()
    offsets = spacing_m * (even + rng.uniform(-_JITTER, _JITTER, even.size))
    return Tracks(direction_rad, offsets, shot_spacing_m, field.cell_m)


def between(field: HeightField, tracks: Tracks) -> Between:
    """Find for each cell of a field between which tracks and shots it lies."""
    across, along = _across(field, tracks.direction_rad), _along(field, tracks.direction_rad)
    half = 0.5 * tracks.width_m
    right = np.clip(np.searchsorted(tracks.offsets_m, across) - 1, 0, tracks.offsets_m.size - 2)
    past_shot = along % tracks.shot_spacing_m
    return Between(
        right,
        np.maximum(across - tracks.offsets_m[right] - half, 0.0),
        np.maximum(tracks.offsets_m[right + 1] - half - across, 0.0),
        np.maximum(past_shot - half, 0.0),
        np.maximum(tracks.shot_spacing_m - half - past_shot, 0.0),
    )


def interpolated(field: HeightField, tracks: Tracks, place: Between) -> FloatArray:
    """Return the heights (ny, nx) that linear interpolation along and across makes of what the shots measured.

    Beyond the field's border its nearest height is taken.
    """
    ahead_x, ahead_y = math.cos(tracks.direction_rad), math.sin(tracks.direction_rad)
    x_min, y_min, x_max, y_max = field.bounds_m
    total = np.zeros(field.shape)
    for left, across_weight in ((-place.right_m, 1.0 - place.left_share), (place.left_m, place.left_share)):
        for ahead, along_weight in ((-place.behind_m, 1.0 - place.ahead_share), (place.ahead_m, place.ahead_share)):
            x = np.clip(field.x_m[None, :] + ahead * ahead_x - left * ahead_y, x_min, x_max)
            y = np.clip(field.y_m[:, None] + ahead * ahead_y + left * ahead_x, y_min, y_max)
            total += across_weight * along_weight * field.height(x, y)
    return total


def track_error(
    field: HeightField, tracks: Tracks, place: Between, along_m: float, rng: np.random.Generator
) -> FloatArray:
    """Return the error (ny, nx) of tracks that err by 1 rms each on its own, interpolated between them.

    Along a track the error has the correlation exp(-(d / along_m)^2 / 2): orbit and pointing drift slowly.
    """
    along = _along(field, tracks.direction_rad)
    step = field.cell_m
    count = math.ceil((along.max() - along.min()) / step) + 2
    margin = math.ceil(4.0 * along_m / step)
    # White noise smoothed by s is correlated as a Gaussian of sqrt(2) s.
    noise = rng.standard_normal((tracks.offsets_m.size, count + 2 * margin))
    sigma = along_m / math.sqrt(2.0) / step
    errors = gaussian_filter1d(noise, sigma, axis=1, mode="wrap")[:, margin : margin + count]
    errors *= math.sqrt(2.0 * math.sqrt(math.pi) * sigma)
    position = (along - along.min()) / step
    low = position.astype(np.int64)
    rest = position - low

    def value(track: npt.NDArray[np.int64]) -> FloatArray:
        return np.asarray(errors[track, low] * (1.0 - rest) + errors[track, low + 1] * rest)

    return (1.0 - place.left_share) * value(place.right) + place.left_share * value(place.right + 1)


def _across(field: HeightField, direction_rad: float) -> FloatArray:
    return -math.sin(direction_rad) * field.x_m[None, :] + math.cos(direction_rad) * field.y_m[:, None]


def _along(field: HeightField, direction_rad: float) -> FloatArray:
    return math.cos(direction_rad) * field.x_m[None, :] + math.sin(direction_rad) * field.y_m[:, None]
