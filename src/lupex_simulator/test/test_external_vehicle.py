# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.rover import read_rover
from lupex_simulator.config import GazeboAdapterConfig, SimulatorConfig
from lupex_simulator.conversions import joint_power_w, joint_travel_m
from lupex_simulator.crawler.external_vehicle import ExternalVehicle
from lupex_simulator.gazebo.conversions import joint_states_message
from lupex_simulator.gazebo.unit_drive import UnitDrive
from lupex_simulator.parts import read_parts
from lupex_simulator.simulation import Simulation
from lupex_worlds.pose import Pose
from lupex_worlds.world import open_world

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
LEVEL = Pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def at(x=0.0, y=0.0, z=0.0, roll=0.0, pitch=0.0, yaw=0.0):
    return Pose(x, y, z, roll, pitch, yaw)


def vehicle(track=0.1, steer=0.0):
    made = ExternalVehicle(ROVER, LEVEL, 1000.0)
    drive(made, np.full(4, steer), np.full(4, track))
    return made


def drive(made, steer, track, time_s=1000.0, travel_m=0.0):
    made.drive(steer, track, np.full(4, travel_m), 12.0, time_s)


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
    drive(made, np.full(4, steer), np.full(4, 0.1))
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
    drive(made, np.arctan2(velocity[:, 1], velocity[:, 0]), np.linalg.norm(velocity, axis=1))
    made.place(at(yaw=rate * 0.2), 1000.2)
    assert made.slip == pytest.approx(0.0, abs=1e-9)


def test_standing_before_a_rock_is_all_slip_and_rest_is_none():
    made = vehicle()
    made.place(at(), 1000.2)
    assert made.slip == 1.0
    drive(made, np.zeros(4), np.zeros(4), 1000.2, 0.02)
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


def test_slip_is_over_the_way_of_the_tracks_and_not_their_last_speed():
    """Tracks that start or stop between two poses run another speed at their end than on their way."""
    made = ExternalVehicle(ROVER, LEVEL, 1000.0)
    drive(made, np.zeros(4), np.zeros(4), 1000.0, 0.0)
    drive(made, np.zeros(4), np.full(4, 0.02), 1000.2, 0.002)
    made.place(at(x=0.0018), 1000.2)
    assert made.slip == pytest.approx(0.1)
    # the pose is of a time between two joint states
    drive(made, np.zeros(4), np.full(4, 0.1), 1000.4, 0.022)
    made.place(at(x=0.0018 + 0.008), 1000.3)
    assert made.slip == pytest.approx(0.2)


def test_steering_takes_power_while_its_motors_turn():
    made = ExternalVehicle(ROVER, LEVEL, 1000.0, steering_power_w=4.0)
    drive(made, np.zeros(4), np.zeros(4))
    rate = ROVER.crawler.max_steer_rate_rad_s
    made.command(np.array([2.5 * rate * 0.04, -0.5 * rate * 0.04, 0.0, 0.0]))
    assert [made.step(0.04) / 0.04 for _ in range(4)] == pytest.approx([20.0, 16.0, 16.0, 12.0])
    # a joint that creeps by itself is no motor's work, and beyond the stop none turns
    drive(made, np.full(4, 0.2), np.zeros(4))
    assert made.step(0.04) == pytest.approx(12.0 * 0.04)
    made.command(np.full(4, 9.0))
    for _ in range(1000):
        made.step(0.04)
    assert made.power_w == 12.0


def test_both_worlds_book_one_drive_alike(tiny_directory):
    """The embedded vehicle's own motion, told as Gazebo's: 17 % of energy and a tenfold slip lay between the books."""
    world = open_world(tiny_directory)
    sim = Simulation(SimulatorConfig(world="", rover=""), ROVER, world, read_parts("all"))
    units = UnitDrive(ROVER, GazeboAdapterConfig(world="", rover=""), world.soil_rows, world.vehicle.drag_factor)
    told = ExternalVehicle(ROVER, sim.pose, sim.now_s, sim.config.vehicle.steering_power_w)
    radius_m, rng = ROVER.crawler.sprocket_radius_m, np.random.default_rng(1)
    energy_j, slips, told_ns, steer = np.zeros(2), [], sim.now_ns, np.zeros(4)
    for step in range(1500):
        if step % 5 == 0:
            # a path is followed by turns of milliradians
            steer = 0.98 * steer + rng.normal(0.0, 0.002, 4)
            way = 0.0 if step % 250 > 200 else 1.0 if step < 750 else -1.0
            sim.vehicle.command(steer, np.full(4, way * 0.1 / radius_m), sim.now_s)
            units.command(steer, np.full(4, way * 0.1 / radius_m), sim.now_s)
            told.command(steer)
        sim.parking.commanded(sim.now_s, True)
        sim.advance(sim.now_ns + 40_000_000)
        if sim.now_ns // 50_000_000 != told_ns // 50_000_000:
            dt_s, told_ns = (sim.now_ns - told_ns) * 1e-9, sim.now_ns
            place = (sim.pose.x_m, sim.pose.y_m)
            done = units.step(dt_s, sim.now_s, place, sim.pose.rotation(), sim.vehicle.steer_rad.copy())
            message = joint_states_message(sim.now_ns, done)
            power_w = joint_power_w(message, ROVER.crawler.drive_efficiency)
            told.drive(done.steer_encoded_rad, done.track_mps, joint_travel_m(message, radius_m), power_w, sim.now_s)
        energy_j += (sim.vehicle.power_w * 0.04, told.step(0.04))
        if step % 5 == 4:
            told.place(sim.pose, sim.now_s)
            slips.append((sim.vehicle.slip, told.slip))
    assert energy_j[1] == pytest.approx(energy_j[0], rel=0.005)
    mean = np.mean(slips, axis=0)
    assert mean[1] == pytest.approx(mean[0], abs=2e-3)
