# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lupex_models.rover import SunSensor
from lupex_simulator.sensors.sun_sensor import SunSensorUnit, centroid_lift_rad, lifted
from lupex_worlds.truth.sensor_truth import kind_sensors

SENSOR = SunSensor(3.5e-3, 0.1, 1.0)
DRAW = kind_sensors().sun_sensor
EXACT = dataclasses.replace(DRAW, sigma_rad=0.0)
LEVEL = np.eye(3)
EAST = np.array([1.0, 0.0, 0.0])
LEFT = Rotation.from_euler("z", math.pi / 2).as_matrix()
SUN_RADIUS_RAD = math.radians(0.2665)


def unit(draw=DRAW, seed=0):
    return SunSensorUnit(SENSOR, draw, np.random.default_rng(seed))


def read(draw=DRAW, base=LEVEL, sun=EAST, disc=1.0):
    return unit(draw).reading(base, sun, disc)


def test_sun_direction_is_in_base_link():
    assert read(EXACT, base=LEFT) == pytest.approx([0.0, -1.0, 0.0], abs=1e-12)


def test_noise_is_that_of_each_axis():
    sensor = unit(seed=1)
    readings = np.array([sensor.reading(LEVEL, EAST, 1.0) for _ in range(400)])
    assert np.allclose(np.linalg.norm(readings, axis=1), 1.0)
    assert readings[:, 1:].std(axis=0) == pytest.approx([3.5e-3] * 2, rel=5 / math.sqrt(800))


def test_it_needs_enough_of_the_disc():
    assert read(disc=0.1) is None
    assert read(disc=math.nan) is None
    assert read(disc=0.11) is not None


def test_mounting_turns_what_is_told_in_base_link():
    # about base_link's z by 5 mrad: the Sun ahead is told that much to the left, whatever the heading
    turned = dataclasses.replace(EXACT, mounting_rad=(0.0, 0.0, 5e-3))
    assert read(turned) == pytest.approx([math.cos(5e-3), math.sin(5e-3), 0.0], abs=1e-12)
    assert read(turned, base=LEFT) == pytest.approx([math.sin(5e-3), -math.cos(5e-3), 0.0], abs=1e-12)
    # about base_link's y: the Sun to the right stays where it is, the Sun ahead goes down
    nodding = dataclasses.replace(EXACT, mounting_rad=(0.0, 5e-3, 0.0))
    assert read(nodding, base=LEFT) == pytest.approx([0.0, -1.0, 0.0], abs=1e-12)
    assert read(nodding) == pytest.approx([math.cos(5e-3), 0.0, -math.sin(5e-3)], abs=1e-12)


def test_mounting_is_what_averaging_leaves():
    sensor = unit(dataclasses.replace(DRAW, mounting_rad=(0.0, 2e-3, -4e-3)))
    mean = np.mean([sensor.reading(LEVEL, EAST, 1.0) for _ in range(2000)], axis=0)
    # x turned about y goes down, about -z to the right
    assert mean[1:] == pytest.approx([-4e-3, -2e-3], abs=5 * 3.5e-3 / math.sqrt(2000))


def segment(skyline):
    """Area share and centroid, in radii, of a unit disc above a height, summed over strips."""
    heights = np.linspace(skyline, 1.0, 200_001)
    widths = 2.0 * np.sqrt(np.maximum(0.0, 1.0 - heights**2))
    area = np.trapezoid(widths, heights)
    return area / math.pi, np.trapezoid(widths * heights, heights) / area


@pytest.mark.parametrize("skyline", [-0.9, -0.5, 0.0, 0.4, 0.7])
def test_what_is_left_of_the_disc_stands_higher_than_its_centre(skyline):
    share, centroid = segment(skyline)
    assert centroid_lift_rad(share) == pytest.approx(centroid * SUN_RADIUS_RAD, rel=3e-3)


def test_half_a_disc_is_told_higher_by_its_centroid():
    assert segment(0.0) == pytest.approx((0.5, 4.0 / (3.0 * math.pi)), rel=1e-4)
    partly = dataclasses.replace(EXACT, centroid_share=1.0)
    sun = np.array([math.cos(0.02), 0.0, math.sin(0.02)])
    told = read(partly, sun=sun, disc=0.5)
    assert math.asin(told[2]) - 0.02 == pytest.approx(SUN_RADIUS_RAD * 4.0 / (3.0 * math.pi), rel=3e-3)
    assert read(partly, sun=sun, disc=1.0) == pytest.approx(sun, abs=1e-12)
    assert read(EXACT, sun=sun, disc=0.5) == pytest.approx(sun, abs=1e-12)


def test_lit_ground_pulls_down_and_more_with_less_of_the_disc():
    pulled = dataclasses.replace(EXACT, albedo_rad=1e-3)
    assert math.asin(read(pulled)[2]) == pytest.approx(-1e-3)
    assert math.asin(read(pulled, disc=0.25)[2]) == pytest.approx(-4e-3)


def test_a_lift_keeps_the_azimuth():
    direction = np.array([0.6 * math.cos(0.1), -0.8 * math.cos(0.1), math.sin(0.1)])
    raised = lifted(direction, 0.05)
    assert raised == pytest.approx([0.6 * math.cos(0.15), -0.8 * math.cos(0.15), math.sin(0.15)])
    assert lifted(np.array([0.0, 0.0, 1.0]), 0.1) == pytest.approx([0.0, 0.0, 1.0])
