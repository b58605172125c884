# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What went wrong, as the rover's own nodes told it: diagnostics that changed, and warnings of the log."""

from dataclasses import dataclass

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import DIAGNOSTICS, LOGS

LEVELS = ("ok", "warning", "error", "stale")
_LOG = {30: "warning", 40: "error", 50: "error"}
_LOG_OF_ROS1 = {4: "warning", 8: "error", 16: "error"}


@dataclass(frozen=True)
class Event:
    """Something told: when [s after the first message], how bad, by whom, in which words; and how often in all."""

    t_s: float
    level: str
    source: str
    text: str
    count: int = 1


def events(recording: Recording) -> list[Event]:
    """Return changes of diagnostics and warnings of logs, by time; what is said again and again stands once."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for topic, messages in recording.messages.items():
        kind = recording.types.get(topic, "")
        times = (recording.received_ns[topic] - recording.start_ns) * 1e-9
        if kind == DIAGNOSTICS:
            before: dict[str, str] = {}
            for t_s, message in zip(times, messages, strict=True):
                for status in message.status:
                    level = LEVELS[min(_level(status.level), 3)]
                    if before.get(status.name, "ok") != level:
                        found.setdefault((level, status.name, status.message), []).append(float(t_s))
                    before[status.name] = level
        elif kind in LOGS:
            for t_s, message in zip(times, messages, strict=True):
                level = _LOG_OF_ROS1.get(int(message.level)) or _LOG.get(int(message.level), "")
                if level:
                    found.setdefault((level, message.name, message.msg), []).append(float(t_s))
    told = [Event(times[0], level, source, text, len(times)) for (level, source, text), times in found.items()]
    return sorted(told, key=lambda event: event.t_s)


def _level(value: int | bytes) -> int:
    return value[0] if isinstance(value, bytes) else int(value) & 0xFF
