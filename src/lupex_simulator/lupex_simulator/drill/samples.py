# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Cuttings on their way from the flutes over the cup to the sample analysis."""

import math
from dataclasses import dataclass

import numpy as np

from lupex_models.rover import Drill
from lupex_simulator.drill.cutting import DrillRigConfig
from lupex_worlds.strata import Layer
from lupex_worlds.truth.drill_truth import KIND_SAMPLE, SampleDraw


@dataclass(frozen=True)
class Assay:
    """Raw reading of the sample analysis; as SampleAssay."""

    sample_id: int
    top_m: float
    bottom_m: float
    sample_mass_kg: float
    mass_loss_kg: float
    mass_sigma_kg: float


@dataclass
class Cuttings:
    """What was cut from an interval of depth."""

    top_m: float
    bottom_m: float
    mass_kg: float = 0.0
    ice_kg: float = 0.0

    def add(self, other: "Cuttings") -> None:
        """Take other cuttings on top."""
        self.top_m, self.bottom_m = min(self.top_m, other.top_m), max(self.bottom_m, other.bottom_m)
        self.mass_kg += other.mass_kg
        self.ice_kg += other.ice_kg


class SampleChain:
    """Cuttings ride on the flutes until the bit is drawn to the surface, where they fall into the cup.

    There they lie on top of those of earlier bites. A delivery hands over all of the cup; asked for while it is empty,
    it is made as soon as cuttings get there. A new hole begins with an empty cup. On the way from cup to balance some
    is spilled and some of the ice is lost to the heat of handling; dry ground gives off a little gas too.
    """

    def __init__(
        self,
        config: DrillRigConfig,
        drill: Drill,
        rng: np.random.Generator,
        draw: SampleDraw = KIND_SAMPLE,
        losses: np.random.Generator | None = None,
    ) -> None:
        """Begin empty; `rng` is that of the balance, `losses` that of the handling."""
        self._config = config
        self._draw = draw
        self._losses = rng.spawn(1)[0] if losses is None else losses
        self._area_m2 = 0.25 * math.pi * drill.bit_diameter_m**2
        self._rng = rng
        self._asked_before = False
        self._due = False
        self._flutes: Cuttings | None = None
        self._cup: Cuttings | None = None
        self._heating: list[tuple[float, Cuttings]] = []
        self._samples = 0
        self.fill = 0.0

    def begin_hole(self) -> None:
        """Count samples from one again."""
        self._samples = 0
        self._cup, self._due = None, False

    def take(self, layer: Layer, top_m: float, cut_m: float) -> None:
        """Take what the bit cut below `top_m` onto the flutes."""
        if cut_m <= 0.0:
            return
        mass = layer.density_kg_m3 * self._area_m2 * cut_m
        new = Cuttings(top_m, top_m + cut_m, mass, mass * layer.ice_fraction)
        if self._flutes is None:
            self._flutes = new
        else:
            self._flutes.add(new)
        self.fill += (1.0 + self._config.ice_swelling * layer.ice_fraction) * cut_m / self._config.flute_length_m

    def lose(self, share_left: float) -> None:
        """Let cuttings fall back into the hole."""
        self.fill *= share_left
        if self._flutes is not None:
            self._flutes.mass_kg *= share_left
            self._flutes.ice_kg *= share_left

    def surface(self) -> None:
        """Empty the flutes into the cup: the bit is out of the hole."""
        self.fill = 0.0
        if self._flutes is None:
            return
        if self._cup is None:
            self._cup = self._flutes
        else:
            self._cup.add(self._flutes)
        self._flutes = None

    def ask(self, deliver: bool) -> None:
        """Take the state of the delivery command; its rising edge asks once."""
        self._due = self._due or (deliver and not self._asked_before)
        self._asked_before = deliver

    def deliver(self, time_s: float) -> None:
        """Hand over the cup if a delivery is due and it holds something; call with the analysis switched on."""
        if self._due and self._cup is not None:
            self._heating.append((time_s + self._config.analysis_s, self._cup))
            self._cup, self._due = None, False

    def assay(self, time_s: float) -> Assay | None:
        """Return the next finished analysis, once."""
        if not self._heating or self._heating[0][0] > time_s:
            return None
        _, sample = self._heating.pop(0)
        self._samples += 1
        config = self._config
        before_noise, after_noise = self._rng.standard_normal(2).tolist()
        mass, water = self._handled(sample)
        gain = self._draw.balance_gain
        before = max(gain * mass + config.balance_sigma_kg * before_noise, 0.0)
        after = gain * (mass - water) + config.balance_sigma_kg * after_noise
        return Assay(self._samples, sample.top_m, sample.bottom_m, before, before - after, config.balance_sigma_kg)

    def _handled(self, sample: Cuttings) -> tuple[float, float]:
        """Return the mass [kg] that comes to the balance, and what of it heating drives out."""
        draw = self._draw
        spilled = float(self._losses.uniform(*draw.mass_loss))
        lost = draw.water_loss + draw.water_loss_sigma * float(self._losses.standard_normal())
        lost = min(max(lost, 0.0), 1.0)
        release = float(self._losses.uniform(*draw.dry_release))
        kept = self._config.capture_share * (1.0 - spilled)
        ice = kept * sample.ice_kg * (1.0 - lost)
        dry = kept * (sample.mass_kg - sample.ice_kg)
        return ice + dry, ice + release * dry
