# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One page, complete in itself, that tells a sortie to an engineer; everything on it comes from the recording."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from matplotlib.figure import Figure

from lupex_analysis import sortie as topics
from lupex_analysis.config import JUDGEMENT, Judgement
from lupex_analysis.figures.drill_figure import drill_figure
from lupex_analysis.figures.map_figure import map_figure
from lupex_analysis.figures.plan_figure import plan_figure
from lupex_analysis.figures.plan_view import PlanView, recorded_plan
from lupex_analysis.figures.style import drawing, svg
from lupex_analysis.figures.time_figures import (
    certificate_figure,
    charge_figure,
    localization_figure,
    neutron_figure,
    timeline_figure,
)
from lupex_analysis.page import CSS
from lupex_analysis.reading import Recording
from lupex_analysis.scoring import localization_errors
from lupex_analysis.sortie import Sortie

VERDICTS = {
    "success": ("good", "Success"),
    "turned_back": ("fair", "Turned back"),
    "unfinished": ("fair", "Unfinished"),
    "not_judged": ("fair", "Not judged: no truth in the recording"),
    "failed": ("bad", "Failed"),
    "lost": ("bad", "Rover lost"),
    "reserve_violated": ("bad", "Reserve violated"),
}


def report_html(recording: Recording, sortie: Sortie, summary: dict[str, Any], rules: Judgement = JUDGEMENT) -> str:
    """Write the page; figures whose topics are absent are replaced by a sentence that says so."""
    name = recording.path.resolve().name
    title = f"Sortie in {summary['world']}, seed {summary['seed']}" if summary["world"] else f"Recording {name}"
    with drawing():
        sections = list(_sections(recording, sortie, summary, rules))
    contents = "".join(f'<a href="#{key}">{escape(head)}</a>' for key, head, _ in sections)
    body = "".join(f'<section id="{key}"><h2>{escape(head)}</h2>{content}</section>' for key, head, content in sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body>"
        f"{_head(title, recording, sortie, summary)}<nav>{contents}</nav><main>{body}</main>"
        "<footer>Made by <code>lupex report</code> from the recording alone. Times are simulated or system time since "
        "the start of the sortie. Numbers marked as assumptions in the project's configuration stay assumptions here."
        "</footer></body></html>\n"
    )


