# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From the processes of a launch file to the nodes that they would run: the same classes, the same parameters."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lupex_launch.description import LaunchError
from lupex_launch.evaluation import ProcessSpec
from lupex_node.bare_node import BareNode


@dataclass(frozen=True)
class NodeStart:
    """One node: its class, its name, its parameters by dotted name, and whether it comes back after a death."""

    kind: type[BareNode[Any]]
    name: str
    parameters: Mapping[str, Any]
    respawn: bool
    respawn_delay_s: float
    origin: str


def node_starts(specs: Sequence[ProcessSpec]) -> list[NodeStart]:
    """Return the nodes of a launch file's processes, in order; raises LaunchError for what lock step cannot run."""
    return [node_start(spec) for spec in specs]


def node_start(spec: ProcessSpec) -> NodeStart:
    """Return the node of one process."""
    if not spec.package:
        raise LaunchError(f"{spec.origin}: '{spec.name}' is no node but a program of its own, and lock step runs none")
    kind = node_class(spec)
    arguments = list(spec.command[1:])
    at = arguments.index("--ros-args") if "--ros-args" in arguments else len(arguments)
    if arguments[:at]:
        raise LaunchError(f"{spec.origin}: '{spec.name}' takes arguments of its own, and a node in lock step has none")
    name, texts = kind.NAME, []
    words = iter(arguments[at + 1 :])
    for word in words:
        value = next(words)
        if word == "--params-file":
            texts.append(read_text(Path(value), spec.origin))
        elif word == "-r" and value.startswith("__node:="):
            name = value.removeprefix("__node:=")
        else:
            raise LaunchError(f"{spec.origin}: lock step knows neither namespaces nor remaps, as '{value}'")
    texts.append(spec.parameters)
    parameters = node_parameters(texts, name, spec.origin)
    return NodeStart(kind, name, parameters, spec.respawn, spec.respawn_delay_s, spec.origin)


def node_class(spec: ProcessSpec) -> type[BareNode[Any]]:
    """Return the class of node that an executable runs: the one that its module defines."""
    found = [
        entry
        for entry in importlib.metadata.entry_points(group="console_scripts", name=spec.executable)
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


def read_text(path: Path, origin: str) -> str:
    """Read a parameter file; raises LaunchError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise LaunchError(f"{origin}: {path} cannot be read: {error.strerror}") from error


def node_parameters(texts: Sequence[str], name: str, origin: str) -> dict[str, Any]:
    """Return a node's parameters of parameter files: as in ROS 2 a block of its name wins over `/**`, else the last."""
    blocks: dict[str, dict[str, Any]] = {"/**": {}, name: {}}
    for text in texts:
        try:
            content = yaml.safe_load(text) or {}
        except yaml.YAMLError as error:
            raise LaunchError(f"{origin}: a parameter file is not YAML: {' '.join(str(error).split())}") from error
        for key, block in content.items():
            target = key if key == "/**" else str(key).strip("/")
            if target in blocks:
                blocks[target].update(flattened((block or {}).get("ros__parameters", {})))
    return {**blocks["/**"], **blocks[name]}


def flattened(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested sections by dotted name."""
    found: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
