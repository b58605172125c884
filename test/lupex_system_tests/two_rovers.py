# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Two rovers in one ROS domain, each in its namespace, with a world and a clock of its own."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock

from lupex_launch.description import find_launch_file
from lupex_launch.evaluation import evaluate_file
from lupex_launch.supervisor import Supervisor
from lupex_node import qos
from lupex_node.ros.visitor import RosVisitor

SHARED = {"/rosout", "/parameter_events"}
"""Topics that ROS 2 itself keeps for the whole domain."""


@dataclass
class Heard:
    """What one rover's topics tell."""

    places: list[tuple[float, float]] = field(default_factory=list)
    clock_s: list[float] = field(default_factory=list)

    @property
    def driven_m(self) -> float:
        """Farthest from where it was first seen."""
        return max((math.dist(self.places[0], place) for place in self.places), default=0.0)


class TwoRovers:
    """Runs a launch file once for each namespace, and listens."""

    def __init__(self, namespaces: tuple[str, ...], arguments: dict[str, str], domain: int, directory: Path) -> None:
        environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
        self.visitor = RosVisitor("observer", domain)
        self.heard = {namespace: Heard() for namespace in namespaces}
        self._log = (directory / "output.txt").open("w", encoding="utf-8")
        self._launches = []
        for namespace in namespaces:
            self._listen(namespace)
            given = {**arguments, "namespace": namespace, "bag": str(directory / "bag")}
            specs = evaluate_file(find_launch_file("sim.launch.xml"), given, environment)
            self._launches.append(Supervisor(specs, lambda line: print(line, file=self._log), lambda end: None))
        for launch in self._launches:
            launch.start()

    def _listen(self, namespace: str) -> None:
        heard = self.heard[namespace]

        def seen(message: Any) -> None:
            heard.places.append((message.pose.pose.position.x, message.pose.pose.position.y))

        self.visitor.port.subscribe(Odometry, f"/{namespace}/truth/odometry", seen, qos.STATE)
        self.visitor.port.subscribe(
            Clock, f"/{namespace}/clock", lambda told: heard.clock_s.append(float(told.clock.sec)), qos.STATE
        )

    def until(self, condition: Callable[[], bool], limit_wall_s: float) -> bool:
        """Listen until a condition holds; return False where it does not in time."""
        end_s = time.monotonic() + limit_wall_s
        while not condition():
            if time.monotonic() > end_s:
                return False
            self.visitor.spin(0.2)
        return True

    def strangers(self) -> list[str]:
        """Return who speaks or listens on a topic outside its own namespace, but for what is the domain's."""
        node, found = self.visitor.port.node, []
        for topic, _ in node.get_topic_names_and_types():
            ends = [*node.get_publishers_info_by_topic(topic), *node.get_subscriptions_info_by_topic(topic)]
            for end in ends:
                at_home = topic.startswith(f"{end.node_namespace.rstrip('/')}/")
                if topic not in SHARED and end.node_name != "observer" and not at_home:
                    found.append(f"{end.node_namespace}/{end.node_name} on {topic}")
        return found

    def close(self) -> None:
        """End both and leave the graph."""
        for launch in self._launches:
            launch.request_stop()
        for launch in self._launches:
            launch.wait()
        self.visitor.close()
        self._log.close()
