# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the definitions of messages are."""

import os
from pathlib import Path


def install_prefixes() -> list[Path]:
    """Return the install prefixes of the sourced workspaces, nearest first."""
    return [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
