# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of one run in memory: no disk decides when a node goes on."""

import errno
import json
import os
from collections.abc import Callable, Mapping
from typing import Any


class MemoryStore:
    """A node's checkpoint, kept as the text that a file would hold."""

    def __init__(self, directory: str, name: str, full: Callable[[], bool]) -> None:
        """Keep nothing while the disk is `full`."""
        self.where = f"{directory}/{name}.json"
        self._full = full
        self._text = ""

    def save(self, stamp_s: float, state: Mapping[str, Any]) -> None:
        """Keep plain JSON values; raises OSError while the disk is full."""
        if self._full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.where)
        self._text = json.dumps({"stamp_s": stamp_s, "state": dict(state)})

    def load(self, now_s: float, max_age_s: float) -> tuple[float, dict[str, Any]] | None:
        """Return (stamp_s, state), or None where there is none, or it is too old or newer than now."""
        if not self._text:
            return None
        content = json.loads(self._text)
        stamp_s: float = content["stamp_s"]
        return (stamp_s, content["state"]) if 0.0 <= now_s - stamp_s <= max_age_s else None
