# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of the graph are recorded."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from lupex_models.configuration import ConfigurationError


def recorded(topic: str, exclude: Sequence[str]) -> bool:
    """Tell whether a topic is recorded: not when a pattern excludes it, nor when a part of its name is hidden."""
    if any(part.startswith("_") for part in topic.split("/")):
        return False
    return not any(fnmatchcase(topic, pattern) for pattern in exclude)


def thinning(entries: Sequence[str], source: str) -> dict[str, int]:
    """Read entries as TOPIC=N; raises ConfigurationError that names `source` for another form."""
    found: dict[str, int] = {}
    for entry in entries:
        topic, _, number = entry.partition("=")
        if not topic.startswith("/") or not number.isdecimal() or int(number) < 1:
            raise ConfigurationError(
                f"{source}: 'thin' holds {entry!r} but takes TOPIC=N with N from 1, as /imu/data=5"
            )
        found[topic] = int(number)
    return found
