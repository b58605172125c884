# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Forces, heat and views on slopes, far from the Sun and away from the origin, by hand."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.battery import BatteryState, charge_capacity_c, step
from lupex_models.horizon import HorizonMap
from lupex_models.light import Light
from lupex_models.locomotion import drive
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_models.soil import NOMINAL_SOIL
from lupex_models.thermal import surroundings

ROVER = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml")
AU_M = 149_597_870_700.0


@pytest.mark.parametrize("along_deg", [-5.0, 0.0, 10.0, 18.0])
@pytest.mark.parametrize("across_deg", [0.0, 12.0, 20.0])
def test_a_tracks_own_friction_goes_with_its_load_and_not_with_its_weight(along_deg, across_deg):
    """Torque by hand: the weight's part along the slope, Bekker's compaction, and friction under the normal load."""
    crawler, mass = ROVER.crawler, ROVER.body.mass_kg
    along, across = math.radians(along_deg), math.radians(across_deg)
    weight = mass * 1.624
    # the plane's normal, from its gradient
    normal = 1.0 / math.sqrt(1.0 + math.tan(along) ** 2 + math.tan(across) ** 2)
    load = weight * normal / 4.0
    width, length = crawler.track_width_m, crawler.track_length_m
    modulus = NOMINAL_SOIL.kc / width + NOMINAL_SOIL.kphi
    sinkage = load / (width * length) / modulus
    compaction = width * modulus * sinkage**2 / 2.0
    friction = crawler.internal_resistance_coefficient * load
    torque = (weight * math.sin(along) / 4.0 + compaction + friction) * crawler.sprocket_radius_m
    found = drive(crawler, mass, along, across, 0.1)
    assert found.feasible
    assert found.torque_nm == pytest.approx(torque, rel=1e-6)


@pytest.mark.parametrize("au", [0.983, 1.0, 1.017])
def test_sunlight_on_the_rover_falls_with_the_square_of_the_suns_distance(au):
    assert surroundings(ROVER.thermal, 0.5, sun_distance_m=au * AU_M).irradiance_w_m2 == pytest.approx(
        0.5 * 1361.0 / au**2
    )


@pytest.mark.parametrize("watt", [80.0, -80.0])
def test_cells_of_an_entropic_coefficient_cool_or_warm_by_it_as_the_current_flows(watt):
    """Reversible heat is -I T dV/dT (Bernardi et al. 1985): with dV/dT above 0 discharging cools."""
    plain = dataclasses.replace(ROVER.battery, entropic_v_k=0.0)
    warm = dataclasses.replace(ROVER.battery, entropic_v_k=2e-4)
    kelvin = 293.15
    without, with_ = (step(pack, BatteryState(0.5, kelvin), watt, 10.0) for pack in (plain, warm))
    stored_a = with_.current_a * (1.0 if watt > 0.0 else warm.charge_efficiency)
    by_hand = -stored_a * kelvin * warm.cells_in_series * 2e-4
    assert with_.heat_w - without.heat_w == pytest.approx(by_hand, rel=1e-3)
    assert charge_capacity_c(plain) == charge_capacity_c(warm)


def test_the_earth_is_in_view_earlier_for_who_stands_nearer_to_it():
    """Over a sphere a far body stands 0.1 deg higher for each 3.03 km towards it: the skyline hides it at home only."""
    frame = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1950.0)
    utc_s = 1_830_297_600.0
    earth = frame.earth(utc_s)
    azimuth, elevation = float(earth.grid_azimuth_rad), float(earth.elevation_rad)
    towards = 1737.4e3 * math.radians(0.1) * np.array([math.sin(azimuth), math.cos(azimuth)])
    skyline = round(100.0 * (math.degrees(elevation) + 0.05))
    counts = np.full((36, 21, 21), skyline, np.int16)
    light = Light(frame, HorizonMap(counts, -5000.0, -5000.0, 500.0, 1.5))
    assert not light.earth_visible(0.0, 0.0, utc_s)
    assert light.earth_visible(*towards, utc_s)
    assert not light.earth_visible(*-towards, utc_s)
