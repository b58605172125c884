# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who is alive, and whether the inputs that safety hangs on are there."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lupex_mission.config import MissionConfig
from lupex_mission.observations import Observations, Phase


@dataclass(frozen=True)
class HeartbeatWatch:
    """How long nodes have been silent, in ROS time: who makes a simulated time waits for nodes that are only slow."""

    timeout_s: float
    most_a_look_s: float = math.inf
    """What one look adds to a silence at most: a clock that goes in leaps says little of what was in between."""
    silent_s: Mapping[str, float] = field(default_factory=dict)
    """Since the last heartbeat of each node; below 0 where that was ahead of the clock."""
    life: Mapping[str, str] = field(default_factory=dict)
    looked_s: float | None = None

    def beat(self, node: str, life: str, ahead_s: float = 0.0) -> tuple["HeartbeatWatch", bool]:
        """Take a heartbeat; the second value tells whether the node has been restarted since its last one.

        'life' is what a process keeps for as long as it lives. `ahead_s` is by how much the heartbeat has overtaken
        the clock: one that goes in leaps comes after the messages of its next time.
        """
        restarted = node in self.life and self.life[node] != life
        silent_s = -min(max(ahead_s, 0.0), self.most_a_look_s)
        seen = replace(self, silent_s={**self.silent_s, node: silent_s}, life={**self.life, node: life})
        return seen, restarted

    def looked(self, now_s: float) -> "HeartbeatWatch":
        """Return the watch after one more look; a clock that was put back adds nothing."""
        gone_s = 0.0 if self.looked_s is None else min(max(now_s - self.looked_s, 0.0), self.most_a_look_s)
        silent_s = {node: before_s + gone_s for node, before_s in self.silent_s.items()}
        return replace(self, silent_s=silent_s, looked_s=now_s)

    def lost(self, nodes: Iterable[str]) -> frozenset[str]:
        """Return those of the nodes that are silent for too long; one never heard counts as lost."""
        return frozenset(node for node in nodes if not self.silent_s.get(node, math.inf) <= self.timeout_s)


DRIVING_NEEDS = frozenset({"localization", "traversability", "path_planning", "mobility", "power_management"})
DRILLING_NEEDS = frozenset({"drill_control", "power_management", "path_planning"})


OUTWARD = frozenset({Phase.DRIVE, Phase.SCAN, Phase.DRILL})
"""Phases that only a proven way back allows; on the way home there is nothing better to do than to drive."""


def reasons_to_stand_still(seen: Observations, phase: Phase, config: MissionConfig) -> tuple[str, ...]:
    """Say what forbids going on in a phase: lost nodes, missing or stale inputs, a lost position.

    None of these says anything about the way back; they say that nothing can be said.
    """
    needs = DRILLING_NEEDS if phase is Phase.DRILL else DRIVING_NEEDS
    reasons = [f"node {node} is lost" for node in sorted(seen.lost_nodes & needs)]
    stale_s = seen.time_s - config.input_age_s
    if seen.certificate is None or seen.certificate.stamp_s < stale_s:
        reasons.append("no fresh return certificate")
    elif not seen.certificate.valid and phase in OUTWARD:
        reasons.append(f"the way back is not proven: {seen.certificate.reason or 'no reason given'}")
    if seen.power is None or seen.power.stamp_s < stale_s:
        reasons.append("no fresh power status")
    if phase is not Phase.DRILL:
        if seen.place is None or seen.place_stamp_s < stale_s:
            reasons.append("no fresh position")
        if seen.localization_lost:
            reasons.append("localization is lost")
    return tuple(reasons)


@dataclass(frozen=True)
class TurnBackJudge:
    """Decides when the outward part ends; a reason must last before it counts, one without numbers for longer."""

    since_s: float | None = None
    reason: str = ""
    proven: bool = True

    def judge(self, seen: Observations, config: MissionConfig) -> "TurnBackJudge":
        """Return the judge after one more look."""
        reason = _reason_to_turn_back(seen, config)
        if not reason:
            return TurnBackJudge()
        proven = seen.certificate is not None and seen.certificate.valid
        since_s = self.since_s if self.since_s is not None and self.proven == proven else seen.time_s
        return TurnBackJudge(since_s, reason, proven)

    def decided(self, time_s: float, config: MissionConfig) -> bool:
        """Tell whether the reason has lasted long enough."""
        limit_s = config.confirm_s if self.proven else config.confirm_invalid_s
        return self.since_s is not None and time_s - self.since_s >= limit_s


def _reason_to_turn_back(seen: Observations, config: MissionConfig) -> str:
    if seen.certificate is None or seen.power is None:
        return ""
    if not seen.certificate.valid:
        return f"the way back is not proven: {seen.certificate.reason or 'no reason given'}"
    if not seen.certificate.margin_wh >= config.margin_reserve_wh:
        return f"margin of {seen.certificate.margin_wh:.0f} Wh is below {config.margin_reserve_wh:.0f} Wh"
    if not seen.power.work_allowed:
        return f"power forbids new work: {seen.power.reason or 'no reason given'}"
    return ""
