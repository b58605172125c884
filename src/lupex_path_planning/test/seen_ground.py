# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Costmaps of made hazards, and looks at them over a flat site."""

import numpy as np

from lupex_models.costmap import Costmap
from lupex_path_planning.config import GridConfig
from lupex_path_planning.near_field.closed_moves import Room, look
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.site_grid import grid_of

CELL, ROOM = 0.2, Room(0.83, 0.2, 0.0)
FRAME = Planar(0.0, 0.0, 0.0)
GRID = grid_of(np.zeros((15, 15)), -35.0, -35.0, 5.0, GridConfig())
ROVER = (0.0, 0.0)
ALL = np.ones((8, *GRID.shape), bool)


def costmap(hazard, unknown=lambda x, y: x > 1e9, half_m=24.0, frame=FRAME):
    """Return a costmap around the origin of odom, its hazards given in map."""
    size = round(2.0 * half_m / CELL)
    made = Costmap(0.0, np.zeros((size, size), np.int8), -half_m, -half_m, CELL)
    x, y = frame.apply(np.stack([v.ravel() for v in made.centres()], axis=-1)).T.reshape(2, size, size)
    cost = np.where(unknown(x, y), -1, np.where(hazard(x, y), 100, 0)).astype(np.int8)
    return Costmap(0.0, cost, -half_m, -half_m, CELL)


def nothing(x, y):
    """Return a mask of no ground."""
    return x > 1e9


def seen(hazard, unknown=nothing, rover=ROVER, frame=FRAME, room=ROOM, asked=ALL):
    """Return what a look around the origin of odom tells."""
    return look(GRID, costmap(hazard, unknown, frame=frame), frame, rover, room, asked)
