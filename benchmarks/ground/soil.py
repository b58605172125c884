# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Soil learned while driving: slip foretold on ground ahead and on the way back, beside the truth."""

import dataclasses

import numpy as np

from benchmarks.measuring import Asked, Context, Outcome, Row
from lupex_system_tests.soil_drive import Look, figures, looks

ASKED = {
    "slip_error_ratio_100m": Asked(0.5),
    "soil_band": Asked(0.9, at_most=False),
    "soil_band_most": Asked(0.99),
}
_LEVELS = ("kind", "nominal", "harsh")
_PATCHY = ("nominal", "harsh")
"""Levels whose slip scatters from patch to patch: those that the figures are of."""
_SEEDS = 20


def run(context: Context) -> Outcome:
    """Drive 200 m at each truth level on every seed, and look at ground ahead and back each 5 m."""
    seeds = 2 if context.quick else context.seeds or _SEEDS
    found = {level: _drives(context, level, seeds) for level in _LEVELS}
    patchy = [look for level in _PATCHY for _, look in found[level]]
    whole = figures(patchy)
    result = {**whole, "soil_band_most": whole["soil_band"]}
    for level, looked in found.items():
        mine = [look for _, look in looked]
        result |= {f"{name}_{level}": value for name, value in figures(mine).items()}
        for name, ahead in (("ahead", True), ("back", False)):
            part = figures([look for look in mine if look.ahead == ahead])
            result[f"slip_error_ratio_{level}_{name}"] = part["slip_error_ratio_100m"]
    result["slip_error_median"] = float(np.median([abs(look.median - look.truth) for look in patchy]))
    rows: list[Row] = [
        {"level": level, "seed": seed, **dataclasses.asdict(look)}
        for level, looked in found.items()
        for seed, look in looked
    ]
    return Outcome(
        result,
        {"looks": rows},
        (
            "A drive of 200 m over the world's own soil and tracks (`lupex_simulator.crawler`, drawn from the level), "
            "hills of 8 deg rms. Localization drifts by 0.01 of slip a window and sees nothing on a quarter of it. "
            "A look is at the mean slip of a move of 5 m: 3 to 20 m ahead, or back over ground driven over.",
            "The ratio is of the median errors after 100 m, the band of all looks; both of nominal and harsh together.",
        ),
    )


def _drives(context: Context, level: str, seeds: int) -> list[tuple[int, Look]]:
    found = []
    for seed in range(context.seed, context.seed + seeds):
        found += [(seed, look) for look in looks(level, seed, 120.0 if context.quick else 200.0)]
    context.say(f"{level}: {len(found)} looks in {seeds} drives")
    return found
