# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Certificates against truth: a valid one may never claim more margin than there truly is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_analysis.config import WayRules
from lupex_analysis.sortie import Columns, Sortie

Array = NDArray[np.float64]
Needs = Callable[[Array, Array, Array], Array]
"""(x_m (n), y_m (n), time_s (n)) -> true needs [Wh], inf without a way home, nan where it is not known."""


@dataclass(frozen=True)
class Margins:
    """Claimed and true margin [Wh] at the moments judged; arrays of equal length."""

    t: Array
    claimed_wh: Array
    energy_wh: Array
    """True, above empty."""
    reserve_wh: Array
    need_wh: Array
    """True, without the reserve; inf where no way leads home."""
    tolerance_wh: Array
    least: int
    """Index of the moment of the least claimed margin."""

    @property
    def true_wh(self) -> Array:
        """True energy over reserve and true need; -inf where no way leads home."""
        return self.energy_wh - self.reserve_wh - self.need_wh

    @property
    def excess_wh(self) -> Array:
        """What was claimed beyond what there was; above 0 is too much."""
        return self.claimed_wh - self.true_wh

    @property
    def violated(self) -> NDArray[np.bool_]:
        """Whether a certificate claimed more than its confidence allows.

        It states the energy less three sigma against the worst need, so nothing is left to allow but the resolution
        with which the true need is known.
        """
        return np.asarray((self.excess_wh > self.tolerance_wh) | ~np.isfinite(self.need_wh))


def judged_moments(certificate: Columns, start_s: float, end_s: float, period_s: float) -> NDArray[np.int64]:
    """Return the rows to judge: of the valid certificates of a sortie the first in each period, and the least margin's.

    Times are those of the stamps: a certificate is stamped with its oldest input.
    """
    t, margin = certificate["t"], certificate["margin_wh"]
    usable = (certificate["valid"] > 0) & np.isfinite(t) & np.isfinite(margin) & (t >= start_s) & (t <= end_s)
    rows = np.flatnonzero(usable)
    if not len(rows):
        return rows
    _, first = np.unique(np.floor((t[rows] - start_s) / period_s), return_index=True)
    return np.unique(np.append(rows[first], rows[np.argmin(margin[rows])]))


def margins(sortie: Sortie, needs: Needs, reserve_wh: Callable[[Array], Array], rules: WayRules) -> Margins | None:
    """Judge the certificates of a sortie; None without a valid one at a time and place of known truth."""
    certificate, truth = sortie.certificate, sortie.truth
    if not len(truth["t"]):
        return None
    start_s, end_s = max(sortie.start_s, truth["t"][0]), min(sortie.end_s, truth["t"][-1])
    rows = judged_moments(certificate, start_s, end_s, rules.period_s)
    t = certificate["t"][rows]
    x, y, energy = (np.interp(t, truth["t"], truth[name]) for name in ("x_m", "y_m", "energy_wh"))
    need = needs(x, y, t)
    reserve = reserve_wh(t)
    known = ~np.isnan(need) & np.isfinite(reserve)
    if not np.any(known):
        return None
    claimed = certificate["margin_wh"][rows][known]
    tolerance = rules.resolution_wh + rules.resolution_share * np.where(np.isfinite(need), need, 0.0)
    return Margins(
        t[known], claimed, energy[known], reserve[known], need[known], tolerance[known], int(np.argmin(claimed))
    )


KEYS = (
    "judged",
    "violations",
    "violating_share",
    "violation_episodes",
    "without_way_home",
    "excess_min_wh",
    "excess_median_wh",
    "excess_p95_wh",
    "excess_max_wh",
    "least_true_margin_wh",
    "least_true_margin_t_s",
    "true_margin_at_least_claimed_wh",
    "largest_true_need_wh",
)


def no_violation_figures() -> dict[str, Any]:
    """Return the figures of a sortie whose certificates cannot be judged: nothing is known, which is not 0."""
    return dict.fromkeys(KEYS)


def violation_figures(found: Margins, start_s: float) -> dict[str, Any]:
    """Return the distribution of what certificates claimed beyond the truth.

    Of the moments without any way home there is no excess to tell: they are violations, and counted apart.
    """
    violated, reachable = found.violated, np.isfinite(found.need_wh)
    excess, true = found.excess_wh[reachable], found.true_wh
    at = int(np.argmin(true))
    edges = np.diff(np.concatenate(([False], violated)).astype(int))
    return {
        "judged": len(found.t),
        "violations": int(np.count_nonzero(violated)),
        "violating_share": float(np.mean(violated)),
        "violation_episodes": int(np.count_nonzero(edges > 0)),
        "without_way_home": int(np.count_nonzero(~reachable)),
        "excess_min_wh": _of(excess, 0),
        "excess_median_wh": _of(excess, 50),
        "excess_p95_wh": _of(excess, 95),
        "excess_max_wh": _of(excess, 100),
        "least_true_margin_wh": float(true[at]) if np.isfinite(true[at]) else None,
        "least_true_margin_t_s": float(found.t[at] - start_s),
        "true_margin_at_least_claimed_wh": float(true[found.least]) if np.isfinite(true[found.least]) else None,
        "largest_true_need_wh": _of(found.need_wh[reachable], 100),
    }


def _of(values: Array, percent: float) -> float | None:
    return float(np.percentile(values, percent)) if len(values) else None
