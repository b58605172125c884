# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to what the executive sees, and its decisions to messages."""

from geometry_msgs.msg import Point
from nav_msgs.msg import Odometry

from lupex_interfaces.action import AcquireSample, DriveTo
from lupex_interfaces.msg import (
    DrillStatus,
    LocalizationStatus,
    MissionStatus,
    PowerStatus,
    ReturnCertificate,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie
from lupex_mission.config import MissionConfig
from lupex_mission.executive import Decision
from lupex_mission.observations import Certificate, Drive, Halt, Place, PlanRoute, Power, Result, Sample
from lupex_models.stated_proof import StatedProof, contradiction
from lupex_node.checks import InvalidMessage, finite, in_frame
from lupex_node.conversions import seconds, stamp

MAP_LIMIT_M = 1e5


def place(message: Odometry) -> tuple[float, Place]:
    """Return (stamp_s, place) of the rover."""
    position = message.pose.pose.position
    return seconds(message.header.stamp), Place(
        finite(position.x, "x", -MAP_LIMIT_M, MAP_LIMIT_M), finite(position.y, "y", -MAP_LIMIT_M, MAP_LIMIT_M)
    )


def localization_lost(message: LocalizationStatus) -> bool:
    """Tell whether localization says that it is lost."""
    return message.state == LocalizationStatus.LOST


def certificate(message: ReturnCertificate, capacity_wh: float, plan_id: str) -> Certificate:
    """Return the certificate; raises InvalidMessage for that of another plan, or one that no such battery can have.

    Numbers are checked only where it claims to be valid. One that goes with no plan is that of a planner which was
    started again: it speaks of the rover's place and charge, as each does.
    """
    in_frame(message.header.frame_id, "map")
    if message.plan_id not in ("", plan_id):
        raise InvalidMessage(f"it goes with {message.plan_id}, and the plan in force is {plan_id or 'not known'}")
    if not message.valid:
        return Certificate(seconds(message.header.stamp), False, message.reason, float("-inf"), Place(0.0, 0.0))
    if why := contradiction(StatedProof(message.energy_wh, message.required_wh, message.margin_wh), capacity_wh):
        raise InvalidMessage(why)
    return Certificate(
        seconds(message.header.stamp),
        True,
        "",
        message.margin_wh,
        Place(
            finite(message.haven_x_m, "haven_x_m", -MAP_LIMIT_M, MAP_LIMIT_M),
            finite(message.haven_y_m, "haven_y_m", -MAP_LIMIT_M, MAP_LIMIT_M),
        ),
    )


def power(message: PowerStatus) -> Power:
    """Return the power status."""
    return Power(
        seconds(message.header.stamp),
        message.work_allowed,
        message.reason,
        finite(message.soc, "soc", 0.0, 1.0),
        finite(message.array_power_w, "array_power_w", 0.0),
        finite(message.load_power_w, "load_power_w", 0.0),
    )


def drill_stowed(message: DrillStatus) -> bool:
    """Tell whether the drill is stowed."""
    return message.state == DrillStatus.STOWED


def halts(message: SortiePlan) -> tuple[Halt, ...]:
    """Return the waits of a plan that lead on to a drive, in order."""
    arrays = message.activity, message.target, message.x_m, message.y_m, message.arrival
    if len({len(values) for values in arrays}) != 1:
        raise InvalidMessage("the plan's arrays are not equally long")
    found: list[Halt] = []
    waits: list[Halt] = []
    before = 0
    for activity, target, x_m, y_m, arrival in zip(*arrays, strict=True):
        if activity == SortiePlan.DRIVE:
            found, waits = found + waits[-1:], []
        elif activity == SortiePlan.SERVICE:
            before, waits = target + 1, []
        else:
            at = Place(finite(x_m, "x_m", -MAP_LIMIT_M, MAP_LIMIT_M), finite(y_m, "y_m", -MAP_LIMIT_M, MAP_LIMIT_M))
            waits.append(Halt(at, seconds(arrival), before))
    return tuple(found)


def plan_request(wish: PlanRoute, config: MissionConfig, plan_id: str) -> PlanSortie.Request:
    """Return the service request for a sortie plan that replaces the one in force."""
    count = len(wish.targets)
    return PlanSortie.Request(
        targets=[point(target) for target in wish.targets],
        service_s=[config.service_s] * count,
        service_power_w=[config.drill_power_w] * count,
        commit=True,
        replaces=plan_id,
    )


def drive_goal(wish: Drive, time_s: float, plan_id: str) -> DriveTo.Goal:
    """Return the action goal of a drive that serves a plan."""
    goal = DriveTo.Goal(tolerance_m=wish.tolerance_m, plan_id=plan_id)
    goal.goal.header.frame_id = "map"
    goal.goal.header.stamp = stamp(time_s)
    goal.goal.pose.position = point(wish.goal)
    goal.goal.pose.orientation.w = 1.0
    return goal


def sample_goal(wish: Sample, config: MissionConfig, plan_id: str) -> AcquireSample.Goal:
    """Return the action goal of a drilled sample that serves a plan."""
    return AcquireSample.Goal(
        depth_m=wish.depth_m,
        sample_interval_m=config.sample_interval_m,
        max_duration_s=config.drill_max_duration_s,
        plan_id=plan_id,
    )


def action_result(message: DriveTo.Result | AcquireSample.Result) -> Result:
    """Return how an action ended."""
    return Result(message.success, message.reason, float(getattr(message, "depth_m", 0.0)))


def plan_result(message: PlanSortie.Response) -> Result:
    """Return how planning ended."""
    return Result(message.feasible, message.explanation)


def point(at: Place) -> Point:
    """Return a place as a point of the map."""
    return Point(x=at.x_m, y=at.y_m)


def place_of(message: Point) -> Place:
    """Return a point of the map as a place."""
    return Place(
        finite(message.x, "target x", -MAP_LIMIT_M, MAP_LIMIT_M),
        finite(message.y, "target y", -MAP_LIMIT_M, MAP_LIMIT_M),
    )


def mission_status(decision: Decision, phase_start_s: float, progress: float, time_s: float) -> MissionStatus:
    """Return the status message of a decision."""
    message = MissionStatus(
        phase=int(decision.phase),
        phase_start=stamp(phase_start_s),
        target=decision.target,
        turning_back=decision.turning_back,
        progress=progress,
        text=decision.text,
        outcome=decision.outcome,
    )
    message.header.stamp = stamp(time_s)
    return message
