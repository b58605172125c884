# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One run of a tiny world, without any middleware."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from tiny_world import make_tiny_world

from lupex_models.rover import read_rover
from lupex_models.site import Pose2
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.drill.drill_rig import RigCommand
from lupex_simulator.parts import Part, read_parts
from lupex_simulator.schedule import START_NS, Mode
from lupex_simulator.simulation import Simulation
from lupex_worlds.pose import Pose
from lupex_worlds.world import open_world

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
CONFIG = SimulatorConfig(world="", rover="")
ALL = read_parts("all")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return open_world(directory)


def simulation(world, parts=ALL, **config):
    return Simulation(dataclasses.replace(CONFIG, **config), ROVER, world, parts)


def run(sim, seconds, drive=None, rig=None):
    end_s = sim.now_s + seconds
    while sim.now_s < end_s - 1e-6:
        if drive is not None:
            sim.vehicle.command(np.zeros(4), np.full(4, drive), sim.now_s)
            sim.parking.commanded(sim.now_s, drive != 0.0)
        if rig is not None:
            sim.drill_rig.command(rig, sim.now_s)
        sim.advance(sim.schedule.next_ns(sim.now_ns, sim.mode))
    return sim


def test_it_begins_parked_at_the_lander(world):
    sim = simulation(world)
    assert sim.now_ns == START_NS
    assert sim.mode is Mode.PARKED
    assert sim.utc_s == pytest.approx(world.site.start_utc_s)
    truth = sim.truth()
    assert (truth.pose.x_m, truth.pose.y_m) == (0.0, 0.0)
    assert truth.soc == 0.7
    assert truth.sunlit_fraction == 1.0
    assert not sim.lost


def test_it_begins_where_the_lander_truly_stands(world):
    true = dataclasses.replace(world, start_pose=Pose2(-4.0, 3.0, 1.1))
    pose = simulation(true).truth().pose
    assert (pose.x_m, pose.y_m) == (-4.0, 3.0)
    assert pose.yaw_rad == pytest.approx(1.1)
    # On the ground that is there, not on the told one: body origin between the tracks.
    assert pose.z_m == pytest.approx(float(true.height(-4.0, 3.0)), abs=0.3)


def test_driving_moves_it_and_takes_power_then_it_parks(world):
    sim = run(simulation(world), 20.0, drive=1.0)
    assert sim.mode is Mode.DRIVING
    assert sim.truth().distance_m == pytest.approx(1.95, rel=0.1)
    assert sim.power_bus.reading().load_mobility_w > 1.0
    run(sim, 10.0)
    assert sim.mode is Mode.PARKED
    stood = sim.pose
    run(sim, 60.0)
    assert sim.pose == stood


def test_inertial_samples_integrate_to_the_motion(world):
    sim = simulation(world)
    sim.inertial.accelerometer_bias_mps2[:] = 0.0
    sim.inertial.gyro_bias_rad_s[:] = 0.0
    before = sim.pose.rotation()
    r, velocity = before.copy(), np.zeros(3)
    for _ in range(250):
        sim.vehicle.command(np.full(4, 0.2), np.ones(4), sim.now_s)
        sim.parking.commanded(sim.now_s, True)
        sim.advance(sim.schedule.next_ns(sim.now_ns, Mode.DRIVING))
        rate, force = sim.inertial_sample()
        w = rate * 0.04
        k = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])
        middle = r @ (np.eye(3) + 0.5 * k)
        velocity += (middle @ force - [0.0, 0.0, 1.624]) * 0.04
        r = r @ (np.eye(3) + k + 0.5 * k @ k)
    # 10 s of white noise: 1e-5 rad and 1.6e-3 m/s one sigma; the Moon turns by 2.7e-5 rad meanwhile
    assert r == pytest.approx(sim.pose.rotation(), abs=1.5e-4)
    assert velocity == pytest.approx(sim._velocity, abs=0.01)


def test_drill_needs_its_switch_and_holds_the_vehicle(world):
    sim = simulation(world)
    lower = RigCommand(0.01, 10.0, 100.0, 12.0)
    run(sim, 5.0, rig=lower)
    assert sim.drill_rig.stowed
    assert not sim.drill_out
    assert sim.mode is Mode.DRILLING
    sim.power_bus.switch(sim.now_s, drill=True, heater=True, instruments=True)
    run(sim, 40.0, rig=lower)
    assert sim.drill_out
    assert sim.drill_rig.depth_m > 0.0
    assert sim.truth().drill_depth_m > 0.0
    assert sim.power_bus.reading().load_drill_w > 10.0
    stood = sim.pose
    run(sim, 3.0, drive=1.0)
    assert sim.pose == stood
    assert sim.vehicle.slip == 1.0


def test_sensors_see_the_world(world):
    sim = run(simulation(world), 10.0)
    points = sim.lidar_scan()
    assert points.shape[0] > 1000
    direction = sim.sun_direction()
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    true = sim.pose.rotation().T @ world.frame.sun_vector(sim.utc_s)
    assert np.arccos(min(1.0, float(direction @ true))) < 6 * ROVER.sun_sensor.sigma_rad
    reading = sim.attitude_reading()
    assert np.linalg.norm(reading.icrf_from_sensor) == pytest.approx(1.0)
    counts = sim.neutron_counts()
    assert counts.integration_s == pytest.approx(10.0)
    # Poisson of 120 at most: six sigma
    assert 0 < counts.epithermal < 190


def test_instruments_off_count_nothing(world):
    sim = simulation(world)
    sim.power_bus.switch(sim.now_s, drill=False, heater=True, instruments=False)
    run(sim, 5.0)
    assert sim.neutron_counts() is None


def test_in_the_dark_the_sun_sensor_is_blind(world):
    sim = simulation(world, read_parts("-vehicle,-inertial"))
    floor = Pose(20.0, 15.0, float(world.height(20.0, 15.0)), 0.0, 0.0, 0.0)
    sim.place(floor, sim.now_s + 0.04)
    run(sim, 5.0)
    assert sim.truth().pose == floor
    assert sim.truth().sunlit_fraction == 0.0
    assert sim.sun_direction() is None
    assert sim.power_bus.reading().array_power_w == 0.0


def test_an_external_vehicle_pays_for_its_drives(world):
    sim = simulation(world, read_parts("-vehicle,-inertial"))
    sim.external.drive(np.zeros(4), np.zeros(4), 40.0)
    run(sim, 3.0)
    assert sim.power_bus.reading().load_mobility_w == pytest.approx(40.0, rel=0.1)


def test_own_vehicle_is_not_placed_from_outside(world):
    sim = simulation(world)
    sim.place(Pose(9.0, 9.0, 0.0, 0.0, 0.0, 0.0), sim.now_s + 1.0)
    assert sim.pose.x_m == 0.0


def test_without_the_power_bus_the_drill_has_power(world):
    sim = run(simulation(world, read_parts("-power_bus")), 5.0, rig=RigCommand(0.01, 10.0, 100.0, 12.0))
    assert not sim.drill_rig.stowed
    assert Part.POWER_BUS not in sim.parts


def test_same_seed_same_noise_whenever_messages_come(world):
    def samples(seed, drill_first):
        sim = simulation(world, seed=seed)
        if drill_first:
            sim.drill_rig.reading()
            sim.power_bus.reading()
        run(sim, 3.0, drive=1.0)
        return np.concatenate([*sim.inertial_sample(), sim.lidar_scan()[0]])

    assert np.array_equal(samples(5, False), samples(5, True))
    assert not np.array_equal(samples(5, False), samples(6, False))
    assert np.array_equal(samples(-1, False), samples(world.seed, False))
