# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""ROS time to seconds and back."""

from builtin_interfaces.msg import Duration, Time


def seconds(stamp: Time) -> float:
    """Return a stamp in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def stamp(time_s: float) -> Time:
    """Return seconds as a stamp, rounded to the nanosecond."""
    nanoseconds = round(time_s * 1e9)
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def duration_s(span: Duration | None) -> float:
    """Return a duration in seconds, 0 where there is none."""
    return 0.0 if span is None else span.sec + span.nanosec * 1e-9


def duration(span_s: float) -> Duration:
    """Return seconds as a duration, rounded to the nanosecond."""
    nanoseconds = round(span_s * 1e9)
    return Duration(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)
