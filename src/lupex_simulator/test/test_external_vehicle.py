# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.rover import read_rover
from lupex_simulator.crawler.external_vehicle import ExternalVehicle
from lupex_worlds.pose import Pose

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
LEVEL = Pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def at(x=0.0, y=0.0, z=0.0, roll=0.0, pitch=0.0, yaw=0.0):
    return Pose(x, y, z, roll, pitch, yaw)


def vehicle(track=0.1, steer=0.0):
    made = ExternalVehicle(ROVER, LEVEL, 1000.0)
    made.drive(np.full(4, steer), np.full(4, track), 12.0)
    return made


def test_way_is_counted_and_trembling_is_not():
    made = vehicle()
    for k in range(50):
        made.place(at(x=0.001 * (k % 2)), 1000.2 + 0.2 * k)
    assert made.distance_m == 0.0
    for k in range(10):
        made.place(at(x=0.02 * (k + 1)), 1020.0 + 0.2 * k)
    assert made.distance_m == pytest.approx(0.2)


@pytest.mark.parametrize(("yaw", "steer"), [(0.0, 0.0), (2.0, 0.0), (3.1, 0.5), (-1.0, -1.2)])
def test_slip_is_what_the_tracks_run_more_than_the_ground(yaw, steer):
    made = ExternalVehicle(ROVER, at(yaw=yaw), 1000.0)
    made.drive(np.full(4, steer), np.full(4, 0.1), 0.0)
    course = yaw + steer
    made.place(at(0.016 * math.cos(course), 0.016 * math.sin(course), yaw=yaw), 1000.2)
    assert made.slip == pytest.approx(0.2)


def test_way_up_a_slope_is_longer_than_on_the_map():
    made = vehicle()
    made.place(at(x=0.02 * math.cos(0.3), z=0.02 * math.sin(0.3)), 1000.2)
    assert made.slip == pytest.approx(0.0, abs=1e-9)


def test_turning_on_the_spot_is_no_slip():
    made = ExternalVehicle(ROVER, LEVEL, 1000.0)
    x, y = ROVER.crawler.unit_x_m, ROVER.crawler.unit_y_m
    places = np.array([[x, y], [x, -y], [-x, y], [-x, -y]])
    rate = 0.05
    velocity = rate * np.stack([-places[:, 1], places[:, 0]], axis=-1)
    made.drive(np.arctan2(velocity[:, 1], velocity[:, 0]), np.linalg.norm(velocity, axis=1), 0.0)
    made.place(at(yaw=rate * 0.2), 1000.2)
    assert made.slip == pytest.approx(0.0, abs=1e-9)


def test_standing_before_a_rock_is_all_slip_and_rest_is_none():
    made = vehicle()
    made.place(at(), 1000.2)
    assert made.slip == 1.0
    made.drive(np.zeros(4), np.zeros(4), 0.0)
    made.place(at(), 1000.4)
    assert made.slip == 0.0


def test_old_and_far_poses_give_no_speed():
    made = vehicle()
    made.place(at(x=0.01), 1000.2)
    slip = made.slip
    made.place(at(x=5.0), 1000.1)
    assert made.pose.x_m == 0.01
    made.place(at(x=5.0), 1010.0)
    assert made.slip == slip
    assert made.pose.x_m == 5.0


def test_tipping_over_is_for_good():
    made = vehicle()
    made.place(at(roll=ROVER.body.tip_over_rad + 0.01), 1000.2)
    made.place(at(), 1000.4)
    assert made.tipped


def test_turning_actuators_take_power():
    made = ExternalVehicle(ROVER, LEVEL, 1000.0, steering_power_w=4.0)
    made.drive(np.array([0.015, 0.015, 0.0, 0.0]), np.zeros(4), 12.0)
    assert made.power_w == 20.0
    made.drive(np.array([0.0151, 0.0149, 0.0, 0.0]), np.zeros(4), 12.0)
    assert made.power_w == 12.0
