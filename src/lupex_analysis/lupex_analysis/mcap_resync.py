# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Find where the records of a damaged MCAP file go on."""

import struct
from pathlib import Path

import numpy as np

_WINDOW = 1 << 20
_HEAD = struct.Struct("<BQ")
_KINDS = 0x0F
_FOLLOWED = 3
"""Records that must follow one another, or reach the end of the file: bytes that look like one are common."""
_LARGEST_BITS = 32


def next_record(path: Path, at: int) -> int | None:
    """Return the first place from `at` on at which whole records follow each other; None where there is none."""
    size = path.stat().st_size
    if size < at + _HEAD.size:
        return None
    data = np.memmap(path, dtype=np.uint8, mode="r")
    for begin in range(at, size - _HEAD.size, _WINDOW):
        # one byte of kind, eight of length, of which the upper ones are zero in all that there is
        window = data[begin : begin + _WINDOW + _HEAD.size]
        count = len(window) - _HEAD.size
        likely = (window[:count] > 0) & (window[:count] <= _KINDS)
        for byte in range(_LARGEST_BITS // 8, 8):
            likely &= window[1 + byte : 1 + byte + count] == 0
        for offset in np.flatnonzero(likely):
            if _followed(data, begin + int(offset), size):
                return begin + int(offset)
    return None


def _followed(data: np.ndarray, at: int, size: int) -> bool:
    for number in range(_FOLLOWED):
        if at + _HEAD.size > size:
            # what is cut off begins like a record all the same; one alone is not enough
            return number > 1
        kind, length = _HEAD.unpack(data[at : at + _HEAD.size].tobytes())
        if not 0 < kind <= _KINDS or length >> _LARGEST_BITS:
            return False
        # no record that anybody writes is empty but the end of data's, of four bytes
        if length < 4:
            return False
        at += _HEAD.size + length
        if at > size:
            return number > 0 and kind in (0x05, 0x06)
    return True
