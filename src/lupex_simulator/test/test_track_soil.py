# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One track on soil: closed forms, quadrature and derivatives worked out here."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from reference_track import SOIL, WEAK, reference_thrust
from scipy.integrate import quad

from lupex_models.rover import read_rover
from lupex_simulator.crawler import track_soil
from lupex_simulator.crawler.true_locomotion import true_track
from lupex_worlds.truth.soil_truth import TrackGrip

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
GRIP = TrackGrip(0.6, 0.0, 0.4, 0.02)
TRACK = true_track(ROVER, GRIP)
AREA = 0.5 * 0.25
LOAD = 142.0
FREE = (0.0, 0.0)


@pytest.mark.parametrize("a", [1e-9, 9.9e-4, 1.01e-3, 0.0099, 0.0101, 0.5, 3.0, 40.0, 1e4])
def test_mobilised_shares_are_the_integrals_over_the_contact(a):
    corners = [share for share in (5.0 / a, 50.0 / a) if share < 1.0]
    even = quad(lambda t: -math.expm1(-a * t), 0.0, 1.0, points=corners)[0]
    tilted = quad(lambda t: (2 * t - 1) * -math.expm1(-a * t), 0.0, 1.0, points=corners)[0]
    even_rise = quad(lambda t: t * math.exp(-a * t), 0.0, 1.0, points=corners)[0]
    tilted_rise = quad(lambda t: (2 * t - 1) * t * math.exp(-a * t), 0.0, 1.0, points=corners)[0]
    expected = (even, tilted, even_rise, tilted_rise)
    assert track_soil.mobilised(a) == pytest.approx(expected, rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("slip", [0.005, 0.05, 0.3, 0.9])
def test_thrust_is_the_stress_under_a_pressure_that_rises_to_the_rear(slip):
    for soil in (SOIL, WEAK):
        force, _, *_ = track_soil.unit_force(0.1, 0.1 * (1.0 - slip), 0.0, LOAD, FREE, TRACK, soil)
        viscous = 0.05 * LOAD * 0.1 * slip
        assert force - viscous == pytest.approx(reference_thrust(slip, LOAD, ROVER.crawler, soil, GRIP), rel=1e-6)


def test_a_track_that_skids_brakes_as_strongly_as_a_slipping_one_pulls():
    pull = track_soil.unit_force(0.1, 0.09, 0.0, LOAD, FREE, TRACK, SOIL)
    brake = track_soil.unit_force(0.1, 0.11, 0.0, LOAD, FREE, TRACK, SOIL)
    back = track_soil.unit_force(-0.1, -0.09, 0.0, LOAD, FREE, TRACK, SOIL)
    assert pull[0] > 0.0
    assert brake[0] == pytest.approx(-pull[0])
    assert back[0] == pytest.approx(-pull[0])


def test_friction_dies_with_the_normal_load_and_cohesion_does_not():
    cohesive, frictional = track_soil.grip_strengths(0.0, TRACK, SOIL)
    assert frictional == 0.0
    assert cohesive == pytest.approx(0.6 * 170.0 * AREA)
    assert track_soil.grip_strengths(-5.0, TRACK, SOIL)[1] == 0.0
    assert track_soil.grip_strengths(LOAD, TRACK, SOIL)[1] == pytest.approx(0.6 * LOAD * math.tan(math.radians(35.0)))


def test_grousers_shear_soil_on_soil_and_add_side_walls():
    tall = TRACK._replace(grouser_height_m=0.03)
    share = 1.0 - 0.4 * math.exp(-2.0)
    cohesive, frictional = track_soil.grip_strengths(LOAD, tall, SOIL)
    assert cohesive == pytest.approx(share * 170.0 * AREA * (1.0 + 2.0 * 0.03 / 0.25))
    # Bekker: 1 + 0.64 h/b arctan(b/h)
    wall = 1.0 + 0.64 * (0.03 / 0.25) * math.atan(0.25 / 0.03)
    assert frictional == pytest.approx(share * LOAD * math.tan(math.radians(35.0)) * wall)


def test_sinkage_compaction_and_slip_sinkage():
    depth = track_soil.rolling_sinkage(LOAD, TRACK, SOIL)
    assert depth == pytest.approx(LOAD / AREA / (1400.0 / 0.25 + 820e3))
    # work of pressing a metre of rut: mean pressure times depth times width
    assert track_soil.compaction_resistance(depth, TRACK, SOIL) == pytest.approx(0.5 * LOAD / AREA * depth * 0.25)
    assert track_soil.slip_sinkage_factor(0.0) == 1.0
    assert track_soil.slip_sinkage_factor(0.5) == pytest.approx(2.0)
    assert track_soil.slip_sinkage_factor(-0.5) == track_soil.slip_sinkage_factor(0.5)
    assert track_soil.slip_sinkage_factor(7.0) == pytest.approx(4.0)


def test_a_wall_of_soil_resists_by_rankine():
    kp = math.tan(math.radians(45.0 + 17.5)) ** 2
    expected = 0.25 * (0.5 * 1580.0 * 1.624 * 0.1**2 * kp + 2.0 * 170.0 * 0.1 * math.sqrt(kp))
    assert track_soil.passive_force(0.1, 0.25, SOIL) == pytest.approx(expected, rel=1e-3)
    along, across = track_soil.resistances(0.0, 0.1, LOAD, TRACK, SOIL)
    assert along == pytest.approx(expected, rel=1e-3)
    # the side wall is as long as the track, twice its width
    assert across == pytest.approx(2.0 * expected, rel=1e-3)
    assert track_soil.resistances(0.01, 0.1, 0.0, TRACK, SOIL) == (0.0, 0.0)


def test_resistances_work_against_the_motion():
    for along, across in ((0.05, 0.02), (-0.05, 0.02), (-0.05, -0.02)):
        bare = track_soil.unit_force(0.05, along, across, LOAD, FREE, TRACK, SOIL)
        rut = track_soil.unit_force(0.05, along, across, LOAD, (7.0, 9.0), TRACK, SOIL)
        assert rut[0] - bare[0] == pytest.approx(-math.copysign(7.0, along), rel=1e-4)
        assert rut[1] - bare[1] == pytest.approx(-math.copysign(9.0, across), rel=1e-2)


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([0.0, 1e-5, 0.03, -0.1]), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2),
    st.sampled_from([0.0, 20.0, 300.0]), st.sampled_from([0, 1]),
)  # fmt: skip
def test_stiffness_is_minus_the_derivative_of_the_force(track_mps, along, across, load, which):
    soil, resisting = (SOIL, WEAK)[which], (4.0, 11.0)
    # a small part of the slide over which the soil yields: K / length of the track's speed, or the creep at rest
    step = 1e-4 * min(soil[5] / 0.5 * abs(track_mps), 1e-4) if track_mps else 1e-8

    def force(a, c):
        return np.array(track_soil.unit_force(track_mps, a, c, load, resisting, TRACK, soil)[:2])

    by_along = -(force(along + step, across) - force(along - step, across)) / (2 * step)
    by_across = -(force(along, across + step) - force(along, across - step)) / (2 * step)
    _, _, aa, ac, cc = track_soil.unit_force(track_mps, along, across, load, resisting, TRACK, soil)
    scale = 1e-4 * max(aa, cc) + 1e-2
    assert by_along == pytest.approx([aa, ac], abs=scale)
    assert by_across == pytest.approx([ac, cc], abs=scale)
    assert aa > 0.0
    assert cc > 0.0
    assert aa * cc >= ac * ac


@pytest.mark.parametrize("speeds", [(0.0, 0.0, 0.0), (5e-324, 1e-305, -1e-300), (0.1, 0.1, 0.0), (1e9, -1e9, 1e9)])
def test_forces_are_finite_at_rest_and_far_out(speeds):
    assert np.isfinite(track_soil.unit_force(*speeds, LOAD, (1.0, 1.0), TRACK, SOIL)).all()
