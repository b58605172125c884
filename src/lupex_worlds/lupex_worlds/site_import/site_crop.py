# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The crop of a DEM file that a site is made of: where it lies, and whether the file is what it should be."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.dem import RasterExtent, read_dem, read_extent, read_far_relief, read_overview
from lupex_models.height_field import HeightField
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_worlds.site_import.light_survey import Progress, SurveyGrid, brightest_place, survey_light
from lupex_worlds.site_import.lola_agreement import compare, refusal

LEAST_EXTENT_M, LARGEST_EXTENT_M = 1_500.0, 10_000.0
COARSEST_CELL_M = 30.0
WIDEST_OVERVIEW_CELLS = 5_000
"""A file with more cells along a side is not read as a whole to find its brightest place."""
FAR_M = 150e3

CLIFF_SLOPE, CLIFF_M = 4.0, 20.0
"""From one cell to the next: LOLA's maps of 5 m fall by 2.4 m a metre at most (16 km about Site01)."""

_OVERVIEW = SurveyGrid(cells=240, least_cell_m=20.0, azimuth_count=48, step_s=12 * 3600.0, shadow_step_s=86_400.0)
_BRIGHT_CLEARANCE_M = 30.0


class ImportRefused(SiteError):  # noqa: N818 - reads as what it is where it is raised
    """Say in one sentence why there is no site."""


def read_site_crop(
    path: Path, at_deg: tuple[float, float] | None, extent_m: float, progress: Progress
) -> tuple[SiteFrame, HeightField, str]:
    """Return the square crop about a place (latitude, longitude), or about the brightest, and the frame of its middle.

    Third comes what cannot be told of the file, one sentence or ''. Raises ImportRefused or SiteError when the file is
    no whole lunar south polar DEM, or does not show what LOLA saw.
    """
    extent = read_extent(path)
    if extent.cell_m > COARSEST_CELL_M:
        raise ImportRefused(
            f"{path}: its cells of {extent.cell_m:g} m are too coarse; give a DEM of {COARSEST_CELL_M:g} m or finer"
        )
    side = _side(path, extent, extent_m)
    progress("relief", 0.0)
    whole = read_whole(path, extent, side, needed=at_deg is None)
    middle = found_middle(whole, extent, progress) if at_deg is None else _asked_middle(path, extent, at_deg)
    frame, field = read_crop(path, extent, middle, side)
    doubt = check_agreement(path, field, read_far_relief(frame, side + 20e3))
    # A whole file that was compared tells more than a piece of it.
    doubts = (doubt if whole is None else "", cliff(path, field))
    return frame, field, "; ".join(told for told in doubts if told)


def _side(path: Path, extent: RasterExtent, extent_m: float) -> float:
    side = min(extent_m, extent.east_m - extent.west_m, extent.north_m - extent.south_m)
    if side < LEAST_EXTENT_M:
        raise ImportRefused(f"{path}: covers {side:.0f} m; a site needs {LEAST_EXTENT_M:.0f} m at least")
    return side


def read_whole(path: Path, extent: RasterExtent, side: float, *, needed: bool) -> HeightField | None:
    """Read and check an overview of a file larger than the crop, None where it is too large or not needed.

    It shows where the sun is, whether the file is whole, and, better than a crop, whether it is what it should be.
    """
    width, height = extent.east_m - extent.west_m, extent.north_m - extent.south_m
    if max(width, height) < 1.1 * side:
        return None
    if max(extent.shape) > WIDEST_OVERVIEW_CELLS:
        if needed:
            raise ImportRefused(f"{path}: is {width / 1e3:.0f} km wide: say where with --at LAT LON")
        return None
    frame = _frame_at((extent.west_m + 0.5 * width, extent.south_m + 0.5 * height))
    whole = read_overview(path, frame, max(1, round(max(width, height) / extent.cell_m / _OVERVIEW.cells)))
    check_agreement(path, whole, read_far_relief(frame, 0.5 * max(width, height) + 10e3))
    return whole


def _asked_middle(path: Path, extent: RasterExtent, at_deg: tuple[float, float]) -> tuple[float, float]:
    latitude, longitude = (math.radians(value) for value in at_deg)
    x, y = SiteFrame(latitude, longitude, 0.0).grid_origin_m
    if not (extent.west_m < x < extent.east_m and extent.south_m < y < extent.north_m):
        raise ImportRefused(
            f"{path}: does not hold {at_deg[0]:g} {at_deg[1]:g} "
            f"({x / 1e3:.1f}, {y / 1e3:.1f} km); it covers x {extent.west_m / 1e3:.1f} to {extent.east_m / 1e3:.1f}, "
            f"y {extent.south_m / 1e3:.1f} to {extent.north_m / 1e3:.1f} km"
        )
    return x, y


