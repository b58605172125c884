# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The Sun as the tilted rover's tower meets it, and the ground's cold where the Sun never shines."""

import dataclasses
import math
import sys
from pathlib import Path

import pytest
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parent))
from tiny_world import make_tiny_world

from lupex_models.rover import read_rover
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.parts import read_parts
from lupex_simulator.power.bus_quantities import PowerBusConfig
from lupex_simulator.simulation import Simulation
from lupex_worlds.pose import Pose
from lupex_worlds.truth.energy_truth import EnergyTruth
from lupex_worlds.truth.power_truth import HeatTruth
from lupex_worlds.world import open_world

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
EXACT = SimulatorConfig(world="", rover="", power_bus=PowerBusConfig(power_sigma_share=0.0))
PLACED = read_parts("-vehicle,-inertial")
SHADE_K, FOR_EVER_K = 150.0, (40.0, 45.0)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    found = open_world(directory)
    # The dark ground's temperature told apart by its kind alone.
    heat = HeatTruth(shade_ground_k=(SHADE_K, SHADE_K), permanent_shadow_k=FOR_EVER_K)
    level = dataclasses.replace(found.level, energy=dataclasses.replace(found.level.energy, heat=heat))
    assert isinstance(level.energy, EnergyTruth)
    return dataclasses.replace(found, level=level)


def standing(world, x_m=0.0, y_m=0.0, roll_rad=0.0, pitch_rad=0.0, yaw_rad=0.0, seconds=3.0):
    sim = Simulation(EXACT, ROVER, world, PLACED)
    sim.place(Pose(x_m, y_m, float(world.height(x_m, y_m)), roll_rad, pitch_rad, yaw_rad), sim.now_ns + 40_000_000)
    end_s = sim.now_s + seconds
    while sim.now_s < end_s - 1e-6:
        sim.advance(sim.schedule.next_ns(sim.now_ns, sim.mode))
    return sim


def above_deck_rad(world, utc_s, roll_rad, pitch_rad, yaw_rad):
    """Return the Sun's height over the deck by azimuth and elevation, azimuth clockwise from grid north."""
    sun = world.frame.sun(utc_s)
    azimuth, elevation = float(sun.grid_azimuth_rad), float(sun.elevation_rad)
    east, north = math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation)
    up = Rotation.from_euler("ZYX", [yaw_rad, pitch_rad, roll_rad]).apply([0.0, 0.0, 1.0])
    return math.asin(up[0] * east + up[1] * north + up[2] * math.sin(elevation))


TILTS = [(0.0, 0.0, 0.0), (0.2, 0.0, 0.4), (0.0, -0.3, 2.0), (0.15, 0.25, -1.3), (-0.1, 0.2, 0.9)]


@pytest.mark.parametrize("tilt", TILTS)
def test_a_tilted_tower_meets_the_sun_at_its_height_over_the_deck(world, tilt):
    sim = standing(world, 0.0, 0.0, *tilt)
    seen = sim.sunlight.incidence_rad
    # the Sun's place is looked up every so often, and moves by 0.01 deg a minute
    assert seen == pytest.approx(abs(above_deck_rad(world, sim.utc_s, *tilt)), abs=1e-3)


def test_leaning_away_from_the_sun_costs_array_power_and_turning_on_the_spot_does_not(world):
    """Tilted so that the deck's normal lies towards the Sun, the tower meets it at that angle: cosine law."""
    level = standing(world)
    azimuth = float(world.frame.sun(level.utc_s).grid_azimuth_rad)
    towards = 0.5 * math.pi - azimuth
    full_w = level.power_bus.reading().array_power_w
    for yaw in (0.7, 2.0, -2.0):
        assert standing(world, yaw_rad=yaw).power_bus.reading().array_power_w == pytest.approx(full_w, rel=2e-3)
    nodding = standing(world, pitch_rad=0.5, yaw_rad=towards)
    height = 0.5 + float(world.frame.sun(nodding.utc_s).elevation_rad)
    assert nodding.power_bus.reading().array_power_w == pytest.approx(full_w * math.cos(height), rel=5e-3)
    # rolled about the line to the Sun it sees it as before
    rolled = standing(world, roll_rad=0.5, yaw_rad=towards)
    assert rolled.power_bus.reading().array_power_w == pytest.approx(full_w, rel=5e-3)


def test_ground_that_never_sees_the_sun_is_colder_than_shade_and_lit_ground_warmer(world):
    """By place: the crater's floor is dark now; whether for ever, the world's mask says."""
    floor = (20.0, 15.0)
    for masked, low_k, high_k in ((True, *FOR_EVER_K), (False, SHADE_K, SHADE_K)):
        strata = dataclasses.replace(world.strata, in_permanent_shadow=lambda x, y, masked=masked: masked and x > 10.0)
        sim = standing(dataclasses.replace(world, strata=strata), *floor)
        assert sim.truth().sunlit_fraction == 0.0
        assert low_k - 1.0 <= sim.power_bus.ground_k <= high_k + 1.0
        # the lander's place is masked in neither
        assert standing(dataclasses.replace(world, strata=strata)).power_bus.ground_k > SHADE_K
