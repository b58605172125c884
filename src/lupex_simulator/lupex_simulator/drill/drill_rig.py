# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The drill's motor drives: feed, auger and hammer against the ground, choking, binding, stall and stow."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import Rover
from lupex_simulator.drill.cutting import DrillRigConfig, auger_torque_nm, cut
from lupex_simulator.drill.samples import SampleChain
from lupex_worlds.strata import Layer
from lupex_worlds.truth.drill_truth import KIND_DRILL, KIND_SAMPLE, DrillDraw, SampleDraw

LayerAt = Callable[[float], Layer]
"""Depth below the surface [m] -> layer, at the hole's place."""


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


class DrillRig:
    """State of drill and hole; `samples` is what came out of it."""

    def __init__(
        self,
        rover: Rover,
        config: DrillRigConfig,
        rng: np.random.Generator,
        draw: DrillDraw = KIND_DRILL,
        handling: SampleDraw = KIND_SAMPLE,
    ) -> None:
        drill, crawler = rover.drill, rover.crawler
        self._drill = drill
        self._draw = draw
        self._fastest_feed_mps = min(drill.max_feed_rate_mps, draw.travel_mps)
        self._config = config
        # Readings are drawn whenever somebody wants one: they must not shift the chances of the ground.
        self._chance, self._noise, balance, losses = rng.spawn(4)
        weight_n = rover.body.mass_kg * MOON_GRAVITY_M_S2
        reach_m = crawler.unit_x_m + abs(drill.x_m)
        # the far units stay down while the moment of the weight about them is the larger
        self.lift_limit_n = config.lift_share * weight_n * crawler.unit_x_m / reach_m
        self._command = RigCommand()
        self._commanded_s = -math.inf
        self.hole_m: tuple[float, float] | None = None
        self.samples = SampleChain(config, drill, balance, handling, losses)
        self.depth_m = -config.stow_height_m
        self.hole_depth_m = 0.0
        self.drilled_m = 0.0
        """Depth cut in all holes together."""
        self.stowed = True
        self.bound = False
        self.stalled = False
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
        self.samples.ask(command.deliver_sample)
        self._command, self._commanded_s = command, time_s

    def step(
        self, dt_s: float, time_s: float, layer_at: LayerAt, place_m: tuple[float, float], *, powered: bool
    ) -> None:
        """Advance by `dt_s`, at most about 0.1 s, with the mast over `place_m` (x, y); `powered` is its switch."""
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
            feed = -self._fastest_feed_mps
        feed = max(-self._fastest_feed_mps, min(self._fastest_feed_mps, feed))
        fastest = self._config.max_rotation_rad_s
        rotation = max(-fastest, min(fastest, rotation))
        self.percussing = command.percussion and powered
        self._turn_and_feed(feed, rotation, command, dt_s, layer_at)
        self.power_w += self._draw.electronics_w if powered else 0.0
        if self.depth_m <= 0.0:
            self.samples.surface()
        if command.stow and self.depth_m <= -self._config.stow_height_m + 1e-9:
            self.stowed = True
            self._set_still()

    def _leave_stow(self, place_m: tuple[float, float]) -> None:
        self.stowed = False
        moved = self.hole_m is None or math.dist(self.hole_m, place_m) > self._config.new_hole_m
        if moved:
            self.hole_m = place_m
            self.hole_depth_m = 0.0
            self.samples.begin_hole()

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
                torque = auger_torque_nm(config, self.depth_m, self.samples.fill)
            wanted = feed * dt_s
            room = self.hole_depth_m - self.depth_m
            if self.depth_m + wanted <= self.hole_depth_m + 1e-12:
                moved = max(wanted, -config.stow_height_m - self.depth_m)
            else:
                free = max(room, 0.0)
                left_s = dt_s * (1.0 - free / wanted)
                layer = layer_at(self.hole_depth_m)
                force, bit_torque, rate = cut(config, drill, layer, feed, rotation, force_limit, self.percussing)
                torque += bit_torque
                if rotation and torque > torque_limit:
                    rate = 0.0
                depth_left = drill.max_depth_m - self.hole_depth_m
                cut_m = max(min(rate * left_s, depth_left), 0.0)
                moved = free + cut_m
                self.drilled_m += cut_m
                self.samples.take(layer, self.hole_depth_m, cut_m)
                self._maybe_bind(cut_m, torque, torque_limit, dt_s)
            if rotation and torque > torque_limit:
                # the drive holds its limit and the auger stands
                torque, turning, moved = torque_limit, 0.0, min(moved, 0.0)
            if in_hole and not turning:
                self._maybe_freeze_in(dt_s)
            if turning < 0.0:
                self.samples.lose(math.exp(-dt_s / config.loosening_time_s))
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
        draw = self._draw
        drag_w = draw.rotary_drag_w * abs(turning) / drill.cutting_rate_rad_s
        self.power_w = config.stall_power_w if self.stalled else mechanical_w / draw.motor_efficiency + drag_w
        self.power_w += blows_w / config.percussion_motor_efficiency + (draw.feed_power_w if feed else 0.0)
        self._relax_temperature(config.bit_heat_share * (mechanical_w + blows_w if in_hole else 0.0), dt_s)

    def _maybe_bind(self, cut_m: float, torque: float, torque_limit: float, dt_s: float) -> None:
        config = self._config
        load = min(torque / max(torque_limit, 1e-6), 1.0)
        rate_hz = config.binding_rate_hz * load**config.binding_torque_power * min(self.samples.fill, 1.5) ** 2
        chance = rate_hz * dt_s + config.binding_per_m * cut_m
        self.bound = self.bound or (chance > 0.0 and self._chance.random() < chance)

    def _maybe_freeze_in(self, dt_s: float) -> None:
        chance = self._config.standstill_binding_rate_hz * min(self.samples.fill, 1.0) * dt_s
        self.bound = self.bound or (chance > 0.0 and self._chance.random() < chance)

    def _try_free(self, feed: float, rotation: float, dt_s: float) -> None:
        config = self._config
        rate_hz = config.free_by_reverse_rate_hz * (rotation < 0.0) + config.free_by_pull_rate_hz * (feed < 0.0)
        if rate_hz and self.percussing:
            rate_hz += config.free_by_percussion_rate_hz
        if rate_hz and self._chance.random() < rate_hz * dt_s:
            self.bound = False
            self.samples.lose(config.freed_share)

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
        config, noise = self._config, self._noise.standard_normal(4).tolist()
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
