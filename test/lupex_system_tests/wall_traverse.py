# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Traverses down a wall into the dark and back, in process: the world's own soil and tracks on one side, planner,
learned soil and the mission's judgement on the other. For what the certificate is worth against other rules."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from lupex_mission.config import MissionConfig
from lupex_mission.fault_protection import TurnBackJudge, reasons_to_stand_still
from lupex_mission.observations import Certificate as SeenCertificate
from lupex_mission.observations import Observations, Phase, Place
from lupex_mission.observations import Power as SeenPower
from lupex_models import battery
from lupex_path_planning.priced_soil import LearnedSoil, counted_on, soil_of
from lupex_path_planning.site_grid import STEPS, touching
from lupex_path_planning.sortie.plan import SERVING, WAITING, Visit
from lupex_path_planning.way_back.certificate import Certificate, PoseEstimate, PowerEstimate, WayBack, certify
from lupex_path_planning.way_back.measured_factors import Allowance, MeasuredFactors, SlipMeasurement, allow, measure
from lupex_path_planning.way_back.recovery import ARRIVED, NO_WAY, WAIT, RecoveryPolicy
from lupex_simulator.crawler.steady_drive import steady_drive
from lupex_system_tests.wall_scene import (
    CELL_M,
    LIT_TO_M,
    SERVICE_S,
    SERVICE_W,
    START_S,
    UTC_OFFSET_S,
    Mask,
    Scene,
)
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.learned_soil import LearnedSoil as SoilPosterior
from lupex_traversability.soil.slip_windows import Footing, SlipReading, SlipWindows

STEP_S, LOOK_S = 3.0, 9.0
SEEN_M = 12.0
"""Rocks are seen from so far."""
BOGGED_S = 30.0
"""Without way, after which the rover backs out and takes another line."""
LONGEST_S = 80_000.0

Cell = tuple[int, int]


class Rule(Enum):
    """What turns the rover back."""

    CERTIFICATE = "certificate"
    NOTHING = "nothing"
    THRESHOLD = "threshold"
    """A quarter of the battery."""
    HALF = "half"
    """Half of what the rover set out with above its reserve."""


@dataclass(frozen=True)
class Outcome:
    """How a traverse ended; `lowest_wh` above the reserve."""

    home: bool
    sampled: bool
    lowest_wh: float
    turned_back_at_m: float | None
    bogged: int
    proofs: int


class _Autonomy:
    """What the rover knows: rocks it has seen, the soil it has learned, the proof that rests on both."""

    def __init__(self, scene: Scene, rng: np.random.Generator, *, learns: bool) -> None:
        self.scene, self.learns, self.rng = scene, learns, rng
        self.known = np.zeros_like(scene.rocks)
        self.planner = scene.planner
        self.factors, self.allowance = MeasuredFactors(), Allowance()
        self.way = WayBack(scene.planner.recover(START_S, UTC_OFFSET_S))
        self.soil = LearnedSoil()
        config = SoilConfig()
        self._windows, self._posterior = SlipWindows(config), SoilPosterior(config, scene.planner.strengths)
        self._patch_m = config.patch_m
        self.proofs, self.stale = 0, False
        self._unproven: tuple[Mask, RecoveryPolicy] | None = None

    def see(self, cell: Cell) -> None:
        """Notice the rocks around."""
        reach = round(SEEN_M / CELL_M)
        around = np.zeros_like(self.known)
        around[max(cell[0] - reach, 0) : cell[0] + reach + 1, max(cell[1] - reach, 0) : cell[1] + reach + 1] = True
        new = around & self.scene.rocks & ~self.known
        if new.any():
            self.close(new)

    def close(self, cells: Mask) -> None:
        """Take cells for closed."""
        self.known = self.known | cells
        self.stale = True

    def drive(self, reading: SlipReading, footing: Footing) -> None:
        """Learn from a stretch of driving."""
        taken = self._windows.take(reading, footing)
        if not self.learns or taken.window is None:
            return
        self._posterior.learn(taken.window)
        found = self._posterior.estimate()
        patches = found.patches
        self.soil = LearnedSoil(
            soil_of(found.unseen.median, self._patch_m, {at: each.median for at, each in patches.items()}),
            soil_of(
                counted_on(found.unseen.median, found.unseen.low),
                self._patch_m,
                {at: counted_on(each.median, each.low) for at, each in patches.items()},
            ),
        )
        self.factors = replace(self.factors, soil=self.soil.surely)

    def unproven(self, now_s: float) -> RecoveryPolicy:
        """Return the way back over the ground as it is known, on the soil that was foreseen."""
        if self._unproven is None or not np.array_equal(self._unproven[0], self.known):
            closed = touching(self.known) if self.known.any() else np.zeros((8, *self.known.shape), np.bool_)
            planner = self.scene.planner.on_changed_ground(closed)
            light = self.way.policy.light
            self._unproven = self.known, planner.recover(now_s, UTC_OFFSET_S, light=light)
        return self._unproven[1]

    def judge(self, now_s: float, pose: PoseEstimate, power: PowerEstimate) -> Certificate:
        """Return the certificate of now; a field asked for is there at the next look."""
        config = self.scene.planner.config.certificate
        self.allowance = allow(self.allowance, now_s, self.factors, config)
        certificate = certify(self.way, now_s, pose, power, self.factors, config)
        if self.stale:
            certificate = replace(certificate, valid=False, reason="ground was found closed")
        if self.stale or not self.way.allowance.covers(self.allowance):
            closed = touching(self.known) if self.known.any() else np.zeros((8, *self.known.shape), np.bool_)
            self.planner = self.scene.planner.on_changed_ground(closed).on_soil(self.soil.expected)
            light = self.way.policy.light
            self.way = WayBack(self.planner.recover(now_s, UTC_OFFSET_S, self.allowance, light), self.allowance)
            self.stale = False
            self.proofs += 1
        return certificate


