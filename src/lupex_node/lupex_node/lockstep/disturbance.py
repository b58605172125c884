# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What can happen to a topic's messages on their way: lost, late, twice, out of order, damaged."""

import copy
import math
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

Send = Callable[[Any, int], None]
Disturbance = Callable[[Any, Send], None]


def drop(share: float, random: Random) -> Disturbance:
    """Lose a share of the messages."""

    def disturb(message: Any, send: Send) -> None:
        if random.random() >= share:
            send(message, 0)

    return disturb


def delay(by_s: float) -> Disturbance:
    """Let every message come later, in order."""
    return lambda message, send: send(message, round(by_s * 1e9))


def duplicate(share: float, random: Random) -> Disturbance:
    """Let a share of the messages come twice."""

    def disturb(message: Any, send: Send) -> None:
        send(message, 0)
        if random.random() < share:
            send(message, 0)

    return disturb


def reorder(by_s: float, random: Random) -> Disturbance:
    """Let every message come later by up to so much, so that they overtake each other."""
    return lambda message, send: send(message, round(random.uniform(0.0, by_s) * 1e9))


def corrupt(share: float, random: Random) -> Disturbance:
    """Put a value that no such message may hold in one number of a share of the messages."""

    def disturb(message: Any, send: Send) -> None:
        if random.random() < share:
            message = copy.deepcopy(message)
            places = list(_numbers(message))
            if places:
                put = random.choice(places)
                put(random.choice((math.nan, math.inf, -1e300)))
        send(message, 0)

    return disturb


def _numbers(message: Any) -> list[Callable[[float], None]]:
    """Return what sets each floating-point number of a message, header and strings left out."""
    found: list[Callable[[float], None]] = []
    for name, kind in message.get_fields_and_field_types().items():
        value = getattr(message, name)
        if kind in ("double", "float"):
            found.append(partial(setattr, message, name))
        elif hasattr(value, "get_fields_and_field_types"):
            found += _numbers(value) if kind != "std_msgs/Header" else []
        elif kind.startswith(("sequence<double", "sequence<float", "double[", "float[")) and len(value):
            found.append(partial(value.__setitem__, 0))
    return found
