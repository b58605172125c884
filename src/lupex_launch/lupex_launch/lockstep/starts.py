# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From the processes of a launch file to the nodes that they would run: the same classes, the same parameters."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupex_launch.description import LaunchError
from lupex_launch.evaluation import ProcessSpec
from lupex_models.configuration import ConfigurationError
from lupex_node.bare_node import BareNode
from lupex_node.lockstep.port import Place
from lupex_node.names import ROOT, expanded
from lupex_node.parameter_files import Given, ParameterFile, given_to, parse_parameter_file, read_parameter_file
from lupex_node.start import GROUP

SHOW = frozenset({"robot_state_publisher"})
"""Executables that tell nothing that a node on board listens to."""


@dataclass(frozen=True)
class NodeStart:
    """One node: its class, its name, its parameters by dotted name, and whether it comes back after a death."""

    kind: type[BareNode[Any]]
    name: str
    parameters: Mapping[str, Any]
    respawn: bool
    respawn_delay_s: float
    origin: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Which file gives a parameter, by dotted name."""
    place: Place = field(default_factory=Place)

    @property
    def full_name(self) -> str:
        """The node's name with its namespace."""
        return expanded(self.name, self.place.namespace, self.name)


def node_starts(specs: Sequence[ProcessSpec]) -> list[NodeStart]:
    """Return the nodes of a launch file's processes, in order; raises LaunchError for what lock step cannot run.

    What only shows the rover is left out: nobody looks on.
    """
    return [node_start(spec) for spec in specs if spec.executable not in SHOW]


def node_start(spec: ProcessSpec) -> NodeStart:
    """Return the node of one process."""
    if not spec.package:
        raise LaunchError(f"{spec.origin}: '{spec.name}' is no node but a program of its own, and lock step runs none")
    kind = node_class(spec)
    arguments = list(spec.command[1:])
    at = arguments.index("--ros-args") if "--ros-args" in arguments else len(arguments)
    if arguments[:at]:
        raise LaunchError(f"{spec.origin}: '{spec.name}' takes arguments of its own, and a node in lock step has none")
    name, namespace, remaps, files = kind.NAME, ROOT, [], []
    words = iter(arguments[at + 1 :])
    for word in words:
        value = next(words)
        if word == "--params-file":
            files.append(read_file(Path(value), spec.origin))
        elif word == "-r" and value.startswith("__node:="):
            name = value.removeprefix("__node:=")
        elif word == "-r" and value.startswith("__ns:="):
            namespace = value.removeprefix("__ns:=")
        elif word == "-r":
            source, _, target = value.partition(":=")
            remaps.append((source, target))
        else:
            raise LaunchError(f"{spec.origin}: lock step does not know '{word} {value}'")
    files.append(parse_parameter_file(spec.parameters, spec.origin))
    given = node_parameters(files, expanded(name, namespace, name), spec.origin)
    return NodeStart(
        kind,
        name,
        {key: one.value for key, one in given.items()},
        spec.respawn,
        spec.respawn_delay_s,
        spec.origin,
        {key: one.file for key, one in given.items()},
        Place(namespace, tuple(remaps)),
    )


def node_class(spec: ProcessSpec) -> type[BareNode[Any]]:
    """Return the class of node that an executable runs: the one that its module defines."""
    found = [
        entry
        for entry in importlib.metadata.entry_points(group=GROUP, name=spec.executable)
        if entry.dist is not None and entry.dist.name.replace("-", "_") == spec.package
    ]
    if not found:
        raise LaunchError(
            f"{spec.origin}: {spec.package}/{spec.executable} is no node of this stack, and lock step runs no other"
        )
    module = importlib.import_module(found[0].module)
    kinds = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BareNode) and value.__module__ == module.__name__
    ]
    if len(kinds) != 1:
        raise LaunchError(
            f"{spec.origin}: {spec.package}/{spec.executable} does not define one node that lock step can run"
        )
    return kinds[0]


def read_file(path: Path, origin: str) -> ParameterFile:
    """Read a parameter file; raises LaunchError."""
    try:
        return read_parameter_file(path)
    except ConfigurationError as error:
        raise LaunchError(f"{origin}: {error}") from error


def node_parameters(files: Sequence[ParameterFile], name: str, origin: str) -> dict[str, Given]:
    """Return the parameters of a node of that full name as ROS 2 reads them from files; raises LaunchError."""
    try:
        return given_to(files, name)
    except ConfigurationError as error:
        raise LaunchError(f"{origin}: {error}") from error
