# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the interactive page shows, as plain records: times are seconds on the page's axis, NaN is a gap."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray

BINS = 1000
"""Pieces of a line's time; each keeps its least and its greatest value."""
_SILENT_STEPS = 20.0
_SILENT_SHARE = 1 / 200


@dataclass(frozen=True)
class Line:
    """Values over time; `steps`: each holds until the next."""

    name: str
    colour: str
    t_s: Array
    values: Array
    steps: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """What lies between two values."""

    colour: str
    t_s: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Bar:
    """Something that lasts: in a row, or behind the lines of a chart."""

    begin_s: float
    end_s: float
    colour: str
    text: str = ""


@dataclass(frozen=True)
class Row:
    """Bars beside each other under one name; they may be told at the cursor."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Chart:
    """Lines of one unit, for a section of the page."""

    section: str
    title: str
    unit: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()
    shades: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Rows:
    """Rows over time, for a section of the page; `told`: their texts are shown at the cursor."""

    section: str
    title: str
    rows: tuple[Row, ...]
    told: bool = True


@dataclass(frozen=True)
class Way:
    """A track on the map; without a heading `yaw_rad` is NaN."""

    name: str
    colour: str
    t_s: Array
    x_m: Array
    y_m: Array
    yaw_rad: Array


@dataclass(frozen=True)
class Ground:
    """A picture of the ground under the tracks, [y, x], row 0 the smallest y, red, green, blue, opacity."""

    left_m: float
    bottom_m: float
    width_m: float
    height_m: float
    rgba: Array


@dataclass(frozen=True)
class Explorer:
    """All of a page that moves."""

    span_s: float
    utc_zero_s: float | None
    """UTC at the axis' zero, None where it is not known."""
    charts: tuple[Chart | Rows, ...] = ()
    ways: tuple[Way, ...] = ()
    ground: Ground | None = None
    plan: tuple[Way, ...] = field(default=())
    """Ways that were planned: drawn, and never driven by the cursor."""


def by_time(t_s: Array, *columns: Array) -> tuple[Array, ...]:
    """Return rows in the order of time, without those whose time is no number."""
    order = np.argsort(t_s, kind="stable")
    order = order[np.isfinite(t_s[order])]
    return (t_s[order], *(column[order] for column in columns))


def kept(t_s: Array, columns: Iterable[Array], bins: int = BINS) -> Array:
    """Return the rows that a thinned line needs, in order: of each piece of time extremes, and one NaN where there is.

    `t_s` (n,) does not fall. First and last row are kept.
    """
    count = len(t_s)
    columns = list(columns)
    if count <= 2 * bins * len(columns):
        return np.arange(count)
    span = float(t_s[-1] - t_s[0]) or 1.0
    piece = np.minimum((t_s - t_s[0]) / span * bins, bins - 1).astype(int)
    chosen = [np.array([0, count - 1])]
    for values in columns:
        known = np.flatnonzero(np.isfinite(values))
        order = known[np.lexsort((values[known], piece[known]))]
        edges = np.flatnonzero(np.diff(piece[order], prepend=-1))
        if len(order):
            chosen += [order[edges], order[np.append(edges[1:], len(order)) - 1]]
        unknown = np.flatnonzero(~np.isfinite(values))
        chosen.append(unknown[np.unique(piece[unknown], return_index=True)[1]])
    return np.unique(np.concatenate(chosen))


def with_gaps(t_s: Array, *columns: Array) -> tuple[Array, ...]:
    """Put a row of NaN where nothing was told for long: no line is drawn over silence."""
    if len(t_s) < 3:
        return (t_s, *columns)
    steps = np.diff(t_s)
    longest = max(_SILENT_STEPS * float(np.median(steps)), _SILENT_SHARE * float(t_s[-1] - t_s[0]))
    silent = np.flatnonzero(steps > longest)
    middle = 0.5 * (t_s[silent] + t_s[silent + 1])
    filled = (np.insert(np.asarray(column, dtype=float), silent + 1, np.nan) for column in columns)
    return (np.insert(t_s, silent + 1, middle), *filled)


def thinned(t_s: Array, *columns: Array) -> tuple[Array, ...]:
    """Return columns over time, sorted, with gaps, and as few rows as are seen."""
    rows = with_gaps(*by_time(np.asarray(t_s, dtype=float), *columns))
    chosen = kept(rows[0], rows[1:])
    return tuple(column[chosen] for column in rows)
