# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the tracks do against what they were told: a drive that runs away, or turns the other way."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_mobility.config import Watch

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """Track speeds (4,) [m/s] that were commanded, and when."""

    time_s: float
    track_mps: Array


class MotionWatch:
    """Compares measured track speeds with all commanded of late; a contradiction must last before it counts."""

    def __init__(self, config: Watch) -> None:
        self._config = config
        self._told: list[Told] = []
        self._since_s: float | None = None
        self._quiet_since_s: float | None = None
        self.fault = ""
        """What was seen; empty while all is well."""

    def tell(self, told: Told) -> None:
        """Take what was commanded."""
        if self._told and told.time_s < self._told[-1].time_s:
            self._told.clear()
        self._told.append(told)
        while len(self._told) > 1 and self._told[1].time_s <= told.time_s - self._config.lasting_s:
            self._told.pop(0)

    def look(self, time_s: float, track_mps: Array) -> str:
        """Take measured track speeds (4,) [m/s]; return what is wrong with them, for as long as it counts."""
        config = self._config
        seen = self._contradiction(track_mps)
        if self._since_s is not None and time_s < self._since_s:
            self._since_s = None
        if not seen:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = time_s
        if self._since_s is not None and time_s - self._since_s >= config.lasting_s:
            self.fault = seen
        self._forgive(time_s, track_mps)
        return self.fault

    def _contradiction(self, track_mps: Array) -> str:
        if not self._told:
            return ""
        wanted = np.array([told.track_mps for told in self._told])
        low, high = wanted.min(axis=0) - self._config.margin_mps, wanted.max(axis=0) + self._config.margin_mps
        # a drive may be slower than told, as it is when it starts or is held, but not beyond rest
        low, high = np.minimum(low, -self._config.margin_mps), np.maximum(high, self._config.margin_mps)
        off = np.maximum(track_mps - high, low - track_mps)
        unit = int(off.argmax())
        if not off[unit] > 0.0:
            return ""
        newest = float(self._told[-1].track_mps[unit])
        backwards = newest * float(track_mps[unit]) < 0.0
        return (
            f"track {unit + 1} runs {'backwards' if backwards else 'away'}: {track_mps[unit]:.2f} m/s where "
            f"{newest:.2f} m/s were commanded"
        )

    def _forgive(self, time_s: float, track_mps: Array) -> None:
        """End the fault when the tracks have stood for a while."""
        stands = bool(np.abs(track_mps).max() <= self._config.margin_mps)
        if not self.fault or not stands:
            self._quiet_since_s = None
        elif self._quiet_since_s is None or time_s < self._quiet_since_s:
            self._quiet_since_s = time_s
        elif time_s - self._quiet_since_s >= self._config.clear_s:
            self.fault, self._quiet_since_s = "", None
