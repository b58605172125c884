# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All figures of one world in a server: load, course, lidar, and two pictures against geometry."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lupex_simulator.gazebo.lidar_cloud import hull_of
from lupex_system_tests.gazebo_level.course import Course, drive
from lupex_system_tests.gazebo_level.deadline import Deadline
from lupex_system_tests.gazebo_level.gz_messages import cloud, picture, stamp_s
from lupex_system_tests.gazebo_level.lidar_check import lidar_figures
from lupex_system_tests.gazebo_level.results import flat
from lupex_system_tests.gazebo_level.shadow_check import agreement
from lupex_system_tests.gazebo_level.stepped_world import SteppedWorld, stepped
from lupex_system_tests.gazebo_level.true_place import TruePlace
from lupex_worlds.gazebo_files.raster import png
from lupex_worlds.gazebo_files.server_output import errors

_CAMERA = "/rover/camera/navigation_left"
_LIDAR = "/rover/lidar/points"
_SUN_TURNED_S = 1.0
"""After which a picture shows the new light."""
_HULL_MARGIN_M = 0.05


@dataclass(frozen=True)
class Looked:
    """What came of a world: figures by name, errors of the server's log, and where its pictures are."""

    figures: dict[str, float]
    errors: list[str]


def look_at_world(made: Path, place: TruePlace, directory: Path, course: Course, deadline: Deadline) -> Looked:
    """Run a world's Gazebo files in a server and measure; the log and pictures go to a directory.

    Raises GzError, DeadlineError or MotionError; the log stays.
    """
    with stepped(made, directory, deadline) as world:
        figures: dict[str, Any] = {}
        # pictures first: the rover stands where it was set down, at the beginning of its world's day
        world.step(_SUN_TURNED_S)
        figures["lidar"] = _lidar(world, place)
        figures["picture"] = _picture(world, place, place.start_sun(), directory / "start.png")
        sun = place.shading_sun(world.pose)
        world.shine(-sun)
        figures["low_sun"] = _picture(world, place, sun, directory / "low_sun.png")
        figures |= vars(drive(world, place.rover, course))
        return Looked(flat(figures), errors(world.server.lines()))


def _lidar(world: SteppedWorld, place: TruePlace) -> Any:
    points = world.hear(_LIDAR, cloud, 1, 1.0)[-1]
    hull = hull_of(place.rover, _HULL_MARGIN_M)
    return lidar_figures(points, place.sensor(world.pose, "lidar"), place.heights, hull)


def _picture(world: SteppedWorld, place: TruePlace, sun: npt.NDArray[np.float64], path: Path) -> Any:
    since_s = world.now_s + _SUN_TURNED_S

    def late_enough(message: dict[str, Any]) -> npt.NDArray[np.uint8] | None:
        return picture(message) if stamp_s(message) > since_s else None

    # of the first frames after a subscription one may be black
    seen = world.hear(_CAMERA, late_enough, 2, 1.0)[-1]
    path.write_bytes(png(seen))
    return agreement(seen, place.prediction(world.pose, sun))
