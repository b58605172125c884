# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sunlight over the whole map of 1000 x 1000 cells: one frame, 14 days hour by hour, and its truth."""

from functools import partial

import numpy as np

from benchmarks.measuring import Asked, Context, Outcome, best, timed
from benchmarks.models import ground
from benchmarks.models.marching import skyline_rad
from lupex_models.horizon import compute_horizon
from lupex_models.light import Light, disc_fraction, tilt
from lupex_models.site import utc_seconds

ASKED = {"light_frame_ms": Asked(5.0), "light_14d_s": Asked(2.0)}

_AZIMUTHS = 72
_START_UTC_S = utc_seconds("2028-11-01T00:00:00Z")
_HOUR_S = 3600.0
_FRAMES = 336


def run(context: Context) -> Outcome:
    """Measure frames over the map that the horizon benchmark left, or one made now."""
    here = ground.fields(context)
    map_ = ground.kept_map(context) or compute_horizon(here.near, here.far, _AZIMUTHS, ground.EYE_M)
    light = Light(ground.FRAME, map_)
    hours = _START_UTC_S + _HOUR_S * np.arange(24 if context.quick else _FRAMES)
    light.sunlit_frames(hours[:2])  # Kernels are compiled or loaded here.
    context.say(f"sunlit frames of {map_.shape[0]} x {map_.shape[1]} cells")
    frame_rows = []
    for index in np.linspace(0, hours.size - 1, 8).astype(int):
        utc_s = float(hours[index])
        frame_rows += timed(partial(light.sunlit_frame, utc_s), 5, utc_s=utc_s)
    times = sorted({row["utc_s"] for row in frame_rows})
    by_time = [best([row for row in frame_rows if row["utc_s"] == time], "wall_s") for time in times]
    many = timed(lambda: light.sunlit_frames(hours), 3, frames=int(hours.size))

    context.say("the same frames against point queries and marched rays")
    rng = np.random.default_rng(context.seed)
    count = 200 if context.quick else 2000
    rows, columns = rng.integers(0, map_.shape[0], count), rng.integers(0, map_.shape[1], count)
    chosen = rng.choice(times, count)
    x, y = map_.x_m[columns], map_.y_m[rows]
    frames = {time: light.sunlit_frame(time) for time in times}
    seen = np.array([frames[t][i, j] for t, i, j in zip(chosen, rows, columns)])
    point = light.sunlit_fraction(x, y, chosen)
    sun = ground.FRAME.sun(chosen)
    truth = disc_fraction(
        sun.elevation_rad + tilt(x, y, sun.grid_azimuth_rad),
        skyline_rad(here.near, here.far, x, y, np.asarray(sun.grid_azimuth_rad), ground.EYE_M),
        sun.angular_radius_rad,
    )
    figures = {
        "light_frame_ms": 1e3 * max(by_time),
        "light_frame_cpu_ms": 1e3 * best(frame_rows, "cpu_s"),
        "light_14d_s": best(many, "wall_s") * _FRAMES / hours.size,
        "light_14d_cpu_s": best(many, "cpu_s") * _FRAMES / hours.size,
        "light_frames": float(hours.size),
        "light_largest_error": float(np.abs(seen - point).max()),
        "light_marched_rms": float(np.sqrt(np.mean((seen - truth) ** 2))),
        "light_marched_bias": float(np.mean(seen - truth)),
        "light_points": float(count),
    }
    return Outcome(
        figures,
        {
            "light_frame_times": frame_rows,
            "light_14d_times": many,
            "light_points": [
                {
                    "utc_s": float(t),
                    "row": int(i),
                    "column": int(j),
                    "frame": float(f),
                    "point": float(p),
                    "marched": float(m),
                }
                for t, i, j, f, p, m in zip(chosen, rows, columns, seen, point, truth)
            ],
        },
        (
            "light_frame_ms: the dearest of 8 times, each the best of 5; light_14d_s: 336 frames in memory, best of 3.",
            "light_largest_error: frame against the exact point query at the same cell; light_marched_rms: share of "
            "the disc against rays marched towards the Sun, with the error of reading the map between its azimuths.",
        ),
    )
