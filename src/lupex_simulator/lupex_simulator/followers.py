# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who must not be left behind by a world's time: what they say on their topics, and whether time may go on."""

import math
import socket
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import OccupancyGrid, Odometry
from sensor_msgs.msg import PointCloud2

from lupex_interfaces.msg import DrillStatus
from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.checks import InvalidMessage, finite
from lupex_node.conversions import seconds
from lupex_node.life import node_of, read_life
from lupex_node.node import HEARD
from lupex_simulator.pace import NODE_OF, Pace, PaceConfig, Situation, Source, Verdict
from lupex_simulator.parts import Part
from lupex_simulator.processes import ProcessLook, look
from lupex_simulator.schedule import Mode
from lupex_simulator.simulation import Simulation

HOST = socket.gethostname()

WAIT_TOLD_WALL_S = 5.0
"""Of the host's time before and between lines about whom time waits for."""


def _stamp_s(text: str) -> float:
    """Return the stamp that a heartbeat hands on, in seconds; raises InvalidMessage when it is none."""
    try:
        stamp_s = float(text)
    except ValueError as error:
        raise InvalidMessage(f"a stamp that was heard is '{text[:40]}', not a number") from error
    return finite(stamp_s, "a stamp that was heard")


class Followers:
    """Listen to those who follow a world, and decide whether it may step."""

    def __init__(
        self, node: BareNode[Any], config: PaceConfig, max_speed_up: float, sim: Simulation, wall_s: float
    ) -> None:
        """Begin to listen; `max_speed_up` as in Pace."""
        self._node, self._sim = node, sim
        self._pace = Pace(config, max_speed_up, sim.now_s, wall_s, self._look)
        self._lost: tuple[str, ...] = ()
        self._quiet: tuple[Source, ...] = ()
        self._pids: dict[str, int] = {}
        self._drill_at_work = False
        self._wait_told_wall_s = self._held_since_wall_s = -math.inf
        node.stamps(Odometry, "odometry/local", lambda stamp_s: self.heard(Source.ODOMETRY, stamp_s))
        node.stamps(OccupancyGrid, "traversability/costmap", lambda stamp_s: self.heard(Source.COSTMAP, stamp_s))
        self._cloud_s = -math.inf
        if Part.LIDAR not in sim.parts:
            # somebody else's clouds are a debt too
            node.stamps(PointCloud2, "lidar/points", self._cloud_told)
        node.receive(DrillStatus, "drill/status", self._drill_told)
        node.receive(DiagnosticArray, "diagnostics", self._take_beat, profile=qos.EVENTS)

    def heard(self, source: Source, stamp_s: float) -> None:
        """Note that a source has spoken."""
        self._pace.seen(source, stamp_s, self._sim.now_s)

    def _cloud_told(self, stamp_s: float) -> None:
        self._cloud_s = stamp_s

    def _drill_told(self, status: DrillStatus) -> None:
        self._drill_at_work = status.state != DrillStatus.STOWED
        self.heard(Source.DRILL, seconds(status.header.stamp))

    def _take_beat(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node = node_of(status.name)
            if node is None:
                continue
            texts = [pair.value for pair in status.values if pair.key == "started"]
            life = read_life(texts[0]) if texts else None
            if life is not None and life.host == HOST:
                self._pids[node] = life.pid
            else:
                self._pids.pop(node, None)
            for pair in status.values:
                if pair.key.startswith(HEARD):
                    self._pace.heard(pair.key.removeprefix(HEARD), _stamp_s(pair.value), self._sim.now_s)
            active = status.level != DiagnosticStatus.STALE
            self._pace.beat(node, seconds(message.header.stamp), self._sim.now_s, active=active)

    def _look(self, node: str) -> ProcessLook | None:
        pid = self._pids.get(node)
        return None if pid is None else look(pid)

    def decide(self, wall_s: float) -> Verdict:
        """Tell whether the next step may be made; say, now and then, whom time waits for, and who is lost."""
        sim, pace = self._sim, self._pace
        driving, own = sim.mode is Mode.DRIVING, Part.LIDAR in sim.parts
        lidar_on, cloud_s = own or self._cloud_s > -math.inf, sim.scanned_s if own else self._cloud_s
        at_work = Part.DRILL_RIG in sim.parts and self._drill_at_work
        situation = Situation(driving, lidar_on, sim.drill_out, cloud_s, at_work)
        verdict = pace.decide(sim.now_s, wall_s, situation)
        if pace.lost != self._lost:
            self._tell_lost(pace.lost)
        if pace.quiet != self._quiet:
            self._tell_quiet(pace.quiet)
        self._tell_wait(verdict, wall_s)
        return verdict

    def speed_up(self, wall_s: float) -> float:
        """Return simulated over wall seconds of late."""
        return self._pace.speed_up(self._sim.now_s, wall_s)

    def _tell_wait(self, verdict: Verdict, wall_s: float) -> None:
        if not (verdict.awaited or verdict.held_by):
            self._held_since_wall_s = wall_s
        due_wall_s = max(self._wait_told_wall_s, self._held_since_wall_s) + WAIT_TOLD_WALL_S
        if wall_s >= due_wall_s:
            self._wait_told_wall_s = wall_s
            nodes = ", ".join(verdict.awaited)
            self._node.info(f"time waits for {verdict.held_by or f'{nodes} to be active'}")

    def _tell_quiet(self, quiet: tuple[Source, ...]) -> None:
        before, self._quiet = self._quiet, quiet
        for source in quiet:
            if source not in before:
                text = f"{NODE_OF[source]} told nothing on {source.value}: time goes on by its heartbeat"
                self._node.info(text)

    def _tell_lost(self, lost: tuple[str, ...]) -> None:
        before, self._lost = self._lost, lost
        for name in lost:
            if name not in before:
                self._node.warn(f"{name} is dead or hangs: time goes on without it, no faster than the wall's")
        for name in before:
            if name not in lost:
                self._node.info(f"{name} is back")
