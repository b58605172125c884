# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is driven in each world: it settles, stands, drives straight, turns in place and crabs."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover
from lupex_system_tests.gazebo_level.gz_messages import acceleration
from lupex_system_tests.gazebo_level.gz_program import hearing
from lupex_system_tests.gazebo_level.motion_figures import Rest, Run, Turn, rest, run, turn
from lupex_system_tests.gazebo_level.stepped_world import SteppedWorld

FloatArray = npt.NDArray[np.float64]
SPEED_MPS = 0.1
CRAB_RAD = math.radians(30.0)
_SETTLE_S, _REST_S, _STEER_S, _RAMP_S, _TURN_S, _CRAB_S = 5.0, 30.0, 6.0, 1.0, 10.0, 30.0
STILL = np.zeros(4)


@dataclass(frozen=True)
class Course:
    """How long each motion takes; `wheel_radius_m` where the drives are wheels."""

    straight_m: float = 10.0
    manoeuvres: bool = True
    wheel_radius_m: float | None = None


@dataclass(frozen=True)
class CourseFigures:
    """What came of it; None for what was not driven."""

    rest: Rest
    straight: Run
    turn: Turn | None
    crab: Run | None


def turning(rover: Rover) -> tuple[FloatArray, FloatArray, float]:
    """Return (speeds, angles, rate): every unit across its arm, left about, no steering angle beyond a quarter turn."""
    x, y = rover.crawler.unit_x_m, rover.crawler.unit_y_m
    places = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
    angles = np.arctan2(places[:, 0], -places[:, 1])
    back = np.abs(angles) > 0.5 * math.pi
    angles = np.where(back, angles - np.sign(angles) * math.pi, angles)
    return SPEED_MPS * np.where(back, -1.0, 1.0), angles, SPEED_MPS / math.hypot(x, y)


def drive(world: SteppedWorld, rover: Rover, course: Course) -> CourseFigures:
    """Drive a course from where the rover was set down; raises GzError, DeadlineError or MotionError."""
    world.step(_SETTLE_S)
    since = world.now_s
    with hearing(world.server, "/rover/imu", acceleration) as felt:
        # until the subscription is found nothing is heard, and the rover stands all the same
        world.step(_REST_S)
        while not felt.until(lambda heard: len(heard) >= 25, 1.0):
            world.step(1.0)
        stood = rest(world.poses(since), np.array(felt.heard))
    full = np.full(4, SPEED_MPS)
    straight = run(_driven(world, full, STILL, course.straight_m / SPEED_MPS, course), SPEED_MPS)
    if not course.manoeuvres:
        return CourseFigures(stood, straight, None, None)
    speeds, angles, rate = turning(rover)
    turned = turn(_driven(world, speeds, angles, _TURN_S, course), rate)
    crabbed = run(_driven(world, full, np.full(4, CRAB_RAD), _CRAB_S, course), SPEED_MPS, CRAB_RAD)
    return CourseFigures(stood, straight, turned, crabbed)


def _driven(world: SteppedWorld, speeds: FloatArray, angles: FloatArray, seconds: float, course: Course) -> list:
    """Steer while standing, drive, stop; return the poses of the steady part."""
    world.command(STILL, angles, course.wheel_radius_m)
    world.step(_STEER_S)
    world.command(speeds, angles, course.wheel_radius_m)
    world.step(_RAMP_S)
    since = world.now_s
    world.step(seconds)
    poses = world.poses(since)
    world.command(STILL, angles, course.wheel_radius_m)
    world.step(_RAMP_S)
    return poses
