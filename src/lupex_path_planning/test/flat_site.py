# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A flat site, lit in the west and dark in the east for ever, and its planner."""

import math
from pathlib import Path

import numpy as np

from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.rover import read_rover
from lupex_models.site import Haven, OrbitalSite, Pose2, Target
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.config import GridConfig, MapErrorConfig, PathPlanningConfig, RecoveryConfig
from lupex_path_planning.site_planner import site_planner

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
UTC_S = 1.855e9


def flat_site():
    """Return the site: a haven at the lander, a target 80 m east of it in the dark."""
    counts = np.full((36, 20, 20), -300, np.int16)
    counts[:, :, 12:] = 2000
    dem = HeightField(np.zeros((60, 60), np.float32), -150.0, -150.0, 5.0)
    horizon = HorizonMap(counts, -190.0, -190.0, 20.0, 1.5)
    frame = SiteFrame(math.radians(-89.5), 0.0, 0.0)
    havens, targets = (Haven(0.0, 0.0, 10.0),), (Target(80.0, 0.0, "dark"),)
    lander = Pose2(0.0, 0.0, 0.0)
    return OrbitalSite("flat", frame, dem, horizon, counts[0] > 0, lander, havens, targets, UTC_S, UTC_S - 1000.0)


def flat_planner(site, horizon_s):
    """Return a planner over the site that looks so far ahead; its map is exact."""
    config = PathPlanningConfig(
        rover="",
        site="",
        grid=GridConfig(pad_m=40.0),
        recovery=RecoveryConfig(slice_s=900.0, horizon_s=horizon_s),
        map_error=MapErrorConfig(members=0),
    )
    return site_planner(config, ROVER, site)
