# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node in lock step: certificate, sortie on request, drives, and ground that turns out to be closed."""

import array
import dataclasses
import math
from pathlib import Path as FilePath

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import Point, PoseStamped  # noqa: E402
from grid_map_msgs.msg import GridMap  # noqa: E402
from nav2_msgs.action import NavigateToPose  # noqa: E402
from nav_msgs.msg import OccupancyGrid, Odometry, Path  # noqa: E402
from visualization_msgs.msg import MarkerArray  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_interfaces.msg import (  # noqa: E402
    Fault,
    LocalizationStatus,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_models.height_field import HeightField  # noqa: E402
from lupex_models.horizon import HorizonMap  # noqa: E402
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, write_site  # noqa: E402
from lupex_models.site_frame import SiteFrame  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.latency import Latency  # noqa: E402
from lupex_node.port import Outcome  # noqa: E402
from lupex_path_planning import conversions  # noqa: E402
from lupex_path_planning.drive_server import _ActiveDrive  # noqa: E402
from lupex_path_planning.near_field.drive import DriveReport, Progress  # noqa: E402
from lupex_path_planning.node import PathPlanningNode  # noqa: E402

ROVER = FilePath(__file__).parents[3] / "config" / "rover.yaml"
UTC_S = 1.855e9
START_S = 1000.0
REFUSED = [(None, None)]
ANSWER_S = 0.01
"""More than the way of a goal and of the word that it is not taken."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Write a flat site, lit in the west and dark in the east for ever."""
    directory = tmp_path_factory.mktemp("site")
    counts = np.full((36, 20, 20), -300, np.int16)
    counts[:, :, 12:] = 2000
    write_site(
        directory,
        OrbitalSite(
            "flat",
            SiteFrame(math.radians(-89.5), 0.0, 0.0),
            HeightField(np.zeros((60, 60), np.float32), -150.0, -150.0, 5.0),
            HorizonMap(counts, -190.0, -190.0, 20.0, 1.5),
            counts[0] > 0,
            Pose2(0.0, 0.0, 0.0),
            (Haven(0.0, 0.0, 10.0),),
            (Target(80.0, 0.0, "dark"),),
            UTC_S,
            UTC_S - 1000.0,
        ),
    )
    return directory


class World:
    """Node, a rover that reports itself, and what was heard."""

    def __init__(self, site, sortie_s=1.0):
        compute_s = {"path_planning/way_back": 0.5, "path_planning/sortie": sortie_s}
        self.conductor = Conductor(Latency(compute_s=compute_s), now_s=START_S)
        self.outside = self.conductor.visitor("other")
        self.heard = {}
        for kind, topic, profile in (
            (ReturnCertificate, "/plan/certificate", qos.STATE),
            (SortiePlan, "/plan/sortie", qos.LATCHED),
            (Path, "/plan/path", qos.STATE),
            (GridMap, "/site/map", qos.LATCHED),
            (GridMap, "/plan/map", qos.LATCHED),
            (MarkerArray, "/plan/markers", qos.LATCHED),
            (Fault, "/faults", qos.EVENTS),
        ):
            self.outside.subscribe(kind, topic, lambda m, topic=topic: self.hear(topic, m), profile)
        self.senders = {
            topic: self.outside.publisher(kind, topic, qos.STATE)
            for kind, topic in (
                (Odometry, "/odometry/global"),
                (Odometry, "/odometry/local"),
                (PowerStatus, "/power/status"),
                (OccupancyGrid, "/traversability/costmap"),
                (LocalizationStatus, "/localization/status"),
                (PoseStamped, "/goal_pose"),
                (MissionStatus, "/mission/status"),
            )
        }
        self.place = [0.0, 0.0]
        self.energy_wh = 2000.0
        self.lost = False
        self.cost = 0
        self.wall_x_m = math.inf
        self.costmap_frame, self.costmap_age_s = "odom", 0
        self.reporting = True
        self.certificates = []
        self.outside.timer(0.1, self.report)
        # short horizon: what is tested here is the wiring
        parameters = {"site": str(site), "rover": str(ROVER), "recovery.horizon_s": 21600.0, "recovery.slice_s": 900.0}
        parameters |= {"ground.period_s": 1.0, "utc_offset_s": UTC_S - START_S}
        self.parameters = parameters
        self.node = self.conductor.add(PathPlanningNode, parameters)

    def hear(self, topic, message):
        self.heard[topic] = message
        if topic == "/plan/certificate":
            self.certificates.append(message)

    def now(self):
        return stamp(self.conductor.now_s)

    def report(self):
        if not self.reporting:
            return
        for topic, frame in (("/odometry/global", "map"), ("/odometry/local", "odom")):
            message = Odometry(child_frame_id="base_link")
            message.header.frame_id, message.header.stamp = frame, self.now()
            message.pose.pose.position.x, message.pose.pose.position.y = self.place
            message.pose.pose.orientation.w = 1.0
            message.pose.covariance[0] = message.pose.covariance[7] = 0.04
            self.senders[topic].publish(message)
        power = PowerStatus(energy_wh=self.energy_wh, energy_sigma_wh=5.0, reserve_wh=375.0, load_power_w=60.0)
        power.header.stamp = self.now()
        self.senders["/power/status"].publish(power)
        state = LocalizationStatus.LOST if self.lost else LocalizationStatus.TRACKING
        self.senders["/localization/status"].publish(LocalizationStatus(state=state))
        costmap = OccupancyGrid()
        costmap.header.frame_id, costmap.header.stamp = self.costmap_frame, self.now()
        costmap.header.stamp.sec -= self.costmap_age_s
        costmap.info.resolution, costmap.info.width, costmap.info.height = 0.2, 200, 200
        x0, y0 = (round(v / 0.2) * 0.2 - 20.0 for v in self.place)
        costmap.info.origin.position.x, costmap.info.origin.position.y = x0, y0
        costmap.info.origin.orientation.w = 1.0
        cost = np.full((200, 200), self.cost, np.int8)
        cost[:, np.abs(x0 + 0.2 * (np.arange(200) + 0.5) - self.wall_x_m) < 0.3] = 100 if self.cost >= 0 else -1
        costmap.data = array.array("b", cost.tobytes())
        self.senders["/traversability/costmap"].publish(costmap)

    def until(self, condition, limit_s=60.0):
        come = self.conductor.until(condition, limit_s)
        assert come, f"in {limit_s} s it did not come; last certificate: {self.heard.get('/plan/certificate')}"

    def run(self, for_s):
        assert self.conductor.run_until(self.conductor.now_s + for_s)

    def certified(self):
        certificate = self.heard.get("/plan/certificate")
        return certificate is not None and certificate.valid


@pytest.fixture
def world(site):
    made = World(site)
    yield made
    made.conductor.close()


def test_certificate_comes_with_the_inputs_and_goes_with_each(world):
    world.reporting = False
    world.until(lambda: "/plan/certificate" in world.heard)
    assert not world.heard["/plan/certificate"].valid
    assert world.heard["/plan/certificate"].reason
    world.reporting = True
    world.until(world.certified)
    certificate = world.heard["/plan/certificate"]
    assert certificate.required_wh == pytest.approx(375.0, abs=1.0)
    assert certificate.energy_wh == pytest.approx(1985.0, abs=0.1)
    assert "/site/map" in world.heard
    assert world.heard["/site/map"].layers == ["elevation", "sunlit_fraction", "permanent_shadow"]
    world.lost = True
    world.until(lambda: not world.certified())
    assert "lost" in world.heard["/plan/certificate"].reason
    world.lost = False
    world.until(world.certified)
    world.reporting = False
    world.until(lambda: not world.certified())
    assert "old" in world.heard["/plan/certificate"].reason


def ask(world, **fields):
    client = world.outside.client(PlanSortie, "/plan/sortie_request")
    assert client.ready()
    answers = []
    client.call(PlanSortie.Request(**fields), answers.append)
    world.until(lambda: answers)
    return answers[0]


def test_a_sortie_is_planned_published_and_named_in_the_certificate(world):
    world.until(world.certified)
    answer = ask(world, targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    assert answer.feasible, answer.explanation
    world.until(lambda: "/plan/sortie" in world.heard)
    plan = world.heard["/plan/sortie"]
    assert plan.plan_id == answer.plan.plan_id
    assert {SortiePlan.DRIVE, SortiePlan.SERVICE, SortiePlan.RECHARGE} <= set(plan.activity)
    assert list(plan.target).count(0) == 1
    # it ends in the haven that the site names
    assert math.hypot(plan.x_m[-1], plan.y_m[-1]) <= 10.0
    assert all(e >= r for e, r in zip(plan.energy_wh, plan.required_wh, strict=True))
    world.until(lambda: world.heard["/plan/certificate"].plan_id == plan.plan_id)
    # the picture of the plan: when to turn back, the ground with its light then, and markers
    served = plan.arrival[list(plan.target).index(0)]
    assert plan.turn_back_by.sec > served.sec
    world.until(lambda: {"/plan/map", "/plan/markers"} <= set(world.heard))
    assert world.heard["/plan/map"].layers[:2] == ["elevation", "permanent_shadow"]
    assert all(name.startswith("sunlit_") for name in world.heard["/plan/map"].layers[2:])
    assert len(world.heard["/plan/map"].layers) == 6
    assert {"route", "target", "turn_back"} <= {marker.ns for marker in world.heard["/plan/markers"].markers}


def test_while_a_sortie_is_computed_the_certificates_go_on(site):
    world = World(site, sortie_s=5.0)
    world.until(world.certified)
    world.certificates.clear()
    begun_s = world.conductor.now_s
    answer = ask(world, targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    assert answer.feasible, answer.explanation
    assert world.conductor.now_s - begun_s == pytest.approx(5.0, abs=ANSWER_S)
    assert seconds(answer.plan.header.stamp) == pytest.approx(begun_s, abs=ANSWER_S)
    assert answer.plan.planning_time_s == 5.0
    assert len(world.certificates) == 5
    assert all(certificate.valid for certificate in world.certificates)


def test_a_request_waits_for_a_place_that_is_on_its_way(world):
    world.reporting = False
    answers = []
    request = PlanSortie.Request(targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    world.outside.client(PlanSortie, "/plan/sortie_request").call(request, answers.append)
    asked_s = world.conductor.now_s
    world.conductor.run_until(asked_s + 1.5)
    assert answers == []
    world.reporting = True
    world.until(lambda: answers)
    assert answers[0].feasible, answers[0].explanation


def test_bad_and_impossible_requests_are_explained(world):
    world.reporting = False
    assert "place" in ask(world).explanation
    world.reporting = True
    world.until(world.certified)
    uneven = ask(world, targets=[Point()], service_s=[], service_power_w=[])
    assert "equally long" in uneven.explanation
    far = ask(world, targets=[Point(x=9e4)], service_s=[1.0], service_power_w=[0.0], commit=True)
    assert not far.feasible
    assert "outside" in far.explanation
    assert "/plan/sortie" not in world.heard


VISIT = {"targets": [Point(x=80.0, y=0.0)], "service_s": [600.0], "service_power_w": [50.0]}


def mission(world, phase):
    message = MissionStatus(phase=phase, target=-1)
    message.header.stamp = world.now()
    world.senders["/mission/status"].publish(message)
    world.run(ANSWER_S)


def test_a_request_is_only_answered_unless_it_is_to_be_put_in_force(world):
    first = planned(world)
    answer = ask(world, **VISIT)
    assert answer.feasible, answer.explanation
    assert answer.plan.plan_id != first.plan_id
    empty = ask(world)
    assert "without targets" not in empty.explanation
    world.run(3.0)
    assert world.heard["/plan/sortie"] is first
    assert world.heard["/plan/certificate"].plan_id == first.plan_id


def test_an_empty_request_is_never_put_in_force(world):
    world.until(world.certified)
    assert "without targets" in ask(world, commit=True).explanation
    assert "/plan/sortie" not in world.heard


def test_during_a_mission_only_who_knows_its_plan_replaces_it(world):
    first = planned(world)
    mission(world, MissionStatus.DRIVE)
    for replaces in ("", "sortie-of-somebody"):
        refused = ask(world, **VISIT, commit=True, replaces=replaces)
        assert not refused.feasible
        assert f"a mission follows {first.plan_id}" in refused.explanation
    assert world.heard["/plan/sortie"] is first
    mission(world, MissionStatus.DRIVE)
    answer = ask(world, **VISIT, commit=True, replaces=first.plan_id)
    assert answer.feasible, answer.explanation
    world.until(lambda: world.heard["/plan/sortie"].plan_id == answer.plan.plan_id)
    mission(world, MissionStatus.DONE)
    assert ask(world, **VISIT, commit=True).feasible


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


def test_certificates_are_numbered_over_a_restart(world):
    world.until(world.certified)
    world.run(3.0)
    numbers = [certificate.sequence for certificate in world.certificates]
    assert sorted(set(numbers)) == numbers
    world.conductor.kill("path_planning")
    world.run(2.0)
    before = world.heard["/plan/certificate"].sequence
    world.conductor.add(PathPlanningNode, world.parameters)
    world.until(lambda: world.heard["/plan/certificate"].sequence != before)
    assert world.heard["/plan/certificate"].sequence > before


def test_a_charge_that_no_battery_holds_is_refused(world):
    world.energy_wh = 9000.0
    world.run(3.0)
    assert "more than the battery holds" in world.node._refusal["/power/status"]
    assert not world.certified()


def test_while_another_could_tell_the_pose_there_is_no_certificate(world):
    world.until(world.certified)
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(Odometry, "/odometry/global", qos.STATE)
    world.until(lambda: not world.certified(), 10.0)
    assert world.heard["/faults"].code == "contested_odometry_global"
    intruder.die()
    world.until(world.certified)


def drive(world, x, y, tolerance=1.0, frame="map", plan_id=""):
    """Ask for a drive; return it, and where its outcome and result will be: a drive not taken has ended by then."""
    client = world.outside.action_client(DriveTo, "/plan/drive_to")
    assert client.ready()
    goal = DriveTo.Goal(tolerance_m=tolerance, plan_id=plan_id)
    goal.goal.header.frame_id = frame
    goal.goal.pose.position.x, goal.goal.pose.position.y = x, y
    ended = []
    sent = client.send(goal, lambda *end: ended.append(end))
    world.run(ANSWER_S)
    return sent, ended


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


def crossings(plan, x_m):
    """Return the y at which a plan passes an x."""
    steps = zip(plan.x_m, plan.y_m, plan.x_m[1:], strict=False)
    return [y for x, y, then in steps if min(x, then) < x_m <= max(x, then)]


def planned(world):
    world.until(world.certified)
    answer = ask(world, targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    assert answer.feasible, answer.explanation
    world.until(lambda: "/plan/sortie" in world.heard)
    return world.heard["/plan/sortie"]


def test_a_wall_on_the_plan_makes_a_new_one_and_no_doubt_where_the_way_back_keeps_off_it(world):
    first = planned(world)
    world.certificates.clear()
    world.wall_x_m = 12.5
    world.until(lambda: world.heard["/plan/sortie"].plan_id != first.plan_id)
    second = world.heard["/plan/sortie"]
    assert second.feasible
    assert list(second.target).count(0) == 1
    assert all(abs(y) < 10.0 for y in crossings(first, 12.5))
    assert all(abs(y) > 10.0 for y in crossings(second, 12.5))
    assert len(crossings(second, 12.5)) == 2
    world.until(lambda: world.heard["/plan/certificate"].plan_id == second.plan_id)
    # the rover stands in a haven: nothing lies between it and the sun
    assert all(certificate.valid for certificate in world.certificates)


def test_a_wall_on_the_way_back_makes_the_certificate_invalid_until_it_is_proven_anew(world):
    world.place = [75.0, 0.0]
    world.until(world.certified)
    before = world.heard["/plan/certificate"].required_wh
    world.wall_x_m = 62.5
    world.until(lambda: not world.certified())
    assert "closed" in world.heard["/plan/certificate"].reason
    world.until(world.certified)
    assert world.heard["/plan/certificate"].required_wh > before + 1.0
    # it is gone when it is looked at again
    world.wall_x_m = math.inf
    world.certificates.clear()
    world.until(lambda: world.heard["/plan/certificate"].required_wh < before + 0.5)
    assert all(certificate.valid for certificate in world.certificates)


def test_on_the_way_home_only_that_is_planned_anew(world):
    first = planned(world)
    world.place = [75.0, 0.0]
    world.until(lambda: world.certified() and world.heard["/plan/certificate"].required_wh > 390.0)
    status = MissionStatus(phase=MissionStatus.RETURN, target=-1)
    status.header.stamp = world.now()
    world.senders["/mission/status"].publish(status)
    world.wall_x_m = 62.5
    world.until(lambda: world.heard["/plan/sortie"].plan_id != first.plan_id)
    home = world.heard["/plan/sortie"]
    assert SortiePlan.SERVICE not in home.activity
    assert home.x_m[0] == pytest.approx(75.0, abs=2.6)
    assert home.turn_back_by.sec == 0


def test_without_another_way_the_plan_is_said_to_be_blocked(world):
    planned(world)
    # no charge for any way: the plan in force is all there is
    world.energy_wh = 380.0
    world.wall_x_m = 12.5
    world.until(lambda: "/faults" in world.heard and world.heard["/faults"].code == "plan_blocked")
    assert world.heard["/faults"].active
    world.energy_wh = 2000.0
    world.wall_x_m = math.inf
    world.until(lambda: not world.heard["/faults"].active)


@pytest.mark.parametrize("fault", ["unknown", "stale", "frame"])
def test_what_no_costmap_proves_closes_nothing(world, fault):
    first = planned(world)
    world.cost, world.costmap_age_s, world.costmap_frame = {
        "unknown": (-1, 0, "odom"),
        "stale": (0, 600, "odom"),
        "frame": (0, 0, "map"),
    }[fault]
    world.wall_x_m = 12.5
    heard = len(world.certificates)
    world.until(lambda: len(world.certificates) > heard + 4)
    assert world.heard["/plan/sortie"].plan_id == first.plan_id
    assert all(certificate.valid for certificate in world.certificates[heard:])


def test_without_a_site_the_node_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="is no directory"):
        Conductor().add(PathPlanningNode, {"site": str(tmp_path / "none"), "rover": str(ROVER)})


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
