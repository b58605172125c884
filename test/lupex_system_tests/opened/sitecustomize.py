# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Note every file that a Python process opens: with this directory on PYTHONPATH each process imports it first.

What is opened goes to $LUPEX_OPENED/PID, one path a line, after a line that names the process.
"""

import os
import sys

_directory = os.environ.get("LUPEX_OPENED", "")


def _note_files(directory: str) -> None:
    target = os.path.join(directory, str(os.getpid()))
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    with open("/proc/self/cmdline", "rb") as command:
        os.write(out, command.read().replace(b"\0", b" ") + b"\n")
    seen: set[str] = set()

    def opened(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            path = os.fsdecode(arguments[0])
            if path not in seen:
                seen.add(path)
                os.write(out, os.path.abspath(path).encode() + b"\n")

    sys.addaudithook(opened)


if _directory:
    _note_files(_directory)
