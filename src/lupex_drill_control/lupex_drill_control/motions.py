# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the rig is told for each motion of the bit."""

from lupex_drill_control.conditions import feed_rate
from lupex_drill_control.config import Cutting
from lupex_drill_control.rig import RigCommand
from lupex_models.rover import Drill


def unstowing(cutting: Cutting, drill: Drill) -> RigCommand:
    """Leave the stow position, without rotation."""
    return _limited(drill.max_feed_rate_mps, 0.0, cutting, drill)


def lowering(above_bottom_m: float, hole_m: float, cutting: Cutting, drill: Drill) -> RigCommand:
    """Go down fast, the last part to the bottom of the hole slowly and, below the surface, already cutting."""
    if above_bottom_m > cutting.approach_m:
        return _limited(drill.max_feed_rate_mps, drill.slow_rate_rad_s, cutting, drill)
    turn = drill.cutting_rate_rad_s if hole_m > 0 else drill.slow_rate_rad_s
    return _limited(cutting.approach_feed_mps, turn, cutting, drill)


def cutting_on(torque_nm: float, hammer: bool, cutting: Cutting, drill: Drill) -> RigCommand:
    """Cut, with the feed eased by the torque felt."""
    return _limited(feed_rate(torque_nm, cutting, drill), drill.cutting_rate_rad_s, cutting, drill, hammer)


def retracting(cutting: Cutting, drill: Drill) -> RigCommand:
    """Pull out at the rotation that carries cuttings up."""
    return _limited(-drill.max_feed_rate_mps, drill.slow_rate_rad_s, cutting, drill)


def stowing(cutting: Cutting, drill: Drill) -> RigCommand:
    """Retract fully and latch."""
    return RigCommand(0.0, 0.0, *_limits(cutting, drill), stow=True)


def _limits(cutting: Cutting, drill: Drill) -> tuple[float, float]:
    return min(cutting.weight_on_bit_n, drill.max_weight_on_bit_n), min(cutting.torque_limit_nm, drill.max_torque_nm)


def _limited(feed_mps: float, turn_rad_s: float, cutting: Cutting, drill: Drill, hammer: bool = False) -> RigCommand:
    return RigCommand(feed_mps, turn_rad_s, *_limits(cutting, drill), hammer)
