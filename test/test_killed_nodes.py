# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node killed in flight: the rover stops, says so, and the node comes back to work by itself."""

import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from lupex_interfaces.msg import MissionStatus  # noqa: E402
from lupex_system_tests.stack import running  # noqa: E402

STOPPING_DISTANCE_M = 0.25
"""0.1 m/s for the 1.0 s of the motor controllers' timeout and the 1 s between two looks at the truth, and some."""


def moved_m(first, last):
    return math.hypot(last.x_m - first.x_m, last.y_m - first.y_m)


@pytest.mark.parametrize("name", ["mobility", "localization", "path_planning"])
def test_a_killed_node_stops_the_rover_and_comes_back(tmp_path, name):
    with running("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        driving = stack.phase_is(MissionStatus.DRIVE)
        stack.until(lambda: driving() and stack.newest("/truth/state"), "the drive begins")
        begin_m = stack.newest("/truth/state").distance_m
        stack.until(lambda: stack.newest("/truth/state").distance_m > begin_m + 3.0, "it is under way")
        stack.kill(name)
        killed = stack.newest("/truth/state")
        stack.until(lambda: stack.faults(f"node_lost_{name}"), "the loss is a fault")
        if name != "path_planning":
            # Its last path lives 5 s; the others' silence stops the drives within the actuators' own second.
            still = stack.newest("/truth/state")
            assert moved_m(killed, still) < STOPPING_DISTANCE_M + 0.1 * 2.0
        stack.until(lambda: name in stack.supervisor.pids(), "it is respawned")
        stack.until(
            lambda: stack.faults(f"node_lost_{name}") and not stack.faults(f"node_lost_{name}")[-1].active,
            "the fault clears",
        )
        again_m = stack.newest("/truth/state").distance_m
        stack.until(lambda: stack.newest("/truth/state").distance_m > again_m + 3.0, "it drives on")
        assert not stack.newest("/truth/state").tipped


def test_a_killed_executive_goes_on_where_it_was(tmp_path):
    with running("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        stack.until(stack.phase_is(MissionStatus.DRIVE), "the drive begins")
        stack.until(stack.phase_is(MissionStatus.SCAN), "it arrives")
        stack.kill("mission")
        stack.until(lambda: stack.faults("mission_restarted"), "it says that it was killed")
        seen = len(stack.heard["/mission/status"])
        stack.until(stack.phase_is(MissionStatus.DRILL), "it drills")
        phases = {status.phase for status in stack.heard["/mission/status"][seen:]}
        assert not phases & {MissionStatus.LEAD_OUT, MissionStatus.DRIVE}, "neither planned nor driven again"
