# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The process of a node that follows Gazebo: it looks at its topics now and then, and no message wakes it.

Gazebo tells its clock and its joints with every step, 250 times a second: a wake for each would cost half a core.
"""

import os
import sys
import time
from abc import ABC, abstractmethod

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from lupex_models.configuration import ConfigurationError
from lupex_models.site_frame import SiteError
from lupex_node.executor import BatchingExecutor
from lupex_simulator.gazebo.following import ClockError
from lupex_simulator.gazebo.footing import FallenError
from lupex_simulator.gazebo.unit_drive import NotMovingError
from lupex_simulator.node import SERVICE_PERIOD_S, Stop
from lupex_worlds.domain_lock import DomainTaken, lock_domain

LOOK_S = 0.01
"""Of wall time between looks at the topics: a quarter of a step."""


SILENT_S = 20.0
"""Of wall time without a step, after which it is said where to look."""


class FollowingNode(Node, ABC):
    """A node that does its work when it looks."""

    @abstractmethod
    def follow(self) -> bool:
        """Use what has arrived and do what the clock allows; tell whether it has allowed a step."""

    def leave(self) -> None:
        """Leave Gazebo so that nothing runs on without this node; called once, however it ends."""


def spin(node: FollowingNode, executor: BatchingExecutor, stop: Stop) -> None:
    """Look again and again until told to stop."""
    served_s, stepped_s = -SERVICE_PERIOD_S, time.monotonic()
    while not stop.asked:
        if node.follow():
            stepped_s = time.monotonic()
        elif time.monotonic() - stepped_s > SILENT_S:
            stepped_s = time.monotonic()
            node.get_logger().warning(
                f"nothing from Gazebo for {SILENT_S:g} s: is it paused? Where it failed its output holds [Err], "
                "though its exit code is 0"
            )
        if time.monotonic() - served_s > SERVICE_PERIOD_S:
            executor.spin_once(timeout_sec=0.0)
            served_s = time.monotonic()
        time.sleep(LOOK_S)


def run(kind: type[FollowingNode], args: list[str] | None, *, hold_domain: bool = False) -> int:
    """Run a node until it is told to stop.

    Return the exit code: 1 when Gazebo is not as it must be, 2 for a parameter, a file or the domain.
    """
    node: FollowingNode | None = None
    executor: BatchingExecutor | None = None
    try:
        if hold_domain:
            # Held until the process ends.
            lock_domain(os.environ)
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        stop = Stop()
        node = kind()
        executor = BatchingExecutor()
        executor.add_node(node)
        spin(node, executor, stop)
    except (ClockError, FallenError, NotMovingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (ConfigurationError, SiteError, DomainTaken) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.leave()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
