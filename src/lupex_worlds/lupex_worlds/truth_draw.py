# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Chance, by purpose: what one subject draws never moves what another does."""

import zlib

import numpy as np


def random_stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose: adding a purpose never changes what the others draw."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])
