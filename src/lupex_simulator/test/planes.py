# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Tilted planes to drive on, and how a vehicle is driven there."""

import math
from pathlib import Path

import numpy as np

from lupex_models.rover import read_rover
from lupex_worlds.ground import Ground

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
DT = 0.04
ONES, ZEROS = np.ones(4), np.zeros(4)


def plane(along_rad=0.0, across_rad=0.0, shape=None):
    """A tilted plane with its gradient given along x and y, and `shape` (x, y) -> height on top."""
    x = np.arange(-15.0, 15.01, 0.125)
    coarse = np.arange(-50.0, 50.1, 5.0)

    def heights(u, v):
        return math.tan(along_rad) * u + math.tan(across_rad) * v

    fine = heights(x[None, :], x[:, None])
    if shape is not None:
        fine = fine + shape(*np.meshgrid(x, x))
    return Ground(
        fine.astype(np.float32), -15.0, -15.0, 0.125,
        heights(coarse[None, :], coarse[:, None]).astype(np.float32), -50.0, -50.0, 5.0,
    )  # fmt: skip


def run(made, seconds, steer=ZEROS, speed=ONES, start_s=0.0, **step):
    for k in range(round(seconds / DT)):
        made.command(steer, speed, start_s + k * DT)
        made.step(DT, start_s + (k + 1) * DT, **step)
    return start_s + seconds
