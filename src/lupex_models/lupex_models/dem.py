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
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.height_field import HeightField
from lupex_models.site_frame import NORTHERNMOST_LATITUDE_RAD, SiteError, SiteFrame

GRID = CRS.from_proj4(f"+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +R={MOON_RADIUS_M:.0f} +units=m +no_defs")
"""South polar stereographic on the lunar sphere, true scale at the pole."""

LOWEST_M, HIGHEST_M = -9_500.0, 11_000.0
"""The Moon's relief over the 1737.4 km sphere spans -9.1..10.8 km (LOLA)."""

_METRES = (None, "", "m", "metre", "metres", "meter", "meters")
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
            _check_raster(path, raster)
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
            _check_raster(path, raster)
            rows, columns = raster.height // factor, raster.width // factor
            if min(rows, columns) < 2:
                raise SiteError(f"{path}: is too small for cells of {factor * raster.transform.a:g} m")
            raw = raster.read(
                1,
                window=Window(0, 0, columns * factor, rows * factor),
                out_shape=(rows, columns),
                masked=True,
                resampling=Resampling.average,
                out_dtype="float64",
            )
            heights = raw.filled(np.nan) * raster.scales[0] + raster.offsets[0]
            _check_heights(path, heights)
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
            _check_raster(path, raster)
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


def _check_raster(path: Path, raster: rasterio.DatasetReader) -> None:
    if raster.crs is None:
        raise SiteError(f"{path}: has no coordinate system; give a south polar stereographic LOLA DEM")
    if raster.count != 1 or raster.dtypes[0] not in ("int16", "int32", "float32", "float64"):
        raise SiteError(
            f"{path}: holds {raster.count} band(s) of {raster.dtypes[0]}; a DEM has one band of int16 or float32"
        )
    grid = raster.crs.to_dict()
    semi_axes = [grid[key] for key in ("R", "a", "b") if key in grid]
    flattened = any(grid.get(key) for key in ("rf", "f"))
    if flattened or not semi_axes or any(abs(axis - MOON_RADIUS_M) > 1.0 for axis in semi_axes):
        raise SiteError(f"{path}: is not on the lunar sphere of 1737.4 km radius")
    wanted = {"proj": "stere", "lat_0": -90, "lat_ts": -90, "lon_0": 0, "k": 1, "x_0": 0, "y_0": 0, "units": "m"}
    if any(grid.get(key, value) != value for key, value in wanted.items()):
        raise SiteError(
            f"{path}: is not in the south polar stereographic grid (centre 90 S 0 E, scale 1 at the pole, metres)"
        )
    if raster.units[0] not in _METRES:
        raise SiteError(
            f"{path}: its heights are in '{raster.units[0]}'; a DEM holds metres above the 1737.4 km sphere"
        )
    transform = raster.transform
    if transform.b != 0.0 or transform.d != 0.0 or transform.a <= 0.0 or abs(transform.a + transform.e) > 1e-9:
        raise SiteError(f"{path}: its pixels are not square with north up")
    rho = 2.0 * MOON_RADIUS_M * math.tan((math.pi / 2 + NORTHERNMOST_LATITUDE_RAD) / 2.0)
    left, bottom, right, top = raster.bounds
    nearest = math.hypot(max(left, -right, 0.0), max(bottom, -top, 0.0))
    if nearest > rho:
        raise SiteError(f"{path}: lies north of {math.degrees(-NORTHERNMOST_LATITUDE_RAD):.0f} S")


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
    raw = raster.read(1, window=window)
    heights = raw.astype(np.float64) * raster.scales[0] + raster.offsets[0]
    heights[_no_data(raw, raster.nodata)] = np.nan
    _check_heights(path, heights)
    return HeightField(
        (heights[::-1] - frame.height_m).astype(np.float32), west + first_column * cell, north - last_row * cell, cell
    )


def _check_heights(path: Path, heights: npt.NDArray[np.float64]) -> None:
    known = heights[np.isfinite(heights)]
    if known.size == 0:
        raise SiteError(f"{path}: has no known height at the place asked for")
    if known.min() < LOWEST_M or known.max() > HIGHEST_M:
        raise SiteError(
            f"{path}: its heights run from {known.min():.0f} to {known.max():.0f} m, "
            f"but the Moon's lie between {LOWEST_M:.0f} and {HIGHEST_M:.0f} m"
        )


def _no_data(raw: npt.NDArray[np.generic], nodata: float | None) -> npt.NDArray[np.bool_]:
    mask = ~np.isfinite(raw)
    if nodata is not None and math.isfinite(nodata):
        mask |= raw == nodata
    return np.asarray(mask)


def _unreadable(path: Path, error: Exception) -> SiteError:
    if not path.exists():
        return SiteError(f"{path}: there is no such file")
    # What reading says is often only that a block failed; the reason, such as a short file, is in what caused it.
    reason = " ".join(str(error.__cause__ or error).split())
    return SiteError(f"{path}: cannot be read as a GeoTIFF ({reason}); give a whole LOLA polar DEM")
