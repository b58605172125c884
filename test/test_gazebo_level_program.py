# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The gazebo level driven by a stand-in `gz`: what it measures, and how it fails."""

import dataclasses
import json
import math
import os
import sys

import numpy as np
import pytest

pytest.importorskip("xacro")

from lupex_models.rover import read_rover
from lupex_models.site import Pose2, Target
from lupex_models.site_frame import SiteFrame
from lupex_system_tests.gazebo_level.course import Course
from lupex_system_tests.gazebo_level.deadline import Deadline, DeadlineError
from lupex_system_tests.gazebo_level.gz_messages import MessageError
from lupex_system_tests.gazebo_level.gz_program import GzError
from lupex_system_tests.gazebo_level.results import LIMITS, Results, beyond
from lupex_system_tests.gazebo_level.stepped_world import free_running, stepped
from lupex_system_tests.gazebo_level.true_place import TruePlace
from lupex_system_tests.gazebo_level.world_figures import look_at_world
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, read_urdf, read_xacro
from lupex_worlds.gazebo_files.world_model import Scene
from lupex_worlds.ground import Ground
from lupex_worlds.recipe import read_recipe


@pytest.fixture
def stand_in(tmp_path_factory, monkeypatch):
    """Put the stand-in on the path; returns what makes it fail."""
    base = tmp_path_factory.mktemp("gz")
    program = base / "bin" / "gz"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lupex_system_tests.gazebo_level.stand_in_gz "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("STAND_IN_SOCKETS", str(base))
    return lambda fault: monkeypatch.setenv("STAND_IN_FAULT", fault)


@pytest.fixture(scope="module")
def place(repository):
    """A level plane with the lander 6 m aside of the rover."""
    flat = np.zeros((41, 41), np.float32)
    ground = Ground(np.zeros((401, 401), np.float32), -50.0, -50.0, 0.25, flat, -100.0, -100.0, 5.0)
    at = read_recipe(repository / "worlds" / "plain.yaml")
    frame = SiteFrame(math.radians(at.site.latitude_deg), math.radians(at.site.longitude_deg), 0.0)
    scene = Scene(
        "flat", frame, ground, np.zeros((0, 4)), Pose2(0.0, 0.0, 0.0), (Target(20.0, 0.0, "t"),), at.start_utc_s
    )
    rover = read_rover(repository / "config" / "rover.yaml")
    robot = read_urdf(read_xacro(repository / DESCRIPTION, rover=repository / "config" / "rover.yaml"))
    return TruePlace(scene, rover, robot)


@pytest.fixture
def made(tmp_path):
    """Files as lupex_worlds writes them, as far as they are looked at."""
    directory = tmp_path / "made"
    rover = directory / "models" / "lupex_rover"
    rover.mkdir(parents=True)
    (directory / "world.sdf").write_text("<real_time_factor>1</real_time_factor>")
    (rover / "model.sdf").write_text("<a>\n <max_command_age>1</max_command_age></a>")
    return directory


def test_a_copy_runs_unpaced_and_holds_its_commands(made, tmp_path):
    world, path = free_running(made, tmp_path / "copy")
    assert world.read_text() == "<real_time_factor>0</real_time_factor>"
    # the copy's rover is found before the world's own
    assert (path[0] / "lupex_rover" / "model.sdf").read_text() == "<a></a>"
    assert path[1] == made / "models"
    assert "max_command_age" in (made / "models" / "lupex_rover" / "model.sdf").read_text()


def test_a_world_is_driven_and_looked_at(stand_in, made, place, tmp_path):
    looked = look_at_world(made, place, tmp_path / "out", Course(2.0), Deadline(40.0))
    figures = looked.figures
    assert figures["rest.drift_mm"] == 0.0
    assert figures["straight.share"] == pytest.approx(1.0, abs=1e-6)
    assert figures["straight.way_m"] == pytest.approx(2.0, abs=0.06)
    assert figures["straight.sideways_m"] == pytest.approx(0.0, abs=1e-9)
    assert figures["turn.rate_rad_s"] == pytest.approx(0.1 / math.hypot(0.55, 0.55), rel=1e-6)
    assert figures["turn.shift_mm"] == pytest.approx(0.0, abs=1e-6)
    assert figures["crab.direction_deg"] == pytest.approx(30.0, abs=1e-4)
    assert figures["crab.yaw_deg"] == pytest.approx(0.0, abs=1e-6)
    # its lidar stands 1.5 m over the plane, the described one a little elsewhere
    assert figures["lidar.median_m.5..10 m"] == pytest.approx(place.robot.pose("lidar")[2, 3] - 1.5)
    assert (figures["lidar.returns"], figures["lidar.rays"]) == (7200, 7300)
    for name in ("start.png", "low_sun.png"):
        assert (tmp_path / "out" / name).read_bytes()[:4] == b"\x89PNG"
    assert figures["picture.lit_agree"] == 1.0
    # the stand-in draws no shadow, and that is seen
    assert figures["picture.dark_agree"] == 0.0
    assert any(line.startswith("picture.dark_agree") for line in beyond(figures, LIMITS))
    # the Sun's message was taken whole, and the error that each of them makes is none
    assert "cast_shadows: true intensity: 5" in (tmp_path / "out" / "gz.log").read_text()
    assert looked.errors == []


