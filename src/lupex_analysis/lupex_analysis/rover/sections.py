# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The sections of a page that any rover's recording has."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from lupex_analysis.figures.picture_strip import ROWS
from lupex_analysis.figures.rover_figures import (
    battery_figure,
    events_figure,
    motion_figure,
    presence_figure,
    rolling_figure,
    tracks_figure,
)
from lupex_analysis.figures.style import svg
from lupex_analysis.reading import Recording
from lupex_analysis.rover.battery import battery_columns
from lupex_analysis.rover.overview import Overview
from lupex_analysis.rover.pictures import pictures_html, views_html

NOT_MEASURED = "not measured"
Section = tuple[str, str, str]
"""Key, heading, content."""


def _plain(text: str, t_s: float) -> str:
    return text


def sections(recording: Recording, seen: Overview, moment: Callable[[str, float], str] = _plain) -> Iterator[Section]:
    """Yield what there is to show; what could not be measured is said where the recording holds a part of it.

    `moment` writes a time of a table: its text, and its seconds after the first message.
    """
    if seen.tracks:
        yield (
            "tracks",
            "Tracks",
            _figure(
                svg(tracks_figure(seen.truth, seen.estimates)),
                "Each in its own frame. In the still picture the begin is round, the end square.",
            )
            + _tracks(seen.figures)
            + _errors(seen.figures),
        )
    if shown := pictures_html(recording, tuple(ROWS) if any(topic in ROWS for topic in recording.messages) else ()):
        yield "cameras", "What cameras saw", shown
    if above := views_html(recording):
        said = "From above, in their own frames: points by height, x up and y to the left; of grids free is white."
        yield "views", "Clouds, scans and grids", f"{above}<p class=absent>{said}</p>"
    if seen.asked or seen.told:
        yield "motion", "Commanded and measured speed", _motion(recording, seen)
    if any(not found.missing for found in seen.rolled):
        yield "rolling", "Wheels and way", _rolling(seen)
    if seen.figures["imu"]:
        yield "inertial", "Inertial units at rest", _inertial(seen.figures["imu"])
    if seen.figures["battery"]:
        curves = {topic: battery_columns(recording, topic) for topic in seen.figures["battery"]}
        yield (
            "battery",
            "Battery",
            _figure(svg(battery_figure(curves)), "As sensor_msgs/BatteryState tells it.")
            + (_table(seen.figures["battery"], "topic")),
        )
    if seen.events:
        yield "events", "What the nodes complained of", _events(seen, moment)
    if seen.figures["frames"]:
        yield "frames", "Frames", _frames(seen.figures["frames"])
    yield (
        "presence",
        "When each topic spoke",
        _figure(
            svg(presence_figure(recording.times, recording.start_ns, recording.end_ns)),
            "Dark: as many messages as usual; white: silent.",
        )
        + _remarks(recording)
        + _topics(seen.figures["topics"]),
    )


def _remarks(recording: Recording) -> str:
    return f"<ul>{''.join(f'<li>{escape(remark)}</li>' for remark in recording.remarks)}</ul>"


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


def told(value: Any) -> str:
    """Return a figure as the page shows it."""
    if value is None:
        return NOT_MEASURED
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(told(item) for item in value) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {told(item)}" for key, item in value.items())
    return escape(str(value))


def _table(rows: dict[str, dict[str, Any]], head: str) -> str:
    names = list(next(iter(rows.values())))
    heads = "".join(f"<th>{escape(name)}" for name in names)
    body = "".join(
        f"<tr><td><code>{escape(topic)}</code></td>"
        + "".join(f"<td class=number>{told(row[name])}</td>" for name in names)
        + "</tr>"
        for topic, row in rows.items()
    )
    return f"<div class=scroll><table><thead><tr><th>{head}{heads}</thead><tbody>{body}</tbody></table></div>"


def _tracks(figures: dict[str, Any]) -> str:
    return _table(figures["tracks"], "track")


