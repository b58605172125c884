# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Node: sorties on request, the certificate once a second, and both anew where the ground turns out to be closed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from geometry_msgs.msg import PoseStamped
from grid_map_msgs.msg import GridMap
from nav_msgs.msg import OccupancyGrid
from visualization_msgs.msg import MarkerArray

from lupex_interfaces.msg import (
    Fault,
    LocalizationStatus,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    SlipEstimate,
    SoilEstimate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie
from lupex_models.configuration import ConfigurationError
from lupex_models.costmap import Costmap
from lupex_models.rover import read_rover
from lupex_models.site import SiteError, open_site
from lupex_models.stated_proof import CAPACITY_SLACK
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import costmap, seconds
from lupex_node.node import LupexNode
from lupex_node.port import Use
from lupex_node.ros.process import run
from lupex_path_planning import conversions
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.drive_server import DriveServer
from lupex_path_planning.live_proof import LiveProof, Proof
from lupex_path_planning.near_field.drive import Drive
from lupex_path_planning.occupancy import ground_level_m, occupancy
from lupex_path_planning.plan_markers import plan_markers
from lupex_path_planning.pose_inputs import PoseInputs
from lupex_path_planning.priced_soil import LearnedSoil, Soil
from lupex_path_planning.routes import LivePlan
from lupex_path_planning.site_planner import site_planner, warm_up
from lupex_path_planning.sortie.plan import Sortie, Task, Visit
from lupex_path_planning.sortie.plan_map import plan_map
from lupex_path_planning.sortie.profile import overrun
from lupex_path_planning.way_back.certificate import PowerEstimate, certify
from lupex_path_planning.way_back.measured_factors import Allowance, MeasuredFactors, SlipMeasurement, allow, measure


@dataclass(frozen=True)
class _Asked:
    """A sortie that is asked for, and until when its answer may wait for the present state."""

    until_s: float
    visits: Sequence[Visit]
    task: Task
    answer: Use
    commit: bool


class PathPlanningNode(LupexNode[PathPlanningConfig]):
    """Plans sorties and drives, and certifies the way back."""

    NAME, CONFIG = "path_planning", PathPlanningConfig

    def wire(self) -> None:
        try:
            site = open_site(FilePath(self.config.site))
            rover = read_rover(self.config.rover)
            planner = site_planner(self.config, rover, site)
        except (SiteError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        warm_up(planner)
        self._most_energy_j = 3600.0 * CAPACITY_SLACK * rover.battery.capacity_wh
        self._site = planner
        self._proof = LiveProof(planner, self.common.utc_offset_s)
        self._power: PowerEstimate | None = None
        self._slip: SlipMeasurement | None = None
        self._factors = MeasuredFactors()
        self._soil = LearnedSoil()
        self._allowance = Allowance()
        self._lost = False
        self._costmap: Costmap | None = None
        self._plan_id = ""
        self._plans = self._sequence = 0
        self._live: LivePlan | None = None
        self._done = 0
        self._mission = (-math.inf, False)
        self._site_map_sent = False
        self._asked: list[_Asked] = []

        self._sortie = self.publisher(SortiePlan, "plan/sortie", qos.LATCHED)
        self._certificate = self.publisher(ReturnCertificate, "plan/certificate", qos.STATE)
        self._site_map = self.publisher(GridMap, "site/map", qos.LATCHED)
        self._occupancy = self.publisher(OccupancyGrid, "map", qos.LATCHED)
        self._markers = self.publisher(MarkerArray, "plan/markers", qos.LATCHED)
        self._plan_map = self.publisher(GridMap, "plan/map", qos.LATCHED)
        limits = self.config.certificate
        self._poses = PoseInputs(self, self.config.pair_max_s, limits.pose_max_age_s, self.refuse)
        self.receive(PowerStatus, "power/status", self._take_power, convert=self._convert_power, sole_sender=True)
        self._newest_slip = self.newest(SlipEstimate, "mobility/slip", convert=conversions.slip_measurement)
        self._newest_soil = self.newest(
            SoilEstimate,
            "traversability/soil",
            convert=conversions.learned_soil,
            profile=qos.LATCHED,
            sole_sender=True,
        )
        self.receive(LocalizationStatus, "localization/status", self._take_localization, sole_sender=True)
        self.receive(
            OccupancyGrid,
            "traversability/costmap",
            self._take_costmap,
            convert=costmap,
            frame=conversions.ODOM,
            max_age_s=self.config.local.costmap_max_age_s,
            profile=qos.NEWEST,
            sole_sender=True,
        )
        age_s = self.config.ground.mission_max_age_s
        self.receive(MissionStatus, "mission/status", self._take_mission, max_age_s=age_s, sole_sender=True)
        self.receive(PoseStamped, "goal_pose", self._take_goal, convert=conversions.goal, sole_sender=True)
        self.serve(PlanSortie, "plan/sortie_request", self._plan_sortie)
        self._drives = DriveServer(self, self._new_drive, self._judge_drive)
        self.every(1.0, self._tick)

    def rest(self) -> None:
        """End the drive under way."""
        self._drives.rest()

    # ------------------------------------------------------------------------------------------------ inputs

    def _convert_power(self, message: PowerStatus) -> PowerEstimate:
        power = conversions.power_estimate(message)
        if power.energy_j > self._most_energy_j:
            raise InvalidMessage(f"energy_wh is {power.energy_j / 3600.0:.0f}, more than the battery holds")
        return power

    def _take_power(self, power: PowerEstimate) -> None:
        self._power = power

    def _take_localization(self, message: LocalizationStatus) -> None:
        self._lost = message.state == LocalizationStatus.LOST

    def _take_costmap(self, seen: Costmap) -> None:
        self._costmap = seen

    def _take_mission(self, message: MissionStatus) -> None:
        done = conversions.targets_done(message)
        if done is not None:
            self._done = done
        self._mission = (seconds(message.header.stamp), conversions.under_way(message))

    def _mission_under_way(self) -> bool:
        """Tell whether a mission goes on, as far as can be told: one that fell silent may be coming back."""
        stamp_s, under_way = self._mission
        return under_way and self.now_s() - stamp_s <= self.config.ground.mission_max_age_s

    def _take_goal(self, goal: tuple[float, float]) -> None:
        try:
            self._drives.go(goal)
        except ValueError as refusal:
            raise InvalidMessage(str(refusal)) from refusal

    def _judge_drive(self, plan_id: str | None) -> None:
        """Raise InvalidMessage for a goal that would take a mission's rover elsewhere; None is a person's, of no plan.

        Who was started again knows no plan, and believes whoever names one.
        """
        if not self._mission_under_way():
            return
        if plan_id is None:
            raise InvalidMessage("a mission is under way: end it before the rover is sent elsewhere")
        if plan_id != self._plan_id and (self._plan_id or not plan_id):
            raise InvalidMessage(
                f"a mission follows {self._plan_id or 'no plan'}, and the goal serves {plan_id or 'none'}: end it first"
            )

    def _new_drive(self, goal: tuple[float, float], tolerance_m: float) -> Drive:
        planner = self._proof.planner
        return Drive(planner.grid, planner.expected, goal, tolerance_m, self.config.drive, self.config.local)

    def _poll(self) -> None:
        """Take the newest poses, slip and soil; what was learned of the soil outlives its teller."""
        self._poses.poll(lost=self._lost)
        self._slip = self._newest_slip()
        if (heard := self._newest_soil()) is not None:
            self._soil = self._soil.after(heard)
        self._factors = replace(self._factors, soil=self._soil.surely)

    # ------------------------------------------------------------------------------------------------ each second

    def _tick(self) -> None:
        now_s = self.now_s()
        if now_s <= 0.0:
            return
        self._poll()
        if not self._site_map_sent:
            self._send_site_map(now_s)
        self._answer_asked()
        self._measure(now_s)
        self._look_at_ground(now_s)
        if not self.busy and not self._proof.serves(now_s, self._allowance):
            allowance, expected = self._allowance, self._soil.expected
            self.background("way_back", lambda: self._proof.prove(now_s, allowance, expected), self._take_proof)
        pose = self._poses.newest
        certificate = certify(self._proof.way, now_s, pose, self._power, self._factors, self.config.certificate)
        if certificate.valid and pose is not None and (doubt := self._proof.doubt(now_s, pose)):
            certificate = replace(certificate, valid=False, reason=doubt)
        # a successor begins with a higher number: it never tells more often than once a millisecond
        self._sequence = max(self._sequence + 1, round(1e3 * now_s))
        self._certificate.publish(conversions.return_certificate(certificate, self._plan_id, self._sequence))
        self.set_health("" if certificate.valid else f"no certificate: {certificate.reason}")
        pose_odom, frame = self._poses.framed(now_s) or (None, None)
        blocked = self._drives.step(now_s, pose_odom, frame, self._costmap, self._poses.place(now_s))
        self._proof.report(blocked, now_s)

    def _measure(self, now_s: float) -> None:
        pose, power = self._poses.newest, self._power
        if pose is None or power is None:
            return
        priced = Soil() if self._proof.way is None else self._proof.way.allowance.soil
        bound = self._site.driving_bound(priced.at(pose.x_m, pose.y_m))
        config, driving = self.config.certificate, self._drives.driving
        self._factors = measure(self._factors, now_s, pose.speed_mps, power.load_w, self._slip, driving, bound, config)
        self._allowance = allow(self._allowance, now_s, self._factors, config)

    def _look_at_ground(self, now_s: float) -> None:
        """Learn from the costmap which moves over the site are closed."""
        framed, pose = self._poses.framed(now_s), self._poses.newest
        if framed is not None and pose is not None:
            (x_m, y_m, _), frame = framed
            self._proof.look(now_s, self._costmap, (x_m, y_m), frame, pose.sigma_m)

    def _take_proof(self, proof: Proof | Exception, _: float) -> None:
        if isinstance(proof, Exception):
            self.raise_fault("recovery_field_failed", Fault.ERROR, f"the way back could not be computed: {proof}")
            return
        self.clear_fault("recovery_field_failed")
        before = self._proof.way
        self._proof.take(proof)
        if self._live is None:
            return
        softer = before is not None and not before.allowance.soil.bears(proof.way.allowance.soil)
        if softer or self._live.leads_over(proof.closed, proof.planner.grid, self._done):
            self._replan(self._live, self._done)
        else:
            self.clear_fault("plan_blocked", "the ground on the plan is open")

    # ------------------------------------------------------------------------------------------------ sorties

    def _state(self, now_s: float) -> tuple[tuple[float, float], float] | str:
        """Return the rover's place and the energy it surely has, or why a plan cannot begin."""
        pose, power, limits = self._poses.known(now_s), self._power, self.config.certificate
        if not self.active:
            return "path planning is not active"
        if pose is None:
            return "the rover's place is not known now"
        if power is None or not abs(now_s - power.time_s) <= limits.power_max_age_s:
            return "the battery's charge is not known now"
        return (pose.x_m, pose.y_m), power.energy_j - limits.sigma * power.sigma_j

    def _plan_sortie(self, request: PlanSortie.Request, answer: Use) -> None:
        try:
            visits, task = conversions.visits(request), conversions.task(request)
            if request.commit:
                self._may_commit(request)
        except InvalidMessage as error:
            self.refuse("plan/sortie_request", str(error))
            answer(PlanSortie.Response(feasible=False, explanation=str(error)))
            return
        self._poll()
        wait_s = self.config.request_wait_s if self.active else 0.0
        self._asked.append(_Asked(self.now_s() + wait_s, visits, task, answer, request.commit))
        self._answer_asked()

    def _may_commit(self, request: PlanSortie.Request) -> None:
        """Raise InvalidMessage unless the plan in force may be replaced by who asks."""
        if not request.targets:
            raise InvalidMessage("a plan without targets is only answered: commit must be false")
        if self._mission_under_way() and request.replaces != self._plan_id:
            raise InvalidMessage(
                f"a mission follows {self._plan_id or 'no plan yet'}, and the request would replace"
                f" {request.replaces or 'nothing'}: ask with commit false, or name the plan in 'replaces'"
            )

    def _answer_asked(self) -> None:
        """Plan what was asked for, once the present state is known; it may be on its way when somebody asks."""
        now_s = self.now_s()
        asked, self._asked = self._asked, []
        for one in asked:
            state = self._state(now_s)
            if not isinstance(state, str):
                self._plan(now_s, state, one)
            elif now_s >= one.until_s:
                one.answer(PlanSortie.Response(feasible=False, explanation=state))
            else:
                self._asked.append(one)

    def _plan(self, now_s: float, state: tuple[tuple[float, float], float], asked: _Asked) -> None:
        visits, task, answer = asked.visits, asked.task, asked.answer

        def take(result: tuple[Proof, Sortie] | Exception, planning_s: float) -> None:
            if isinstance(result, Exception):
                text = f"the plan could not be computed: {result}"
                answer(PlanSortie.Response(feasible=False, explanation=text))
                return
            proof, sortie = result
            self._proof.take(proof)
            live = LivePlan(tuple(visits), task, sortie)
            plan = self._publish_plan(now_s, proof, live, planning_s, commit=asked.commit)
            if sortie.feasible and asked.commit:
                self._done = 0
            answer(PlanSortie.Response(plan=plan, feasible=sortie.feasible, explanation=sortie.explanation))

        self.background("sortie", lambda: self._compute_sortie(now_s, state, visits, task), take)

    def _replan(self, live: LivePlan, done: int) -> None:
        """Plan the visits that are left anew from the present state, over what the plan in force knows."""
        now_s = self.now_s()
        state = self._state(now_s)
        if isinstance(state, str):
            self._take_new_plan(now_s, live, RuntimeError(state))
            return
        self.background(
            "sortie",
            lambda: self._compute_sortie(now_s, state, live.left(done), live.task, live.sortie),
            lambda result, planning_s: self._take_new_plan(now_s, live, result, done, planning_s),
        )

    def _take_new_plan(
        self, now_s: float, live: LivePlan, result: Any, done: int = 0, planning_s: float = math.nan
    ) -> None:
        if self._live is not live:
            return
        reason = str(result)
        if not isinstance(result, Exception):
            proof, sortie = result
            self._proof.take(proof)
            reason = sortie.explanation
            if sortie.feasible:
                self._publish_plan(now_s, proof, live.renewed(sortie, done), planning_s)
                return
        text = f"ground on the plan was found closed or weaker, and there is no other plan: {reason}"
        self.raise_fault("plan_blocked", Fault.WARNING, text)

    def _compute_sortie(
        self,
        now_s: float,
        state: tuple[tuple[float, float], float],
        visits: Sequence[Visit],
        task: Task,
        before: Sortie | None = None,
    ) -> tuple[Proof, Sortie]:
        """Run in the background: compute the way back anew unless it is fresh, then the sortie."""
        proof = self._proof.proof
        if proof is None or not self._proof.serves(now_s, self._allowance):
            proof = self._proof.prove(now_s, self._allowance, self._soil.expected)
        place, energy_j = state
        sortie = proof.planner.plan(
            proof.way.policy, place, now_s, energy_j, visits, task, utc_offset_s=self.common.utc_offset_s, before=before
        )
        return proof, sortie

    def _publish_plan(
        self, now_s: float, proof: Proof, live: LivePlan, planning_s: float, *, commit: bool = True
    ) -> SortiePlan:
        """Return the plan's message; put a plan that is one in force, and publish what its picture is drawn from."""
        self._plans += 1
        plan_id = f"sortie-{now_s:.0f}-{self._plans}"
        sortie, visits, policy = live.sortie, list(live.visits), proof.way.policy
        later = overrun(policy, proof.planner.expected, sortie, visits)
        turn_back_s = None if later is None else float(later.time_s[-1])
        message = conversions.sortie_plan(now_s, plan_id, sortie, planning_s, turn_back_s)
        self.info(f"{plan_id}: {sortie.explanation} ({planning_s:.2f} s, {sortie.labels} labels)")
        if not (sortie.feasible and commit):
            return message
        self.clear_fault("plan_blocked", "there is a new plan")
        self._plan_id, self._live = plan_id, live
        self._sortie.publish(message)
        self._send_site_map(now_s)
        begin = sortie.waypoints[0]
        ground = plan_map(self._site.site, policy, sortie, visits, (begin.x_m, begin.y_m, begin.time_s))
        self._plan_map.publish(conversions.grid_map(now_s, ground.layers, ground.x0_m, ground.y0_m, ground.cell_m))
        self._markers.publish(plan_markers(now_s, sortie, policy.grid, turn_back_s, self.common.utc_offset_s))
        return message

    def _send_site_map(self, now_s: float) -> None:
        """Publish the ground around the lander with the light of now, and once what never changes of it."""
        if not self._site_map_sent:
            self._site_map_sent = True
            grid = self._site.grid
            cost = occupancy(grid, self._site.expected, self.config.grid)
            self._occupancy.publish(conversions.occupancy_grid(now_s, cost, grid, ground_level_m(grid)))
        layers, x0_m, y0_m = self._site.site_layers(self.utc_s(now_s), self.config.site_map_m)
        self._site_map.publish(conversions.grid_map(now_s, layers, x0_m, y0_m, self._site.site.dem.cell_m))


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(PathPlanningNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
