# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node's parameters checked against its configuration dataclasses; unknown keys are refused."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from lupex_models.configuration import ConfigurationError, Setting, check, describe, from_mapping
from lupex_node.port import Port

T = TypeVar("T")

BUILT_IN = ("use_sim_time", "start_type_description_service")


def configured(port: Port, cls: type[T]) -> T:
    """Return the settings of `cls` with the values given at the start, and declare them.

    Raises ConfigurationError for a missing or bad value, with the node, the key and what is allowed.
    """
    given = port.parameters
    nested: dict[str, Any] = {}
    declared: list[tuple[Setting, Any]] = []
    for leaf in describe(cls):
        if leaf.name in given:
            value = check(leaf, given[leaf.name], source(port.source, port.files, leaf.name))
        elif leaf.required:
            raise ConfigurationError(f"{port.source}: '{leaf.name}' is missing; it takes {leaf.allowed}")
        else:
            value = leaf.default
        declared.append((leaf, value))
        section = nested
        *path, last = leaf.name.split(".")
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    port.declare(declared)
    return from_mapping(cls, nested, port.source)


def source(node: str, files: Mapping[str, str], key: str) -> str:
    """Return where a parameter comes from, for an error: the node, and the file where one gives it."""
    return f"{node} from {files[key]}" if key in files else node


def refuse_unknown(port: Port, configurations: Sequence[type]) -> None:
    """Raise ConfigurationError when a parameter or a file was given that is not for this node."""
    known = {leaf.name for cls in configurations for leaf in describe(cls)}
    # Looked at always: a file that holds nothing for this node is refused as a whole.
    files = port.files
    for name, value in port.parameters.items():
        if name in BUILT_IN:
            if not isinstance(value, bool):
                raise ConfigurationError(
                    f"{source(port.source, files, name)}: '{name}' is {value!r} but takes true or false"
                )
        elif name not in known:
            like = get_close_matches(name, known, 1)
            hint = f"did you mean '{like[0]}'? Known" if like else "known"
            raise ConfigurationError(
                f"{source(port.source, files, name)}: unknown key '{name}'; {hint}: {', '.join(sorted(known))}"
            )
