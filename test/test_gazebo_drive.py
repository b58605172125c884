# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All nodes, unchanged, drive the rover of a played Gazebo through adapter and payload node, from the launch file."""

import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")
pytest.importorskip("xacro")

from lupex_cli.compare_worlds import main as compare_worlds  # noqa: E402
from lupex_system_tests.played_gazebo import TRUTH  # noqa: E402
from lupex_system_tests.stack import running  # noqa: E402


def test_the_rover_drives_out_and_back_in_gazebos_world(tmp_path, played_gazebo, capsys, monkeypatch):
    """At `nominal`; at `kind` test_gazebo_demo.py has a whole stack in it."""
    monkeypatch.setenv(TRUTH, "nominal")
    with running(
        "sim.launch.xml", tmp_path, world="plain", simulator="gazebo", route_m="3.0", truth="nominal"
    ) as stack:
        names = set(stack.supervisor.pids())
        assert {"gazebo", "ros_gz_bridge", "gazebo_adapter", "payload", "localization"} <= names
        assert "simulator" not in names
        heard = stack.heard
        stack.until(lambda: heard["/odometry/global"] and heard["/truth/state"], "it knows where it is")
        began = off_by(stack)
        stack.until(lambda: "drive_route" not in stack.supervisor.pids(), "out and back")
        assert {"gazebo_adapter", "payload"} <= set(stack.supervisor.pids())
        stack.until(lambda: stack.newest("/truth/state").slip == 0.0, "it stands")
        state, ended = stack.newest("/truth/state"), off_by(stack)
        slips = [told.slip for told in heard["/truth/state"]]
        assert state.distance_m > 5.0
        first = heard["/truth/state"][0]
        assert math.hypot(state.x_m - first.x_m, state.y_m - first.y_m) < 1.0
        # 3 % of the 6 m driven, the figure for tracks with an inertial unit; the lander's own error stays as it was
        assert math.hypot(ended[0] - began[0], ended[1] - began[1]) < 0.18
        # the soil of the world takes its share, though the played tracks never slide
        assert max(slips) > 0.01
        assert not state.dead
        assert heard["/localization/status"][-1].fixes_accepted > 50
    bag = str(tmp_path / "bag")
    assert compare_worlds([bag, bag]) == 0
    assert "way over ground" in capsys.readouterr().out


def off_by(stack):
    """Return how far (x, y) the rover thinks it is from where it was at the time of the newest truth."""
    state, found = stack.newest("/truth/state"), stack.newest("/odometry/global").pose.pose.position
    return found.x - state.x_m, found.y - state.y_m
