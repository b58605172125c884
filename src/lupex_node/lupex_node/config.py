# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters that every node has."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class NodeConfig:
    """Lifecycle, time and message checks."""

    autostart: bool = setting(True, "configure and activate by itself, also after a respawn")
    utc_offset_s: float = setting(0.0, "UTC (Unix seconds) minus ROS time", unit="s", minimum=-1e11, maximum=1e11)
    future_tolerance_s: float = setting(
        5.0, "a stamp this far ahead of the node's clock is still believed", unit="s", minimum=0, maximum=60
    )
    batch_interval_s: float = setting(
        0.004, "wall time over which a busy node gathers messages", unit="s", minimum=0, maximum=1
    )
    best_effort_sensors: bool = setting(
        False, "hear sensors that offer best effort alone (SensorDataQoS); where each sample counts, leave it off"
    )
    state_dir: str = setting("", "directory for checkpoints; empty keeps none")
