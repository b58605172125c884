# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What Gazebo's server prints of a failure: its exit code is 0 all the same, and not each complaint means one."""

import re
from collections.abc import Iterable

HARMLESS_ERROR = "Could not find visual for entity: 0"
"""Of each message on light_config: the Sun moves all the same."""

HARMLESS = (
    HARMLESS_ERROR,
    "gz_frame_id",
    "Heightmap final sampling",
    "Missing material",
    "Mask bits",
    "Anti-aliasing level",
)
"""Parts of lines that gz sim 8.14 prints of these worlds while all is well; all but the first are warnings."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Harmonic's "[Err] [File.cc:12] ...", "[error]" since Ionic, sdformat's own, and the last words of a process.
_ERROR = re.compile(
    r"\[Err\]|\[error\]|\[critical\]|\bError Code \d+|^Error( \[|:)|terminate called|Segmentation fault|Stack trace \("
)


def errors(lines: Iterable[str]) -> list[str]:
    """Return the lines that tell of an error that matters, without colours and each text once."""
    found: dict[str, None] = {}
    for line in lines:
        text = _COLOUR.sub("", line).strip()
        if _ERROR.search(text) and not text.endswith(HARMLESS_ERROR):
            found[text] = None
    return list(found)
