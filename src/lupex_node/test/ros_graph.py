# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes under test by rclpy, and what others in ROS 2 see of them."""

import rclpy

from lupex_node import qos
from lupex_node.ros.executor import BatchingExecutor
from lupex_node.ros.process import attach, detach
from lupex_node.ros.subscriptions import quality


class Graph:
    """A node under test and another of rclpy's own, in one executor."""

    def __init__(self, kind):
        self.kind = kind
        self.executor = BatchingExecutor()
        self.other = rclpy.create_node("other")
        self.executor.add_node(self.other)
        self.nodes = []

    def add(self, *arguments):
        options = {"cli_args": ["--ros-args", *arguments]} if arguments else {}
        node = attach(self.kind, **options)
        self.nodes.append(node)
        self.executor.add_node(node.port.node)
        return node

    def hear(self, kind, topic, profile=qos.STATE):
        heard = []
        self.other.create_subscription(kind, topic, heard.append, quality(profile))
        return heard

    def until(self, condition, rounds=500):
        for _ in range(rounds):
            if condition():
                return
            self.executor.spin_once(timeout_sec=0.02)
        raise AssertionError("condition not reached")

    def close(self):
        self.executor.shutdown()
        for node in self.nodes:
            detach(node)
        self.other.destroy_node()
