# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lupex_models.rover import Lidar
from lupex_simulator.gazebo.told_cloud import told_cloud
from lupex_simulator.sensors.lidar import scan
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_worlds.ground import Ground
from lupex_worlds.truth.sensor_truth import kind_sensors

SENSOR = Lidar(0.6, 0.0, 1.4, 360, 16, -0.6, 0.1, 0.8, 20.0, 0.0, 1.0)
KIND = kind_sensors().lidar
PERFECT = dataclasses.replace(KIND, range_sigma_m=0.0, dropout_share=0.0, half_signal=0.0, outlier_share=0.0)
MAST = np.array([0.6, 0.0, 1.4])
END = SensorPose(0.0, 0.0, 0.0, 0.02, -0.03, 0.4)


def hills():
    x, y = np.meshgrid(np.arange(-25.0, 25.1, 0.25), np.arange(-25.0, 25.1, 0.25))
    heights = (0.4 * np.sin(0.5 * x) * np.cos(0.4 * y)).astype(np.float32)
    return Ground(heights, -25.0, -25.0, 0.25, np.zeros((5, 5), np.float32), -100.0, -100.0, 50.0)


def ideal():
    return scan(hills(), (END, END), SENSOR, PERFECT, np.random.default_rng(0))


def tell(points, start=END, draw=KIND, track_mps=0.0):
    return told_cloud(points, (start, END), SENSOR, draw, np.random.default_rng(1), track_mps=track_mps)


def test_kind_tells_what_gazebo_does():
    points = ideal()
    assert tell(points, track_mps=0.1) is points


def test_a_mounting_turns_the_cloud_the_other_way():
    mounting = (0.01, -0.02, 0.03)
    points = ideal()
    told = tell(points, draw=dataclasses.replace(KIND, mounting_rad=mounting))
    expected = Rotation.from_rotvec(mounting).inv().apply(points[:, :3])
    assert np.abs(told[:, :3] - expected).max() < 1e-5
    assert np.array_equal(told[:, 3], points[:, 3])


@pytest.mark.parametrize("mounting", [(0.0, 0.0, 0.0), (0.0, 0.02, 0.01)])
def test_while_moving_each_point_is_told_from_where_the_lidar_stood(mounting):
    start = SensorPose(-0.2, -0.1, 0.0, 0.02, -0.03, 0.3)
    told = tell(ideal(), start, dataclasses.replace(KIND, mounting_rad=mounting))[:, :3].astype(float)
    # each told ray, shot from where the lidar stood at its azimuth, ends on the ground
    share = (np.arctan2(told[:, 1], told[:, 0]) % math.tau) / math.tau
    first, last = Rotation.from_matrix(start.rotation()), Rotation.from_matrix(END.rotation())
    turned = Rotation.from_rotvec(share[:, None] * (first.inv() * last).as_rotvec())
    mast_start = first.apply(MAST) + np.array([-0.2, -0.1, 0.0])
    mast = mast_start + share[:, None] * (last.apply(MAST) - mast_start)
    in_map = (first * turned).apply(Rotation.from_rotvec(mounting).apply(told)) + mast
    ground = 0.4 * np.sin(0.5 * in_map[:, 0]) * np.cos(0.4 * in_map[:, 1])
    # the first and the last column are neighbours, with the whole motion between them
    kept = (share > 0.02) & (share < 0.98)
    # azimuth before and after differ by 0.1 rad of a turn at most: of the motion, at 20 m and 0.4 slope, that is 2 cm
    assert np.abs(in_map[kept, 2] - ground[kept]).max() < 0.03
    assert np.abs(tell(ideal())[:, :3] - told).max() > 0.5


def test_dust_stands_before_some_of_the_ground():
    dusty = dataclasses.replace(KIND, dust_share_driving=0.2, dust_depth_m=0.5)
    points = ideal()
    told = tell(points, draw=dusty, track_mps=0.05)
    near = np.linalg.norm(told[:, :3], axis=1) < np.linalg.norm(points[:, :3], axis=1) - 1e-6
    assert near.mean() == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / len(points)) + 0.01)
    assert np.linalg.norm(told[near, :3], axis=1).min() >= SENSOR.range_min_m - 1e-6
    directions = [cloud[near, :3] / np.linalg.norm(cloud[near, :3], axis=1)[:, None] for cloud in (told, points)]
    assert np.abs(directions[0] - directions[1]).max() < 1e-5
