# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Does a DEM show the place that it claims to show? The coarse LOLA relief tells a picture or a flipped product."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.height_field import HeightField, refine
from lupex_models.site_frame import SiteError

FloatArray = npt.NDArray[np.float64]

_REFERENCE_CELL_M = 200.0


@dataclass(frozen=True)
class AgreementLimits:
    """What counts as agreement.

    Measured on crops of the Shackleton-de Gerlache ridge (LOLA 5 m and 20 m/px): over 800 m blocks true crops of 4 km
    stay under 50 m rms and over a correlation of 0.90, of 8 km under 43 m and over 0.98. Mirrored and turned copies:
    see docs/sites.md.
    """

    block_m: float = 800.0
    """Blocks whose means are compared: half a cell of the coarse relief, which itself holds the means of its cells."""
    correlated_from_m: float = 3_900.0
    """From this extent on a DEM covers enough coarse cells (two and a half squared) for a correlation."""
    least_correlation: float = 0.9
    least_relief_m: float = 100.0
    """Where the coarse relief itself varies by less (rms), its own errors of some 35 m leave no correlation to see."""
    largest_difference_m: float = 120.0
    """Root mean square difference of the block means."""
    small_block_m: float = 400.0
    """What is compared of a smaller DEM mirrored and turned: more of the coarse relief's slopes than 800 m leave."""
    flipped_ratio: float = 0.75
    small_flipped_ratio: float = 0.4
    """A mirrored or turned file that fits so much better than the file as it is tells that the file is so itself."""


@dataclass(frozen=True)
class Agreement:
    """How block means of a DEM and of the coarse relief compare."""

    blocks: int
    correlation: float
    """nan where one of the two does not vary."""
    difference_m: float
    reference_relief_m: float
    better_when: str
    """'', or how the file must be mirrored or turned to fit much better."""
    as_good_when: str = ""
    """'', or how it may be mirrored or turned without that being seen."""


_OTHER_WAYS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "flipped north to south": lambda z: z[::-1],
    "flipped east to west": lambda z: z[:, ::-1],
    "turned by 180 degrees": lambda z: z[::-1, ::-1],
    "turned by 90 degrees": lambda z: z.T[::-1],
    "turned by 270 degrees": lambda z: z[::-1].T,
    "mirrored on its diagonal": lambda z: z.T,
    "mirrored on its other diagonal": lambda z: z[::-1, ::-1].T,
}


def compare(field: HeightField, coarse: HeightField, limits: AgreementLimits | None = None) -> Agreement:
    """Compare a field with the coarse relief around it, both in one map frame.

    Raises SiteError when the coarse relief does not cover the field, or has no known heights there.
    """
    limits = limits or AgreementLimits()
    ours, theirs = _block_means(field, coarse, limits.block_m)
    known = np.isfinite(ours) & np.isfinite(theirs)
    if not known.any():
        raise SiteError("the DEM has no known heights to compare with the LOLA relief")
    better, as_good = _other_ways(field, coarse, limits)
    return Agreement(
        blocks=int(known.sum()),
        correlation=_correlation(ours[known], theirs[known]),
        difference_m=_rms(ours - theirs),
        reference_relief_m=float(theirs[known].std()),
        better_when=better,
        as_good_when=as_good,
    )


def _other_ways(field: HeightField, coarse: HeightField, limits: AgreementLimits) -> tuple[str, str]:
    """How the field must be mirrored or turned to fit much better, and how it may be without fitting much worse."""
    small = min(field.shape) * field.cell_m < limits.correlated_from_m
    ours, theirs = _block_means(field, coarse, limits.small_block_m if small else limits.block_m)
    if not np.isfinite(ours - theirs).all() or ours.shape[0] != ours.shape[1]:
        return "", ""
    ratio = limits.small_flipped_ratio if small else limits.flipped_ratio
    # The coarse relief's error of height is the same all ways.
    theirs = theirs + np.mean(ours - theirs)
    difference = _rms(ours - theirs)
    ways = {way: _rms(turn(ours) - theirs) for way, turn in _OTHER_WAYS.items()}
    way = min(ways, key=lambda name: ways[name])
    if ways[way] < ratio * difference and ways[way] <= limits.largest_difference_m:
        return way, ""
    return "", way if ratio * ways[way] <= difference else ""


def refusal(agreement: Agreement, extent_m: float, limits: AgreementLimits | None = None) -> str:
    """Return why a DEM of that extent cannot be what it claims to be, in one clause; '' when it agrees."""
    limits = limits or AgreementLimits()
    if agreement.better_when:
        return f"it fits the LOLA relief only when {agreement.better_when}"
    if not agreement.difference_m <= limits.largest_difference_m:
        return f"its heights differ from the LOLA relief by {agreement.difference_m:.0f} m (rms)"
    enough = extent_m >= limits.correlated_from_m and agreement.reference_relief_m >= limits.least_relief_m
    if enough and not agreement.correlation > limits.least_correlation:
        return f"its correlation with the LOLA relief is {agreement.correlation:.2f}"
    return ""


def _block_means(field: HeightField, coarse: HeightField, block_m: float) -> tuple[FloatArray, FloatArray]:
    """Means (n, m) of the field's blocks, as large as can be laid into it side by side, and of the coarse relief's."""
    ny, nx = field.shape
    rows, columns = (max(2, math.floor(count * field.cell_m / block_m + 1e-6)) for count in (ny, nx))
    down, across = ny // rows, nx // columns
    if min(down, across) < 1:
        raise SiteError(f"the DEM's cells of {field.cell_m:g} m are too coarse to tell whether it fits the LOLA relief")
    ours = field.heights_m[: rows * down, : columns * across].astype(np.float64)
    means = ours.reshape(rows, down, columns, across).mean(axis=(1, 3))
    half = 0.5 * field.cell_m
    samples = max(2, math.ceil(block_m / _REFERENCE_CELL_M))
    x = field.x0_m - half + across * field.cell_m * (np.arange(columns * samples) + 0.5) / samples
    y = field.y0_m - half + down * field.cell_m * (np.arange(rows * samples) + 0.5) / samples
    try:
        smooth = refine(
            coarse,
            _REFERENCE_CELL_M,
            float(x[0]) - _REFERENCE_CELL_M,
            float(y[0]) - _REFERENCE_CELL_M,
            math.ceil((x[-1] - x[0]) / _REFERENCE_CELL_M) + 3,
            math.ceil((y[-1] - y[0]) / _REFERENCE_CELL_M) + 3,
        )
    except ValueError as error:
        raise SiteError(f"the LOLA relief does not cover the DEM: {error}") from error
    theirs = smooth.height(x[None, :], y[:, None]).reshape(rows, samples, columns, samples).mean(axis=(1, 3))
    return means, theirs


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def _correlation(first: FloatArray, second: FloatArray) -> float:
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])
