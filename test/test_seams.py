# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A part of the world that is switched off works with another process in its place; a lying charge turns the rover."""

import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

from lupex_interfaces.msg import MissionStatus  # noqa: E402
from lupex_models.rover import read_rover  # noqa: E402
from lupex_system_tests.boards import InertialBoard, PowerBoard  # noqa: E402
from lupex_system_tests.conducted import conducted  # noqa: E402
from lupex_system_tests.stack import running  # noqa: E402


def test_the_rover_drives_on_the_inertial_unit_of_another_process(tmp_path):
    arguments = {"world": "plain", "parts": "-inertial", "route_m": "6.0", "record": "false"}
    with running("sim.launch.xml", tmp_path, **arguments) as stack:
        board = InertialBoard(stack.port)
        stack.until(lambda: "drive_route" not in stack.supervisor.pids() and board.samples > 100, "out and back")
        truth, found = stack.newest("/truth/state"), stack.newest("/odometry/global").pose.pose.position
        assert truth.distance_m > 11.0
        assert math.hypot(truth.x_m, truth.y_m) < 1.0
        # 3 % of the 12 m driven, the figure for tracks with an inertial unit
        assert math.hypot(found.x - truth.x_m, found.y - truth.y_m) < 0.36


def test_a_charge_that_runs_away_in_the_dark_turns_the_rover_back(tmp_path, repository):
    rover = read_rover(repository / "config" / "rover.yaml")
    load_w = 100.0
    with conducted("demo.launch.xml", tmp_path, world="plain", parts="-power_bus", seed="1") as stack:
        PowerBoard(stack.port, rover.battery, 0.4, lambda: load_w)
        stack.until(stack.phase_is(MissionStatus.SCAN), "it is at the target, in the dark")
        assert stack.newest("/plan/certificate").margin_wh > 40.0
        load_w = 1500.0
        stack.until(lambda: stack.newest("/mission/status").turning_back, "it turns back")
        certificate = stack.newest("/plan/certificate")
        assert certificate.valid, certificate.reason
        assert 0.0 < certificate.margin_wh < 40.0
        assert stack.newest("/truth/state").sunlit_fraction == 0.0
        load_w = 100.0
        stack.until(stack.phase_is(MissionStatus.RETURN), "it returns")
        stack.until(lambda: stack.newest("/truth/state").sunlit_fraction > 0.5, "it stands in the sun again")
        assert not any(status.phase == MissionStatus.DRILL for status in stack.heard["/mission/status"])
