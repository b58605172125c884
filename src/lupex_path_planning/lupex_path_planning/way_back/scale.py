# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Units of the minimum safe charge: the bound's rates and moves in whole units of energy and of time."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import Moves
from lupex_path_planning.way_back.labels import NONE, WHOLE, Rounding

Labels = NDArray[np.uint32]


@dataclass(frozen=True)
class Scale:
    """Units of the labels: energy above the reserve, time before a slice's end, and what a unit of time weighs.

    `numbers` are the rates of waiting, the weight, the greatest value and (unit, reserve); `stop` is (whole slices,
    ticks of the rest, load).
    """

    unit_j: float
    tick_s: float
    weight: np.uint32
    numbers: tuple[Any, ...]
    stop: tuple[int, np.uint32, np.uint32]

    def window(self, *, stop_used: bool) -> int:
        """Return how many slices a move may touch, with the stop in it."""
        return 2 if stop_used else self.stop[0] + 3


def scale_of(
    moves: Moves, light: LightSlices, config: RecoveryConfig, reserve_j: float, capacity_j: float, rounding: Rounding
) -> Scale:
    """Choose units in which a full battery and the load of a slice just fit a label."""
    slice_s = light.slice_s
    parked = moves.parked_w * moves.discharge * slice_s
    # keys are values and the weight of up to a slice of time
    unit = (capacity_j - reserve_j + parked) / (float(NONE) - 2.0 * float(WHOLE) - 4.0)
    mantissa, exponent = math.frexp(unit)
    unit = math.ldexp(math.ceil(mantissa * 64.0) / 64.0, exponent)
    tick = slice_s / float(WHOLE)
    # no less than the load: else labels that must be early win by what time is held too cheap, and covers rise
    weight = np.uint32(math.floor(parked / unit / float(WHOLE)) + 1)
    rates = (
        np.float32(parked / unit),
        np.float32(moves.discharge * slice_s / unit),
        np.float32(moves.charge / moves.discharge),
        np.float32(moves.charge_max_w * moves.charge * slice_s / unit),
    )
    numbers = rates, weight, np.uint32((capacity_j - reserve_j) / unit), (unit, reserve_j)
    whole = math.floor(config.stop_s / slice_s)
    left_s = config.stop_s - whole * slice_s
    rest = math.floor(left_s / tick + rounding.stop_ticks) if left_s > 0.0 else 0
    load = moves.parked_w * moves.discharge * config.stop_s / unit
    stop = math.floor(load + rounding.stop) if load > 0.0 else 0
    return Scale(unit, tick, weight, numbers, (whole, np.uint32(rest), np.uint32(min(stop, int(NONE)))))


class PackedMoves(NamedTuple):
    """Moves as kernels read them: `codes` (8, ny, nx) of power << 16 | time, each rounded up, 0 for a closed move.

    Power is in steps of `watt` (a power of two), time in sixteenths of a tick; `second` is the energy in units that a
    watt draws in one of these; from `most_w` on no move draws anything from the battery.
    """

    codes: Labels
    watt: np.float32
    second: np.float32
    most_w: np.float32


def packed_moves(moves: Moves, scale: Scale) -> PackedMoves:
    """Return time and power of the moves in units; those that no slice or label holds are closed."""
    time_s = np.where(np.isfinite(moves.time_s), moves.time_s, 0.0)
    power_w = np.where(np.isfinite(moves.time_s), moves.power_w, 0.0)
    most_w = max(float(power_w.max(initial=0.0)), 1.0)
    watt = math.ldexp(1.0, math.frexp(most_w / 65535.0)[1])
    times = np.ceil(16.0 * time_s / scale.tick_s)
    second = moves.discharge * scale.tick_s / 16.0 / scale.unit_j
    fits = (time_s > 0.0) & (times < 16.0 * float(WHOLE)) & (power_w * times * second < float(NONE) - 2.0)
    codes = np.where(fits, np.ceil(power_w / watt) * 65536.0 + times, 0.0)
    return PackedMoves(
        np.ascontiguousarray(codes, np.uint32),
        np.float32(watt),
        np.nextafter(np.float32(second), np.float32(np.inf)),
        np.float32(most_w + watt),
    )
