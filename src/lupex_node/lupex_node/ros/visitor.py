# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A port for what is no node: a program that follows a run over the middleware."""

import time

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from lupex_node.bare_node import BareNode
from lupex_node.ros.executor import BatchingExecutor
from lupex_node.ros.port import RosPort


class RosVisitor:
    """A port in a context of its own; spin it as often as news are wanted."""

    def __init__(self, name: str, domain: int | None = None, interval_s: float = 0.05) -> None:
        """Join a domain, else that of the environment; messages are gathered over the interval."""
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self.port = RosPort(BareNode, name, context=self._context, start_parameter_services=False)
        self._executor = BatchingExecutor(interval_s=interval_s, context=self._context)
        self._executor.add_node(self.port.node)

    def spin(self, wall_s: float) -> None:
        """Take messages for a while of wall time."""
        end_s = time.monotonic() + wall_s
        while (left_s := end_s - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left_s)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.port.close()
        rclpy.shutdown(context=self._context)
