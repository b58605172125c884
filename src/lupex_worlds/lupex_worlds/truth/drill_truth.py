# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Spreads of the drill's power and of what a sample loses on its way, and what one run draws from them.

The defaults are those of the level `kind`. Each pair is drawn uniformly.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lupex_models.configuration import setting
from lupex_worlds.spread import Range, uniform


@dataclass(frozen=True)
class DrillTruth:
    """Spread of the rig's electrical power and pace, beside the work of cutting."""

    electronics_w: tuple[float, float] = setting(
        (0.0, 0.0), "drives and brakes of an unstowed rig", unit="W", minimum=0, maximum=500
    )
    rotary_drag_w: tuple[float, float] = setting(
        (0.0, 0.0), "cold gears at the cutting rate", unit="W", minimum=0, maximum=500
    )
    motor_efficiency: tuple[float, float] = setting((0.6, 0.6), "rotary drive", minimum=0.05, maximum=1)
    feed_power_w: tuple[float, float] = setting((4.0, 4.0), "of a running feed", unit="W", minimum=0, maximum=500)
    travel_mps: tuple[float, float] = setting(
        (0.010, 0.010), "fastest feed that it reaches", unit="m/s", minimum=5e-4, maximum=0.1
    )


class DrillDraw(NamedTuple):
    """The rig of one run."""

    electronics_w: float
    rotary_drag_w: float
    motor_efficiency: float
    feed_power_w: float
    travel_mps: float


@dataclass(frozen=True)
class SampleTruth:
    """Spread of what happens to cuttings between the flutes and the balance."""

    mass_loss: tuple[float, float] = setting((0.0, 0.0), "share spilled, drawn a sample", minimum=0, maximum=0.95)
    water_loss: tuple[float, float] = setting(
        (0.0, 0.0), "share of the ice lost to heat, drawn a run", minimum=0, maximum=0.95
    )
    water_loss_sigma: tuple[float, float] = setting((0.0, 0.0), "about it, drawn a sample", minimum=0, maximum=0.5)
    dry_release: tuple[float, float] = setting(
        (0.0, 0.0), "mass share that dry ground gives off, a sample", minimum=0, maximum=0.05
    )
    balance_gain_sigma: tuple[float, float] = setting((0.0, 0.0), "of the balance, one sigma", minimum=0, maximum=0.2)


class SampleDraw(NamedTuple):
    """The handling of one run; pairs are drawn anew for each sample."""

    mass_loss: Range
    water_loss: float
    water_loss_sigma: float
    dry_release: Range
    balance_gain: float


KIND_DRILL = DrillDraw(0.0, 0.0, 0.6, 4.0, 0.010)
"""The level `kind`: the work of cutting and little more."""
KIND_SAMPLE = SampleDraw((0.0, 0.0), 0.0, 0.0, (0.0, 0.0), 1.0)
"""The level `kind`: nothing is lost."""


def draw_drill(spread: DrillTruth, rng: np.random.Generator) -> DrillDraw:
    """Draw the rig's power and pace."""
    return DrillDraw(
        uniform(spread.electronics_w, rng),
        uniform(spread.rotary_drag_w, rng),
        uniform(spread.motor_efficiency, rng),
        uniform(spread.feed_power_w, rng),
        uniform(spread.travel_mps, rng),
    )


def draw_sample(spread: SampleTruth, rng: np.random.Generator) -> SampleDraw:
    """Draw the handling of samples."""
    return SampleDraw(
        spread.mass_loss,
        uniform(spread.water_loss, rng),
        uniform(spread.water_loss_sigma, rng),
        spread.dry_release,
        1.0 + uniform(spread.balance_gain_sigma, rng) * float(rng.standard_normal()),
    )
