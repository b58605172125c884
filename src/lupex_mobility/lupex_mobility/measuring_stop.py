# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Stops on the way that localization asks for: obeyed for a while, and not again and again."""

import math

from lupex_mobility.config import MeasuringStops


class MeasuringStop:
    """Tells whether to stand for a measurement; all times are those of the caller's clock in seconds."""

    def __init__(self, config: MeasuringStops) -> None:
        self._config = config
        self._wanted_s = self._ended_s = -math.inf
        self._begun_s: float | None = None

    def take(self, time_s: float, wanted: bool) -> None:
        """Take what localization says at a time."""
        self._wanted_s = time_s if wanted else -math.inf

    def holds(self, now_s: float) -> bool:
        """Tell whether the rover, which would drive on, stands for a measurement.

        A localization that asks for ever, or falls silent as it asks, delays the way and does not end it.
        """
        config = self._config
        if now_s < self._ended_s or (self._begun_s is not None and now_s < self._begun_s):
            # time that goes back is that of another world
            self._begun_s, self._ended_s = None, -math.inf
        wanted = 0.0 <= now_s - self._wanted_s <= config.max_age_s
        if self._begun_s is None and wanted and now_s - self._ended_s >= config.apart_s:
            self._begun_s = now_s
        if self._begun_s is not None and not (wanted and now_s - self._begun_s < config.longest_s):
            self._begun_s, self._ended_s = None, now_s
        return self._begun_s is not None
