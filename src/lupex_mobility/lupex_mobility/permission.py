# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the rover may move: with a proven way back, on its way home, or because a person says so for a while."""

import math
from dataclasses import dataclass

from lupex_mobility.config import Permission


@dataclass(frozen=True)
class Proof:
    """The newest return certificate."""

    stamp_s: float
    valid: bool
    reason: str


@dataclass(frozen=True)
class Override:
    """A person's word that the rover may move without a certificate."""

    person: str
    reason: str
    until_s: float


class MotionPermission:
    """Holds what permits motion; all times are those of the caller's clock in seconds."""

    def __init__(self, config: Permission) -> None:
        self._config = config
        self._proof: Proof | None = None
        self._returning_s = self._mission_s = -math.inf
        self.override: Override | None = None

    def take_proof(self, proof: Proof | None) -> None:
        """Take the newest certificate; None: there is none that can be believed."""
        self._proof = proof

    def take_mission(self, time_s: float, returning: bool, under_way: bool) -> None:
        """Take what the mission does."""
        self._returning_s = time_s if returning else -math.inf
        self._mission_s = time_s if under_way else -math.inf

    def mission_under_way(self, now_s: float) -> bool:
        """Tell whether a mission goes on, as far as can be told: one that fell silent may be coming back."""
        return abs(now_s - self._mission_s) <= self._config.certificate_age_s

    def allow(self, person: str, reason: str, duration_s: float, now_s: float) -> Override:
        """Let a person decide for a while; raises ValueError with a sentence for what is no decision."""
        longest_s = self._config.override_s
        if not person.strip():
            raise ValueError("person is empty: somebody must decide that the rover moves without a certificate")
        if not 0.0 <= duration_s <= longest_s:
            raise ValueError(f"duration_s is {duration_s:g} but takes 0 up to {longest_s:g}: ask again to renew it")
        self.override = Override(person.strip(), reason.strip(), now_s + (duration_s or longest_s))
        return self.override

    def end_override(self) -> None:
        """Let a person's word no longer count."""
        self.override = None

    def overridden(self, now_s: float) -> bool:
        """Tell whether a person's word counts now; a clock that has gone back before it was given ends it."""
        return self.override is not None and 0.0 <= self.override.until_s - now_s <= self._config.override_s

    def why_not(self, now_s: float) -> str:
        """Return why the rover must not move; empty where it may.

        On the way home an invalid certificate is no reason to stay: there is nothing better to do than to drive.
        """
        if self.overridden(now_s):
            return ""
        config, proof = self._config, self._proof
        if proof is None or not abs(now_s - proof.stamp_s) <= config.certificate_age_s:
            return "there is no fresh return certificate"
        if proof.valid or abs(now_s - self._returning_s) <= config.certificate_age_s:
            return ""
        return f"the way back is not proven: {proof.reason or 'no reason given'}"
