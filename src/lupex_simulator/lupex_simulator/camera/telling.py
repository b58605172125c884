# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which of a camera's pictures are worth telling, and a picture as JPEG."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from lupex_simulator.config import CameraConfig

Pixels = npt.NDArray[np.uint8]
_COARSE = 4
"""Every so many pixels of a row and column are compared."""


class Telling:
    """Tell of one camera's pictures which are new: a rover that stands sees one thing for hours."""

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._told_s = -float("inf")
        self._told: Pixels | None = None

    def due(self, time_s: float, pixels: Pixels) -> bool:
        """Tell whether a picture (height, width) or (height, width, 3) is to be told; it then counts as told.

        Time that went back, as after a reset, begins anew.
        """
        since_s = time_s - self._told_s
        coarse = pixels[::_COARSE, ::_COARSE]
        if 0.0 <= since_s < self._config.period_s:
            return False
        if 0.0 <= since_s < self._config.repeat_s and self._told is not None and self._told.shape == coarse.shape:
            change = np.abs(coarse.astype(np.int16) - self._told).mean()
            if change < self._config.least_change:
                return False
        self._told_s, self._told = time_s, coarse.copy()
        return True


def jpeg(pixels: Pixels, quality: int) -> bytes:
    """Return a picture, grey (height, width) or red, green, blue (height, width, 3), as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()
