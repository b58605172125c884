# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Clouds, scans and grids from above, against such whose points are known."""

import math

import numpy as np
import pytest

from lupex_analysis.reading import read_recording
from lupex_analysis.rover.pictures import small, views_html
from lupex_analysis.rover.top_views import SIDE, cloud_points, scan_points, top_view
from lupex_analysis.sortie import ASKED
from lupex_system_tests.odd_bags import STORE, header, made, mcap_bag

CLOUD, SCAN, GRID = "sensor_msgs/msg/PointCloud2", "sensor_msgs/msg/LaserScan", "nav_msgs/msg/OccupancyGrid"


def cloud(points, order="<", kind=7):
    rows = np.zeros(len(points), dtype=[("x", f"{order}f4"), ("y", f"{order}f4"), ("i", "u4"), ("z", f"{order}f4")])
    for name, column in zip("xyz", np.asarray(points, dtype=float).T):
        rows[name] = column
    fields = [
        made("sensor_msgs/msg/PointField", name=name, offset=offset, datatype=kind, count=1)
        for name, offset in (("x", 0), ("y", 4), ("z", 12))
    ]
    return made(
        CLOUD, header=header(1.0), height=1, width=len(points), fields=fields, is_bigendian=order == ">",
        point_step=16, row_step=16 * len(points), data=np.frombuffer(rows.tobytes(), np.uint8),
    )  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_points_of_a_cloud_are_read_where_its_fields_say(order):
    points = [(1.0, 2.0, 3.0), (-4.0, 5.5, -6.0)]
    np.testing.assert_allclose(cloud_points(cloud([*points, (math.nan, 0.0, 0.0)], order)), points)


def test_a_point_ahead_is_up_and_one_to_the_left_is_left():
    picture = np.asarray(top_view(cloud([(9.0, 0.0, 0.0), (0.0, 9.0, 1.0)]))).astype(int).sum(axis=2)
    lit = {tuple(place) for place in np.argwhere(picture > 60)}
    (ahead,) = (place for place in lit if abs(place[1] - SIDE / 2) <= 1)
    (left,) = (place for place in lit if abs(place[0] - SIDE / 2) <= 1)
    assert ahead[0] < 20
    assert left[1] < 20
    assert len(lit) == 2


def test_a_scan_tells_points_within_its_limits():
    scan = made(
        SCAN, header=header(1.0), angle_min=-math.pi / 2, angle_increment=math.pi / 2, range_min=0.1, range_max=10.0,
        ranges=np.array([2.0, 3.0, math.inf, 50.0, 0.01], np.float32),
    )  # fmt: skip
    np.testing.assert_allclose(scan_points(scan), [(0.0, -2.0, 0.0), (3.0, 0.0, 0.0)], atol=1e-6)


def grid(width, height, data):
    info = made("nav_msgs/msg/MapMetaData", width=width, height=height, resolution=0.1)
    return made(GRID, header=header(1.0), info=info, data=np.array(data, np.int8))


def test_a_grid_lies_with_y_up():
    pixels = np.asarray(top_view(grid(2, 2, [0, 100, -1, 50])))
    assert pixels[1].tolist() == [[255, 255, 255], [0, 0, 0]]
    assert pixels[0, 0].tolist() == [104, 118, 138]
    assert 100 < pixels[0, 1, 0] < 155


@pytest.mark.parametrize(
    "message",
    [cloud(np.zeros((0, 3))), cloud([(1.0, 2.0, 3.0)], kind=99), grid(50, 50, [0, 0]), grid(0, 0, []),
        made(SCAN, header=header(1.0), ranges=np.array([math.nan], np.float32))],
    ids=["empty", "format", "short", "nothing", "no range"],
)  # fmt: skip
def test_what_cannot_be_seen_is_not_shown(message):
    assert small(message) == b""


def test_clouds_and_grids_of_a_stranger_are_on_the_page(tmp_path):
    messages = []
    for k in range(10):
        at = 100.0 + 30.0 * k
        for topic, kind, message in (
            ("/lidar", CLOUD, cloud([(1.0 + k, 2.0, 3.0), (4.0, 5.0, 6.0)])),
            ("/costs", GRID, grid(2, 2, [0, 100, -1, k])),
        ):
            message.header = header(at)
            messages.append((topic, kind, at, bytes(STORE.serialize_cdr(message, kind))))
    html = views_html(read_recording(mcap_bag(tmp_path / "r.mcap", messages), ASKED))
    assert html.count("data:image/jpeg") == 12
    assert html.index("/costs") < html.index("/lidar")
