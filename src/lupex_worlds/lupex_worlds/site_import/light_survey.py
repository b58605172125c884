# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Light over a piece of relief before anything is known of a mission: horizons, a year of sun, permanent shadow."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light, lunar_cycle_utc_s
from lupex_models.site_frame import SiteFrame
from lupex_worlds.relief import middle_relief

Progress = Callable[[str, float], None]
"""Takes the name of the stage and the fraction of it that is done."""


@dataclass(frozen=True)
class SurveyGrid:
    """How finely light is looked at."""

    cells: int = 400
    """Largest number of cells along a side."""
    least_cell_m: float = 10.0
    azimuth_count: int = 72
    observer_height_m: float = 1.2
    """The solar array's, as in config/rover.yaml."""
    far_range_m: float = 150e3
    year: int = 2028
    step_s: float = 6.0 * 3600.0
    """Between the times of the year; the Sun moves by 3 deg of azimuth meanwhile."""
    shadow_step_s: float = 3.0 * 3600.0


@dataclass(frozen=True)
class LightSurvey:
    """Relief on the survey's cells, and the light over them; all arrays (ny, nx)."""

    field: HeightField
    light: Light
    year_start_utc_s: float
    year_end_utc_s: float
    sunlit_share: npt.NDArray[np.float64]
    """Mean share of the solar disc in sight over the year."""
    permanent_shadow: npt.NDArray[np.bool_]


def survey_light(
    fine: HeightField, frame: SiteFrame, far: HeightField, progress: Progress, grid: SurveyGrid | None = None
) -> LightSurvey:
    """Survey the light over a field whose heights are all known; far is the coarse relief around it."""
    grid = grid or SurveyGrid()
    field = averaged(fine, survey_factor(fine, grid))
    horizon = compute_horizon(
        field,
        [middle_relief(field, far), far],
        grid.azimuth_count,
        grid.observer_height_m,
        lambda done: progress("horizons", done),
        far_range_m=grid.far_range_m,
    )
    light = Light(frame, horizon)
    start, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (grid.year, grid.year + 1))
    times = np.arange(start, end, grid.step_s)
    total = np.zeros(horizon.shape)
    for index, utc_s in enumerate(times):
        total += light.sunlit_frame(float(utc_s))
        if index % 50 == 0:
            progress("a year of sun", index / times.size)
    progress("permanent shadow", 0.0)
    shadow = light.permanent_shadow(lunar_cycle_utc_s(start, grid.shadow_step_s))
    progress("permanent shadow", 1.0)
    return LightSurvey(field, light, start, end, total / times.size, shadow)


def survey_factor(field: HeightField, grid: SurveyGrid) -> int:
    """Return how many cells of a field, squared, make one of the survey."""
    cell = max(grid.least_cell_m, max(field.shape) * field.cell_m / grid.cells)
    return max(1, round(cell / field.cell_m))


def averaged(field: HeightField, factor: int) -> HeightField:
    """Return a field with `factor` squared cells averaged into one; rows and columns that fill none are left out."""
    if factor == 1:
        return field
    ny, nx = (count // factor for count in field.shape)
    heights = field.heights_m[: ny * factor, : nx * factor].astype(np.float64)
    shift = 0.5 * (factor - 1) * field.cell_m
    return HeightField(
        heights.reshape(ny, factor, nx, factor).mean(axis=(1, 3)).astype(np.float32),
        field.x0_m + shift,
        field.y0_m + shift,
        factor * field.cell_m,
    )


def brightest_place(survey: LightSurvey, clearance_m: float) -> tuple[float, float]:
    """Return (x, y) of the place around which, within a clearance, the darkest cell is the brightest of the survey."""
    from scipy.ndimage import minimum_filter

    reach = math.ceil(clearance_m / survey.field.cell_m)
    share = minimum_filter(survey.sunlit_share, size=2 * reach + 1, mode="nearest")
    row, column = np.unravel_index(int(np.argmax(share)), share.shape)
    return float(survey.field.x_m[column]), float(survey.field.y_m[row])
