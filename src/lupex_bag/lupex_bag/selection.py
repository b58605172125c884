# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of the graph are recorded."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def recorded(topic: str, exclude: Sequence[str]) -> bool:
    """Tell whether a topic is recorded: not when a pattern excludes it, nor when a part of its name is hidden."""
    if any(part.startswith("_") for part in topic.split("/")):
        return False
    return not any(fnmatchcase(topic, pattern) for pattern in exclude)
