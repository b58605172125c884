# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip without truth, against drives whose slip is known."""

import numpy as np
import pytest

from lupex_analysis.reading import read_recording
from lupex_analysis.rover.overview import overview
from lupex_analysis.sortie import ASKED
from lupex_system_tests.odd_bags import header, mcap_bag, odometry, told
from lupex_system_tests.stranger import JOINTS, stranger_bag

RADIUS_M = 0.2


def joints(at_s, *rates):
    return told(JOINTS, header=header(at_s), name=[f"j{k}" for k in range(len(rates))], velocity=np.array(rates))


def drive(tmp_path, slip, other=lambda t: 0.0, long_s=300):
    """Drive straight with stops; the second wheel does as the first, and another joint as it likes."""
    messages, x = [], 0.0
    for k in range(10 * long_s):
        t = 1000.0 + 0.1 * k
        rate = 1.0 if (k // 500) % 2 == 0 else 0.0
        x += 0.1 * rate * RADIUS_M * (1.0 - slip(0.1 * k))
        messages.append(("/odom", "nav_msgs/msg/Odometry", t, odometry(t, x)))
        messages.append(("/joints", JOINTS, t, joints(t, rate, -rate, other(0.1 * k))))
    found = overview(read_recording(mcap_bag(tmp_path / "r.mcap", messages), ASKED))
    return found.figures["rolling"]["/joints"], found.rolled[0]


def test_slip_that_comes_and_goes_is_told_against_the_usual_way_a_radian(tmp_path):
    figures, found = drive(tmp_path, lambda t: 0.4 if 210.0 <= t < 230.0 else 0.0)
    assert figures["missing"] is None
    assert figures["joints"] == 2
    assert figures["rolling_radius_m"] == pytest.approx(RADIUS_M, rel=0.01)
    assert figures["relative_slip_max"] == pytest.approx(0.4, abs=0.01)
    slips = found.time_s[found.slip > 0.2] - 1000.0
    assert 205.0 < slips.min() < slips.max() < 235.0


def test_wheels_that_spin_on_the_spot_slip_wholly(tmp_path):
    figures, _ = drive(tmp_path, lambda t: 1.0 if 210.0 <= t < 230.0 else 0.0)
    assert figures["relative_slip_max"] == pytest.approx(1.0, abs=0.01)


def test_slip_that_is_always_there_is_not_seen_and_a_way_that_counts_wheels_tells_none(tmp_path):
    figures, _ = drive(tmp_path, lambda t: 0.3)
    assert "it counts them" in figures["missing"]
    assert figures["relative_slip_max"] is None


def test_joints_that_do_not_roll_tell_nothing(tmp_path):
    messages = []
    for k in range(1000):
        t = 1000.0 + 0.1 * k
        messages.append(("/odom", "nav_msgs/msg/Odometry", t, odometry(t, 0.02 * k)))
        messages.append(("/arm", JOINTS, t, joints(t, np.sin(k / 70.0) ** 2)))
    recording = read_recording(mcap_bag(tmp_path / "r.mcap", messages), ASKED)
    assert overview(recording).figures["rolling"]["/arm"]["missing"] == "no joint turns as /odom drives"


def test_joints_without_a_way_or_a_velocity_say_so(tmp_path):
    alone = [("/arm", JOINTS, 1000.0 + k, joints(1000.0 + k, 1.0)) for k in range(9)]
    found = overview(read_recording(mcap_bag(tmp_path / "a.mcap", alone), ASKED)).figures["rolling"]["/arm"]
    assert found["missing"] == "no topic tells the way"
    silent = [("/arm", JOINTS, 1000.0 + k, told(JOINTS, header=header(1000.0 + k))) for k in range(90)]
    silent += [("/odom", "nav_msgs/msg/Odometry", 1000.0 + k, odometry(1000.0 + k, k)) for k in range(90)]
    silent.sort(key=lambda message: message[2])
    found = overview(read_recording(mcap_bag(tmp_path / "b.mcap", silent), ASKED)).figures["rolling"]["/arm"]
    assert found["missing"] == "its joints tell no velocity"


def test_a_strangers_wheels_slip_more_from_the_moment_that_they_do(tmp_path):
    recording = read_recording(stranger_bag(tmp_path / "field_day.mcap"), ASKED)
    found = overview(recording).rolled[0]
    late = found.time_s - recording.start_ns * 1e-9 > 405.0
    early = found.time_s - recording.start_ns * 1e-9 < 395.0
    # a radian makes 1.1/1.6 of the way that it made before
    ratio = (1.0 - np.median(found.slip[late])) / (1.0 - np.median(found.slip[early]))
    assert ratio == pytest.approx(1.1 / 1.6, abs=0.01)
