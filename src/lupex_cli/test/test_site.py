# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import re
import signal

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from lupex_cli import site
from lupex_cli.site import main
from lupex_system_tests import lit_ridge
from lupex_system_tests.lit_ridge import everything, ridge, write
from lupex_worlds.site_import import site_making

heights, rover, imported = lit_ridge.heights, lit_ridge.rover, lit_ridge.imported
SPHERE = "+R=1737400 +units=m +no_defs"


def truncated(path, heights):
    whole = write(path, heights)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    return whole


def picture(path, heights):
    return write(path, np.repeat((heights[None] % 255).astype(np.uint8), 3, axis=0))


def text(path, heights):
    path.write_text("no relief")
    return path


def holed(path, heights):
    with_gap = heights.copy()
    with_gap[60, 60] = -9999.0
    return write(path, with_gap, nodata=-9999.0)


def masked(path, heights):
    """A hole of zeros that only the file's own mask leaves out."""
    mask = np.full(heights.shape, 255, np.uint8)
    mask[50:60, 50:60] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(path, np.where(mask == 0, np.float32(0.0), heights))
        with rasterio.open(path, "r+") as raster:
            raster.write_mask(mask)
    return path


REFUSED = {
    "missing": (lambda path, heights: path, "there is no such file"),
    "text": (text, "cannot be read as a GeoTIFF"),
    "truncated": (truncated, "cannot be read as a GeoTIFF"),
    "picture": (picture, r"3 band\(s\) of uint8"),
    "no place": (lambda path, heights: write(path, heights, crs=None), "no coordinate system"),
    "Mars": (
        lambda path, heights: write(path, heights, crs=CRS.from_proj4("+proj=stere +lat_0=-90 +R=3396190 +units=m")),
        "not on the lunar sphere",
    ),
    "north": (
        lambda path, heights: write(path, heights, crs=CRS.from_proj4(f"+proj=stere +lat_0=90 {SPHERE}")),
        "not in the south polar stereographic",
    ),
    "not polar": (
        lambda path, heights: write(path, heights, crs=CRS.from_proj4(f"+proj=eqc {SPHERE}")),
        "not in the south polar stereographic",
    ),
    "upside down": (lambda path, heights: write(path, ridge(25.0)[::-1], cell_m=25.0), "LOLA relief"),
    "decimetres": (lambda path, heights: write(path, 10.0 * heights), "but the Moon's lie between"),
    "other heights": (lambda path, heights: write(path, heights - 500.0), "heights differ from the LOLA relief by 5"),
    "shade": (lambda path, heights: write(path, (heights % 250).astype(np.int16)), "heights differ from the LOLA"),
    "all the same": (lambda path, heights: write(path, np.full_like(heights, 1500.0)), "all its heights are the same"),
    "gap": (holed, "has no height"),
    "masked": (masked, "0.31 % of the crop has no height"),
    "small": (lambda path, heights: write(path, heights[:100, :100]), "covers 1000 m"),
    "coarse": (lambda path, heights: write(path, heights, cell_m=40.0), "too coarse"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_wrong_file_is_one_sentence_and_leaves_nothing(kind, heights, tmp_path, monkeypatch, capfd):
    make, said = REFUSED[kind]
    source = tmp_path / "in"
    source.mkdir()
    path = make(source / "product.tif", heights)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["import", str(path), "--name", "knoll"]) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    lines = [line for line in shown.err.splitlines() if not line.startswith("site: ")]
    assert len(lines) == 1
    assert lines[0].startswith("lupex site: ")
    assert re.search(said, lines[0])
    assert everything(tmp_path / "cache") == []


@pytest.mark.parametrize("kind", ["missing", "text", "picture", "small"])
def test_what_its_header_refuses_is_refused_before_any_stage(kind, heights, tmp_path, monkeypatch, capfd):
    make, said = REFUSED[kind]
    path = make(tmp_path / "product.tif", heights)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["import", str(path), "--name", "knoll"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert re.search(said, line)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "Knoll!"], "must be lower-case letters"),
        (["--name", "ridge"], "'ridge' is a world of this repository"),
        (["--name", "k", "--extent", "100"], "takes 1500 to 10000 m"),
        (["--name", "k", "--extent", "nan"], "finite numbers"),
        (["--name", "k", "--at", "-45", "10"], "takes a latitude from -90 to -60"),
        (["--name", "k", "--at", "-89.9", "10"], "does not hold -89.9 10"),
    ],
)
def test_a_wrong_request_is_one_sentence(arguments, said, heights, tmp_path, monkeypatch, capfd):
    path = write(tmp_path / "product.tif", heights)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["import", str(path), *arguments]) == 2
    assert said in capfd.readouterr().err
    assert everything(tmp_path / "cache") == []


@pytest.mark.parametrize("arguments", [[], ["import"], ["import", "x.tif"], ["export", "x.tif"]])
def test_a_mistaken_command_line_is_told(arguments, capfd):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: lupex site" in capfd.readouterr().err


def test_the_end_of_the_command_says_how_to_go_on(imported, monkeypatch, tmp_path, capfd):
    made, _, _ = imported
    doubted = dataclasses.replace(made, doubt="it may be mirrored")
    monkeypatch.setattr(site_making, "import_site", lambda request, rover, progress, planner_ready: doubted)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["import", "x.tif", "--name", "knoll"]) == 0
    shown, warned = capfd.readouterr()
    assert "lupex site: warning: it may be mirrored\n" in warned
    assert "./lupex demo --world knoll\n" in shown
    assert str(made.preview) in shown
    monkeypatch.chdir(made.directory.parent)
    assert main(["import", "x.tif", "--name", "knoll", "--recipes", ".", "--seed", "3"]) == 0
    assert f"./lupex demo --world {os.path.join('knoll', 'knoll.yaml')} --seed 3\n" in capfd.readouterr().out


@pytest.fixture
def signals_restored():
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("hidden", [False, True])
def test_an_interrupt_is_told_and_is_no_success(number, hidden, monkeypatch, tmp_path, capfd, signals_restored):
    def interrupted(request, rover, progress, planner_ready):
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            if hidden:
                raise RuntimeError("no compiled object yet") from None
            raise
        raise AssertionError("the signal came too late")

    monkeypatch.setattr(site_making, "import_site", interrupted)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["import", "x.tif", "--name", "knoll"]) == 130
    assert "nothing was left behind" in capfd.readouterr().err


def test_an_error_of_the_program_is_not_dressed_up(monkeypatch, tmp_path, signals_restored):
    def broken(request, rover, progress, planner_ready):
        raise ZeroDivisionError

    monkeypatch.setattr(site_making, "import_site", broken)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        main(["import", "x.tif", "--name", "knoll"])


def test_stages_are_bars_at_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with site.reported(lambda: 0.0) as report:
        report("horizons", 0.5)
        report("preview", 0.0)
    assert "horizons" in capsys.readouterr().err
