# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The way home in truth, over a whole sortie: every certificate judged, and the end."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import Judgement
from lupex_analysis.judge.need_sweep import true_needs_j
from lupex_analysis.judge.outcome import End
from lupex_analysis.judge.reserve import reserve_wh
from lupex_analysis.judge.true_need import TrueWay, true_need_j
from lupex_analysis.judge.true_world import NoWorldError, find_world, sortie_way
from lupex_analysis.judge.violations import Margins, margins
from lupex_analysis.sortie import Sortie

Array = NDArray[np.float64]
J_PER_WH = 3600.0


@dataclass(frozen=True)
class WayHome:
    """What truth says of the ways home; without the world only `missing`, which says why and how it is had."""

    margins: Margins | None = None
    end: End = field(default_factory=End)
    check_wh: float | None = None
    """Farthest that the two searches of the true need lay apart where both were made."""
    light_rms: float | None = None
    """Between the judge's light at the rover's places and the recorded truth: how well 5 m cells tell it."""
    missing: str = ""


def way_home(custom: Mapping[str, str], sortie: Sortie, rules: Judgement) -> WayHome:
    """Judge the way home of a recorded sortie, where this machine has its world."""
    if not sortie.seen(sortie.truth):
        return WayHome(missing="the recording holds no truth")
    try:
        way = sortie_way(find_world(custom), sortie, rules.way)
    except NoWorldError as error:
        return WayHome(missing=str(error))
    return judged_way(way, custom, sortie, rules)


def judged_way(way: TrueWay, custom: Mapping[str, str], sortie: Sortie, rules: Judgement) -> WayHome:
    """Judge a sortie against known ways home.

    Every moment by the sweep; the last, and those of the least claimed and the least true margin, by the search of
    labels too.
    """
    truth = sortie.truth
    x, y, t = (float(truth[name][-1]) for name in ("x_m", "y_m", "t"))
    last = float(true_needs_j(way, np.array([x]), np.array([y]), np.array([t]))[0]) / J_PER_WH
    apart = [_apart(last, true_need_j(way, x, y, t) / J_PER_WH)]
    found = margins(
        sortie,
        lambda xs, ys, ts: true_needs_j(way, xs, ys, ts) / J_PER_WH,
        lambda ts: reserve_wh(custom, sortie, rules, ts),
        rules.way,
    )
    if found is not None:
        for at in {found.least, int(np.argmin(found.true_wh))}:
            x, y = (float(np.interp(found.t[at], truth["t"], truth[name])) for name in ("x_m", "y_m"))
            apart.append(_apart(float(found.need_wh[at]), true_need_j(way, x, y, float(found.t[at])) / J_PER_WH))
    tolerance = rules.way.resolution_wh + rules.way.resolution_share * (last if math.isfinite(last) else 0.0)
    return WayHome(
        margins=found,
        end=End(None if math.isnan(last) else last, tolerance),
        check_wh=max(apart),
        light_rms=_light_rms(way, sortie),
    )


def _apart(first_wh: float, second_wh: float) -> float:
    same = first_wh == second_wh or (math.isnan(first_wh) and math.isnan(second_wh))
    return 0.0 if same else abs(first_wh - second_wh)


def _light_rms(way: TrueWay, sortie: Sortie) -> float:
    """Return how far the way's light lies from the recorded truth, over the true states within it."""
    truth = sortie.truth
    frames, ny, nx = way.light.shape
    frame = np.floor((truth["t"] - way.start_s) / way.frame_s).astype(int)
    row = np.floor((truth["y_m"] - way.y0_m) / way.cell_m + 0.5).astype(int)
    column = np.floor((truth["x_m"] - way.x0_m) / way.cell_m + 0.5).astype(int)
    inside = (frame >= 0) & (frame < frames) & (row >= 0) & (row < ny) & (column >= 0) & (column < nx)
    apart = way.light[frame[inside], row[inside], column[inside]] - truth["sunlit_fraction"][inside]
    return float(np.sqrt(np.mean(apart**2))) if len(apart) else math.nan
