# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Labels of the minimum safe charge: what one says, and what a move, a stop and the wait make of it.

A label says: whoever is in this cell by `before` units of time before the slice ends needs no more than `value` units
of energy above the reserve. It is one uint32: key << 12 | before, key = value + weight * before, so that the least
label is a trade of energy for time, and whole rows of labels are compared at once. Each number is rounded up.

From a label of the cell ahead there are two ways on. Within: arrive by its `before`. Through: arrive at any time up to
what the label of the next slice allows; between the two the rover waits there, so the greatest of all that counts: the
cover. A move's cost is priced in the same form as a label, so that both ways are additions.
"""

from typing import NamedTuple

import numpy as np

from lupex_path_planning.way_back.kernel import kernel

U = np.uint32
LOW = U(4095)
HIGH = U(2**32 - 4096)
WHOLE = U(2047)
"""A slice in units of time."""
SHIFT = U(12)
NONE = U(2**19 - 1)
"""The value that stands for no way back; values below are energies."""
NOTHING = U((2**19 - 1) << 12)
CLOSED = U(2**31)
"""Cost of a closed move: with any label it comes to more than NOTHING and does not overflow."""


class Rounding(NamedTuple):
    """How far each number is moved to the worse side before its fraction is dropped; all fields as the field needs it.

    Tests turn one at a time to the kind side, and see that ways back fail.
    """

    move: np.float32 = np.float32(1.05)
    """Energy of a move: a unit up, and what float32 may lose."""
    load: np.float32 = np.float32(1.05)
    """Energy of waiting for a slice."""
    gain: np.float32 = np.float32(-0.05)
    """Charge gained by waiting for a slice."""
    ramp: np.uint32 = np.uint32(4095)
    """Energy of waiting for a part of a slice."""
    haven: np.float32 = np.float32(1.05)
    """Fall of the charge in a haven before it rises."""
    ticks: np.uint32 = np.uint32(1)
    """Time of a move: one more than full, as whoever comes just as a slice ends is in the next one."""
    stop_ticks: float = 1.0
    """Time of the stop."""
    stop: float = 1.0
    """Energy of the stop."""
    window: int = 0
    """Slices of light that a move may touch."""


ROUNDING = Rounding()


@kernel
def on(x, y, cost, tick):  # type: ignore[no-untyped-def]
    """Return the label of a move's begin from label and cover of its end; `tick` is weight << 12 | 1."""
    within = U(x + cost)
    later = U(y + cost)
    # of a move through the slice's end only what lies before it counts
    beyond = U(later & LOW)
    beyond = beyond if beyond < WHOLE else WHOLE
    through = U(later - U(beyond * tick))
    best = within if within < through else through
    return best if U(within & LOW) <= WHOLE else through


@kernel
def value_of(label, weight):  # type: ignore[no-untyped-def]
    """Return the energy of a label."""
    return U(U(label >> SHIFT) - U(weight * U(label & LOW)))


@kernel
def floored(label, floor, tick):  # type: ignore[no-untyped-def]
    """Return a label raised to what a stop in this cell asks for (value << 12 | before)."""
    label = label if label < NOTHING else NOTHING
    before = U(label & LOW)
    value = U(label - U(before * tick))
    least = U(floor & HIGH)
    latest = U(floor & LOW)
    value = value if value > least else least
    before = before if before > latest else latest
    return U(value + U(before * tick))


@kernel
def throughout(x, ahead, wait, least, tick, ramp):  # type: ignore[no-untyped-def]
    """Return the value << 12 that covers the whole slice: the label's, or the wait's once it is too late for the label.

    `ahead` is the value << 12 of the next slice's label, `wait` twice the load of a slice of 2048ths, `least` the value
    << 12 that a stop in this cell asks for while waiting; `ramp` rounds the wait of a part of a slice.
    """
    before = U(x & LOW)
    value = U(x - U(before * tick))
    late = U(ahead + U(U(U(wait * before) + ramp) & HIGH))
    stopped = least if before > 0 else U(0)
    late = late if late > stopped else stopped
    value = value if value > late else late
    return value if value < NOTHING else NOTHING


@kernel
def covered(x, ahead, wait, least, later, tick, ramp):  # type: ignore[no-untyped-def]
    """Return the cover of a label as one of the next slice's time; `later` is that time * (weight << 12 | 1)."""
    label = U(throughout(x, ahead, wait, least, tick, ramp) + later)
    return label if label < NOTHING else NOTHING
