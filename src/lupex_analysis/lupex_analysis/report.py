# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One page, complete in itself, that tells a sortie to an engineer; everything on it comes from the recording."""

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from matplotlib.figure import Figure

from lupex_analysis import sortie as topics
from lupex_analysis.config import JUDGEMENT, Judgement
from lupex_analysis.figures.drill_figure import drill_figure
from lupex_analysis.figures.map_figure import map_figure
from lupex_analysis.figures.margin_figure import margin_figure
from lupex_analysis.figures.picture_strip import strip_html, strips
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
from lupex_analysis.interactive.gathering import explorer_of
from lupex_analysis.interactive.live_parts import button, parts
from lupex_analysis.judge.verdict import WayHome
from lupex_analysis.page import CSS
from lupex_analysis.reading import Recording
from lupex_analysis.rover.overview import Overview
from lupex_analysis.rover.sections import sections as any_rover
from lupex_analysis.scoring import Errors, localization_errors
from lupex_analysis.sortie import Sortie
from lupex_analysis.summary import NOT_LOOKED_FOR
from lupex_analysis.tiles import NOT_MEASURED, count, duration, tiles, told

OURS = "lupex_interfaces/"
VERDICTS = {
    "success": ("good", "Success"),
    "home_without_sample": ("fair", "Home without a sample"),
    "unfinished": ("fair", "Unfinished: alive, but not in the Sun"),
    "not_judged": ("fair", "Not judged: no truth in the recording"),
    "lost": ("bad", "Rover lost"),
    "reserve_violated": ("bad", "Reserve violated"),
}


def report_html(
    recording: Recording,
    sortie: Sortie,
    summary: dict[str, Any],
    rules: Judgement = JUDGEMENT,
    way: WayHome = NOT_LOOKED_FOR,
    seen: Overview | None = None,
) -> str:
    """Write the page; figures whose topics are absent are replaced by a sentence that says so.

    Of a rover that is not ours, what its topics tell by their types is all that there is.
    """
    own_rover = seen is None or ours(recording)
    name = recording.path.resolve().name
    title = _title(summary) if summary["world"] else f"Recording {name}"
    errors = localization_errors(sortie.truth, sortie.estimate, rules.match_s) if own_rover else None
    explorer, clock = explorer_of(recording, sortie if own_rover else None, errors, seen, way, rules)
    with drawing():
        own = [] if errors is None else list(_sections(recording, sortie, summary, rules, way, errors))
        sections = [*own, *(() if seen is None else any_rover(recording, seen, clock.since_begin))]
    moving = parts(explorer)
    contents = "".join(f'<a href="#{key}">{escape(head)}</a>' for key, head, _ in sections)
    body = "".join(
        f'<section id="{key}"{" class=replaced" if moving.replaces(key) else ""}><h2>{escape(head)}</h2>'
        f"{moving.sections.get(key, '')}{content}</section>"
        for key, head, content in sections
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # no request for an icon either: the page is all that there is
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{CSS}{moving.css}</style></head><body>'
        f"{_head(title, recording, summary, own_rover)}<nav>{contents}</nav>"
        f'<div class="columns">{moving.beside}<main>{body}</main></div>'
        "<footer>Made by <code>lupex report</code> from the recording alone. Times are simulated or system time since "
        "the start of the sortie. Numbers marked as assumptions in the project's configuration stay assumptions here."
        f"</footer>{moving.scripts}</body></html>\n"
    )


def _head(title: str, recording: Recording, summary: dict[str, Any], own_rover: bool) -> str:
    if not own_rover:
        return _stranger(title, recording, summary)
    kind, verdict = VERDICTS.get(summary["outcome"], ("bad", summary["outcome"]))
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in summary["reasons"])
    warned = _problems(recording)
    return (
        f'<header><div class="verdict {kind}">{escape(verdict)}</div><h1>{escape(title)}</h1>'
        f"<p>{duration(summary['sim_s'])} of the rover's time in {duration(summary['wall_s'])} of wall time "
        f"({told('{:.1f}', summary['real_time_factor'])} times real time), from "
        f"{sum(recording.counts.values()):,} messages on {len(recording.counts)} topics. "
        f"The mission itself says: {escape(summary['mission_says'] or 'nothing, it had not ended')}.</p>"
        f"{'<ul class=reasons>' + reasons + '</ul>' if reasons else ''}{warned}{tiles(summary)}</header>"
    )


def ours(recording: Recording) -> bool:
    """Tell whether a recording is of a rover with this stack."""
    return any(kind.startswith(OURS) for kind in recording.types.values())


