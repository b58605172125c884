# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files of ROS 2: which file a node's parameter comes from, and what in a file no node could take."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lupex_models.configuration import ConfigurationError

PARAMETERS = "ros__parameters"
_SCALARS = (bool, int, float, str)


@dataclass(frozen=True)
class ParameterFile:
    """The blocks of one file in order: parameters by dotted name, by the name or pattern of the nodes they are for."""

    name: str
    blocks: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Given:
    """A parameter's value, and the file that gives it."""

    value: Any
    file: str


def read_parameter_file(path: Path) -> ParameterFile:
    """Read a parameter file; raises ConfigurationError, one sentence with file and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: the parameter file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: the parameter file is no text: {error}") from error
    return parse_parameter_file(text, str(path))


def parse_parameter_file(text: str, name: str) -> ParameterFile:
    """Return the blocks of a parameter file's text; raises ConfigurationError with its name."""
    try:
        content = yaml.load(text, Loader=_EachKeyOnce)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: is not YAML: {' '.join(str(error).split())}") from error
    blocks: dict[str, dict[str, Any]] = {}
    _collect(content or {}, "", name, blocks)
    return ParameterFile(name, blocks)


def matches(pattern: str, node: str) -> bool:
    """Tell whether a block is for the node of that full name: `*` stands for one part of it, `**` for any number."""
    parts = re.escape(pattern).replace(r"/\*\*", r"(/\w+)*").replace(r"/\*", r"/\w+")
    return re.fullmatch(parts, node) is not None


def given_to(files: Sequence[ParameterFile], node: str) -> dict[str, Given]:
    """Return a node's parameters by dotted name as ROS 2 reads them from files in order.

    Blocks count in the order in which their names first stand in the files, and of blocks of one name the later file's.
    Raises ConfigurationError for a file that holds nothing for the node.
    """
    blocks: dict[str, dict[str, Given]] = {}
    for file in files:
        if file.blocks and not any(matches(pattern, node) for pattern in file.blocks):
            raise ConfigurationError(
                f"{file.name}: has no block for the node {node}, only for {', '.join(file.blocks)}: "
                f"name one {node}, or /** for every node"
            )
        for pattern, values in file.blocks.items():
            if matches(pattern, node):
                block = blocks.setdefault(pattern, {})
                block |= {key: Given(value, file.name) for key, value in values.items()}
    found: dict[str, Given] = {}
    for block in blocks.values():
        found |= block
    return found


def _collect(content: Any, above: str, name: str, blocks: dict[str, dict[str, Any]]) -> None:
    """Add the blocks of a level of namespaces."""
    if not isinstance(content, Mapping):
        raise ConfigurationError(f"{name}: '{above or content}' holds no {PARAMETERS}")
    for key, section in content.items():
        if key == PARAMETERS:
            block = blocks.setdefault(above, {}) if above else None
            if block is None or not isinstance(section or {}, Mapping):
                raise ConfigurationError(f"{name}: {PARAMETERS} holds keys and values, and stands below a node's name")
            block |= _flattened(section or {}, name)
        elif section is not None:
            _collect(section, f"{above}/{str(key).strip('/')}", name, blocks)


def _flattened(section: Mapping[str, Any], name: str, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in section.items():
        full = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= _flattened(value, name, f"{full}.")
            continue
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, _SCALARS) for item in items):
            raise ConfigurationError(f"{name}: '{full}' is neither true, false, a number, a text nor a list of them")
        if len({type(item) for item in items}) > 1:
            raise ConfigurationError(f"{name}: '{full}' is a list of more than one type")
        found[full] = value
    return found


class _EachKeyOnce(yaml.SafeLoader):
    """Refuses a key that stands twice: all but its last value would never be used."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
