# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The filter over recordings made here, of ways whose truth is known by integration in this file."""

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lupex_localization.inertial_odometry import Inertial, NoSuchMotion, Odometer, Places, gravity_of, motion_of

STEP_S = 0.01


def course(gravity, seconds=60.0, seed=1, bias=0.004, slope_rad=0.0):
    """Return (inertial, odometer, truth (n, 3), headings): curves at 0.8 m/s, after 2 s at rest, on a slope."""
    rng = np.random.default_rng(seed)
    times = np.arange(1, round(seconds / STEP_S) + 1) * STEP_S
    speed = np.clip((times - 2.0) * 0.4, 0.0, 0.8)
    turning = np.where(times > 4.0, 0.15 * np.sin(times / 5.0), 0.0)
    heading = np.cumsum(turning) * STEP_S
    tilt = Rotation.from_euler("y", -slope_rad)
    body = [tilt * Rotation.from_euler("z", angle) for angle in heading]
    velocity = np.array([turn.apply([v, 0.0, 0.0]) for turn, v in zip(body, speed, strict=True)])
    place = np.cumsum(velocity, axis=0) * STEP_S
    acceleration = np.gradient(velocity, STEP_S, axis=0) + np.array([0.0, 0.0, gravity])
    force = np.array([turn.inv().apply(a) for turn, a in zip(body, acceleration, strict=True)])
    rate = np.stack([np.zeros_like(turning), np.zeros_like(turning), turning + bias], axis=1)
    rate += rng.normal(0.0, 2e-3, rate.shape)
    force += rng.normal(0.0, 0.05, force.shape)
    told = slice(4, None, 5)
    read = speed[told] * (1.0 + rng.normal(0.0, 0.01, speed[told].shape))
    speeds = np.stack([read, np.zeros_like(read)], axis=1)
    return Inertial(times, rate, force), Odometer(times[told], speeds), place[told], heading[told]


@pytest.mark.parametrize("gravity", [0.0, 1.624, 9.80665])
def test_the_way_is_found_on_the_earth_on_the_moon_and_in_the_plane(gravity):
    inertial, odometer, truth, heading = course(gravity)
    found = motion_of(inertial, odometer)
    way_m = float(np.linalg.norm(np.diff(truth, axis=0), axis=1).sum())
    # a gyro bias of 0.004 rad/s would turn it by 14 degrees unless rest told it
    assert np.linalg.norm(found.position_m[-1] - truth[-1]) < 0.03 * way_m
    turned = 2.0 * math.atan2(found.quaternion[-1, 3], found.quaternion[-1, 0])
    assert math.remainder(turned - heading[-1], math.tau) == pytest.approx(0.0, abs=0.05)


def test_on_a_slope_it_climbs():
    inertial, odometer, truth, _ = course(9.80665, slope_rad=0.15)
    found = motion_of(inertial, odometer)
    assert truth[-1, 2] > 3.0
    assert found.position_m[-1, 2] == pytest.approx(truth[-1, 2], abs=0.5)


def test_places_say_where_it_is_and_which_way_it_heads():
    inertial, odometer, truth, heading = course(9.80665, seconds=120.0)
    turn = Rotation.from_euler("z", 2.0)
    there = turn.apply(truth) + np.array([100.0, -50.0, 7.0])
    rng = np.random.default_rng(3)
    each = slice(0, None, 20)
    places = Places(
        odometer.time_s[each], there[each] + rng.normal(0.0, 0.3, there[each].shape), np.full((120, 3), 0.3)
    )
    found = motion_of(inertial, odometer, places)
    off = np.linalg.norm(found.position_m - there, axis=1)
    assert np.sqrt(np.mean(off[len(off) // 2 :] ** 2)) < 0.3
    assert off[-1] < 3.0 * math.hypot(found.sigma_m[-1], found.sigma_m[-1]) + 0.3
    turned = 2.0 * math.atan2(found.quaternion[-1, 3], found.quaternion[-1, 0])
    assert math.remainder(turned - heading[-1] - 2.0, math.tau) == pytest.approx(0.0, abs=0.05)


def test_a_gravity_of_nowhere_is_refused_with_those_that_are_known():
    assert gravity_of(np.array([[0.0, 1.0, 9.7]]))[0] == "Earth"
    with pytest.raises(NoSuchMotion, match=r"5\.00 m/s2.*9\.81 of the Earth.*1\.62 of the Moon"):
        gravity_of(np.array([[0.0, 3.0, 4.0]]))


def test_what_holds_no_common_time_is_refused():
    inertial, odometer, _, _ = course(9.80665, seconds=5.0)
    with pytest.raises(NoSuchMotion, match="inertial"):
        motion_of(Inertial(inertial.time_s[:1], inertial.rate[:1], inertial.force[:1]), odometer)
    with pytest.raises(NoSuchMotion, match="speeds"):
        motion_of(inertial, Odometer(odometer.time_s + 100.0, odometer.speed_mps))
