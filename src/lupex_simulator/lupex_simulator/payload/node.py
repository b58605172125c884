# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The payload physics beside Gazebo: sky sensors, power, drill, neutrons and the Sun, on Gazebo's pose and clock.

It is the embedded world with its vehicle, lidar and inertial unit switched off and its time given from outside.
"""

import os
import sys
import time
from pathlib import Path

from ros_gz_interfaces.msg import Light
from ros_gz_interfaces.srv import ControlWorld
from rosgraph_msgs.msg import Clock

from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteError
from lupex_node import qos
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.conversions import time_ns
from lupex_simulator.followers import Followers
from lupex_simulator.gazebo.conversions import light_message, steps_request
from lupex_simulator.gazebo.following import FollowedClock
from lupex_simulator.gazebo.following_node import FollowingNode, run_following
from lupex_simulator.gazebo.world_grants import WorldGrants
from lupex_simulator.pace import Pace, Source
from lupex_simulator.parts import read_parts
from lupex_simulator.schedule import Mode
from lupex_simulator.simulation import Simulation
from lupex_simulator.world_topics import WorldTopics
from lupex_worlds.domain_lock import DomainTaken, lock_domain
from lupex_worlds.gazebo_files.world_model import SUN_SETTINGS, WORLD_NAME, sun_direction
from lupex_worlds.run_world import open_run_world

WORLD_CONTROL = f"/world/{WORLD_NAME}/control"

_AHEAD_NS = 80_000_000
"""Two steps of ours that Gazebo may make before they are seen: enough to run on while messages are on their way."""

_LOST_WALL_S = 2.0
"""Of the host's time without a step of Gazebo, after which a grant is given anew."""

_CLOCK_WALL_S = 0.2
"""Of the host's time between two tellings of a clock that stands still."""


class PayloadNode(FollowingNode[SimulatorConfig]):
    """The parts of the world that are no rigid bodies, on their topics; it makes /clock from Gazebo's."""

    NAME, CONFIG = "payload", SimulatorConfig

    def wire(self) -> None:
        self._parts = read_parts(self.config.parts)
        self._rover = read_rover(self.config.rover)
        try:
            self._world = open_run_world(Path(self.config.world), self.config.truth, self.config.draw)
        except SiteError as error:
            raise ConfigurationError(str(error)) from error
        self._clock = FollowedClock()
        self.listen(Clock, "/gazebo/clock", lambda message: self._clock.heard(time_ns(message.clock)))
        self._sun_light = self.publisher(Light, "/gazebo/light_config", qos.STATE)
        self._lit_s = -float("inf")
        self._sim: Simulation | None = None
        self._topics: WorldTopics | None = None
        self._pace: Pace | None = None
        self._followers: Followers | None = None
        self._grants = WorldGrants(_AHEAD_NS, _LOST_WALL_S)
        self._clock_told_wall_s = -float("inf")
        self._control = self.client(ControlWorld, WORLD_CONTROL) if self.config.world_control else None

    def _begin(self, start_ns: int) -> None:
        """Begin the run where Gazebo's clock was first heard."""
        self._sim = Simulation(self.config, self._rover, self._world, self._parts, start_ns)
        self._topics = WorldTopics(self, self._sim, self._heard, wakes=False)
        self._pace = Pace(self.config.pace, 0.0, self._sim.now_s, time.monotonic())
        if self.config.world_control:
            config, wall_s = self.config, time.monotonic()
            self._followers = Followers(self, config.pace, config.max_speed_up, self._sim, wall_s)

    def _heard(self, source: Source, stamp_s: float) -> None:
        if self._followers is not None:
            self._followers.heard(source, stamp_s)

    def why_silent(self) -> str:
        """Name the world control first, when time cannot be granted without it."""
        if self._control is None or self._control.ready():
            return super().why_silent()
        return f"nobody offers {WORLD_CONTROL}, by which its time goes on; does the bridge? Or start with paced:=false"

    def _grant(self) -> bool:
        """Let Gazebo run on as far as its followers allow; tell whether they hold it."""
        wall_s = time.monotonic()
        if self._followers.decide(wall_s).wait_s > 0.0:
            if wall_s - self._clock_told_wall_s >= _CLOCK_WALL_S:
                # who has joined meanwhile must learn the time that stands still
                self._clock_told_wall_s = wall_s
                self._topics.tell_clock()
            return True
        if self._control.ready():
            count = self._grants.steps(self._clock.newest_ns, wall_s)
            if count > 0:
                self._control.call(steps_request(count), lambda response: None)
        return False

    def follow(self) -> bool:
        """Make the step that the clock allows."""
        step = self._clock.step()
        if self._topics is None:
            if self._clock.now_ns is None:
                return False
            self._begin(self._clock.now_ns)
        held = self._followers is not None and self._grant()
        if step is None:
            return held
        sim, pace = self._sim, self._pace
        # A parked world's slow clock is for a world that then runs fast, which Gazebo does not.
        mode = Mode.DRILLING if sim.mode is Mode.DRILLING else Mode.DRIVING
        sim.advance(step[1])
        self._topics.tell(step[0], mode, lambda: pace.speed_up(sim.now_s, time.monotonic()))
        if sim.now_s - self._lit_s >= self.config.sun_light_period_s:
            self._lit_s = sim.now_s
            direction = sun_direction(self._world.frame, sim.utc_s)
            self._sun_light.publish(light_message(direction, SUN_SETTINGS, sim.now_ns))
        return True


def main(args: list[str] | None = None) -> int:
    """Run the payload physics until told to stop; return the exit code (2: a parameter, a file or the domain)."""
    try:
        # Held until the process ends.
        lock_domain(os.environ)
    except DomainTaken as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return run_following(PayloadNode, args)


if __name__ == "__main__":
    sys.exit(main())
