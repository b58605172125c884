# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The readers of serialized messages against the middleware's own."""

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from rclpy.serialization import serialize_message  # noqa: E402
from sensor_msgs.msg import Imu, JointState  # noqa: E402

from lupex_localization import conversions, serialized  # noqa: E402
from lupex_localization.config import Fixes, LocalizationConfig  # noqa: E402
from lupex_localization.track_odometry import JOINT_NAMES  # noqa: E402
from lupex_node.checks import InvalidMessage  # noqa: E402


def imu(frame):
    message = Imu()
    message.header.stamp.sec, message.header.stamp.nanosec = 1234, 560_000_000
    message.header.frame_id = frame
    message.orientation_covariance = np.arange(9.0)
    w, f = message.angular_velocity, message.linear_acceleration
    w.x, w.y, w.z = 0.1, 0.2, 0.3
    f.x, f.y, f.z = 0.4, 0.5, 1.6
    return message


@pytest.mark.parametrize("frame", ["", "a", "ab", "abc", "abcd", "abcde", "abcdef", "base_link", "sensor/mém"])
def test_imu_of_any_alignment(frame):
    content = serialize_message(imu(frame))
    assert serialized.is_plain(content)
    fields = serialized.inertial_fields(content)
    assert fields.time_s == pytest.approx(1234.56)
    assert fields.frame == frame
    assert fields.rate == pytest.approx([0.1, 0.2, 0.3])
    assert fields.force == pytest.approx([0.4, 0.5, 1.6])


@pytest.mark.parametrize("frame", ["", "abc", "base_link"])
@pytest.mark.parametrize("names", [[], ["a"], list(JOINT_NAMES), ["x" * n for n in range(1, 9)]])
@pytest.mark.parametrize("size", [0, 1, 8])
def test_joint_states_of_any_alignment(frame, names, size):
    message = JointState(name=names, position=np.arange(float(size)), velocity=np.arange(8.0) + 0.5)
    message.header.frame_id = frame
    fields = serialized.joint_fields(serialize_message(message))
    assert fields.frame == frame
    assert fields.names == tuple(names)
    assert fields.position == pytest.approx(np.arange(float(size)))
    assert fields.velocity == pytest.approx(np.arange(8.0) + 0.5)


@pytest.mark.parametrize("length", [4, 8, 14, 40, 100])
def test_a_message_cut_short_is_refused(length):
    config = LocalizationConfig(fixes=Fixes())
    states = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 8)
    with pytest.raises(InvalidMessage):
        conversions.inertial_sample(bytes(serialize_message(imu("base_link")))[:length], config)
    with pytest.raises(InvalidMessage):
        conversions.track_sample(bytes(serialize_message(states))[:length], config, 0.1)


def test_an_absurd_number_of_joints_is_refused():
    content = bytearray(serialize_message(JointState(name=["a"])))
    content[20:24] = (10**6).to_bytes(4, "little")
    with pytest.raises(InvalidMessage, match="joints"):
        conversions.track_sample(bytes(content), LocalizationConfig(), 0.1)
