# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A part of the world that is switched off works with another process in its place; a lying charge turns the rover."""

import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from lupex_system_tests.boards import InertialBoard  # noqa: E402
from lupex_system_tests.stack import running  # noqa: E402


def test_the_rover_drives_on_the_inertial_unit_of_another_process(tmp_path):
    arguments = {"world": "plain", "parts": "-inertial", "route_m": "6.0", "record": "false"}
    with running("sim.launch.xml", tmp_path, **arguments) as stack:
        board = InertialBoard(stack.node)
        stack.until(lambda: "drive_route" not in stack.supervisor.pids() and board.samples > 100, "out and back")
        truth, found = stack.newest("/truth/state"), stack.newest("/odometry/global").pose.pose.position
        assert truth.distance_m > 11.0
        assert math.hypot(truth.x_m, truth.y_m) < 1.0
        # 3 % of the 12 m driven, the figure for tracks with an inertial unit
        assert math.hypot(found.x - truth.x_m, found.y - truth.y_m) < 0.36
