# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import functools
import importlib.util
import io
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

from lupex_models import dem
from lupex_models.constants import MOON_RADIUS_M
from lupex_models.dem import far_relief_path, read_dem, read_far_relief, write_dem
from lupex_models.height_field import HeightField
from lupex_models.lunar_raster import GRID
from lupex_models.site_frame import SiteError, SiteFrame

FRAME = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1900.0)
EAST, NORTH = FRAME.grid_origin_m


def write_raster(path: Path, values: np.ndarray, crs=GRID, transform=None, nodata=None, scale=1.0, offset=0.0, unit=""):
    bands = values if values.ndim == 3 else values[None]
    transform = transform or Affine(5.0, 0.0, EAST - 100.0, 0.0, -5.0, NORTH + 100.0)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=bands.shape[1],
        width=bands.shape[2],
        count=bands.shape[0],
        dtype=bands.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
    ) as raster:
        raster.write(bands)
        raster.scales = [scale] * bands.shape[0]
        raster.offsets = [offset] * bands.shape[0]
        raster.units = [unit] * bands.shape[0]
    return path


def test_written_field_comes_back(tmp_path):
    heights = np.random.default_rng(1).normal(0.0, 50.0, (30, 40)).astype(np.float32)
    field = HeightField(heights, -73.5, 12.25, 5.0)
    write_dem(tmp_path / "dem.tif", field, FRAME)
    back = read_dem(tmp_path / "dem.tif", FRAME)
    assert back.shape == field.shape
    assert (back.x0_m, back.y0_m, back.cell_m) == pytest.approx((field.x0_m, field.y0_m, field.cell_m), abs=1e-6)
    # float32 of heights up to 2.1 km above the sphere: half a count is 0.12 mm.
    assert np.abs(back.heights_m - heights).max() < 2.5e-4


def test_written_file_carries_the_lunar_grid(tmp_path):
    write_dem(tmp_path / "dem.tif", HeightField(np.zeros((4, 4)), 0.0, 0.0, 5.0), FRAME)
    with rasterio.open(tmp_path / "dem.tif") as raster:
        grid = raster.crs.to_dict()
        assert (grid["proj"], grid["lat_0"], grid["R"]) == ("stere", -90, 1737400)
        assert raster.dtypes == ("float32",)
        assert raster.read(1)[0, 0] == pytest.approx(FRAME.height_m)


def test_scale_offset_and_nodata(tmp_path):
    raw = np.full((40, 40), 4000, dtype=np.int16)
    raw[0, 0] = -32768
    raw[-1, 2] = 4100
    path = write_raster(tmp_path / "raw.tif", raw, nodata=-32768, scale=0.5, offset=10.0)
    field = read_dem(path, FRAME)
    # The file's first row is the northern one, the field's first row the southern one.
    assert np.isnan(field.heights_m[-1, 0])
    assert field.heights_m[0, 2] == pytest.approx(4100 * 0.5 + 10.0 - FRAME.height_m)
    assert field.heights_m[5, 5] == pytest.approx(110.0)
    assert (field.x0_m, field.y0_m) == pytest.approx((-97.5, -97.5))


def test_a_window_is_the_part_of_the_whole(tmp_path):
    values = np.random.default_rng(2).normal(1900.0, 10.0, (40, 40)).astype(np.float32)
    path = write_raster(tmp_path / "whole.tif", values)
    whole, part = read_dem(path, FRAME), read_dem(path, FRAME, (-31.0, -12.0, 20.0, 44.0))
    x_min, y_min, x_max, y_max = part.bounds_m
    assert x_min <= -31.0 < x_min + 5.0
    assert y_min <= -12.0 < y_min + 5.0
    assert x_max - 5.0 < 20.0 <= x_max
    assert y_max - 5.0 < 44.0 <= y_max
    x, y = np.meshgrid(part.x_m, part.y_m)
    assert np.allclose(part.heights_m, whole.height(x, y), atol=1e-3)


class CountedFile(io.FileIO):
    """A file that keeps the count of what was read from it."""

    total = 0

    def read(self, size=-1):
        data = super().read(size)
        CountedFile.total += len(data)
        return data


