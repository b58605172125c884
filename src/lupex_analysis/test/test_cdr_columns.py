# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Columns are what rosbags' own decoder gives, bit for bit."""

import numpy as np
import pytest
from rosbags.typesys import get_types_from_msg

from lupex_analysis.cdr_columns import ColumnDecoder, fixed_fields, value_at
from lupex_analysis.column_pieces import joined_columns
from lupex_system_tests.odd_bags import STORE, drawn

ALL = """\
bool yes
byte raw
char letter
int8 a
uint64 b
string name
int16 c
float32 d
geometry_msgs/Point[2] ends
uint16[3] three
float64[] many
string other
bool[2] both
geometry_msgs/Vector3 last
"""
STORE.register(get_types_from_msg(ALL, "odd_msgs/msg/All"))
FIXED = (
    "std_msgs/msg/Header",
    "nav_msgs/msg/Odometry",
    "sensor_msgs/msg/Imu",
    "geometry_msgs/msg/TwistStamped",
    "sensor_msgs/msg/NavSatFix",
    "geometry_msgs/msg/PoseWithCovarianceStamped",
    "sensor_msgs/msg/BatteryState",
    "rosgraph_msgs/msg/Clock",
    "std_msgs/msg/Empty",
    "odd_msgs/msg/All",
)


def bits(value):
    return np.atleast_1d(np.asarray(value)).tobytes()


def check(kind, messages, fields=None):
    decoder = ColumnDecoder(kind, STORE, fields)
    table, taken = decoder.decode(messages)
    assert taken.all()
    for row, data in enumerate(messages):
        message = STORE.deserialize_cdr(data, kind)
        for name in decoder.fields:
            expected = value_at(message, name)
            if isinstance(expected, str):
                assert table[name][row] == expected
            elif not (isinstance(expected, np.ndarray) and len(expected) != table[name].shape[1]):
                found = table[name][row]
                assert bits(found) == bits(np.asarray(expected, dtype=found.dtype)), (kind, name, row)


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("kind", FIXED)
def test_fields_are_those_of_rosbags_bit_for_bit(kind, little):
    rng = np.random.default_rng(17)
    messages = [bytes(STORE.serialize_cdr(drawn(kind, rng), kind, little_endian=little)) for _ in range(40)]
    check(kind, messages)


@pytest.mark.parametrize("kind", FIXED)
def test_texts_of_any_length_and_both_byte_orders_in_one_topic(kind):
    rng = np.random.default_rng(5)
    words = ("map", "odom", "base_link", "", "Häuschen", "a/b", "x" * 40)
    messages = [
        bytes(
            STORE.serialize_cdr(
                drawn(kind, rng, lambda r: words[r.integers(len(words))]), kind, little_endian=bool(rng.integers(2))
            )
        )
        for _ in range(120)
    ]
    check(kind, messages)


def test_texts_and_sequences_are_columns_too():
    kind, rng = "odd_msgs/msg/All", np.random.default_rng(2)
    lengths = iter([3, 3, 1, 4, 0, 3])
    messages = [
        bytes(STORE.serialize_cdr(drawn(kind, rng, lambda r: f"n{r.integers(5)}", lambda r: next(lengths)), kind))
        for _ in range(6)
    ]
    table, taken = ColumnDecoder(kind, STORE, ["name", "other", "many", "ends.1.y", "absent"]).decode(messages)
    assert taken.all()
    for row, data in enumerate(messages):
        message = STORE.deserialize_cdr(data, kind)
        assert (table["name"][row], table["other"][row]) == (message.name, message.other)
        count = len(message.many)
        assert table["many"].shape == (6, 4)
        np.testing.assert_array_equal(table["many"][row, :count], message.many)
        assert np.isnan(table["many"][row, count:]).all()
        np.testing.assert_array_equal(table["ends.1.y"][row], message.ends[1].y)
    assert np.isnan(table["absent"]).all()


def test_what_rosbags_does_not_decode_is_left_out():
    kind, rng = "nav_msgs/msg/Odometry", np.random.default_rng(3)
    good = [bytes(STORE.serialize_cdr(drawn(kind, rng), kind)) for _ in range(6)]
    bad = [
        b"",
        b"\x00",
        good[0][:-1],
        good[0] + bytes(9),
        b"\x00\x07" + good[0][2:],
        good[0][:12] + b"\xff\xff\xff\x7f" + good[0][16:],
        # without the end of its text
        good[0][:19] + b"x" + good[0][20:],
    ]
    messages = [*good[:3], *bad, *good[3:]]
    table, taken = ColumnDecoder(kind, STORE, ["pose.pose.position.x"]).decode(messages)
    assert list(taken) == [True] * 3 + [False] * len(bad) + [True] * 3
    expected = [STORE.deserialize_cdr(data, kind).pose.pose.position.x for data in good]
    assert bits(table["pose.pose.position.x"]) == bits(expected)


@pytest.mark.parametrize("seed", range(20))
def test_a_bit_turned_anywhere_gives_what_rosbags_gives(seed):
    kind, rng = "sensor_msgs/msg/Imu", np.random.default_rng(seed)
    data = bytearray(STORE.serialize_cdr(drawn(kind, rng), kind))
    messages = [bytes(data)]
    for _ in range(30):
        turned = bytearray(data)
        turned[rng.integers(28)] ^= 1 << rng.integers(8)
        messages.append(bytes(turned))
    table, taken = ColumnDecoder(kind, STORE, ["header.stamp.sec", "orientation.w"]).decode(messages)
    expected = []
    for message, good in zip(messages, taken, strict=True):
        try:
            expected.append(STORE.deserialize_cdr(message, kind))
            assert good
        except Exception:
            assert not good
    assert bits(table["orientation.w"]) == bits([message.orientation.w for message in expected])
    assert list(table["header.stamp.sec"]) == [message.header.stamp.sec for message in expected]


def test_batches_follow_each_other():
    parts = [{"a": np.array([1.0, 2.0])}, {"a": np.array([[3.0, 4.0]])}, {"a": np.zeros(0)}]
    np.testing.assert_array_equal(joined_columns(parts, "a"), [[1, np.nan], [2, np.nan], [3, 4]])
    assert joined_columns([], "a").shape == (0,)


def test_the_numbers_of_a_type_are_named():
    assert fixed_fields("geometry_msgs/msg/TwistStamped", STORE) == [
        "header.stamp.sec", "header.stamp.nanosec", *(f"twist.linear.{a}" for a in "xyz"),
        *(f"twist.angular.{a}" for a in "xyz"),
    ]  # fmt: skip
    assert "ends.1.z" in fixed_fields("odd_msgs/msg/All", STORE)
    assert "many" not in fixed_fields("odd_msgs/msg/All", STORE)
