# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a statement of the way back must be before anybody moves on it: possible for this battery, and in its turn."""

import math
from dataclasses import dataclass

CAPACITY_SLACK = 1.1
"""A battery may hold a little more than its name says."""

ROUNDING_WH = 0.1
"""Of numbers that were told as float32."""

FORGOTTEN_S = 15.0
"""After a silence of that long numbers may begin anew: who told them has lost count."""


@dataclass(frozen=True)
class StatedProof:
    """The numbers of a return certificate that claims to be valid."""

    energy_wh: float
    required_wh: float
    margin_wh: float


def contradiction(stated: StatedProof, capacity_wh: float) -> str:
    """Return why no battery of that capacity can have such a margin; empty where it can."""
    for name, value in vars(stated).items():
        if not math.isfinite(value):
            return f"{name} is not finite"
    most_wh = CAPACITY_SLACK * capacity_wh
    if not -most_wh <= stated.energy_wh <= most_wh:
        return f"energy_wh is {stated.energy_wh:g}, and the battery holds {capacity_wh:g}"
    if stated.required_wh < 0.0:
        return f"required_wh is {stated.required_wh:g}: no way back gives energy"
    if abs(stated.energy_wh - stated.required_wh - stated.margin_wh) > ROUNDING_WH:
        return f"margin_wh is {stated.margin_wh:g}, not energy_wh - required_wh"
    return ""


@dataclass(frozen=True)
class Turn:
    """The newest number that was used, and when."""

    sequence: int = -1
    heard_s: float = -math.inf

    def refusal(self, sequence: int, now_s: float) -> str:
        """Return why a number is not the next; empty where it is."""
        if sequence > self.sequence or not 0.0 <= now_s - self.heard_s <= FORGOTTEN_S:
            return ""
        return f"is number {sequence}, and {self.sequence} was used before"
