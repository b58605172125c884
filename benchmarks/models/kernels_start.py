# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A fresh process that calls each compiled part twice on small inputs and tells the times; `kernels` starts it."""

import json
import sys
import time
from collections.abc import Callable

_BEGUN_S = time.perf_counter()

import numpy as np  # noqa: E402

from lupex_models.height_field import HeightField  # noqa: E402
from lupex_models.horizon import HorizonMap, compute_horizon  # noqa: E402
from lupex_models.light import Light  # noqa: E402
from lupex_models.site_frame import SiteFrame  # noqa: E402
from lupex_models.terrain import CraterShape, add_craters, one_crater  # noqa: E402
from lupex_simulator.sensors.ray_casting import cast_rays, maxima_pyramid  # noqa: E402

_IMPORT_S = time.perf_counter() - _BEGUN_S


def parts() -> dict[str, Callable[[], object]]:
    """Return the calls by name."""
    near = HeightField(np.zeros((64, 64), dtype=np.float32), -160.0, -160.0, 5.0)
    far = HeightField(np.zeros((64, 64), dtype=np.float32), -51_200.0, -51_200.0, 1600.0)
    light = Light(SiteFrame(-1.55, 0.0, 0.0), HorizonMap(np.zeros((8, 64, 64), dtype=np.int16), 0.0, 0.0, 5.0, 2.0))
    directions = np.array([[0.6, 0.0, -0.8], [0.0, 0.6, -0.8]])
    return {
        "terrain": lambda: add_craters(near, one_crater(0.0, 0.0, 50.0, 0.1), CraterShape()).height(1.0, 1.0),
        "horizon": lambda: compute_horizon(near, [far], 4, 2.0),
        "light": lambda: (light.sunlit_frame(1.8e9), light.sunlit_frames([1.8e9]), light.sunlit_fraction(9, 9, 1.8e9)),
        "rays": lambda: cast_rays(
            near.heights_m, -160.0, -160.0, 5.0, maxima_pyramid(near.heights_m), np.array([0.0, 0.0, 2.0]), directions,
            0.0, 30.0,
        ),
    }  # fmt: skip


def main(argument: str) -> None:
    """Print the time of imports, and of first calls less second calls, as JSON."""
    calls = parts()
    found: dict[str, float] = {"import_s": _IMPORT_S}
    total = total_cpu = 0.0
    for name in json.loads(argument)["parts"]:
        spans, cpu_spans = [], []
        for _ in range(2):
            begin, cpu_begin = time.perf_counter(), time.process_time()
            calls[name]()
            spans.append(time.perf_counter() - begin)
            cpu_spans.append(time.process_time() - cpu_begin)
        found[f"{name}_s"] = spans[0] - spans[1]
        found[f"{name}_cpu_s"] = cpu_spans[0] - cpu_spans[1]
        total += spans[0] - spans[1]
        total_cpu += cpu_spans[0] - cpu_spans[1]
    print(json.dumps({**found, "kernels_s": total, "kernels_cpu_s": total_cpu}))


if __name__ == "__main__":
    main(sys.argv[1])
