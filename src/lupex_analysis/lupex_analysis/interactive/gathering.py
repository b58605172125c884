# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All that moves on a page, from what was read of a recording."""

from dataclasses import dataclass

import numpy as np

from lupex_analysis.config import Judgement
from lupex_analysis.interactive.live_parts import button
from lupex_analysis.interactive.page_time import PageTime, of_reception, of_sortie
from lupex_analysis.interactive.rover_charts import event_s, rover_charts, rover_ways
from lupex_analysis.interactive.series import Explorer
from lupex_analysis.interactive.sortie_charts import sortie_charts, sortie_ground, sortie_ways
from lupex_analysis.judge.verdict import WayHome
from lupex_analysis.reading import Recording
from lupex_analysis.rover.overview import Overview
from lupex_analysis.scoring import Errors
from lupex_analysis.sortie import Sortie


@dataclass(frozen=True)
class PageClock:
    """Writes moments of tables so that the page can go there."""

    recording: Recording
    time: PageTime

    def since_begin(self, text: str, t_s: float) -> str:
        """Return a moment that is told in seconds after the first message."""
        at_s = event_s(t_s, self.recording, self.time)
        return button(text, at_s, at_s)


def explorer_of(
    recording: Recording, sortie: Sortie | None, errors: Errors | None, seen: Overview | None, way: WayHome,
    rules: Judgement,
) -> tuple[Explorer, PageClock]:  # fmt: skip
    """Gather what moves; `sortie` and `errors` are those of a rover of ours, None for another's."""
    # what is too large for a number becomes none, as in the figures
    with np.errstate(all="ignore"):
        if sortie is None or errors is None:
            time = of_reception(recording)
            charts = tuple(rover_charts(recording, seen, time)) if seen else ()
            ways = rover_ways(seen, time) if seen else ()
            return Explorer(time.span_s, time.utc_zero_s, charts, ways), PageClock(recording, time)
        time = of_sortie(recording, sortie)
        own = tuple(sortie_charts(sortie, errors, way.margins, rules, time))
        more = tuple(rover_charts(recording, seen, time)) if seen else ()
        ways, planned = sortie_ways(sortie, time)
        explorer = Explorer(time.span_s, time.utc_zero_s, own + more, ways, sortie_ground(sortie), planned)
        return explorer, PageClock(recording, time)
