# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import read_rover
from lupex_models.site import Haven, OrbitalSite, Pose2, Target
from lupex_models.site_frame import SiteFrame
from lupex_power_management.bus import BusReading

ROVER_YAML = Path(__file__).parents[3] / "config" / "rover.yaml"
START_UTC_S = 1_857_000_000.0


@pytest.fixture(scope="session")
def rover():
    return read_rover(ROVER_YAML)


@pytest.fixture(scope="session")
def tables(rover):
    return LocomotionTable.build(rover), LocomotionTable.build(rover, 0.95, soils=32)


@pytest.fixture(scope="session")
def site():
    """Half in the sun for ever (x > 0), half in permanent shadow, rising gently to the east."""
    axis = np.arange(-100, 101) * 5.0
    x, _ = np.meshgrid(axis, axis)
    dem = HeightField((0.05 * x).astype(np.float32), -500.0, -500.0, 5.0)
    skyline = np.where(x > 0.0, -1000, 3000).astype(np.int16)
    horizon = HorizonMap(np.repeat(skyline[None], 8, axis=0), -500.0, -500.0, 5.0, 1.2)
    return OrbitalSite(
        name="halves",
        frame=SiteFrame(math.radians(-89.44), math.radians(222.87), 1900.0),
        dem=dem,
        horizon=horizon,
        permanent_shadow=x <= 0.0,
        lander=Pose2(50.0, 0.0, 0.0),
        havens=(Haven(50.0, 0.0, 20.0),),
        targets=(Target(-100.0, 0.0, "ice"),),
        start_utc_s=START_UTC_S,
        utc_offset_s=START_UTC_S - 1000.0,
    )


@pytest.fixture
def reading():
    """At half charge and 285 K with 60 W of avionics and nothing else."""
    return BusReading(1000.0, 29.5, 2.14, 285.0, 0.0, 0.0, 0.0, 0.0, 60.0, False, False, False)


@pytest.fixture
def changed(reading):
    return lambda **values: dataclasses.replace(reading, **values)
