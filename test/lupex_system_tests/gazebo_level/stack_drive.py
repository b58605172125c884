# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The whole stack drives out and back, in whatever simulator, and its figures."""

import math
from pathlib import Path

from lupex_interfaces.msg import LocalizationStatus
from lupex_node import qos
from lupex_system_tests.stack import Stack, running


def out_and_back(directory: Path, wall_s: float, **arguments: str) -> dict[str, float]:
    """Drive by sim.launch.xml with its recording below a directory; return the figures of the end.

    Raises AssertionError when the drive does not end within so much wall time, or a node of Gazebo's has ended.
    """
    with running("sim.launch.xml", directory, **arguments) as stack:
        told: list[LocalizationStatus] = []
        stack.port.subscribe(LocalizationStatus, "/localization/status", told.append, qos.STATE)
        world = {"gazebo_adapter", "payload"} if arguments.get("simulator") == "gazebo" else {"simulator"}
        stack.until(lambda: ended(stack, world), "out and back", wall_s)
        lost = world - set(stack.supervisor.pids())
        assert not lost, f"{', '.join(sorted(lost))} has ended; {directory / 'nodes.log'} says why"
        stack.until(lambda: stack.newest("/truth/state").slip == 0.0 and bool(told), "it stands")
        truth, found = stack.newest("/truth/state"), stack.newest("/odometry/global").pose.pose.position
        start = stack.heard["/truth/state"][0]
        fixes = told[-1].fixes_accepted + told[-1].fixes_rejected
        return {
            "driven_m": float(truth.distance_m),
            "returned_m": math.hypot(truth.x_m - start.x_m, truth.y_m - start.y_m),
            "localization_error_m": math.hypot(found.x - truth.x_m, found.y - truth.y_m),
            "fixes": float(fixes),
            "fixes_refused_share": told[-1].fixes_rejected / fixes if fixes else math.nan,
            "most_slip": max(float(state.slip) for state in stack.heard["/truth/state"]),
            "soc": float(truth.soc),
        }


def ended(stack: Stack, world: set[str]) -> bool:
    """Tell whether the drive is over: its client has ended, or what makes the world."""
    alive = set(stack.supervisor.pids())
    return "drive_route" not in alive or not world <= alive