def found_middle(whole: HeightField | None, extent: RasterExtent, progress: Progress) -> tuple[float, float]:
    """Return the brightest place of a whole file in the pole-centred grid; without a choice the file's middle."""
    middle = (0.5 * (extent.west_m + extent.east_m), 0.5 * (extent.south_m + extent.north_m))
    if whole is None:
        return middle
    frame = _frame_at(middle)
    far = read_far_relief(frame, FAR_M)
    unknown = ~np.isfinite(whole.heights_m)
    if unknown.any():
        filled = np.where(unknown, far.height(whole.x_m[None, :], whole.y_m[:, None]), whole.heights_m)
        whole = HeightField(filled.astype(np.float32), whole.x0_m, whole.y0_m, whole.cell_m)
    survey = survey_light(whole, frame, far, lambda stage, done: progress("brightest place", done), _OVERVIEW)
    # What is unknown is nobody's landing place.
    survey.sunlit_share[_shrunk(unknown, survey.sunlit_share.shape)] = 0.0
    x, y = brightest_place(survey, _BRIGHT_CLEARANCE_M)
    return frame.grid_origin_m[0] + x, frame.grid_origin_m[1] + y


def _shrunk(mask: npt.NDArray[np.bool_], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    rows, columns = (
        np.minimum((np.arange(n) + 0.5) * size / n, size - 1).astype(int) for n, size in zip(shape, mask.shape)
    )
    return np.asarray(mask[np.ix_(rows, columns)])


def read_crop(
    path: Path, extent: RasterExtent, middle: tuple[float, float], side: float
) -> tuple[SiteFrame, HeightField]:
    """Return the crop about a place, moved where needed to lie inside the file, and the frame of its middle."""
    low = (extent.west_m, extent.south_m)
    high = (extent.east_m, extent.north_m)
    x, y = (
        min(max(value, first + 0.5 * side), last - 0.5 * side)
        for value, first, last in zip(middle, low, high, strict=True)
    )
    sphere = _frame_at((x, y))
    # Cell centres lie half a cell inside the edges; outward rounding of a window must not add a ragged row.
    half = 0.5 * side - 0.5 * extent.cell_m - 1e-3
    field = read_dem(path, sphere, (-half, -half, half, half))
    unknown = float(np.mean(~np.isfinite(field.heights_m)))
    if unknown > 0.0:
        raise ImportRefused(
            f"{path}: {max(100 * unknown, 0.01):.2f} % of the crop has no height: give another place with --at, "
            "or a smaller --extent"
        )
    if float(np.ptp(field.heights_m)) == 0.0:
        raise ImportRefused(f"{path}: all its heights are the same, so it holds no relief")
    height = float(np.median(field.heights_m))
    frame = SiteFrame(sphere.latitude_rad, sphere.longitude_rad, height)
    return frame, HeightField(field.heights_m - np.float32(height), field.x0_m, field.y0_m, field.cell_m)


def check_agreement(path: Path, field: HeightField, far: HeightField) -> str:
    """Return what cannot be told of a field from the coarse relief around it, one sentence or ''.

    Raises ImportRefused when it does not show what that shows.
    """
    agreement = compare(field, far)
    reason = refusal(agreement, min(field.shape) * field.cell_m)
    if reason:
        raise ImportRefused(f"{path}: {reason}, so it does not show the place that it claims; give a LOLA polar DEM")
    if not agreement.as_good_when:
        return ""
    return (
        f"{path.name}: the LOLA relief cannot tell whether this piece is {agreement.as_good_when}; a wider file could"
    )


def cliff(path: Path, field: HeightField) -> str:
    """Return where the ground falls from one cell to the next as the Moon's does not, one sentence or ''."""
    heights = field.heights_m
    steps = np.zeros(heights.shape, dtype=np.float32)
    steps[:, :-1] = np.abs(np.diff(heights, axis=1))
    steps[:-1] = np.maximum(steps[:-1], np.abs(np.diff(heights, axis=0)))
    row, column = np.unravel_index(int(np.argmax(steps)), steps.shape)
    step = float(steps[row, column])
    if step <= max(CLIFF_SLOPE * field.cell_m, CLIFF_M):
        return ""
    return (
        f"{path.name}: a cliff of {step:.0f} m in one cell stands {field.x_m[column]:.0f} m east and "
        f"{field.y_m[row]:.0f} m north of the crop's middle: is it a hole whose nodata value the file does not state?"
    )


def _frame_at(grid_m: tuple[float, float]) -> SiteFrame:
    x, y = grid_m
    latitude = 2.0 * math.atan(math.hypot(x, y) / (2.0 * MOON_RADIUS_M)) - math.pi / 2
    return SiteFrame(latitude, math.atan2(x, y) % (2.0 * math.pi), 0.0)
