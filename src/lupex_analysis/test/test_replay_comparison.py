# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is told of two sides of a replay: pairs, first and largest differences, units."""

import math

import numpy as np
import pytest

from lupex_analysis.field_units import unit_of
from lupex_analysis.replay_comparison import Spoken, bare, compare_topic, differences, matched, paired, table

NS = 1_000_000_000
POWER = "lupex_interfaces/msg/PowerStatus"
ODOMETRY = "nav_msgs/msg/Odometry"


@pytest.fixture
def told(store, synthetic):
    """Return a function that makes a spoken message, and one that decodes those of a type."""
    tape = synthetic.Tape(store, None)

    def make(kind, t_s, **values):
        if any(name == "header" for name, _ in store.fielddefs[kind][1]):
            values.setdefault("header", tape.header(t_s))
        return Spoken(round(t_s * NS), bytes(store.serialize_cdr(tape.make(kind, **values), kind)))

    return make


@pytest.fixture
def compared(store):
    """Return a function that compares two sides of a topic."""

    def compare(kind, recorded, now, *, end_s=1e6, **options):
        decode = lambda data: store.deserialize_cdr(data, kind)  # noqa: E731
        return compare_topic("/a", kind, recorded, now, (decode, decode), end_ns=round(end_s * NS), **options)

    return compare


def statuses(told, charges, begin_s=1000.0):
    return [told(POWER, begin_s + number, soc=soc, energy_wh=2000.0 * soc) for number, soc in enumerate(charges)]


def test_the_same_is_the_same(told, compared):
    found = compared(POWER, statuses(told, [0.5, 0.25]), statuses(told, [0.5, 0.25]))
    assert found.same
    assert (found.recorded, found.now, found.first, found.fields) == (2, 2, None, ())


def test_first_and_largest_differences_are_told_with_time_and_unit(told, compared):
    found = compared(POWER, statuses(told, [0.5, 0.5, 0.5]), statuses(told, [0.5, 0.25, 0.75]))
    assert not found.same
    assert found.differing == 2
    assert (found.first.time_s, found.first.path, found.first.recorded, found.first.now) == (1001, "soc", "0.5", "0.25")
    energy = next(item for item in found.fields if item.path == "energy_wh")
    assert (energy.largest, energy.unit, energy.time_s) == (500.0, "Wh", 1001.0)
    text = table([found])
    assert "first at 1001.000 s: soc 0.5 recorded, 0.25 now" in text
    assert "energy_wh: by 500 Wh at 1001.000 s" in text
    assert "1 topics: 0 as recorded, 1 differ" in text


def test_a_message_more_or_less_does_not_shift_the_rest(told, compared):
    recorded = statuses(told, [0.9, 0.8, 0.7, 0.6, 0.5])
    found = compared(POWER, recorded, [*recorded[:2], *recorded[3:]])
    assert (found.differing, found.only_recorded, found.only_now) == (0, 1, 0)
    assert (found.first.time_s, found.first.recorded, found.first.now) == (1002.0, "told", "not told")
    found = compared(POWER, [*recorded[:2], *recorded[3:]], recorded)
    assert (found.differing, found.only_recorded, found.only_now) == (0, 0, 1)


def test_messages_are_paired_by_stamp_and_not_by_arrival(told, compared):
    recorded = statuses(told, [0.9, 0.8, 0.7, 0.6])
    later = [Spoken(each.time_ns + 3 * NS, each.data) for each in recorded]
    assert compared(POWER, recorded, later).same


def test_other_timers_are_paired_with_the_nearest():
    pairs, left_recorded, left_now = paired([0, 10, 20, 30], [3, 13, 33])
    assert pairs == [(0, 0), (1, 1), (3, 2)]
    assert (left_recorded, left_now) == ([2], [])
    assert paired([], [1, 2]) == ([], [], [0, 1])
    assert paired([0, 10, 20, 30], [100])[0] == []


def test_requests_are_paired_by_who_asks_for_what_the_how_many_th_time(told, compared):
    kind = "lupex_interfaces/msg/Exchange"
    one = told(kind, 1000.0, name="/plan", client="mission", number=1)
    two = told(kind, 1900.0, name="/plan", client="mission", number=1)
    other = told(kind, 1900.0, name="/plan", client="mission", number=2)
    found = compared(kind, [one], [two, other])
    assert (found.differing, found.only_recorded, found.only_now) == (1, 0, 1)
    assert found.first.path == "header.stamp"
    assert matched("aab", "ba") == ([(0, 1), (2, 0)], [1], [])


