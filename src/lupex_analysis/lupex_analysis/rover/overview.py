# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that a recording tells of a rover, whoever's it is, as figures under stable names."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lupex_analysis.reading import Recording
from lupex_analysis.rover.battery import battery_figures
from lupex_analysis.rover.events import Event, events
from lupex_analysis.rover.frames import frame_figures
from lupex_analysis.rover.inertial import inertial_figures
from lupex_analysis.rover.motion import Speeds, commanded, measured, motion_figures
from lupex_analysis.rover.roles import BATTERY, IMU, TRUTH_STATE, WORDS, called_true
from lupex_analysis.rover.rolling import Rolling, rolling, rolling_figures
from lupex_analysis.rover.topic_figures import topic_figures
from lupex_analysis.rover.tracks import Track, track_figures, tracks, way_m
from lupex_analysis.storage import ReadingError

MOST_EVENTS = 200


@dataclass(frozen=True)
class Overview:
    """What was found: tracks with the true one first, speeds, events, and all figures as JSON takes them."""

    truth: Track | None
    estimates: tuple[Track, ...]
    asked: Speeds | None
    told: Speeds | None
    events: tuple[Event, ...]
    rolled: tuple[Rolling, ...]
    figures: dict[str, Any]

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks."""
        return (*((self.truth,) if self.truth else ()), *self.estimates)


def overview(recording: Recording, truth: str = "", estimates: Sequence[str] = ()) -> Overview:
    """Look at a recording; topics that are named take the part, else their types decide. Raises ReadingError."""
    found = {track.topic: track for track in tracks(recording)}
    for topic in filter(None, (truth, *estimates)):
        if topic not in found:
            held = ", ".join(found) or "none does"
            raise ReadingError(f"{recording.path}: {topic} tells no places; those that do: {held}")
    true = found.get(truth) or _true(recording, found)
    others = [found[topic] for topic in estimates] or [
        track for track in found.values() if track is not true and not called_true(track.topic)
    ]
    asked, told = commanded(recording), measured(recording)
    happened = events(recording)
    rolled = rolling(recording, true, others)
    distance_m = max((float(way_m(track)[-1]) for track in found.values()), default=None) if found else None
    if true is not None:
        distance_m = float(way_m(true)[-1])
    held_against, missing = errors_of(true, others)
    figures: dict[str, Any] = {
        "topics": {
            topic: topic_figures(recording.types[topic], WORDS.get(recording.types[topic], ""), times)
            | {
                "first_s": float(times.received_ns[0] - recording.start_ns) * 1e-9,
                "last_s": float(times.received_ns[-1] - recording.start_ns) * 1e-9,
            }
            for topic, times in sorted(recording.times.items())
        },
        "duration_s": (recording.end_ns - recording.start_ns) * 1e-9,
        "truth": true and true.topic,
        "tracks": {track.topic: track_figures(track) for track in found.values()},
        "errors": held_against,
        "errors_missing": missing,
        "motion": motion_figures(asked, told),
        "rolling": {found.topic: rolling_figures(found) for found in rolled},
        "imu": {topic: inertial_figures(recording, topic) for topic in _of(recording, IMU)},
        "battery": {topic: battery_figures(recording, topic, distance_m) for topic in _of(recording, BATTERY)},
        "events": [dataclasses.asdict(event) for event in happened[:MOST_EVENTS]],
        "frames": frame_figures(recording),
    }
    return Overview(
        truth=true, estimates=tuple(others), asked=asked, told=told, events=tuple(happened), rolled=tuple(rolled),
        figures=figures,
    )  # fmt: skip


def errors_of(true: Track | None, others: Sequence[Track]) -> tuple[dict[str, Any], str | None]:
    """Return the errors of estimates by their topics, and why there are none."""
    if true is None:
        return {}, "no topic tells the true place; --truth TOPIC names one"
    try:
        # a machine with ROS 2 may lack evo, and all else is told without it
        from lupex_analysis.rover.trajectories import errors
    except ImportError:
        return {}, "evo is not installed (`pip install evo`)"
    return {track.topic: errors(true, track) for track in others}, None


def _of(recording: Recording, kind: str) -> list[str]:
    return [topic for topic in sorted(recording.received_ns) if recording.types.get(topic) == kind]


def _true(recording: Recording, found: dict[str, Track]) -> Track | None:
    """Return the track of a world's own truth, or of the one topic that calls itself so."""
    for topic, track in found.items():
        if recording.types.get(topic) == TRUTH_STATE:
            return track
    named = [track for topic, track in found.items() if called_true(topic)]
    return named[0] if len(named) == 1 else None