def _problems(recording: Recording) -> str:
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in recording.problems)
    return f'<div class="warning"><b>The recording is not whole.</b><ul>{problems}</ul></div>' if problems else ""


def _stranger(title: str, recording: Recording, summary: dict[str, Any]) -> str:
    """Return the head of a page of a rover that is not ours."""
    tracks = summary["rover"]["tracks"]
    longest = max((found["distance_m"] for found in tracks.values()), default=None)
    shown = (
        ("Recorded", duration(summary["rover"]["duration_s"]), f"{sum(recording.counts.values()):,} messages"),
        ("Topics", str(len(recording.counts)), f"{len(set(recording.types.values()))} types"),
        ("Driven", told("{:.1f} m", longest), f"the longest of {count(len(tracks), 'track')}"),
        ("Complaints", str(len(summary["rover"]["events"])), "of diagnostics and logs"),
    )
    cells = "".join(
        f'<div class="tile"><span>{head}</span><b>{value}</b><small>{detail}</small></div>'
        for head, value, detail in shown
    )
    return f'<header><h1>{escape(title)}</h1>{_problems(recording)}<div class="tiles">{cells}</div></header>'


def _title(summary: Mapping[str, Any]) -> str:
    """Return which sortie it is: the world, and how far it was from what is believed."""
    level = "" if summary["truth"] is None else f", truth {summary['truth']}, draw {summary['draw']}"
    return f"Sortie in {summary['world']}, seed {summary['seed']}{level}"


def _sections(
    recording: Recording, sortie: Sortie, summary: dict[str, Any], rules: Judgement, way: WayHome, errors: Errors
) -> Iterator[tuple[str, str, str]]:
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
    if shown := strips(recording, sortie):
        yield "pictures", "Pictures", strip_html(shown, sortie.start_s)
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
    yield "truth", "Certificate against truth", _against_truth(sortie, rules, way) + _consistency(summary)
    yield (
        "localization",
        "Localization",
        _figure(
            len(errors.t) > 0,
            lambda: localization_figure(sortie, errors),
            f"no {topics.ESTIMATE} beside {topics.TRUTH}",
            "Estimate less truth in the map frame, not aligned; the band is its own three sigma.",
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


def _against_truth(sortie: Sortie, rules: Judgement, way: WayHome) -> str:
    found = way.margins
    if found is None:
        why = way.missing or "no valid certificate is at a time and place of known truth"
        return f'<p class="absent">Certificates are not judged: {escape(why)}.</p>'
    return _figure(
        True,
        lambda: margin_figure(sortie, found, rules),
        "",
        "True margin: true energy less the reserve and the true need, the least energy that leads home over true "
        "ground and light, on cells of 5 m. A violation claims more than that and its resolution.",
    )


def _consistency(summary: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td>"
        + (
            "<td colspan=5>not measured</td></tr>"
            if held is None
            else f"<td class=number>{held['n']:,}</td>"
            + "".join(f"<td class=number>{held[f'in_{k}_sigma']:.1%}</td>" for k in (1, 2, 3))
            + f"<td class=number>{held['rms_normalised']:.2f}</td></tr>"
        )
        for name, held in summary["consistency"].items()
    )
    head = (
        "<thead><tr><th>stated<th>samples<th>in 1 sigma<th>in 2 sigma<th>in 3 sigma<th>rms of error over sigma</thead>"
    )
    return (
        "<p>Estimates against truth, by the sigma stated with each; 68.3 %, 95.4 %, 99.7 % and 1 when consistent.</p>"
        f"<div class=scroll><table>{head}<tbody>{rows}</tbody></table></div>"
    )


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
        f"<tr><td class=number>{_moment(fault)}</td><td class=number>{fault['count']}</td>"
        f"<td class=number>{duration(fault['lasted_s'])}{'' if fault['cleared'] else ', not cleared'}</td>"
        f"<td><span class='chip {fault['severity']}'>{fault['severity']}</span></td>"
        f"<td><code>{escape(fault['source'])}: {escape(fault['code'])}</code></td><td>{escape(fault['text'])}</td></tr>"
        for fault in summary["faults"]
    )
    head = "<thead><tr><th>first at<th>times<th>lasted<th>severity<th>fault<th>report</thead>"
    return f"<div class=scroll><table>{head}<tbody>{rows}</tbody></table></div>"


def _moment(fault: dict[str, Any]) -> str:
    begin_s = float(fault["t_s"])
    return button(f"{begin_s / 3600:.2f} h", begin_s, begin_s + float(fault["lasted_s"] or 0.0))


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
        elif item is None:
            yield f"{prefix}{key}", NOT_MEASURED
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
