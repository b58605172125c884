# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Horizon map of 1000 x 1000 cells and 72 azimuths with the far field: time, memory, truth, and topocalc beside it."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.measuring import Asked, Context, Outcome, Row, best, run_child, timed
from benchmarks.models import ground
from benchmarks.models.marching import skyline_rad
from lupex_models.horizon import UNIT_RAD, HorizonMap, compute_horizon

FloatArray = npt.NDArray[np.float64]

ASKED = {
    "horizon_wall_s": Asked(3.0),
    "horizon_memory_mb": Asked(250.0),
    "horizon_vs_topocalc": Asked(25.0, at_most=False),
    "horizon_rms_deg": Asked(0.1),
    "horizon_bias_deg": Asked(0.01),
}

_AZIMUTHS, _QUICK_AZIMUTHS = 72, 12
_PEER_AZIMUTHS_DEG = (0, 5, 20, 45, 65, 90, 135, 160, 180, 225, 250, 290)
"""Along the axes, along the diagonals and askew; multiples of 5 deg, so that our map holds each."""
_FEW_AZIMUTHS = (4, 8)
"""The axes alone, and with the diagonals: the dearest mean of these maps and the whole one is set against the peer."""


def run(context: Context) -> Outcome:
    """Measure the map of the near field, its memory, its error against marched rays, and topocalc's the same way."""
    here = ground.fields(context)
    azimuths, repeats = (_QUICK_AZIMUTHS, 1) if context.quick else (_AZIMUTHS, 3)
    compute_horizon(here.near, here.far, 4, ground.EYE_M)  # Kernels are compiled or loaded here.
    found: list[HorizonMap] = []

    def whole() -> None:
        found[:] = [compute_horizon(here.near, here.far, azimuths, ground.EYE_M)]

    context.say(f"the horizon map of {here.near.shape[0]} x {here.near.shape[1]} x {azimuths} over {here.source}")
    times = timed(whole, repeats, task="with far field", azimuths=azimuths)
    ground.keep_map(context, found[0])
    context.say("the same map against marched rays")
    pairs = _pairs(context, found[0], range(azimuths))
    truth = skyline_rad(here.near, here.far, *_rays(found[0], pairs), ground.EYE_M)
    errors = np.degrees(_at(found[0], pairs) - truth)
    context.say("its memory, in a process of its own")
    memory = _memory(here, azimuths)
    figures = {
        "horizon_wall_s": best(times, "wall_s"),
        "horizon_cpu_s": best(times, "cpu_s"),
        "horizon_memory_mb": memory["above_mb"],
        "horizon_rms_deg": _rms(errors),
        "horizon_bias_deg": abs(float(errors.mean())),
        "horizon_largest_error_deg": float(np.abs(errors).max()),
        "horizon_pairs": float(errors.size),
    }
    rows = {
        "horizon_times": times,
        "horizon_memory": [memory],
        "horizon_errors": [
            {"azimuth": int(k), "row": int(i), "column": int(j), "marched_deg": float(t), "error_deg": float(e)}
            for (k, i, j), t, e in zip(pairs.T, np.degrees(truth), errors)
        ],
    }
    notes = [
        f"Ground: {here.source}; near field of {here.near.shape[0]} x {here.near.shape[1]} cells.",
        "Truth: rays marched in steps of a fortieth of a cell over the same bilinear fields, 200 km far.",
        "Memory: the peak of a fresh process during the computation, less what it held before with the DEM loaded.",
    ]
    peer_figures, peer_rows = _beside_topocalc(context, here, azimuths)
    if peer_rows:
        counts = ", ".join(str(count) for count in (*_FEW_AZIMUTHS, azimuths))
        notes.append(
            "topocalc: near field alone, eye on the ground, CPU time; the least ratio over its azimuths, ours being "
            f"the dearest mean of maps of {counts} azimuths. topocalc knows no curvature and no skyline below level: "
            "its errors are against rays marched likewise."
        )
    return Outcome({**figures, **peer_figures}, {**rows, **peer_rows}, tuple(notes))