def _errors(figures: dict[str, Any]) -> str:
    if figures["errors_missing"]:
        return f'<p class="absent">Errors are not measured: {escape(figures["errors_missing"])}.</p>'
    rows: dict[str, dict[str, Any]] = {}
    for topic, found in figures["errors"].items():
        if found["missing"]:
            rows[topic] = {"ATE rms [m], by alignment": f"{NOT_MEASURED}: {found['missing']}"}
            continue
        rows[topic] = {
            "ATE rms [m], by alignment": {name: held["rmse"] for name, held in found["ate_m"].items()},
            "RPE [%]": found["rpe_percent"],
            "end error [m]": found["end_error_m"],
            "drift [%]": found["drift_percent"],
            "heading rms [deg]": found["yaw_rmse_deg"],
            "matched way [m]": found["matched_m"],
            "of [m]": found["true_m"],
        }
    widest = max(rows.values(), key=len, default={})
    full = {name: {key: row.get(key) for key in widest} for name, row in rows.items()}
    return f"<p>Against <code>{escape(figures['truth'])}</code>:</p>" + (_table(full, "estimate") if full else "")


def _motion(recording: Recording, seen: Overview) -> str:
    figures = seen.figures["motion"]
    drawn = _figure(
        svg(motion_figure(seen.asked, seen.told, recording.start_ns)), "By the time at which they were received."
    )
    if figures["missing"]:
        return (
            drawn + f'<p class="absent">How speeds follow commands is not measured: {escape(figures["missing"])}.</p>'
        )
    return drawn + _table({"all": {name: figures[name] for name in figures if name != "missing"}}, "")


def _rolling(seen: Overview) -> str:
    measured = [found for found in seen.rolled if not found.missing]
    rows = {
        topic: {name: row[name] for name in row if name != "missing"}
        for topic, row in seen.figures["rolling"].items()
        if row["missing"] is None
    }
    said = (
        "Share of the turning that made no way, over 5 s, driving straight, against the median way a radian of this "
        "recording: nobody tells the radius of a wheel, so a slip that is always there is not seen."
    )
    return _figure(svg(rolling_figure(measured)), said) + _table(rows, "joints of")


def _inertial(units: dict[str, Any]) -> str:
    told_of = "".join(
        f'<p class="absent"><code>{escape(topic)}</code> is not measured at rest: {escape(found["missing"])}.</p>'
        for topic, found in units.items()
        if found["missing"]
    )
    rows = {topic: {name: found[name] for name in found if name != "missing"} for topic, found in units.items()}
    return _table(rows, "topic") + told_of


def _events(seen: Overview, moment: Callable[[str, float], str]) -> str:
    shown = seen.figures["events"]
    rows = "".join(
        f"<tr><td class=number>{_told_at(event, moment)}</td><td class=number>{event['count']}</td>"
        f"<td><span class='chip {event['level']}'>{event['level']}</span></td>"
        f"<td><code>{escape(event['source'])}</code></td><td>{escape(event['text'])}</td></tr>"
        for event in shown
    )
    head = "<thead><tr><th>first at<th>times<th>level<th>source<th>text</thead>"
    more = len(seen.events) - len(shown)
    left = f"<p>{more} more are not shown.</p>" if more else ""
    return (
        _figure(svg(events_figure(seen.events, seen.figures["duration_s"])), "Warnings, errors and recoveries.")
        + f"<div class=scroll><table>{head}<tbody>{rows}</tbody></table></div>{left}"
    )


def _told_at(event: dict[str, Any], moment: Callable[[str, float], str]) -> str:
    return moment(f"{event['t_s']:.1f} s", event["t_s"])


def _frames(frames: dict[str, Any]) -> str:
    children: dict[str, list[str]] = {}
    for child, parent in frames["parents"].items():
        children.setdefault(parent, []).append(child)

    def branch(name: str, above: tuple[str, ...]) -> str:
        below = "".join(branch(child, (*above, name)) for child in children.get(name, []) if child not in above)
        return f"<li><code>{escape(name)}</code>{f'<ul>{below}</ul>' if below else ''}</li>"

    faults = "".join(f"<li>{escape(fault)}</li>" for fault in frames["faults"])
    wrong = f'<div class="warning"><ul>{faults}</ul></div>' if faults else "<p>No fault was found.</p>"
    return wrong + f"<ul>{''.join(branch(root, ()) for root in frames['roots'])}</ul>"


def _topics(topics: dict[str, dict[str, Any]]) -> str:
    shown = {
        topic: {
            "type": found["type"],
            "part": found["part"] or "",
            "messages": found["messages"],
            "rate [Hz]": found["rate_hz"],
            "jitter": found["jitter"],
            "longest gap [s]": found["longest_gap_s"],
            "latency [ms]": found["latency_ms"],
            "MB": found["bytes"] / 1e6,
        }
        for topic, found in topics.items()
    }
    return _table(shown, "topic")
