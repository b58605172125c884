# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A lidar over a made-up ground, for the tests."""

from pathlib import Path

import numpy as np

from lupex_models.rover import read_rover

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")


def scan(ground, position, yaw=0.0, sigma=0.0, seed=0, reach=20.0):
    """Return a cloud (n, 4) of the rover's lidar by marching rays; the rover stands level at `position`."""
    lidar = ROVER.lidar
    elevation = np.linspace(lidar.elevation_min_rad, lidar.elevation_max_rad, lidar.rows)
    azimuth = np.arange(lidar.columns) * 2 * np.pi / lidar.columns
    e, a = (g.ravel() for g in np.meshgrid(elevation, azimuth, indexing="ij"))
    rays = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], axis=-1)
    turned = rays @ turn(yaw).T
    origin = np.asarray(position) + turn(yaw) @ (lidar.x_m, lidar.y_m, lidar.z_m)
    ranges = np.arange(0.9, reach, 0.04)
    below = np.zeros((rays.shape[0], ranges.size), bool)
    for k, r in enumerate(ranges):
        at = origin + r * turned
        below[:, k] = at[:, 2] < ground(at[:, 0], at[:, 1])
    hit = below.any(axis=1)
    found = ranges[below.argmax(axis=1)][hit] - 0.02
    found = found + np.random.default_rng(seed).normal(0.0, sigma, found.size) if sigma else found
    return np.c_[rays[hit] * found[:, None], np.ones(found.size)].astype(np.float32)


def strayed(cloud, share, seed):
    """Return a cloud of which a share of the returns is at a range drawn from all that the lidar has."""
    rng = np.random.default_rng(seed)
    stray = rng.random(len(cloud)) < share
    ranges = rng.uniform(ROVER.lidar.range_min_m, ROVER.lidar.range_max_m, len(cloud))
    factor = np.where(stray, ranges / np.linalg.norm(cloud[:, :3], axis=1), 1.0)
    return np.c_[cloud[:, :3] * factor[:, None], cloud[:, 3]].astype(np.float32)


def centres(ground):
    """Return x and y (n, n) of a map's cells."""
    at = (np.arange(ground.size) + 0.5) * ground.config.cell_m
    x_m, y_m = ground.origin_m
    return np.meshgrid(at + x_m, at + y_m)


def turn(yaw):
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
