# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What Gazebo prints of a failure: its exit code says nothing, and not each of its complaints means one."""

HARMLESS = (
    "Could not find visual for entity: 0",
    "gz_frame_id",
    "Heightmap final sampling",
    "Missing material",
    "Mask bits",
    "Anti-aliasing level",
)
"""Parts of lines that gz sim 8.14 prints of these worlds while all is well; the first with each message of the Sun."""


def failures(text: str) -> list[str]:
    """Return the lines of an output that tell of a failure."""
    return [line for line in text.splitlines() if "[Err]" in line and not any(known in line for known in HARMLESS)]
