# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What `demo` and `launch` have in common where the nodes run in lock step."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lupex_launch.description import LaunchError
from lupex_launch.evaluation import ProcessSpec
from lupex_launch.packages import package_share

if TYPE_CHECKING:
    from lupex_launch.lockstep.run import LockstepRun
    from lupex_node.lockstep.profile import Profile


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of lock step to a command line."""
    parser.add_argument(
        "--lockstep", action="store_true", help="all nodes in one process by one clock: faster, and the same every time"
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="what goes wrong and when: docs/lockstep.md")
    parser.add_argument(
        "--profile", action="store_true", help="in lock step: print processor time by node and callback"
    )


def refuse_alone(options: argparse.Namespace) -> None:
    """Raise LaunchError for an option that has a meaning in lock step alone."""
    if options.profile and not options.lockstep:
        raise LaunchError("--profile needs --lockstep: processes are profiled by other tools, as py-spy")


def start(specs: Sequence[ProcessSpec], faults: Path | None, line: Callable[[str], None]) -> "LockstepRun":
    """Start the nodes of processes in lock step; raises LaunchError."""
    import os

    from lupex_launch.fault_schedule import read_fault_schedule
    from lupex_launch.lockstep.faults import schedule_faults
    from lupex_launch.lockstep.run import LockstepRun
    from lupex_launch.lockstep.starts import node_starts
    from lupex_models.configuration import ConfigurationError
    from lupex_node.lockstep.latency import read_latency
    from lupex_node.lockstep.profile import Profile

    try:
        latency = read_latency(package_share("lupex_bringup", os.environ) / "config" / "lockstep.yaml")
        schedule = None if faults is None else read_fault_schedule(faults)
    except (ConfigurationError, LookupError) as error:
        raise LaunchError(str(error)) from error
    run = LockstepRun(node_starts(specs), latency, line)
    run.conductor.profile = Profile()
    if schedule is not None:
        try:
            schedule_faults(run, schedule)
        except LaunchError:
            run.conductor.close()
            raise
    return run


def profile_table(profile: "Profile", sim_s: float, rows: int = 40) -> str:
    """Return processor time by node and callback, for each simulated second."""
    lines = [f"{'node':<20} {'callback':<32} {'calls/s':>9} {'ms/s':>9} {'us/call':>9}"]
    for share in profile.shares()[:rows]:
        lines.append(
            f"{share.node:<20} {share.label:<32} {share.calls / sim_s:9.2f} {1e3 * share.seconds / sim_s:9.3f} "
            f"{1e6 * share.seconds / share.calls:9.1f}"
        )
    lines += [
        f"{name:<53} {'':>9} {1e3 * seconds / sim_s:9.3f}"
        for name, seconds in sorted(profile.by_node().items(), key=lambda item: -item[1])
    ]
    return "\n".join(lines)
