# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rolling map of the ground's height around the rover, fused from lidar clouds."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lupex_models.rover import Body, Lidar
from lupex_traversability.carried import Stance, moved
from lupex_traversability.cloud_binning import CloudBinning
from lupex_traversability.config import MapConfig
from lupex_traversability.doubt import Doubt
from lupex_traversability.fusion import fill_between, fuse
from lupex_traversability.layers import ASSUMED, BETWEEN, SEEN, UNKNOWN, Layers
from lupex_traversability.ray_clearing import clear_by_rays
from lupex_traversability.rolling_window import corner_of

__all__ = ["ASSUMED", "BETWEEN", "SEEN", "UNKNOWN", "ElevationMap", "Insertion"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Insertion:
    """What became of a cloud: the number of points used, or why it was refused.

    `followed` says how the map was moved as a whole because clouds went on telling so. Of `cleared` cells rays proved
    the upper surface gone; of `unsettled` ones cloud and map say different things until more clouds have come.
    """

    used: int
    refusal: str = ""
    followed: str = ""
    cleared: int = 0
    unsettled: int = 0


class ElevationMap:
    """Square of n x n cells in odom, rows along y, columns along x, that scrolls by whole cells.

    `height_m`, `variance_m2`, `low_m` and `high_m` (lowest and highest of the cell) hold where `source` is not UNKNOWN;
    `hidden_m` bounds the relief that the rays could have missed there. Cell [0, 0] has its centre at
    ((corner_x + 0.5) cell, (corner_y + 0.5) cell). Returns off `body` are no ground; None: the lidar does not see it.
    """

    def __init__(self, config: MapConfig, lidar: Lidar, body: Body | None = None) -> None:
        self.config = config
        self.lidar = lidar
        self.size = round(config.size_m / config.cell_m)
        self.corner_x = 0
        self.corner_y = 0
        self._layers = layers = Layers.unknown(self.size)
        self.height_m, self.variance_m2 = layers.height_m, layers.variance_m2
        self.low_m, self.high_m, self.hidden_m = layers.low_m, layers.high_m, layers.hidden_m
        self.source = layers.source
        self._binning = CloudBinning(config, lidar, body, self.size)
        self._doubt = Doubt(config)
        self._last: Stance | None = None
        self._trail: deque[Stance] = deque(maxlen=max(1, round(config.trail_m / config.trail_step_m)))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Cells whose height may be relied on."""
        return np.asarray((self.source != UNKNOWN) & (self.hidden_m <= self.config.hidden_max_m))

    @property
    def origin_m(self) -> tuple[float, float]:
        """Outer corner of cell [0, 0] in odom."""
        return self.corner_x * self.config.cell_m, self.corner_y * self.config.cell_m

    def insert(self, points: NDArray[np.float32], position_m: Array, rotation: Array) -> Insertion:
        """Fuse one cloud, unless it does not lie as the ground that was seen before.

        `points` (n, >= 3) in the lidar's frame; `position_m` (3,) and `rotation` (3, 3) are base_link's in odom.
        Points that are not finite, out of the sensor's range, on the rover itself or off the map are passed over. A
        cloud that is refused leaves the map as it is. Raises ValueError for a pose that is not finite.
        """
        if not (np.isfinite(position_m).all() and np.isfinite(rotation).all()):
            raise ValueError("the pose of a cloud must be finite")
        config = self.config
        now = Stance(np.array(position_m, np.float64), np.array(rotation, np.float64))
        corner = corner_of(now.position_m[0], now.position_m[1], config.cell_m, self.size)
        cloud = self._binning.bin(points, now.position_m, now.rotation, corner)
        followed = ""
        if self._last is None:
            self.corner_y, self.corner_x = corner
            self._assume(now, config.start_clear_radius_m)
        else:
            verdict = self._doubt.judge(cloud, now, self._layers, (self.corner_y, self.corner_x), self._last)
            if verdict.refusal:
                return Insertion(0, refusal=verdict.refusal)
            followed = verdict.followed
            if verdict.way is not None:
                trail = [moved(stance, *verdict.way) for stance in self._trail]
                self._trail.clear()
                self._trail.extend(trail)
                self.corner_y, self.corner_x = verdict.corner
            if verdict.begun_anew:
                self._lay_trail(now)
            self._scroll(now, self._last, corner)
        self._last = now
        clearing = clear_by_rays(cloud, self._layers, config, self.lidar)
        disputed = fuse(cloud, self._layers, config)
        fill_between(cloud, self._layers, config)
        self._stand(now)
        self._assume(now, config.standing_radius_m)
        if not self._trail or np.linalg.norm(now.position_m - self._trail[-1].position_m) >= config.trail_step_m:
            self._trail.append(now)
        return Insertion(cloud.used, "", followed, clearing.cleared, clearing.doubted + disputed)

    def forget(self) -> None:
        """Begin the map anew, but for the ground that the rover has just driven over: that is no matter of the lidar.

        For a map that a wrong pose has ruined, where obstacles stand that no cloud reaches to disprove.
        """
        self._layers.forget()
        self._doubt = Doubt(self.config)
        if self._last is not None:
            self._lay_trail(self._last)

    def _lay_trail(self, now: Stance) -> None:
        """Take ground that is not known as the rover found it where it has driven of late."""
        inside_m = 0.5 * self.size * self.config.cell_m - self.config.standing_radius_m - 2.0 * self.config.cell_m
        for stance in reversed(self._trail):
            if np.abs(stance.position_m - now.position_m)[:2].max() < inside_m:
                self._assume(stance, self.config.standing_radius_m)

    def _scroll(self, now: Stance, before: Stance, corner: tuple[int, int]) -> None:
        """Move the window so that the rover is in its middle; remembered heights lose certainty with distance."""
        driven_m = float(np.linalg.norm(now.position_m - before.position_m))
        self.variance_m2 += np.float32((self.config.drift_m_per_m * driven_m) ** 2)
        self._layers.scroll(corner[0] - self.corner_y, corner[1] - self.corner_x)
        self.corner_y, self.corner_x = corner

    def _stand(self, now: Stance) -> None:
        """Forget heights under the body that the standing rover disproves."""
        config, position_m, rotation = self.config, now.position_m, now.rotation
        rows, columns, x, y = self._around(position_m, config.body_radius_m)
        plane = position_m[2] - (rotation[0, 2] * x + rotation[1, 2] * y) / rotation[2, 2]
        high = self.high_m[rows, columns] > plane + config.clearance_m
        low = self.low_m[rows, columns] < plane - config.clearance_m
        wrong = (x * x + y * y <= config.body_radius_m**2) & (high | low)
        self._layers.forget((rows, columns), wrong)

    def _around(self, position_m: Array, radius_m: float) -> tuple[slice, slice, Array, Array]:
        """Return rows and columns about the rover, and the offsets x (1, n) and y (n, 1) of their centres from it."""
        cell = self.config.cell_m
        reach = math.ceil(radius_m / cell) + 1
        middle_x = math.floor(position_m[0] / cell) - self.corner_x
        middle_y = math.floor(position_m[1] / cell) - self.corner_y
        rows = slice(max(middle_y - reach, 0), middle_y + reach + 1)
        columns = slice(max(middle_x - reach, 0), middle_x + reach + 1)
        y = ((np.arange(self.size)[rows] + self.corner_y + 0.5) * cell - position_m[1])[:, None]
        x = ((np.arange(self.size)[columns] + self.corner_x + 0.5) * cell - position_m[0])[None, :]
        return rows, columns, x, y

    def _assume(self, stance: Stance, radius_m: float) -> None:
        """Take unknown cells within a radius as lying in the plane that the rover stands on."""
        position_m, normal = stance.position_m, stance.rotation[:, 2]
        rows, columns, x, y = self._around(position_m, radius_m)
        known = self.known[rows, columns]
        take = (x * x + y * y <= radius_m**2) & ~known
        height = (position_m[2] - (normal[0] * x + normal[1] * y) / normal[2]).astype(np.float32)
        for grid in (self.height_m, self.low_m, self.high_m):
            grid[rows, columns][take] = height[take]
        self.variance_m2[rows, columns][take] = np.float32(self.config.sigma_min_m**2)
        self.hidden_m[rows, columns][take] = 0.0
        self.source[rows, columns][take] = ASSUMED
