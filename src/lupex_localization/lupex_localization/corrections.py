# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Measurements applied to the state, and how those of each kind fared."""

import copy
from collections import Counter

import numpy as np
import numpy.typing as npt

from lupex_localization.integrity import Monitor
from lupex_localization.measurements import Innovation
from lupex_localization.reckoning import Reckoning

Array = npt.NDArray[np.float64]

KINDS = ("tracks", "attitude", "sun", "terrain", "ground", "rest", "rest_rate", "place")


class Corrections:
    """The state, and what was accepted and refused on the way to it."""

    def __init__(self, reckoning: Reckoning, window: int) -> None:
        """Begin with nothing noted; a monitor looks back at `window` innovations of its kind."""
        self.reckoning = reckoning
        self.monitors = {kind: Monitor(window) for kind in KINDS}
        self.accepted: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.last_rejection = ""

    def copy(self) -> "Corrections":
        """Return one that goes on by itself."""
        made = copy.copy(self)
        made.reckoning = self.reckoning.copy()
        made.monitors = {kind: copy.copy(monitor) for kind, monitor in self.monitors.items()}
        made.accepted, made.rejected = self.accepted.copy(), self.rejected.copy()
        return made

    def apply(self, kind: str, innovation: Innovation, gate: float) -> bool:
        """Correct the state by a measurement; return whether it passed its gate."""
        nis, accepted = self.reckoning.correct(innovation, gate)
        self.note(kind, nis, innovation[0].size, accepted, f"deviation {_numbers(innovation[0])}, nis {nis:.0f}")
        return accepted

    def judge(self, kind: str, innovation: Innovation, gate: float) -> bool:
        """Judge a measurement without using it; return whether it passed its gate."""
        residual, jacobian, noise = innovation
        nis = float(residual @ np.linalg.solve(jacobian @ self.reckoning.p @ jacobian.T + noise, residual))
        self.note(kind, nis, residual.size, nis <= gate, f"deviation {_numbers(residual)}, nis {nis:.0f}")
        return nis <= gate

    def note(self, kind: str, nis: float, size: int, accepted: bool, text: str) -> None:
        """Note an innovation of `size` degrees of freedom; `text` says what of it was refused."""
        self.monitors[kind].note(nis, size, accepted)
        if accepted:
            self.accepted[kind] += 1
        else:
            self.refuse(kind, text)

    def refuse(self, kind: str, text: str) -> None:
        """Note a measurement that is not used, and why."""
        self.rejected[kind] += 1
        self.last_rejection = f"{kind} at {self.reckoning.time_s:.2f} s: {text}"


def _numbers(values: Array) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
