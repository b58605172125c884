# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Autonomy as a plain user: all its nodes work in a world whose truth the system does not let them open."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lupex_worlds.world_cache import default_worlds_directories, prepare_world
from lupex_worlds.world_making import HorizonGrid

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

NODES = ["drill_control", "localization", "mission", "mobility", "path_planning", "power_management", "traversability"]
TRUTH = ("truth", "truth/truth.yaml", "truth/detail.npy", "truth/rocks.npy")
ORBITAL = ("orbital", "orbital/site.yaml", "orbital/dem.tif")


@pytest.fixture(scope="module")
def base(repository):
    """A directory that other users can reach: those of pytest are closed to them."""
    with tempfile.TemporaryDirectory(prefix="lupex-plain-user-") as name:
        made = Path(name)
        made.chmod(0o755)
        coarse = HorizonGrid(azimuth_count=8, cell_m=100.0, shadow_step_s=30 * 86_400.0)
        world = prepare_world("plain", 1, default_worlds_directories(), made / "cache", grid=coarse)
        world.rename(made / "world")
        shutil.copy(repository / "config" / "rover.yaml", made / "rover.yaml")
        yield made
        (made / "world" / "truth").chmod(0o700)


def test_a_world_is_made_with_its_truth_closed_to_other_users(base):
    world = base / "world"
    assert (world / "truth").stat().st_mode & 0o777 == 0o700
    assert (world / "orbital").stat().st_mode & 0o055 == 0o055
    assert all((path.stat().st_mode & 0o044) == 0o044 for path in (world / "orbital").rglob("*") if path.is_file())


def test_autonomy_needs_no_right_to_open_the_truth(base):
    if os.getuid() != 0:
        # nobody else can be become: the owner's own right is taken away instead
        (base / "world" / "truth").chmod(0o000)
    done = subprocess.run(
        [sys.executable, "-m", "lupex_system_tests.plain_user", str(base), *TRUTH, *ORBITAL],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["uid"] != 0
    assert told["refused"] == {**dict.fromkeys(TRUTH, True), **dict.fromkeys(ORBITAL, False)}
    assert told["after"]["nodes"] == NODES
    assert told["after"]["maps"] > 0, "the site was opened"
    assert told["after"] == told["before"], "without the right to open the truth all goes as with it"
