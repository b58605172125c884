# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""docs/ros2.md: the rover's interface, from its running graph, its launch files and its parameter files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lupex_launch.description import declared_arguments, read_launch_file
from lupex_node.exchanges import type_name
from lupex_node.lockstep.port import Place
from lupex_node.lockstep.services import LockstepService
from lupex_node.names import below
from lupex_simulator.frames.node import RobotStatePublisherNode
from lupex_system_tests.conducted import ROOT, ConductedStack
from lupex_system_tests.interface_words import COMMANDS, DIFFERS, HEAD, NAMES, SERVERS, TIME, TOPICS
from lupex_system_tests.parameter_page import NODES

PAGE = ROOT / "docs" / "ros2.md"
NAMESPACE = "/r1"
"""The graph is made in one, so that a name that does not move with it is seen."""

EMPTY = "<robot name='lupex'><link name='base_link'/></robot>"
SETTLE_S = 30.0
"""Of simulated time, after which all that is told at all has been offered."""


@dataclass(frozen=True)
class Ends:
    """A topic as a rover without a namespace has it: its type, who tells it and how, who listens."""

    kind: str
    told_by: tuple[str, ...]
    heard_by: tuple[str, ...]
    quality: str


@dataclass(frozen=True)
class Graph:
    """The names of a running rover. `outside` holds those that did not move into the namespace."""

    topics: dict[str, Ends]
    servers: dict[str, tuple[str, str, bool]]
    """By name: type, node, and whether it is a service."""
    frames: tuple[tuple[str, str, str], ...]
    """Parent, child and who tells it."""
    nodes: tuple[str, ...]
    outside: tuple[str, ...]


def graph() -> Graph:
    """Run the rover in lock step for a while and return what it offers."""
    given = {"record": "false", "world": "plain", "route_m": "0.0", "namespace": NAMESPACE.strip("/")}
    stack = ConductedStack("sim.launch.xml", given)
    conductor = stack.conductor
    try:
        place = Place(NAMESPACE, (("/clock", "clock"), ("joint_states", "mobility/joint_states")))
        conductor.add(RobotStatePublisherNode, {"robot_description": EMPTY}, place=place)
        frames = _Frames()
        conductor.watchers.append(frames)
        for told in conductor.topics[f"{NAMESPACE}/tf_static"].publishers:
            for message in told.kept:
                frames.said(told.port.name, told.topic, message)
        conductor.run_until(conductor.now_s + SETTLE_S)
        return _read(conductor, frames.told)
    finally:
        conductor.close()


