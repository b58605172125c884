# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator process: makes the time, steps the world, tells what is due, waits for who has to follow."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import rclpy
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from lupex_interfaces.msg import ReturnCertificate
from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_node import qos
from lupex_node.executor import BatchingExecutor
from lupex_node.parameters import declare, refuse_unknown
from lupex_simulator import conversions
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.pace import Pace, Situation, Source, Verdict
from lupex_simulator.parts import Part, read_parts
from lupex_simulator.schedule import START_NS, Mode
from lupex_simulator.simulation import Simulation
from lupex_simulator.world_topics import WorldTopics
from lupex_worlds.domain_lock import DomainTaken, lock_domain
from lupex_worlds.world import open_world

MAX_WAIT_S = 0.1
"""Of wall time in one wait: how fast a signal is noticed at the latest."""

SERVICE_PERIOD_S = 0.2
"""Of wall time between looks at parameter services while the clock runs without waiting."""


class SimulatorNode(Node):
    """The world on its topics. It makes /clock, so it never runs on simulated time itself."""

    def __init__(self) -> None:
        super().__init__("simulator", parameter_overrides=[Parameter("use_sim_time", value=False)])
        self.config = declare(self, SimulatorConfig)
        refuse_unknown(self, (SimulatorConfig,))
        self._parts = read_parts(self.config.parts)
        rover = read_rover(self.config.rover)
        self._sim = Simulation(self.config, rover, open_world(Path(self.config.world)), self._parts)
        self._pace = Pace(self.config.pace, self.config.max_speed_up, START_NS * 1e-9, time.monotonic())
        self._lost_sources: tuple[Source, ...] = ()
        self._topics = WorldTopics(self, self._sim, self._heard)
        for kind, topic, source in (
            (Odometry, "/odometry/local", Source.ODOMETRY),
            (ReturnCertificate, "/plan/certificate", Source.CERTIFICATE),
            (OccupancyGrid, "/traversability/costmap", Source.COSTMAP),
        ):
            self._topics.take(kind, topic, self._follower(source), qos.NEWEST, raw=True)

    def _heard(self, source: Source, stamp_s: float) -> None:
        self._pace.seen(source, stamp_s, time.monotonic())

    def _follower(self, source: Source) -> Callable[[bytes], None]:
        return lambda data: self._heard(source, conversions.serialized_stamp_s(data))

    def poll(self) -> None:
        """Use all messages that have arrived."""
        self._topics.poll()

    def ready(self) -> Verdict:
        """Tell whether the next step may be made now."""
        sim = self._sim
        mode = sim.mode
        situation = Situation(driving=mode is Mode.DRIVING, lidar_on=Part.LIDAR in self._parts, drill_out=sim.drill_out)
        verdict = self._pace.decide(sim.now_s, time.monotonic(), situation)
        if self._pace.lost != self._lost_sources:
            self._tell_followers()
        return verdict

    def _tell_followers(self) -> None:
        before, self._lost_sources = self._lost_sources, self._pace.lost
        for source in self._lost_sources:
            if source not in before:
                self.get_logger().warning(f"{source.value} is silent: time no longer waits for it")
        for source in before:
            if source not in self._lost_sources:
                self.get_logger().info(f"{source.value} is back")

    def step(self) -> None:
        """Make one step of the world and tell what is due."""
        sim = self._sim
        mode, before_ns = sim.mode, sim.now_ns
        sim.advance(sim.schedule.next_ns(before_ns, mode))
        self._topics.tell(before_ns, mode, lambda: self._pace.speed_up(sim.now_s, time.monotonic()))


class Stop:
    """Set by the first SIGINT or SIGTERM; the loop ends between two steps, so that nothing is cut in the middle."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def spin(node: SimulatorNode, executor: BatchingExecutor, stop: Stop) -> None:
    """Run the world until it is told to stop."""
    served_s = time.monotonic()
    while not stop.asked:
        verdict = node.ready()
        if verdict.wait_s > 0.0:
            executor.spin_once(timeout_sec=min(verdict.wait_s, MAX_WAIT_S))
            served_s = time.monotonic()
        else:
            node.step()
            if time.monotonic() - served_s > SERVICE_PERIOD_S:
                executor.spin_once(timeout_sec=0.0)
                served_s = time.monotonic()
        node.poll()


def main(args: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop; return the exit code (2: a parameter, a file or the domain)."""
    node: SimulatorNode | None = None
    executor: BatchingExecutor | None = None
    try:
        # Held until the process ends.
        lock_domain(os.environ)
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        stop = Stop()
        node = SimulatorNode()
        executor = BatchingExecutor()
        executor.add_node(node)
        spin(node, executor, stop)
    except (ConfigurationError, SiteError, DomainTaken) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
