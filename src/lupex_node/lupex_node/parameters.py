# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters declared from configuration dataclasses: read-only, ranged, described; unknown keys are refused."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from lupex_models.configuration import ConfigurationError, Setting, check, describe, from_mapping

T = TypeVar("T")

BUILT_IN = ("use_sim_time", "start_type_description_service")


def declare(node: Node, cls: type[T]) -> T:
    """Declare the settings of `cls` on `node` and return them with the values given at start.

    Raises ConfigurationError for a missing or bad value, with the node, the key and what is allowed.
    """
    source = f"parameters of node {node.get_fully_qualified_name()}"
    given = node._parameter_overrides
    nested: dict[str, Any] = {}
    for leaf in describe(cls):
        if leaf.name in given:
            value = check(leaf, _plain(given[leaf.name]), source)
        elif leaf.required:
            raise ConfigurationError(f"{source}: '{leaf.name}' is missing; it takes {leaf.allowed}")
        else:
            value = leaf.default
        if not node.has_parameter(leaf.name):
            # The range of the descriptor is for people who ask; `check` has refused what is outside.
            initial = list(value) if isinstance(value, tuple) else value
            node.declare_parameter(leaf.name, initial, _descriptor(leaf), ignore_override=True)
        section = nested
        *path, last = leaf.name.split(".")
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    return from_mapping(cls, nested, source)


def refuse_unknown(node: Node, configurations: Sequence[type]) -> None:
    """Raise ConfigurationError when a parameter was given that no configuration of the node declares."""
    known = {leaf.name for cls in configurations for leaf in describe(cls)}
    for name in node._parameter_overrides:
        if name not in known and name not in BUILT_IN and not name.startswith("qos_overrides."):
            raise ConfigurationError(
                f"parameters of node {node.get_fully_qualified_name()}: unknown key '{name}'; "
                f"known: {', '.join(sorted(known))}"
            )


def _plain(parameter: Parameter) -> Any:
    value = parameter.value
    return list(value) if parameter.type_.name.endswith("ARRAY") else value


def _descriptor(leaf: Setting) -> ParameterDescriptor:
    low = -math.inf if leaf.minimum is None else leaf.minimum
    high = math.inf if leaf.maximum is None else leaf.maximum
    text = leaf.description + (f" [{leaf.unit}]" if leaf.unit else "")
    descriptor = ParameterDescriptor(name=leaf.name, description=text, read_only=True)
    ranged = leaf.minimum is not None or leaf.maximum is not None
    if ranged and leaf.type is float:
        descriptor.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    elif ranged and leaf.type is int:
        bound = 2**62
        descriptor.integer_range = [
            IntegerRange(from_value=int(max(low, -bound)), to_value=int(min(high, bound)), step=0)
        ]
    return descriptor
