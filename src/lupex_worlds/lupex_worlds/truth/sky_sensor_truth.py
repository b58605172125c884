# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What star tracker and sun sensor truly suffer from: spreads of a level, and the errors drawn for one run.

The defaults are the level `kind`: the white noise of config/rover.yaml and nothing beside it.
"""

import math
from dataclasses import dataclass

import numpy as np

from lupex_models.configuration import setting
from lupex_worlds.spread import Range, uniform
from lupex_worlds.truth.sensor_spread import Vector, small_rotation


@dataclass(frozen=True)
class StarTrackerTruth:
    """Spreads of the star tracker; what it claims of itself stays that of config/rover.yaml."""

    cross_sigma_rad: tuple[float, float] = setting(
        (9.7e-5, 9.7e-5), "white, about y and z", unit="rad", minimum=0, maximum=0.1
    )
    roll_sigma_rad: tuple[float, float] = setting(
        (2.9e-4, 2.9e-4), "white, about the boresight", unit="rad", minimum=0, maximum=0.1
    )
    mounting_deg: tuple[float, float] = setting(
        (0.0, 0.0), "constant, about any axis", unit="deg", minimum=0, maximum=10
    )
    sun_exclusion_rad: tuple[float, float] = setting(
        (0.52, 0.52), "blind with the visible Sun nearer", unit="rad", minimum=0, maximum=3.2
    )
    earth_exclusion_rad: tuple[float, float] = setting(
        (0.0, 0.0), "blind with the visible Earth nearer", unit="rad", minimum=0, maximum=3.2
    )
    outage_per_h: tuple[float, float] = setting((0.0, 0.0), "outages by chance", unit="1/h", minimum=0, maximum=3600)
    outage_s: tuple[float, float] = setting(
        (10.0, 10.0), "length of an outage, uniform", unit="s", minimum=0, maximum=1e5
    )
    dust_per_h: tuple[float, float] = setting(
        (0.0, 0.0),
        "times of dust before it, in an hour of driving at full track speed",
        unit="1/h",
        minimum=0,
        maximum=3600,
    )
    dust_s: tuple[float, float] = setting(
        (10.0, 10.0), "length of such a time, uniform", unit="s", minimum=0, maximum=1e5
    )
    dust_wrong_share: tuple[float, float] = setting(
        (0.0, 0.0), "of those times in which false stars give a wrong attitude; else it is blind", minimum=0, maximum=1
    )
    false_attitude_deg: tuple[float, float] = setting(
        (0.0, 0.0), "error of a wrong attitude, uniform, about any axis", unit="deg", minimum=0, maximum=180
    )


@dataclass(frozen=True)
class StarTrackerDraw:
    """Errors of the star tracker in one run; durations and wrong attitudes are drawn as they come."""

    cross_sigma_rad: float
    roll_sigma_rad: float
    mounting_rad: Vector
    """Rotation vector from the true axes to those that are believed: true = believed * this, in the sensor's frame."""
    sun_exclusion_rad: float
    earth_exclusion_rad: float
    outage_rate_hz: float
    outage_s: Range
    dust_rate_hz: float
    dust_s: Range
    dust_wrong_share: float
    false_attitude_deg: Range


@dataclass(frozen=True)
class SunSensorTruth:
    """Spreads of the sun sensor."""

    sigma_rad: tuple[float, float] = setting((3.5e-3, 3.5e-3), "white, each axis", unit="rad", minimum=0, maximum=0.5)
    mounting_deg: tuple[float, float] = setting(
        (0.0, 0.0), "constant, about any axis", unit="deg", minimum=0, maximum=10
    )
    albedo_deg: tuple[float, float] = setting(
        (0.0, 0.0), "pull of the lit ground downwards, with the whole disc in view", unit="deg", minimum=0, maximum=10
    )
    centroid_share: tuple[float, float] = setting(
        (0.0, 0.0), "of the way from the disc's centre to that of its part in view", minimum=0, maximum=1
    )


@dataclass(frozen=True)
class SunSensorDraw:
    """Errors of the sun sensor in one run."""

    sigma_rad: float
    mounting_rad: Vector
    """Rotation vector of what is told against base_link."""
    albedo_rad: float
    centroid_share: float


def draw_star_tracker(truth: StarTrackerTruth, rng: np.random.Generator) -> StarTrackerDraw:
    """Draw the star tracker of one run."""
    return StarTrackerDraw(
        uniform(truth.cross_sigma_rad, rng),
        uniform(truth.roll_sigma_rad, rng),
        small_rotation(truth.mounting_deg, rng),
        uniform(truth.sun_exclusion_rad, rng),
        uniform(truth.earth_exclusion_rad, rng),
        uniform(truth.outage_per_h, rng) / 3600.0,
        truth.outage_s,
        uniform(truth.dust_per_h, rng) / 3600.0,
        truth.dust_s,
        uniform(truth.dust_wrong_share, rng),
        truth.false_attitude_deg,
    )


def draw_sun_sensor(truth: SunSensorTruth, rng: np.random.Generator) -> SunSensorDraw:
    """Draw the sun sensor of one run."""
    return SunSensorDraw(
        uniform(truth.sigma_rad, rng),
        small_rotation(truth.mounting_deg, rng),
        math.radians(uniform(truth.albedo_deg, rng)),
        uniform(truth.centroid_share, rng),
    )
