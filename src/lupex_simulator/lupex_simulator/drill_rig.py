# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The drill's motor drives and what the ground does to them: cutting, cuttings, choking, binding, stall, samples.

Cutting follows Detournay and Defourny (1992): force and torque of a bit of radius a that cuts d a turn into ground of
specific energy e are W = W0 + zeta e a d and T = e a^2 d / 2 + (2/3) mu a W0', where W0 is the force of indentation below
which a blunt bit only rubs. Blows carry the bit over W0 and break ground by their own energy. The figures that turn a
layer into e and W0, and those of the auger, are assumptions chosen to give TRIDENT's rates (FACTS of the project).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lupex_models.configuration import setting
from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import Rover


class Ground(Protocol):
    """A layer, as the strata give it."""

    @property
    def density_kg_m3(self) -> float: ...  # noqa: D102
    @property
    def strength_pa(self) -> float: ...  # noqa: D102
    @property
    def ice_fraction(self) -> float: ...  # noqa: D102
    @property
    def hardness(self) -> float: ...  # noqa: D102


LayerAt = Callable[[float], Ground]
"""Depth below the surface [m] -> layer, at the hole's place."""


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
    motor_efficiency: float = setting(0.6, "rotary drive", minimum=0.05, maximum=1)
    stall_power_w: float = setting(40.0, "of a stalled rotary drive", unit="W", minimum=0, maximum=1e4)
    feed_power_w: float = setting(4.0, "of a running feed", unit="W", minimum=0, maximum=1000)
    binding_rate_hz: float = setting(0.02, "at the torque limit with full flutes", unit="1/s", minimum=0, maximum=10)
    binding_torque_power: float = setting(3.0, "exponent of torque over its limit", minimum=0, maximum=10)
    binding_per_m: float = setting(0.1, "chance events a metre cut", unit="1/m", minimum=0, maximum=100)
    standstill_binding_rate_hz: float = setting(
        0.002, "rotation stopped in the hole with full flutes", unit="1/s", minimum=0, maximum=10
    )
    free_by_reverse_rate_hz: float = setting(0.15, "turning back, of a bound auger", unit="1/s", minimum=0, maximum=10)
    free_by_pull_rate_hz: float = setting(0.05, "pulling, of a bound auger", unit="1/s", minimum=0, maximum=10)
    free_by_percussion_rate_hz: float = setting(0.15, "more with blows", unit="1/s", minimum=0, maximum=10)
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
    new_hole_m: float = setting(0.05, "shift of the vehicle after which it is a new hole", unit="m", minimum=0.001)


@dataclass(frozen=True)
class RigCommand:
    """Set-points; as DrillRigCommand."""

    feed_rate_mps: float = 0.0
    rotation_rate_rad_s: float = 0.0
    weight_on_bit_limit_n: float = 0.0
    torque_limit_nm: float = 0.0
    percussion: bool = False
    deliver_sample: bool = False
    stow: bool = False

    def __post_init__(self) -> None:
        numbers = (self.feed_rate_mps, self.rotation_rate_rad_s, self.weight_on_bit_limit_n, self.torque_limit_nm)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("a drill command must be finite")


@dataclass(frozen=True)
class RigReading:
    """What the rig's sensors say; as DrillRig."""

    depth_m: float
    hole_depth_m: float
    feed_rate_mps: float
    weight_on_bit_n: float
    torque_nm: float
    rotation_rate_rad_s: float
    power_w: float
    bit_temperature_k: float
    percussion_on: bool
    stowed: bool
    motor_stalled: bool


@dataclass(frozen=True)
class Assay:
    """Raw reading of the sample analysis; as SampleAssay."""

    sample_id: int
    top_m: float
    bottom_m: float
    sample_mass_kg: float
    mass_loss_kg: float
    mass_sigma_kg: float


@dataclass
class _Cuttings:
    """What lies on the flutes, or in the cup at the surface."""

    top_m: float
    bottom_m: float
    mass_kg: float = 0.0
    ice_kg: float = 0.0