def _pairs(context: Context, found: HorizonMap, azimuths: range | tuple[int, ...]) -> npt.NDArray[np.int64]:
    rng = np.random.default_rng(context.seed)
    count = 200 if context.quick else 2000
    rows, columns = found.shape
    return np.stack([rng.choice(azimuths, count), rng.integers(0, rows, count), rng.integers(0, columns, count)])


def _rays(found: HorizonMap, pairs: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray, FloatArray]:
    k, i, j = pairs
    return found.x_m[j], found.y_m[i], k * (2.0 * math.pi / found.azimuth_count)


def _at(found: HorizonMap, pairs: npt.NDArray[np.int64]) -> FloatArray:
    k, i, j = pairs
    return np.asarray(found.counts[k, i, j] * UNIT_RAD)


def _rms(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _memory(here: ground.Fields, azimuths: int) -> Row:
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for index, field in enumerate((here.near, *here.far)):
            file = Path(directory) / f"{index}.npy"
            np.save(file, field.heights_m)
            files.append([str(file), field.x0_m, field.y0_m, field.cell_m])
        return run_child(
            "benchmarks.models.horizon_memory", {"fields": files, "azimuths": azimuths, "eye_m": ground.EYE_M}
        )


def _beside_topocalc(
    context: Context, here: ground.Fields, azimuths: int
) -> tuple[dict[str, float], dict[str, list[Row]]]:
    if context.peer("topocalc") is None:
        return {}, {}
    from topocalc.horizon import horizon as peer_horizon

    step = 360 // azimuths
    directions = [degrees for degrees in _PEER_AZIMUTHS_DEG if degrees % step == 0]
    context.say(f"topocalc on the near field alone, {len(directions)} azimuths")
    # Its first row is the northernmost and its azimuth 0 is south, positive to the east.
    dem = np.ascontiguousarray(here.near.heights_m[::-1].astype(np.float64))
    theirs: list[Row] = []
    skylines: dict[int, FloatArray] = {}
    for degrees in directions:
        turned = (180 - degrees + 180) % 360 - 180

        def look(turned: int = turned, degrees: int = degrees) -> None:
            skylines[degrees] = np.arcsin(peer_horizon(turned, dem, here.near.cell_m))[::-1]

        theirs += timed(look, 2, azimuth_deg=degrees)
    ours: list[Row] = []
    bare: list[HorizonMap] = []
    counts = (*_FEW_AZIMUTHS, azimuths)
    for count in counts:
        ours += timed(_bare_map(here, count, bare), 2, azimuths=count)
    cpu = max(best([row for row in ours if row["azimuths"] == n], "cpu_s") / n for n in counts)
    wall = max(best([row for row in ours if row["azimuths"] == n], "wall_s") / n for n in counts)
    by_azimuth = {a: best([row for row in theirs if row["azimuth_deg"] == a], "cpu_s") for a in directions}
    pairs = _pairs(context, bare[-1], tuple(degrees // step for degrees in directions))
    rays = _rays(bare[-1], pairs)
    curved = skyline_rad(here.near, (), *rays, 0.0)
    level = np.maximum(skyline_rad(here.near, (), *rays, 0.0, curved=False), 0.0)
    seen = np.array([skylines[int(k) * step][i, j] for k, i, j in pairs.T])
    figures = {
        "horizon_vs_topocalc": min(by_azimuth.values()) / cpu,
        "horizon_vs_topocalc_mean": float(np.mean(list(by_azimuth.values()))) / cpu,
        "horizon_vs_topocalc_wall": min(by_azimuth.values()) / wall,
        "horizon_near_rms_deg": _rms(np.degrees(_at(bare[-1], pairs) - curved)),
        "topocalc_near_rms_deg": _rms(np.degrees(seen - level)),
        "topocalc_azimuth_s": min(by_azimuth.values()),
    }
    return figures, {"horizon_near_times": ours, "topocalc_times": theirs}


def _bare_map(here: ground.Fields, azimuths: int, kept: list[HorizonMap]) -> Callable[[], None]:
    def compute() -> None:
        kept[:] = [compute_horizon(here.near, (), azimuths, 0.0)]

    return compute
