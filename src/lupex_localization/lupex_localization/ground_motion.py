# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Motion over ground by the lidar: each scan against the patch of ground that earlier ones made, pose by pose."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_localization import ground_patch
from lupex_localization.ground_config import GroundMatching
from lupex_localization.scan_matching import Match, MatchSettings, match
from lupex_models.rover import Lidar

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Patch:
    """Ground about a cloned pose; never changed in place."""

    level: Array
    """(3, 3): the body's axes at the cloned pose into those of the patch, z up."""
    sums: Array
    begun_m: float
    """Way that had been run when it was begun."""
    scans: int = 0


class GroundMatcher:
    """Turn scans into displacements against a patch; holds settings alone."""

    def __init__(self, config: GroundMatching, lidar: Lidar) -> None:
        self._config = config
        self._offset = np.array([lidar.x_m, lidar.y_m, lidar.z_m])
        self._nodes = 2 * round(config.reach_m / config.cell_m) + 1
        self._match = MatchSettings(
            config.cell_m,
            config.tilt_sigma_rad,
            config.floor_m,
            config.alike_points,
            config.misfit_per_m,
            config.relief_share,
            config.relief_sigmas,
        )

    def points(self, cloud: npt.NDArray[np.float32]) -> Array:
        """Return the points (m, 3) of a cloud in base_link's axes that lie near enough, and where ground may lie."""
        config = self._config
        return np.asarray(_near(cloud, self._offset, config.nearest_m, config.reach_m, config.rise_m, config.steepest))

    def begun(self, attitude: Array, run_m: float) -> Patch:
        """Return an empty patch about a body of an attitude (3, 3)."""
        ahead = np.array([attitude[0, 0], attitude[1, 0], 0.0])
        ahead /= max(float(np.linalg.norm(ahead)), 1e-9)
        up = np.array([0.0, 0.0, 1.0])
        level = np.stack([ahead, np.cross(up, ahead), up]) @ attitude
        return Patch(level, np.zeros((2, self._nodes, self._nodes, ground_patch.SUMS)), run_m)

    def grown(self, patch: Patch, points: Array, attitude: Array, moved_m: Array) -> Patch:
        """Return the patch with the points of a body at `attitude` (3, 3), `moved_m` (3,), against its cloned pose."""
        sums = patch.sums.copy()
        placed = points @ (patch.level @ attitude).T + patch.level @ moved_m
        ground_patch.insert(sums, np.ascontiguousarray(placed), self._config.cell_m)
        return replace(patch, sums=sums, scans=patch.scans + 1)

    def matched(self, patch: Patch, points: Array, attitude: Array, moved_m: Array, window_m: float) -> Match | None:
        """Return how to correct a guess, in the body's axes at the cloned pose; None where it cannot be told."""
        config = self._config
        stride = max(1, points.shape[0] // config.points)
        placed = points[::stride] @ (patch.level @ attitude).T + patch.level @ moved_m
        planes = ground_patch.fitted(patch.sums, config.cell_m)
        found = match(planes, np.ascontiguousarray(placed), min(window_m, config.window_m), self._match)
        if found is None or found.overlap < config.overlap:
            return None
        back = patch.level.T
        return Match(back @ found.correction_m, back @ found.covariance @ patch.level, found.overlap, found.residual_m)


@njit(cache=True)
def _near(cloud, offset, nearest, reach, rise, steepest):  # type: ignore[no-untyped-def]
    out = np.empty((cloud.shape[0], 3))
    kept = 0
    for k in range(cloud.shape[0]):
        x, y, z = cloud[k, 0] + offset[0], cloud[k, 1] + offset[1], cloud[k, 2] + offset[2]
        away = np.sqrt(x * x + y * y)
        if nearest <= away <= reach and abs(z) <= rise + steepest * away:
            out[kept, 0], out[kept, 1], out[kept, 2] = x, y, z
            kept += 1
    return out[:kept].copy()
