# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Binary heap in two arrays, keys and what they stand for: the least key at index 0. The caller keeps the size."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def push(keys, items, size, key, item):  # type: ignore[no-untyped-def]
    """Add an entry to a heap of `size` entries, for which there must be room."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if keys[parent] <= key:
            break
        keys[at] = keys[parent]
        items[at] = items[parent]
        at = parent
    keys[at] = key
    items[at] = item


@njit(cache=True, nogil=True)
def drop_least(keys, items, size):  # type: ignore[no-untyped-def]
    """Take the least entry, read before, out of a heap of `size` entries."""
    left = size - 1
    key, item = keys[left], items[left]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= left:
            break
        if child + 1 < left and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at] = keys[child]
        items[at] = items[child]
        at = child
    keys[at] = key
    items[at] = item


@njit(cache=True, nogil=True)
def grown(values, size):  # type: ignore[no-untyped-def]
    """Return a longer array that begins with the same values."""
    longer = np.empty(size, values.dtype)
    # No slice is assigned: what numba compiles for it, the words of its errors among it, takes seconds.
    for k in range(values.size):
        longer[k] = values[k]
    return longer
