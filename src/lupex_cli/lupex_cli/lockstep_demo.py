# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One sortie in lock step, followed as one over the middleware is."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lupex_cli.demo_monitor import DemoMonitor, Seen
from lupex_cli.lockstep_options import profile_table, start
from lupex_launch.evaluation import ProcessSpec
from lupex_node.interrupts import interruptible

STEP_S = 10.0
"""Of simulated time between two looks at how it goes."""


@dataclass(frozen=True)
class Conducted:
    """How a sortie ended ('' when the mission gave an outcome), what was seen, and processor time by node."""

    end: str
    seen: Seen
    cpu_s_by_node: dict[str, float]
    started_wall_s: float
    profile: str


def conduct(
    specs: Sequence[ProcessSpec],
    faults: Path | None,
    wall_limit_s: float,
    line: Callable[[str], None],
    show: Callable[[Seen, float], object],
) -> Conducted:
    """Run a sortie to its end; `line` gets what nodes say, `show` what is seen and the wall time.

    Raises LaunchError.
    """
    run = start(specs, faults, line)
    conductor = run.conductor
    monitor = DemoMonitor(conductor.visitor("demo_monitor"))
    seen, profile = monitor.seen, conductor.profile
    begun_s, first_s, end = time.monotonic(), conductor.now_s, ""
    sim_s, wall_s = first_s, begun_s
    try:
        with interruptible(signal.SIGINT, signal.SIGTERM):
            while not seen.outcome and not end:
                conductor.until(lambda: seen.outcome or seen.lost, STEP_S)
                now_s = time.monotonic()
                seen.speed_up = (conductor.now_s - sim_s) / max(now_s - wall_s, 1e-9)
                sim_s, wall_s = conductor.now_s, now_s
                show(seen, now_s - begun_s)
                if seen.lost:
                    end = seen.lost
                elif "simulator" not in conductor.nodes:
                    end = "the simulator has ended; nodes.log says why"
                elif now_s - begun_s > wall_limit_s:
                    end = f"not over after {wall_limit_s:.0f} s"
    except KeyboardInterrupt:
        end = "stopped by the operator"
    finally:
        conductor.close()
    used = {} if profile is None else {name: round(used_s, 2) for name, used_s in profile.by_node().items()}
    table = "" if profile is None else profile_table(profile, max(conductor.now_s - first_s, 1e-9))
    return Conducted(end, seen, used, begun_s, table)
