# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A small file from which a node that was killed takes up its work again."""

import contextlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def save_checkpoint(path: Path, stamp_s: float, state: Mapping[str, Any]) -> None:
    """Write `state` so that a reader, or a kill at any moment, sees the old file or the new one, never a part.

    Raises OSError when the disk does not take it; the old file then stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump({"stamp_s": stamp_s, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def load_checkpoint(path: Path, now_s: float, max_age_s: float) -> tuple[float, dict[str, Any]] | None:
    """Return (stamp_s, state), or None when there is none, it is damaged, too old, or newer than now."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stamp_s, state = float(content["stamp_s"]), content["state"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not math.isfinite(stamp_s) or not isinstance(state, dict):
        return None
    return (stamp_s, state) if 0.0 <= now_s - stamp_s <= max_age_s else None


class FileStore:
    """A checkpoint file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.where = str(path)

    def save(self, stamp_s: float, state: Mapping[str, Any]) -> None:
        """Keep plain JSON values; raises OSError."""
        save_checkpoint(self._path, stamp_s, state)

    def load(self, now_s: float, max_age_s: float) -> tuple[float, dict[str, Any]] | None:
        """Return (stamp_s, state), or None where there is none that serves."""
        return load_checkpoint(self._path, now_s, max_age_s)
