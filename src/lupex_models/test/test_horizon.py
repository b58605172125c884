# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from lupex_models.constants import MOON_RADIUS_M
from lupex_models.dem import read_dem
from lupex_models.height_field import HeightField, middle_field
from lupex_models.horizon import HorizonMap, azimuth_layers, compute_horizon, horizon_key, stored_horizon
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_models.terrain import FractalStatistics, fractal_surface, stream

EYE_M = 2.0


def marched(near: HeightField, far: list[HeightField], x: float, y: float, azimuth: float, eye_m: float) -> float:
    """Look along one ray in fine steps over the same bilinear fields: the definition, without any sweep."""
    eye = float(near.height(x, y)) + eye_m
    begin, slopes = 0.1, [-1.0]
    for field in (near, *far):
        d = np.arange(begin, 150_000.0 if field.cell_m > 500.0 else 15_000.0, max(0.5, field.cell_m / 40.0))
        z = field.height(x + d * np.sin(azimuth), y + d * np.cos(azimuth))
        known = np.isfinite(z)
        if known.any():
            d, z = d[known], z[known]
            slopes.append(float(np.max((z - eye) / d - d / (2.0 * MOON_RADIUS_M))))
            begin = float(d[-1])
    return math.degrees(math.atan(max(slopes)))


def errors_deg(map_: HorizonMap, near: HeightField, far: list[HeightField], count: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(count):
        k, i, j = (int(rng.integers(n)) for n in map_.counts.shape)
        azimuth = k * 2.0 * math.pi / map_.azimuth_count
        truth = marched(near, far, float(map_.x_m[j]), float(map_.y_m[i]), azimuth, map_.observer_height_m)
        found.append(map_.counts[k, i, j] / 100.0 - truth)
    return np.array(found)


def rough_field(cell_m: float = 5.0, cells: int = 161) -> HeightField:
    surface = fractal_surface(cells, cells, cell_m, FractalStatistics(), stream(3, "horizon test"))
    half = 0.5 * (cells - 1) * cell_m
    return HeightField(surface, -half, -half, cell_m)


@pytest.fixture(scope="module")
def fields() -> tuple[HeightField, list[HeightField]]:
    near = rough_field()
    y, x = np.mgrid[-10:11, -10:11] * 1600.0
    hills = 40.0 * np.sin(x / 4000.0) * np.cos(y / 5000.0) + float(near.heights_m.mean())
    far = HeightField(hills, -16_000.0, -16_000.0, 1600.0)
    return near, [middle_field(near, far, 40.0, 4000.0, 800.0), far]


def test_sweep_agrees_with_marching_rays(fields):
    near, far = fields
    map_ = compute_horizon(near, far, 24, EYE_M, observer_cell_m=20.0, far_lattice_cells=17)
    error = errors_deg(map_, near, far, 300)
    # The bounds asked of Site01 (issue B): rms 0.1 deg, bias 0.01 deg.
    assert np.sqrt(np.mean(error**2)) < 0.1
    assert abs(error.mean()) < 0.01


def test_sweep_agrees_with_marching_rays_on_the_real_ridge(shared_data):
    frame = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1959.0)
    dem = shared_data / "dem"
    near = read_dem(dem / "site01_4km_5m.tif", frame, (-800.0, -800.0, 800.0, 800.0))
    far = [read_dem(dem / "site01_16km_20m.tif", frame), read_dem(dem / "lola_sp_1600m.tif", frame)]
    map_ = compute_horizon(near, far, 36, EYE_M, observer_cell_m=40.0)
    error = errors_deg(map_, near, far, 300)
    assert np.sqrt(np.mean(error**2)) < 0.1
    assert abs(error.mean()) < 0.01


def test_unknown_far_heights_are_no_terrain():
    near = HeightField(np.zeros((21, 21)), -100.0, -100.0, 10.0)
    heights = np.full((41, 41), 50.0)
    heights[:, 21:] = np.nan
    far = HeightField(heights, -400.0, -400.0, 20.0)
    map_ = compute_horizon(near, [far], 4, 1.0)
    bare = compute_horizon(near, [], 4, 1.0)
    # In the east nothing is known beyond the near field, in the west a wall of 50 m begins at its border.
    assert np.array_equal(map_.counts[1], bare.counts[1])
    assert math.degrees(map_.elevation(0.0, 0.0, 1.5 * math.pi)) == pytest.approx(
        math.degrees(math.atan(49 / 110)), abs=0.2
    )