@pytest.mark.parametrize(("side_m", "blocks"), [(100.0, 4), (2000.0, 9)])
def test_a_window_costs_only_its_blocks(tmp_path, monkeypatch, side_m, blocks):
    side, block = 3200, 256
    west, north = EAST - 8000.0, NORTH + 8000.0
    profile = {"driver": "GTiff", "height": side, "width": side, "count": 1, "dtype": "int16", "crs": GRID}
    path = tmp_path / "large.tif"
    tiles = {"tiled": True, "blockxsize": block, "blockysize": block}
    with rasterio.open(path, "w", transform=Affine(5.0, 0.0, west, 0.0, -5.0, north), **profile, **tiles) as raster:
        raster.write(np.arange(side * side, dtype=np.int64).reshape(1, side, side).astype(np.int16) // 8)
    opened = functools.partial(rasterio.open, opener=lambda name, mode="rb": CountedFile(name, "rb"))
    monkeypatch.setattr(dem.rasterio, "open", opened)
    CountedFile.total = 0
    tracemalloc.start()
    field = read_dem(path, FRAME, (-side_m / 2, -side_m / 2, side_m / 2, side_m / 2))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cells = field.shape[0] * field.shape[1]
    assert cells == pytest.approx((side_m / 5.0 + 1.0) ** 2, rel=0.1)
    # The blocks touched, and the file's directory with its 169 offsets, which is read in pieces of 16 kB.
    assert cells * 2 <= CountedFile.total <= blocks * block * block * 2 + 65_536 < path.stat().st_size / 10
    # Raw, double and single precision, masks and their temporaries: none of it of the whole file.
    assert peak < 40 * cells + 500_000 < side * side * 2


@pytest.mark.parametrize(("kind", "scale"), [("int16", 0.1), ("int32", 0.01), ("float32", 1.0), ("float64", 0.001)])
@pytest.mark.parametrize("cell", [0.5, 5.0, 20.0, 118.45])
def test_any_number_type_and_pixel_size(tmp_path, kind, scale, cell):
    """A plane that rises by 10 % to the grid's east and 20 % to its north, whatever the raster is made of."""
    count = 30
    index = np.arange(count) + 0.5
    east, north = (index - count / 2) * cell, (count / 2 - index) * cell
    true = 1900.0 + 0.1 * east[None, :] + 0.2 * north[:, None]
    corner = Affine(cell, 0.0, EAST - count / 2 * cell, 0.0, -cell, NORTH + count / 2 * cell)
    counts = true / scale if kind.startswith("float") else np.round(true / scale)
    path = write_raster(tmp_path / "plane.tif", counts.astype(kind), transform=corner, scale=scale)
    field = read_dem(path, FRAME)
    assert field.cell_m == pytest.approx(cell)
    # Half a count of a whole number; float32 keeps 1.9 km to 0.12 mm.
    half = 2e-4 if kind.startswith("float") else 0.5 * scale
    assert float(field.height(0.0, 0.0)) == pytest.approx(0.0, abs=half + 2e-4)
    reach = 0.4 * count * cell
    assert float(field.height(reach, reach / 2)) == pytest.approx(0.2 * reach, abs=half + 2e-4)
    assert np.allclose(field.gradient(reach, -reach), (0.1, 0.2), atol=2.0 * (half + 2e-4) / cell)


def test_curvature_lowers_the_sphere_below_the_map():
    """Ground at the sphere's own height d away stands d^2 / 2R under the map's plane: 2.9 m at 3.2 km."""
    for distance, drop in ((3_200.0, 2.9), (100_000.0, 2_878.0)):
        latitude, longitude = FRAME.to_geographic(distance, 0.0)
        # The angle at the Moon's centre between the places, from their unit vectors.
        here, there = (
            np.array([math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)])
            for a, b in ((FRAME.latitude_rad, FRAME.longitude_rad), (float(latitude), float(longitude)))
        )
        below = MOON_RADIUS_M * (1.0 - float(here @ there))
        assert below == pytest.approx(distance**2 / (2.0 * MOON_RADIUS_M), rel=2e-3)
        assert below == pytest.approx(drop, rel=0.02)


def test_a_window_is_cut_at_the_edge_of_the_file(tmp_path):
    path = write_raster(tmp_path / "edge.tif", np.zeros((40, 40), dtype=np.float32))
    assert read_dem(path, FRAME, (-1000.0, -1000.0, 1000.0, 1000.0)).shape == (40, 40)


FLAT = np.zeros((40, 40), dtype=np.float32)
NORTH_GRID = CRS.from_proj4("+proj=stere +lat_0=90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +R=1737400 +units=m")
EARTH_GRID = CRS.from_epsg(3031)
FLATTENED_GRID = CRS.from_proj4("+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +a=1737400 +rf=800 +units=m")
TWO_AXES_GRID = CRS.from_proj4("+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +a=1737400 +b=1735000 +units=m")
TURNED_GRID = CRS.from_proj4("+proj=stere +lat_0=-90 +lon_0=180 +k=1 +x_0=0 +y_0=0 +R=1737400 +units=m")
SCALED_GRID = CRS.from_proj4("+proj=stere +lat_0=-90 +lon_0=0 +k=0.994 +x_0=0 +y_0=0 +R=1737400 +units=m")
KILOMETRE_GRID = CRS.from_proj4("+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +R=1737400 +units=km")
LATITUDES = CRS.from_proj4("+proj=longlat +R=1737400")


