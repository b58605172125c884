# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_mobility.config import Steering
from lupex_mobility.unit_kinematics import REST, BodyTwist, UnitKinematics, standing

SPEED = st.floats(-0.1, 0.1)
ANGLE = st.floats(-1.5, 1.5)


@pytest.fixture(scope="module")
def kinematics(rover):
    return UnitKinematics(rover.crawler, Steering())


def settle(kinematics, twist, steer, rate=0.3, dt=0.1):
    """Turn the units as the actuators do until the drives run; return (set-points, measured angles, steps)."""
    points, steer = standing(steer), np.array(steer, dtype=float)
    for step in range(400):
        points = kinematics.set_points(twist, steer, points)
        if points.driving:
            return points, steer, step
        steer = steer + np.clip(points.steer_rad - steer, -rate * dt, rate * dt)
    raise AssertionError("the drives never ran")


@given(SPEED, SPEED, SPEED, st.tuples(ANGLE, ANGLE, ANGLE, ANGLE))
@settings(max_examples=200, deadline=None)
@pytest.mark.property
def test_settled_units_move_the_body_as_asked_for_up_to_one_scale(rover, forward, left, turning, start):
    kinematics = UnitKinematics(rover.crawler, Steering())
    twist = BodyTwist(forward, left, turning)
    if math.hypot(forward, left) + abs(turning) < 1e-3:
        return
    points, _, _ = settle(kinematics, twist, start)
    points = kinematics.set_points(twist, points.steer_rad, points)
    found = kinematics.twist(points.steer_rad, points.track_mps)
    got, asked = np.array([found.forward_mps, found.left_mps, found.turning_rad_s]), np.array([forward, left, turning])
    scale = float(got @ asked / (asked @ asked))
    assert 0.0 < scale <= 1.0 + 1e-9
    assert got == pytest.approx(scale * asked, abs=1e-9)
    assert np.abs(points.track_mps).max() <= rover.crawler.max_speed_mps + 1e-12
    assert np.abs(points.steer_rad).max() <= rover.crawler.max_steer_rad


@given(SPEED, SPEED, SPEED, st.tuples(ANGLE, ANGLE, ANGLE, ANGLE))
@settings(max_examples=200, deadline=None)
@pytest.mark.property
def test_no_unit_turns_further_than_a_quarter_turn_and_what_the_stops_cost(rover, forward, left, turning, start):
    kinematics = UnitKinematics(rover.crawler, Steering(set_point_weight=0.0))
    points = kinematics.set_points(BodyTwist(forward, left, turning), np.array(start), standing(start))
    limit = rover.crawler.max_steer_rad
    # an angle and its opposite lie pi apart; one of them is a quarter turn away at most unless the stops forbid it
    for angle, present in zip(points.steer_rad, start, strict=True):
        other = angle - math.copysign(math.pi, angle)
        assert abs(angle - present) <= math.pi / 2 + 1e-9 or abs(other) > limit


def test_straight_arc_crab_and_turn_on_the_spot(kinematics):
    straight, _, _ = settle(kinematics, BodyTwist(0.1, 0.0, 0.0), [0.0] * 4)
    assert straight.track_mps == pytest.approx([0.1] * 4)
    spot, _, _ = settle(kinematics, BodyTwist(0.0, 0.0, 0.05), [0.0] * 4)
    assert spot.steer_rad == pytest.approx([-math.pi / 4, math.pi / 4, math.pi / 4, -math.pi / 4])
    assert np.sign(spot.track_mps) == pytest.approx([-1.0, 1.0, -1.0, 1.0])
    crab, _, _ = settle(kinematics, BodyTwist(0.0, 0.05, 0.0), [0.1] * 4)
    assert crab.steer_rad == pytest.approx([math.pi / 2] * 4)
    arc, _, _ = settle(kinematics, BodyTwist(0.05, 0.0, 0.02), [0.0] * 4)
    assert arc.steer_rad[0] > arc.steer_rad[1] > 0.0 > arc.steer_rad[3] > arc.steer_rad[2]


def test_backwards_reverses_the_tracks_and_turns_no_unit(kinematics):
    points = kinematics.set_points(BodyTwist(-0.05, 0.0, 0.0), np.zeros(4), standing(np.zeros(4)))
    assert points.steer_rad == pytest.approx(np.zeros(4))
    assert points.track_mps == pytest.approx([-0.05] * 4)


def test_drives_wait_for_the_units_and_stop_when_one_is_far_off(kinematics):
    spot = BodyTwist(0.0, 0.0, 0.05)
    points = kinematics.set_points(spot, np.zeros(4), standing(np.zeros(4)))
    assert not points.driving
    assert points.track_mps == pytest.approx(np.zeros(4))
    driving, steer, steps = settle(kinematics, spot, [0.0] * 4)
    assert steps > 20
    jammed = steer.copy()
    jammed[2] -= 0.2
    assert kinematics.set_points(spot, jammed, driving).driving
    jammed[2] -= 0.2
    assert not kinematics.set_points(spot, jammed, driving).driving


def test_the_last_set_point_breaks_a_tie(kinematics):
    crab = BodyTwist(0.0, 0.05, 0.0)
    for side in (-1.0, 1.0):
        last = standing(np.full(4, 0.3 * side))
        points = kinematics.set_points(crab, np.zeros(4), last)
        assert points.steer_rad == pytest.approx(np.full(4, side * math.pi / 2))


def test_rest_holds_the_angles(kinematics):
    last = standing([0.1, 0.2, -0.3, 0.4])
    points = kinematics.set_points(REST, np.zeros(4), last)
    assert points.steer_rad == pytest.approx([0.1, 0.2, -0.3, 0.4])
    assert not points.driving
    assert REST.at_rest


def test_a_unit_at_the_turning_centre_keeps_its_angle(kinematics):
    # turning about the front left unit: it stands
    points, _, _ = settle(kinematics, BodyTwist(0.55 * 0.05, -0.55 * 0.05, 0.05), [0.2, 0.0, 0.0, 0.0])
    assert points.steer_rad[0] == pytest.approx(0.2)
    assert points.track_mps[0] == 0.0


def test_stops_that_forbid_a_direction_are_refused(rover):
    with pytest.raises(ValueError, match="max_steer_rad"):
        UnitKinematics(replace(rover.crawler, max_steer_rad=1.0), Steering())
