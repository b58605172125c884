# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a raster says of its own heights: masks, radii, units, and pixels that are square but for rounding."""

import math

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.dem import read_dem, read_extent, read_overview
from lupex_models.lunar_raster import GRID
from lupex_models.site_frame import SiteError, SiteFrame

FRAME = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1000.0)
EAST, NORTH = FRAME.grid_origin_m
SIDE = 24
READERS = (read_dem, lambda path, frame: read_overview(path, frame, 1))


def write(path, values, scale=1.0, offset=0.0, unit="", nodata=None, step=(5.0, -5.0), turn=0.0, mask=None):
    """Write a square raster about FRAME's origin."""
    transform = Affine(step[0], turn, EAST - 60.0, turn, step[1], NORTH + 60.0)
    profile = {"driver": "GTiff", "height": SIDE, "width": SIDE, "count": 1, "dtype": values.dtype, "crs": GRID}
    with rasterio.open(path, "w", transform=transform, nodata=nodata, **profile) as raster:
        raster.write(values, 1)
        raster.scales, raster.offsets, raster.units = [scale], [offset], [unit]
        if mask is not None:
            raster.write_mask(mask)
    return path


def rising():
    """Heights that are different in each cell, in counts of 0.1 m."""
    return (15_000 + np.arange(SIDE * SIDE, dtype=np.int16)).reshape(SIDE, SIDE)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("nodata", [None, 15_004])
def test_what_a_mask_leaves_out_has_no_height(tmp_path, read, inside, nodata):
    """Masks lie inside a GeoTIFF or beside it as .msk; the nodata value counts as well."""
    mask = np.full((SIDE, SIDE), 255, np.uint8)
    mask[2, 3] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside):
        path = write(tmp_path / "dem.tif", rising(), scale=0.1, nodata=nodata, mask=mask)
    assert (tmp_path / "dem.tif.msk").exists() is not inside
    heights = read(path, FRAME).heights_m[::-1]
    unknown = {(2, 3)} if nodata is None else {(2, 3), (0, 4)}
    assert {(int(row), int(column)) for row, column in np.argwhere(np.isnan(heights))} == unknown
    assert heights[2, 4] == pytest.approx(1500.0 + 0.1 * (2 * SIDE + 4) - 1000.0, abs=1e-3)


def test_what_a_mask_leaves_out_is_in_no_mean(tmp_path):
    mask = np.full((SIDE, SIDE), 255, np.uint8)
    mask[0, 0] = mask[4:8, 4:8] = 0
    values = np.full((SIDE, SIDE), 1500.0, np.float32)
    values[mask == 0] = 0.0
    heights = read_overview(write(tmp_path / "dem.tif", values, mask=mask), FRAME, 4).heights_m[::-1]
    assert heights[0, 0] == 500.0
    assert np.argwhere(np.isnan(heights)).tolist() == [[1, 1]]


@pytest.mark.parametrize("read", READERS)
def test_radii_are_heights_over_the_sphere(tmp_path, read):
    """As LOLA's labels have it: radius = DN * 0.5 + 1737400 m."""
    counts = (2 * rising().astype(np.int32) // 10).astype(np.int16)
    heights = read(write(tmp_path / "dem.tif", counts, scale=0.5, offset=MOON_RADIUS_M), FRAME).heights_m[::-1]
    assert heights[0, 0] == 500.0
    assert heights[-1, -1] == pytest.approx(0.5 * counts[-1, -1] - 1000.0)


def test_a_pds_label_with_its_image_is_read(tmp_path):
    """The LOLA GDR comes as an .IMG of counts with a detached .LBL."""
    counts = (2 * rising().astype(np.int32) // 10).astype("<i2")
    (tmp_path / "LDEM.IMG").write_bytes(counts.tobytes())
    column, row = (EAST - 60.0) / 5.0, (NORTH + 60.0) / 5.0
    (tmp_path / "LDEM.LBL").write_text(
        f"""PDS_VERSION_ID = "PDS3"
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = {2 * SIDE}
FILE_RECORDS = {SIDE}
^IMAGE = "LDEM.IMG"
OBJECT = IMAGE
  LINES = {SIDE}
  LINE_SAMPLES = {SIDE}
  SAMPLE_TYPE = LSB_INTEGER
  SAMPLE_BITS = 16
  UNIT = METER
  SCALING_FACTOR = 0.5
  OFFSET = 1737400.
END_OBJECT = IMAGE
OBJECT = IMAGE_MAP_PROJECTION
  MAP_PROJECTION_TYPE = "POLAR STEREOGRAPHIC"
  A_AXIS_RADIUS = 1737.4 <km>
  B_AXIS_RADIUS = 1737.4 <km>
  C_AXIS_RADIUS = 1737.4 <km>
  CENTER_LATITUDE = -90 <deg>
  CENTER_LONGITUDE = 0 <deg>
  MAP_SCALE = 5 <m/pix>
  LINE_PROJECTION_OFFSET = {row - 0.5} <pix>
  SAMPLE_PROJECTION_OFFSET = {-column - 0.5} <pix>
END_OBJECT = IMAGE_MAP_PROJECTION
END
"""
    )
    field = read_dem(tmp_path / "LDEM.LBL", FRAME)
    assert (field.x0_m, field.y0_m) == pytest.approx((-57.5, -57.5), abs=1e-6)
    assert field.heights_m[-1, 0] == 500.0
    assert field.heights_m[0, -1] == pytest.approx(0.5 * counts[-1, -1] - 1000.0)


@pytest.mark.parametrize("height", [1.9e6, 1.7e6, 1.2e4])
def test_what_is_neither_height_nor_radius_is_refused(tmp_path, height):
    path = write(tmp_path / "dem.tif", np.full((SIDE, SIDE), height, np.float32))
    with pytest.raises(SiteError, match=f"heights run from {height:.0f} to {height:.0f} m"):
        read_dem(path, FRAME)


@pytest.mark.parametrize("unit", ["Meter", "METERS", "metre", " m "])
def test_a_metre_is_one_however_it_is_spelled(tmp_path, unit):
    assert read_dem(write(tmp_path / "dem.tif", rising(), scale=0.1, unit=unit), FRAME).shape == (SIDE, SIDE)


@pytest.mark.parametrize("step", [(5.0, -5.0000001), (5.0, -4.9999999)])
def test_pixels_that_rounding_made_unequal_are_square(tmp_path, step):
    path = write(tmp_path / "dem.tif", rising(), scale=0.1, step=step, turn=1e-9)
    assert read_extent(path).cell_m == 5.0
    assert read_extent(path).shape == (SIDE, SIDE)


@pytest.mark.parametrize(("step", "turn"), [((5.0, -5.01), 0.0), ((5.0, -4.99), 0.0), ((5.0, -5.0), 0.01)])
def test_pixels_whose_misfit_grows_over_the_file_are_not(tmp_path, step, turn):
    path = write(tmp_path / "dem.tif", rising(), scale=0.1, step=step, turn=turn)
    with pytest.raises(SiteError, match="not square with north up"):
        read_extent(path)