def test_level_ground_shows_the_dip_of_the_horizon():
    cells = 201
    flat = HeightField(np.zeros((cells, cells)), -10_000.0, -10_000.0, 100.0)
    map_ = compute_horizon(flat, [], 8, 10.0)
    # Geometric dip sqrt(2 h / R) = 0.194 deg, whose horizon stands 5.9 km away, within the field.
    assert map_.counts[:, 100, 100] == pytest.approx(np.full(8, -19.4), abs=0.6)


def test_a_wall_stands_at_its_angle():
    heights = np.zeros((101, 101))
    heights[:, 80] = 30.0
    field = HeightField(heights, 0.0, 0.0, 1.0)
    map_ = compute_horizon(field, [], 4, 0.5)
    east = math.degrees(map_.elevation(50.0, 50.0, math.pi / 2))
    assert east == pytest.approx(math.degrees(math.atan(29.5 / 30.0)), abs=0.01)
    assert math.degrees(map_.elevation(50.0, 50.0, 3 * math.pi / 2)) < 0.0


def test_directions_are_clockwise_from_grid_north():
    for k, (row, column) in enumerate([(90, 50), (50, 90), (10, 50), (50, 10)]):
        heights = np.zeros((101, 101))
        heights[row - 2 : row + 3, column - 2 : column + 3] = 20.0
        map_ = compute_horizon(HeightField(heights, 0.0, 0.0, 1.0), [], 4, 1.0)
        assert int(np.argmax(map_.counts[:, 50, 50])) == k


def test_distant_mountain_counts_and_is_lowered_by_curvature():
    near = HeightField(np.zeros((21, 21)), -100.0, -100.0, 10.0)
    distance, height = 120_000.0, 9_000.0
    heights = np.full((161, 161), -3_000.0)
    heights[80, 80 + 75] = height
    far = HeightField(heights, -128_000.0, -128_000.0, 1600.0)
    map_ = compute_horizon(near, [far], 4, 1.0, far_lattice_cells=3)
    seen = float(map_.elevation(0.0, 0.0, math.pi / 2))
    expected = math.atan((height - 1.0) / distance - distance / (2.0 * MOON_RADIUS_M))
    assert math.degrees(seen) == pytest.approx(math.degrees(expected), abs=0.05)
    short = compute_horizon(near, [far], 4, 1.0, far_range_m=100_000.0, far_lattice_cells=3)
    assert float(short.elevation(0.0, 0.0, math.pi / 2)) < seen - math.radians(1.0)


def test_higher_observer_never_sees_a_higher_skyline(fields):
    near, far = fields

    def counts(fields, height_m):
        return compute_horizon(near, fields, 8, height_m, observer_cell_m=40.0, far_lattice_cells=17).counts

    assert np.all(counts([], 10.0) <= counts([], 0.5))
    # Far terrain is carried from the lattice to first order in the height: here within 0.1 deg.
    assert np.all(counts(far, 10.0) <= counts(far, 0.5) + 10)


def test_interpolation_meets_stored_values_and_joins_around_north(fields):
    near, far = fields
    map_ = compute_horizon(near, far, 12, EYE_M, observer_cell_m=50.0, far_lattice_cells=3)
    x, y = map_.x_m[3], map_.y_m[5]
    assert np.allclose(np.degrees(map_.profile(x, y)), map_.counts[:, 5, 3] / 100.0)
    half = math.radians(345.0)
    mean = 0.5 * (float(map_.counts[11, 5, 3]) + float(map_.counts[0, 5, 3])) / 100.0
    assert math.degrees(map_.elevation(x, y, half)) == pytest.approx(mean)
    assert math.degrees(map_.elevation(x, y, half - 2 * math.pi)) == pytest.approx(mean)
    assert np.allclose(map_.frame(half)[5, 3], math.radians(mean), atol=1e-6)
    between = 0.5 * (float(map_.counts[0, 5, 3]) + float(map_.counts[0, 5, 4])) / 100.0
    assert math.degrees(map_.elevation(x + 25.0, y, 0.0)) == pytest.approx(between)


def test_one_cell_beyond_the_border_is_known_and_farther_is_not(fields):
    near, _ = fields
    map_ = compute_horizon(near, [], 8, EYE_M, observer_cell_m=50.0)
    assert map_.elevation(map_.x_m[0] - 49.0, map_.y_m[0], 0.0) == map_.elevation(map_.x_m[0], map_.y_m[0], 0.0)
    assert np.isnan(map_.elevation(map_.x_m[0] - 51.0, map_.y_m[0], 0.0))
    assert np.isnan(map_.elevation(map_.x_m[0], map_.y_m[0], math.nan))


