# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The grounds that are measured on: the real ridge where its data are at hand, generated relief otherwise."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.measuring import Context
from lupex_models.dem import read_dem
from lupex_models.height_field import HeightField, middle_field
from lupex_models.horizon import HorizonMap
from lupex_models.site_frame import SiteFrame
from lupex_models.terrain import (
    CraterShape,
    CraterStatistics,
    FractalStatistics,
    RockStatistics,
    add_craters,
    add_rocks,
    crater_population,
    fractal_surface,
    rock_population,
    stream,
)

EYE_M = 2.0
_CELL_M = 5.0
_RAY_CELL_M = 0.25
_SMALLEST_CRATER_M = 2.0
_SMALLEST_TILE = 512
FRAME = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1959.0)
"""The peak of the Shackleton-de Gerlache ridge."""


@dataclass(frozen=True)
class Fields:
    """A near field and what lies around it, finest first."""

    near: HeightField
    far: tuple[HeightField, ...]
    source: str


def fields(context: Context) -> Fields:
    """Return the near field (1000 x 1000 cells of 5 m, 120 x 120 in the reduced form) and the far fields, made once."""
    if "fields" not in context.shared:
        context.shared["fields"] = _real(context) if context.data else _generated(context)
    found: Fields = context.shared["fields"]
    return found


def _real(context: Context) -> Fields:
    assert context.data is not None
    dem = context.data / "dem"
    cells = _cells(context)
    half = 0.5 * (cells + 2) * _CELL_M
    wide = read_dem(dem / "site01_16km_5m.tif", FRAME, (-half, -half, half, half))
    near = HeightField(wide.heights_m[:cells, :cells], wide.x0_m, wide.y0_m, wide.cell_m)
    far = (read_dem(dem / "site01_16km_20m.tif", FRAME), read_dem(dem / "lola_sp_1600m.tif", FRAME))
    return Fields(near, far, "Site01 (LOLA 5 m, 20 m and 1.6 km around it)")


def _generated(context: Context) -> Fields:
    cells = _cells(context)
    surface = fractal_surface(cells, cells, _CELL_M, FractalStatistics(), stream(context.seed, "near"))
    near = HeightField(surface.astype(np.float32), -0.5 * cells * _CELL_M, -0.5 * cells * _CELL_M, _CELL_M)
    hills = 400.0 * fractal_surface(
        256, 256, 1.0, FractalStatistics(rms_deviation_m=0.3, reference_lag_m=1.0), stream(context.seed, "far")
    )
    far = HeightField((hills + near.heights_m.mean()).astype(np.float32), -204_800.0, -204_800.0, 1600.0)
    return Fields(near, (middle_field(near, far, 40.0, 4000.0, 800.0), far), "generated fractal relief")


def _cells(context: Context) -> int:
    return 120 if context.quick else 1000


def keep_map(context: Context, found: HorizonMap) -> None:
    """Leave the horizon map of the near field to the benchmarks that follow."""
    context.shared["map"] = found


def kept_map(context: Context) -> HorizonMap | None:
    """Return the horizon map that another benchmark left."""
    found: HorizonMap | None = context.shared.get("map")
    return found


def rough_ground(context: Context, cells: int) -> HeightField:
    """Return ground at 0.25 m with the measured roughness, craters from 2 m and rocks; x0 = y0 = 0."""
    surface = _relief(context, cells, "rays")
    field = HeightField(surface.astype(np.float32), 0.0, 0.0, _RAY_CELL_M)
    craters = crater_population(
        field.bounds_m, CraterStatistics(smallest_m=_SMALLEST_CRATER_M), CraterShape(), stream(context.seed, "craters")
    )
    rocks = rock_population(field.bounds_m, RockStatistics(), stream(context.seed, "rocks"))
    return add_rocks(add_craters(field, craters, CraterShape()), rocks)


def untwisted_ground(context: Context, cells: int) -> HeightField:
    """Return rough ground f(x) + g(y): each cell is plane, so that two triangles and a bilinear patch are one."""
    surface = _relief(context, cells, "untwisted")
    profile: npt.NDArray[np.float64] = surface[0][None, :] + surface[:, 0][:, None]
    return HeightField(profile.astype(np.float32), 0.0, 0.0, _RAY_CELL_M)


def _relief(context: Context, cells: int, name: str) -> npt.NDArray[np.float64]:
    # A smaller tile cannot grow with lag as the measured exponent asks.
    tile = max(cells, _SMALLEST_TILE)
    surface = fractal_surface(tile, tile, _RAY_CELL_M, FractalStatistics(), stream(context.seed, name))
    return surface[:cells, :cells]
