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
from lupex_simulator import simulation as simulation_module
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.drill.drill_rig import RigCommand
from lupex_simulator.parts import Part, read_parts
from lupex_simulator.power.bus_quantities import PowerBusConfig
from lupex_simulator.power.true_array import evenly
from lupex_simulator.schedule import START_NS, Mode
from lupex_simulator.simulation import Simulation
from lupex_worlds.pose import Pose
from lupex_worlds.truth.encoder_truth import EncoderDraw
from lupex_worlds.truth.energy_truth import EnergyTruth
from lupex_worlds.truth.power_truth import ArrayTruth, HeatTruth
from lupex_worlds.truth.sensor_truth import kind_sensors
from lupex_worlds.truth.soil_truth import TrackGrip
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
    assert truth.soc == pytest.approx(0.7, abs=1e-12)
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


def test_true_drag_tracks_and_encoders_are_those_of_the_world(world):
    def power_w(of):
        sim = run(simulation(of), 20.0, drive=1.0)
        return sim.power_bus.reading().load_mobility_w, sim

    light, _ = power_w(world)
    drawn = EncoderDraw(radius_factor=(0.98,) * 4)
    heavy, sim = power_w(
        dataclasses.replace(
            world,
            vehicle=dataclasses.replace(world.vehicle, drag_factor=3.0 * world.vehicle.drag_factor),
            encoders=drawn,
        )
    )
    # the ground by the lander is nearly level: most of the power is the tracks' own friction
    assert heavy > 1.8 * light
    assert sim.vehicle.encoders.sprocket_rad(sim.vehicle.travel_m) * 0.098 == pytest.approx(sim.vehicle.travel_m)
    smooth = dataclasses.replace(world, soil=dataclasses.replace(world.soil, grip=TrackGrip(interface_friction=0.3)))
    rough, slipping = run(simulation(world), 20.0, drive=1.0), run(simulation(smooth), 20.0, drive=1.0)
    assert abs(slipping.vehicle.slip) > 1.3 * abs(rough.vehicle.slip)


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
    sim = run(simulation(world), 12.0)
    points = sim.lidar_scan()
    assert points.shape[0] > 1000
    direction = sim.sun_direction()
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    true = sim.pose.rotation().T @ world.frame.sun_vector(sim.utc_s)
    assert np.arccos(min(1.0, float(direction @ true))) < 6 * ROVER.sun_sensor.sigma_rad
    reading = sim.attitude_reading()
    assert np.linalg.norm(reading.icrf_from_sensor) == pytest.approx(1.0)
    counts = sim.neutron_counts()
    assert counts.integration_s == pytest.approx(12.0)
    # Poisson of 144 at most: six sigma
    assert 0 < counts.epithermal < 217


def test_instruments_off_count_nothing(world):
    sim = simulation(world)
    sim.power_bus.switch(sim.now_s, drill=False, heater=True, instruments=False)
    run(sim, 5.0)
    assert sim.neutron_counts() is None


def test_in_the_dark_the_sun_sensor_is_blind(world):
    sim = simulation(world, read_parts("-vehicle,-inertial"))
    floor = Pose(20.0, 15.0, float(world.height(20.0, 15.0)), 0.0, 0.0, 0.0)
    sim.place(floor, sim.now_ns + 40_000_000)
    run(sim, 5.0)
    assert sim.truth().pose == floor
    assert sim.truth().sunlit_fraction == 0.0
    assert sim.sun_direction() is None
    assert sim.power_bus.reading().array_power_w == 0.0


def test_an_external_vehicle_pays_for_its_drives(world):
    sim = simulation(world, read_parts("-vehicle,-inertial"))
    sim.external.drive(np.zeros(4), np.zeros(4), np.zeros(4), 40.0, sim.now_s)
    run(sim, 3.0)
    assert sim.power_bus.reading().load_mobility_w == pytest.approx(40.0, rel=0.1)


def test_own_vehicle_is_not_placed_from_outside(world):
    sim = simulation(world)
    sim.place(Pose(9.0, 9.0, 0.0, 0.0, 0.0, 0.0), sim.now_ns + 1_000_000_000)
    assert sim.pose.x_m == 0.0


def test_without_the_power_bus_the_drill_has_power(world):
    sim = run(simulation(world, read_parts("-power_bus")), 5.0, rig=RigCommand(0.01, 10.0, 100.0, 12.0))
    assert not sim.drill_rig.stowed
    assert Part.POWER_BUS not in sim.parts


