# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lupex_models.rover import StarTracker, SunSensor
from lupex_models.site_frame import SiteFrame
from lupex_simulator.sensors.sky_sensors import (
    SkySensorSettings,
    base_from_star_tracker,
    boresight,
    quaternion,
    rotation_from_vector,
    star_tracker_reading,
    sun_sensor_reading,
)

TRACKER = StarTracker(1e-4, 3e-4, 0.785, math.pi, 0.52, 1.0)
SUN_SENSOR = SunSensor(3.5e-3, 0.1, 1.0)
LEVEL = np.eye(3)
WEST = np.array([-1.0, 0.0, 0.0])
EAST = np.array([1.0, 0.0, 0.0])


def read_stars(rng, sun=EAST, disc=1.0, skyline=0.0, base=LEVEL, icrf=LEVEL, tracker=TRACKER):
    return star_tracker_reading(tracker, SkySensorSettings(), base, icrf, sun, disc, skyline, rng)


@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_quaternion_and_rodrigues_agree_with_scipy(vector):
    rotation = rotation_from_vector(np.array(vector))
    expected = Rotation.from_rotvec(vector)
    assert np.allclose(rotation, expected.as_matrix(), atol=1e-12)
    assert np.allclose(Rotation.from_quat(quaternion(rotation)).as_matrix(), rotation, atol=1e-9)
    assert quaternion(rotation)[3] >= 0.0


def test_boresight_looks_up_to_the_rear():
    azimuth, elevation = boresight(TRACKER, LEVEL)
    assert azimuth == pytest.approx(1.5 * math.pi)
    assert elevation == pytest.approx(0.785)
    assert np.allclose(base_from_star_tracker(TRACKER) @ base_from_star_tracker(TRACKER).T, np.eye(3))


def test_attitude_is_the_true_one_within_the_stated_covariance():
    frame = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1900.0)
    icrf = frame.map_from_icrf(1.855e9)
    base = Rotation.from_euler("ZYX", [0.7, -0.1, 0.05]).as_matrix()
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(400):
        reading = read_stars(rng, base=base, icrf=icrf)
        measured = Rotation.from_quat(reading.icrf_from_sensor).as_matrix()
        truth = icrf.T @ base @ base_from_star_tracker(TRACKER)
        errors.append(Rotation.from_matrix(truth.T @ measured).as_rotvec())
    sigma = np.sqrt(np.diag(reading.covariance_rad2))
    assert sigma == pytest.approx([3e-4, 1e-4, 1e-4])
    # The standard deviation of 400 draws is within 5 / sqrt(800) of sigma, five sigma of its own error.
    assert np.std(errors, axis=0) == pytest.approx(sigma, rel=5 / math.sqrt(800))


def test_the_sun_near_the_boresight_blinds_only_when_it_is_up():
    rng = np.random.default_rng(0)
    near = np.array([-math.cos(0.5), 0.0, math.sin(0.5)])
    assert read_stars(rng, sun=near) is None
    assert read_stars(rng, sun=near, disc=0.0) is not None
    assert read_stars(rng, sun=WEST) is not None


def test_ground_before_the_boresight_blinds():
    rng = np.random.default_rng(0)
    assert read_stars(rng, skyline=0.6) is None
    nose_up = Rotation.from_euler("y", -0.785).as_matrix()
    assert boresight(TRACKER, nose_up)[1] == pytest.approx(0.0, abs=1e-9)
    assert read_stars(rng, base=nose_up) is None


def test_sun_direction_is_in_base_link():
    exact = dataclasses.replace(SUN_SENSOR, sigma_rad=0.0)
    left = Rotation.from_euler("z", math.pi / 2).as_matrix()
    direction = sun_sensor_reading(exact, left, EAST, 1.0, np.random.default_rng(0))
    assert direction == pytest.approx([0.0, -1.0, 0.0], abs=1e-12)


def test_sun_sensor_noise_is_that_of_each_axis():
    rng = np.random.default_rng(1)
    readings = np.array([sun_sensor_reading(SUN_SENSOR, LEVEL, EAST, 0.5, rng) for _ in range(400)])
    assert np.allclose(np.linalg.norm(readings, axis=1), 1.0)
    assert readings[:, 1:].std(axis=0) == pytest.approx([3.5e-3] * 2, rel=5 / math.sqrt(800))


def test_sun_sensor_needs_enough_of_the_disc():
    rng = np.random.default_rng(0)
    assert sun_sensor_reading(SUN_SENSOR, LEVEL, EAST, 0.1, rng) is None
    assert sun_sensor_reading(SUN_SENSOR, LEVEL, EAST, math.nan, rng) is None
    assert sun_sensor_reading(SUN_SENSOR, LEVEL, EAST, 0.11, rng) is not None
