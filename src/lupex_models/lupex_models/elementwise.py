# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels over arrays of any common shape.

Not numba's `guvectorize`: it keeps a kernel and the loop around it in two files, and the loop names the kernel by a
number of the process that compiled it. Two processes that compile at once, or one file that is gone, and the next
call is a segmentation fault.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def elementwise(kernel: Callable[..., Array], constants: tuple[object, ...], *values: ArrayLike) -> Array:
    """Return kernel(*constants, *values) in the values' common shape; the kernel takes and returns flat arrays.

    Raises ValueError for values that have no common shape.
    """
    arrays = [np.asarray(value, np.float64) for value in values]
    shape = np.broadcast(*arrays).shape
    flat = [np.array(array if array.shape == shape else np.broadcast_to(array, shape)).reshape(-1) for array in arrays]
    return kernel(*constants, *flat).reshape(shape)
