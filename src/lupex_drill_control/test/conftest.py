# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A small rig over layered ground, independent of the simulator's."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from lupex_drill_control.config import DrillControlSettings
from lupex_drill_control.drilling import BiteSequence, State
from lupex_drill_control.interlocks import DrillGoal
from lupex_drill_control.rig import RigCommand, RigMeasurement
from lupex_models.rover import Drill, read_rover

ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"


@dataclass(frozen=True)
class Layer:
    """Ground down to `bottom_m`: force per speed of penetration, without and with the hammer."""

    bottom_m: float
    resistance_n_s_m: float = 30_000.0
    hammered_n_s_m: float = 30_000.0


SOFT = Layer(9.0)
HARD = Layer(9.0, 600_000.0, 60_000.0)
ICY = Layer(9.0, 150_000.0, 40_000.0)
ROCK = Layer(9.0, 1e9, 1e8)


@dataclass
class Rig:
    """First-order drill: speed by force and ground, torque by speed and cuttings, binding at given depths."""

    drill: Drill
    layers: list[Layer] = field(default_factory=lambda: [SOFT])
    binds_at_m: list[float] = field(default_factory=list)
    unbind_s: float = 3.0
    choke_nm_per_m: float = 5.0
    dt_s: float = 0.1
    stuck_forever: bool = False

    now_s: float = 1000.0
    depth_m: float = -0.15
    hole_m: float = 0.0
    held_m: float = 0.0
    top_m: float = 0.0
    stowed: bool = True
    bound: bool = False
    reversed_s: float = 0.0
    delivering: bool = False
    command: RigCommand | None = None
    command_s: float = 0.0
    assays: list[tuple[float, float]] = field(default_factory=list)
    commands: list[RigCommand] = field(default_factory=list)

    def layer(self) -> Layer:
        return next(layer for layer in self.layers if self.depth_m < layer.bottom_m)

    def step(self, command: RigCommand | None) -> RigMeasurement:
        self.now_s += self.dt_s
        if command is not None:
            self.command, self.command_s = command, self.now_s
            self.commands.append(command)
        live = self.command if self.command and self.now_s - self.command_s <= 1.0 else RigCommand()
        if live.stow and self.depth_m <= 0:
            self.depth_m = -0.15
            self.stowed = True
        elif live.feed_rate_mps != 0:
            self.stowed = False
        if live.deliver_sample and not self.delivering and self.depth_m < 0 and self.hole_m > self.top_m:
            self.assays.append((self.top_m, self.hole_m))
            self.top_m = self.hole_m
        self.delivering = live.deliver_sample
        feed, weight, torque, rotation = live.feed_rate_mps, 0.0, 0.5, live.rotation_rate_rad_s
        ground = self.layer()
        if self.binds_at_m and self.depth_m >= self.binds_at_m[0] and feed > 0:
            self.binds_at_m.pop(0)
            self.bound, self.reversed_s = True, 0.0
        if self.bound:
            self.reversed_s += self.dt_s * (rotation < 0)
            self.bound = self.stuck_forever or self.reversed_s < self.unbind_s
            feed = 0.0
            weight = live.weight_on_bit_limit_n * (live.feed_rate_mps > 0)
            torque, rotation = live.torque_limit_nm, 0.0
        elif feed > 0 and self.depth_m >= self.hole_m - 1e-9:
            resistance = ground.hammered_n_s_m if live.percussion else ground.resistance_n_s_m
            if rotation == 0:
                resistance = 1e9
            feed = min(feed, live.weight_on_bit_limit_n / resistance)
            weight = feed * resistance
            torque = 1.0 + 2000.0 * feed + self.choke_nm_per_m * self.held_m
        elif feed > 0:
            feed = min(feed, (self.hole_m - self.depth_m) / self.dt_s + 1e-4)
            torque = 0.5 + self.choke_nm_per_m * self.held_m
        if not self.stowed:
            self.depth_m = max(self.depth_m + feed * self.dt_s, -0.2)
        if self.depth_m > self.hole_m:
            self.held_m += self.depth_m - self.hole_m
            self.hole_m = self.depth_m
        if self.depth_m < 0:
            self.held_m = 0.0
        torque = min(torque, live.torque_limit_nm) if live.torque_limit_nm else 0.0
        return RigMeasurement(
            self.now_s,
            self.depth_m,
            self.hole_m,
            feed,
            weight,
            torque,
            rotation,
            8.0 + 50.0 * (abs(live.rotation_rate_rad_s) > 5),
            250.0,
            live.percussion,
            self.stowed,
            self.bound,
        )


@dataclass
class Hole:
    """A rig with its controller."""

    rig: Rig
    sequence: BiteSequence
    states: list[State] = field(default_factory=list)
    measured: RigMeasurement | None = None
    command: RigCommand | None = None

    def step(self, change=lambda measured: measured) -> None:
        fresh = change(self.rig.step(self.command))
        self.measured = fresh if fresh is not None else self.measured
        self.command = self.sequence.step(self.rig.now_s, self.measured, len(self.rig.assays))
        if not self.states or self.states[-1] != self.sequence.state:
            self.states.append(self.sequence.state)

    def until(self, done, limit_s: float = 7200.0, change=lambda measured: measured) -> None:
        end = self.rig.now_s + limit_s
        while not done():
            assert self.rig.now_s < end, f"not reached in {limit_s} s: {self.sequence.state.name} {self.sequence.text}"
            self.step(change)

    def run(self, goal: DrillGoal, **kwargs) -> None:
        self.step()
        assert self.sequence.start(goal, self.rig.now_s) == ""
        self.until(lambda: self.sequence.outcome is not None, **kwargs)
        self.step()


@pytest.fixture(scope="session")
def drill() -> Drill:
    return read_rover(ROVER).drill


@pytest.fixture(scope="session")
def strata() -> SimpleNamespace:
    return SimpleNamespace(soft=SOFT, hard=HARD, icy=ICY, rock=ROCK)


@pytest.fixture
def settings() -> DrillControlSettings:
    return DrillControlSettings()


@pytest.fixture
def hole(drill, settings):
    def make(**rig) -> Hole:
        return Hole(Rig(drill, **rig), BiteSequence(settings, drill))

    return make
