# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node's parameters checked against its configuration dataclasses; unknown keys are refused."""

from collections.abc import Sequence
from typing import Any, TypeVar

from lupex_models.configuration import ConfigurationError, Setting, check, describe, from_mapping
from lupex_node.port import Port

T = TypeVar("T")

BUILT_IN = ("use_sim_time", "start_type_description_service")


def configured(port: Port, cls: type[T]) -> T:
    """Return the settings of `cls` with the values given at the start, and declare them.

    Raises ConfigurationError for a missing or bad value, with the node, the key and what is allowed.
    """
    source, given = port.source, port.parameters
    nested: dict[str, Any] = {}
    declared: list[tuple[Setting, Any]] = []
    for leaf in describe(cls):
        if leaf.name in given:
            value = check(leaf, given[leaf.name], source)
        elif leaf.required:
            raise ConfigurationError(f"{source}: '{leaf.name}' is missing; it takes {leaf.allowed}")
        else:
            value = leaf.default
        declared.append((leaf, value))
        section = nested
        *path, last = leaf.name.split(".")
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    port.declare(declared)
    return from_mapping(cls, nested, source)


def refuse_unknown(port: Port, configurations: Sequence[type]) -> None:
    """Raise ConfigurationError when a parameter was given that no configuration of the node declares."""
    known = {leaf.name for cls in configurations for leaf in describe(cls)}
    for name in port.parameters:
        if name not in known and name not in BUILT_IN and not name.startswith("qos_overrides."):
            raise ConfigurationError(f"{port.source}: unknown key '{name}'; known: {', '.join(sorted(known))}")
