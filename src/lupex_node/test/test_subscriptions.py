# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is read of messages without decoding them, and the middleware's words for our profiles."""

import struct

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("rclpy")

from nav_msgs.msg import Odometry  # noqa: E402
from rclpy.qos import DurabilityPolicy, HistoryPolicy, ReliabilityPolicy  # noqa: E402

from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.ros.subscriptions import SerializedMessage, quality, stamp_s  # noqa: E402
from lupex_node.serialization import serialize_message  # noqa: E402


def test_a_stamp_is_read_from_serialized_bytes_of_either_order():
    message = Odometry(child_frame_id="base_link")
    message.header.stamp = stamp(1234.5678)
    content = serialize_message(message)
    assert stamp_s(content) == pytest.approx(1234.5678, abs=1e-9)
    assert stamp_s(b"\x00\x00\x00\x00" + struct.pack(">iI", -2, 500_000_000)) == -1.5
    waiting = SerializedMessage(content, Odometry)
    assert waiting.stamp_s == stamp_s(content)
    assert waiting.read() == message


@pytest.mark.parametrize("profile", [qos.SAMPLES, qos.STATE, qos.NEWEST, qos.LATCHED, qos.EVENTS])
def test_every_profile_is_reliable_and_keeps_the_last(profile):
    made = quality(profile)
    assert (made.reliability, made.history) == (ReliabilityPolicy.RELIABLE, HistoryPolicy.KEEP_LAST)
    assert made.depth == profile.depth
    latched = made.durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert latched == profile.latched
