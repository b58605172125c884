# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Four units in balance on true soil: limits, mirrors, and what each must bear."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from reference_track import SOIL, WEAK

from lupex_models.rover import read_rover
from lupex_simulator.crawler.track_soil import grip_strengths, resistances, unit_force
from lupex_simulator.crawler.true_locomotion import (
    RUT_COLUMNS,
    Units,
    balance,
    drive_power,
    drives,
    true_track,
    unit_loads,
)
from lupex_worlds.truth.soil_truth import TrackGrip

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
TRACK = true_track(ROVER, TrackGrip())
WEIGHT = 350.0 * 1.624
PLACES = np.array([[0.55, 0.55], [0.55, -0.55], [-0.55, 0.55], [-0.55, -0.55]])
MIRRORED = [1, 0, 3, 2]


def units(speeds, steer=(0.0,) * 4, soils=None, along=0.0, across=0.0, rolling_m=0.0014):
    ruts = np.zeros((4, RUT_COLUMNS))
    ruts[:, 0] = rolling_m
    made = Units(
        PLACES, np.array(speeds, float), np.array(steer, float), np.empty(4), ruts,
        np.tile(SOIL, (4, 1)) if soils is None else np.ascontiguousarray(soils),
    )  # fmt: skip
    unit_loads(PLACES, TRACK, along, across, math.sqrt(1.0 - along**2 - across**2), made.loads)
    return made


def solved(made, along=0.0, across=0.0):
    twist = np.zeros(3)
    assert balance(made, TRACK, along, across, twist)
    return twist


def left_over(made, twist, along, across):
    """Sum forces and moment of all units at a twist, each force turned into base_link here."""
    total = np.array([-WEIGHT * along, -WEIGHT * across, 0.0])
    for k, (x, y) in enumerate(PLACES):
        c, s = math.cos(made.steer[k]), math.sin(made.steer[k])
        turn = np.array([[c, s], [-s, c]])
        velocity = turn @ (twist[0] - twist[2] * y, twist[1] + twist[2] * x)
        resisting = resistances(made.ruts[k, 0], made.ruts[k, 1], made.loads[k], TRACK, made.soils[k])
        force = turn.T @ unit_force(made.speeds[k], *velocity, made.loads[k], resisting, TRACK, made.soils[k])[:2]
        total += (*force, x * force[1] - y * force[0])
    return total


def test_loads_carry_the_weight_and_its_moments():
    loads = units([0.1] * 4, along=0.2, across=-0.1).loads
    normal = math.sqrt(1.0 - 0.05)
    assert loads.sum() == pytest.approx(WEIGHT * normal)
    # about the contact's middle: weight in the plane times its height
    assert (loads * PLACES[:, 0]).sum() == pytest.approx(-WEIGHT * 0.2 * 0.6)
    assert (loads * PLACES[:, 1]).sum() == pytest.approx(WEIGHT * 0.1 * 0.6)


def test_a_lifted_unit_bears_nothing_and_the_others_all():
    loads = units([0.1] * 4, along=0.55, across=0.55).loads
    assert loads.min() == 0.0
    assert loads.sum() == pytest.approx(WEIGHT * math.sqrt(1.0 - 2 * 0.55**2))


def test_on_level_ground_it_rolls_with_its_tracks_but_for_the_ruts():
    made = units([0.1] * 4)
    twist = solved(made)
    assert twist[0] == pytest.approx(0.1, rel=1e-3)
    assert twist[0] < 0.1
    assert twist[1:] == pytest.approx([0.0, 0.0], abs=1e-9)
    slip, torque = np.empty(4), np.empty(4)
    power_w = drives(made, TRACK, twist, slip, torque)
    pressed = 0.25 * (1400.0 / 0.25 + 820e3) * 0.0014**2 / 2.0
    assert torque == pytest.approx(np.full(4, (pressed + 0.06 * WEIGHT / 4.0) * 0.1), rel=1e-3)
    assert power_w == pytest.approx(4.0 * torque[0] * 1.0 / 0.5)


def test_internal_friction_is_the_rover_s_times_the_drawn_drag_and_less_when_slow():
    for drag in (1.0, 1.7):
        track = true_track(ROVER, TrackGrip(), drag)
        made = units([0.1] * 4, rolling_m=0.0)
        slip, torque = np.empty(4), np.empty(4)
        drives(made, track, solved(made), slip, torque)
        assert torque == pytest.approx(np.full(4, drag * 0.06 * WEIGHT / 4.0 * 0.1), rel=1e-3)
        slow = units([0.05] * 4, rolling_m=0.0)
        drives(slow, track, solved(slow), slip, torque)
        assert torque == pytest.approx(np.full(4, 0.9 * drag * 0.06 * WEIGHT / 4.0 * 0.1), rel=1e-3)


