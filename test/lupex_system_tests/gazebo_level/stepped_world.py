# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A world in a real server that goes on only when it is told to, so that a slow machine measures the same.

Commands come while it stands; it then makes so many steps. What is asked of a file and of the command line of gz was
read in the sources of gz-sim 8 and gz-transport 13.
"""

import contextlib
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lupex_system_tests.gazebo_level.deadline import Deadline
from lupex_system_tests.gazebo_level.gz_messages import GzPose, odometry
from lupex_system_tests.gazebo_level.gz_program import (
    Echo,
    GzError,
    Server,
    environment,
    hearing,
    serving,
    until_answered,
)
from lupex_worlds.gazebo_files.files import MODELS, WORLD_FILE
from lupex_worlds.gazebo_files.world_model import ROVER_MODEL, STEP_S, SUN_NAME, SUN_SETTINGS, WORLD_NAME

FloatArray = npt.NDArray[np.float64]
UNITS = ("fl", "fr", "rl", "rr")
START_S = 1000.0
ODOMETRY_S = 0.04
"""Between poses."""
_CONTROL = f"/world/{WORLD_NAME}/control"
_LIGHT = f"/world/{WORLD_NAME}/light_config"
_LOAD_S, _STEP_WAIT_S = 150.0, 120.0


def free_running(made: Path, directory: Path) -> tuple[Path, list[Path]]:
    """Copy the Gazebo files of a world so that it runs unpaced and a command holds until the next; return world, path.

    The tracks' watchdog (`max_command_age`) is taken out: the command line tells a speed too seldom to feed it.
    """
    world, own = directory / WORLD_FILE, directory / MODELS
    own.mkdir(parents=True)
    text = (made / WORLD_FILE).read_text(encoding="utf-8")
    world.write_text(
        re.sub(r"<real_time_factor>[^<]*</real_time_factor>", "<real_time_factor>0</real_time_factor>", text),
        encoding="utf-8",
    )
    rover = own / ROVER_MODEL
    shutil.copytree(made / MODELS / ROVER_MODEL, rover)
    model = rover / "model.sdf"
    model.write_text(
        re.sub(r"\s*<max_command_age>[^<]*</max_command_age>", "", model.read_text(encoding="utf-8")), encoding="utf-8"
    )
    return world, [own, made / MODELS]


class SteppedWorld:
    """The rover in a server, by steps."""

    def __init__(self, server: Server, poses: Echo, deadline: Deadline) -> None:
        self.server = server
        self._poses = poses
        self._deadline = deadline
        self._asked_s = START_S

    @property
    def now_s(self) -> float:
        """Return the simulated time of the last step asked for."""
        return self._asked_s

    def poses(self, since_s: float) -> list[GzPose]:
        """Return the poses from a time on."""
        return [pose for pose in self._poses.heard if pose.time_s >= since_s - 1e-6]

    @property
    def pose(self) -> GzPose:
        """Return the newest pose; raises GzError when there is none."""
        heard = self._poses.heard
        if not heard:
            raise GzError(f"{self._poses.topic} has told no pose")
        return max(heard, key=lambda pose: pose.time_s)

    def _ask_steps(self, count: int) -> bool:
        return self.server.ask(_CONTROL, "gz.msgs.WorldControl", f"pause: true multi_step: {count}")

    def begin(self) -> None:
        """Wait until the world is loaded and its poses are heard; raises GzError or DeadlineError."""
        load = Deadline(_LOAD_S, self._deadline)
        first = max(1, round(ODOMETRY_S / STEP_S))
        until_answered(self.server, lambda: self._ask_steps(first), load, "the world is loaded")
        self._asked_s += first * STEP_S
        # a subscription takes a while to be found: step until it is
        while not self._poses.until(bool, 1.0):
            self.server.require_alive()
            load.require(f"a pose on {self._poses.topic}")
            self.step(0.2, heard=False)

    def step(self, seconds: float, *, heard: bool = True) -> None:
        """Let so much simulated time go by, and wait for it; raises GzError or DeadlineError."""
        count = round(seconds / STEP_S)
        deadline = Deadline(_STEP_WAIT_S, self._deadline)
        # asked once: a request that was taken and not answered would be made twice
        if not self._ask_steps(count):
            self.server.require_alive()
            raise GzError(f"{_CONTROL} did not take {count} steps")
        self._asked_s += count * STEP_S
        end_s = self._asked_s - 2.0 * ODOMETRY_S
        while heard and not self._poses.until(lambda poses: any(p.time_s >= end_s for p in poses[-3:]), 2.0):
            self.server.require_alive()
            deadline.require(f"{seconds:g} s of the world, of which poses reach {self.pose.time_s:.2f} s")

    def command(self, speeds_mps: FloatArray, angles_rad: FloatArray, wheel_radius_m: float | None = None) -> None:
        """Tell each unit its track's speed and its angle; with a radius the drives are wheels and take rad/s."""
        factor = 1.0 if wheel_radius_m is None else 1.0 / wheel_radius_m
        told = [
            (f"/rover/{unit}_{what}", "gz.msgs.Double", f"data: {float(value):.6f}")
            for what, values in (("drive/speed", factor * speeds_mps), ("steer/angle", angles_rad))
            for unit, value in zip(UNITS, values)
        ]
        self.server.tell(told)

    def hear(self, topic: str, read: Callable[[dict[str, Any]], Any], count: int, step_s: float) -> list[Any]:
        """Step until a topic has told so many messages and return them; raises GzError or DeadlineError."""
        deadline = Deadline(_STEP_WAIT_S, self._deadline)
        with hearing(self.server, topic, read) as echo:
            while not echo.until(lambda heard: len(heard) >= count, 1.0):
                deadline.require(f"{count} messages on {topic}, of which {len(echo.heard)} came")
                self.step(step_s)
            return echo.heard

    def shine(self, direction: FloatArray) -> None:
        """Turn the Sun's light into a direction (3); raises GzError when the server does not take it."""
        if not self.server.ask(_LIGHT, "gz.msgs.Light", light_text(direction)):
            raise GzError(f"{_LIGHT} did not take the Sun's direction")


