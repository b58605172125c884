# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator: makes the time, steps the world, tells what is due, waits for who has to follow."""

import math
import os
import socket
import sys
import time
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import OccupancyGrid, Odometry

from lupex_interfaces.msg import DrillStatus
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.checks import InvalidMessage, finite
from lupex_node.conversions import seconds
from lupex_node.life import read_life
from lupex_node.node import HEARD
from lupex_node.ros.process import run
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.pace import Pace, Situation, Source, Verdict
from lupex_simulator.parts import Part, read_parts
from lupex_simulator.processes import ProcessLook, look
from lupex_simulator.schedule import Mode
from lupex_simulator.simulation import Simulation
from lupex_simulator.world_topics import WorldTopics
from lupex_worlds.domain_lock import DomainTaken, lock_domain
from lupex_worlds.run_world import open_run_world

HOST = socket.gethostname()

CLOCK_WALL_S = 0.2
"""Of the host's time between two tellings of a clock that stands still."""

WAIT_TOLD_WALL_S = 5.0
"""Of the host's time before and between lines about whom time waits for."""


def _stamp_s(text: str) -> float:
    """Return the stamp that a heartbeat hands on, in seconds; raises InvalidMessage when it is none."""
    try:
        stamp_s = float(text)
    except ValueError as error:
        raise InvalidMessage(f"a stamp that was heard is '{text[:40]}', not a number") from error
    return finite(stamp_s, "a stamp that was heard")


class SimulatorNode(BareNode[SimulatorConfig]):
    """The world on its topics. It makes /clock, so it never runs on simulated time itself."""

    NAME, CONFIG, MAKES_TIME = "simulator", SimulatorConfig, True

    def wire(self) -> None:
        parts = read_parts(self.config.parts)
        rover = read_rover(self.config.rover)
        try:
            world = open_run_world(Path(self.config.world), self.config.truth, self.config.draw)
        except SiteError as error:
            raise ConfigurationError(str(error)) from error
        self._sim = Simulation(self.config, rover, world, parts)
        self._pace: Pace | None = None
        self._lost: tuple[str, ...] = ()
        self._pids: dict[str, int] = {}
        self._drill_at_work = False
        self._clock_told_wall_s = self._wait_told_wall_s = self._held_since_wall_s = -math.inf
        self._topics = WorldTopics(self, self._sim, self._heard, now_s=self.now_s)
        self.port.make_time(self)

    # ------------------------------------------------------------------------------------------------ time

    def now_ns(self) -> int:
        """Return the time of the world."""
        return self._sim.now_ns

    def next_ns(self, not_before_ns: int) -> int:
        """Return the time of the next step."""
        return self._sim.schedule.next_ns(self._sim.now_ns, self._sim.mode, not_before_ns)

    def step(self, to_ns: int) -> None:
        """Make one step of the world and tell what is due."""
        sim = self._sim
        mode, before_ns = sim.mode, sim.now_ns
        sim.advance(to_ns)
        self._topics.tell(before_ns, mode, self._speed_up)

    def _speed_up(self) -> float:
        return math.nan if self._pace is None else self._pace.speed_up(self._sim.now_s, time.monotonic())

    # ------------------------------------------------------------------------------------------------ who must follow

    def heed(self) -> None:
        """Begin to listen to who must not be left behind."""
        now_s = self._sim.now_s
        self._pace = Pace(self.config.pace, self.config.max_speed_up, now_s, time.monotonic(), self._look)
        self.stamps(Odometry, "/odometry/local", lambda stamp_s: self._heard(Source.ODOMETRY, stamp_s))
        self.stamps(OccupancyGrid, "/traversability/costmap", lambda stamp_s: self._heard(Source.COSTMAP, stamp_s))
        self.receive(DrillStatus, "/drill/status", self._drill_told)
        self.receive(DiagnosticArray, "/diagnostics", self._take_beat, profile=qos.EVENTS)

    def _heard(self, source: Source, stamp_s: float) -> None:
        if self._pace is not None:
            self._pace.seen(source, stamp_s, self._sim.now_s)

    def _drill_told(self, status: DrillStatus) -> None:
        self._drill_at_work = status.state != DrillStatus.STOWED
        self._heard(Source.DRILL, seconds(status.header.stamp))

    def _take_beat(self, message: DiagnosticArray) -> None:
        for status in message.status:
            texts = [pair.value for pair in status.values if pair.key == "started"]
            life = read_life(texts[0]) if texts else None
            if life is not None and life.host == HOST:
                self._pids[status.name] = life.pid
            else:
                self._pids.pop(status.name, None)
            for pair in status.values:
                if pair.key.startswith(HEARD):
                    self._pace.heard(pair.key.removeprefix(HEARD), _stamp_s(pair.value), self._sim.now_s)
            active = status.level != DiagnosticStatus.STALE
            self._pace.beat(status.name, seconds(message.header.stamp), self._sim.now_s, active=active)

    def _look(self, node: str) -> ProcessLook | None:
        pid = self._pids.get(node)
        return None if pid is None else look(pid)

    def wait_wall_s(self, wall_s: float) -> float:
        """Return how long the next step must wait; say whom it waits for, and since when nobody hears the clock."""
        sim, pace = self._sim, self._pace
        driving, lidar_on = sim.mode is Mode.DRIVING, Part.LIDAR in sim.parts
        at_work = Part.DRILL_RIG in sim.parts and self._drill_at_work
        situation = Situation(driving, lidar_on, sim.drill_out, sim.scanned_s, at_work)
        verdict = pace.decide(sim.now_s, wall_s, situation)
        if pace.lost != self._lost:
            self._tell_lost(pace.lost)
        self._tell_wait(verdict, wall_s)
        if verdict.wait_s > 0.0 and wall_s - self._clock_told_wall_s >= CLOCK_WALL_S:
            # who has joined meanwhile must learn the time that stands still
            self._clock_told_wall_s = wall_s
            self._topics.tell_clock()
        return verdict.wait_s

    def _tell_wait(self, verdict: Verdict, wall_s: float) -> None:
        """Say, now and then, whom time waits for."""
        if not (verdict.awaited or verdict.held_by):
            self._held_since_wall_s = wall_s
        due_wall_s = max(self._wait_told_wall_s, self._held_since_wall_s) + WAIT_TOLD_WALL_S
        if wall_s >= due_wall_s:
            self._wait_told_wall_s = wall_s
            nodes = ", ".join(verdict.awaited)
            self.info(f"time waits for {verdict.held_by or f'{nodes} to be active'}")

    def _tell_lost(self, lost: tuple[str, ...]) -> None:
        before, self._lost = self._lost, lost
        for node in lost:
            if node not in before:
                self.warn(f"{node} is dead or hangs: time goes on without it, no faster than the wall's")
        for node in before:
            if node not in lost:
                self.info(f"{node} is back")


def main(args: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop; return the exit code (2: a parameter, a file or the domain)."""
    try:
        # Held until the process ends.
        lock_domain(os.environ)
    except DomainTaken as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return run(SimulatorNode, args)


if __name__ == "__main__":
    sys.exit(main())
