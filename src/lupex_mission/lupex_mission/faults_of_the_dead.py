# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Faults that nobody is left to clear: raised by a node before it died, and not again by its successor."""

from dataclasses import dataclass, field, replace

Key = tuple[str, str]
"""Source and code of a fault."""


@dataclass(frozen=True)
class Raised:
    """A fault that is active: when it was raised, and what was said."""

    stamp_s: float
    severity: int
    text: str


@dataclass(frozen=True)
class StandingFaults:
    """All faults that are active, by source and code."""

    raised: dict[Key, Raised] = field(default_factory=dict)

    def heard(self, key: Key, fault: Raised | None) -> "StandingFaults":
        """Take what was said of a fault; None: it is over."""
        left = {other: held for other, held in self.raised.items() if other != key}
        return replace(self, raised=left if fault is None else {**left, key: fault})

    def orphans(self, source: str, born_s: float) -> dict[Key, Raised]:
        """Return what a node raised before its present life began: what it has raised since is its own."""
        return {key: held for key, held in self.raised.items() if key[0] == source and held.stamp_s < born_s}