def test_tracks_that_do_nothing_are_seen(stand_in, made, place, tmp_path):
    stand_in("still")
    looked = look_at_world(made, place, tmp_path / "out", Course(1.0, manoeuvres=False), Deadline(40.0))
    assert looked.figures["straight.share"] == 0.0
    assert any(line.startswith("straight.share is 0") for line in beyond(looked.figures, LIMITS))


def test_an_error_in_the_log_is_told_though_all_else_is_well(stand_in, made, place, tmp_path):
    stand_in("errors")
    looked = look_at_world(made, place, tmp_path / "out", Course(1.0, manoeuvres=False), Deadline(40.0))
    assert looked.errors == ["[Err] [SystemLoader.cc:92] Failed to load system plugin"]


def opened(made, tmp_path, seconds):
    with stepped(made, tmp_path / "out", Deadline(seconds)) as world:
        return world


def test_a_server_that_dies_is_told_with_its_last_words(stand_in, made, tmp_path):
    stand_in("dies")
    with pytest.raises(GzError, match=r"gz sim ended with 134: terminate called"):
        opened(made, tmp_path, 20.0)


@pytest.mark.parametrize(("fault", "what"), [("deaf", "the world is loaded"), ("silent", "a pose on /rover/odometry")])
def test_a_server_that_says_nothing_ends_by_the_deadline(stand_in, made, tmp_path, fault, what):
    stand_in(fault)
    with pytest.raises(DeadlineError, match=f"not within 3 s: {what}"):
        opened(made, tmp_path, 3.0)


def test_nothing_runs_on_when_a_world_is_closed(stand_in, made, tmp_path):
    world = opened(made, tmp_path, 20.0)
    assert world.server.process.poll() is not None
    assert world._poses._process.poll() is not None


def test_a_message_that_cannot_be_read_or_told_is_named(stand_in, made, tmp_path):
    def refuse(message):
        raise MessageError("it holds nothing")

    with stepped(made, tmp_path / "out", Deadline(20.0)) as world:
        with pytest.raises(GzError, match="/rover/imu: it holds nothing"):
            world.hear("/rover/imu", refuse, 1, 0.2)
        with pytest.raises(GzError, match="could not publish on /rover/x: Unable to create"):
            world.server.tell([("/rover/x", "gz.msgs.Nothing", "data: 1")])


def test_figures_are_kept_as_they_come(tmp_path):
    results = Results(tmp_path / "out")
    results.put("plain", {"a": 1.5, "b": math.nan}, ["b is nan"])
    results.put("ridge", {"a": 2.0}, [])
    kept = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert kept == {
        "plain": {"figures": {"a": 1.5, "b": None}, "problems": ["b is nan"]},
        "ridge": {"figures": {"a": 2.0}, "problems": []},
    }


def test_a_low_sun_is_found_that_shades_half_of_what_is_seen(place):
    """A wall to the left of what is seen, and an end to it."""
    from lupex_system_tests.gazebo_level.gz_messages import GzPose

    pose = GzPose(1000.0, np.zeros(3), np.eye(3))
    walled = np.array(place.scene.ground.detail)
    walled[232:240, :240] = 1.5
    other = dataclasses.replace(
        place, scene=dataclasses.replace(place.scene, ground=place.scene.ground._replace(detail=walled))
    )
    sun = other.shading_sun(pose)
    prediction = other.prediction(pose, sun)
    assert sun[1] > 0.3
    assert 0.2 < prediction.lit[prediction.clear].mean() < 0.8
