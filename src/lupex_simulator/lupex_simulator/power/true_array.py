# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The solar tower that is truly there: strings in rows over three faces, dust, heat, pointing and partial shade."""

import math
from collections.abc import Sequence

from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.rover import SolarArray
from lupex_worlds.truth.power_truth import ARRAY_FACES, ARRAY_ROWS, ARRAY_STRINGS, ArrayDraw

FACE_TURN_RAD = (-0.12, 0.0, 0.12)
"""[A] the outer faces of a thin-film tower are bent back a little."""
_LEAST_SHARE = 0.05
"""[A] of the disc: with less, a string's voltage is under that of the others and its diode bypasses it."""
_REFERENCE_K = 301.15
"""[L] of rated cell power (28 degC, AIAA S-111)."""


def deck_incidence_rad(x: float, y: float, z: float) -> float:
    """Return the Sun's height over the deck [rad] from its unit vector in base_link: all that a turning tower sees."""
    return abs(math.atan2(z, math.hypot(x, y)))


class TrueArray:
    """Geometry and losses of the tower; its dust comes in by how far the rover drove and drilled."""

    def __init__(self, array: SolarArray, draw: ArrayDraw) -> None:
        self._draw = draw
        self._dead = frozenset(draw.dead_strings)
        turned = [math.cos(draw.pointing_error_rad + turn) / math.cos(turn) for turn in FACE_TURN_RAD]
        # rated with all faces as they are bent and the tower pointed well
        self._face_gain = tuple(max(gain, 0.0) for gain in turned)
        self._string_w = array.power_w * (1.0 - array.degradation) * draw.power_factor / ARRAY_STRINGS

    def dust(self, driven_m: float, drilled_m: float) -> float:
        """Return the share of light that dust lets through: exponential in what has settled."""
        draw = self._draw
        return math.exp(-draw.dust_per_km * driven_m / 1000.0 - draw.dust_per_drilled_m * drilled_m)

    def power_w(
        self,
        shares: tuple[float, float, float],
        incidence_rad: float,
        sun_distance_m: float,
        panel_k: float,
        clear: float = 1.0,
        string_shares: Sequence[float] | None = None,
    ) -> float:
        """Return the tower's electrical power [W].

        `shares` of the Sun's disc are those at the foot, middle and top of the tower, straight between; `string_shares`
        (0..1, one a string) is what nearer things leave of it. A string gives what its least lit cell does.
        Cosine, distance and temperature as Patel (2005, ch. 8). Raises ValueError for another count of strings.
        """
        if string_shares is not None and len(string_shares) != ARRAY_STRINGS:
            raise ValueError(
                f"{len(string_shares)} string shares were given, but the tower has {ARRAY_STRINGS} strings"
            )
        per_string = self._string_w * max(math.cos(incidence_rad), 0.0) * clear
        per_string *= (ASTRONOMICAL_UNIT_M / sun_distance_m) ** 2
        per_string *= max(1.0 + self._draw.temperature_coefficient_k * (panel_k - _REFERENCE_K), 0.0)
        total = 0.0
        low = _share_at(shares, 0.0)
        for row in range(ARRAY_ROWS):
            high = _share_at(shares, (row + 1.0) / ARRAY_ROWS)
            lit = min(low, high)
            low = high
            for face in range(ARRAY_FACES):
                k = row * ARRAY_FACES + face
                share = lit if string_shares is None else lit * min(max(string_shares[k], 0.0), 1.0)
                if share >= _LEAST_SHARE and k not in self._dead:
                    total += share * self._face_gain[face]
        return per_string * total


def _share_at(shares: tuple[float, float, float], height: float) -> float:
    """Return the disc's share at a height (0 foot .. 1 top)."""
    half = 2.0 * height
    low, high, at = (shares[0], shares[1], half) if half <= 1.0 else (shares[1], shares[2], half - 1.0)
    return min(max(low + (high - low) * at, 0.0), 1.0)
