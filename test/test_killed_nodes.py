# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node killed in flight: the rover stops, says so, and the node comes back to work by itself."""

import itertools
import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

from lupex_interfaces.msg import MissionStatus  # noqa: E402
from lupex_node.conversions import seconds  # noqa: E402
from lupex_system_tests.conducted import conducted  # noqa: E402
from lupex_system_tests.stack import running  # noqa: E402

STOPPING_DISTANCE_M = 0.25
"""0.1 m/s for the 1.0 s of the motor controllers' timeout and the 1 s between two looks at the truth, and some."""


def stopped(truths, killed_s):
    """Return the truth at the kill and that at the first rest after it, as the world itself tells them each second."""
    after = [truth for truth in truths if seconds(truth.header.stamp) >= killed_s]
    for first, second in itertools.pairwise(after):
        if math.hypot(second.x_m - first.x_m, second.y_m - first.y_m) < 1e-4:
            return after[0], second
    return None


def under_way(stack):
    """Wait until the rover has driven for some metres."""
    driving = stack.phase_is(MissionStatus.DRIVE)
    stack.until(lambda: driving() and stack.newest("/truth/state"), "the drive begins")
    begin_m = stack.newest("/truth/state").distance_m
    stack.until(lambda: stack.newest("/truth/state").distance_m > begin_m + 3.0, "it is under way")


def stops_and_comes_back(stack, name, kill, *, at_once):
    under_way(stack)
    killed_s = seconds(stack.newest("/truth/state").header.stamp)
    kill(name)
    stack.until(lambda: stack.faults(f"node_lost_{name}"), "the loss is a fault")
    if at_once:
        # The others' silence stops the drives within the actuators' own second. The world tells when: a node may be
        # back and drive on before anybody looks.
        stack.until(lambda: stopped(stack.heard["/truth/state"], killed_s), "the rover stands")
        killed, still = stopped(stack.heard["/truth/state"], killed_s)
        assert math.hypot(still.x_m - killed.x_m, still.y_m - killed.y_m) < STOPPING_DISTANCE_M + 0.1 * 2.0
    stack.until(lambda: not stack.faults(f"node_lost_{name}")[-1].active, "the fault clears")
    again_m = stack.newest("/truth/state").distance_m
    stack.until(lambda: stack.newest("/truth/state").distance_m > again_m + 3.0, "it drives on")
    assert not stack.newest("/truth/state").tipped


@pytest.mark.parametrize("name", ["mobility", "localization", "path_planning"])
def test_a_killed_node_stops_the_rover_and_comes_back(tmp_path, name):
    with conducted("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        # The last path of path planning lives 5 s.
        stops_and_comes_back(stack, name, stack.run.kill, at_once=name != "path_planning")


def test_a_killed_process_stops_the_rover_and_comes_back(tmp_path):
    with running("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        stops_and_comes_back(stack, "mobility", stack.kill, at_once=True)


def test_a_killed_executive_goes_on_where_it_was(tmp_path):
    with conducted("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        stack.until(stack.phase_is(MissionStatus.DRIVE), "the drive begins")
        stack.until(stack.phase_is(MissionStatus.SCAN), "it arrives")
        stack.run.kill("mission")
        stack.until(lambda: stack.faults("mission_restarted"), "it says that it was killed")
        seen = len(stack.heard["/mission/status"])
        stack.until(stack.phase_is(MissionStatus.DRILL), "it drills")
        phases = {status.phase for status in stack.heard["/mission/status"][seen:]}
        assert not phases & {MissionStatus.LEAD_OUT, MissionStatus.DRIVE}, "neither planned nor driven again"


def test_a_node_that_hangs_stops_the_rover_until_it_goes_on(tmp_path):
    with conducted("demo.launch.xml", tmp_path, world="plain", seed="1") as stack:
        under_way(stack)
        hung_s = stack.conductor.now_s
        stack.run.hang("localization")
        stack.until(lambda: stack.faults("node_lost_localization"), "the silence is a fault")
        assert stack.conductor.now_s < hung_s + 8.0
        stack.until(lambda: stopped(stack.heard["/truth/state"], hung_s), "the rover stands")
        stack.run.wake("localization")
        stack.until(lambda: not stack.faults("node_lost_localization")[-1].active, "the fault clears")
        again_m = stack.newest("/truth/state").distance_m
        stack.until(lambda: stack.newest("/truth/state").distance_m > again_m + 3.0, "it drives on")
