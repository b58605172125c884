# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The first figures of a report, one tile each; what was not measured is a dash."""

from typing import Any

NOT_MEASURED = "–"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def told(text: str, *values: float | int | None) -> str:
    """Return a text with values put in, or a dash where one of them is not known."""
    return NOT_MEASURED if any(value is None for value in values) else text.format(*values)


def count(number: int | None, noun: str) -> str:
    """Return a number of things in words."""
    if number is None:
        return f"{noun}s not judged"
    return f"{number} {noun}{'' if number == 1 else 's'}"


def tiles(summary: dict[str, Any]) -> str:
    """Return the tiles of a page."""
    drive, power, where = summary["drive"], summary["power"], summary["localization"]
    water, drill, certificate = summary["water"], summary["drill"], summary["certificate"]
    dark_s = power["dark_s"]
    drilled = drill["depth_m"] or None
    shown = (
        (
            "Driven",
            told("{:.0f} m", drive["distance_m"]),
            f"slip {told('{:.0%}', drive['mean_abs_slip'])} in the mean of its size, {count(drive['stops'], 'stop')}",
        ),
        (
            "In darkness",
            NOT_MEASURED if dark_s is None else duration(dark_s),
            f"battery not below {told('{:.0f} °C', summary['thermal']['battery_min_c'])}",
        ),
        (
            "Lowest charge",
            told("{:.0%}", power["min_soc"]),
            f"{told('{:.0%}', power['min_soc_predicted'])} foreseen on leaving",
        ),
        (
            "Lowest energy",
            told("{:.0f} Wh", power["min_energy_wh"]),
            f"true, {told('{:.0f} Wh', power['min_above_reserve_wh'])} above the reserve",
        ),
        (
            "Lowest margin",
            told("{:.0f} Wh", certificate["min_margin_wh"]),
            f"claimed; {told('{:.0f} Wh', certificate['least_true_margin_wh'])} true, "
            f"{count(certificate['violations'], 'violation')}",
        ),
        (
            "Position error",
            told("{:.2f} m rms", where["ate_rmse_m"]),
            f"{told('{:.2f} %', where['drift_percent'])} of the way at the end",
        ),
        (
            "Heading error",
            told("{:.2f}° rms", where["heading_rmse_deg"]),
            f"NEES {told('{:.1f}', where['nees_mean'])}, 3 expected",
        ),
        (
            "Hole",
            told("{:.2f} m", drilled),
            NOT_MEASURED
            if drilled is None
            else f"{duration(drill['duration_s'])}, recovered {count(drill['recoveries'], 'time')}",
        ),
        (
            "Water ice",
            told("{:.1f} ± {:.1f} %", water["ice_percent"], water["ice_percent_sigma"]),
            f"by mass, mean to {told('{:.2f} m', water['depth_m'])}; "
            f"off by {told('{:.1f}', water['error_sigmas'])} sigma",
        ),
    )
    cells = (f"<span>{head}</span><b>{value}</b><small>{detail}</small>" for head, value, detail in shown)
    return '<div class="tiles">' + "".join(f'<div class="tile">{cell}</div>' for cell in cells) + "</div>"
