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
from lupex_system_tests.stack import running  # noqa: E402


def test_the_rover_drives_out_and_back_in_gazebos_world(tmp_path, played_gazebo, capsys):
    with running("sim.launch.xml", tmp_path, world="plain", simulator="gazebo", route_m="3.0") as stack:
        names = set(stack.supervisor.pids())
        assert {"gazebo", "ros_gz_bridge", "gazebo_adapter", "payload", "localization"} <= names
        assert "simulator" not in names
        stack.until(lambda: "drive_route" not in stack.supervisor.pids(), "out and back")
        assert {"gazebo_adapter", "payload"} <= set(stack.supervisor.pids())
        stack.until(lambda: stack.newest("/truth/state").slip == 0.0, "it stands")
        truth, found = stack.newest("/truth/state"), stack.newest("/odometry/global").pose.pose.position
        slips = [state.slip for state in stack.heard["/truth/state"]]
        assert truth.distance_m > 5.0
        assert math.hypot(truth.x_m, truth.y_m) < 1.0
        # 3 % of the 6 m driven, the figure for tracks with an inertial unit
        assert math.hypot(found.x - truth.x_m, found.y - truth.y_m) < 0.18
        # the soil of the world takes its share, though the played tracks never slide
        assert max(slips) > 0.01
        # it began with 60 % in the sun, and the array gives more than the drives take
        assert truth.soc > 0.6
        assert not truth.dead
    bag = str(tmp_path / "bag")
    assert compare_worlds([bag, bag]) == 0
    assert "way over ground" in capsys.readouterr().out