def at_level(world, **sections):
    return dataclasses.replace(world, level=dataclasses.replace(world.level, **sections))


def test_a_tower_with_height_sees_the_sun_on_all_its_faces(world):
    sim = simulation(world)
    assert sim.sunlight.faces is None
    tower = at_level(world, energy=EnergyTruth(array=ArrayTruth(tower_height_m=(1.0, 1.0))))
    tall = Simulation(CONFIG, ROVER, tower, read_parts("-vehicle,-inertial"))
    assert tall.sunlight.faces == evenly(1.0, 1.0, 1.0)
    tall.place(Pose(20.0, 15.0, float(world.height(20.0, 15.0)), 0.0, 0.0, 0.0), tall.now_ns + 40_000_000)
    run(tall, 2.0)
    # 1.2 m above the crater's floor is dark; so is all from 0.7 to 1.7 m
    assert tall.sunlight.faces == evenly(0.0, 0.0, 0.0)


def test_dust_grows_with_the_way_and_slope_warms_the_ground(world):
    energy = EnergyTruth(
        array=ArrayTruth(power_factor=(1.0, 1.0), dust_per_km=(0.9, 0.9)),
        heat=HeatTruth(slope_share=(1.0, 1.0), rough_cosine=(0.0, 0.0)),
    )
    config = dataclasses.replace(CONFIG, power_bus=PowerBusConfig(power_sigma_share=0.0))
    sim = run(Simulation(config, ROVER, at_level(world, energy=energy), ALL), 3.0)
    sun = world.frame.sun_vector(sim.utc_s)
    dx, dy = world.slope(0.0, 0.0, 5.0)
    normal = np.array([-dx, -dy, 1.0]) / np.sqrt(1.0 + dx * dx + dy * dy)
    lit = (0.88 * 1361.0 * max(float(normal @ sun), 0.0) / (0.95 * 5.670374419e-8)) ** 0.25
    assert sim.power_bus.ground_k == pytest.approx(max(lit, 130.0), rel=0.02)
    run(sim, 60.0, drive=1.0)
    run(sim, 2.0)
    tilted = np.cos(sim.sunlight.incidence_rad) * (149_597_870_700.0 / sim.sunlight.distance_m) ** 2
    clear = sim.power_bus.reading().array_power_w / (388.0 * tilted * sim.sunlight.disc_fraction)
    assert sim.truth().distance_m > 5.0
    assert clear == pytest.approx(np.exp(-0.9e-3 * sim.truth().distance_m), rel=1e-6)


def test_a_bus_that_locks_out_stops_the_drives_and_the_rover_is_not_yet_lost(world):
    weak = dataclasses.replace(ROVER, battery=dataclasses.replace(ROVER.battery, discharge_min_k=300.0))
    sim = Simulation(CONFIG, weak, world, read_parts("-inertial"))
    dark = dataclasses.replace(sim.sunlight, disc_fraction=0.0)
    sim.power_bus.step(1.0, sim.now_s, dark, 0.0, 0.0)
    assert not sim.power_bus.supplied
    assert not sim.lost
    run(sim, 2.0, drive=1.0)
    assert sim.truth().distance_m < 0.01


def test_same_seed_same_noise_whenever_messages_come(world):
    def samples(seed, drill_first):
        sim = simulation(dataclasses.replace(world, seed=seed))
        if drill_first:
            sim.drill_rig.reading()
            sim.power_bus.reading()
        run(sim, 3.0, drive=1.0)
        return np.concatenate([*sim.inertial_sample(), sim.lidar_scan()[0]])

    assert np.array_equal(samples(5, False), samples(5, True))
    assert not np.array_equal(samples(5, False), samples(6, False))


def with_sensors(world, parts=ALL, **sections):
    draw = kind_sensors()
    for name, errors in sections.items():
        draw = dataclasses.replace(draw, **{name: dataclasses.replace(getattr(draw, name), **errors)})
    return Simulation(CONFIG, ROVER, dataclasses.replace(world, sensors=draw), parts)


