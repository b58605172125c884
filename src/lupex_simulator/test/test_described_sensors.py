# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The robot description against the embedded sensors: where they sit, and how the lidar scans."""

import numpy as np
import pytest

from lupex_models.rover import read_rover
from lupex_simulator.sensors.lidar import ray_directions
from lupex_simulator.sensors.sky_sensors import base_from_star_tracker
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, DRIVES, read_urdf, read_xacro
from lupex_worlds.gazebo_files.rover_model import rover_model

pytest.importorskip("xacro")
VARIANTS = [(drive, "sprung") for drive in DRIVES] + [("tracks", "rigid")]


@pytest.fixture(scope="module")
def rover(repository):
    return read_rover(repository / "config" / "rover.yaml")


@pytest.fixture(scope="module")
def robots(repository):
    path = repository / DESCRIPTION
    return {variant: read_urdf(read_xacro(path, *variant)) for variant in VARIANTS}


@pytest.fixture(scope="module", params=VARIANTS, ids="-".join)
def robot(request, robots):
    return robots[request.param]


@pytest.fixture(scope="module")
def model(robots):
    return rover_model(robots["tracks", "sprung"]).find("model")


def test_frames_are_those_of_the_embedded_world(robot, rover):
    lidar = robot.pose("lidar")
    assert lidar[:3, 3] == pytest.approx((rover.lidar.x_m, rover.lidar.y_m, rover.lidar.z_m))
    assert np.allclose(lidar[:3, :3], np.eye(3))
    assert np.allclose(robot.pose("star_tracker")[:3, :3], base_from_star_tracker(rover.star_tracker), atol=1e-12)
    assert robot.pose("drill")[:3, 3] == pytest.approx((rover.drill.x_m, rover.drill.y_m, 0.0))


def sensor(model, name):
    return next(element for element in model.iter("sensor") if element.get("name") == name)


def value(element, path):
    return float(element.findtext(path))


def test_lidar_scans_as_in_the_embedded_world(model, rover):
    lidar = sensor(model, "lidar")
    assert [float(v) for v in lidar.findtext("pose").split()] == [0.6, 0.0, 1.4, 0, 0, 0]
    assert value(lidar, "update_rate") == rover.lidar.rate_hz
    scan = lidar.find("lidar/scan")
    angles = [
        np.linspace(value(scan, f"{d}/min_angle"), value(scan, f"{d}/max_angle"), int(scan.findtext(f"{d}/samples")))
        for d in ("vertical", "horizontal")
    ]
    elevation, azimuth = np.meshgrid(*angles, indexing="ij")
    made = np.stack(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], axis=-1
    )
    # the embedded scan begins at azimuth 0, Gazebo's behind the rover
    wanted = np.roll(ray_directions(rover.lidar).reshape(rover.lidar.rows, -1, 3), rover.lidar.columns // 2, axis=1)
    assert np.abs(made - wanted).max() < 1e-9
    assert (value(lidar, "lidar/range/min"), value(lidar, "lidar/range/max")) == (
        rover.lidar.range_min_m,
        rover.lidar.range_max_m,
    )
    assert value(lidar, "lidar/noise/stddev") == rover.lidar.range_sigma_m
