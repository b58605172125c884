# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import errno
import gc
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from lupex_models.dem import read_extent, read_far_relief
from lupex_models.height_field import HeightField
from lupex_models.lunar_raster import GRID
from lupex_models.site import open_site
from lupex_models.site_frame import SiteError, SiteFrame
from lupex_system_tests import lit_ridge
from lupex_system_tests.lit_ridge import (
    CELL_M,
    FRAME,
    LATITUDE_DEG,
    LONGITUDE_DEG,
    SIDE,
    asked,
    everything,
    silent,
    write,
)
from lupex_worlds.recipe import read_recipe
from lupex_worlds.site_import import planner_kernels, site_crop, site_making
from lupex_worlds.site_import.landing_choice import Choice
from lupex_worlds.site_import.lola_agreement import Agreement
from lupex_worlds.site_import.planner_kernels import compiled_beside
from lupex_worlds.site_import.site_making import ImportRefused, import_site
from lupex_worlds.site_import.sortie_check import plan_from_lander
from lupex_worlds.world import open_world
from lupex_worlds.world_cache import WorldError, default_worlds_directories, find_recipe, rover_file

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "dem"
REAL = pytest.mark.skipif(not DATA.is_dir(), reason="the LOLA 5 m maps are not at ../shared/data")
heights, rover, imported = lit_ridge.heights, lit_ridge.rover, lit_ridge.imported


def test_a_site_is_recipe_relief_picture_and_world_and_nothing_else(imported):
    made, _, tmp_path = imported
    assert everything(tmp_path / "cache" / "sites") == [
        "knoll",
        "knoll/knoll.png",
        "knoll/knoll.tif",
        "knoll/knoll.yaml",
    ]
    assert os.listdir(tmp_path / "cache" / "worlds") == [made.world.name]
    assert made.preview.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "knoll.tif" in made.recipe.read_text()
    assert str(tmp_path) not in made.recipe.read_text()


def test_the_demo_finds_a_site_by_its_name(imported, monkeypatch):
    made, _, tmp_path = imported
    (tmp_path / "lupex").mkdir(exist_ok=True)
    (tmp_path / "lupex" / "sites").symlink_to(made.directory.parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert find_recipe("knoll", default_worlds_directories()).resolve() == made.recipe.resolve()
    (tmp_path / "lupex" / "sites").unlink()


def test_horizons_are_computed_with_a_sign_of_progress(imported):
    _, stages, _ = imported
    shares = [done for stage, done in stages if stage == "horizons"]
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_mission_that_was_chosen_works_in_the_world_that_was_made(imported, rover):
    made, _, _ = imported
    site = open_site(made.world / "orbital")
    world = open_world(made.world)
    target = site.targets[0]
    assert made.choice.permanent
    assert world.light.sunlit_fraction(0.0, 0.0, 1.2, site.start_utc_s) > 0.9
    assert world.light.sunlit_fraction(target.x_m, target.y_m, 1.2, site.start_utc_s) == 0.0
    assert world.strata.in_permanent_shadow(target.x_m, target.y_m)
    assert 40.0 <= math.hypot(target.x_m, target.y_m) <= 450.0
    plan = plan_from_lander(site, rover, 0.6)
    assert plan.feasible
    assert made.hours == pytest.approx((plan.waypoints[-1].time_s - 1000.0) / 3600.0)
    assert not plan_from_lander(site, rover, 0.2).feasible


def test_the_worlds_relief_is_the_files(imported, heights):
    made, _, _ = imported
    site = open_site(made.world / "orbital")
    east, north = FRAME.grid_origin_m
    lander_east, lander_north = site.frame.grid_origin_m
    x = (np.arange(SIDE) - 0.5 * (SIDE - 1)) * CELL_M + east - lander_east
    y = (np.arange(SIDE) - 0.5 * (SIDE - 1)) * CELL_M + north - lander_north
    inner = slice(20, -20)
    ours = site.dem.height(x[None, inner], y[inner, None]) + site.frame.height_m
    # The orbital product errs by 0.2 m rms, and the file's cells of 10 m hold no shorter waves: those are drawn.
    assert np.std(ours - heights[::-1][inner, inner]) < 0.6
    assert abs(np.mean(ours - heights[::-1][inner, inner])) < 0.2


def test_another_place_of_the_recipe_is_the_same_world(imported, tmp_path):
    made, _, _ = imported
    for suffix in (".yaml", ".tif"):
        (tmp_path / f"knoll{suffix}").write_bytes((made.directory / f"knoll{suffix}").read_bytes())
    recipe = read_recipe(tmp_path / "knoll.yaml")
    assert site_making.world_directory(recipe, 1, made.world.parent) == made.world
    with (tmp_path / "knoll.tif").open("ab") as file:
        file.write(b" ")
    assert site_making.world_directory(recipe, 1, made.world.parent) != made.world


def test_a_site_is_not_overwritten_unless_asked(imported, heights, tmp_path):
    _, _, root = imported
    original = write(tmp_path / "product.tif", heights)
    with pytest.raises(ImportRefused, match="there is a site of that name already"):
        import_site(asked(root, original), None, silent)
    site_making._check_request(asked(root, original, replace=True))


def test_a_site_is_replaced_as_a_whole_or_stays(tmp_path, monkeypatch):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    with pytest.raises(FileNotFoundError):
        site_making._put_in_place(tmp_path / "absent", tmp_path / "old")
    assert everything(tmp_path) == ["new", "new/new", "old", "old/old"]
    site_making._put_in_place(tmp_path / "new", tmp_path / "old")
    assert everything(tmp_path) == ["old", "old/new"]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SiteError("no"), OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "x")]
)
def test_what_ends_early_leaves_nothing(rover, heights, tmp_path, monkeypatch, error):
    original = write(tmp_path / "product.tif", heights)
    monkeypatch.setattr(site_making, "choices", lambda survey, rover: iter([_some_choice()]))
    monkeypatch.setattr(site_making, "plan_from_lander", lambda site, rover, soc: _Plan(True))
    monkeypatch.setattr(site_making, "survey_light", lambda *_: _no_survey())
    monkeypatch.setattr(site_making, "open_site", lambda path: None)
    monkeypatch.setattr(site_making, "_site", lambda *_: None)

    def made(recipe, seed, directories, root, progress, grid):
        site_making.world_directory(read_recipe(Path(recipe)), seed, root).mkdir(parents=True)

    def fails(*_):
        raise error

    monkeypatch.setattr(site_making, "prepare_world", made)
    monkeypatch.setattr(site_making, "draw_preview", fails)
    expected = WorldError if isinstance(error, OSError) else error if isinstance(error, type) else type(error)
    with pytest.raises(expected):
        import_site(asked(tmp_path, original), rover, silent)
    assert [name for name in everything(tmp_path) if name not in ("product.tif", "cache", "cache/worlds")] == []


