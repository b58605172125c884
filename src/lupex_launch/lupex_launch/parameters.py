# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters that a launch file gives by name and value."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
SCALARS = tuple(TYPES.values())
TYPE_NAMES = (*TYPES, *(f"list_of_{name}" for name in TYPES))


def typed_value(text: str, kind: str | None = None) -> object:
    """Return the value of the `type` that the launch file names, or else of the type that YAML gives it, as ROS 2 does.

    It is a bool, int, float or text, or a list of one of these; the empty text stays a text. Raises ValueError.
    """
    if kind == "str":
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        # What is no YAML at all, such as `a: b: c`, is a text.
        value = text
    if value is None:
        value = ""
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if len(kinds) > 1 or not kinds <= set(SCALARS):
            raise ValueError(f"'{text}' is a list of more than one type, or of what is no bool, number or text")
    elif not isinstance(value, SCALARS):
        raise ValueError(f"'{text}' is neither a bool, a number, a text nor a list of them: quote it if it is a text")
    return value if kind is None else converted(value, kind, text)


def converted(value: object, kind: str, text: str) -> object:
    """Return the value as the type of that name; raise ValueError. A whole number is a float where one is asked for."""
    if kind == "float" and type(value) is int:
        return float(value)
    wanted = TYPES[kind.removeprefix("list_of_")]
    items = value if isinstance(value, list) else [value]
    if kind.startswith("list_of_") != isinstance(value, list) or any(type(item) is not wanted for item in items):
        raise ValueError(f"'{text}' is not of the type {kind}")
    return value


def parameter_file_text(node: str, values: Mapping[str, object]) -> str:
    """Return the text of a parameter file for the node of that full name, or for any node when the name is empty.

    A block `/**` loses to a block that names the node in an earlier file, as in ROS 2: a node that takes its YAML from
    such a file is given both `name` and `namespace`.
    """
    if not values:
        return ""
    return str(
        yaml.safe_dump({node or "/**": {"ros__parameters": dict(values)}}, default_flow_style=False, sort_keys=False)
    )
