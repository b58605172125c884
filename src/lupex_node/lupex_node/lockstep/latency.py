# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How long messages and computations take in lock step: declared, so that autonomy lives with honest latency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml, setting


@dataclass(frozen=True)
class Transport:
    """Of a message from its publishing to its use, and of a node on its way back; simulated time."""

    delay_s: float = setting(0.002, "of every message, request and answer", unit="s", minimum=0, maximum=10)
    start_s: float = setting(
        4.0, "of a process that is started again, until its node is there", unit="s", minimum=0, maximum=600
    )


@dataclass(frozen=True)
class Latency:
    """Delays of messages and of background work, in simulated seconds.

    `compute_s` holds `NODE/WORK: seconds`; work that it does not name takes `compute_default_s`.
    """

    transport: Transport = field(default_factory=Transport)
    compute_default_s: float = 1.0
    compute_s: Mapping[str, float] = field(default_factory=dict)

    def of_message_ns(self) -> int:
        """Return the delay of a message."""
        return round(self.transport.delay_s * 1e9)

    def of_work_ns(self, node: str, work: str) -> int:
        """Return how long a node's background work takes."""
        return round(self.compute_s.get(f"{node}/{work}", self.compute_default_s) * 1e9)


def read_latency(path: Path) -> Latency:
    """Read `config/lockstep.yaml`; raises ConfigurationError with the key and what is allowed."""
    values = dict(read_yaml(path))
    compute: Any = values.pop("compute_s", {})
    if not isinstance(compute, Mapping):
        raise ConfigurationError(f"{path}: compute_s must be a section of NODE/WORK keys and seconds")
    default_s = values.pop("compute_default_s", Latency().compute_default_s)
    transport = from_mapping(Transport, values.pop("transport", {}), str(path))
    if values:
        known = "transport, compute_default_s, compute_s"
        raise ConfigurationError(f"{path}: unknown key '{next(iter(values))}'; known here: {known}")
    for key, seconds in {"compute_default_s": default_s, **compute}.items():
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0.0 <= seconds <= 3600.0:
            raise ConfigurationError(f"{path}: '{key}' is {seconds!r} but takes a number from 0 up to 3600 s")
    return Latency(transport, float(default_s), {key: float(seconds) for key, seconds in compute.items()})
