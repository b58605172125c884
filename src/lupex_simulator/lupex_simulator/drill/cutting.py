# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the ground does to the bit and to the auger.

Cutting follows Detournay and Defourny (1992): force and torque of a bit of radius a that cuts d a turn into ground of
specific energy e are W = W0 + zeta e a d and T = e a^2 d / 2 + (2/3) mu a min(W, W0), where W0 is the force of
indentation below which a blunt bit only rubs. Blows carry the bit over W0 and break ground by their own energy. The
figures that turn a layer into e and W0, and those of the auger, are assumptions chosen to give TRIDENT's rates.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from lupex_models.configuration import setting
from lupex_models.rover import Drill
from lupex_worlds.strata import Layer


@dataclass(frozen=True)
class DrillRigConfig:
    """How drill and ground answer to each other; all assumptions beside what is said."""

    stow_height_m: float = setting(0.15, "bit tip above ground when latched", unit="m", minimum=0.01, maximum=2)
    loose_energy_j_m3: float = setting(3e5, "specific energy of cutting strengthless ground", minimum=0, maximum=1e9)
    energy_per_strength: float = setting(1.0, "specific energy over compressive strength", minimum=0.1, maximum=10)
    force_ratio: float = setting(0.6, "zeta: normal over tangential cutting force", minimum=0.05, maximum=5)
    friction: float = setting(0.5, "mu: of the bit's wear flat", minimum=0, maximum=2)
    indentation_force_n: float = setting(200.0, "over hardness squared", unit="N", minimum=0, maximum=1e4)
    percussion_indentation_share: float = setting(0.15, "of it that is left under blows", minimum=0, maximum=1)
    percussion_efficiency: float = setting(0.3, "of the blow's energy that breaks ground", minimum=0, maximum=1)
    percussion_motor_efficiency: float = setting(0.5, "of the hammer's motor", minimum=0.05, maximum=1)
    auger_torque_nm: float = setting(1.5, "of the auger in the hole, empty", unit="N m", minimum=0, maximum=100)
    depth_torque_nm_m: float = setting(1.0, "more for each metre of hole", unit="N m/m", minimum=0, maximum=100)
    fill_torque_nm: float = setting(1.0, "more when the flutes are full", unit="N m", minimum=0, maximum=100)
    choke_torque_nm: float = setting(60.0, "times the overfill squared", unit="N m", minimum=0, maximum=1e4)
    flute_length_m: float = setting(0.13, "depth of hole whose cuttings fill the flutes", unit="m", minimum=0.01)
    ice_swelling: float = setting(1.0, "more fill for each unit of ice mass fraction", minimum=0, maximum=20)
    max_rotation_rad_s: float = setting(12.0, "of the rotary drive", unit="rad/s", minimum=0.1, maximum=1000)
    stall_power_w: float = setting(40.0, "of a stalled rotary drive", unit="W", minimum=0, maximum=1e4)
    binding_rate_hz: float = setting(0.02, "at the torque limit with full flutes", unit="1/s", minimum=0, maximum=10)
    binding_torque_power: float = setting(3.0, "exponent of torque over its limit", minimum=0, maximum=10)
    binding_per_m: float = setting(0.1, "chance events a metre cut", unit="1/m", minimum=0, maximum=100)
    standstill_binding_rate_hz: float = setting(
        0.002, "rotation stopped in the hole with full flutes", unit="1/s", minimum=0, maximum=10
    )
    free_by_reverse_rate_hz: float = setting(0.15, "turning back, of a bound auger", unit="1/s", minimum=0, maximum=10)
    free_by_pull_rate_hz: float = setting(0.05, "pulling, of a bound auger", unit="1/s", minimum=0, maximum=10)
    free_by_percussion_rate_hz: float = setting(0.15, "more with blows", unit="1/s", minimum=0, maximum=10)
    freed_share: float = setting(
        0.5, "of the cuttings that stay on the flutes of an auger torn free", minimum=0, maximum=1
    )
    loosening_time_s: float = setting(8.0, "for the flutes to empty turning back", unit="s", minimum=0.1, maximum=1000)
    response_s: float = setting(0.2, "of force and torque", unit="s", minimum=0.01, maximum=10)
    lift_share: float = setting(0.9, "of the force that would lift the rover", minimum=0.1, maximum=1)
    ground_k: float = setting(110.0, "temperature in the hole", unit="K", minimum=20, maximum=300)
    bit_heat_capacity_j_k: float = setting(180.0, "bit and lower auger", unit="J/K", minimum=1, maximum=1e5)
    bit_conductance_w_k: float = setting(0.25, "bit to ground", unit="W/K", minimum=0, maximum=100)
    bit_heat_share: float = setting(0.6, "of the mechanical power that heats the bit", minimum=0, maximum=1)
    force_sigma_n: float = setting(1.0, "noise of the force sensor", unit="N", minimum=0, maximum=100)
    torque_sigma_nm: float = setting(0.05, "noise of the torque reading", unit="N m", minimum=0, maximum=100)
    depth_sigma_m: float = setting(0.0002, "noise of the depth encoder", unit="m", minimum=0, maximum=0.1)
    temperature_sigma_k: float = setting(0.5, "noise of the bit's sensor", unit="K", minimum=0, maximum=50)
    capture_share: float = setting(0.3, "of the cuttings that reach the sample analysis", minimum=0.01, maximum=1)
    analysis_s: float = setting(60.0, "from delivery to the end of heating", unit="s", minimum=0, maximum=1e5)
    balance_sigma_kg: float = setting(2e-5, "of each weighing", unit="kg", minimum=0, maximum=1)
    new_hole_m: float = setting(0.05, "shift of the mast after which it is a new hole", unit="m", minimum=0.001)


