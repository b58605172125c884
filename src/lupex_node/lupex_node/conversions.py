# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""ROS time to seconds and back; point clouds and costmaps to arrays."""

import numpy as np
from builtin_interfaces.msg import Duration, Time
from nav_msgs.msg import OccupancyGrid
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from lupex_models.costmap import Costmap
from lupex_node.checks import InvalidMessage, all_finite, finite

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


def costmap(message: OccupancyGrid) -> Costmap:
    """Return the costmap; raises InvalidMessage when it is turned or its size does not fit."""
    info = message.info
    cell = finite(info.resolution, "resolution", 0.01, 10.0)
    origin = info.origin
    x, y = all_finite((origin.position.x, origin.position.y), "origin")
    if abs(origin.orientation.z) > 1e-6 or abs(abs(origin.orientation.w) - 1.0) > 1e-6:
        raise InvalidMessage("the costmap is turned in its frame")
    if len(message.data) != info.width * info.height or info.width < 2 or info.height < 2:
        raise InvalidMessage(f"{len(message.data)} cells are not {info.width} x {info.height}")
    cost = np.frombuffer(message.data, np.int8).reshape(info.height, info.width)
    return Costmap(seconds(message.header.stamp), cost, float(x), float(y), cell)
