# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The rover in a real Gazebo: `./lupex test gazebo`, for a machine that has `gz`, and in part ros_gz_bridge.

It writes figures.json, the server's logs and pictures to --gazebo-out, and takes 15 minutes at most.
"""

import json
import subprocess
from pathlib import Path

import pytest

from lupex_system_tests.gazebo_level.course import Course
from lupex_system_tests.gazebo_level.deadline import Deadline
from lupex_system_tests.gazebo_level.results import BOGIE_LIMITS, LIMITS, STACK_LIMITS, Results, beyond, compared
from lupex_system_tests.gazebo_level.true_place import open_place
from lupex_system_tests.gazebo_level.world_figures import look_at_world
from lupex_worlds.gazebo_files.gazebo_making import make_gazebo
from lupex_worlds.world_cache import default_worlds_directories, prepare_world

pytestmark = pytest.mark.gazebo
WHOLE_S = 900.0
STACK_S = 560.0
ROUTE_M = 20.0
WHEEL_RADIUS_M = 0.13
"""Of the bogies, as description/crawler_unit.xacro has it."""
WORLDS = sorted(path.stem for path in (Path(__file__).resolve().parents[1] / "worlds").glob("*.yaml"))


@pytest.fixture(scope="module")
def whole():
    return Deadline(WHOLE_S)


@pytest.fixture(scope="module")
def results(pytestconfig, tmp_path_factory):
    out = pytestconfig.getoption("--gazebo-out")
    return Results(Path(out) if out else tmp_path_factory.mktemp("gazebo"))


def test_the_program_is_a_gazebo_that_the_worlds_are_made_for():
    said = subprocess.run(["gz", "sim", "--versions"], capture_output=True, text=True, timeout=60, check=False)
    major = int((said.stdout.strip() or "0").split(".")[0])
    assert major >= 8, f"gz sim --versions says {said.stdout!r} {said.stderr!r}; Harmonic is 8"


@pytest.mark.parametrize(
    ("world", "drive", "course"),
    [
        *((world, "tracks", Course(10.0 if world == "plain" else 3.0, world == "plain")) for world in WORLDS),
        ("plain", "bogies", Course(5.0, True, WHEEL_RADIUS_M)),
    ],
)
def test_a_world_in_a_server(results, whole, world, drive, course):
    place_directory = prepare_world(world, 1, default_worlds_directories())
    made = make_gazebo(place_directory, "kind", -1, drive)
    name = f"{world}-{drive}"
    looked = look_at_world(made, open_place(place_directory), results.directory / name, course, whole)
    problems = [*beyond(looked.figures, BOGIE_LIMITS if drive == "bogies" else LIMITS), *looked.errors]
    results.put(name, looked.figures, problems)
    assert not problems, f"{'; '.join(problems)}; figures, log and pictures are in {results.directory}"


@pytest.mark.ros_gz_bridge
def test_the_whole_stack_drives_out_and_back_as_in_the_embedded_world(results, whole):
    from lupex_cli.compare_worlds import main as compare_worlds
    from lupex_system_tests.gazebo_level.stack_drive import out_and_back

    directories = {name: results.directory / f"stack-{name}" for name in ("embedded", "gazebo")}
    figures = {}
    for name, directory in directories.items():
        directory.mkdir(parents=True, exist_ok=True)
        left = Deadline(STACK_S, whole).left_s
        figures[name] = out_and_back(directory, left, world="plain", simulator=name, route_m=f"{ROUTE_M}")
    bags = [str(directory / "bag") for directory in directories.values()]
    assert compare_worlds([*bags, "--out", str(results.directory)]) == 0
    rows = json.loads((results.directory / "comparison.json").read_text(encoding="utf-8"))
    found = figures["gazebo"] | compared(rows)
    problems = beyond(found, STACK_LIMITS)
    results.put("stack", found, problems)
    results.put("stack embedded", figures["embedded"], [])
    assert not problems, f"{'; '.join(problems)}; all of it is in {results.directory}"
