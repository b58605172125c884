# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A process of its own that computes one horizon map and tells its peak of memory; `horizon` starts it."""

import json
import re
import sys
from pathlib import Path

import numpy as np

from lupex_models.height_field import HeightField
from lupex_models.horizon import compute_horizon

_STATUS = Path("/proc/self/status")
_FORGET_THE_PEAK = "5"
"""What /proc/self/clear_refs takes to set the peak back to the present (proc(5))."""


def status_mb(key: str) -> float:
    """Return one of the sizes in /proc/self/status."""
    found = re.search(rf"^{key}:\s+(\d+) kB", _STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{_STATUS} has no {key}")
    return int(found[1]) / 1024.0


def main(argument: str) -> None:
    """Print the peak above what was held before, as JSON."""
    task = json.loads(argument)
    near, *far = (HeightField(np.load(file), x0, y0, cell) for file, x0, y0, cell in task["fields"])
    corner = HeightField(near.heights_m[:64, :64], near.x0_m, near.y0_m, near.cell_m)
    compute_horizon(corner, far, 4, task["eye_m"])  # Kernels and their threads are there before the count begins.
    before = status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text(_FORGET_THE_PEAK, encoding="utf-8")
    map_ = compute_horizon(near, far, task["azimuths"], task["eye_m"])
    peak = status_mb("VmHWM")
    print(
        json.dumps(
            {"before_mb": before, "peak_mb": peak, "above_mb": peak - before, "map_mb": map_.counts.nbytes / 2**20}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
