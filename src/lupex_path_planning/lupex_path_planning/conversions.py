# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to the planner's values and back."""

import array
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from grid_map_msgs.msg import GridMap
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import OccupancyGrid, Odometry, Path
from numpy.typing import NDArray
from std_msgs.msg import Float32MultiArray, MultiArrayDimension

from lupex_interfaces.msg import (
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    SlipEstimate,
    SoilEstimate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie
from lupex_models.soil_strength import WEAKEST
from lupex_node.checks import InvalidMessage, all_finite, finite, in_frame
from lupex_node.conversions import duration, seconds, stamp
from lupex_path_planning.near_field.drive import DriveReport, Planar
from lupex_path_planning.priced_soil import LearnedSoil, counted_on, soil_of
from lupex_path_planning.site_grid import SiteGrid
from lupex_path_planning.sortie.plan import Objective, Sortie, Task, Visit
from lupex_path_planning.way_back.certificate import Certificate, PoseEstimate, PowerEstimate
from lupex_path_planning.way_back.measured_factors import SlipMeasurement

MAP, ODOM, BASE = "map", "odom", "base_link"
_FARTHEST_M = 1e5
_LENGTH_TOLERANCE = 0.01

UNKNOWN = 9000
"""Error of a navigation that Nav2 has no code for; Jazzy's definition does not name it yet."""

ALL_TARGETS = 1_000_000
"""More targets than any sortie has."""

_OUTWARD = (MissionStatus.LEAD_OUT, MissionStatus.DRIVE, MissionStatus.SCAN, MissionStatus.DRILL, MissionStatus.SAFE)
_HOMEWARD = (MissionStatus.RETURN, MissionStatus.RECHARGE)


@dataclass(frozen=True)
class PlanarPose:
    """Stamped place and yaw in map or odom, with height."""

    time_s: float
    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float


def planar_pose(message: Odometry, frame: str) -> PlanarPose:
    """Return the pose of base_link in `frame`; raises InvalidMessage."""
    in_frame(message.header.frame_id, frame)
    in_frame(message.child_frame_id, BASE)
    at, turned = message.pose.pose.position, message.pose.pose.orientation
    if not math.isfinite(at.x + at.y + at.z):
        raise InvalidMessage("position is not finite")
    # a quaternion of another length turns by the same angle
    x, y, z, w = turned.x, turned.y, turned.z, turned.w
    length = math.hypot(x, y, z, w)
    if not abs(length - 1.0) <= _LENGTH_TOLERANCE:
        raise InvalidMessage(f"orientation has length {length:g}, not 1")
    yaw = math.atan2(2.0 * (w * z + x * y), length * length - 2.0 * (y * y + z * z))
    return PlanarPose(seconds(message.header.stamp), at.x, at.y, at.z, yaw)


def pose_estimate(message: Odometry, pose: PlanarPose, *, lost: bool) -> PoseEstimate:
    """Return place, spread and speed in map of a message and its pose; raises InvalidMessage."""
    covariance = all_finite(message.pose.covariance, "covariance").reshape(6, 6)[:2, :2]
    speed = message.twist.twist.linear
    speed_mps = finite(math.hypot(speed.x, speed.y), "speed")
    return PoseEstimate(pose.time_s, pose.x_m, pose.y_m, covariance, speed_mps, lost)


def map_from_odom(in_map: PlanarPose, in_odom: PlanarPose) -> Planar:
    """Return the planar transform from odom to map of one moment's two poses."""
    yaw = in_map.yaw_rad - in_odom.yaw_rad
    turned = Planar(0.0, 0.0, yaw).apply(np.array([[in_odom.x_m, in_odom.y_m]]))[0]
    return Planar(in_map.x_m - float(turned[0]), in_map.y_m - float(turned[1]), yaw)


def power_estimate(message: PowerStatus) -> PowerEstimate:
    """Return energy and balance in SI units; raises InvalidMessage."""
    return PowerEstimate(
        seconds(message.header.stamp),
        finite(message.energy_wh, "energy_wh", -1e6, 1e6) * 3600.0,
        finite(message.energy_sigma_wh, "energy_sigma_wh", 0.0, 1e6) * 3600.0,
        finite(message.reserve_wh, "reserve_wh", 0.0, 1e6) * 3600.0,
        finite(message.load_power_w, "load_power_w", 0.0, 1e6),
        finite(message.array_power_w, "array_power_w", 0.0, 1e6),
    )


def slip_measurement(message: SlipEstimate) -> SlipMeasurement:
    """Return the slip; raises InvalidMessage."""
    return SlipMeasurement(
        seconds(message.header.stamp),
        finite(message.slip, "slip", -1.0, 1.0),
        finite(message.sigma, "sigma", 0.0, 10.0),
        finite(message.slope_rad, "slope_rad", -1.5, 1.5),
        finite(message.window_s, "window_s", 0.0, 1e6),
    )


def learned_soil(message: SoilEstimate) -> LearnedSoil:
    """Return the soil that driving has taught, as foreseen while nothing did; raises InvalidMessage."""
    in_frame(message.header.frame_id, MAP)
    if message.measurements == 0:
        return LearnedSoil()
    places = list(zip(message.patch_column, message.patch_row, strict=False))
    counts = {
        len(values) for values in (message.patch_column, message.patch_row, message.patch_strength, message.patch_low)
    }
    if counts != {len(places)}:
        raise InvalidMessage("the patches' columns, rows and strengths are not equally many")
    if len(set(places)) != len(places):
        raise InvalidMessage("a patch is told twice")
    patch_m = finite(message.patch_m, "patch_m", 0.1, 1e4)
    median, low = _strength(message.strength, "strength"), _strength(message.strength_low, "strength_low")
    medians = [_strength(value, "patch_strength") for value in message.patch_strength]
    lows = [_strength(value, "patch_low") for value in message.patch_low]
    counted = [counted_on(*pair) for pair in zip(medians, lows, strict=True)]
    expected = soil_of(median, patch_m, dict(zip(places, medians, strict=True)))
    surely = soil_of(counted_on(median, low), patch_m, dict(zip(places, counted, strict=True)))
    return LearnedSoil(expected, surely, message.measurements)


def _strength(value: float, name: str) -> float:
    """Return a strength; what is not known is the weakest."""
    return WEAKEST if math.isnan(value) else finite(value, name, WEAKEST, 10.0)


def goal(message: PoseStamped) -> tuple[float, float]:
    """Return the goal's place in map; raises InvalidMessage."""
    in_frame(message.header.frame_id, MAP)
    at = message.pose.position
    return finite(at.x, "x", -_FARTHEST_M, _FARTHEST_M), finite(at.y, "y", -_FARTHEST_M, _FARTHEST_M)


def pose_goal(request: NavigateToPose.Goal) -> tuple[float, float]:
    """Return the place of a goal of Nav2; raises InvalidMessage. The heading at the end is the rover's own choice."""
    if request.behavior_tree:
        raise InvalidMessage(f"it names the behavior tree '{request.behavior_tree}', and here is none to choose")
    return goal(request.pose)


def navigation(
    time_s: float, place: tuple[float, float] | None, took_s: float, driven_m: float, report: DriveReport
) -> NavigateToPose.Feedback:
    """Return how a goal of Nav2 goes; what is left takes as long a metre as what was driven."""
    feedback = NavigateToPose.Feedback(number_of_recoveries=min(report.reroutes, 32767))
    feedback.current_pose.header.frame_id, feedback.current_pose.header.stamp = MAP, stamp(time_s)
    if place is not None:
        feedback.current_pose.pose.position.x, feedback.current_pose.pose.position.y = place
    feedback.navigation_time = duration(took_s)
    left_m = report.distance_remaining_m
    if math.isfinite(left_m):
        feedback.distance_remaining = left_m
        if driven_m > 0.0:
            feedback.estimated_time_remaining = duration(min(left_m / driven_m * took_s, 1e9))
    return feedback


def navigation_result(reason: str) -> NavigateToPose.Result:
    """Return the end of a goal of Nav2; an empty reason is success."""
    return NavigateToPose.Result(error_code=UNKNOWN if reason else NavigateToPose.Result.NONE, error_msg=reason)


def visits(request: PlanSortie.Request) -> list[Visit]:
    """Return the visits asked for; raises InvalidMessage."""
    count = len(request.targets)
    if len(request.service_s) != count or len(request.service_power_w) != count:
        raise InvalidMessage("targets, service_s and service_power_w must be equally long")
    return [
        Visit(
            finite(target.x, "target x", -_FARTHEST_M, _FARTHEST_M),
            finite(target.y, "target y", -_FARTHEST_M, _FARTHEST_M),
            finite(stay, "service_s", 0.0, 1e7),
            finite(load, "service_power_w", 0.0, 1e5),
        )
        for target, stay, load in zip(request.targets, request.service_s, request.service_power_w, strict=True)
    ]


def task(request: PlanSortie.Request) -> Task:
    """Return how the visits are to be made; raises InvalidMessage."""
    try:
        objective = Objective(request.objective)
    except ValueError as error:
        raise InvalidMessage(f"objective is {request.objective}, which none is") from error
    deadline_s = seconds(request.deadline)
    return Task(
        objective,
        ordered=not request.any_order,
        deadline_s=deadline_s if deadline_s > 0.0 else math.inf,
        earth_to_drive=request.earth_to_drive,
        earth_to_serve=request.earth_to_serve,
    )


def targets_done(message: MissionStatus) -> int | None:
    """Return how many of its targets the mission leaves behind, None where it does not tell; raises InvalidMessage."""
    if message.target < -1:
        raise InvalidMessage(f"target is {message.target}, which none is")
    if message.phase in _HOMEWARD or (message.turning_back and message.phase in _OUTWARD):
        return ALL_TARGETS
    if message.phase == MissionStatus.LEAD_OUT:
        return 0
    return message.target if message.phase in _OUTWARD and message.target >= 0 else None


def under_way(message: MissionStatus) -> bool:
    """Tell whether a sortie has begun and has not ended; raises InvalidMessage for a phase that none is."""
    if message.phase > MissionStatus.SAFE:
        raise InvalidMessage(f"phase is {message.phase}, which none is")
    return message.phase not in (MissionStatus.IDLE, MissionStatus.DONE, MissionStatus.FAILED)


def path(now_s: float, points: NDArray[np.float64], z_m: float, heading_rad: NDArray[np.float64] | None = None) -> Path:
    """Make a path in map; a pose's orientation is the heading with which the body leaves it.

    `heading_rad` (n,): nan, and all of them when there is none, are along the path.
    """
    message = Path()
    message.header.frame_id = MAP
    message.header.stamp = stamp(now_s)
    steps = np.diff(points, axis=0)
    headings = np.arctan2(steps[:, 1], steps[:, 0]) if steps.size else np.empty(0)
    yaws = np.append(headings, headings[-1:]) if headings.size else np.zeros(points.shape[0])
    if heading_rad is not None:
        yaws = np.where(np.isfinite(heading_rad), heading_rad, yaws)
    for (x, y), yaw in zip(points.tolist(), yaws.tolist(), strict=True):
        stamped = PoseStamped()
        stamped.header = message.header
        at, turned = stamped.pose.position, stamped.pose.orientation
        at.x, at.y, at.z = x, y, z_m
        turned.z, turned.w = math.sin(0.5 * yaw), math.cos(0.5 * yaw)
        message.poses.append(stamped)
    return message


def sortie_plan(
    now_s: float, plan_id: str, sortie: Sortie, planning_s: float, turn_back_s: float | None = None
) -> SortiePlan:
    """Make the plan's message; energies in Wh."""
    points = sortie.waypoints
    message = SortiePlan(plan_id=plan_id, feasible=sortie.feasible, explanation=sortie.explanation)
    message.header.frame_id = MAP
    message.header.stamp = stamp(now_s)
    message.activity = array.array("B", [point.activity for point in points])
    message.target = array.array("i", [point.target for point in points])
    message.x_m = array.array("f", [point.x_m for point in points])
    message.y_m = array.array("f", [point.y_m for point in points])
    message.arrival = [stamp(point.time_s) for point in points]
    message.energy_wh = array.array("f", [point.energy_j / 3600.0 for point in points])
    message.required_wh = array.array("f", [point.required_j / 3600.0 for point in points])
    message.sunlit_fraction = array.array("f", [point.sunlit for point in points])
    if turn_back_s is not None:
        message.turn_back_by = stamp(turn_back_s)
    message.service_power_w = array.array("f", [point.service_w for point in points])
    message.objective = sortie.objective.value
    scale = 1.0 if sortie.objective is Objective.LEAST_TIME else 3600.0
    message.cost = sortie.cost / scale if sortie.feasible else 0.0
    message.gap = sortie.gap / scale if sortie.feasible else 0.0
    message.planning_time_s = planning_s
    return message


def return_certificate(certificate: Certificate, plan_id: str, sequence: int) -> ReturnCertificate:
    """Make the certificate's message; all its numbers are finite."""
    message = ReturnCertificate(valid=certificate.valid, reason=certificate.reason, plan_id=plan_id, sequence=sequence)
    message.header.frame_id = MAP
    message.header.stamp = stamp(max(certificate.time_s, 0.0))
    message.energy_wh = certificate.energy_j / 3600.0
    message.required_wh = certificate.required_j / 3600.0
    message.margin_wh = certificate.margin_j / 3600.0
    message.margin_s = certificate.margin_s
    message.turn_back_by = stamp(max(certificate.turn_back_by_s, 0.0))
    message.haven_x_m, message.haven_y_m = certificate.haven
    message.slip_factor = certificate.slip_factor
    message.pace_factor = certificate.pace_factor
    message.consumption_factor = certificate.consumption_factor
    message.position_sigma_m = _finite(certificate.position_sigma_m)
    message.pose_age_s = _finite(certificate.pose_age_s)
    message.power_age_s = _finite(certificate.power_age_s)
    message.slip_age_s = _finite(certificate.slip_age_s)
    return message


def _finite(value: float) -> float:
    # an input that never came is as old, and a place as unsure, as a message can say
    return value if math.isfinite(value) else 1e9


def grid_map(
    now_s: float, layers: dict[str, NDArray[np.floating[Any]]], x0_m: float, y0_m: float, cell_m: float
) -> GridMap:
    """Make a grid map of layers (ny, nx) whose cell [0, 0] is centred on (x0_m, y0_m)."""
    ny, nx = next(iter(layers.values())).shape
    message = GridMap()
    message.header.frame_id = MAP
    message.header.stamp = stamp(now_s)
    message.info.resolution = cell_m
    message.info.length_x, message.info.length_y = nx * cell_m, ny * cell_m
    message.info.pose.position.x = x0_m + 0.5 * (nx - 1) * cell_m
    message.info.pose.position.y = y0_m + 0.5 * (ny - 1) * cell_m
    message.info.pose.orientation.w = 1.0
    message.layers = list(layers)
    message.basic_layers = [next(iter(layers))]
    for values in layers.values():
        made = Float32MultiArray()
        # grid_map counts from the +x +y corner: its rows run along -x, its columns along -y
        made.layout.dim = [
            MultiArrayDimension(label="column_index", size=ny, stride=nx * ny),
            MultiArrayDimension(label="row_index", size=nx, stride=nx),
        ]
        data = array.array("f")
        data.frombytes(memoryview(np.ascontiguousarray(values[::-1, ::-1], dtype=np.float32)).cast("B"))
        made.data = data
        message.data.append(made)
    return message


def occupancy_grid(now_s: float, cost: NDArray[np.int8], grid: SiteGrid, level_m: float) -> OccupancyGrid:
    """Make a map of occupancy of costs (ny, nx) over a grid, shown at a height."""
    message = OccupancyGrid()
    message.header.frame_id = MAP
    message.header.stamp = message.info.map_load_time = stamp(now_s)
    message.info.resolution = grid.cell_m
    message.info.height, message.info.width = cost.shape
    # the outer corner of the first cell, as in every map of occupancy
    corner = message.info.origin.position
    corner.x, corner.y, corner.z = grid.x0_m - 0.5 * grid.cell_m, grid.y0_m - 0.5 * grid.cell_m, level_m
    message.info.origin.orientation.w = 1.0
    message.data = array.array("b", np.ascontiguousarray(cost).tobytes())
    return message
