# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""All that is true of power, heat, drill and samples: the sections of a level, and what one run draws from them."""

import dataclasses
from dataclasses import dataclass

from lupex_worlds.truth.drill_truth import DrillDraw, DrillTruth, SampleDraw, SampleTruth, draw_drill, draw_sample
from lupex_worlds.truth.power_truth import (
    ArrayTruth,
    BatteryTruth,
    HeatTruth,
    PowerDraw,
    draw_array,
    draw_battery,
    draw_heat,
)
from lupex_worlds.truth_draw import random_stream


@dataclass(frozen=True)
class EnergyTruth:
    """The sections of one level; the defaults are those of `kind`."""

    battery: BatteryTruth = dataclasses.field(default_factory=BatteryTruth)
    array: ArrayTruth = dataclasses.field(default_factory=ArrayTruth)
    heat: HeatTruth = dataclasses.field(default_factory=HeatTruth)
    drill: DrillTruth = dataclasses.field(default_factory=DrillTruth)
    sample: SampleTruth = dataclasses.field(default_factory=SampleTruth)


@dataclass(frozen=True)
class EnergyDraw:
    """What is true in one run."""

    power: PowerDraw
    drill: DrillDraw
    sample: SampleDraw


def draw_energy(truth: EnergyTruth, cells_in_series: int, seed: int) -> EnergyDraw:
    """Draw each subject from a stream of its own, so that a change of one leaves the others as they were."""
    return EnergyDraw(
        PowerDraw(
            draw_battery(truth.battery, cells_in_series, random_stream(seed, "battery")),
            draw_array(truth.array, random_stream(seed, "array")),
            draw_heat(truth.heat, random_stream(seed, "heat")),
        ),
        draw_drill(truth.drill, random_stream(seed, "drill")),
        draw_sample(truth.sample, random_stream(seed, "sample")),
    )
