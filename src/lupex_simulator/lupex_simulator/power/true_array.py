# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The solar tower that is truly there: strings in rows over three faces, dust, heat, pointing and partial shade."""

import math
from typing import NamedTuple

from lupex_models.constants import ASTRONOMICAL_UNIT_M
from lupex_models.rover import SolarArray
from lupex_worlds.truth.power_truth import ARRAY_FACES, ARRAY_ROWS, ARRAY_STRINGS, ArrayDraw

FACE_TURN_RAD = (-0.12, 0.0, 0.12)
"""[A] the outer faces of a thin-film tower are bent back a little."""
_LEAST_SHARE = 0.05
"""[A] of the disc: with less, a string's voltage is under that of the others and its diode bypasses it."""
_REFERENCE_K = 301.15
"""[L] of rated cell power (28 degC, AIAA S-111)."""


class FaceLight(NamedTuple):
    """Share [0..1] of the Sun's disc at a face's foot, middle and top; straight between."""

    foot: float
    middle: float
    top: float


Faces = tuple[FaceLight, ...]
"""One a face of the tower, from the right as one looks towards the Sun."""


def evenly(foot: float, middle: float, top: float) -> Faces:
    """Return light that is the same on all faces."""
    return (FaceLight(foot, middle, top),) * ARRAY_FACES


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
        self, faces: Faces, incidence_rad: float, sun_distance_m: float, panel_k: float, clear: float = 1.0
    ) -> float:
        """Return the tower's electrical power [W]; `clear` is the share of light that dust lets through.

        A string gives what its least lit cell does. Cosine, distance and temperature as Patel (2005, ch. 8). Raises
        ValueError for another count of faces.
        """
        if len(faces) != ARRAY_FACES:
            raise ValueError(f"the light of {len(faces)} faces was given, but the tower has {ARRAY_FACES}")
        per_string = self._string_w * max(math.cos(incidence_rad), 0.0) * clear
        per_string *= (ASTRONOMICAL_UNIT_M / sun_distance_m) ** 2
        per_string *= max(1.0 + self._draw.temperature_coefficient_k * (panel_k - _REFERENCE_K), 0.0)
        total = 0.0
        for face, (light, gain) in enumerate(zip(faces, self._face_gain, strict=True)):
            low = _share_at(light, 0.0)
            for row in range(ARRAY_ROWS):
                high = _share_at(light, (row + 1.0) / ARRAY_ROWS)
                share = min(low, high)
                low = high
                if share >= _LEAST_SHARE and row * ARRAY_FACES + face not in self._dead:
                    total += share * gain
        return per_string * total


def _share_at(light: FaceLight, height: float) -> float:
    """Return the disc's share at a height (0 foot .. 1 top)."""
    half = 2.0 * height
    low, high, at = (light.foot, light.middle, half) if half <= 1.0 else (light.middle, light.top, half - 1.0)
    return min(max(low + (high - low) * at, 0.0), 1.0)
