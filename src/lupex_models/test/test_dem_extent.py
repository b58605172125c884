# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from lupex_models.dem import read_extent, read_overview
from lupex_models.lunar_raster import GRID
from lupex_models.site_frame import SiteError, SiteFrame

FRAME = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1000.0)
EAST, NORTH = FRAME.grid_origin_m


def write(path, values, scale=1.0, nodata=None, crs=GRID):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=Affine(5.0, 0.0, EAST - 50.0, 0.0, -5.0, NORTH + 60.0),
        nodata=nodata,
    ) as raster:
        raster.write(values, 1)
        raster.scales = [scale]
    return path


def test_the_extent_is_that_of_the_cells_edges(tmp_path):
    extent = read_extent(write(tmp_path / "dem.tif", np.ones((24, 20), np.float32)))
    assert (extent.west_m, extent.north_m) == pytest.approx((EAST - 50.0, NORTH + 60.0))
    assert (extent.east_m, extent.south_m) == pytest.approx((EAST + 50.0, NORTH - 60.0))
    assert extent.cell_m == 5.0
    assert extent.shape == (24, 20)


def test_an_overview_averages_known_heights_in_place(tmp_path):
    values = np.random.default_rng(1).integers(9000, 11000, (25, 21)).astype(np.int16)
    values[0:4, 0:4] = -1
    values[4, 4] = -1
    overview = read_overview(write(tmp_path / "dem.tif", values, scale=0.1, nodata=-1), FRAME, 4)
    assert overview.shape == (6, 5)
    assert (overview.x0_m, overview.y0_m, overview.cell_m) == pytest.approx((-40.0, -50.0, 20.0))
    assert np.isnan(overview.heights_m[-1, 0])
    block = values[4:8, 4:8].astype(float)
    known = block[block >= 0]
    assert overview.heights_m[-2, 1] == pytest.approx(0.1 * known.mean() - 1000.0, abs=1e-3)
    assert overview.heights_m[0, -1] == pytest.approx(0.1 * values[20:24, 16:20].mean() - 1000.0, abs=1e-3)


def test_what_is_no_file_or_no_relief_is_refused(tmp_path):
    with pytest.raises(SiteError, match="there is no such file"):
        read_extent(tmp_path / "absent.tif")
    (tmp_path / "text.tif").write_text("none")
    for read in (read_extent, lambda path: read_overview(path, FRAME, 2)):
        with pytest.raises(SiteError, match="cannot be read as a GeoTIFF"):
            read(tmp_path / "text.tif")
    small = write(tmp_path / "small.tif", np.ones((3, 30), np.float32))
    with pytest.raises(SiteError, match="too small"):
        read_overview(small, FRAME, 2)
    with pytest.raises(SiteError, match="the Moon's lie between"):
        read_overview(write(tmp_path / "high.tif", np.full((8, 8), 2e4, np.float32)), FRAME, 2)
    with pytest.raises(SiteError, match="no coordinate system"):
        read_extent(write(tmp_path / "nowhere.tif", np.ones((8, 8), np.float32), crs=None))
