# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the lander truly stands in one draw, against where the map says that it does."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.site import OrbitalSite, Pose2, SiteError
from lupex_worlds.ground import Ground, ground_slope
from lupex_worlds.true_light import TrueLight
from lupex_worlds.truth.start_truth import StartTruth

FloatArray = npt.NDArray[np.float64]

_TRIES = 2000
_FOOTING_SPAN_M = 3.0
"""Between the feet of a lander [A]."""
_LEAST_SUN = 0.5
"""Share of the solar disc that a lander sees where it stands [A]."""


@dataclass(frozen=True)
class Footing:
    """Tells of a place whether a lander may stand there: lit, level and without rocks, as its own cameras choose."""

    start: StartTruth
    site: OrbitalSite
    ground: Ground
    rocks: FloatArray
    light: TrueLight

    def __call__(self, x_m: float, y_m: float) -> bool:
        """Tell it of one place of the map."""
        x, y, diameter = self.rocks[:, 0], self.rocks[:, 1], self.rocks[:, 2]
        if np.any(np.hypot(x - x_m, y - y_m) <= self.start.footing_radius_m + 0.5 * diameter):
            return False
        slope = math.hypot(*ground_slope(self.ground, x_m, y_m, _FOOTING_SPAN_M))
        if not slope <= math.tan(math.radians(self.start.footing_slope_deg)):
            return False
        height_m = self.site.horizon.observer_height_m
        return self.light.sunlit_fraction(x_m, y_m, height_m, self.site.start_utc_s) >= _LEAST_SUN


def draw_start_pose(
    spread: StartTruth, told: Pose2, stands: Callable[[float, float], bool], rng: np.random.Generator
) -> Pose2:
    """Draw the lander's true pose: normal about the told one within the bounds, where a lander `stands` (x, y).

    The told pose itself where the spread is none. Raises SiteError where the lander stands nowhere within the bounds.
    """
    yaw_rad = told.yaw_rad + math.radians(
        _bounded(spread.heading_sigma_deg, spread.heading_at_most_deg, lambda: rng.normal(size=1))[0]
    )
    if spread.position_sigma_m == 0.0 or spread.position_at_most_m == 0.0:
        return dataclasses.replace(told, yaw_rad=yaw_rad)
    for _ in range(_TRIES):
        dx, dy = _bounded(spread.position_sigma_m, spread.position_at_most_m, lambda: rng.normal(size=2))
        if stands(told.x_m + dx, told.y_m + dy):
            return Pose2(told.x_m + dx, told.y_m + dy, yaw_rad)
    raise SiteError(
        f"within {spread.position_at_most_m:g} m of the told place the lander finds no lit ground without rocks and "
        f"below {spread.footing_slope_deg:g} deg to stand on: take another seed of the place"
    )


def _bounded(sigma: float, at_most: float, normal: Callable[[], FloatArray]) -> tuple[float, ...]:
    """Return a normal vector of that sigma on each axis and at most so long; zeros where either is 0."""
    found = np.asarray(normal())
    if sigma == 0.0 or at_most == 0.0:
        return tuple(0.0 for _ in found)
    while float(np.linalg.norm(found)) * sigma > at_most:
        found = np.asarray(normal())
    return tuple(float(value) * sigma for value in found)