def light_text(direction: FloatArray) -> str:
    """Return the Sun as a gz.msgs.Light in protobuf's text form, every field of it: what is left out becomes nought."""
    settings = SUN_SETTINGS

    def colour(name: str, values: tuple[float, float, float, float]) -> str:
        return f"{name} {{ " + " ".join(f"{key}: {value:g}" for key, value in zip("rgba", values)) + " }"

    x, y, z = (float(value) for value in direction)
    if not math.isfinite(x + y + z):
        raise ValueError("the Sun's direction must be finite")
    return " ".join(
        [
            f'name: "{SUN_NAME}" type: DIRECTIONAL cast_shadows: true intensity: {settings.intensity:g}',
            f"range: {settings.range_m:g} attenuation_constant: {settings.constant:g}",
            f"pose {{ position {{ z: {settings.height_m:g} }} orientation {{ w: 1 }} }}",
            colour("diffuse", settings.diffuse),
            colour("specular", settings.specular),
            f"direction {{ x: {x:.7f} y: {y:.7f} z: {z:.7f} }}",
        ]
    )


@contextlib.contextmanager
def stepped(made: Path, directory: Path, deadline: Deadline) -> Iterator[SteppedWorld]:
    """Serve the Gazebo files of a world, loaded and standing, while the block lasts; its log is gz.log there."""
    world_file, path = free_running(made, directory)
    with (
        serving(world_file, environment(path), directory / "gz.log", START_S) as server,
        hearing(server, "/rover/odometry", odometry) as poses,
    ):
        world = SteppedWorld(server, poses, deadline)
        world.begin()
        yield world
