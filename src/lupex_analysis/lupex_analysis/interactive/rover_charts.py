# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What moves on the page of any rover: charts by what its topics tell, and its tracks."""

import itertools
from collections.abc import Iterator

import numpy as np

from lupex_analysis.interactive.page_time import PageTime
from lupex_analysis.interactive.series import Bar, Chart, Line, Row, Rows, Way
from lupex_analysis.reading import Recording
from lupex_analysis.rover.battery import battery_columns
from lupex_analysis.rover.overview import Overview
from lupex_analysis.rover.roles import IMU, IMU_FIELDS
from lupex_analysis.rover.tracks import Track, way_m

COLOURS = ("estimated", "planned", "violet", "ice", "orange", "muted")
_AXES = ("truth", "planned", "estimated")
_MOST = 8
"""Tracks and batteries in one chart; more are not told apart."""
_MOST_UNITS = 3
_MOST_TOPICS = 60
_BINS = 400
_MOST_SOURCES = 24
_MOMENTS = 300
"""Of a page's time: so wide is what has no end."""
_LEVELS = {"warning": "sun", "error": "warn", "stale": "muted", "ok": "planned"}


def rover_charts(recording: Recording, seen: Overview, time: PageTime) -> Iterator[Chart | Rows]:
    """Yield the charts that there is something for."""
    yield from _heights(seen, time)
    yield from _speeds(seen, time)
    yield from _rolling(seen, time)
    yield from _inertial(recording, time)
    yield from _batteries(recording, seen, time)
    yield from _events(recording, seen, time)
    yield _presence(recording, time)


def rover_ways(seen: Overview, time: PageTime) -> tuple[Way, ...]:
    """Return the tracks, the true one first."""
    found = []
    for track, colour in _coloured(seen):
        yaw = track.yaw_rad if track.turned else np.full(len(track.time_s), np.nan)
        name = track.topic + (" (truth)" if track is seen.truth else "")
        at = time.of_stamp(track.time_s, track.topic)
        found.append(Way(name, colour, at, track.place_m[:, 0], track.place_m[:, 1], yaw))
    return tuple(found)


def _coloured(seen: Overview) -> list[tuple[Track, str]]:
    others = [(track, COLOURS[number % len(COLOURS)]) for number, track in enumerate(seen.estimates)]
    return ([(seen.truth, "truth")] if seen.truth else []) + others[:_MOST]


def _heights(seen: Overview, time: PageTime) -> Iterator[Chart]:
    heights, ways = [], []
    for track, colour in _coloured(seen):
        at = time.of_stamp(track.time_s, track.topic)
        heights.append(Line(track.topic, colour, at, track.place_m[:, 2]))
        ways.append(Line(track.topic, colour, at, way_m(track)))
    if ways:
        yield Chart("tracks", "Driven", "m", tuple(ways))
    if any(np.ptp(line.values) > 0.0 for line in heights):
        yield Chart("tracks", "Height", "m", tuple(heights))


def _speeds(seen: Overview, time: PageTime) -> Iterator[Chart]:
    ahead, turn = [], []
    for speeds, colour, name in ((seen.told, "estimated", "measured"), (seen.asked, "ink", "commanded")):
        if speeds is not None:
            at, said = time.of_reception(speeds.time_s), f"{name}: {speeds.topic}"
            ahead.append(Line(said, colour, at, speeds.ahead_mps))
            turn.append(Line(said, colour, at, np.degrees(speeds.turn_rad_s)))
    if ahead:
        yield Chart("motion", "Speed", "m/s", tuple(ahead))
        yield Chart("motion", "Turn", "deg/s", tuple(turn))


def _rolling(seen: Overview, time: PageTime) -> Iterator[Chart]:
    lines = tuple(
        Line(found.topic, COLOURS[number % len(COLOURS)], time.of_stamp(found.time_s, found.topic), 100.0 * found.slip)
        for number, found in enumerate(seen.rolled)
        if not found.missing
    )
    if lines:
        yield Chart("rolling", "Relative slip", "%", lines)


