# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The proof of the way back, kept up with the time, with what was measured and with ground found closed."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation

from lupex_models.costmap import Costmap
from lupex_path_planning.config import GroundConfig
from lupex_path_planning.near_field.closed_ground import ClosedGround
from lupex_path_planning.near_field.closed_moves import Room, look
from lupex_path_planning.near_field.costmap import new_hazards
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.priced_soil import Soil
from lupex_path_planning.routes import meets_way_back
from lupex_path_planning.site_grid import Mask
from lupex_path_planning.site_planner import SitePlanner
from lupex_path_planning.way_back.certificate import PoseEstimate, WayBack, ellipse_cells
from lupex_path_planning.way_back.measured_factors import Allowance

_RENEW_SHARE = 0.7
"""The field is computed anew when less than this share of its horizon is left."""

_PLACES_MOST = 40
"""Cells at most whose ways back are followed: that takes some tenths of a second."""

_AROUND = np.ones((3, 3), np.bool_)
_FORESEEN = Soil()


@dataclass(frozen=True)
class Proof:
    """A way back, the moves (8, ny, nx) found closed that it allows for, and the planner over that ground."""

    planner: SitePlanner
    closed: Mask
    way: WayBack


@dataclass(frozen=True)
class _Seen:
    """A costmap that was looked at, from a place (x, y) in map."""

    costmap: Costmap
    place: tuple[float, float]

    def is_due_after(self, before: "_Seen", config: GroundConfig) -> bool:
        """Tell whether this may show more than the look before. Time that runs backward is that of another world."""
        since_s = self.costmap.time_s - before.costmap.time_s
        if 0.0 <= since_s < config.period_s:
            return False
        if not 0.0 <= since_s < config.longest_s or math.dist(self.place, before.place) >= config.moved_m:
            return True
        return new_hazards(before.costmap, self.costmap)


class LiveProof:
    """The newest proof, and the ground as it is known by now. `prove` may run in another thread."""

    def __init__(self, site: SitePlanner, utc_offset_s: float) -> None:
        self.site = site
        self.proof: Proof | None = None
        self._utc_offset_s = utc_offset_s
        self._ground = ClosedGround.none(site.grid)
        self._closed = self._ground.closed
        self._seen: _Seen | None = None
        self._lapse_s = math.inf
        self._news: Mask | None = None
        self._same_ground = False

    @property
    def planner(self) -> SitePlanner:
        """The planner over the ground of the proof."""
        return self.site if self.proof is None else self.proof.planner

    @property
    def way(self) -> WayBack | None:
        """The way back that is proven."""
        return None if self.proof is None else self.proof.way

    def take(self, proof: Proof) -> None:
        """Let a proof be the newest."""
        self.proof = proof
        self._compare()

    def look(
        self,
        now_s: float,
        costmap: Costmap | None,
        rover: tuple[float, float],
        map_from_odom: Planar,
        sigma_m: float,
    ) -> None:
        """Learn from a costmap which moves are closed; `rover` (x, y) in odom. Stale ones, and looks too soon, are not.

        A look is due after the rover has moved, when hazards have appeared, and after `longest_s`. Within one sigma of
        where it is taken to be the place may drift from one side to the other.
        """
        config = self.site.config
        if costmap is None or not abs(now_s - costmap.time_s) <= config.local.costmap_max_age_s:
            return
        x_m, y_m = map_from_odom.apply(np.array([rover]))[0]
        now = _Seen(costmap, (float(x_m), float(y_m)))
        if self._seen is not None and not now.is_due_after(self._seen, config.ground):
            return
        self._seen = now
        room = Room(config.local.inscribed_radius_m, config.ground.open_spare_m, 2.0 * sigma_m)
        seen = look(self.site.grid, costmap, map_from_odom, rover, room, self._ground.closed)
        self._ground = self._ground.after(seen, config.ground)
        self.update(now_s)

    def report(self, cells: set[tuple[int, int]], now_s: float) -> None:
        """Learn from a drive which cells hazards let no way lead into."""
        if cells:
            self._ground = self._ground.reported(cells, now_s)
        if cells or now_s >= self._lapse_s:
            self.update(now_s)

    def update(self, now_s: float) -> None:
        """Let reports lapse that are too old."""
        config = self.site.config.ground
        self._lapse_s = self._ground.lapse_s(now_s, config)
        closed = self._ground.moves(now_s, config) & np.isfinite(self.site.bound.time_s)
        if not np.array_equal(closed, self._closed):
            self._closed = closed
            self._compare()

    def _compare(self) -> None:
        """Note whether the proof is one for the ground as it is known, and which moves it does not know closed."""
        self._news, self._same_ground = None, False
        if self.proof is not None:
            new = self._closed & ~self.proof.closed
            self._news = new if new.any() else None
            self._same_ground = np.array_equal(self.proof.closed, self._closed)

    def serves(self, now_s: float, allowance: Allowance) -> bool:
        """Tell whether the proof covers the time ahead, what was measured and the ground as it is known."""
        proof = self.proof
        if proof is None or not (proof.way.allowance.covers(allowance) and self._lasts(proof, now_s)):
            return False
        return self._same_ground

    def prove(self, now_s: float, allowance: Allowance, expected: Soil = _FORESEEN) -> Proof:
        """Compute the way back over the ground as it is known; in the same light, if that lasts.

        Plans then count on the soil that is `expected`.
        """
        before, closed = self.proof, self._closed
        light = before.way.policy.light if before is not None and self._lasts(before, now_s) else None
        planner = self.site.on_changed_ground(closed).on_soil(expected)
        return Proof(planner, closed, WayBack(planner.recover(now_s, self._utc_offset_s, allowance, light), allowance))

    def doubt(self, now_s: float, pose: PoseEstimate) -> str:
        """Say why the proof may be too kind where the rover may be, empty where it is not.

        Between the moment at which ground is found closed and the next proof, a way back over that ground is none. The
        proof stands where no way back takes a move that was closed, from any cell that the certificate weighs, or that
        a drive comes to meanwhile. Where those are too many it stands where the way from the place itself keeps off
        all cells beside such a move.
        """
        proof, new = self.proof, self._news
        if proof is None or new is None:
            return ""
        config, policy = self.site.config, proof.way.policy
        indices = ellipse_cells(policy, pose, config.certificate.sigma, config.ground.ahead_m)
        cells = [divmod(index, policy.grid.shape[1]) for index in indices]
        here = policy.grid.cell(pose.x_m, pose.y_m)
        if len(cells) > _PLACES_MOST and here is not None:
            beside = np.asarray(binary_dilation(new.any(axis=0), _AROUND))
            cells, new = [here], np.broadcast_to(beside, new.shape)
        met = meets_way_back(policy, now_s, cells, new)
        return "ground on the way back was found closed; it is done anew" if met else ""

    def _lasts(self, proof: Proof, now_s: float) -> bool:
        policy = proof.way.policy
        left = (policy.end_s - now_s) / self.site.config.recovery.horizon_s
        return policy.start_s <= now_s and left >= _RENEW_SHARE
