# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of a launch whose node refuses what it was given.

`ros2 launch` respawns a node whatever its exit code, so one that refuses its parameters would be started for ever. Our
own runner ends such a launch by itself.
"""

import os
import signal
from pathlib import Path

ASKED = "LUPEX_REFUSAL_ENDS_LAUNCH"
"""Set by a launch file that wants its launch to end when a node refuses."""


def end_launch() -> bool:
    """Tell the `ros2 launch` that started this process to end, if its launch file asks for that; return whether."""
    parent = os.getppid()
    if not os.environ.get(ASKED) or not _is_ros2_launch(parent):
        return False
    os.kill(parent, signal.SIGINT)
    return True


def _is_ros2_launch(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    names = [Path(word).name for word in words]
    return "ros2" in names and "launch" in names[names.index("ros2") :]
