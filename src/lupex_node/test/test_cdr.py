# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Serialization that repeats itself: every message class of the stack, against the middleware's own."""

import importlib
import inspect
import math
import random

import numpy as np
import pytest

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
interfaces = pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("nav2_msgs.action")

from lupex_node.lockstep.cdr import FORMATS, writer  # noqa: E402
from lupex_node.serialization import deserialize_message, serialize_message  # noqa: E402

PACKAGES = (
    "lupex_interfaces",
    "std_msgs",
    "geometry_msgs",
    "nav_msgs",
    "sensor_msgs",
    "diagnostic_msgs",
    "visualization_msgs",
    "rosgraph_msgs",
    "tf2_msgs",
    "grid_map_msgs",
    "builtin_interfaces",
    "rcl_interfaces",
    "action_msgs",
)


def kinds():
    for package in PACKAGES:
        module = importlib.import_module(f"{package}.msg")
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if hasattr(kind, "SLOT_TYPES") and not name.startswith("_"):
                yield pytest.param(kind, id=f"{package}/{name}")
    for package in ("lupex_interfaces", "nav2_msgs"):
        module = importlib.import_module(f"{package}.action")
        for name, kind in inspect.getmembers(module, inspect.isclass):
            for part in ("Goal", "Result", "Feedback") if hasattr(kind, "Goal") else ():
                yield pytest.param(getattr(kind, part), id=f"{package}/{name}/{part}")


def filled(kind, chance):
    """Make a message whose every field is drawn by chance."""
    message = kind()
    for name, slot_type in zip([slot[1:] for slot in kind.__slots__ if slot != "_check_fields"], kind.SLOT_TYPES):
        setattr(message, name, value(slot_type, chance))
    return message


def value(slot_type, chance):
    form = type(slot_type).__name__
    if form == "BasicType":
        return number(slot_type.typename, chance)
    if form in ("UnboundedString", "BoundedString"):
        return "".join(chance.choice("abcäß€ \n") for _ in range(chance.randrange(9)))
    if form == "NamespacedType":
        return filled(getattr(importlib.import_module(".".join(slot_type.namespaces)), slot_type.name), chance)
    if form == "Array":
        values = [value(slot_type.value_type, chance) for _ in range(slot_type.size)]
        dtype = {"float": np.float32, "double": np.float64}.get(getattr(slot_type.value_type, "typename", ""))
        return values if dtype is None else np.array(values, dtype=dtype)
    most = min(getattr(slot_type, "maximum_size", 3), 3)
    return [value(slot_type.value_type, chance) for _ in range(chance.randint(0, most))]


def number(typename, chance):
    if typename == "boolean":
        return chance.random() < 0.5
    if typename == "octet":
        return bytes([chance.randrange(256)])
    if typename in ("float", "double"):
        return float(np.float32(chance.choice((chance.gauss(0.0, 1e3), math.inf, -0.0))))
    bits = 8 if typename == "char" else int(typename.lstrip("uint") or 8)
    low = 0 if typename.startswith(("u", "char")) else -(2 ** (bits - 1))
    return chance.randrange(low, low + 2**bits)


@pytest.mark.parametrize("kind", list(kinds()))
def test_the_bytes_are_those_of_the_middleware_but_for_its_gaps(kind):
    write = writer(kind)
    for seed in range(20):
        message = filled(kind, random.Random(seed))
        ours, theirs = write(message), serialize_message(message)
        # theirs may end with gaps that it has reckoned with
        assert len(ours) <= len(theirs)
        assert deserialize_message(ours, kind) == message
        # a gap is where ours is nought: all that carries a value is alike
        assert all(a in (b, 0) for a, b in zip(ours, theirs))
        assert ours == write(filled(kind, random.Random(seed)))


def test_every_basic_type_has_its_form():
    assert set(FORMATS) >= {"boolean", "octet", "double", "float", "int8", "uint8", "int64", "uint64"}


def test_an_array_of_another_type_is_converted_as_the_middleware_does():
    from nav_msgs.msg import Odometry

    message = Odometry()
    message.pose.covariance = np.arange(36, dtype=np.float64)[::-1]
    assert deserialize_message(writer(Odometry)(message), Odometry).pose.covariance.tolist() == list(range(35, -1, -1))
