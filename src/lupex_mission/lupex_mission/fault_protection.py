# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who is alive, and whether the inputs that safety hangs on are there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lupex_mission.config import MissionConfig
from lupex_mission.observations import Observations, Phase


@dataclass(frozen=True)
class HeartbeatWatch:
    """Heartbeats seen so far, in ROS time: who makes a simulated time waits for nodes that are only slow."""

    timeout_s: float
    least_looks: int = 0
    """Looks without a heartbeat before silence counts: where the clock goes in leaps, time alone says little."""
    last_s: Mapping[str, float] = field(default_factory=dict)
    life: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, int] = field(default_factory=dict)
    """Since the last heartbeat of each node."""

    def beat(self, node: str, life: str, now_s: float) -> tuple["HeartbeatWatch", bool]:
        """Take a heartbeat; the second value tells whether the node has been restarted since its last one.

        'life' is what a process keeps for as long as it lives.
        """
        restarted = node in self.life and self.life[node] != life
        seen = replace(
            self,
            last_s={**self.last_s, node: now_s},
            life={**self.life, node: life},
            looks={**self.looks, node: 0},
        )
        return seen, restarted

    def looked(self) -> "HeartbeatWatch":
        """Return the watch after one more look."""
        return replace(self, looks={node: looks + 1 for node, looks in self.looks.items()})

    def leapt(self, by_s: float) -> "HeartbeatWatch":
        """Return the watch after the clock has leapt: nobody was silent meanwhile."""
        return replace(self, last_s={node: last_s + by_s for node, last_s in self.last_s.items()})

    def lost(self, nodes: Iterable[str], now_s: float) -> frozenset[str]:
        """Return those of the nodes that are silent for too long; one never heard counts as lost."""
        return frozenset(
            node
            for node in nodes
            if not now_s - self.last_s.get(node, -1e300) <= self.timeout_s
            and self.looks.get(node, self.least_looks) >= self.least_looks
        )


def heard_s(now_s: float, stamp_s: float, ahead_s: float) -> float:
    """Return when a heartbeat was heard: its own time where that has overtaken the clock, by `ahead_s` at most.

    A clock that goes in leaps would otherwise be told of a message of its next time as of one a leap old.
    """
    return min(max(now_s, stamp_s), now_s + ahead_s)


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