class DrillRig:
    """State of drill, hole and samples.

    Cuttings ride on the flutes until the bit is drawn to the surface (depth 0), where they fall into the cup on top of
    those of earlier bites. A delivery hands over all of the cup; asked for while it is empty, it is made as soon as
    cuttings get there. A new hole begins with an empty cup.
    """

    def __init__(self, rover: Rover, config: DrillRigConfig, rng: np.random.Generator) -> None:
        drill, crawler = rover.drill, rover.crawler
        self._drill = drill
        self._config = config
        self._rng = rng
        weight_n = rover.body.mass_kg * MOON_GRAVITY_M_S2
        reach_m = crawler.unit_x_m + abs(drill.x_m)
        # the far units stay down while the moment of the weight about them is the larger
        self.lift_limit_n = config.lift_share * weight_n * crawler.unit_x_m / reach_m
        self._command = RigCommand()
        self._commanded_s = -math.inf
        self._deliver_before = False
        self._delivery_due = False
        self._flutes: _Cuttings | None = None
        self._cup: _Cuttings | None = None
        self._heating: list[tuple[float, _Cuttings]] = []
        self._samples = 0
        self._hole: tuple[float, float] | None = None
        self.depth_m = -config.stow_height_m
        self.hole_depth_m = 0.0
        self.stowed = True
        self.bound = False
        self.stalled = False
        self.fill = 0.0
        self.feed_rate_mps = 0.0
        self.rotation_rate_rad_s = 0.0
        self.weight_on_bit_n = 0.0
        self.torque_nm = 0.0
        self.power_w = 0.0
        self.bit_temperature_k = config.ground_k + 90.0
        self.percussing = False

    @property
    def anchored(self) -> bool:
        """Whether the bit is in the ground and holds the vehicle."""
        return self.depth_m > 0.0

    def commanded(self, time_s: float) -> bool:
        """Tell whether the last command is younger than the drives' timeout."""
        return time_s - self._commanded_s <= self._drill.command_timeout_s

    def command(self, command: RigCommand, time_s: float) -> None:
        """Take set-points."""
        if command.deliver_sample and not self._deliver_before:
            self._delivery_due = True
        self._deliver_before = command.deliver_sample
        self._command, self._commanded_s = command, time_s

    def step(
        self, dt_s: float, time_s: float, layer_at: LayerAt, place_m: tuple[float, float], *, powered: bool
    ) -> None:
        """Advance by `dt_s` (at most about 0.1 s) at the vehicle's place; `powered` is the drill's switch."""
        command = self._command if powered and self.commanded(time_s) else RigCommand(torque_limit_nm=1.0)
        if self.stowed:
            self._set_still()
            if command.feed_rate_mps > 0.0 and not command.stow:
                self._leave_stow(place_m)
            else:
                self._relax_temperature(0.0, dt_s)
                return
        feed, rotation = command.feed_rate_mps, command.rotation_rate_rad_s
        if command.stow:
            feed = -self._drill.max_feed_rate_mps
        feed = max(-self._drill.max_feed_rate_mps, min(self._drill.max_feed_rate_mps, feed))
        self.percussing = command.percussion and powered
        self._turn_and_feed(feed, rotation, command, dt_s, layer_at)
        self._book_cuttings()
        if command.stow and self.depth_m <= -self._config.stow_height_m + 1e-9:
            self.stowed = True
            self._set_still()

    def _leave_stow(self, place_m: tuple[float, float]) -> None:
        self.stowed = False
        moved = self._hole is None or math.dist(self._hole, place_m) > self._config.new_hole_m
        if moved:
            self._hole = place_m
            self.hole_depth_m = 0.0
            self._samples = 0
            self._cup, self._delivery_due = None, False

    def _turn_and_feed(self, feed: float, rotation: float, command: RigCommand, dt_s: float, layer_at: LayerAt) -> None:
        config, drill = self._config, self._drill
        torque_limit = min(max(command.torque_limit_nm, 0.0), drill.max_torque_nm)
        force_limit = min(max(command.weight_on_bit_limit_n, 0.0), drill.max_weight_on_bit_n, self.lift_limit_n)
        in_hole = self.depth_m > 0.0
        if self.bound:
            self._try_free(feed, rotation, dt_s)
        force = torque = moved = 0.0
        turning = rotation
        if self.bound:
            turning = 0.0
            torque = torque_limit if rotation else 0.0
            force = math.copysign(force_limit, feed) if feed else 0.0
        else:
            if in_hole and rotation:
                torque = self._auger_torque()
            wanted = feed * dt_s
            room = self.hole_depth_m - self.depth_m
            if self.depth_m + wanted <= self.hole_depth_m + 1e-12:
                moved = max(wanted, -config.stow_height_m - self.depth_m)
            else:
                free = max(room, 0.0)
                left_s = dt_s * (1.0 - free / wanted)
                layer = layer_at(self.hole_depth_m)
                force, bit_torque, rate = self._cut(layer, feed, rotation, force_limit)
                torque += bit_torque
                if rotation and torque > torque_limit:
                    rate = 0.0
                depth_left = drill.max_depth_m - self.hole_depth_m
                cut = max(min(rate * left_s, depth_left), 0.0)
                moved = free + cut
                self._take_cuttings(layer, cut)
                self._maybe_bind(cut, torque, torque_limit, dt_s)
            if rotation and torque > torque_limit:
                # the drive holds its limit and the auger stands
                torque, turning, moved = torque_limit, 0.0, min(moved, 0.0)
            if in_hole and not turning:
                self._maybe_freeze_in(dt_s)
            if turning < 0.0 and self._flutes is not None:
                self._loosen(dt_s)
        self.stalled = bool(rotation) and turning == 0.0
        self.depth_m += moved
        self.hole_depth_m = max(self.hole_depth_m, self.depth_m)
        self.feed_rate_mps = moved / dt_s
        self.rotation_rate_rad_s = turning
        share = 1.0 - math.exp(-dt_s / config.response_s)
        self.weight_on_bit_n += share * (force - self.weight_on_bit_n)
        self.torque_nm += share * (torque - self.torque_nm)
        mechanical_w = abs(torque * turning)
        blows_w = drill.percussion_energy_j * drill.percussion_rate_hz if self.percussing else 0.0
        self.power_w = (config.stall_power_w if self.stalled else mechanical_w / config.motor_efficiency) + (
            blows_w / config.percussion_motor_efficiency + (config.feed_power_w if feed else 0.0)
        )
        self._relax_temperature(config.bit_heat_share * (mechanical_w + blows_w if in_hole else 0.0), dt_s)

    def _cut(self, layer: Ground, feed: float, rotation: float, force_limit: float) -> tuple[float, float, float]:
        """Return weight on bit [N], the bit's torque [N m] and rate of penetration [m/s] at the bottom of the hole."""
        config = self._config
        radius = 0.5 * self._drill.bit_diameter_m
        energy = config.loose_energy_j_m3 + config.energy_per_strength * layer.strength_pa
        indentation = config.indentation_force_n * layer.hardness**2
        blows = 0.0
        if self.percussing:
            indentation *= config.percussion_indentation_share
            blows = config.percussion_efficiency * self._drill.percussion_energy_j * self._drill.percussion_rate_hz
            blows /= energy * math.pi * radius**2
        if rotation <= 0.0:
            return force_limit, 0.0, 0.0
        turns_hz = rotation / (2.0 * math.pi)
        per_depth = config.force_ratio * energy * radius
        # blows need the bit held against the ground
        blows *= min(1.0, force_limit / max(indentation, 1.0))
        wanted = max(feed - blows, 0.0) / turns_hz
        possible = max(force_limit - indentation, 0.0) / per_depth
        cut_a_turn = min(wanted, possible)
        force = min(indentation + per_depth * wanted, force_limit)
        torque = 0.5 * energy * radius**2 * cut_a_turn + 2.0 / 3.0 * config.friction * radius * min(force, indentation)
        return force, torque, min(feed, cut_a_turn * turns_hz + blows)

    def _auger_torque(self) -> float:
        config = self._config
        over = max(self.fill - 1.0, 0.0)
        return (
            config.auger_torque_nm
            + config.depth_torque_nm_m * self.depth_m
            + config.fill_torque_nm * min(self.fill, 1.0)
            + config.choke_torque_nm * over**2
        )

    def _take_cuttings(self, layer: Ground, cut_m: float) -> None:
        if cut_m <= 0.0:
            return
        if self._flutes is None:
            self._flutes = _Cuttings(self.hole_depth_m, self.hole_depth_m)
        area = 0.25 * math.pi * self._drill.bit_diameter_m**2
        mass = layer.density_kg_m3 * area * cut_m
        self._flutes.bottom_m = self.hole_depth_m + cut_m
        self._flutes.mass_kg += mass
        self._flutes.ice_kg += mass * layer.ice_fraction
        swelling = 1.0 + self._config.ice_swelling * layer.ice_fraction
        self.fill += swelling * cut_m / self._config.flute_length_m

    def _book_cuttings(self) -> None:
        if self.depth_m <= 0.0 and self._flutes is not None:
            cup, new = self._cup, self._flutes
            if cup is not None:
                new = _Cuttings(
                    min(cup.top_m, new.top_m),
                    max(cup.bottom_m, new.bottom_m),
                    cup.mass_kg + new.mass_kg,
                    cup.ice_kg + new.ice_kg,
                )
            self._cup, self._flutes = new, None
            self.fill = 0.0

    def deliver(self, time_s: float) -> None:
        """Hand over the cup if a delivery is due and it holds something; call with the analysis switched on."""
        if self._delivery_due and self._cup is not None:
            self._heating.append((time_s + self._config.analysis_s, self._cup))
            self._cup, self._delivery_due = None, False

    def assay(self, time_s: float) -> Assay | None:
        """Return the next finished analysis, once."""
        if not self._heating or self._heating[0][0] > time_s:
            return None
        _, sample = self._heating.pop(0)
        self._samples += 1
        config, before_noise, after_noise = self._config, self._rng.normal(), self._rng.normal()
        mass = config.capture_share * sample.mass_kg
        water = config.capture_share * sample.ice_kg
        before = max(mass + config.balance_sigma_kg * before_noise, 0.0)
        after = mass - water + config.balance_sigma_kg * after_noise
        return Assay(self._samples, sample.top_m, sample.bottom_m, before, before - after, config.balance_sigma_kg)

    def _maybe_bind(self, cut_m: float, torque: float, torque_limit: float, dt_s: float) -> None:
        config = self._config
        load = min(torque / max(torque_limit, 1e-6), 1.0)
        rate_hz = config.binding_rate_hz * load**config.binding_torque_power * min(self.fill, 1.5) ** 2
        chance = rate_hz * dt_s + config.binding_per_m * cut_m
        self.bound = self.bound or (chance > 0.0 and self._rng.random() < chance)

    def _maybe_freeze_in(self, dt_s: float) -> None:
        chance = self._config.standstill_binding_rate_hz * min(self.fill, 1.0) * dt_s
        self.bound = self.bound or (chance > 0.0 and self._rng.random() < chance)

    def _try_free(self, feed: float, rotation: float, dt_s: float) -> None:
        config = self._config
        rate_hz = config.free_by_reverse_rate_hz * (rotation < 0.0) + config.free_by_pull_rate_hz * (feed < 0.0)
        if rate_hz and self.percussing:
            rate_hz += config.free_by_percussion_rate_hz
        if rate_hz and self._rng.random() < rate_hz * dt_s:
            self.bound = False
            self.fill *= 0.5

    def _loosen(self, dt_s: float) -> None:
        assert self._flutes is not None
        left = math.exp(-dt_s / self._config.loosening_time_s)
        self.fill *= left
        self._flutes.mass_kg *= left
        self._flutes.ice_kg *= left

    def _relax_temperature(self, heat_w: float, dt_s: float) -> None:
        config = self._config
        cooling = config.bit_conductance_w_k * (self.bit_temperature_k - config.ground_k)
        # exact for any step at constant heat, so that long parked steps stay stable
        end_k = config.ground_k + (heat_w / config.bit_conductance_w_k if config.bit_conductance_w_k else 0.0)
        if config.bit_conductance_w_k:
            time_constant = config.bit_heat_capacity_j_k / config.bit_conductance_w_k
            self.bit_temperature_k = end_k + (self.bit_temperature_k - end_k) * math.exp(-dt_s / time_constant)
        else:
            self.bit_temperature_k += (heat_w - cooling) * dt_s / config.bit_heat_capacity_j_k

    def _set_still(self) -> None:
        self.feed_rate_mps = self.rotation_rate_rad_s = self.weight_on_bit_n = self.torque_nm = self.power_w = 0.0
        self.percussing = self.stalled = False

    def reading(self) -> RigReading:
        """Return what the sensors say."""
        config, noise = self._config, self._rng.standard_normal(4)
        return RigReading(
            self.depth_m + config.depth_sigma_m * noise[0],
            self.hole_depth_m,
            self.feed_rate_mps,
            self.weight_on_bit_n + config.force_sigma_n * noise[1],
            self.torque_nm + config.torque_sigma_nm * noise[2],
            self.rotation_rate_rad_s,
            self.power_w,
            self.bit_temperature_k + config.temperature_sigma_k * noise[3],
            self.percussing,
            self.stowed,
            self.stalled,
        )