@dataclass
class _Rover:
    """Where the rover truly is, and what it has left."""

    x_m: float
    y_m: float
    now_s: float
    energy: battery.BatteryState
    track_m: float = 0.0
    error_m: float = 0.0


def traverse(scene: Scene, start_wh: float, seed: int, rule: Rule) -> Outcome:
    """Drive to the target, work there and drive home under a rule."""
    return _Traverse(scene, start_wh, seed, rule).run()


class _Traverse:
    def __init__(self, scene: Scene, start_wh: float, seed: int, rule: Rule) -> None:
        self.scene, self.rule = scene, rule
        self.spec = scene.planner.rover
        self.rng = np.random.default_rng([seed, 33])
        self.mind = _Autonomy(scene, self.rng, learns=rule is Rule.CERTIFICATE)
        soc = float(battery.soc_for_energy(self.spec.battery, start_wh))
        self.rover = _Rover(0.0, 0.0, START_S, battery.BatteryState(soc, 285.0))
        self.reserve_wh = self.spec.battery.reserve_fraction * self.spec.battery.capacity_wh
        self.start_wh, self.lowest_wh = start_wh, start_wh - self.reserve_wh
        self.phase, self.worked_s, self.turned, self.bogged = Phase.DRIVE, 0.0, None, 0
        self.judge, self.mission = TurnBackJudge(), MissionConfig(site="")
        self.track: list[Cell] = []
        self.next_look_s = START_S
        self.variance = 0.01

    # ------------------------------------------------------------------------------------------------ the world

    @property
    def cell(self) -> Cell:
        found = self.scene.planner.grid.cell(self.rover.x_m, self.rover.y_m)
        assert found is not None
        return found

    def left_wh(self) -> float:
        """Return the charge above the reserve."""
        return float(battery.stored_energy_wh(self.spec.battery, self.rover.energy.soc)) - self.reserve_wh

    def draw(self, load_w: float, seconds: float) -> None:
        """Let time go by under a load, in the west with the Sun."""
        sun_w = self.spec.solar_array.power_w if self.rover.x_m < LIT_TO_M - CELL_M else 0.0
        self.rover.energy = battery.step(self.spec.battery, self.rover.energy, load_w - sun_w, seconds).state
        self.rover.now_s += seconds
        self.lowest_wh = min(self.lowest_wh, self.left_wh())

    @property
    def spent(self) -> bool:
        return self.left_wh() <= -self.reserve_wh + 1.0 or self.rover.now_s > LONGEST_S

    def go(self, end: Cell) -> Iterator[bool]:
        """Drive to a cell's centre, step by step; the last value says whether it was reached."""
        grid, spec = self.scene.planner.grid, self.spec
        x1, y1 = grid.place(*end)
        stuck_s = 0.0
        while True:
            dx, dy = x1 - self.rover.x_m, y1 - self.rover.y_m
            left_m = math.hypot(dx, dy)
            if left_m < 0.05:
                yield True
                return
            heading = math.atan2(dy, dx)
            along, across = self.slopes(heading)
            row = self.scene.soil.row(self.rover.x_m, self.rover.y_m)
            state = steady_drive(self.scene.track, row, along, across, spec.crawler.max_speed_mps)
            ground = state.ground_speed_mps if state.feasible else 0.0
            step_m = min(ground * STEP_S * math.cos(along), left_m)
            seconds = STEP_S if ground == 0.0 else max(step_m / (ground * math.cos(along)), 1e-3)
            self.draw(spec.loads.avionics_w + 0.5 * spec.loads.heater_w + spec.loads.lidar_w + state.power_w, seconds)
            self.rover.x_m += step_m * math.cos(heading)
            self.rover.y_m += step_m * math.sin(heading)
            self.rover.track_m += spec.crawler.max_speed_mps * seconds
            self.feel(heading, along, across, state.slip if state.feasible else 1.0, seconds)
            stuck_s = stuck_s + seconds if ground < 0.02 * spec.crawler.max_speed_mps else 0.0
            if stuck_s > BOGGED_S:
                yield False
                return
            yield True

    def slopes(self, heading: float) -> tuple[float, float]:
        """Return the slopes along a heading and across it where the rover is."""
        gx, gy = (float(part[self.cell]) for part in self.scene.slope)
        c, s = math.cos(heading), math.sin(heading)
        return math.atan(gx * c + gy * s), math.atan(gy * c - gx * s)

    # ------------------------------------------------------------------------------------------------ what is known

    def feel(self, heading: float, along: float, across: float, true_slip: float, seconds: float) -> None:
        """Measure place and slip, and learn."""
        rover = self.rover
        drift = 0.01 * self.spec.crawler.max_speed_mps * math.sqrt(30.0 * seconds)
        rover.error_m += drift * float(self.rng.standard_normal())
        self.variance += drift**2
        tilt = math.atan(math.hypot(math.tan(along), math.tan(across)))
        x = rover.x_m + rover.error_m * math.cos(heading)
        y = rover.y_m + rover.error_m * math.sin(heading)
        footing = Footing(rover.now_s, x, y, (self.variance, 0.0, self.variance), tilt)
        self.mind.drive(SlipReading(rover.now_s, along, rover.track_m), footing)
        measured = float(np.clip(true_slip + self.rng.normal(0.0, 0.02), -1.0, 1.0))
        bound = self.scene.planner.driving_bound(self.mind.way.allowance.soil.at(rover.x_m, rover.y_m))
        speed = max(self.spec.crawler.max_speed_mps * (1.0 - true_slip), 0.0)
        load = bound.base_w + 30.0
        slip = SlipMeasurement(rover.now_s, measured, 0.03, along, 30.0)
        config = self.scene.planner.config.certificate
        self.mind.factors = measure(self.mind.factors, rover.now_s, speed, load, slip, True, bound, config)

    def look(self, load_w: float) -> bool:
        """Take a look at the certificate; return whether the rover may go on with what it does."""
        rover, reserve_j = self.rover, 3600.0 * self.reserve_wh
        if rover.now_s < self.next_look_s:
            return True
        self.next_look_s = rover.now_s + LOOK_S
        self.mind.see(self.cell)
        pose = PoseEstimate(rover.now_s, rover.x_m, rover.y_m, self.variance * np.eye(2), 0.1)
        energy_j = 3600.0 * (self.left_wh() + self.reserve_wh)
        power = PowerEstimate(rover.now_s, energy_j, 3600.0 * 5.0, reserve_j, load_w, 0.0)
        certificate = self.mind.judge(rover.now_s, pose, power)
        if self.phase is Phase.RETURN:
            return True
        if self.rule is not Rule.CERTIFICATE:
            least = 0.25 * self.spec.battery.capacity_wh - self.reserve_wh
            half = 0.5 * (self.start_wh - self.reserve_wh)
            limit = {Rule.THRESHOLD: least, Rule.HALF: half}.get(self.rule, -math.inf)
            if self.left_wh() < limit:
                self.turn_back()
            return self.phase is not Phase.RETURN
        seen = Observations(
            rover.now_s,
            place=Place(rover.x_m, rover.y_m),
            place_stamp_s=rover.now_s,
            certificate=SeenCertificate(
                rover.now_s, certificate.valid, certificate.reason, certificate.margin_j / 3600.0, Place(0.0, 0.0)
            ),
            power=SeenPower(rover.now_s, True, "", rover.energy.soc, 0.0, load_w),
        )
        self.judge = self.judge.judge(seen, self.mission)
        if self.judge.decided(rover.now_s, self.mission):
            self.turn_back()
            return False
        return not reasons_to_stand_still(seen, self.phase, self.mission)

    def turn_back(self) -> None:
        """Let the outward part end."""
        self.phase, self.turned = Phase.RETURN, self.rover.x_m

    # ------------------------------------------------------------------------------------------------ the mission

    def run(self) -> Outcome:
        """Drive out, work, drive home."""
        while self.phase is Phase.DRIVE and not self.spent:
            route = self.route_out()
            if route is None:
                self.turn_back()
                break
            if self.follow_out(route) and self.phase is Phase.DRIVE:
                self.phase = Phase.DRILL
        standing_w = self.spec.loads.avionics_w + 0.5 * self.spec.loads.heater_w
        while self.phase is Phase.DRILL and self.worked_s < SERVICE_S and not self.spent:
            if self.look(standing_w + SERVICE_W):
                self.worked_s += STEP_S
            self.draw(standing_w + SERVICE_W, STEP_S)
        self.phase = Phase.RETURN
        while not self.spent and not self.at_home():
            self.step_home(standing_w)
        return Outcome(
            self.at_home(), self.worked_s >= SERVICE_S, self.lowest_wh, self.turned, self.bogged, self.mind.proofs
        )

    def at_home(self) -> bool:
        return self.rover.x_m <= LIT_TO_M - 10.0

    def route_out(self) -> list[tuple[Cell, float]] | None:
        """Plan the way to the target from here: cells, and until when to wait in each; None where there is no plan."""
        energy_j = 3600.0 * (self.left_wh() + self.reserve_wh - 15.0)
        visit = Visit(*self.scene.target, SERVICE_S, SERVICE_W)
        sortie = self.mind.planner.plan(
            self.mind.way.policy, (self.rover.x_m, self.rover.y_m), self.rover.now_s, energy_j, [visit]
        )
        if not sortie.feasible:
            return None
        route = []
        for point in sortie.waypoints:
            if point.activity == SERVING:
                break
            cell = self.scene.planner.grid.cell(point.x_m, point.y_m)
            route.append((cell, point.time_s if point.activity == WAITING else -math.inf))
        return route

    def follow_out(self, route: list[tuple[Cell, float]]) -> bool:
        """Follow a route; return whether its end was reached, else another is wanted or the rover turns back."""
        standing_w = self.spec.loads.avionics_w + 0.5 * self.spec.loads.heater_w
        before = self.mind.way.allowance.soil
        for n, (cell, until_s) in enumerate(route):
            came_from = self.cell
            while self.rover.now_s < until_s and self.phase is Phase.DRIVE and not self.spent:
                self.look(standing_w)
                self.draw(standing_w, LOOK_S)
            for moving in self.go(cell):
                if not moving:
                    self.back_out(came_from, cell)
                    return False
                while not self.look(standing_w + self.spec.loads.lidar_w) and self.phase is Phase.DRIVE:
                    self.draw(standing_w, LOOK_S)
                    if self.spent:
                        return False
                if self.phase is Phase.RETURN or self.spent:
                    return False
            self.track.append(cell)
            softer = not before.bears(self.mind.way.allowance.soil)
            if softer or any(self.mind.known[ahead] for ahead, _ in route[n + 1 :]):
                return False
        return True

    def step_home(self, standing_w: float) -> None:
        """Do what the way back says next; where it knows none, go back over the own track."""
        self.look(standing_w)
        here = self.cell
        action = self.mind.way.policy.action(self.rover.now_s, *here, stop_used=False)
        if action.kind == NO_WAY:
            # nothing is proven: the way that the soil foreseen would allow is the best there is
            action = self.mind.unproven(self.rover.now_s).action(self.rover.now_s, *here, stop_used=False)
        if action.kind in (WAIT, NO_WAY):
            self.draw(standing_w, LOOK_S)
            return
        step = (0, -1) if action.kind == ARRIVED else STEPS[action.kind]
        there = here[0] + step[0], here[1] + step[1]
        for moving in self.go(there):
            if self.spent:
                return
            if not moving:
                self.back_out(here, there)
                return

    def back_out(self, came_from: Cell, cell: Cell) -> None:
        """Leave a place where the tracks spin the way the rover came, and count the cell ahead as closed."""
        self.bogged += 1
        closed = np.zeros_like(self.mind.known)
        closed[cell] = True
        if cell != came_from:
            self.mind.close(closed)
        for moving in self.go(came_from):
            if not moving or self.spent:
                # it can neither go on nor back
                self.draw(self.spec.loads.avionics_w, 600.0)
                return
