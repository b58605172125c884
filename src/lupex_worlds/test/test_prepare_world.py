# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import errno
import os
import threading
from pathlib import Path

import pytest
import yaml

from lupex_models.configuration import ConfigurationError
from lupex_models.site_frame import SiteError
from lupex_worlds import prepare_world as executable
from lupex_worlds import world_cache, world_making
from lupex_worlds.prepare_world import main
from lupex_worlds.recipe import read_recipe
from lupex_worlds.truth.level import KIND
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world_cache import WorldError, default_worlds_directories, find_recipe, prepare_world
from lupex_worlds.world_making import HorizonGrid

COARSE = HorizonGrid(azimuth_count=8, cell_m=100.0, shadow_step_s=30 * 86400.0)
TINY = {
    "site": {"latitude_deg": -89.4389, "longitude_deg": 222.869, "half_extent_m": 300.0},
    "terrain": {"seed": 1, "rms_deviation_m": 0.1, "longest_wavelength_m": 200.0, "crater_density": 0.0},
    "craters": [{"x_m": 41.0, "y_m": 34.0, "diameter_m": 90.0, "depth_ratio": 0.09}],
    "start": {"utc": "2028-10-13T12:00:00Z"},
    "havens": [{"x_m": 0.0, "y_m": 0.0, "radius_m": 6.0}],
    "sortie": {"target_x_m": 20.0, "target_y_m": 15.0},
    "truth": {"detail": {"x_min_m": -20.0, "x_max_m": 40.0, "y_min_m": -20.0, "y_max_m": 30.0}},
}


