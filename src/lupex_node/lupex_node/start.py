# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The start of every executable of the stack: it can be interrupted from the first moment on.

Imports take a second or two, and a signal in the middle of them would end in their tracebacks.
"""

import importlib.metadata
import os
import signal
import sys
from pathlib import Path
from types import FrameType

GROUP = "lupex_executables"
"""Of the entry points that say what an executable runs: a function that takes no argument."""

EARLY = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Run the node whose executable this is; return its exit code. For a node to be told to stop is no failure."""
    return _start(0)


def tool() -> int:
    """Run the program whose executable this is; return its exit code, 130 where it was stopped before it started."""
    return _start(130)


def _start(stopped: int) -> int:
    name = Path(sys.argv[0]).name

    def leave(number: int, frame: FrameType | None) -> None:
        # Nothing was begun that would need an end, and an exception would have to pass through the imports.
        os.write(sys.stderr.fileno(), f"{name}: stopped before it had started\n".encode())
        os._exit(stopped)

    before = {number: signal.signal(number, leave) for number in EARLY}
    found = [*importlib.metadata.entry_points(group=GROUP, name=name)]
    if not found:
        print(f"error: {name}: no package says what this executable runs: build the workspace again", file=sys.stderr)
        return 1
    run = found[0].load()
    if stopped:
        for number, handler in before.items():
            signal.signal(number, handler)
    result: int | None = run()
    return result or 0