def test_a_scan_begins_before_its_stamp(world, monkeypatch):
    seen = []
    monkeypatch.setattr(simulation_module, "scan", lambda ground, poses, *rest, **more: seen.append((poses, more)))
    sim = run(with_sensors(world, lidar={"scan_duration_s": 0.5}), 20.0, drive=1.0)
    sim.lidar_scan()
    (start, end), more = seen[0]
    assert end == sim.sensor_pose()
    # at 0.1 m/s, and slip
    assert 0.04 < np.hypot(end.x_m - start.x_m, end.y_m - start.y_m) < 0.0501
    assert more["track_mps"] == pytest.approx(0.1)
    run(sim, 20.0)
    sim.lidar_scan()
    assert seen[1][0][0] == seen[1][0][1]
    assert seen[1][1]["track_mps"] == 0.0


def test_tracks_shake_the_inertial_unit(world):
    sim = run(with_sensors(world, imu={"tone_mps": 5e-3}), 5.0, drive=1.0)
    sim.inertial_sample()
    quiet = run(simulation(world), 5.0, drive=1.0)
    quiet.inertial_sample()
    forces = []
    for which in (sim, quiet):
        run(which, 0.04, drive=1.0)
        forces.append(which.inertial_sample()[1][2])
    # up to 2 x 5 mm/s in 0.04 s; both have the same noise
    assert 0.005 < abs(forces[0] - forces[1]) < 0.26


def test_an_outage_silences_the_star_tracker_of_a_run(world):
    sim = with_sensors(world, star_tracker={"outage_rate_hz": 1e3, "outage_s": (30.0, 30.0)})
    run(sim, 1.0)
    assert sim.attitude_reading() is not None
    run(sim, 2.0)
    assert sim.attitude_reading() is None


def test_the_earth_of_the_date_blinds_a_tracker_that_shuns_it(world, monkeypatch):
    # the Earth is 3.7 deg below the horizon at this date: with the relief taken away its limb is up
    monkeypatch.setattr(type(world.light), "skyline_rad", lambda *where: -0.2)
    axis = simulation(world).pose.rotation() @ np.array([-np.cos(0.785), 0.0, np.sin(0.785)])
    for frame_utc_s in (world.site.start_utc_s, world.site.start_utc_s + 10 * 86400.0):
        away = np.arccos(axis @ world.frame.earth_vector(frame_utc_s))
        start_ns = START_NS + round(1e9 * (frame_utc_s - world.site.start_utc_s))
        for margin, blind in ((0.01, True), (-0.01, False)):
            draw = kind_sensors()
            tracker = dataclasses.replace(draw.star_tracker, earth_exclusion_rad=away + margin, sun_exclusion_rad=0.0)
            draw = dataclasses.replace(draw, star_tracker=tracker)
            sim = Simulation(CONFIG, ROVER, dataclasses.replace(world, sensors=draw), ALL, start_ns)
            assert (sim.attitude_reading() is None) == blind


def test_dust_follows_the_tracks_of_an_external_vehicle(world):
    sim = with_sensors(world, read_parts("-vehicle,-inertial"))
    assert sim.track_mps == 0.0
    sim.external.drive(np.zeros(4), np.array([0.1, -0.1, 0.05, 0.05]), np.zeros(4), 40.0, sim.now_s)
    assert sim.track_mps == pytest.approx(0.075)


def test_mounting_of_the_sun_sensor_is_that_of_the_draw(world):
    sim = with_sensors(world, sun_sensor={"sigma_rad": 0.0, "mounting_rad": (0.0, 0.0, 0.01)})
    true = sim.pose.rotation().T @ world.frame.sun_vector(sim.utc_s)
    told = sim.sun_direction()
    turn = np.arctan2(told[1], told[0]) - np.arctan2(true[1], true[0])
    assert np.remainder(turn + np.pi, 2 * np.pi) - np.pi == pytest.approx(0.01, abs=1e-6)


def test_a_supplied_vehicle_scans_from_its_first_pose_on(world):
    sim = run(simulation(world, read_parts("-vehicle,-inertial")), 12.0)
    assert not sim.placed
    assert not sim.lidar_due(), "nobody knows yet from where"
    at_ns = sim.now_ns - 200_000_000
    sim.place(Pose(4.0, 3.0, float(world.height(4.0, 3.0)), 0.0, 0.0, 0.0), at_ns)
    assert sim.lidar_due()
    sim.lidar_scan()
    assert sim.scanned_s == pytest.approx(at_ns / 1e9)
    run(sim, 20.0)
    assert not sim.lidar_due(), "the same pose shows nothing new"
