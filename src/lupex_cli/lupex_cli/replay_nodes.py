# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of a replay: those of the launch file that was recorded, with what the command line changes of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lupex_launch.description import declared_arguments, find_launch_file, read_launch_file
from lupex_launch.evaluation import ProcessSpec, evaluate_file
from lupex_launch.lockstep.recorded import ReplayError
from lupex_launch.lockstep.starts import SHOW, NodeStart, node_parameters, node_start, read_file
from lupex_launch.parameters import typed_value
from lupex_models.configuration import describe
from lupex_node.parameter_files import ParameterFile, matches

DEFAULT_LAUNCH = "demo.launch.xml"
ALWAYS = {"record": "false", "simulator": "embedded"}
"""Arguments that change nothing on board; without Gazebo the launch file is read on any machine."""
DOMAIN = "replay"
"""A domain of its own: a world that runs now is no hindrance."""


def launch_of(custom: Mapping[str, str], world: str | None, seed: int | None) -> tuple[str, dict[str, str]]:
    """Return launch file and arguments by what a bag says of itself; `world` and `seed` win where they are given."""
    words = re.split(r"\s+(?=\w+:=)", custom.get("launch", "").strip())
    name = words[0] or DEFAULT_LAUNCH
    arguments = dict(word.split(":=", 1) for word in words[1:])
    for key, given in (("world", world), ("seed", None if seed is None else str(seed))):
        value = given or custom.get(key)
        if value:
            arguments[key] = value
    return name, arguments


def starts_of(name: str, arguments: Mapping[str, str], nodes: Sequence[str]) -> list[NodeStart]:
    """Return the nodes of those names in a launch file, in its order; raises LaunchError, ReplayError."""
    path = find_launch_file(name)
    declared = {element.attributes["name"] for element in declared_arguments(read_launch_file(path))}
    changed = {key: value for key, value in ALWAYS.items() if key in declared}
    specs = evaluate_file(path, {**arguments, **changed}, {**os.environ, "ROS_DOMAIN_ID": DOMAIN})
    known = [spec.name for spec in specs if spec.executable not in SHOW]
    for node in nodes:
        if node not in known:
            raise ReplayError(f"there is no node '{node}' in {path.name}: there are {', '.join(known)}")
        refuse_recorder(next(spec for spec in specs if spec.name == node))
    return [node_start(spec) for spec in specs if spec.name in nodes]


def refuse_recorder(spec: ProcessSpec) -> None:
    """Raise ReplayError for a node that only writes."""
    if spec.package == "lupex_recorder":
        raise ReplayError(f"'{spec.name}' records and tells nothing: there is nothing to replay")


def known_keys(start: NodeStart) -> list[str]:
    """Return the parameters of a node by dotted name."""
    return [leaf.name for configuration in (*start.kind.COMMON, start.kind.CONFIG) for leaf in describe(configuration)]


def overridden(starts: Sequence[NodeStart], file: Path | None, settings: Sequence[str]) -> list[NodeStart]:
    """Return the nodes with the parameters of a file, and then single ones; raises LaunchError, ReplayError."""
    changed = list(starts)
    if file is not None:
        read = read_file(file, "--parameters")
        meant = [start.name for start in changed if any(matches(pattern, start.full_name) for pattern in read.blocks)]
        if not meant:
            raise ReplayError(
                f"{file} has blocks for {', '.join(read.blocks) or 'no node'}, and none of them is replayed"
            )
        changed = [_with_file(start, read) if start.name in meant else start for start in changed]
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ReplayError(f"--set takes KEY=VALUE or NODE.KEY=VALUE, not '{setting}'")
        name, key = owner(changed, key)
        try:
            value = typed_value(text)
        except ValueError as error:
            raise ReplayError(f"--set {key}: {error}") from error
        changed = [
            replace(start, parameters={**start.parameters, key: value}) if start.name == name else start
            for start in changed
        ]
    return changed


def _with_file(start: NodeStart, file: ParameterFile) -> NodeStart:
    given = node_parameters([file], start.full_name, "--parameters")
    values, files = ({key: getattr(one, part) for key, one in given.items()} for part in ("value", "file"))
    return replace(start, parameters={**start.parameters, **values}, files={**start.files, **files})


def owner(starts: Sequence[NodeStart], key: str) -> tuple[str, str]:
    """Return the node that a key is meant for, and the key in it; raises ReplayError."""
    first, _, rest = key.partition(".")
    named = [start for start in starts if start.name == first and rest in known_keys(start)]
    if named:
        return first, rest
    having = [start for start in starts if key in known_keys(start)]
    if len(having) > 1:
        names = ", ".join(f"{start.name}.{key}" for start in having)
        raise ReplayError(f"'{key}' is a parameter of several nodes: say which, as {names}")
    if not having:
        last = key.rpartition(".")[2]
        like = [f"{start.name}.{known}" for start in starts for known in known_keys(start) if last in known]
        hint = f"; there is {', '.join(like[:4])}" if like else "; docs/parameters.md lists all"
        raise ReplayError(f"no replayed node has a parameter '{key}'{hint}")
    return having[0].name, key
