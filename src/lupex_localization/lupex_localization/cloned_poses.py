# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Poses of the past in the filter's state, and what they have in common with the rest.

Stochastic cloning after Roumeliotis and Burdick (2002).
"""

from numba import njit


@njit(cache=True)
def clone(x, p, slot):  # type: ignore[no-untyped-def]
    """Keep the present pose in a slot (0, 1) of the past ones, with all that it has in common with the rest."""
    at, of = 26 + 7 * slot, 25 + 6 * slot
    x[at : at + 3] = x[0:3]
    x[at + 3 : at + 7] = x[6:10]
    _copy_block(p, 0, of)
    _copy_block(p, 6, of + 3)


@njit(cache=True)
def take_over(x, p):  # type: ignore[no-untyped-def]
    """Put the second cloned pose in the place of the first."""
    x[26:33] = x[33:40]
    _copy_block(p, 31, 25)
    _copy_block(p, 34, 28)


@njit(cache=True)
def _copy_block(p, here, there):  # type: ignore[no-untyped-def]
    for i in range(3):
        for j in range(p.shape[0]):
            p[there + i, j] = p[here + i, j]
    for i in range(3):
        for j in range(p.shape[0]):
            p[j, there + i] = p[j, here + i]
