# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator: makes the time, steps the world, tells what is due, waits for who has to follow."""

import math
import os
import sys
import time
from pathlib import Path

from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_node.bare_node import BareNode
from lupex_node.ros.process import run
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.followers import Followers
from lupex_simulator.pace import Source
from lupex_simulator.parts import read_parts
from lupex_simulator.simulation import Simulation
from lupex_simulator.world_topics import WorldTopics
from lupex_worlds.domain_lock import DomainTaken, lock_domain
from lupex_worlds.run_world import open_run_world

CLOCK_WALL_S = 0.2
"""Of the host's time between two tellings of a clock that stands still."""


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
        self._followers: Followers | None = None
        self._clock_told_wall_s = -math.inf
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
        return math.nan if self._followers is None else self._followers.speed_up(time.monotonic())

    # ------------------------------------------------------------------------------------------------ who must follow

    def heed(self) -> None:
        """Begin to listen to who must not be left behind."""
        config = self.config
        self._followers = Followers(self, config.pace, config.max_speed_up, self._sim, time.monotonic())

    def _heard(self, source: Source, stamp_s: float) -> None:
        if self._followers is not None:
            self._followers.heard(source, stamp_s)

    def wait_wall_s(self, wall_s: float) -> float:
        """Return how long the next step must wait; say whom it waits for, and since when nobody hears the clock."""
        wait_s = self._followers.decide(wall_s).wait_s
        if wait_s > 0.0 and wall_s - self._clock_told_wall_s >= CLOCK_WALL_S:
            # who has joined meanwhile must learn the time that stands still
            self._clock_told_wall_s = wall_s
            self._topics.tell_clock()
        return wait_s


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
