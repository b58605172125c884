# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The soil that driving has taught, and the weaker soil that moves are priced for.

Strengths are those of `lupex_models.soil_strength`. From `AS_FORESEEN` on a soil changes no price: the bound's own
quantile of the foreseen soils is worse. A patch that bears more than the ground elsewhere lowers no price either: the
way back may lead beside it, and the place is known to metres only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import CertificateConfig

Array = NDArray[np.float64]
Patch = tuple[int, int]
"""(column, row) of a square of the map, whose corner of least x and y is (column, row) times the side."""

AS_FORESEEN = 0.0


@dataclass(frozen=True)
class Soil:
    """Strength of the ground elsewhere, and of the patches that are weaker."""

    elsewhere: float = AS_FORESEEN
    patch_m: float = math.inf
    weaker: Mapping[Patch, float] = field(default_factory=lambda: MappingProxyType({}))

    def over(self, x_m: Array, y_m: Array, reach_m: float) -> Array:
        """Return the least strength (ny, nx) within `reach_m`, along x and y, of each place of a grid."""
        found = np.full(x_m.shape, self.elsewhere)
        columns, rows = x_m[0], y_m[:, 0]
        for (column, row), strength in self.weaker.items():
            inside = np.ix_(self._near(rows, row, reach_m), self._near(columns, column, reach_m))
            found[inside] = np.minimum(found[inside], strength)
        return found

    def at(self, x_m: float, y_m: float) -> float:
        """Return the strength at a place."""
        if not self.weaker:
            return self.elsewhere
        patch = math.floor(x_m / self.patch_m), math.floor(y_m / self.patch_m)
        return self.weaker.get(patch, self.elsewhere)

    def bears(self, other: "Soil") -> bool:
        """Tell whether nowhere more is counted on than the other soil has.

        Patches of another side are other ground: then each must be as weak everywhere.
        """
        if self.elsewhere > other.elsewhere:
            return False
        same = self.patch_m == other.patch_m
        return all(
            (self.weaker.get(patch, self.elsewhere) if same else self.elsewhere) <= strength
            for patch, strength in other.weaker.items()
        )

    def _near(self, places: Array, at: int, reach_m: float) -> NDArray[np.bool_]:
        return np.asarray((places + reach_m >= at * self.patch_m) & (places - reach_m <= (at + 1) * self.patch_m))


@dataclass(frozen=True)
class LearnedSoil:
    """What driving has taught: the soil that is expected, and the one that the ground surely is not weaker than."""

    expected: Soil = field(default_factory=Soil)
    surely: Soil = field(default_factory=Soil)
    measurements: int = 0
    """Behind it; without any it is the soil foreseen."""

    def after(self, heard: "LearnedSoil") -> "LearnedSoil":
        """Return what is known after a word of the teller; one that measured less began anew and takes nothing back."""
        if heard.measurements >= self.measurements:
            return heard
        return replace(self, surely=weaker_of(self.surely, heard.surely))


def counted_on(median: float, low: float) -> float:
    """Return the strength that a proof counts on, of ground whose strength has a median and a 5 % quantile.

    Ground that is as good as foreseen in the median is what the bound is a quantile of: it counts as foreseen. Its low
    quantile says little while little has been driven over, and would close a site before it is known.
    """
    return low if median < AS_FORESEEN else AS_FORESEEN


def soil_of(elsewhere: float, patch_m: float, patches: Mapping[Patch, float]) -> Soil:
    """Return the soil without the patches that lower no price. Strengths over AS_FORESEEN count as that."""
    elsewhere = min(elsewhere, AS_FORESEEN)
    weaker = {patch: strength for patch, strength in sorted(patches.items()) if strength < elsewhere}
    return Soil(elsewhere, patch_m if weaker else math.inf, MappingProxyType(weaker))


def price_for(soil: Soil, config: CertificateConfig) -> Soil:
    """Return the soil to price for: weaker by some room and in steps, so that not each look asks for new prices.

    The room is also for what one number does not tell: a descent skids less than a climb on that soil slips.
    """

    def stepped(strength: float, step: float) -> float:
        if strength >= AS_FORESEEN:
            return AS_FORESEEN
        return math.floor((strength - config.soil_room) / step) * step

    elsewhere = stepped(soil.elsewhere, config.soil_step)
    # patches come one after the other: each new one is not to ask for a new field
    weaker = {at: value for at, value in soil.weaker.items() if value < elsewhere}
    return soil_of(
        elsewhere, soil.patch_m, {at: stepped(value, 2.0 * config.soil_step) for at, value in weaker.items()}
    )


def weaker_of(one: Soil, other: Soil) -> Soil:
    """Return a soil that counts on no more than either; patches of different sides count as all the ground."""
    elsewhere = min(one.elsewhere, other.elsewhere)
    if one.weaker and other.weaker and one.patch_m != other.patch_m:
        elsewhere = min(elsewhere, *one.weaker.values(), *other.weaker.values())
    patch_m = one.patch_m if one.weaker else other.patch_m
    patches = {
        at: min(one.weaker.get(at, elsewhere), other.weaker.get(at, elsewhere)) for at in {*one.weaker, *other.weaker}
    }
    return soil_of(elsewhere, patch_m, patches)
