# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node killed in flight: the rover stops, says so, and the node comes back to work by itself."""

import itertools
import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

import yaml  # noqa: E402
from geometry_msgs.msg import PoseWithCovarianceStamped  # noqa: E402

from lupex_interfaces.msg import LocalizationStatus, MissionStatus  # noqa: E402
from lupex_launch.description import find_launch_file  # noqa: E402
from lupex_launch.evaluation import evaluate_file  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
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


def told_pose(truth, now_s):
    """Return what a person tells who sees the rover on a map."""
    message = PoseWithCovarianceStamped()
    message.header.stamp, message.header.frame_id = stamp(now_s), "map"
    message.pose.pose.position.x, message.pose.pose.position.y = truth.x_m, truth.y_m
    message.pose.pose.orientation.w = math.cos(0.5 * truth.yaw_rad)
    message.pose.pose.orientation.z = math.sin(0.5 * truth.yaw_rad)
    for k, variance in enumerate((0.25, 0.25, 100.0, 0.01, 0.01, 0.01)):
        message.pose.covariance[7 * k] = variance
    return message


def test_a_localization_killed_without_a_checkpoint_is_lost_until_a_person_says_where(tmp_path):
    with conducted("demo.launch.xml", tmp_path, world="plain", seed="1", state_dir="") as stack:
        tell = stack.port.publisher(PoseWithCovarianceStamped, "/initialpose", qos.STATE)
        under_way(stack)
        stack.run.kill("localization")
        stack.until(lambda: stack.faults("localization_lost"), "it says that it is lost")
        lost_s = stack.conductor.now_s
        stack.until(lambda: stack.conductor.now_s > lost_s + 30.0, "nobody says where it is")
        assert stack.newest("/localization/status").state == LocalizationStatus.LOST
        judged = [c for c in stack.heard["/plan/certificate"] if seconds(c.header.stamp) > lost_s + 2.0]
        assert judged
        assert not any(c.valid for c in judged)
        assert sum("begins at the lander" in line for line in stack.lines) == 1
        tell.publish(told_pose(stack.newest("/truth/state"), stack.conductor.now_s))
        stack.until(lambda: stack.newest("/localization/status").state != LocalizationStatus.LOST, "it is found", 30.0)
        truth, found = stack.newest("/truth/state"), stack.newest("/odometry/global").pose.pose.position
        assert math.hypot(found.x - truth.x_m, found.y - truth.y_m) < 0.5


@pytest.mark.parametrize("name", ["sim.launch.xml", "demo.launch.xml"])
def test_as_it_stands_a_launch_keeps_checkpoints_and_each_launch_its_own(name):
    kept = []
    for _ in range(2):
        specs = evaluate_file(find_launch_file(name), {"world": "plain", "record": "false"})
        settings = yaml.safe_load(next(spec for spec in specs if spec.name == "localization").parameters)
        (parameters,) = settings.values()
        kept.append(parameters["ros__parameters"]["state_dir"])
    assert all(kept)
    assert kept[0] != kept[1]
