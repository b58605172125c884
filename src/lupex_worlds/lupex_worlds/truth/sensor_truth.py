# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All sensors of one level, and all of their errors in one run."""

import dataclasses
from dataclasses import dataclass

from lupex_worlds.truth.imu_truth import ImuDraw, ImuTruth, draw_imu
from lupex_worlds.truth.lidar_truth import LidarDraw, LidarTruth, draw_lidar
from lupex_worlds.truth.sky_sensor_truth import (
    StarTrackerDraw,
    StarTrackerTruth,
    SunSensorDraw,
    SunSensorTruth,
    draw_star_tracker,
    draw_sun_sensor,
)
from lupex_worlds.truth_draw import random_stream


@dataclass(frozen=True)
class SensorTruth:
    """Spreads of a level. The defaults are the level `kind`."""

    imu: ImuTruth = dataclasses.field(default_factory=ImuTruth)
    star_tracker: StarTrackerTruth = dataclasses.field(default_factory=StarTrackerTruth)
    sun_sensor: SunSensorTruth = dataclasses.field(default_factory=SunSensorTruth)
    lidar: LidarTruth = dataclasses.field(default_factory=LidarTruth)


@dataclass(frozen=True)
class SensorDraw:
    """Errors of one run."""

    imu: ImuDraw
    star_tracker: StarTrackerDraw
    sun_sensor: SunSensorDraw
    lidar: LidarDraw


def draw_sensors(truth: SensorTruth, seed: int) -> SensorDraw:
    """Draw the sensors of one run, each from a stream of its own: one more spread of a sensor moves no other."""
    return SensorDraw(
        draw_imu(truth.imu, random_stream(seed, "truth of the imu")),
        draw_star_tracker(truth.star_tracker, random_stream(seed, "truth of the star tracker")),
        draw_sun_sensor(truth.sun_sensor, random_stream(seed, "truth of the sun sensor")),
        draw_lidar(truth.lidar, random_stream(seed, "truth of the lidar")),
    )


def kind_sensors() -> SensorDraw:
    """Return the sensors of the level `kind`: no errors beside those of config/rover.yaml, so no draw."""
    return draw_sensors(SensorTruth(), 0)
