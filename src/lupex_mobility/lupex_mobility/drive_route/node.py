# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drive straight out and back, as a person does who gives mobility a path of their own."""

import sys

import numpy as np
from nav_msgs.msg import Odometry, Path

from lupex_interfaces.srv import OverrideMotion
from lupex_mobility import conversions
from lupex_mobility.config import RouteConfig
from lupex_mobility.conversions import Located
from lupex_mobility.route import OutAndBack, RouteError
from lupex_node.node import LupexNode
from lupex_node.ros.process import run

STOP_WALL_S = 0.5
"""Of the host's time at most that the last word is waited for to arrive."""


class DriveRouteNode(LupexNode[RouteConfig]):
    """Publish the present leg until the rover is back; `outcome` is then empty, or says why it is not."""

    NAME, CONFIG = "drive_route", RouteConfig
    STOPPED = (1, "stopped before the rover was back")

    def wire(self) -> None:
        self.outcome: str | None = None
        self._overriding = False
        self._route: OutAndBack | None = None
        self._path = self.publisher(Path, "mobility/route", sole_sender=True)
        if self.config.override:
            self._mobility = self.client(OverrideMotion, "mobility/override")
            self.every(self.config.override_interval_s, self._ask_override)
        self.receive(Odometry, "odometry/global", self._locate, convert=conversions.located)
        self.every(self.config.publish_interval_s, self._publish)

    @property
    def done(self) -> bool:
        """Whether the route is over, one way or the other."""
        return self.outcome is not None

    def _ask_override(self) -> None:
        if not self.done and self._mobility.ready():
            request = OverrideMotion.Request(allow=True, person=self.name, reason="the short drive of the launch file")
            self._overriding = True
            self._mobility.call(request, self._answered)

    def _answered(self, response: OverrideMotion.Response) -> None:
        if not response.accepted:
            self.warn(f"mobility does not let the rover move without a certificate: {response.text}")

    def _locate(self, located: Located) -> None:
        if self.done:
            return
        if self._route is None:
            self._route = OutAndBack(self.config, located.time_s, located.x_m, located.y_m, located.yaw_rad)
            if self.config.override:
                self._ask_override()
            self._publish()
        before = self._route.leg
        try:
            self._route.move(located.time_s, located.x_m, located.y_m)
        except RouteError as error:
            self._end(str(error))
            return
        if self._route.leg is None:
            self._end("")
        elif self._route.leg is not before:
            self.info(f"{self.config.distance_m:g} m out, turning back")
            self._publish()

    def _publish(self) -> None:
        leg = None if self._route is None else self._route.leg
        if leg is not None and not self.done:
            self._path.publish(conversions.path(self.now_s(), leg.points(self.config.spacing_m)))

    def rest(self) -> None:
        """End the route that mobility follows."""
        if not self.done and self._route is not None:
            self._stop()

    def _end(self, outcome: str) -> None:
        self.outcome = outcome
        self._stop()
        self.port.end(1 if outcome else 0, outcome or "out and back")

    def _stop(self) -> None:
        self._path.publish(conversions.path(self.now_s(), np.zeros((0, 2))))
        if self._overriding:
            self._mobility.call(OverrideMotion.Request(allow=False, person=self.name), lambda response: None)
        # the empty path is the stop: let it leave before the publisher goes
        self._path.settle(STOP_WALL_S)


def main(args: list[str] | None = None) -> None:
    """Run until the rover is back; exit 0 then, 1 with a sentence when it is not, 2 for a bad parameter."""
    sys.exit(run(DriveRouteNode, args))


if __name__ == "__main__":
    main()
