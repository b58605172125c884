# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Where the processor's time goes in lock step; it changes nothing but is no part of what a run must repeat."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Share:
    """Of one callback of one node: how often it was called, and how long that took."""

    node: str
    label: str
    calls: int
    seconds: float


@dataclass
class Profile:
    """Sums by node and callback. A callback's messages are recorded within it, if there is a recorder."""

    _sums: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def call(self, node: str, label: str, call: Callable[[Any], None], argument: Any) -> None:
        """Call back and take the time."""
        begin_s = time.perf_counter()
        try:
            call(argument)
        finally:
            entry = self._sums.setdefault((node, label), [0, 0.0])
            entry[0] += 1
            entry[1] += time.perf_counter() - begin_s

    def shares(self) -> list[Share]:
        """Return what was summed, the dearest first."""
        found = [Share(node, label, int(calls), seconds) for (node, label), (calls, seconds) in self._sums.items()]
        return sorted(found, key=lambda share: (-share.seconds, share.node, share.label))

    def by_node(self) -> dict[str, float]:
        """Return seconds by node."""
        total: dict[str, float] = {}
        for (node, _), (_, seconds) in sorted(self._sums.items()):
            total[node] = total.get(node, 0.0) + seconds
        return total