def _inertial(recording: Recording, time: PageTime) -> Iterator[Chart]:
    units = [topic for topic in sorted(recording.received_ns) if recording.types.get(topic) == IMU]
    for topic in units[:_MOST_UNITS]:
        columns = recording.columns(topic, IMU_FIELDS)
        at = time.of_reception(recording.received_ns[topic] * 1e-9)
        for title, unit, scale, names in (
            ("Rate of turn", "deg/s", np.degrees(1.0), IMU_FIELDS[:3]),
            ("Acceleration", "m/s²", 1.0, IMU_FIELDS[3:]),
        ):
            lines = (
                Line(name[-1], colour, at, scale * columns[name]) for name, colour in zip(names, _AXES, strict=True)
            )
            yield Chart("inertial", f"{title}: {topic}", unit, tuple(lines))


def _batteries(recording: Recording, seen: Overview, time: PageTime) -> Iterator[Chart]:
    charge, volts = [], []
    for number, topic in enumerate(list(seen.figures["battery"])[:_MOST]):
        columns = battery_columns(recording, topic)
        at, colour = time.of_stamp(columns["t"], topic), COLOURS[number % len(COLOURS)]
        if len(at):
            charge.append(Line(topic, colour, at, 100.0 * columns["percentage"]))
            volts.append(Line(topic, colour, at, columns["voltage"]))
    if charge:
        yield Chart("battery", "Charge", "%", tuple(charge))
        yield Chart("battery", "Voltage", "V", tuple(volts))


def _events(recording: Recording, seen: Overview, time: PageTime) -> Iterator[Rows]:
    sources = list(dict.fromkeys(event.source for event in seen.events))[:_MOST_SOURCES]
    rows = []
    for source in sources:
        own = [event for event in seen.events if event.source == source]
        at = [event_s(event.t_s, recording, time) for event in own]
        # what becomes well again lasts until then; a line of a log is of its moment
        lasting = any(event.level == "ok" for event in own)
        ends = [*at[1:], time.span_s] if lasting else [begin + time.span_s / _MOMENTS for begin in at]
        bars = (
            Bar(begin, max(end, begin), _LEVELS.get(event.level, "muted"), f"{event.level}, {event.text}")
            for begin, end, event in zip(at, ends, own, strict=True)
            if event.level != "ok"
        )
        rows.append(Row(source, tuple(bars)))
    if rows:
        yield Rows("events", "Complaints by their source", tuple(rows))


def event_s(t_s: float, recording: Recording, time: PageTime) -> float:
    """Return the page's time of an event, which is told in seconds after the first message."""
    return float(time.of_reception(np.array([recording.start_ns * 1e-9 + t_s]))[0])


def _presence(recording: Recording, time: PageTime) -> Rows:
    """Tell for each topic when it spoke, paler where that was less often than usual."""
    names = sorted(recording.times, key=lambda name: -len(recording.times[name].received_ns))[:_MOST_TOPICS]
    edges = np.linspace(recording.start_ns, max(recording.end_ns, recording.start_ns + 1), _BINS + 1)
    at = time.of_reception(edges * 1e-9)
    rows = []
    for name in sorted(names):
        counts = np.histogram(recording.times[name].received_ns, edges)[0]
        usual = float(np.median(counts[counts > 0])) if (counts > 0).any() else 1.0
        level = np.where(counts == 0, 0, np.where(counts < 0.5 * usual, 1, 2))
        edge = np.flatnonzero(np.diff(level, prepend=-1, append=-1))
        bars = (
            Bar(float(at[begin]), float(at[end]), ("pale", "estimated")[int(level[begin]) - 1])
            for begin, end in itertools.pairwise(edge)
            if level[begin] > 0
        )
        rows.append(Row(name, tuple(bars)))
    return Rows("presence", "When each topic spoke", tuple(rows), told=False)
