# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drives asked of the node: by the mission, by a person's goal, by Nav2's clients."""

import dataclasses
import math

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import PoseStamped  # noqa: E402
from nav2_msgs.action import NavigateToPose  # noqa: E402
from planner_world import ANSWER_S, REFUSED, drive, mission, planned  # noqa: E402

from lupex_interfaces.msg import (  # noqa: E402
    MissionStatus,
)
from lupex_node.port import Outcome  # noqa: E402
from lupex_path_planning import conversions  # noqa: E402
from lupex_path_planning.drive_server import _ActiveDrive  # noqa: E402
from lupex_path_planning.near_field.drive import DriveReport, Progress  # noqa: E402


def test_a_goal_pose_during_a_mission_is_refused(world):
    world.until(world.certified)
    mission(world, MissionStatus.DRIVE)
    goal = PoseStamped()
    goal.header.frame_id = "map"
    goal.pose.position.x = 6.0
    world.senders["/goal_pose"].publish(goal)
    world.run(2.0)
    assert "mission is under way" in world.node._refusal["/goal_pose"]
    assert "/plan/path" not in world.heard


def test_a_drive_gives_a_path_ends_at_the_goal_and_stops(world):
    world.until(world.certified)
    _, ended = drive(world, 6.0, 0.0)
    assert not ended
    world.until(lambda: "/plan/path" in world.heard and world.heard["/plan/path"].poses)
    path = world.heard["/plan/path"]
    assert path.header.frame_id == "map"
    assert path.poses[-1].pose.position.x == pytest.approx(6.0, abs=1.0)
    world.place = [5.5, 0.0]
    world.until(lambda: ended)
    [(outcome, result)] = ended
    assert outcome is Outcome.SUCCEEDED
    assert result.success
    assert result.distance_m == pytest.approx(5.5, abs=0.1)
    world.until(lambda: not world.heard["/plan/path"].poses)


def test_a_drive_is_cancelled_replaced_and_refused(world):
    world.until(world.certified)
    _, replaced = drive(world, 6.0, 0.0)
    assert not replaced
    second, cancelled = drive(world, 8.0, 0.0)
    world.until(lambda: replaced)
    [(outcome, result)] = replaced
    assert outcome is Outcome.ABORTED
    assert "another goal" in result.reason
    assert not cancelled
    second.cancel()
    world.until(lambda: cancelled)
    [(outcome, result)] = cancelled
    assert outcome is Outcome.CANCELED
    assert result.reason == "cancelled"
    for refused in (
        drive(world, 6.0, 0.0, frame="odom"),
        drive(world, 6.0, 0.0, tolerance=0.0),
        drive(world, 9e4, 0.0),
    ):
        assert refused[1] == REFUSED


def test_why_a_drive_is_not_taken_is_told(world):
    world.until(world.certified)
    for fields, words in (
        ({"x": 6.0, "y": 0.0, "frame": "odom"}, "frame is 'odom'"),
        ({"x": 6.0, "y": 0.0, "tolerance": 0.0}, "tolerance_m is 0"),
        ({"x": float("nan"), "y": 0.0}, "not finite"),
        ({"x": 9e4, "y": 0.0}, "outside"),
    ):
        assert drive(world, **fields)[1] == REFUSED
        assert words in world.node._refusal["/plan/drive_to"]


def test_a_node_that_is_deactivated_stops_the_drive_first_and_takes_none(world):
    world.until(world.certified)
    _, ended = drive(world, 6.0, 0.0)
    world.until(lambda: "/plan/path" in world.heard and world.heard["/plan/path"].poses)
    world.node.deactivate()
    world.run(ANSWER_S)
    assert not world.heard["/plan/path"].poses
    [(outcome, result)] = ended
    assert outcome is Outcome.ABORTED
    assert "rests" in result.reason
    assert drive(world, 6.0, 0.0)[1] == REFUSED
    assert "not active" in world.node._refusal["/plan/drive_to"]


def test_during_a_mission_only_its_own_drives_are_taken(world):
    plan_id = planned(world).plan_id
    mission(world, MissionStatus.DRIVE)
    for stranger in ("", "sortie-of-somebody"):
        assert drive(world, 6.0, 0.0, plan_id=stranger)[1] == REFUSED
        assert f"a mission follows {plan_id}" in world.node._refusal["/plan/drive_to"]
    assert not drive(world, 6.0, 0.0, plan_id=plan_id)[1]
    mission(world, MissionStatus.DONE)
    assert not drive(world, 8.0, 0.0)[1]


def test_a_planner_that_was_started_again_takes_the_drives_of_a_plan_it_does_not_know(world):
    world.until(world.certified)
    mission(world, MissionStatus.RETURN)
    assert not drive(world, 6.0, 0.0, plan_id="sortie-of-its-last-life")[1]