class _Plan:
    def __init__(self, feasible):
        self.feasible, self.explanation = feasible, "too dark"
        self.waypoints = (_Waypoint(),)


class _Waypoint:
    x_m, y_m, time_s = 0.0, 0.0, 4600.0


def _no_survey():
    return None


def _some_choice():
    way = ((0.0, 0.0), (60.0, 80.0))
    return Choice((0.0, 0.0), (60.0, 80.0), ((0.0, 0.0),), 1854878400.0, 0.8, 0.0, way, True)


@pytest.mark.parametrize("works_on_survey", [True, False])
def test_what_the_planner_cannot_prove_is_refused(rover, heights, tmp_path, monkeypatch, works_on_survey):
    original = write(tmp_path / "product.tif", heights)
    monkeypatch.setattr(site_making, "choices", lambda survey, rover: iter([_some_choice()] * 9))
    monkeypatch.setattr(site_making, "survey_light", lambda *_: _no_survey())
    monkeypatch.setattr(site_making, "open_site", lambda path: None)
    monkeypatch.setattr(site_making, "_site", lambda *_: "survey")
    monkeypatch.setattr(
        site_making, "plan_from_lander", lambda site, rover, soc: _Plan(works_on_survey and site == "survey")
    )
    made = []
    monkeypatch.setattr(site_making, "prepare_world", lambda *given: made.append(given))
    with pytest.raises(ImportRefused, match=r"the planner finds no safe sortie.*too dark.*--at"):
        import_site(asked(tmp_path, original), rover, silent)
    assert len(made) == (site_making._WORLDS_TRIED if works_on_survey else 0)
    assert everything(tmp_path) == ["product.tif"]