def test_saved_map_is_memory_mapped_and_the_same(tmp_path, fields):
    near, far = fields
    map_ = compute_horizon(near, far, 8, EYE_M, observer_cell_m=50.0, far_lattice_cells=3)
    map_.save(tmp_path / "horizon")
    back = HorizonMap.open(tmp_path / "horizon")
    assert isinstance(back.counts, np.memmap)
    assert np.array_equal(back.counts, map_.counts)
    assert (back.x0_m, back.y0_m, back.cell_m, back.observer_height_m, back.key) == (
        map_.x0_m,
        map_.y0_m,
        map_.cell_m,
        map_.observer_height_m,
        map_.key,
    )
    assert float(back.elevation(0.0, 0.0, 1.0)) == float(map_.elevation(0.0, 0.0, 1.0))


def test_absent_map_is_refused(tmp_path):
    with pytest.raises(SiteError, match="no readable horizon map"):
        HorizonMap.open(tmp_path)


def test_a_map_takes_the_place_of_another_whole(tmp_path, fields):
    near, _ = fields
    first = compute_horizon(near, [], 4, EYE_M, observer_cell_m=50.0)
    other = compute_horizon(near, [], 4, 5.0, observer_cell_m=50.0)
    first.save(tmp_path / "horizon")
    reader = HorizonMap.open(tmp_path / "horizon")
    other.save(tmp_path / "horizon")
    assert HorizonMap.open(tmp_path / "horizon").key == other.key
    # Who has the older map open keeps it, and nothing else is left behind.
    assert np.array_equal(reader.counts, first.counts)
    assert [path.name for path in tmp_path.iterdir()] == ["horizon"]


def test_a_map_of_the_same_key_stays(tmp_path, fields):
    near, _ = fields
    map_ = compute_horizon(near, [], 4, EYE_M, observer_cell_m=50.0)
    map_.save(tmp_path / "horizon")
    before = (tmp_path / "horizon" / "elevation.npy").stat().st_ino
    map_.save(tmp_path / "horizon")
    assert (tmp_path / "horizon" / "elevation.npy").stat().st_ino == before


def test_a_map_is_not_written_over_a_file(tmp_path, fields):
    (tmp_path / "horizon").write_text("not a directory")
    with pytest.raises(OSError):
        compute_horizon(fields[0], [], 4, EYE_M, observer_cell_m=50.0).save(tmp_path / "horizon")
    assert [path.name for path in tmp_path.iterdir()] == ["horizon"]
    assert (tmp_path / "horizon").read_text() == "not a directory"


def small_map(value: int, key: str) -> HorizonMap:
    return HorizonMap(np.full((8, 64, 64), value, dtype=np.int16), 0.0, 0.0, 5.0, 1.0, key)