def navigate(world, x, behavior_tree="", frame="map"):
    """Send a goal as Nav2's clients do; return what answers come, and what was sent."""
    answers = []
    goal = NavigateToPose.Goal(behavior_tree=behavior_tree)
    goal.pose.header.frame_id, goal.pose.pose.position.x = frame, float(x)
    client = world.outside.action_client(NavigateToPose, "/navigate_to_pose")
    return answers, client.send(goal, lambda *answer: answers.append(answer))


def test_a_client_of_nav2_drives_the_rover_and_hears_how_it_ended(world):
    world.until(world.certified)
    answers, _ = navigate(world, 10.0)
    world.until(lambda: "/plan/path" in world.heard and len(world.heard["/plan/path"].poses) > 1)
    world.place = [9.95, 0.0]
    world.until(lambda: answers)
    assert answers == [(Outcome.SUCCEEDED, NavigateToPose.Result(error_code=NavigateToPose.Result.NONE))]
    assert not world.heard["/plan/path"].poses


def test_one_who_cancels_or_is_replaced_hears_that(world):
    world.until(world.certified)
    answers, sent = navigate(world, 10.0)
    world.run(2.0)
    sent.cancel()
    world.until(lambda: answers)
    [(outcome, result)] = answers
    assert (outcome, result.error_msg) == (Outcome.CANCELED, "cancelled")
    assert result.error_code != NavigateToPose.Result.NONE
    answers, _ = navigate(world, 10.0)
    world.run(2.0)
    navigate(world, 12.0)
    world.until(lambda: answers)
    [(outcome, result)] = answers
    assert (outcome, result.error_msg) == (Outcome.ABORTED, "another goal took its place")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"x": math.nan}, "x is not finite"),
        ({"x": 5.0, "frame": "odom"}, "frame is 'odom', not 'map'"),
        ({"x": 5.0, "behavior_tree": "spin.xml"}, "names the behavior tree 'spin.xml'"),
    ],
)
def test_a_goal_of_nav2_is_judged_where_it_arrives(world, asked, reason):
    said = []
    world.conductor.on_log = lambda node, severity, text: said.append(text)
    answers, _ = navigate(world, **asked)
    world.until(lambda: answers)
    assert answers == [(None, None)]
    assert any(text.startswith("/navigate_to_pose: message not used: ") and reason in text for text in said)


def test_during_a_mission_no_client_of_nav2_sends_the_rover_elsewhere(world):
    world.until(world.certified)
    mission(world, MissionStatus.DRIVE)
    answers, _ = navigate(world, 6.0)
    world.until(lambda: answers)
    assert answers == [(None, None)]
    assert "a mission is under way" in world.node._refusal["/navigate_to_pose"]


def test_feedback_says_what_is_left_and_how_long_it_may_take():
    report = DriveReport(Progress.GOING, "", np.empty((0, 2)), 5.0, 2)
    feedback = conversions.navigation(9.0, (1.0, 2.0), 40.0, 2.0, report)
    assert (feedback.distance_remaining, feedback.number_of_recoveries) == (5.0, 2)
    assert (feedback.navigation_time.sec, feedback.estimated_time_remaining.sec) == (40, 100)
    at = feedback.current_pose
    assert (at.header.frame_id, at.header.stamp.sec) == ("map", 9)
    assert (at.pose.position.x, at.pose.position.y) == (1.0, 2.0)
    unknown = conversions.navigation(9.0, None, 1.0, 0.0, dataclasses.replace(report, distance_remaining_m=math.inf))
    assert (unknown.distance_remaining, unknown.estimated_time_remaining.sec) == (0.0, 0)


def test_over_unknown_ground_there_is_no_path(world):
    world.cost = -1
    world.until(world.certified)
    assert not drive(world, 6.0, 0.0)[1]
    world.until(lambda: "/plan/path" in world.heard)
    assert not world.heard["/plan/path"].poses


def test_a_goal_pose_is_driven_to(world):
    world.until(world.certified)
    goal = PoseStamped()
    goal.header.frame_id = "map"
    goal.pose.position.x = 6.0
    world.senders["/goal_pose"].publish(goal)
    world.until(lambda: "/plan/path" in world.heard and world.heard["/plan/path"].poses)


def test_the_same_way_is_told_again_before_it_lapses_and_another_one_or_a_stop_at_once():
    def report(progress=Progress.GOING, planned_s=90.0):
        return DriveReport(progress, "", np.empty((0, 2)), 1.0, 0, planned_s=planned_s)

    active = _ActiveDrive(None, None)
    assert active.is_news(100.0, report(), 2.0)
    active.told = 100.0, report()
    assert not active.is_news(101.0, report(), 2.0)
    assert active.is_news(101.0, report(planned_s=101.0), 2.0)
    assert active.is_news(101.0, report(Progress.WAITING), 2.0)
    # the tick after two seconds, though a little early, and a clock that went back
    assert active.is_news(101.95, report(), 2.0)
    assert active.is_news(50.0, report(), 2.0)
