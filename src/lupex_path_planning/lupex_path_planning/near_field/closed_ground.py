# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of closed moves over the site from look to look: closed at once, open again only on repeated proof."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import GroundConfig
from lupex_path_planning.near_field.closed_moves import Look
from lupex_path_planning.site_grid import Mask, SiteGrid, touching

Array = NDArray[np.float64]
Counts = NDArray[np.uint16]

_DOUBLED_MOST = 6
"""Times at most that the looks asked for are doubled."""


@dataclass(frozen=True)
class ClosedGround:
    """Moves (8, ny, nx) closed by hazards seen, and when a drive last found each cell (ny, nx) blocked.

    `closings` (8, ny, nx) counts how often a move was closed, `opens` the looks since that showed it open.
    """

    closed: Mask
    blocked_s: Array
    closings: Counts
    opens: Counts

    @classmethod
    def none(cls, grid: SiteGrid) -> "ClosedGround":
        """Return ground on which nothing is closed that the site map calls open."""
        counts = np.zeros((8, *grid.shape), np.uint16)
        return cls(np.zeros((8, *grid.shape), np.bool_), np.full(grid.shape, -np.inf), counts, counts)

    def after(self, look: Look, config: GroundConfig) -> "ClosedGround":
        """Return what is known after a look: what it shows closed is closed at once.

        A move is open again after `open_looks` looks that show it open, with none between them that shows it closed;
        each time that it was closed before, after twice as many. So whatever makes a look err, a gap at the limit
        toggles a few times and then stays closed.
        """
        new = look.closed & ~self.closed
        shown = np.nonzero(look.open & self.closed)
        if not (new.any() or shown[0].size or self.opens[look.closed].any()):
            return self
        closed, closings, opens = self.closed | new, self.closings.copy(), self.opens.copy()
        closings[new] = np.minimum(closings[new] + 1, _DOUBLED_MOST + 1)
        opens[look.closed] = 0
        opens[shown] += 1
        enough = opens[shown] >= config.open_looks * 2 ** (closings[shown].astype(np.int64) - 1)
        opened = tuple(index[enough] for index in shown)
        closed[opened], opens[opened] = False, 0
        return replace(self, closed=closed, closings=closings, opens=opens)

    def reported(self, cells: set[tuple[int, int]], now_s: float) -> "ClosedGround":
        """Return what is known after a drive found cells blocked."""
        blocked_s = self.blocked_s.copy()
        for cell in cells:
            blocked_s[cell] = now_s
        return replace(self, blocked_s=blocked_s)

    def moves(self, now_s: float, config: GroundConfig) -> Mask:
        """Return the moves (8, ny, nx) closed at a time: a report counts for `blocked_keep_s`."""
        return self.closed | touching(self._counts(now_s, config))

    def lapse_s(self, now_s: float, config: GroundConfig) -> float:
        """Return when the first of the reports that count now no longer does."""
        return float(np.min(self.blocked_s, where=self._counts(now_s, config), initial=np.inf)) + config.blocked_keep_s

    def _counts(self, now_s: float, config: GroundConfig) -> Mask:
        return np.asarray(now_s - self.blocked_s < config.blocked_keep_s)