@pytest.mark.parametrize("feasible", [True, False])
def test_the_world_is_made_while_the_planner_is_waited_for(rover, heights, tmp_path, monkeypatch, feasible):
    original = write(tmp_path / "product.tif", heights)
    happened = []
    monkeypatch.setattr(site_making, "choices", lambda survey, rover: iter([_some_choice()]))
    monkeypatch.setattr(site_making, "survey_light", lambda *_: _no_survey())
    monkeypatch.setattr(site_making, "open_site", lambda path: None)
    monkeypatch.setattr(site_making, "_site", lambda *_: "survey")
    monkeypatch.setattr(site_making, "averaged", lambda *_: None)
    monkeypatch.setattr(site_making, "draw_preview", lambda *_: None)

    def plan(site, rover, soc):
        happened.append("plan")
        return _Plan(feasible)

    def made(recipe, seed, directories, root, progress, grid):
        happened.append("world")
        site_making.world_directory(read_recipe(Path(recipe)), seed, root).mkdir(parents=True)

    def wait(meanwhile):
        meanwhile()
        meanwhile()
        happened.append("waited")

    monkeypatch.setattr(site_making, "plan_from_lander", plan)
    monkeypatch.setattr(site_making, "prepare_world", made)
    stages = []
    request = asked(tmp_path, original)
    if feasible:
        world = import_site(request, rover, lambda stage, done: stages.append(stage), wait).world
        assert happened == ["world", "waited", "plan"]
        assert world.is_dir()
    else:
        with pytest.raises(ImportRefused, match="too dark"):
            import_site(request, rover, lambda stage, done: stages.append(stage), wait)
        assert happened == ["world", "waited", "plan"]
        assert not list(request.worlds_root.glob("*"))
    assert "the planner's kernels" in stages


def test_a_site_without_shadow_or_light_is_refused(rover, heights, tmp_path, monkeypatch):
    original = write(tmp_path / "product.tif", heights)
    monkeypatch.setattr(site_making, "choices", lambda survey, rover: iter([]))
    monkeypatch.setattr(site_making, "survey_light", lambda *_: _no_survey())
    with pytest.raises(ImportRefused, match="no lit, level ground"):
        import_site(asked(tmp_path, original), rover, silent)


def test_without_a_rover_file_it_says_so(tmp_path):
    with pytest.raises(SiteError, match=r"rover\.yaml is missing"):
        rover_file([tmp_path / "worlds"])


def test_a_large_file_is_not_read_as_a_whole(tmp_path, monkeypatch):
    """Twelve thousand cells a side, nearly all of them absent from the file: only the crop is looked for."""
    path = tmp_path / "large.tif"
    east, north = FRAME.grid_origin_m
    side = 12_000
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=1,
        dtype="float32",
        crs=GRID,
        transform=Affine(5.0, 0.0, east - 2.5 * side, 0.0, -5.0, north + 2.5 * side),
        tiled=True,
        sparse_ok=True,
    ):
        pass
    monkeypatch.setattr(site_crop, "read_overview", lambda *_: pytest.fail("read as a whole"))
    with pytest.raises(ImportRefused, match="say where with --at"):
        import_site(asked(tmp_path, path), None, silent)
    with pytest.raises(ImportRefused, match="all its heights are the same"):
        import_site(asked(tmp_path, path, at_deg=(LATITUDE_DEG, LONGITUDE_DEG)), None, silent)


def test_a_crop_is_moved_to_lie_inside_the_file(tmp_path, heights):
    path = write(tmp_path / "product.tif", heights)
    extent = read_extent(path)
    frame, field = site_crop.read_crop(path, extent, (extent.west_m, extent.north_m), 1600.0)
    assert field.shape == (160, 160)
    east, north = frame.grid_origin_m
    assert east + field.bounds_m[0] == pytest.approx(extent.west_m + 5.0)
    assert north + field.bounds_m[3] == pytest.approx(extent.north_m - 5.0)


@REAL
@pytest.mark.parametrize("name", ["site01_4km_5m.tif", "site01_16km_20m.tif"])
def test_the_ridge_of_site01_agrees_with_the_coarse_relief_and_upside_down_it_does_not(name, tmp_path):
    with rasterio.open(DATA / name) as raster:
        values, profile, scales = raster.read(), raster.profile, raster.scales
    with rasterio.open(tmp_path / "down.tif", "w", **profile) as raster:
        raster.write(values[:, ::-1])
        raster.scales = scales
    for path, right in ((DATA / name, True), (tmp_path / "down.tif", False)):
        extent = read_extent(path)
        middle = (0.5 * (extent.west_m + extent.east_m), 0.5 * (extent.south_m + extent.north_m))
        frame, field = site_crop.read_crop(path, extent, middle, extent.east_m - extent.west_m)
        far = read_far_relief(frame, 50e3)
        if right:
            site_crop.check_agreement(path, field, far)
        else:
            with pytest.raises(ImportRefused, match="does not show the place"):
                site_crop.check_agreement(path, field, far)