@pytest.fixture
def worlds(tmp_path):
    directory = tmp_path / "worlds"
    directory.mkdir()
    (directory / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    return directory


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def make(worlds, root, seed=1, **more):
    return prepare_world("tiny", seed, [worlds], root, grid=COARSE, **more)


def test_a_world_is_made_once_and_then_found(worlds, root, monkeypatch):
    stages = []
    first = make(worlds, root, progress=lambda stage, done: stages.append(stage))
    assert (first / "orbital" / "site.yaml").is_file()
    assert (first / "truth" / "truth.yaml").is_file()
    assert list(dict.fromkeys(stages)) == [
        "relief",
        "fine ground",
        "horizon map",
        "permanent shadow",
        "true shadow",
        "writing",
    ]
    assert os.listdir(root) == [first.name]
    monkeypatch.setattr(world_making, "make_world", lambda *_: pytest.fail("made a second time"))
    assert make(worlds, root) == first


def test_recipe_seed_and_truth_each_name_another_world(worlds, root):
    recipe = read_recipe(worlds / "tiny.yaml")
    names = {world_cache.world_directory(recipe, seed, root).name for seed in (1, 2)}
    (worlds / "tiny.yaml").write_text(
        yaml.safe_dump({**TINY, "truth": {"strata": {"ice_patch_m": 9.0}, **TINY["truth"]}})
    )
    names.add(world_cache.world_directory(read_recipe(worlds / "tiny.yaml"), 1, root).name)
    names.add(world_cache.world_directory(recipe, 1, root, read_level("nominal", default_worlds_directories())).name)
    assert len(names) == 4


def test_two_at_once_make_it_once(worlds, root, monkeypatch):
    made = []
    real = world_making.make_world
    monkeypatch.setattr(world_making, "make_world", lambda *given: (made.append(1), real(*given)))
    found = []
    threads = [threading.Thread(target=lambda: found.append(make(worlds, root))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(found)) == 1
    assert os.listdir(root) == [found[0].name]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(worlds, root, monkeypatch, code):
    def full(directory: Path, *_):
        (directory / "truth").mkdir()
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(world_making, "make_world", full)
    with pytest.raises(WorldError, match="disk is full"):
        make(worlds, root)
    assert os.listdir(root) == []


def test_a_full_disk_is_known_whatever_the_library_calls_it(worlds, root, monkeypatch):
    def full(*_):
        raise RuntimeError("Write failed")

    monkeypatch.setattr(world_making, "make_world", full)
    monkeypatch.setattr(world_cache, "_ALMOST_NOTHING_BYTES", 2**62)
    with pytest.raises(WorldError, match="disk is full"):
        make(worlds, root)


def test_an_interrupted_run_leaves_nothing(worlds, root, monkeypatch):
    def interrupted(directory: Path, *_):
        (directory / "half").write_text("x")
        raise KeyboardInterrupt

    monkeypatch.setattr(world_making, "make_world", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(worlds, root)
    assert os.listdir(root) == []


def test_what_a_killed_run_left_is_removed_by_the_next(worlds, root):
    recipe = read_recipe(worlds / "tiny.yaml")
    name = world_cache.world_directory(recipe, 1, root).name
    left = root / f".unfinished-{name}-abc"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    directory = make(worlds, root)
    assert os.listdir(root) == [directory.name]


def test_a_place_that_cannot_be_written_is_named(worlds, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(WorldError, match="cannot be written"):
        make(worlds, blocked / "cache")


def test_a_missing_source_is_one_sentence(worlds, root, monkeypatch):
    def missing(*_):
        raise SiteError("the relief is missing")

    monkeypatch.setattr(world_making, "make_world", missing)
    with pytest.raises(WorldError, match="'tiny' cannot be made: the relief is missing"):
        make(worlds, root)
    (worlds / "tiny.yaml").write_text(yaml.safe_dump({**TINY, "dem": {"source": "absent.tif"}}))
    with pytest.raises(WorldError, match=r"absent\.tif: the DEM source cannot be read"):
        make(worlds, root)


def test_other_errors_are_not_dressed_up(worlds, root, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(world_making, "make_world", broken)
    with pytest.raises(ZeroDivisionError):
        make(worlds, root)
    assert os.listdir(root) == []


def test_seeds_out_of_range_and_unknown_worlds_are_refused(worlds, root):
    with pytest.raises(WorldError, match="seed is -1"):
        make(worlds, root, seed=-1)
    with pytest.raises(WorldError, match=r"no world 'huge'.*known worlds: tiny"):
        find_recipe("huge", [worlds])
    with pytest.raises(WorldError, match="no such recipe"):
        find_recipe("./huge.yaml", [worlds])
    assert find_recipe(str(worlds / "tiny.yaml"), []) == worlds / "tiny.yaml"


def test_the_executable_prints_only_the_answer(worlds, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cached = world_cache.world_directory(read_recipe(worlds / "tiny.yaml"), 3, world_cache.cache_root())
    (cached / "orbital").mkdir(parents=True)
    (cached / "orbital" / "site.yaml").write_text("utc_offset_s: 1855050212.0\n", encoding="utf-8")
    common = ["tiny", "--seed", "3", "--worlds-dir", str(worlds)]
    answers = {}
    for what in ("world", "orbital", "utc_offset_s", "truth_hash"):
        assert main([*common, "--print", what]) == 0
        answers[what], err = capfd.readouterr()
        assert err == ""
    assert answers == {
        "world": str(cached),
        "orbital": f"{cached}/orbital",
        "utc_offset_s": "1855050212.0",
        "truth_hash": KIND.digest,
    }, "no line end"


def test_each_run_is_given_a_directory_for_its_checkpoints_that_holds_none(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = []
    for _ in range(2):
        assert main(["tiny", "--print", "state"]) == 0
        found.append(Path(capfd.readouterr().out))
    assert found[0] != found[1]
    assert all(path.is_dir() and not any(path.iterdir()) for path in found)


def test_the_executable_fails_with_one_sentence(worlds, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["huge", "--worlds-dir", str(worlds)]) == 1
    (worlds / "tiny.yaml").write_text(yaml.safe_dump({**TINY, "sight": {}}))
    assert main(["tiny", "--worlds-dir", str(worlds)]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 2
    assert "unknown key 'sight'" in lines[1]


def test_progress_is_one_line_a_stage(capfd):
    times = iter([10.0, 10.0, 13.4])
    report = world_cache.report_to_stderr("tiny", lambda: next(times))
    report("relief", 0.0)
    report("relief", 1.0)
    report("writing", 0.0)
    assert capfd.readouterr().err == "world tiny: relief (0 s)\nworld tiny: writing (3 s)\n"


def test_recipes_wrong_in_themselves_are_configuration_errors(worlds, root):
    (worlds / "tiny.yaml").write_text("- 1")
    with pytest.raises(ConfigurationError):
        make(worlds, root)


def test_recipes_are_looked_for_where_they_are_installed_and_in_the_source_tree(tmp_path, monkeypatch):
    installed = tmp_path / "share" / "lupex_bringup" / "worlds"
    installed.mkdir(parents=True)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}{os.pathsep}{tmp_path / 'absent'}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    directories = world_cache.default_worlds_directories()
    assert directories[0] == installed
    assert (directories[-1] / "ridge.yaml").is_file()
    for name in ("knoll", ".unfinished-hill-abc"):
        (world_cache.sites_root() / name).mkdir(parents=True)
    assert world_cache.default_worlds_directories() == [*directories, world_cache.sites_root() / "knoll"]
    assert all(directory.is_dir() for directory in directories)


def test_an_interrupt_at_the_terminal_ends_quietly(worlds, monkeypatch, capfd):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(executable, "prepare_world", interrupted)
    assert main(["tiny", "--worlds-dir", str(worlds)]) == 130
    assert capfd.readouterr() == ("", "")


def test_worlds_are_looked_for_once_in_each_directory(monkeypatch):
    repository = Path(world_cache.__file__).resolve().parents[3]
    monkeypatch.chdir(repository)
    directories = world_cache.default_worlds_directories()
    assert directories.count(repository / "worlds") == 1
    assert len(directories) == len(set(directories))