def test_what_is_said_at_the_end_is_no_difference(told, compared):
    recorded = statuses(told, [0.9, 0.8])
    now = statuses(told, [0.9, 0.8, 0.7])
    assert compared(POWER, recorded, now, end_s=1002.0).same
    assert not compared(POWER, recorded, now, end_s=1003.0).same


def test_of_a_thinned_topic_what_was_recorded_is_compared(told, compared):
    now = statuses(told, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    found = compared(POWER, now[::2], now, thinned=True)
    assert found.same
    assert "thinned when recorded" in table([found])


def test_without_a_usable_definition_bytes_are_compared(told):
    one = statuses(told, [0.9])
    for other, same in ((statuses(told, [0.9]), True), (statuses(told, [0.8]), False)):
        found = compare_topic("/a", POWER, one, other, (None, None), end_ns=NS)
        assert found.same is same
    assert "compared byte by byte" in table([found])


def test_numbers_that_are_none_are_the_same_and_arrays_tell_the_worst(store, synthetic):
    tape = synthetic.Tape(store, None)
    covariance = np.zeros(36)
    covariance[3] = math.nan
    a = tape.make("geometry_msgs/msg/PoseWithCovariance", covariance=covariance)
    worse = covariance.copy()
    worse[[5, 7]] = 0.5, -2.0
    b = tape.make("geometry_msgs/msg/PoseWithCovariance", covariance=worse)
    assert list(differences(a, a)) == []
    found = list(differences(a, b))
    assert [(item.path, item.size) for item in found] == [("covariance[5]", 0.5), ("covariance[7]", 2.0)]
    worse[5] = math.nan
    assert math.isnan(next(differences(a, tape.make("geometry_msgs/msg/PoseWithCovariance", covariance=worse))).size)


def test_lists_texts_times_and_bytes_are_told_as_what_they_are(store, synthetic):
    tape = synthetic.Tape(store, None)
    header = [tape.header(1.5, "map"), tape.header(2.25, "odom")]
    assert [(d.path, d.recorded, d.now) for d in differences(*header)] == [
        ("stamp", "1.5", "2.25"),
        ("frame_id", "map", "odom"),
    ]
    kind = "diagnostic_msgs/msg/DiagnosticArray"
    status = tape.make("diagnostic_msgs/msg/DiagnosticStatus", name="a")
    one, two = (tape.make(kind, status=[status] * count) for count in (1, 2))
    assert [(d.path, d.recorded, d.now) for d in differences(one, two)] == [("status", "1 items", "2 items")]
    kind = "sensor_msgs/msg/PointCloud2"
    clouds = [tape.make(kind, data=np.array([1, value, 3], dtype=np.uint8)) for value in (2, 5)]
    assert [(d.path, d.now) for d in differences(*clouds)] == [("data", "1 of 3 bytes differ")]


def test_numbers_that_look_alike_are_told_in_full(store, synthetic):
    tape = synthetic.Tape(store, None)
    found = next(differences(*(tape.make("geometry_msgs/msg/Point", x=x) for x in (0.1, 0.1 + 1e-16))))
    assert found.recorded != found.now


def test_indices_are_left_out_of_a_fields_name():
    assert bare("transforms[3].transform.translation.x") == "transforms[].transform.translation.x"
    assert bare("covariance[7]") == "covariance[]"
    assert bare("soc") == "soc"


@pytest.mark.parametrize(
    ("kind", "path", "unit"),
    [
        (ODOMETRY, "pose.pose.position.x", "m"),
        (ODOMETRY, "twist.twist.linear.y", "m/s"),
        (ODOMETRY, "twist.twist.angular.z", "rad/s"),
        (ODOMETRY, "pose.pose.orientation.w", ""),
        (ODOMETRY, "header.stamp", "s"),
        ("sensor_msgs/msg/Imu", "linear_acceleration.x", "m/s2"),
        ("sensor_msgs/msg/JointState", "position[]", "rad"),
        ("tf2_msgs/msg/TFMessage", "transforms[].transform.translation.x", "m"),
        ("a/msg/B", "energy_wh", "Wh"),
        ("a/msg/B", "rate_rad_s", "rad/s"),
        ("a/msg/B", "speed_mps", "m/s"),
        ("a/msg/B", "torque_nm", "N m"),
        ("a/msg/B", "battery_temperature_k", "K"),
        ("a/msg/B", "mass_kg", "kg"),
        ("a/msg/B", "soc", ""),
        ("a/msg/B", "x", ""),
    ],
)
def test_units_are_those_of_the_names(kind, path, unit):
    assert unit_of(kind, path) == unit
