# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How regularly a topic came: rate, jitter, longest silence, latency and size."""

from typing import Any

import numpy as np

from lupex_analysis.topic_times import TopicTimes

_FEW = 3
_OWN_CLOCK_S = 5.0
"""Farther from its reception than this a stamp is of another clock, and tells no latency."""


def topic_figures(kind: str, part: str, times: TopicTimes) -> dict[str, Any]:
    """Return figures of one topic; None for what its messages do not tell.

    Rate is that of the median interval, jitter the interquartile range of the intervals over their median.
    """
    received_s = times.received_ns * 1e-9
    steps = np.diff(received_s)
    found: dict[str, Any] = {
        "type": kind,
        "part": part or None,
        "messages": len(received_s),
        "first_s": None,
        "last_s": None,
        "rate_hz": None,
        "jitter": None,
        "longest_gap_s": None,
        "latency_ms": None,
        "latency_p95_ms": None,
        "bytes": int(times.size.sum()),
        "bytes_per_s": None,
    }
    if len(received_s) < _FEW or received_s[-1] <= received_s[0]:
        return found
    median_s = float(np.median(steps))
    span_s = float(received_s[-1] - received_s[0])
    low, high = np.percentile(steps, (25, 75))
    # messages that come by twos have a median interval of nothing
    found["rate_hz"] = 1.0 / median_s if median_s > 0.0 else (len(received_s) - 1) / span_s
    found["jitter"] = float(high - low) / median_s if median_s > 0.0 else None
    found["longest_gap_s"] = float(steps.max())
    found["bytes_per_s"] = float(times.size.sum()) / span_s
    behind_s = (received_s - times.stamp_s)[times.stamp_s > 0.0]
    if len(behind_s) >= _FEW and abs(float(np.median(behind_s))) < _OWN_CLOCK_S:
        found["latency_ms"] = 1e3 * float(np.median(behind_s))
        found["latency_p95_ms"] = 1e3 * float(np.percentile(behind_s, 95))
    return found
