# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drive straight out and back: publishes /plan/path itself, so it is no company for path planning."""

import contextlib
import sys
from typing import Any

import numpy as np
import rclpy
from nav_msgs.msg import Odometry, Path
from rclpy.executors import ExternalShutdownException

from lupex_mobility import conversions
from lupex_mobility.config import RouteConfig
from lupex_mobility.conversions import Located
from lupex_mobility.route import OutAndBack, RouteError
from lupex_models.configuration import ConfigurationError
from lupex_node.executor import BatchingExecutor
from lupex_node.node import LupexNode


class DriveRouteNode(LupexNode[RouteConfig]):
    """Publish the present leg until the rover is back; `outcome` is then 0 or a sentence."""

    def __init__(self, **options: Any) -> None:
        super().__init__("drive_route", RouteConfig, **options)

    def wire(self) -> None:
        self.outcome: str | None = None
        self._route: OutAndBack | None = None
        self._path = self.publisher(Path, "/plan/path")
        self.receive(Odometry, "/odometry/global", self._locate, convert=conversions.located)
        self.every(self.config.publish_interval_s, self._publish)

    @property
    def done(self) -> bool:
        """Whether the route is over, one way or the other."""
        return self.outcome is not None

    def _locate(self, located: Located) -> None:
        if self.done:
            return
        if self._route is None:
            self._route = OutAndBack(self.config, located.time_s, located.x_m, located.y_m, located.yaw_rad)
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
            self.get_logger().info(f"{self.config.distance_m:g} m out, turning back")
            self._publish()

    def _publish(self) -> None:
        leg = None if self._route is None else self._route.leg
        if leg is not None and not self.done:
            self._path.publish(conversions.path(self.now_s(), leg.points(self.config.spacing_m)))

    def _end(self, outcome: str) -> None:
        self._path.publish(conversions.path(self.now_s(), np.zeros((0, 2))))
        self.outcome = outcome


def main(args: list[str] | None = None) -> None:
    """Run until the rover is back; exit 0 then, 1 with a sentence when it is not, 2 for a bad parameter."""
    sys.exit(drive(args))


def drive(args: list[str] | None = None) -> int:
    """Run the route and return the exit code."""
    rclpy.init(args=args)
    executor = BatchingExecutor(interval_s=0.02)
    node: DriveRouteNode | None = None
    try:
        node = DriveRouteNode()
        executor.add_node(node)
        while rclpy.ok() and not node.done:
            executor.spin_once()
        # the empty path is the stop: let it leave before the publisher goes
        executor.spin_once(timeout_sec=0.5)
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # A signal may take the context away in the middle of a spin.
        if rclpy.ok():
            raise
    finally:
        with contextlib.suppress(Exception):
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    outcome = "stopped before the rover was back" if node is None or node.outcome is None else node.outcome
    if outcome:
        print(f"error: drive_route: {outcome}", file=sys.stderr)
        return 1
    print("drive_route: out and back")
    return 0


if __name__ == "__main__":
    main()
