# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read the odometry of a bag in a process of its own: how long it takes and what memory it needs at most."""

import json
import sys
import time
from pathlib import Path

from lupex_analysis.collecting import Wanted
from lupex_analysis.reading import read_recording
from lupex_analysis.rover.roles import COLUMNS, ODOMETRY


def peak_mb() -> float:
    """Return what this process needed at most; getrusage would tell its parent's where that was more."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def main(argument: str) -> None:
    """Print seconds and megabytes for the bag that the argument names, as JSON."""
    asked = json.loads(argument)
    begun_s = time.perf_counter()
    recording = read_recording(Path(asked["bag"]), Wanted(types={ODOMETRY: COLUMNS[ODOMETRY]}))
    found = {
        "wall_s": time.perf_counter() - begun_s,
        "peak_mb": peak_mb(),
        "messages": sum(map(len, recording.received_ns.values())),
        "sum_m": float(recording.columns(asked["topic"], ["pose.pose.position.x"])["pose.pose.position.x"].sum()),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
