# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Elevation models as GeoTIFF: read into map frames, refuse what is no lunar polar relief, write our own."""

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio import Affine
from rasterio.errors import RasterioError
from rasterio.windows import Window

from lupex_models.height_field import HeightField
from lupex_models.lunar_raster import GRID, check_heights, check_raster, read_heights
from lupex_models.site_frame import SiteError, SiteFrame

FloatArray = npt.NDArray[np.float64]

_WHEEL = "lunar_toolkit"
_WHEEL_RASTER = Path("static", "basemaps", "lola_dem_south.tif")


@dataclass(frozen=True)
class RasterExtent:
    """What a DEM file covers: the outer edges of its cells in the pole-centred grid, and the size of its cells."""

    west_m: float
    south_m: float
    east_m: float
    north_m: float
    cell_m: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return round((self.north_m - self.south_m) / self.cell_m), round((self.east_m - self.west_m) / self.cell_m)


def read_extent(path: Path) -> RasterExtent:
    """Read what a lunar south polar GeoTIFF covers, none of its heights.

    Raises SiteError for a file that cannot be read, that is in another frame, or far from the pole.
    """
    try:
        with rasterio.open(path) as raster:
            check_raster(path, raster)
            bounds = raster.bounds
            return RasterExtent(bounds.left, bounds.bottom, bounds.right, bounds.top, float(raster.transform.a))
    except (RasterioError, OSError) as error:
        raise _unreadable(path, error) from error


def read_overview(path: Path, frame: SiteFrame, factor: int) -> HeightField:
    """Read a whole lunar south polar GeoTIFF into the map frame, `factor` squared cells averaged into one.

    Rows and columns that fill no whole cell are left out; cells without any known height are nan.
    Raises SiteError as read_dem does.
    """
    try:
        with rasterio.open(path) as raster:
            check_raster(path, raster)
            rows, columns = raster.height // factor, raster.width // factor
            if min(rows, columns) < 2:
                raise SiteError(f"{path}: is too small for cells of {factor * raster.transform.a:g} m")
            strips = (Window(0, row * factor, columns * factor, factor) for row in range(rows))
            heights = np.stack([_means(read_heights(path, raster, strip), factor) for strip in strips])
            check_heights(path, heights)
            x0, y0 = frame.grid_origin_m
            cell = factor * float(raster.transform.a)
            south = raster.transform.f - rows * cell
            return HeightField(
                (heights[::-1] - frame.height_m).astype(np.float32),
                raster.transform.c + 0.5 * cell - x0,
                south + 0.5 * cell - y0,
                cell,
            )
    except (RasterioError, OSError) as error:
        raise _unreadable(path, error) from error


def read_dem(path: Path, frame: SiteFrame, bounds_m: tuple[float, float, float, float] | None = None) -> HeightField:
    """Read a lunar south polar GeoTIFF into the map frame, only the window asked for.

    bounds_m is (x_min, y_min, x_max, y_max) in the map; the crop is the file's cells that cover it, cut at the file's
    edge, and only its blocks are read from the file. Heights above the 1737.4 km sphere become heights above the
    frame's origin; nodata becomes nan.
    Raises SiteError for a file that cannot be read, that is in another frame, far from the pole, or no relief.
    """
    try:
        with rasterio.open(path) as raster:
            check_raster(path, raster)
            return _read_window(path, raster, frame, bounds_m)
    except (RasterioError, OSError) as error:
        raise _unreadable(path, error) from error


def write_dem(path: Path, field: HeightField, frame: SiteFrame) -> None:
    """Write a height field as float32 GeoTIFF of heights above the 1737.4 km sphere, row 0 in the north."""
    ny, nx = field.shape
    x0, y0 = frame.grid_origin_m
    half = field.cell_m / 2.0
    transform = Affine(
        field.cell_m, 0.0, x0 + field.x0_m - half, 0.0, -field.cell_m, y0 + field.y0_m + (ny - 1) * field.cell_m + half
    )
    heights = (field.heights_m.astype(np.float64) + frame.height_m).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=ny,
        width=nx,
        count=1,
        dtype="float32",
        crs=GRID,
        transform=transform,
        nodata=math.nan,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        predictor=3,
        zlevel=1,
    ) as raster:
        raster.write(heights[::-1], 1)
        raster.update_tags(FRAME="MOON_ME, sphere 1737400 m")


def far_relief_path() -> Path:
    """Find the LOLA 1.6 km/px south polar raster that the lunar-toolkit wheel carries, without importing the wheel.

    Raises SiteError when the wheel is not installed.
    """
    # The wheel's own imports need heavy packages that nothing here uses, so only its place on disk is asked for.
    spec = importlib.util.find_spec(_WHEEL)
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / _WHEEL_RASTER
        if path.is_file():
            return path
    raise SiteError(
        "the LOLA 1.6 km/px relief is missing: install it with 'pip install --no-deps lunar-toolkit==0.1.0'"
    )


def read_far_relief(frame: SiteFrame, range_m: float) -> HeightField:
    """Read the LOLA 1.6 km/px relief out to a range around the frame's origin (PDS LRO-L-LOLA-4-GDR, LDEM)."""
    return read_dem(far_relief_path(), frame, (-range_m, -range_m, range_m, range_m))


def _read_window(
    path: Path,
    raster: rasterio.DatasetReader,
    frame: SiteFrame,
    bounds_m: tuple[float, float, float, float] | None,
) -> HeightField:
    cell = float(raster.transform.a)
    x0, y0 = frame.grid_origin_m
    west = raster.transform.c + cell / 2.0 - x0
    north = raster.transform.f - cell / 2.0 - y0
    first_column, first_row, last_column, last_row = 0, 0, raster.width - 1, raster.height - 1
    if bounds_m is not None:
        first_column = max(first_column, math.floor((bounds_m[0] - west) / cell))
        last_column = min(last_column, math.ceil((bounds_m[2] - west) / cell))
        first_row = max(first_row, math.floor((north - bounds_m[3]) / cell))
        last_row = min(last_row, math.ceil((north - bounds_m[1]) / cell))
    if last_column - first_column < 1 or last_row - first_row < 1:
        raise SiteError(f"{path}: does not cover the place asked for")
    window = Window(first_column, first_row, last_column - first_column + 1, last_row - first_row + 1)
    heights = read_heights(path, raster, window)
    check_heights(path, heights)
    return HeightField(
        (heights[::-1] - frame.height_m).astype(np.float32), west + first_column * cell, north - last_row * cell, cell
    )


def _means(strip: FloatArray, factor: int) -> FloatArray:
    """Return the mean of the known heights of each square of a strip (factor, n * factor), nan where there is none."""
    squares = strip.reshape(factor, -1, factor)
    known = np.isfinite(squares)
    count = known.sum(axis=(0, 2))
    total = np.where(known, squares, 0.0).sum(axis=(0, 2))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _unreadable(path: Path, error: Exception) -> SiteError:
    if not path.exists():
        return SiteError(f"{path}: there is no such file")
    # What reading says is often only that a block failed; the reason, such as a short file, is in what caused it.
    reason = " ".join(str(error.__cause__ or error).split())
    return SiteError(f"{path}: cannot be read as a GeoTIFF ({reason}); give a whole LOLA polar DEM")
