# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What Gazebo's server says: its exit code is 0 even where the world failed, so the errors are looked for."""

import re
from collections.abc import Iterable

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Harmonic's "[Err] [File.cc:12] ...", "[error]" since Ionic, sdformat's own, and the last words of a process.
_ERROR = re.compile(
    r"\[Err\]|\[error\]|\[critical\]|\bError Code \d+|^Error( \[|:)|terminate called|Segmentation fault|Stack trace \("
)
HARMLESS = {
    r"Could not find visual for entity: 0": "each message on light_config: the Sun moves all the same",
}
"""Patterns of errors that mean nothing, each with what makes it; docs/gazebo.md lists them too."""


def errors(lines: Iterable[str]) -> list[str]:
    """Return the lines that tell of an error that matters, without colours and each text once."""
    found: dict[str, None] = {}
    for line in lines:
        text = _COLOUR.sub("", line).strip()
        if _ERROR.search(text) and not any(re.search(pattern, text) for pattern in HARMLESS):
            found[text] = None
    return list(found)
