# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A costmap from its message."""

import math

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from nav_msgs.msg import OccupancyGrid  # noqa: E402

from lupex_node import conversions  # noqa: E402
from lupex_node.checks import InvalidMessage  # noqa: E402


def costmap(**info):
    message = OccupancyGrid()
    message.info.resolution, message.info.width, message.info.height = 0.2, 3, 2
    message.info.origin.orientation.w = 1.0
    message.data = [-1, 0, 1, 2, 3, 100]
    for name, value in info.items():
        setattr(message.info, name, value)
    return message


def test_a_costmap_is_read_by_rows_and_an_odd_one_refused():
    assert conversions.costmap(costmap()).cost.tolist() == [[-1, 0, 1], [2, 3, 100]]
    turned = costmap()
    turned.info.origin.orientation.z, turned.info.origin.orientation.w = 1.0, 0.0
    for odd in (turned, costmap(width=4), costmap(resolution=0.0), costmap(resolution=math.nan)):
        with pytest.raises(InvalidMessage):
            conversions.costmap(odd)
