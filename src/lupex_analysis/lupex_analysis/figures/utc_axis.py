# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A time axis that reads UTC at round times, and hours since the start above it."""

import math
from datetime import UTC, datetime

import numpy as np
from matplotlib.axes import Axes

STEPS_S = (300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000)
MOST_TICKS = 12


def clock_text(time_s: float, utc_offset_s: float | None, start_s: float) -> str:
    """Return a moment as UTC hours and minutes, or as hours since the start where UTC is not known."""
    if utc_offset_s is None:
        return f"{(time_s - start_s) / 3600:.2f} h"
    # a minute begun is not over: half a minute more would round a deadline up
    return datetime.fromtimestamp(time_s + utc_offset_s, UTC).strftime("%H:%M")


def day_text(time_s: float, utc_offset_s: float | None) -> str:
    """Return the UTC day of a moment, '' where UTC is not known."""
    return "" if utc_offset_s is None else datetime.fromtimestamp(time_s + utc_offset_s, UTC).strftime("%-d %b %Y")


def draw_utc_axis(axes: Axes, begin_s: float, end_s: float, utc_offset_s: float | None) -> None:
    """Put UTC ticks below axes whose x is hours since `begin_s`; without UTC hours alone."""
    axes.set_xlim(0.0, max((end_s - begin_s) / 3600, 1e-3))
    if utc_offset_s is None:
        axes.set_xlabel("time since the start [h]")
        return
    ticks_s = utc_ticks(begin_s + utc_offset_s, end_s + utc_offset_s)
    labels, shown_day = [], ""
    for tick_s in ticks_s:
        day = day_text(tick_s, 0.0)
        labels.append(clock_text(tick_s, 0.0, 0.0) + (f"\n{day}" if day != shown_day else ""))
        shown_day = day
    axes.set_xticks([(tick_s - utc_offset_s - begin_s) / 3600 for tick_s in ticks_s], labels)
    axes.set_xlabel("UTC")


def utc_ticks(begin_utc_s: float, end_utc_s: float) -> list[float]:
    """Return round times of day between two moments, at most a dozen or so; steps above a day count from 1970."""
    span_s = max(end_utc_s - begin_utc_s, 1.0)
    step = next((step for step in STEPS_S if span_s / step <= MOST_TICKS), STEPS_S[-1] * math.ceil(span_s / 5e6))
    return [float(tick) for tick in np.arange(math.ceil(begin_utc_s / step) * step, end_utc_s + 1e-6, step)]
