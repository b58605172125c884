# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whether tests in a real Gazebo are run here."""

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path


def why_not_gazebo(marks: Collection[str], expression: str, environment: Mapping[str, str]) -> str:
    """Return why a test in a real Gazebo is not run here; empty where it is."""
    prefixes = environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    if shutil.which("gz", path=environment.get("PATH", "")) is None:
        return "needs gz, Gazebo Harmonic: docs/gazebo.md says how to get it"
    if expression != "gazebo":
        return "takes a machine for itself, 15 minutes at most: ./lupex test gazebo"
    if "ros_gz_bridge" in marks and not any(
        Path(prefix, "share/ament_index/resource_index/packages/ros_gz_bridge").exists() for prefix in prefixes
    ):
        return "needs ros_gz_bridge: sudo apt-get install ros-jazzy-ros-gz"
    return ""
