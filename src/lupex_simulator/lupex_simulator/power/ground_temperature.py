# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Temperature of the ground around the rover by place and time: a surface balance without what lies below it."""

import math
from dataclasses import dataclass

from lupex_models.constants import ASTRONOMICAL_UNIT_M, SOLAR_CONSTANT_W_M2, STEFAN_BOLTZMANN
from lupex_worlds.truth.power_truth import HeatDraw

BOND_ALBEDO = 0.12
"""[L] of the literature on the Moon."""
INFRARED_EMISSIVITY = 0.95
"""[L] of the literature on the Moon."""
VIEW_M = 5.0
"""[A] the ground that warms the rover lies within it."""


@dataclass(frozen=True)
class Place:
    """Where the rover stands and what it has done; unknown ground is level."""

    x_m: float = 0.0
    y_m: float = 0.0
    sun_on_ground: float = 0.0
    """Cosine of the Sun's incidence on the ground around, negative behind it."""
    driven_m: float = 0.0
    drilled_m: float = 0.0


class Ground:
    """State of the ground: where the rover stands it follows light with its own time constants.

    Other ground has had its present light for long: a drive changes to it as the view does.
    """

    def __init__(self, draw: HeatDraw) -> None:
        self._draw = draw
        self._place: Place | None = None
        self.kelvin = draw.shade_ground_k

    def balance_k(self, share: float, sun_distance_m: float, place: Place, *, permanent_shadow: bool) -> float:
        """Return the temperature at which the ground gives off what it takes up from a share of the Sun's disc."""
        draw = self._draw
        dark = draw.permanent_shadow_at(place.x_m, place.y_m) if permanent_shadow else draw.shade_ground_k
        # lit facets of rough ground are warm even where level ground has the Sun at its horizon
        cosine = min(math.hypot(draw.slope_share * max(place.sun_on_ground, 0.0), draw.rough_cosine), 1.0)
        flux = SOLAR_CONSTANT_W_M2 * (ASTRONOMICAL_UNIT_M / sun_distance_m) ** 2
        lit = (1.0 - BOND_ALBEDO) * flux * cosine / (INFRARED_EMISSIVITY * STEFAN_BOLTZMANN)
        # at least what the place has without the Sun
        return max(float((min(max(share, 0.0), 1.0) * lit) ** 0.25), dark)

    def step(
        self, share: float, sun_distance_m: float, place: Place, dt_s: float, *, permanent_shadow: bool = False
    ) -> float:
        """Advance by `dt_s` at a place; return the ground's temperature [K]."""
        balance = self.balance_k(share, sun_distance_m, place, permanent_shadow=permanent_shadow)
        before, self._place = self._place, place
        if before is None:
            self.kelvin = balance
            return balance
        moved_m = math.hypot(place.x_m - before.x_m, place.y_m - before.y_m)
        constant_s = self._draw.ground_warming_s if balance > self.kelvin else self._draw.ground_cooling_s
        self.kelvin = balance + (self.kelvin - balance) * math.exp(-dt_s / constant_s - moved_m / VIEW_M)
        return self.kelvin
