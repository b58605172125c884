# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The field of minimum safe charge, computed on two cores: one layer each, the second a few slices behind the first."""

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from lupex_path_planning.config import RecoveryConfig
from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.site_grid import Moves, SiteGrid
from lupex_path_planning.way_back import sweeps
from lupex_path_planning.way_back.havens import flat
from lupex_path_planning.way_back.kept import Coarse, Labels
from lupex_path_planning.way_back.labels import NONE, NOTHING, Rounding
from lupex_path_planning.way_back.layer import block_of, layer
from lupex_path_planning.way_back.look_ahead import outlook
from lupex_path_planning.way_back.scale import Scale, packed_moves

Stage = Callable[[int, int], None]

_CHUNK = 4
"""Slices that one core settles before it hands them to the other."""
_PROVIDED = 4 * _CHUNK
"""Slices whose memory is mapped at once."""
_PAGE = 4096


@dataclass(frozen=True)
class Field:
    """Labels and values over whole slices before and after the stop, (slices, ny, nx)."""

    labels: Labels
    whole: Coarse
    labels_after_stop: Labels
    whole_after_stop: Labels


def field_of(
    grid: SiteGrid,
    moves: Moves,
    light: LightSlices,
    config: RecoveryConfig,
    scale: Scale,
    rounding: Rounding,
    *,
    keep_after_stop: bool,
) -> Field:
    """Settle all slices that a haven can be looked ahead from, latest first."""
    ahead = math.floor(config.haven_time_s / light.slice_s)
    count = light.count - config.slices_ahead(light.slice_s)
    ny, nx = grid.shape
    least = np.ascontiguousarray(light.least_w, np.float32)
    slots = 3 * _CHUNK + scale.stop[0] + 2
    kept = count if keep_after_stop else 0
    labels, whole = np.empty((count, ny, nx), np.uint32), np.empty((count, ny, nx), np.uint16)
    labels_after, whole_after = (np.empty((kept or 1, ny, nx), np.uint32) for _ in range(2))
    ring_x = np.full((slots, ny + 2, nx + 2), NOTHING, np.uint32)
    ring_s = np.full((slots, ny + 2, nx + 2), NONE, np.uint32)
    haven, haven_before = (np.full((slots, ny, nx), NONE, np.uint32) for _ in range(2))
    radius = math.ceil(config.haven_clearance_m / grid.cell_m)
    recharge = np.float32(config.haven_recharge_wh * 3600.0 / scale.unit_j * (1.0 + 1e-6))
    packed = packed_moves(moves, scale)
    view = outlook(flat(grid, config), ahead)
    block = block_of(nx)
    layers = layer(packed.codes), layer(packed.codes)

    def sun(stop_used: bool) -> tuple[Any, ...]:
        return least, radius, recharge, scale.window(stop_used=stop_used)

    def look_ahead(first: int, last: int) -> None:
        sweeps.look_ahead(first, last, sun(True), scale.numbers, view, haven, haven_before, scale.stop, rounding)

    def after(first: int, last: int) -> None:
        sweeps.after_stop(
            first, last, sun(True), scale.numbers, packed, layers[0], block,
            haven, ring_x, ring_s, labels_after, whole_after, rounding,
        )  # fmt: skip

    def before(first: int, last: int) -> None:
        sweeps.before_stop(
            first, last, sun(False), scale.numbers, packed, layers[1], block,
            haven_before, ring_x, ring_s, scale.stop, labels, whole, rounding,
        )  # fmt: skip

    def provide(first: int, last: int) -> None:
        for kept_slices in (labels, whole):
            kept_slices[first : last + 1].reshape(-1)[:: _PAGE // kept_slices.itemsize] = 0

    _in_turn(look_ahead, after, before, provide, count, light.count)
    return Field(labels, whole, labels_after[:kept], whole_after[:kept])


def _in_turn(look_ahead: Stage, after: Stage, before: Stage, provide: Stage, count: int, total: int) -> None:
    """Run the stages over all slices, latest first; `before` a chunk behind `after`, `look_ahead` a chunk in front.

    `before` takes as long as both others, and runs beside them. `provide` has the system map the memory of the result,
    which takes a fifth of that time where it is large, on whichever core waits for the other.
    """
    chunks = _chunks(count, _CHUNK)
    with ThreadPoolExecutor(1) as other, ThreadPoolExecutor(1) as third:
        provided = [third.submit(provide, *chunk) for chunk in _chunks(count, _PROVIDED)]

        def settle(first: int, last: int) -> None:
            provided[(count - 1 - first) // _PROVIDED].result()
            before(first, last)

        look_ahead(count, total - 1)
        look_ahead(*chunks[0])
        settled = other.submit(before, 0, -1)
        for here, ahead in itertools.zip_longest(chunks, chunks[1:]):
            after(*here)
            if ahead is not None:
                look_ahead(*ahead)
            settled.result()
            settled = other.submit(settle, *here)
        settled.result()


def _chunks(count: int, size: int) -> list[tuple[int, int]]:
    """Return (first, last) of chunks of slices, latest first."""
    return [(max(last - size + 1, 0), last) for last in range(count - 1, -1, -size)]