def _head(title: str, recording: Recording, sortie: Sortie, summary: dict[str, Any]) -> str:
    kind, verdict = VERDICTS.get(summary["outcome"], ("bad", summary["outcome"]))
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in summary["reasons"])
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in recording.problems)
    warned = f'<div class="warning"><b>The recording is not whole.</b><ul>{problems}</ul></div>' if problems else ""
    return (
        f'<header><div class="verdict {kind}">{escape(verdict)}</div><h1>{escape(title)}</h1>'
        f"<p>{_duration(summary['sim_s'])} of the rover's time in {_duration(summary['wall_s'])} of wall time "
        f"({summary['real_time_factor']:.1f} times real time), from "
        f"{sum(recording.counts.values()):,} messages on {len(recording.counts)} topics.</p>"
        f"{'<ul class=reasons>' + reasons + '</ul>' if reasons else ''}{warned}{_tiles(sortie, summary)}</header>"
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _tiles(sortie: Sortie, summary: dict[str, Any]) -> str:
    drive, power, where = summary["drive"], summary["power"], summary["localization"]
    water, drill, certificate = summary["water"], summary["drill"], summary["certificate"]
    truth = sortie.seen(sortie.truth)
    scored = truth and sortie.seen(sortie.estimate)
    drilled = drill["depth_m"] > 0
    foreseen = f"{power['min_soc_predicted']:.0%} foreseen on leaving" if power["min_soc_predicted"] else "not foreseen"
    tiles = (
        (
            "Driven",
            truth,
            f"{drive['distance_m']:.0f} m",
            f"mean slip {drive['mean_slip']:.0%}, {_count(drive['stops'], 'stop')}",
        ),
        (
            "In darkness",
            truth,
            _duration(power["dark_s"]),
            f"battery not below {summary['thermal']['battery_min_c']:.0f} °C",
        ),
        ("Lowest charge", truth or sortie.seen(sortie.power), f"{power['min_soc']:.0%}", foreseen),
        (
            "Lowest margin",
            bool((sortie.certificate["valid"] > 0).any()),
            f"{certificate['min_margin_wh']:.0f} Wh",
            _count(certificate["violations"], "violation"),
        ),
        (
            "Position error",
            scored,
            f"{where['ate_rmse_m']:.2f} m rms",
            f"{where['drift_percent']:.2f} % of the way at the end",
        ),
        (
            "Heading error",
            scored,
            f"{where['heading_rmse_deg']:.2f}° rms",
            f"NEES {where['nees_mean']:.1f}, 3 expected",
        ),
        (
            "Hole",
            drilled,
            f"{drill['depth_m']:.2f} m",
            f"{_duration(drill['duration_s'])}, recovered {_count(drill['recoveries'], 'time')}",
        ),
        (
            "Water ice",
            bool(sortie.holes),
            f"{water['ice_percent']:.1f} ± {water['ice_percent_sigma']:.1f} %",
            f"by mass, mean to {water['depth_m']:.2f} m",
        ),
    )
    shown = ((head, value, detail) if there else (head, "–", "not measured") for head, there, value, detail in tiles)
    cells = (f"<span>{head}</span><b>{value}</b><small>{detail}</small>" for head, value, detail in shown)
    return '<div class="tiles">' + "".join(f'<div class="tile">{cell}</div>' for cell in cells) + "</div>"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _sections(
    recording: Recording, sortie: Sortie, summary: dict[str, Any], rules: Judgement
) -> Iterator[tuple[str, str, str]]:
    errors = localization_errors(sortie.truth, sortie.estimate, rules.match_s)
    tracked = sortie.seen(sortie.truth) or sortie.seen(sortie.estimate)
    drilled = sortie.seen(sortie.rig) and (sortie.rig["stowed"] == 0).any()
    yield (
        "map",
        "Map",
        _figure(
            tracked,
            lambda: map_figure(sortie),
            f"no {topics.TRUTH} and no {topics.ESTIMATE}",
            "Relief and light as they were known on leaving; grid north is up.",
        ),
    )
    plan = recorded_plan(sortie)
    yield ("plan", "Plan", _plan(plan))
    yield (
        "timeline",
        "Timeline",
        _figure(
            sortie.seen(sortie.mission) or bool(sortie.faults),
            lambda: timeline_figure(sortie, rules),
            f"no {topics.MISSION} and no {topics.FAULTS}",
            "Light: yellow in the sun, blue in darkness. A fault's bar runs from its appearing to its clearing.",
        )
        + _faults(summary),
    )
    yield (
        "charge",
        "Charge and light",
        _figure(
            sortie.seen(sortie.power) or sortie.seen(sortie.truth),
            lambda: charge_figure(sortie, rules),
            f"no {topics.POWER}",
            "Shaded: less than "
            f"{rules.dark_fraction:.0%} of the Sun's disc at the array. Reserve: energy that no plan may use.",
        ),
    )
    yield (
        "certificate",
        "Return certificate",
        _figure(
            sortie.seen(sortie.certificate),
            lambda: certificate_figure(sortie, rules),
            f"no {topics.CERTIFICATE}",
            "The margin is what remains when the worst case of the way back to sunlight, reserve included, is paid.",
        ),
    )
    yield (
        "localization",
        "Localization",
        _figure(
            len(errors.t) > 0,
            lambda: localization_figure(sortie, errors),
            f"no {topics.ESTIMATE} beside {topics.TRUTH}",
            "Estimate less truth in the map frame, not aligned; red where it left its own three sigma.",
        ),
    )
    yield (
        "drill",
        "Drill log",
        _figure(
            drilled,
            lambda: drill_figure(sortie),
            f"no {topics.RIG} with the drill out of its stow position",
            "Readings while the bit cuts. Ice by the analysis of each interval's cuttings.",
        ),
    )
    yield (
        "neutrons",
        "Neutrons",
        _figure(
            sortie.seen(sortie.neutron),
            lambda: neutron_figure(sortie),
            f"no {topics.NEUTRON}",
            "Counts summed over sixty equal lengths of the track.",
        ),
    )
    yield "figures", "Figures", _figures_table(summary)
    yield "topics", "Topics", _topics_table(recording)


def _figure(there: bool, draw: Callable[[], Figure], absent: str, caption: str) -> str:
    if not there:
        return f'<p class="absent">Not drawn: the recording holds {escape(absent)}.</p>'
    return f"<figure>{svg(draw())}<figcaption>{escape(caption)}</figcaption></figure>"


def _plan(plan: PlanView | None) -> str:
    if plan is None:
        return _figure(False, Figure, f"no {topics.PLAN} with a way", "")
    return _figure(
        True,
        lambda: plan_figure(plan),
        "",
        f"The first plan: {plan.explanation}. Above the minimum safe charge some way home is proven against the worst "
        "case; the moment to turn back is the last at which the expected charge still suffices. The way back is drawn "
        "beside the way out.",
    )


def _faults(summary: dict[str, Any]) -> str:
    if not summary["faults"]:
        return "<p>No fault was reported.</p>"
    rows = "".join(
        f"<tr><td class=number>{fault['t_s'] / 3600:.2f} h</td><td class=number>{fault['count']}</td>"
        f"<td class=number>{_duration(fault['lasted_s'])}{'' if fault['cleared'] else ', not cleared'}</td>"
        f"<td><span class='chip {fault['severity']}'>{fault['severity']}</span></td>"
        f"<td><code>{escape(fault['source'])}: {escape(fault['code'])}</code></td><td>{escape(fault['text'])}</td></tr>"
        for fault in summary["faults"]
    )
    head = "<thead><tr><th>first at<th>times<th>lasted<th>severity<th>fault<th>report</thead>"
    return f"<div class=scroll><table>{head}<tbody>{rows}</tbody></table></div>"


def _figures_table(summary: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td class=number>{value}</td></tr>" for name, value in _flat(summary)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in summary["notes"])
    told = f"<p>What could not be measured:</p><ul>{notes}</ul>" if notes else ""
    return f"<p>As in <code>summary.json</code>.</p><div class=scroll><table><tbody>{rows}</tbody></table></div>{told}"


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{prefix}{key}.")
        elif isinstance(item, float):
            yield f"{prefix}{key}", f"{item:,.4g}" if abs(item) < 1e4 else f"{item:,.0f}"
        elif not isinstance(item, list):
            yield f"{prefix}{key}", escape(str(item))


def _topics_table(recording: Recording) -> str:
    span_s = max((recording.end_ns - recording.start_ns) * 1e-9, 1e-9)
    rows = "".join(
        f"<tr><td><code>{escape(topic)}</code></td><td><code>{escape(recording.types.get(topic, ''))}</code></td>"
        f"<td class=number>{count:,}</td><td class=number>{count / span_s:.1f}</td></tr>"
        for topic, count in recording.counts.items()
    )
    head = "<thead><tr><th>topic<th>type<th>messages<th>per wall second</thead>"
    return f"<div class=scroll><table>{head}<tbody>{rows}</tbody></table></div>"
