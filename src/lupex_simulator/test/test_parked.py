# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A rover that nobody drives: at rest at no cost where the ground holds it, and sliding where it does not."""

import dataclasses
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from planes import ROVER, plane
from reference_track import SOIL
from tiny_world import make_tiny_world

from lupex_models.site import Pose2
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.parts import read_parts
from lupex_simulator.schedule import START_NS, Mode
from lupex_simulator.simulation import Simulation
from lupex_worlds.truth.soil_truth import COHESION, FRICTION, TrackGrip
from lupex_worlds.world import open_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return open_world(directory)


def simulation(world):
    return Simulation(SimulatorConfig(world="", rover=""), ROVER, world, read_parts("all"))


def run(sim, seconds, drive=None):
    end_s = sim.now_s + seconds
    while sim.now_s < end_s - 1e-6:
        if drive is not None:
            sim.vehicle.command(np.zeros(4), np.full(4, drive), sim.now_s)
            sim.parking.commanded(sim.now_s, drive != 0.0)
        sim.advance(sim.schedule.next_ns(sim.now_ns, sim.mode))


def on_slope(world, degrees):
    """The same world on soil of 20 deg of friction, as a plane that rises so steeply to the east."""
    weak = SOIL.copy()
    weak[COHESION], weak[FRICTION] = 100.0, math.radians(20.0)
    soil = SimpleNamespace(rows=lambda x_m, y_m: np.tile(weak, (len(x_m), 1)), grip=TrackGrip())
    start = Pose2(0.0, 0.0, 0.3)
    return dataclasses.replace(world, ground=plane(math.radians(degrees)), soil=soil, start_pose=start)


def stepped(sim, monkeypatch):
    """Return a list that takes the times at which the vehicle is stepped."""
    times, step = [], sim.vehicle.step

    def noted(dt_s, time_s, **given):
        times.append(time_s)
        step(dt_s, time_s, **given)

    monkeypatch.setattr(sim.vehicle, "step", noted)
    return times


def test_a_parked_rover_slides_where_the_soil_does_not_hold_it(world):
    sim = simulation(on_slope(world, 25.0))
    assert sim.mode is Mode.PARKED
    run(sim, 5.0)
    assert sim.mode is Mode.DRIVING, "it is told at the rates of what moves"
    assert sim.pose.x_m < -0.2
    assert sim.truth().distance_m > 0.2
    assert sim.track_mps == 0.0


def test_a_parked_rover_that_is_held_costs_one_step(world, monkeypatch):
    sim = simulation(on_slope(world, 10.0))
    times = stepped(sim, monkeypatch)
    before = sim.pose
    run(sim, 60.0)
    assert len(times) == 1
    assert sim.pose == before
    assert sim.mode is Mode.PARKED


def test_what_the_drill_held_slides_when_it_comes_out(world, monkeypatch):
    sim = simulation(on_slope(world, 25.0))
    monkeypatch.setattr(type(sim.drill_rig), "anchored", property(lambda rig: sim.now_s < START_NS / 1e9 + 24.0))
    times = stepped(sim, monkeypatch)
    run(sim, 10.0, drive=1.0)
    assert sim.pose.x_m == 0.0, "spun on the spot"
    run(sim, 9.0)
    spun = len(times)
    assert times[-1] < sim.now_s - 2.0, "parked and held: not stepped"
    run(sim, 10.0)
    assert len(times) > spun
    assert sim.pose.x_m < -0.2