@pytest.mark.parametrize(
    ("values", "options", "sentence"),
    [
        (FLAT, {"crs": None}, "no coordinate system"),
        (FLAT.astype(np.uint8), {}, "one band of int16"),
        (np.zeros((3, 40, 40), dtype=np.float32), {}, "3 band"),
        (FLAT, {"crs": EARTH_GRID}, "lunar sphere"),
        (FLAT, {"crs": NORTH_GRID}, "south polar stereographic"),
        (FLAT, {"crs": LATITUDES}, "south polar stereographic"),
        (FLAT, {"crs": FLATTENED_GRID}, "lunar sphere"),
        (FLAT, {"crs": TWO_AXES_GRID}, "lunar sphere"),
        (FLAT, {"crs": TURNED_GRID}, "south polar stereographic"),
        (FLAT, {"crs": SCALED_GRID}, "south polar stereographic"),
        (FLAT, {"crs": KILOMETRE_GRID}, "south polar stereographic"),
        (FLAT, {"unit": "km"}, "heights are in 'km'"),
        (FLAT, {"transform": Affine(5.0, 0.0, EAST, 0.0, -6.0, NORTH)}, "square"),
        (FLAT, {"transform": Affine(5.0, 0.0, EAST, 0.0, 5.0, NORTH)}, "north up"),
        (FLAT, {"transform": Affine(5.0, 0.0, 1.2e6, 0.0, -5.0, 0.0)}, "north of 60 S"),
        (FLAT + 20_000.0, {}, "heights run from"),
        (FLAT, {"nodata": 0.0}, "no known height"),
        (FLAT, {"transform": Affine(5.0, 0.0, EAST + 5000.0, 0.0, -5.0, NORTH)}, "does not cover"),
    ],
)
def test_what_is_no_lunar_polar_relief_is_refused(tmp_path, values, options, sentence):
    path = write_raster(tmp_path / "wrong.tif", values, **options)
    with pytest.raises(SiteError, match=sentence) as refusal:
        read_dem(path, FRAME, (-50.0, -50.0, 50.0, 50.0))
    assert "wrong.tif" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_and_broken_files_are_refused(tmp_path):
    with pytest.raises(SiteError, match=r"absent\.tif: there is no such file"):
        read_dem(tmp_path / "absent.tif", FRAME)
    (tmp_path / "text.tif").write_text("no picture")
    with pytest.raises(SiteError, match="cannot be read"):
        read_dem(tmp_path / "text.tif", FRAME)
    whole = write_raster(tmp_path / "whole.tif", np.random.default_rng(1).normal(size=(200, 200)).astype(np.float32))
    (tmp_path / "cut.tif").write_bytes(whole.read_bytes()[:60_000])
    with pytest.raises(SiteError, match="cannot be read"):
        read_dem(tmp_path / "cut.tif", FRAME)


def test_far_relief_is_found_without_importing_its_package(tmp_path, monkeypatch):
    package = tmp_path / "lunar_toolkit"
    raster = package / "static" / "basemaps" / "lola_dem_south.tif"
    raster.parent.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('was imported')")
    transform = Affine(1600.0, 0.0, -64000.0, 0.0, -1600.0, 64000.0)
    write_raster(raster, np.full((80, 80), 1500, dtype=np.int16), transform=transform)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert far_relief_path() == raster
    field = read_far_relief(FRAME, 10_000.0)
    assert float(field.height(0.0, 0.0)) == pytest.approx(1500.0 - FRAME.height_m)
    assert min(abs(bound) for bound in field.bounds_m) >= 10_000.0


def test_missing_far_relief_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SiteError, match="pip install --no-deps lunar-toolkit"):
        far_relief_path()


def test_real_ridge_is_where_it_belongs(shared_data):
    frame = SiteFrame(FRAME.latitude_rad, FRAME.longitude_rad, 0.0)
    fine = read_dem(shared_data / "dem" / "site01_16km_5m.tif", frame, (-500.0, -500.0, 500.0, 500.0))
    coarse = read_dem(shared_data / "dem" / "site01_16km_20m.tif", frame, (-500.0, -500.0, 500.0, 500.0))
    assert fine.shape == (202, 202)
    x, y = np.meshgrid(np.arange(-400.0, 401.0, 100.0), np.arange(-400.0, 401.0, 100.0))
    # The coarse product is the 4 x 4 mean: on this ridge it differs by decimetres.
    assert np.abs(fine.height(x, y) - coarse.height(x, y)).max() < 2.0
    # The peak of the site is within metres of the highest sunlit point of the literature.
    assert float(fine.height(0.0, 0.0)) == pytest.approx(fine.heights_m.max(), abs=5.0)