class Cut(NamedTuple):
    """The bit at the bottom of the hole."""

    weight_on_bit_n: float
    torque_nm: float
    rate_mps: float


def cut(
    config: DrillRigConfig,
    drill: Drill,
    layer: Layer,
    feed_mps: float,
    rotation_rad_s: float,
    force_limit_n: float,
    percussing: bool,
) -> Cut:
    """Return force, torque and rate of penetration of the bit at the commanded feed, under the force limit."""
    radius = 0.5 * drill.bit_diameter_m
    energy = config.loose_energy_j_m3 + config.energy_per_strength * layer.strength_pa
    indentation = config.indentation_force_n * layer.hardness**2
    blows = 0.0
    if percussing:
        indentation *= config.percussion_indentation_share
        blows = config.percussion_efficiency * drill.percussion_energy_j * drill.percussion_rate_hz
        blows /= energy * math.pi * radius**2
    if rotation_rad_s <= 0.0:
        return Cut(force_limit_n, 0.0, 0.0)
    turns_hz = rotation_rad_s / (2.0 * math.pi)
    per_depth = config.force_ratio * energy * radius
    # blows need the bit held against the ground
    blows *= min(1.0, force_limit_n / max(indentation, 1.0))
    wanted = max(feed_mps - blows, 0.0) / turns_hz
    possible = max(force_limit_n - indentation, 0.0) / per_depth
    cut_a_turn = min(wanted, possible)
    force = min(indentation + per_depth * wanted, force_limit_n)
    torque = 0.5 * energy * radius**2 * cut_a_turn + 2.0 / 3.0 * config.friction * radius * min(force, indentation)
    return Cut(force, torque, min(feed_mps, cut_a_turn * turns_hz + blows))


def auger_torque_nm(config: DrillRigConfig, depth_m: float, fill: float) -> float:
    """Return the torque of an auger turning in the hole; `fill` is 1 for full flutes, more when they choke."""
    over = max(fill - 1.0, 0.0)
    return (
        config.auger_torque_nm
        + config.depth_torque_nm_m * depth_m
        + config.fill_torque_nm * min(fill, 1.0)
        + config.choke_torque_nm * over**2
    )