class _Frames:
    """Notes who tells which frames."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], str] = {}

    def offered(self, topic: Any, publisher: Any) -> None:
        """Do nothing."""

    def said(self, node: str, topic: Any, message: Any) -> None:
        """Note the frames of a message of TF."""
        if topic.name in (f"{NAMESPACE}/tf", f"{NAMESPACE}/tf_static"):
            for item in message.transforms:
                self.told[item.header.frame_id, item.child_frame_id] = node


def _read(conductor: Any, told: dict[tuple[str, str], str]) -> Graph:
    topics, outside = {}, []
    for name, topic in conductor.topics.items():
        inside = below(name, NAMESPACE)
        tellers = sorted({one.port.name for one in topic.publishers})
        listeners = sorted({one.port.name for one in topic.subscribers} & set(conductor.nodes))
        if not (tellers or listeners):
            # the observer alone
            continue
        if inside is None:
            outside.append(name)
            continue
        profiles = {one.profile for one in topic.publishers}
        words = {f"{'latched' if one.latched else 'volatile'}, {one.depth}" for one in profiles}
        topics[inside] = Ends(topic.type_name, tuple(tellers), tuple(listeners), " / ".join(sorted(words)))
    servers = {}
    for name, server in conductor.servers.items():
        inside = below(name, NAMESPACE)
        if inside is None:
            outside.append(name)
        else:
            servers[inside] = type_name(server.kind), server.port.name, isinstance(server, LockstepService)
    frames = tuple(sorted((parent, child, node) for (parent, child), node in told.items()))
    return Graph(
        dict(sorted(topics.items())), dict(sorted(servers.items())), frames, tuple(conductor.nodes), tuple(outside)
    )


def page(found: Graph) -> str:
    """Return the whole page as Markdown."""
    return "\n".join(
        [
            HEAD,
            *_commands(),
            *_launch_files(),
            *_topics(found),
            *_servers(found),
            NAMES,
            *_frames(found),
            *_parameter_files(),
            TIME,
            DIFFERS,
        ]
    )


def named_in(command: str) -> list[tuple[str, str]]:
    """Return (name, type) of what a command names in the graph; the type is empty where it gives none."""
    words = command.split()
    kinds = [word for word in words if re.fullmatch(r"\w+/(msg|srv|action)/\w+", word)]
    names = [word for word in words if re.fullmatch(r"(/\w+)+", word) and not Path(word).exists()]
    return [(name, kinds[0] if kinds else "") for name in names]


def _commands() -> list[str]:
    lines = [
        "## Ten commands to try",
        "",
        "Each in a terminal of its own beside a running `sim.launch.xml`.",
        "",
        "```sh",
    ]
    for meaning, command in COMMANDS:
        lines += [f"# {meaning}", command]
    return [*lines, "```", ""]


def _launch_files() -> list[str]:
    lines = [
        "## Launch files",
        "",
        "`ros2 launch lupex_bringup FILE name:=value`, or `./lupex launch FILE name:=value`; `-s` lists the arguments.",
        "",
    ]
    lines += ["| file | what it starts | arguments |", "|---|---|---|"]
    for path in sorted((ROOT / "launch").glob("*.launch.xml")):
        comment = re.search(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"), re.DOTALL)
        names = ", ".join(f"`{one.attributes['name']}`" for one in declared_arguments(read_launch_file(path)))
        lines.append(f"| `{path.name}` | {comment.group(1) if comment else ''} | {names} |")
    return [*lines, ""]


def _topics(found: Graph) -> list[str]:
    lines = [
        "## Topics",
        "",
        "Of the nodes on board and of the embedded world. All are reliable; `latched` is transient local, the number"
        " the depth.",
        "",
    ]
    lines += ["| topic | type | told by | heard by | QoS | what it says |", "|---|---|---|---|---|---|"]
    nodes = set(found.nodes)
    for name, ends in found.topics.items():
        tellers = "every node" if len(ends.told_by) >= len(nodes) - 2 else ", ".join(ends.told_by) or "people"
        listeners = ", ".join(ends.heard_by)
        lines.append(f"| `{name}` | {ends.kind} | {tellers} | {listeners} | {ends.quality} | {TOPICS[name]} |")
    return [*lines, ""]


def _servers(found: Graph) -> list[str]:
    lines = ["## Services and actions", "", "| name | type | node | what it does |", "|---|---|---|---|"]
    for name, (kind, node, _) in found.servers.items():
        lines.append(f"| `{name}` | {kind} | {node} | {SERVERS[name]} |")
    return [*lines, ""]


def _frames(found: Graph) -> list[str]:
    lines = ["## Frames", "", "| parent | child | told by |", "|---|---|---|"]
    lines += [f"| `{parent}` | `{child}` | {node} |" for parent, child, node in found.frames]
    lines.append("| `base_link` | the links of `description/rover.urdf.xacro` | robot_state_publisher |")
    return [*lines, ""]


def _parameter_files() -> list[str]:
    lines = [
        "## Parameter files",
        "",
        "Keyed `/**`, so that they hold in any namespace. Every key, its unit, range and default:"
        " [parameters.md](parameters.md).",
        "",
    ]
    lines += ["| file | node |", "|---|---|"]
    lines += [f"| `config/{file}.yaml` | {', '.join(nodes)} |" for file, nodes in sorted(NODES.items())]
    return [*lines, "| `config/rover.yaml` | the rover's numbers, by its path in the parameter `rover` |", ""]


if __name__ == "__main__":
    PAGE.write_text(page(graph()), encoding="utf-8")
    print(f"{PAGE} written")
