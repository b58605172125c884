# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true place of a world in Gazebo: its ground, what stands on it, and where the rover's sensors are."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover, read_rover
from lupex_system_tests.gazebo_level.gz_messages import GzPose
from lupex_system_tests.gazebo_level.shadow_check import Body, Camera, Prediction, Scene, predict
from lupex_worlds.gazebo_files.gazebo_making import shared_file
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, Robot, read_urdf, read_xacro
from lupex_worlds.gazebo_files.world_model import Scene as GazeboScene
from lupex_worlds.gazebo_files.world_model import lander_place, scene_of, sun_direction
from lupex_worlds.ground import ground_heights
from lupex_worlds.run_world import open_run_world

FloatArray = npt.NDArray[np.float64]
NAVIGATION = "navigation_camera_left"
WIDTH, HEIGHT, FOV_RAD = 640, 480, 1.2
"""Of the navigation cameras, as description/sensors.xacro has them."""
_LOW_SUN_RAD = tuple(math.radians(deg) for deg in (0.7, 1.5, 2.5, 4.0))


@dataclass(frozen=True)
class TruePlace:
    """One world with its rover."""

    scene: GazeboScene
    rover: Rover
    robot: Robot

    def heights(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Return the true heights of the ground."""
        return np.asarray(ground_heights(self.scene.ground, np.ascontiguousarray(x_m), np.ascontiguousarray(y_m)))

    def sensor(self, pose: GzPose, link: str) -> FloatArray:
        """Return where a link (4, 4) stands in map, with the suspension at its zero."""
        base = np.eye(4)
        base[:3, :3], base[:3, 3] = pose.rotation, pose.place_m
        return np.asarray(base @ self.robot.pose(link))

    def camera(self, pose: GzPose) -> Camera:
        """Return the left navigation camera."""
        mounted = self.sensor(pose, NAVIGATION)
        return Camera(mounted[:3, 3], mounted[:3, :3], WIDTH, HEIGHT, FOV_RAD)

    def start_sun(self) -> FloatArray:
        """Return the direction (3) towards the Sun when the world begins."""
        return -sun_direction(self.scene.frame, self.scene.start_utc_s)

    def prediction(self, pose: GzPose, sun: FloatArray, every: int = 8) -> Prediction:
        """Return what geometry says of every so many pixels of the left navigation camera's picture."""
        x, y, z = (float(value) for value in pose.place_m)
        lander_x, lander_y, lander_z = lander_place(self.scene)
        hulls = Body(x, y, z - 1.0, 1.4, 3.6), Body(lander_x, lander_y, lander_z - 1.0, 2.3, 4.2)
        # within the box of the body, which lets no light through whatever stands on it
        cores = (Body(x, y, z + 0.4, 0.35, 0.3),)
        return predict(self.camera(pose), Scene(self.heights, sun, hulls, cores), every=every)

    def shading_sun(self, pose: GzPose) -> FloatArray:
        """Return the direction (3) of a low Sun that leaves nearest half of what the camera sees clearly in shadow."""
        best, apart = self.start_sun(), math.inf
        for elevation in _LOW_SUN_RAD:
            for side_deg in (-120.0, -90.0, -60.0, 60.0, 90.0, 120.0):
                bearing = pose.yaw_rad + math.radians(side_deg)
                sun = np.array([math.cos(bearing), math.sin(bearing), math.tan(elevation)])
                sun /= np.linalg.norm(sun)
                found = self.prediction(pose, sun, every=32)
                share = float(found.lit[found.clear].mean()) if found.clear.any() else 1.0
                if abs(share - 0.5) < apart:
                    best, apart = sun, abs(share - 0.5)
        return best


def open_place(world_directory: Path) -> TruePlace:
    """Open a made world at the truth level `kind`, as its Gazebo files are made."""
    rover_file = shared_file(Path("config") / "rover.yaml")
    robot = read_urdf(read_xacro(shared_file(DESCRIPTION), rover=rover_file.resolve()))
    return TruePlace(scene_of(open_run_world(world_directory, "kind", -1)), read_rover(rover_file), robot)
