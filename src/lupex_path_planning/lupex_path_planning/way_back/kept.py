# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is kept of a settled slice: labels, which of them are havens', and the values that cover the whole slice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_path_planning.way_back.kernel import kernel
from lupex_path_planning.way_back.labels import LOW, NONE, NOTHING, SHIFT, throughout, value_of
from lupex_path_planning.way_back.scale import Scale

U = np.uint32
_HOME = U(2**31)
"""Bit of a kept label that is a haven's."""
_COARSE = U(3)
"""Bits of the value over a whole slice that are rounded up and dropped."""
_LOST = U(2**3 - 1)
_NEVER = np.uint16(2**16 - 1)

Labels = NDArray[np.uint32]
Coarse = NDArray[np.uint16]


@kernel
def keep(label_out, value_out, layer, i, haven, numbers, ramp):  # type: ignore[no-untyped-def]
    """Store a settled row: its labels, and the values over the whole slice.

    What a full battery does not hold is no way back, here and for all slices before.
    """
    _, weight, most, _ = numbers
    tick = U(U(weight << SHIFT) | U(1))
    end = 1 + haven.size
    x, ahead, wait, least = layer.x[i, 1:end], layer.ahead[i, 1:end], layer.wait[i, 1:end], layer.least[i, 1:end]
    for j in range(x.size):
        label = x[j]
        value = value_of(label, weight)
        label = label if value <= most and label < NOTHING else NOTHING
        late = U(throughout(label, ahead[j], wait[j], least[j], tick, ramp) >> SHIFT)
        value = value if U(label & LOW) == 0 else late
        x[j] = label
        label_out[j] = U(label | _HOME) if haven[j] < NONE and label == U(haven[j] << SHIFT) else label
        value_out[j] = value if label < NOTHING and value <= most else NONE


@kernel
def coarsen(out, values):  # type: ignore[no-untyped-def]
    """Round the values of a row up to `_COARSE` bits."""
    for j in range(values.size):
        out[j] = np.uint16(U(values[j] + _LOST) >> _COARSE) if values[j] < NONE else _NEVER


def plain(labels: Any) -> Any:
    """Return kept labels without the mark of a haven."""
    return labels & ~_HOME


def is_home(labels: Labels) -> NDArray[np.bool_]:
    """Return which kept labels are those of havens."""
    return np.asarray(labels >= _HOME)


def coarse_needs_j(coarse: Coarse, scale: Scale, reserve_j: float) -> NDArray[np.float32]:
    """Return the needs [J] of coarse values, reserve included, rounded up to float32; inf without a way back."""
    return _needs_j(coarse, scale.unit_j * (1 << int(_COARSE)), reserve_j, int(_NEVER))


def needs_j(values: Labels, scale: Scale, reserve_j: float) -> NDArray[np.float32]:
    """Return the needs [J] of values, reserve included, rounded up to float32; inf without a way back."""
    return _needs_j(values, scale.unit_j, reserve_j, int(NONE))


def _needs_j(values: Any, step_j: float, reserve_j: float, never: int) -> NDArray[np.float32]:
    out = np.empty(values.shape, np.float32)
    _joules(out.reshape(-1), np.ascontiguousarray(values).reshape(-1), step_j, reserve_j, never)
    return out


@kernel
def _joules(out, values, step_j, reserve_j, never):  # type: ignore[no-untyped-def]
    for n in range(out.size):
        joules = reserve_j + step_j * values[n]
        rounded = np.float32(joules)
        rounded = rounded if rounded >= joules else np.float32(rounded * np.float32(1.0000002))
        out[n] = rounded if values[n] < never else np.float32(np.inf)
