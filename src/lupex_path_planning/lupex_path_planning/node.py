# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Node: sorties on request, drives as an action, the certificate once a second."""

import math
import time
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from grid_map_msgs.msg import GridMap
from nav_msgs.msg import OccupancyGrid, Odometry, Path
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.task import Future
from visualization_msgs.msg import MarkerArray

from lupex_interfaces.action import DriveTo
from lupex_interfaces.msg import Fault, LocalizationStatus, PowerStatus, ReturnCertificate, SlipEstimate, SortiePlan
from lupex_interfaces.srv import PlanSortie
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site import SiteError, open_site
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.node import LupexNode, run
from lupex_node.polling import PolledSubscription
from lupex_path_planning import conversions
from lupex_path_planning.background import Background
from lupex_path_planning.config import PathPlanningConfig
from lupex_path_planning.near_field.costmap import Costmap
from lupex_path_planning.near_field.drive import Drive, DriveReport, Planar, Progress
from lupex_path_planning.plan_markers import plan_markers
from lupex_path_planning.site_planner import site_planner, warm_up
from lupex_path_planning.sortie.plan import Sortie, Task, Visit
from lupex_path_planning.sortie.plan_map import plan_map
from lupex_path_planning.sortie.profile import overrun
from lupex_path_planning.way_back.certificate import PoseEstimate, PowerEstimate, WayBack, certify
from lupex_path_planning.way_back.measured_factors import Allowance, MeasuredFactors, SlipMeasurement, allow, measure
from lupex_path_planning.way_back.recovery import RecoveryPolicy

_LOOK_S = 0.02
"""Wall time between looks at the background, while it works; simulated time may stand still meanwhile."""

_RENEW_SHARE = 0.7
"""The field is computed anew when less than this share of its horizon is left."""


class _ActiveDrive:
    """A drive with the future and the goal handle that its end completes; /goal_pose has neither."""

    def __init__(self, drive: Drive, done: Future | None, handle: Any) -> None:
        self.drive = drive
        self.done = done
        self.handle = handle
        self.distance_m = 0.0
        self.place: tuple[float, float] | None = None


