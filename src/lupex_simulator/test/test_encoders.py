# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Encoders against what is truly done: radius, zero and play, each by hand."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from planes import DT, ONES, ROVER, ZEROS, plane, run
from reference_track import SOIL

from lupex_simulator.crawler.encoders import EncoderDraw, Encoders
from lupex_simulator.crawler.vehicle import Vehicle, VehicleConfig

RADIUS = ROVER.crawler.sprocket_radius_m
SPROCKETS = EncoderDraw(radius_factor=(1.01, 0.99, 1.005, 0.995))
ZEROES = EncoderDraw(steering_zero_deg=(0.5, -0.5, 0.3, 0.0))
PLAY = EncoderDraw(steering_backlash_deg=(2.0, 2.0, 0.0, 1.0), drive_backlash_deg=(3.0, 0.0, 1.0, 3.0))


def vehicle(draw, ground=None):
    def soil(x_m, y_m):
        return np.tile(SOIL, (len(x_m), 1))

    return Vehicle(ROVER, VehicleConfig(), ground or plane(), soil, 0.0, 0.0, 0.0, encoders=draw)


def test_exact_encoders_say_what_is_there():
    made = vehicle(EncoderDraw())
    run(made, 3.0, np.array([0.2, -0.1, 0.0, 0.3]), 0.8 * ONES)
    assert np.array_equal(made.encoders.steering_rad(made.steer_rad), made.steer_rad)
    assert np.array_equal(made.encoders.sprocket_rad(made.travel_m), made.travel_m / RADIUS)
    assert np.array_equal(made.encoders.sprocket_rad_s(made.track_mps), made.track_mps / RADIUS)


def test_a_larger_sprocket_runs_further_than_its_encoder_counts():
    made = vehicle(SPROCKETS)
    run(made, 10.0, speed=0.6 * ONES)
    said = made.encoders.sprocket_rad(made.travel_m) * RADIUS
    factor = np.array(SPROCKETS.radius_factor)
    assert made.travel_m == pytest.approx(said * factor)
    assert made.track_mps == pytest.approx(0.06 * factor)
    assert made.encoders.sprocket_rad_s(made.track_mps) == pytest.approx(0.6 * ONES)
    # the pair on the left is larger by 1 % in the mean: the rover turns to the right
    assert made.pose.yaw_rad < -1e-3


def test_the_motors_limit_counts_in_turns_of_the_motor():
    made = vehicle(SPROCKETS)
    run(made, 5.0, speed=50.0 * ONES)
    assert made.track_mps == pytest.approx(0.1 * np.array(SPROCKETS.radius_factor))


def test_a_wrong_zero_turns_the_units_where_their_encoders_say_nought():
    made = vehicle(ZEROES)
    zero = np.radians([0.5, -0.5, 0.3, 0.0])
    assert made.steer_rad == pytest.approx(zero)
    assert made.encoders.steering_rad(made.steer_rad) == pytest.approx(ZEROS)
    run(made, 5.0, np.full(4, 0.2), ZEROS)
    assert made.steer_rad == pytest.approx(0.2 + zero)
    assert made.encoders.steering_rad(made.steer_rad) == pytest.approx(np.full(4, 0.2))
    # one sprocket radius further with both zeros to the left it bears off to the left
    left = vehicle(EncoderDraw(steering_zero_deg=(0.5,) * 4))
    run(left, 20.0)
    assert left.pose.y_m == pytest.approx(left.pose.x_m * math.tan(math.radians(0.5)), rel=0.02)


def test_play_of_the_steering_lags_behind_the_motor_on_either_side():
    made = vehicle(PLAY)
    half = np.radians([1.0, 1.0, 0.0, 0.5])
    run(made, 5.0, np.full(4, 0.3), ZEROS)
    assert made.steer_rad == pytest.approx(0.3 - half)
    assert made.encoders.steering_rad(made.steer_rad) == pytest.approx(np.full(4, 0.3))
    run(made, 5.0, np.full(4, 0.1), ZEROS)
    assert made.steer_rad == pytest.approx(0.1 + half)
    # a turn within the play moves the motor alone
    run(made, 5.0, np.full(4, 0.1 + math.radians(0.8)), ZEROS)
    assert made.steer_rad == pytest.approx(np.maximum(0.1 + half, 0.1 + math.radians(0.8) - half))
    assert made.encoders.steering_rad(made.steer_rad) == pytest.approx(np.full(4, 0.1 + math.radians(0.8)))


def test_while_it_turns_the_encoder_leads_by_half_the_play():
    made = vehicle(PLAY)
    made.command(np.full(4, 1.0), ZEROS, 0.0)
    for k in range(20):
        made.step(DT, (k + 1) * DT)
    half = np.radians([1.0, 1.0, 0.0, 0.5])
    assert made.encoders.steering_rad(made.steer_rad) - made.steer_rad == pytest.approx(half)


def test_a_drive_that_turns_round_counts_its_play_before_the_track_follows():
    made = vehicle(PLAY)
    half = 0.5 * np.radians([3.0, 0.0, 1.0, 3.0])
    assert made.encoders.sprocket_rad(made.travel_m) == pytest.approx(ZEROS)
    now = run(made, 5.0)
    assert made.encoders.sprocket_rad(made.travel_m) == pytest.approx(made.travel_m / RADIUS + half)
    now = run(made, 5.0, speed=ZEROS, start_s=now)
    assert made.encoders.sprocket_rad(made.travel_m) == pytest.approx(made.travel_m / RADIUS + half)
    run(made, 5.0, speed=-ONES, start_s=now)
    assert made.encoders.sprocket_rad(made.travel_m) == pytest.approx(made.travel_m / RADIUS - half)


def test_a_unit_at_rest_takes_the_set_point_within_its_play():
    made = Encoders(PLAY, ROVER.crawler)
    steer, track = made.command(np.full(4, 0.01), np.full(4, 0.5), np.zeros(4))
    assert steer == pytest.approx([0.0, 0.0, 0.01, 0.01 - math.radians(0.5)])
    assert track == pytest.approx(np.full(4, 0.05))
