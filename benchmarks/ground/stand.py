# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The vehicle, exactly settled on the true ground, beside how the lidar's map foretold that it would stand at worst."""

import time

import numpy as np

from benchmarks.measuring import Asked, Context, Outcome, Row
from lupex_system_tests.stand_trials import LEVEL, ROUGHNESS, ROVER, mapped, rocky, trials
from lupex_traversability.config import StandConfig
from lupex_traversability.stand_bound import StandBound

ASKED = {
    "bound_violations": Asked(0.0),
    "bound_pessimism": Asked(1.5),
}
_WORLDS, _PLACEMENTS = 42, 2400


def run(context: Context) -> Outcome:
    """Place the vehicle on each of many grounds, and time the bound on a map of 64 x 64 m at 0.1 m."""
    worlds = 3 if context.quick else context.seeds or _WORLDS
    rows: list[Row] = []
    told: list[np.ndarray] = []
    for k in range(worlds):
        # far from the seeds that the tests use
        seed = 50_000 + 1000 * context.seed + k
        found = trials(seed, k % len(ROUGHNESS), 200 if context.quick else _PLACEMENTS)
        told.append(found.pessimism())
        rows.append(
            {
                "seed": seed,
                "roughness": k % len(ROUGHNESS),
                "placements": int(found.true_tilt.size),
                "violations": found.violations,
                "tilt_short_rad": float(np.max(found.true_tilt - found.told_tilt)),
                "step_short_m": float(np.max(found.true_step - found.told_step)),
                "room_short_m": float(np.max(found.told_room - found.true_room)),
                "pessimism": float(np.median(found.pessimism())) if found.pessimism().size else None,
            }
        )
        context.say(f"{k + 1} of {worlds}: {rows[-1]['violations']} violations")
    figures = {
        "bound_violations": float(sum(row["violations"] for row in rows)),
        "bound_placements": float(sum(row["placements"] for row in rows)),
        "bound_pessimism": float(np.median(np.concatenate(told))),
        "bound_ms": 1e3 * _seconds(context),
    }
    return Outcome(
        figures,
        {"placements": rows},
        (
            f"Maps of the world's own lidar at `{LEVEL.name}` after 6 m of driving, cells of 0.2 m; relief of the "
            "ridge's spectrum at three roughnesses, rocks to 1.8 m. The vehicle is settled by the world's own kernel, "
            "at any place, heading and steering in cells of which the map tells how it would stand. Pessimism: told "
            "over true where the true tilt is over 5 deg, or the true step over 0.1 m, the median of both together.",
        ),
    )


def _seconds(context: Context) -> float:
    size_m, cell_m = (16.0, 0.2) if context.quick else (64.0, 0.1)
    made = mapped(7, rocky(7, *ROUGHNESS[1], (0.1, 0.0)), cell_m, size_m)
    bound = StandBound(StandConfig(), ROVER, cell_m)
    bound.of(made)
    best = []
    for _ in range(3):
        begin = time.process_time()
        bound.of(made)
        best.append(time.process_time() - begin)
    return min(best)
