# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Qualities of service as recordings hold them: by name, or before Jazzy by the numbers of rmw."""

import yaml

from lupex_recorder.metadata import Qos

_RELIABILITY = {"0": "system_default", "1": "reliable", "2": "best_effort", "3": "unknown", "4": "best_available"}
_DURABILITY = {"0": "system_default", "1": "transient_local", "2": "volatile", "3": "unknown", "4": "best_available"}
_HISTORY = {"0": "system_default", "1": "keep_last", "2": "keep_all", "3": "unknown"}


class QosError(ValueError):
    """Say that what a recording holds of a topic's quality of service cannot be read."""


def offered(text: str) -> tuple[Qos, ...]:
    """Return what the publishers of a topic offered, from rosbag2's YAML; raises QosError."""
    try:
        found = yaml.safe_load(text or "[]") or []
        return tuple(
            Qos(
                _RELIABILITY.get(str(item["reliability"]), str(item["reliability"])),
                _DURABILITY.get(str(item["durability"]), str(item["durability"])),
                _HISTORY.get(str(item["history"]), str(item["history"])),
                int(item["depth"]),
            )
            for item in found
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise QosError("its quality of service cannot be read") from error
