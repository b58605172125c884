# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drill messages to core types and back."""

from lupex_drill_control.account import DrillOutcome
from lupex_drill_control.assay import IceFraction
from lupex_drill_control.drilling import BiteSequence, State
from lupex_drill_control.interlocks import DrillGoal
from lupex_drill_control.rig import RigCommand, RigMeasurement
from lupex_interfaces.action import AcquireSample
from lupex_interfaces.msg import DrillRig, DrillRigCommand, DrillStatus
from lupex_node.conversions import seconds, stamp


def measurement(message: DrillRig) -> RigMeasurement:
    """Take the rig's message as it is; the sequence judges it."""
    return RigMeasurement(
        stamp_s=seconds(message.header.stamp),
        depth_m=message.depth_m,
        hole_depth_m=message.hole_depth_m,
        feed_rate_mps=message.feed_rate_mps,
        weight_on_bit_n=message.weight_on_bit_n,
        torque_nm=message.torque_nm,
        rotation_rate_rad_s=message.rotation_rate_rad_s,
        power_w=message.power_w,
        bit_temperature_k=message.bit_temperature_k,
        percussion_on=message.percussion_on,
        stowed=message.stowed,
        motor_stalled=message.motor_stalled,
    )


def rig_command(command: RigCommand, now_s: float) -> DrillRigCommand:
    """Stamp a command for the rig."""
    message = DrillRigCommand(
        feed_rate_mps=command.feed_rate_mps,
        rotation_rate_rad_s=command.rotation_rate_rad_s,
        weight_on_bit_limit_n=command.weight_on_bit_limit_n,
        torque_limit_nm=command.torque_limit_nm,
        percussion=command.percussion,
        deliver_sample=command.deliver_sample,
        stow=command.stow,
    )
    message.header.stamp = stamp(now_s)
    message.header.frame_id = "drill"
    return message


def goal(request: AcquireSample.Goal) -> DrillGoal:
    """Take the action's goal."""
    return DrillGoal(request.depth_m, request.sample_interval_m, request.max_duration_s)


def status(
    sequence: BiteSequence, measured: RigMeasurement | None, found: list[IceFraction], commands: int, now_s: float
) -> DrillStatus:
    """Tell what the drill does; while its measurements are unusable the state is FAULT."""
    message = DrillStatus(
        state=int(State.FAULT if sequence.blind and sequence.active else sequence.state),
        target_depth_m=sequence.target_depth_m,
        bite=sequence.bite,
        rate_of_penetration_mps=sequence.rate_of_penetration_mps,
        specific_energy_j_m3=sequence.specific_energy_j_m3,
        recoveries=sequence.recoveries,
        faults=sequence.faults,
        commands=commands,
        ice_top_m=[item.top_m for item in found],
        ice_bottom_m=[item.bottom_m for item in found],
        ice_fraction=[item.fraction for item in found],
        ice_sigma=[item.sigma for item in found],
        text=sequence.text,
    )
    if measured is not None and not sequence.blind:
        message.depth_m = measured.depth_m
        message.weight_on_bit_n = measured.weight_on_bit_n
        message.torque_nm = measured.torque_nm
    message.header.stamp = stamp(now_s)
    message.header.frame_id = "drill"
    return message


def result(outcome: DrillOutcome, found: list[IceFraction]) -> AcquireSample.Result:
    """Tell how the goal ended."""
    return AcquireSample.Result(
        success=outcome.success,
        reason=outcome.reason,
        depth_m=outcome.depth_m,
        duration_s=outcome.duration_s,
        mean_power_w=outcome.mean_power_w,
        peak_weight_on_bit_n=outcome.peak_weight_on_bit_n,
        recoveries=outcome.recoveries,
        top_m=[item.top_m for item in found],
        bottom_m=[item.bottom_m for item in found],
        ice_fraction=[item.fraction for item in found],
        ice_sigma=[item.sigma for item in found],
    )