@REAL
def test_the_brightest_place_of_site01_is_its_ridge(tmp_path):
    path = DATA / "site01_16km_5m.tif"
    extent = read_extent(path)
    whole = site_crop.read_whole(path, extent, 4000.0, needed=True)
    x, y = site_crop.found_middle(whole, extent, silent)
    latitude, longitude = SiteFrame(-math.pi / 2, 0.0, 0.0).to_geographic(x, y)
    # Within 1.6 km of 89.45 S 222.7 E, the known lit points between Shackleton and de Gerlache.
    known = SiteFrame(math.radians(-89.45), math.radians(222.7), 0.0)
    assert np.hypot(*known.from_geographic(latitude, longitude)) < 1600.0


def test_what_the_coarse_relief_cannot_tell_is_said_and_not_refused(monkeypatch):
    field = HeightField(np.zeros((80, 80), np.float32), -1000.0, -1000.0, 25.0)
    told = Agreement(25, 0.95, 10.0, 50.0, "", "mirrored on its diagonal")
    monkeypatch.setattr(site_crop, "compare", lambda field, far: told)
    doubt = site_crop.check_agreement(Path("piece.tif"), field, field)
    assert doubt.startswith("piece.tif: the LOLA relief cannot tell whether this piece is mirrored on its diagonal")


def test_a_hole_that_the_file_does_not_state_is_warned_of(tmp_path, heights):
    hole = heights.copy()
    hole[57:60, 60:64] = 0.0
    depth = float(heights[56:61, 59:65].max())
    middle = np.radians([LATITUDE_DEG, LONGITUDE_DEG])
    for name, values in (("hole", hole), ("whole", heights)):
        path = write(tmp_path / f"{name}.tif", values)
        extent = read_extent(path)
        x, y = SiteFrame(*middle, 0.0).grid_origin_m
        _, field = site_crop.read_crop(path, extent, (x, y), 1800.0)
        told = site_crop.cliff(path, field)
        assert bool(told) is (name == "hole")
        if told:
            said = re.search(r"a cliff of (\d+) m in one cell stands (-?\d+) m east and (-?\d+) m north", told)
            assert float(said[1]) == pytest.approx(depth, abs=10.0)
            # Columns 59 to 64 and rows 56 to 60 of 180, 10 m each, counted from the middle.
            assert -310.0 <= float(said[2]) <= -250.0
            assert 290.0 <= float(said[3]) <= 340.0


@pytest.mark.parametrize(("step_m", "told"), [(39.0, False), (41.0, True)])
def test_a_cliff_is_steeper_than_four_to_one(step_m, told):
    heights = np.zeros((30, 30), np.float32)
    heights[:, 15:] = step_m
    field = HeightField(heights, 0.0, 0.0, 10.0)
    assert bool(site_crop.cliff(Path("x.tif"), field)) is told
    turned = HeightField(heights.T, 0.0, 0.0, 10.0)
    assert bool(site_crop.cliff(Path("x.tif"), turned)) is told


def test_a_warning_of_the_crop_stands_beside_that_of_the_relief(tmp_path, heights, monkeypatch):
    path = write(tmp_path / "product.tif", heights)
    monkeypatch.setattr(site_crop, "check_agreement", lambda path, field, far: "it may be mirrored")
    monkeypatch.setattr(site_crop, "cliff", lambda path, field: "a cliff stands there")
    assert site_crop.read_site_crop(path, None, 1800.0, silent)[2] == "it may be mirrored; a cliff stands there"
    assert site_crop.read_site_crop(path, None, 1600.0, silent)[2] == "a cliff stands there"


def test_the_planners_kernels_are_waited_for_and_their_process_ends(monkeypatch, tmp_path):
    asked = []
    with compiled_beside(tmp_path / "no rover.yaml") as wait:
        wait(lambda: asked.append(1))
    assert asked
    began = []
    popen = planner_kernels.subprocess.Popen

    def begin(*arguments, **more):
        began.append(popen(*arguments, **more))
        return began[-1]

    monkeypatch.setattr(planner_kernels.subprocess, "Popen", begin)
    with (
        pytest.raises(KeyboardInterrupt),
        compiled_beside(default_worlds_directories()[0].parent / "config" / "rover.yaml"),
    ):
        raise KeyboardInterrupt
    assert len(began) == len(planner_kernels.PARTS)
    assert all(process.returncode is not None for process in began)


@pytest.mark.parametrize("part", planner_kernels.PARTS)
def test_each_part_of_the_planners_kernels_is_compiled_on_level_ground(part):
    planner_kernels.main([str(default_worlds_directories()[0].parent / "config" / "rover.yaml"), part])
    assert gc.isenabled()
