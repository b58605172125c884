# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from settings: read-only, ranged and described for whoever asks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from lupex_models.configuration import Setting


def given_parameters(node: Node) -> Mapping[str, Any]:
    """Return what the command line and the parameter files gave, as plain values."""
    return {name: _plain(parameter) for name, parameter in node._parameter_overrides.items()}


def declare(node: Node, settings: Sequence[tuple[Setting, Any]]) -> None:
    """Declare settings with their values; the range of a descriptor is for people, what is outside was refused."""
    for leaf, value in settings:
        if not node.has_parameter(leaf.name):
            initial = list(value) if isinstance(value, tuple) else value
            node.declare_parameter(leaf.name, initial, _descriptor(leaf), ignore_override=True)


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