def test_a_braking_drive_takes_a_little_and_gives_nothing_back():
    assert drive_power(2.0, 0.1, TRACK) == pytest.approx(2.0 * 0.1 / 0.1 / 0.5)
    assert drive_power(-2.0, 0.1, TRACK) == pytest.approx(0.1 * 2.0 * 0.1 / 0.1)
    assert drive_power(2.0, -0.1, TRACK) > 0.0


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([-0.1, -0.03, 0.0, 1e-5, 0.05, 0.1]), min_size=4, max_size=4),
    st.lists(st.floats(-1.6, 1.6), min_size=4, max_size=4),
    st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.integers(0, 15),
)  # fmt: skip
def test_all_forces_and_their_moment_vanish_and_a_mirror_image_moves_mirrored(speeds, steer, along, across, weak):
    soils = np.array([WEAK if weak >> k & 1 else SOIL for k in range(4)])
    made = units(speeds, steer, soils, along, across)
    twist = solved(made, along, across)
    assert left_over(made, twist, along, across) == pytest.approx(np.zeros(3), abs=1e-5 * WEIGHT)
    other = units(np.array(speeds)[MIRRORED], -np.array(steer)[MIRRORED], soils[MIRRORED], along, -across)
    mirrored = solved(other, along, -across)
    # at rest the balance is as stiff as 1e-4 m/s: what is left of it weighs little
    assert mirrored == pytest.approx([twist[0], -twist[1], -twist[2]], rel=1e-3, abs=2e-6)


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3), st.lists(st.floats(-1.6, 1.6), min_size=4, max_size=4))
def test_the_same_balance_is_found_from_anywhere(start, steer):
    made = units([0.0, 0.1, 0.0, -0.1], steer, along=0.3, across=-0.1)
    twist = np.array(start)
    assert balance(made, TRACK, 0.3, -0.1, twist)
    assert twist == pytest.approx(solved(made, 0.3, -0.1), rel=1e-3, abs=2e-6)


def test_the_soil_pays_for_what_is_lifted_and_sheared():
    """Tracks give what lifts the weight and what slides and ruts take; nothing else."""
    along, across = math.sin(math.radians(14.0)), 0.1
    made = units([0.1, 0.08, 0.1, 0.09], [0.2, 0.1, -0.1, 0.0], along=along, across=across)
    twist = solved(made, along, across)
    slip, torque = np.empty(4), np.empty(4)
    drives(made, TRACK, twist, slip, torque)
    friction = 0.06 * (0.8 + 0.2 * made.speeds / 0.1) * made.loads * 0.1
    driven = ((torque - friction) * made.speeds / 0.1).sum()
    lifted = WEIGHT * (along * twist[0] + across * twist[1])
    assert lifted > 0.0
    assert driven > lifted
    lost = 0.0
    for k, (x, y) in enumerate(PLACES):
        c, s = math.cos(made.steer[k]), math.sin(made.steer[k])
        ux, uy = twist[0] - twist[2] * y, twist[1] + twist[2] * x
        a, b = c * ux + s * uy, c * uy - s * ux
        resisting = resistances(made.ruts[k, 0], 0.0, made.loads[k], TRACK, SOIL)
        full = unit_force(made.speeds[k], a, b, made.loads[k], resisting, TRACK, SOIL)
        bare = unit_force(made.speeds[k], a, b, made.loads[k], (0.0, 0.0), TRACK, SOIL)
        lost += bare[0] * (made.speeds[k] - a) - bare[1] * b
        lost += (bare[0] - full[0]) * a + (bare[1] - full[1]) * b
    assert lost > 0.0
    assert driven == pytest.approx(lifted + lost, rel=1e-5)


def test_no_unit_pulls_more_than_its_own_soil_and_load_give():
    soils = np.array([SOIL, WEAK, SOIL, WEAK])
    made = units([0.1] * 4, soils=soils, along=0.2)
    twist = solved(made, 0.2)
    for k in range(4):
        velocity = twist[0] - twist[2] * PLACES[k, 1], twist[1] + twist[2] * PLACES[k, 0]
        force = unit_force(0.1, *velocity, made.loads[k], (0.0, 0.0), TRACK, soils[k])
        slide = math.hypot(0.1 - velocity[0], velocity[1])
        assert math.hypot(force[0], force[1]) <= sum(grip_strengths(made.loads[k], TRACK, soils[k])) + (
            0.05 * made.loads[k] * slide * 1.000001
        )
