# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A lit ridge as a LOLA product, and a site made of it, for tests of the import."""

import math

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from lupex_models.dem import read_far_relief
from lupex_models.height_field import refine
from lupex_models.lunar_raster import GRID
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_worlds.site_import.light_survey import SurveyGrid
from lupex_worlds.site_import.site_making import Request, import_site
from lupex_worlds.world_cache import default_worlds_directories, rover_file
from lupex_worlds.world_making import HorizonGrid

LATITUDE_DEG, LONGITUDE_DEG = -89.4389, 222.869
FRAME = SiteFrame(math.radians(LATITUDE_DEG), math.radians(LONGITUDE_DEG), 0.0)
CELL_M, SIDE = 10.0, 180
QUICK_SURVEY = SurveyGrid(cells=90, azimuth_count=36, step_s=2 * 86400.0, shadow_step_s=5 * 86400.0)
QUICK_WORLD = HorizonGrid(azimuth_count=36, cell_m=20.0, shadow_step_s=10 * 86400.0)


def ridge(cell_m=CELL_M):
    """The LOLA relief of a lit ridge as if it had been mapped finer, with a crater of 330 m that no sun reaches."""
    low = -0.5 * (SIDE - 1) * cell_m
    field = refine(read_far_relief(FRAME, 30e3), cell_m, low, low, SIDE, SIDE)
    radius = np.hypot(field.x_m[None, :] - 150.0, field.y_m[:, None] - 120.0)
    bowl = -28.0 * np.clip(1.0 - (radius / 165.0) ** 2, 0.0, None)
    return (field.heights_m + bowl).astype(np.float32)[::-1]


@pytest.fixture(scope="module")
def heights():
    return ridge()


def write(path, heights, cell_m=CELL_M, crs=GRID, **more):
    bands = heights if heights.ndim == 3 else heights[None]
    east, north = FRAME.grid_origin_m
    half_x, half_y = 0.5 * bands.shape[2] * cell_m, 0.5 * bands.shape[1] * cell_m
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=bands.shape[2],
        height=bands.shape[1],
        count=bands.shape[0],
        dtype=bands.dtype,
        crs=crs,
        transform=Affine(cell_m, 0.0, east - half_x, 0.0, -cell_m, north + half_y),
        **more,
    ) as raster:
        raster.write(bands)
    return path


@pytest.fixture(scope="module")
def rover():
    return read_rover(rover_file(default_worlds_directories()))


def asked(tmp_path, geotiff, **more):
    given = {
        "geotiff": geotiff,
        "name": "knoll",
        "at_deg": None,
        "extent_m": 4000.0,
        "sites": tmp_path / "cache" / "sites",
        "worlds_root": tmp_path / "cache" / "worlds",
        "seed": 1,
        "replace": False,
        "survey": QUICK_SURVEY,
        "world_grid": QUICK_WORLD,
    }
    return Request(**{**given, **more})


def silent(stage, done):
    pass


def everything(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*")) if directory.exists() else []


@pytest.fixture(scope="module")
def imported(tmp_path_factory, heights, rover):
    """One import, whose original has gone away."""
    tmp_path = tmp_path_factory.mktemp("import")
    original = write(tmp_path / "product.tif", heights)
    stages = []
    made = import_site(asked(tmp_path, original), rover, lambda stage, done: stages.append((stage, done)))
    original.unlink()
    return made, stages, tmp_path
