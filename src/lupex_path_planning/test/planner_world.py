# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The planner in lock step with a rover that reports itself, on a flat site, and what may be asked of it."""

import array
import math
from pathlib import Path as FilePath

import numpy as np
from geometry_msgs.msg import Point, PoseStamped
from grid_map_msgs.msg import GridMap
from nav_msgs.msg import OccupancyGrid, Odometry, Path
from visualization_msgs.msg import MarkerArray

from lupex_interfaces.action import DriveTo
from lupex_interfaces.msg import (
    Fault,
    LocalizationStatus,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    SoilEstimate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie
from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, write_site
from lupex_models.site_frame import SiteFrame
from lupex_node import qos
from lupex_node.conversions import stamp
from lupex_node.lockstep.conductor import Conductor
from lupex_node.lockstep.latency import Latency
from lupex_path_planning.node import PathPlanningNode

ROVER = FilePath(__file__).parents[3] / "config" / "rover.yaml"
UTC_S = 1.855e9
START_S = 1000.0
REFUSED = [(None, None)]
ANSWER_S = 0.01
"""More than the way of a goal and of the word that it is not taken."""


def flat_site(directory):
    """Write a flat site, lit in the west and dark in the east for ever, and return where."""
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
            (OccupancyGrid, "/map", qos.LATCHED),
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
        self.senders["/traversability/soil"] = self.outside.publisher(SoilEstimate, "/traversability/soil", qos.LATCHED)
        self.place = [0.0, 0.0]
        self.energy_wh = 2000.0
        self.lost = False
        self.cost = 0
        self.wall_x_m = math.inf
        self.costmap_frame, self.costmap_age_s = "odom", 0
        self.reporting = True
        self.certificates = []
        self.outside.timer(0.1, self.report)
        # short horizon and an exact map: what is tested here is the wiring
        parameters = {"site": str(site), "rover": str(ROVER), "recovery.horizon_s": 21600.0, "recovery.slice_s": 900.0}
        parameters |= {
            "map_error.members": 0,
            "ground.period_s": 1.0,
            "ground.longest_s": 5.0,
            "utc_offset_s": UTC_S - START_S,
        }
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

    def learn(self, strength, low):
        message = SoilEstimate(measurements=9, strength=strength, strength_low=low, patch_m=4.0)
        message.header.frame_id, message.header.stamp = "map", self.now()
        self.senders["/traversability/soil"].publish(message)

    def until(self, condition, limit_s=60.0):
        come = self.conductor.until(condition, limit_s)
        assert come, f"in {limit_s} s it did not come; last certificate: {self.heard.get('/plan/certificate')}"

    def run(self, for_s):
        assert self.conductor.run_until(self.conductor.now_s + for_s)

    def certified(self):
        certificate = self.heard.get("/plan/certificate")
        return certificate is not None and certificate.valid


def ask(world, **fields):
    client = world.outside.client(PlanSortie, "/plan/sortie_request")
    assert client.ready()
    answers = []
    client.call(PlanSortie.Request(**fields), answers.append)
    world.until(lambda: answers)
    return answers[0]


def mission(world, phase):
    message = MissionStatus(phase=phase, target=-1)
    message.header.stamp = world.now()
    world.senders["/mission/status"].publish(message)
    world.run(ANSWER_S)


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


def planned(world):
    world.until(world.certified)
    answer = ask(world, targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    assert answer.feasible, answer.explanation
    world.until(lambda: "/plan/sortie" in world.heard)
    return world.heard["/plan/sortie"]
