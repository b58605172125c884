# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a cloud, a scan or a grid looks like from above: sensor_msgs/PointCloud2, LaserScan, nav_msgs/OccupancyGrid."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from PIL import Image

Array = np.ndarray

SIDE = 320
"""Pixels of a picture of points; x is up, y to the left, as a rover that looks up the page sees it."""
_FORMATS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
"""Of sensor_msgs/PointField."""
_SHARE = 99.0
"""Percent of the points that the picture holds: one stray point would make dots of all others."""
_LARGEST = 1 << 26


def top_view(message: Any) -> Image.Image | None:
    """Return a picture from above; None where there is nothing to see. Raises ValueError for what is no message."""
    if hasattr(message, "point_step"):
        return _points(cloud_points(message))
    if hasattr(message, "ranges"):
        return _points(scan_points(message))
    return grid_picture(message)


def cloud_points(message: Any) -> Array:
    """Return x, y, z (n, 3) of a cloud, without points that are no numbers."""
    step, count = int(message.point_step), int(message.width) * int(message.height)
    data = np.asarray(message.data, dtype=np.uint8)
    fields = {field.name: field for field in message.fields}
    if not 0 < step * count <= min(data.size, _LARGEST) or not {"x", "y", "z"} <= set(fields):
        return np.zeros((0, 3))
    order = ">" if message.is_bigendian else "<"
    rows = data[: step * count].reshape(count, step)
    columns = []
    for name in "xyz":
        kind = np.dtype(order + _FORMATS[fields[name].datatype])
        begin = int(fields[name].offset)
        columns.append(np.ascontiguousarray(rows[:, begin : begin + kind.itemsize]).view(kind)[:, 0].astype(float))
    points = np.stack(columns, axis=1)
    known: Array = points[np.isfinite(points).all(axis=1)]
    return known


def scan_points(message: Any) -> Array:
    """Return x, y and a height of 0 (n, 3) of a scan's ranges that are within its limits."""
    ranges = np.asarray(message.ranges, dtype=float)
    angles = float(message.angle_min) + float(message.angle_increment) * np.arange(len(ranges))
    good = np.isfinite(ranges) & np.isfinite(angles) & (ranges >= message.range_min) & (ranges <= message.range_max)
    r, at = ranges[good], angles[good]
    return np.stack([r * np.cos(at), r * np.sin(at), np.zeros(len(r))], axis=1)


def grid_picture(message: Any) -> Image.Image | None:
    """Return a grid as it lies, y up: free white, occupied black, unknown blue grey."""
    width, height = int(message.info.width), int(message.info.height)
    data = np.asarray(message.data, dtype=np.int16)
    if not 0 < width * height <= min(data.size, _LARGEST):
        return None
    cells = data[: width * height].reshape(height, width)[::-1]
    bright = 255 - np.clip(cells, 0, 100) * 255 // 100
    colours = np.repeat(bright[:, :, None], 3, axis=2).astype(np.uint8)
    colours[cells < 0] = (104, 118, 138)
    return Image.fromarray(np.ascontiguousarray(colours))


def _points(points: Array) -> Image.Image | None:
    if not len(points):
        return None
    half = max(float(np.percentile(np.abs(points[:, :2]).max(axis=1), _SHARE)), 1e-3) * 1.05
    row = np.floor((1.0 - points[:, 0] / half) * SIDE / 2)
    column = np.floor((1.0 - points[:, 1] / half) * SIDE / 2)
    inside = (row >= 0) & (row < SIDE) & (column >= 0) & (column < SIDE)
    low, high = np.percentile(points[:, 2], (2, 98))
    share = np.clip((points[:, 2] - low) / max(float(high - low), 1e-6), 0.0, 1.0)
    colours = (255 * colormaps["viridis"](0.15 + 0.85 * share)[:, :3]).astype(np.uint8)
    picture = np.full((SIDE, SIDE, 3), 16, dtype=np.uint8)
    # the highest last: it is what one sees from above
    order = np.argsort(points[:, 2], kind="stable")
    order = order[inside[order]]
    picture[row[order].astype(int), column[order].astype(int)] = colours[order]
    return Image.fromarray(picture)
