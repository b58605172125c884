# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""ROS time to seconds and back; point clouds to arrays."""

import numpy as np
from builtin_interfaces.msg import Duration, Time
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from lupex_node.checks import InvalidMessage

_XYZ = ("x", "y", "z")


def seconds(stamp: Time) -> float:
    """Return a stamp in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def stamp(time_s: float) -> Time:
    """Return seconds as a stamp, rounded to the nanosecond."""
    nanoseconds = round(time_s * 1e9)
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def duration_s(span: Duration | None) -> float:
    """Return a duration in seconds, 0 where there is none."""
    return 0.0 if span is None else span.sec + span.nanosec * 1e-9


def duration(span_s: float) -> Duration:
    """Return seconds as a duration, rounded to the nanosecond."""
    nanoseconds = round(span_s * 1e9)
    return Duration(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def cloud(message: PointCloud2) -> tuple[float, NDArray[np.float32]]:
    """Return (stamp in seconds, points (n, point_step / 4) with x, y, z first) without copying.

    Raises InvalidMessage for a layout other than little-endian float32 with x, y, z at the offsets 0, 4, 8.
    """
    offsets = {field.name: field.offset for field in message.fields if field.datatype == PointField.FLOAT32}
    if [offsets.get(name) for name in _XYZ] != [0, 4, 8] or message.is_bigendian:
        raise InvalidMessage("points are not little-endian float32 with x, y, z at offsets 0, 4, 8")
    step = message.point_step
    count = message.width * message.height
    if step < 12 or step % 4 or message.row_step != step * message.width or len(message.data) != step * count:
        raise InvalidMessage(f"{len(message.data)} bytes are not {count} points of {step} bytes")
    points = np.frombuffer(message.data, np.float32).reshape(count, step // 4)
    return seconds(message.header.stamp), points
