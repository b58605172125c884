# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the graph says of a topic, to the recorder's types and to rclpy's."""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from lupex_recorder.metadata import Qos


def message_class(name: str) -> Any:
    """Import the class of a message type; raises ImportError when it is not installed."""
    package, kind, message = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.{kind}"), message)
    except AttributeError as error:
        raise ImportError(f"{package} has no message {message}") from error


def offered(publishers: Sequence[TopicEndpointInfo]) -> list[Qos]:
    """Describe what a topic's publishers offer, each kind once."""
    found = [
        Qos(
            info.qos_profile.reliability.name.lower(),
            info.qos_profile.durability.name.lower(),
            info.qos_profile.history.name.lower(),
            info.qos_profile.depth,
        )
        for info in publishers
    ]
    return list(dict.fromkeys(found))


def adapted(publishers: Sequence[TopicEndpointInfo], depth: int) -> QoSProfile:
    """Ask for the most that all of a topic's publishers offer, so that each is heard."""
    profiles = [info.qos_profile for info in publishers]
    reliable = all(profile.reliability == ReliabilityPolicy.RELIABLE for profile in profiles)
    latched = all(profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for profile in profiles)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def install_prefixes() -> list[Path]:
    """Return the install prefixes of the sourced workspaces, nearest first."""
    return [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
