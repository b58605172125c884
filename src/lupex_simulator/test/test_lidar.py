# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.rover import Lidar
from lupex_simulator.sensors.lidar import ray_directions
from lupex_simulator.sensors.lidar import scan as scan_between
from lupex_simulator.sensors.sensor_pose import SensorPose
from lupex_worlds.ground import Ground
from lupex_worlds.truth.sensor_truth import kind_sensors

SENSOR = Lidar(0.6, 0.0, 1.4, 90, 16, -0.785, 0.175, 0.8, 20.0, 0.0, 1.0)
KIND = kind_sensors().lidar
PERFECT = dataclasses.replace(KIND, range_sigma_m=0.0, dropout_share=0.0, half_signal=0.0, outlier_share=0.0)


def scan(ground, pose, sensor, draw, rng):
    return scan_between(ground, (pose, pose), sensor, draw, rng)


def patch(heights: np.ndarray) -> Ground:
    n = heights.shape[0]
    half = 0.25 * (n - 1) / 2
    coarse = np.zeros((5, 5), dtype=np.float32)
    return Ground(heights.astype(np.float32), -half, -half, 0.25, coarse, -20.0, -20.0, 10.0)


def test_flat_ground_gives_the_height_of_the_sensor_at_any_tilt():
    ground = patch(np.zeros((201, 201)))
    pose = SensorPose(0.3, -0.2, 0.0, 0.1, -0.15, 0.7)
    points = scan(ground, pose, SENSOR, PERFECT, np.random.default_rng(0))
    mounted = points[:, :3] + np.array([SENSOR.x_m, SENSOR.y_m, SENSOR.z_m])
    in_map = mounted @ pose.rotation().T
    assert len(points) > 500
    assert np.abs(in_map[:, 2]).max() < 1e-5


def test_rays_above_the_horizon_return_nothing():
    upward = dataclasses.replace(SENSOR, elevation_min_rad=0.01)
    points = scan(patch(np.zeros((201, 201))), SensorPose(0, 0, 0, 0, 0, 0), upward, PERFECT, np.random.default_rng(0))
    assert points.shape == (0, 4)
    assert points.dtype == np.float32


def test_a_rock_is_seen_in_front_of_the_ground_behind():
    heights = np.zeros((201, 201))
    heights[98:103, 119:123] = 0.8
    level = dataclasses.replace(SENSOR, columns=8, rows=1, elevation_min_rad=-0.2, elevation_max_rad=-0.2)
    points = scan(patch(heights), SensorPose(0, 0, 0, 0, 0, 0), level, PERFECT, np.random.default_rng(0))
    ahead = points[np.abs(np.arctan2(points[:, 1], points[:, 0])) < 0.01]
    assert 4.0 < ahead[0, 0] + SENSOR.x_m < 5.0


def test_a_hit_nearer_than_the_smallest_range_blocks_the_ray():
    heights = np.full((201, 201), 0.9)
    points = scan(patch(heights), SensorPose(0, 0, 0, 0, 0, 0), SENSOR, PERFECT, np.random.default_rng(0))
    assert np.linalg.norm(points[:, :3], axis=1).min() >= SENSOR.range_min_m


def test_noise_has_the_sigma_of_the_sensor_and_losses_their_share():
    noisy = dataclasses.replace(SENSOR, elevation_max_rad=-0.3, columns=360, rows=32)
    lossy = dataclasses.replace(PERFECT, range_sigma_m=0.05, dropout_share=0.2)
    ground, pose = patch(np.zeros((201, 201))), SensorPose(0, 0, 0, 0, 0, 0)
    points = scan(ground, pose, noisy, lossy, np.random.default_rng(3))
    rays = noisy.columns * noisy.rows
    # Binomial: five sigma of the kept share.
    assert abs(len(points) / rays - 0.8) < 5 * math.sqrt(0.16 / rays)
    ranges = np.linalg.norm(points[:, :3], axis=1)
    error = ranges * (1.0 + points[:, 2] * 0.0) - SENSOR.z_m / (-points[:, 2] / ranges)
    # Standard error of a standard deviation is sigma / sqrt(2 n).
    assert abs(error.std() - 0.05) < 5 * 0.05 / math.sqrt(2 * len(points))


def test_the_same_generator_gives_the_same_scan():
    ground, pose = patch(np.random.default_rng(1).normal(0, 0.1, (201, 201))), SensorPose(0, 0, 0.2, 0, 0, 1)
    first = scan(ground, pose, SENSOR, KIND, np.random.default_rng(5))
    again = scan(ground, pose, SENSOR, KIND, np.random.default_rng(5))
    assert np.array_equal(first, again)


def test_beyond_the_fine_patch_the_coarse_field_is_seen():
    ground = patch(np.zeros((9, 9)))
    points = scan(ground, SensorPose(0, 0, 0, 0, 0, 0), SENSOR, PERFECT, np.random.default_rng(0))
    assert np.hypot(points[:, 0], points[:, 1]).max() > 10.0


def test_directions_are_unit_vectors_row_by_row():
    directions = ray_directions(SENSOR)
    assert directions.shape == (SENSOR.rows * SENSOR.columns, 3)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1.0)
    assert math.asin(directions[0, 2]) == pytest.approx(SENSOR.elevation_min_rad)


def test_a_pose_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        scan(patch(np.zeros((9, 9))), SensorPose(math.nan, 0, 0, 0, 0, 0), SENSOR, PERFECT, np.random.default_rng(0))