class PathPlanningNode(LupexNode[PathPlanningConfig]):
    """Plans sorties and drives, and certifies the way back."""

    def __init__(self) -> None:
        super().__init__("path_planning", PathPlanningConfig)

    def wire(self) -> None:
        try:
            site = open_site(FilePath(self.config.site))
            self._planner = site_planner(self.config, read_rover(self.config.rover), site)
        except (SiteError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        warm_up(self._planner)
        self._way: WayBack | None = None
        self._power: PowerEstimate | None = None
        self._slip: SlipMeasurement | None = None
        self._factors = MeasuredFactors()
        self._allowance = Allowance()
        self._lost = False
        self._pose: PoseEstimate | None = None
        self._height_m = 0.0
        self._pose_odom: tuple[float, float, float] | None = None
        self._map_from_odom: Planar | None = None
        self._frames_s = -math.inf
        self._last_global: conversions.PlanarPose | None = None
        self._costmap: Costmap | None = None
        self._active: _ActiveDrive | None = None
        self._plan_id = ""
        self._plans = 0
        self._site_map_sent = False
        self._background = Background()

        self._sortie = self.publisher(SortiePlan, "/plan/sortie", qos.LATCHED)
        self._path = self.publisher(Path, "/plan/path", qos.STATE)
        self._certificate = self.publisher(ReturnCertificate, "/plan/certificate", qos.STATE)
        self._site_map = self.publisher(GridMap, "/site/map", qos.LATCHED)
        self._markers = self.publisher(MarkerArray, "/plan/markers", qos.LATCHED)
        self._plan_map = self.publisher(GridMap, "/plan/map", qos.LATCHED)
        self._global = PolledSubscription(self, Odometry, "/odometry/global", qos.STATE)
        self._local = PolledSubscription(self, Odometry, "/odometry/local", qos.SAMPLES)
        self.receive(PowerStatus, "/power/status", self._take_power, convert=conversions.power_estimate)
        self._slip_topic = PolledSubscription(self, SlipEstimate, "/mobility/slip", qos.NEWEST)
        self.receive(LocalizationStatus, "/localization/status", self._take_localization)
        self.receive(
            OccupancyGrid,
            "/traversability/costmap",
            self._take_costmap,
            convert=conversions.costmap,
            frame=conversions.ODOM,
            max_age_s=self.config.local.costmap_max_age_s,
            profile=qos.NEWEST,
        )
        self.receive(PoseStamped, "/goal_pose", self._take_goal, convert=conversions.goal)
        # a group of its own: while a request waits for its plan, a shared group would hold back the timer it waits for
        service = self.create_service(
            PlanSortie, "/plan/sortie_request", self._plan_sortie, callback_group=ReentrantCallbackGroup()
        )
        server = ActionServer(
            self,
            DriveTo,
            "/plan/drive_to",
            self._drive_to,
            goal_callback=self._judge_goal,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )
        self.every(1.0, self._tick)
        self._look = self.create_timer(_LOOK_S, self._look_at_background, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._look.cancel()
        self.until_cleaned_up(lambda: self.destroy_timer(self._look))
        self.until_cleaned_up(self._background.close)
        self.until_cleaned_up(lambda: self.destroy_service(service))
        self.until_cleaned_up(server.destroy)

    # ------------------------------------------------------------------------------------------------ inputs

    def _take_power(self, power: PowerEstimate) -> None:
        self._power = power

    def _take_localization(self, message: LocalizationStatus) -> None:
        self._lost = message.state == LocalizationStatus.LOST

    def _take_costmap(self, costmap: Costmap) -> None:
        self._costmap = costmap

    def _poll(self) -> None:
        """Take the newest poses, pair those of one moment, and take the newest slip."""
        locals_ = self._local.take()
        for _, content in self._global.take()[-1:]:
            message = self._global.decode(content)
            try:
                self._pose = conversions.pose_estimate(message, lost=self._lost)
                self._last_global = conversions.planar_pose(message, conversions.MAP)
                self._height_m = self._last_global.z_m
            except InvalidMessage as refusal:
                self._refuse("/odometry/global", str(refusal))
        if locals_:
            newest = self._local_pose(locals_[-1][1])
            if newest is not None:
                self._pose_odom = (newest.x_m, newest.y_m, newest.yaw_rad)
            if self._last_global is not None:
                at = self._last_global.time_s
                nearest_s, content = min(locals_, key=lambda item: abs(item[0] - at))
                pair = self._local_pose(content) if abs(nearest_s - at) <= self.config.pair_max_s else None
                if pair is not None:
                    self._map_from_odom = conversions.map_from_odom(self._last_global, pair)
                    self._frames_s = at
        for _, content in self._slip_topic.take()[-1:]:
            try:
                self._slip = conversions.slip_measurement(self._slip_topic.decode(content))
            except InvalidMessage as refusal:
                self._refuse("/mobility/slip", str(refusal))

    def _local_pose(self, content: bytes) -> conversions.PlanarPose | None:
        try:
            return conversions.planar_pose(self._local.decode(content), conversions.ODOM)
        except InvalidMessage as refusal:
            self._refuse("/odometry/local", str(refusal))
            return None

    # ------------------------------------------------------------------------------------------------ each second

    def _tick(self) -> None:
        now_s = self.now_s()
        if now_s <= 0.0:
            return
        self._poll()
        if not self._site_map_sent:
            self._send_site_map(now_s)
        self._measure(now_s)
        if not self._background.busy and not self._serves(self._way, now_s):
            allowance = self._allowance
            self._submit(lambda: self._find_way(now_s, allowance), self._take_way)
        certificate = certify(self._way, now_s, self._pose, self._power, self._factors, self.config.certificate)
        self._certificate.publish(conversions.return_certificate(certificate, self._plan_id))
        self.set_health("" if certificate.valid else f"no certificate: {certificate.reason}")
        if self._active is not None:
            self._drive_on(self._active, now_s)

    def _measure(self, now_s: float) -> None:
        if self._pose is None or self._power is None:
            return
        speed_mps, load_w = self._pose.speed_mps, self._power.load_w
        bound, config = self._planner.driving_bound, self.config.certificate
        driving = self._active is not None
        self._factors = measure(self._factors, now_s, speed_mps, load_w, self._slip, driving, bound, config)
        self._allowance = allow(self._allowance, now_s, self._factors, config)

    def _serves(self, way: WayBack | None, now_s: float) -> bool:
        """Tell whether a way back covers the time ahead and what was measured."""
        if way is None or not way.allowance.covers(self._allowance):
            return False
        left = (way.policy.end_s - now_s) / self.config.recovery.horizon_s
        return way.policy.start_s <= now_s and left >= _RENEW_SHARE

    def _find_way(self, now_s: float, allowance: Allowance) -> WayBack:
        return WayBack(self._planner.recover(now_s, self.common.utc_offset_s, allowance), allowance)

    def _take_way(self, way: WayBack | Exception) -> None:
        if isinstance(way, Exception):
            self.raise_fault("recovery_field_failed", Fault.ERROR, f"the way back could not be computed: {way}")
            return
        self.clear_fault("recovery_field_failed")
        self._way = way

    # ------------------------------------------------------------------------------------------------ background

    def _submit(self, work: Callable[[], Any], use: Callable[[Any], None]) -> None:
        """Have `work` done in the background; `use` gets its result, or the exception, in the executor's thread."""
        self._background.submit(work, use)
        if self._look.is_canceled():
            self._look.reset()

    def _look_at_background(self) -> None:
        self._background.look()
        if not self._background.busy:
            self._look.cancel()

    # ------------------------------------------------------------------------------------------------ sorties

    async def _plan_sortie(self, request: PlanSortie.Request, response: PlanSortie.Response) -> PlanSortie.Response:
        now_s = self.now_s()
        self._poll()
        refusal, visits, task = "", [], Task()
        try:
            visits, task = conversions.visits(request), conversions.task(request)
        except InvalidMessage as error:
            refusal = str(error)
        pose, power, limits = self._pose, self._power, self.config.certificate
        if not self.active:
            refusal = "path planning is not active"
        elif pose is None or not abs(now_s - pose.time_s) <= limits.pose_max_age_s or pose.lost:
            refusal = refusal or "the rover's place is not known now"
        elif power is None or not abs(now_s - power.time_s) <= limits.power_max_age_s:
            refusal = refusal or "the battery's charge is not known now"
        if refusal or pose is None or power is None:
            response.feasible, response.explanation = False, refusal
            return response
        done: Future = Future()
        spread_j = self.config.certificate.sigma * power.sigma_j
        self._submit(
            lambda: self._compute_sortie((pose.x_m, pose.y_m), now_s, power.energy_j - spread_j, visits, task),
            done.set_result,
        )
        result = await done
        if isinstance(result, Exception):
            response.feasible, response.explanation = False, f"the plan could not be computed: {result}"
            return response
        self._way, sortie, planning_s = result
        self._plans += 1
        plan_id = f"sortie-{now_s:.0f}-{self._plans}"
        later = overrun(self._way.policy, self._planner.expected, sortie, visits)
        turn_back_s = None if later is None else float(later.time_s[-1])
        response.plan = conversions.sortie_plan(now_s, plan_id, sortie, planning_s, turn_back_s)
        response.feasible, response.explanation = sortie.feasible, sortie.explanation
        self.get_logger().info(f"{plan_id}: {sortie.explanation} ({planning_s:.2f} s, {sortie.labels} labels)")
        if sortie.feasible:
            self._plan_id = plan_id
            self._sortie.publish(response.plan)
            self._send_site_map(now_s)
            self._show_plan(now_s, self._way.policy, sortie, visits, turn_back_s)
        return response

    def _show_plan(
        self, now_s: float, policy: RecoveryPolicy, sortie: Sortie, visits: list[Visit], turn_back_s: float | None
    ) -> None:
        """Publish what the plan's picture is drawn from, and its markers."""
        begin = sortie.waypoints[0]
        ground = plan_map(self._planner.site, policy, sortie, visits, (begin.x_m, begin.y_m, begin.time_s))
        self._plan_map.publish(conversions.grid_map(now_s, ground.layers, ground.x0_m, ground.y0_m, ground.cell_m))
        self._markers.publish(plan_markers(now_s, sortie, policy.grid, turn_back_s, self.common.utc_offset_s))

    def _compute_sortie(
        self, place: tuple[float, float], now_s: float, energy_j: float, visits: list[Visit], task: Task
    ) -> tuple[WayBack, Sortie, float]:
        """Run in the background: compute the field anew unless it is fresh, then the sortie."""
        begin = time.thread_time()
        way = self._way
        if way is None or not self._serves(way, now_s):
            way = self._find_way(now_s, self._allowance)
        sortie = self._planner.plan(
            way.policy, place, now_s, energy_j, visits, task, utc_offset_s=self.common.utc_offset_s
        )
        return way, sortie, time.thread_time() - begin

    def _send_site_map(self, now_s: float) -> None:
        """Publish the ground around the lander with the light of now."""
        self._site_map_sent = True
        layers, x0_m, y0_m = self._planner.site_layers(self.utc_s(now_s), self.config.site_map_m)
        self._site_map.publish(conversions.grid_map(now_s, layers, x0_m, y0_m, self._planner.site.dem.cell_m))

    # ------------------------------------------------------------------------------------------------ drives

    def _judge_goal(self, request: DriveTo.Goal) -> GoalResponse:
        try:
            self._new_drive(conversions.goal(request.goal), request.tolerance_m)
        except (InvalidMessage, ValueError) as refusal:
            self.get_logger().warning(f"/plan/drive_to: goal not taken: {refusal}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT if self.active else GoalResponse.REJECT

    def _new_drive(self, goal: tuple[float, float], tolerance_m: float) -> Drive:
        if not tolerance_m >= self.config.drive.tolerance_min_m:
            raise InvalidMessage(f"tolerance_m is {tolerance_m:g}, below {self.config.drive.tolerance_min_m:g}")
        planner = self._planner
        return Drive(planner.grid, planner.expected, goal, tolerance_m, self.config.drive, self.config.local)

    async def _drive_to(self, handle: Any) -> DriveTo.Result:
        request = handle.request
        drive = self._new_drive(conversions.goal(request.goal), request.tolerance_m)
        done: Future = Future()
        self._replace(_ActiveDrive(drive, done, handle))
        return await done

    def _take_goal(self, goal: tuple[float, float]) -> None:
        try:
            self._replace(_ActiveDrive(self._new_drive(goal, self.config.goal_tolerance_m), None, None))
        except (InvalidMessage, ValueError) as refusal:
            self._refuse("/goal_pose", str(refusal))

    def _replace(self, active: _ActiveDrive) -> None:
        if self._active is not None:
            self._finish(self._active, success=False, reason="another goal took its place")
        self._active = active

    def _drive_on(self, active: _ActiveDrive, now_s: float) -> None:
        if active.handle is not None and active.handle.is_cancel_requested:
            self._finish(active, success=False, reason="cancelled")
            return
        limit = self.config.certificate.pose_max_age_s
        pose = self._pose
        known = pose is not None and not pose.lost and abs(now_s - pose.time_s) <= limit
        framed = known and abs(now_s - self._frames_s) <= limit
        report = active.drive.step(
            now_s, self._pose_odom if framed else None, self._map_from_odom if framed else None, self._costmap
        )
        if known and pose is not None:
            place = (pose.x_m, pose.y_m)
            if active.place is not None:
                active.distance_m += math.dist(place, active.place)
            active.place = place
        if report.progress in (Progress.ARRIVED, Progress.FAILED):
            self._finish(active, success=report.progress is Progress.ARRIVED, reason=report.text)
            return
        self._path.publish(conversions.path(now_s, report.path_m, self._height_m, report.heading_rad))
        self._tell(active, report)

    def _tell(self, active: _ActiveDrive, report: DriveReport) -> None:
        if active.handle is None:
            return
        feedback = DriveTo.Feedback(replans=report.reroutes, text=report.text)
        left = report.distance_remaining_m
        feedback.distance_remaining_m = left if math.isfinite(left) else -1.0
        active.handle.publish_feedback(feedback)

    def _finish(self, active: _ActiveDrive, *, success: bool, reason: str) -> None:
        """Stop the rover and end the drive."""
        if self._active is active:
            self._active = None
        self._path.publish(conversions.path(self.now_s(), np.empty((0, 2)), self._height_m))
        self.get_logger().info(f"drive to {active.drive.goal} ended: {reason}")
        if active.handle is None or active.done is None:
            return
        if success:
            active.handle.succeed()
        elif active.handle.is_cancel_requested:
            active.handle.canceled()
        else:
            active.handle.abort()
        active.done.set_result(
            DriveTo.Result(success=success, reason="" if success else reason, distance_m=active.distance_m)
        )


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(PathPlanningNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
