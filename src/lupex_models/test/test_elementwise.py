# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels over arrays of any common shape."""

import numpy as np
import pytest

from lupex_models.elementwise import elementwise


def power(base, exponent):
    assert base.ndim == exponent.ndim == 1
    assert base.flags.c_contiguous
    assert exponent.flags.writeable
    return base**exponent


def test_values_are_brought_to_their_common_shape():
    assert elementwise(power, (), 3, 2) == 9.0
    assert elementwise(power, (), 3, 2).shape == ()
    np.testing.assert_array_equal(elementwise(power, (), [2.0, 3.0], 2), [4.0, 9.0])
    np.testing.assert_array_equal(elementwise(power, (), [[2.0], [3.0]], [1, 2]), [[2.0, 4.0], [3.0, 9.0]])
    assert elementwise(power, (), np.empty((0, 3)), 2).shape == (0, 3)


def test_what_the_caller_holds_is_neither_changed_nor_taken_as_it_lies_in_memory():
    def zeroed(values):
        values[:] = 0.0
        return values

    held = np.arange(6.0).reshape(2, 3)
    held.flags.writeable = False
    assert not elementwise(zeroed, (), held).any()
    np.testing.assert_array_equal(held, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    np.testing.assert_array_equal(elementwise(power, (), held.T, 1), held.T)


def test_constants_come_first():
    table = np.array([5.0, 7.0])
    np.testing.assert_array_equal(elementwise(lambda row, at: row[at.astype(int)], (table,), [1, 0]), [7.0, 5.0])


def test_values_without_a_common_shape_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        elementwise(power, (), [1.0, 2.0], [1.0, 2.0, 3.0])