SAVE_MANY = """
import sys
from pathlib import Path
import numpy as np
from lupex_models.horizon import HorizonMap
counts = np.full((8, 64, 64), int(sys.argv[2]), dtype=np.int16)
for _ in range(40):
    HorizonMap(counts, 0.0, 0.0, 5.0, 1.0, sys.argv[3]).save(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two")])
def test_processes_that_write_at_once_leave_whole_maps(tmp_path, keys):
    directory = tmp_path / "horizon"
    small_map(1, keys[0]).save(directory)
    seen, damaged = 0, 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    writers = [
        subprocess.Popen([sys.executable, "-c", SAVE_MANY, str(directory), str(n + 1), key], env=environment)
        for n, key in enumerate(keys)
    ]
    while any(writer.poll() is None for writer in writers) or seen == 0:
        try:
            found = HorizonMap.open(directory)
        except SiteError as error:
            # A reader may meet the moment between two renames, but never half a map.
            damaged += "No such file" not in str(error)
            continue
        assert np.all(found.counts == found.counts[0, 0, 0])
        seen += 1
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert damaged == 0
    assert HorizonMap.open(directory).key in keys
    assert [path.name for path in tmp_path.iterdir()] == ["horizon"]


def test_store_makes_a_map_once_and_again_when_it_is_damaged(tmp_path, fields):
    near, far = fields
    made: list[float] = []

    def stored(height_m: float = EYE_M) -> HorizonMap:
        return stored_horizon(tmp_path, near, far, 4, height_m, made.append, observer_cell_m=50.0, far_lattice_cells=3)

    first = stored()
    assert isinstance(first.counts, np.memmap)
    expected = compute_horizon(near, far, 4, EYE_M, observer_cell_m=50.0, far_lattice_cells=3)
    assert np.array_equal(first.counts, expected.counts)
    assert first.key == expected.key
    once = len(made)
    assert once > 0
    stored()
    assert len(made) == once
    stored(5.0)
    assert len(made) == 2 * once
    (entry,) = [path for path in tmp_path.iterdir() if path.name.endswith(first.key)]
    (entry / "elevation.npy").write_bytes(b"damaged")
    assert np.array_equal(stored().counts, expected.counts)
    assert len(made) == 3 * once


def test_spaced_observers_see_what_every_cell_sees(fields):
    near, far = fields
    # A field so small that every cell looks along all of its own ray.
    small = HeightField(near.heights_m[:100, :100], near.x0_m, near.y0_m, near.cell_m)
    every = compute_horizon(small, far, 12, EYE_M, far_lattice_cells=33).counts
    for cells in (2, 3):
        spaced = compute_horizon(small, far, 12, EYE_M, observer_cell_m=cells * 5.0, far_lattice_cells=33).counts
        part = every[:, cells // 2 :: cells, cells // 2 :: cells]
        # The near field is seen by the same rays; the lattice spans other observers, which the far skyline feels.
        near_only = np.abs(spaced - part) <= 1
        assert near_only.mean() > 0.95
        assert np.abs(spaced - part).max() <= 20


def test_cells_between_those_that_look_far_see_what_they_would_themselves(fields):
    near, far = fields
    every = compute_horizon(near, far, 24, EYE_M, far_lattice_cells=33).counts
    own = compute_horizon(near, far, 24, EYE_M, observer_cell_m=10.0, far_lattice_cells=33).counts
    error = (every[:, 1::2, 1::2] - own) / 100.0
    assert 0.0 < np.sqrt(np.mean(error**2)) < 0.03
    assert abs(error.mean()) < 0.005
    assert np.abs(error).max() < 0.5
    truth = errors_deg(HorizonMap(every, near.x0_m, near.y0_m, near.cell_m, EYE_M), near, far, 300)
    assert np.sqrt(np.mean(truth**2)) < 0.1
    assert abs(truth.mean()) < 0.01


def test_a_ray_that_leaves_the_field_at_once_sees_nothing():
    field = HeightField(np.full((160, 160), 5.0), 0.0, 0.0, 5.0)
    counts = compute_horizon(field, [], 120, 1.0).counts
    north, east, south_of_east = 0, 30, 31
    # 45 deg below level stands for no terrain, whatever those beside such a cell see.
    assert np.all(counts[north][-1, :] == -4500)
    assert np.all(counts[east][:, -1] == -4500)
    assert np.all(counts[south_of_east][0, :] == -4500)
    # The next row looks over a few cells of level ground, and the fourth, of the lattice, over more than it looks near.
    assert np.all(np.abs(counts[south_of_east][1:5, :-80]) < 100)


def test_key_follows_everything_that_decides_the_content(fields):
    near, far = fields
    other = HeightField(near.heights_m + np.float32(0.01), near.x0_m, near.y0_m, near.cell_m)
    keys = {
        horizon_key(near, far, 8, 1.0, 5.0, 1e5, 9),
        horizon_key(other, far, 8, 1.0, 5.0, 1e5, 9),
        horizon_key(near, [], 8, 1.0, 5.0, 1e5, 9),
        horizon_key(near, far, 9, 1.0, 5.0, 1e5, 9),
        horizon_key(near, far, 8, 1.5, 5.0, 1e5, 9),
    }
    assert len(keys) == 5


def test_progress_runs_to_one(fields):
    near, _ = fields
    seen: list[float] = []
    compute_horizon(near, [], 30, EYE_M, seen.append, observer_cell_m=100.0)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 1


def test_unknown_heights_are_refused():
    heights = np.zeros((9, 9))
    heights[4, 4] = np.nan
    with pytest.raises(SiteError, match="unknown heights"):
        compute_horizon(HeightField(heights, 0.0, 0.0, 1.0), [], 8, 1.0)


@pytest.mark.parametrize(("azimuths", "height"), [(0, 1.0), (8, -1.0), (8, math.nan)])
def test_senseless_arguments_are_refused(azimuths, height):
    with pytest.raises(ValueError, match="azimuths"):
        compute_horizon(HeightField(np.zeros((9, 9)), 0.0, 0.0, 1.0), [], azimuths, height)


def test_azimuth_layers_wrap():
    assert azimuth_layers(4, math.radians(315.0)) == pytest.approx((3, 0, 0.5))
    assert azimuth_layers(4, -math.radians(45.0)) == pytest.approx((3, 0, 0.5))
