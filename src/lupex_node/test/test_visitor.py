# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A program that is no node hears and speaks over the middleware, in a context of its own."""

import time

import pytest

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")

from std_msgs.msg import Int64  # noqa: E402

from lupex_node import qos  # noqa: E402
from lupex_node.ros.visitor import RosVisitor  # noqa: E402

WALL_LIMIT_S = 30.0


def test_visitors_hear_each_other_and_leave_the_context_of_others_alone():
    first, second = RosVisitor("first"), RosVisitor("second")
    heard = []
    second.port.subscribe(Int64, "/number", lambda message: heard.append(message.data), qos.LATCHED)
    first.port.publisher(Int64, "/number", qos.LATCHED).publish(Int64(data=7))
    end_s = time.monotonic() + WALL_LIMIT_S
    while not heard:
        assert time.monotonic() < end_s
        second.spin(0.02)
    assert heard == [7]
    first.close()
    before_s = time.monotonic()
    second.spin(0.1)
    assert time.monotonic() - before_s >= 0.1
    second.close()
    assert not rclpy.ok()
