# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rasters of lunar polar relief: what is none is refused, and what a window of one holds in metres of height."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.site_frame import NORTHERNMOST_LATITUDE_RAD, SiteError

GRID = CRS.from_proj4(f"+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +R={MOON_RADIUS_M:.0f} +units=m +no_defs")
"""South polar stereographic on the lunar sphere, true scale at the pole."""

LOWEST_M, HIGHEST_M = -9_500.0, 11_000.0
"""The Moon's relief over the 1737.4 km sphere spans -9.1..10.8 km (LOLA)."""

_METRES = ("", "m", "metre", "metres", "meter", "meters")
_PIXEL_MISFIT = 0.01
"""Of a cell: how far the last pixel may lie from where square pixels with north up would put it."""


def check_raster(path: Path, raster: rasterio.DatasetReader) -> None:
    """Raise SiteError for what is no single band of heights in the lunar south polar grid near the pole."""
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
    if (raster.units[0] or "").strip().lower() not in _METRES:
        raise SiteError(
            f"{path}: its heights are in '{raster.units[0]}'; a DEM holds metres above the 1737.4 km sphere"
        )
    transform = raster.transform
    # Tools that write the pixels' sizes from computed bounds leave them apart by rounding.
    misfit = max(abs(transform.b), abs(transform.d), abs(transform.a + transform.e)) * max(raster.shape)
    if transform.a <= 0.0 or misfit > _PIXEL_MISFIT * transform.a:
        raise SiteError(f"{path}: its pixels are not square with north up")
    rho = 2.0 * MOON_RADIUS_M * math.tan((math.pi / 2 + NORTHERNMOST_LATITUDE_RAD) / 2.0)
    left, bottom, right, top = raster.bounds
    nearest = math.hypot(max(left, -right, 0.0), max(bottom, -top, 0.0))
    if nearest > rho:
        raise SiteError(f"{path}: lies north of {math.degrees(-NORTHERNMOST_LATITUDE_RAD):.0f} S")


def read_heights(path: Path, raster: rasterio.DatasetReader, window: Window) -> npt.NDArray[np.float64]:
    """Return the heights of a window over the 1737.4 km sphere, row 0 in the north; nan where the file knows none.

    No height has what equals nodata, what a mask inside the file or beside it leaves out, and what is not finite. Radii
    from the Moon's centre, as the LOLA GDR labels state them (DN * 0.5 + 1737400 m), become heights.
    """
    raw = raster.read(1, window=window)
    heights = raw.astype(np.float64) * raster.scales[0] + raster.offsets[0]
    unknown = ~np.isfinite(raw)
    if raster.nodata is not None and math.isfinite(raster.nodata):
        # A mask that the file has as well hides its nodata value from GDAL.
        unknown |= raw == raster.nodata
    if MaskFlags.all_valid not in raster.mask_flag_enums[0]:
        unknown |= raster.read_masks(1, window=window) == 0
    heights[unknown] = np.nan
    # No height comes near the least radius, nor a radius near the greatest height.
    heights[(heights > MOON_RADIUS_M + LOWEST_M) & (heights < MOON_RADIUS_M + HIGHEST_M)] -= MOON_RADIUS_M
    return np.asarray(heights)


def check_heights(path: Path, heights: npt.NDArray[np.float64]) -> None:
    """Raise SiteError when no height is known, or one is not the Moon's."""
    known = heights[np.isfinite(heights)]
    if known.size == 0:
        raise SiteError(f"{path}: has no known height at the place asked for")
    if known.min() < LOWEST_M or known.max() > HIGHEST_M:
        raise SiteError(
            f"{path}: its heights run from {known.min():.0f} to {known.max():.0f} m, "
            f"but the Moon's lie between {LOWEST_M:.0f} and {HIGHEST_M:.0f} m"
        )
