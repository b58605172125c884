# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Slip and poses in, what is known of the soil out where that has changed: the soil's part of the node, without ROS."""

from collections.abc import Mapping
from typing import Any

from lupex_models.soil_strength import StrengthTable
from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.learned_soil import LearnedSoil, SoilEstimate
from lupex_traversability.soil.saved_soil import restored, to_plain
from lupex_traversability.soil.slip_windows import Footing, SlipReading, SlipWindows
from lupex_traversability.soil.strength_grid import Strength


class SoilWatch:
    """Learns from slip as it comes, and knows what was told of it last."""

    def __init__(self, config: SoilConfig, table: StrengthTable) -> None:
        """Begin with what is expected before driving."""
        self._config, self._table = config, table
        self._windows = SlipWindows(config)
        self._soil = LearnedSoil(config, table)
        self._told: SoilEstimate | None = None

    def stood(self, reading: SlipReading) -> bool:
        """Tell whether a reading says nothing new, as the tracks have not run since the last."""
        return self._windows.stood(reading)

    def take(self, reading: SlipReading, footing: Footing) -> tuple[bool, str]:
        """Take in a reading; return whether it taught something, and why it was refused if it was."""
        taken = self._windows.take(reading, footing)
        if taken.window is not None:
            self._soil.learn(taken.window)
        return taken.window is not None, taken.refusal

    @property
    def unseen(self) -> Strength:
        """Return the strength of ground not driven over, as it was told last."""
        return (self._told or self._soil.estimate()).unseen

    def news(self) -> SoilEstimate | None:
        """Return what is known if it is notably other than what was told last."""
        found = self._soil.estimate()
        if self._told is not None and not self._changed(self._told, found):
            return None
        self._told = found
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return to_plain(self._soil)

    def resume(self, values: Mapping[str, Any]) -> str:
        """Go on from a checkpoint; return why that could not be, empty where it could."""
        return restored(self._soil, values)

    def _changed(self, before: SoilEstimate, now: SoilEstimate) -> bool:
        if before.patches.keys() != now.patches.keys():
            return True
        pairs = [(before.unseen, now.unseen), *((before.patches[cell], now.patches[cell]) for cell in now.patches)]
        return any(self._differs(was, is_now) for was, is_now in pairs)

    def _differs(self, was: Strength, is_now: Strength) -> bool:
        most = max(abs(is_now.low - was.low), abs(is_now.median - was.median), abs(is_now.sigma - was.sigma))
        return most > self._config.told_change or was.weaker_possible != is_now.weaker_possible
