# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How the kernels of the way back are compiled.

They allocate nothing and so count no references to arrays: the counts of rows handed to functions took a seventh of the
field's time, more so where both cores count those of one array. What allocates within such a kernel does not compile.
"""

from typing import Any

from numba import njit

kernel: Any = njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]
