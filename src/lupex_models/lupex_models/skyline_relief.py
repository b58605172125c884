# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Relief laid out for sweeps: lines across the sweep, neighbouring observers' cells beside each other."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lupex_models.skyline_kernels import GROUP, NO_TERRAIN_M

Float32Array = npt.NDArray[np.float32]

GUARD = GROUP + 16
"""Empty columns beside the terrain: a group of rows is looked through whole wherever a part of it meets terrain."""


class Lines(NamedTuple):
    """Relief for sweeps in one direction: a line across the sweep per row, with empty margins.

    A line's cells are sorted by their remainder after division by the observers' spacing (in cells), so that
    neighbouring observers find neighbouring cells. Observers' first row and column are counted in cells.
    """

    heights: Float32Array
    spacing: int
    first_along: int
    first_across: int


@dataclass(frozen=True)
class SweepRelief:
    """Relief around all observers, for sweeps along rows and along columns."""

    along_rows: Lines
    along_columns: Lines


def sweep_relief(heights_m: Float32Array, first_row: int, first_column: int, spacing: int) -> SweepRelief:
    """Lay out heights (ny, nx) for observers in evenly spaced rows and columns of it.

    Sweeps multiply heights by 1 / distance in float32 before they take differences: give them from a datum nearby.
    """
    return SweepRelief(
        Lines(_lay_out(heights_m, spacing), spacing, first_row, first_column),
        Lines(_lay_out(heights_m.T, spacing), spacing, first_column, first_row),
    )


def _lay_out(heights_m: Float32Array, spacing: int) -> Float32Array:
    count, across = heights_m.shape
    part = -(-(across + 2 * GUARD) // spacing)
    lines = np.full((-(-count // GROUP) * GROUP, spacing, part), NO_TERRAIN_M, dtype=np.float32)
    for remainder in range(spacing):
        first = (remainder - GUARD) % spacing
        begin = (GUARD + first) // spacing
        cells = heights_m[:, first::spacing]
        lines[:count, remainder, begin : begin + cells.shape[1]] = cells
    return lines.reshape(lines.shape[0], spacing * part)
