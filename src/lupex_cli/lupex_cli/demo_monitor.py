# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Watch a running sortie for the progress line; looks at the world's truth too, and commands nothing."""

import time
from dataclasses import dataclass, field, replace

from lupex_interfaces.msg import Fault, MissionStatus, PowerStatus, ReturnCertificate, WorldTruth
from lupex_node import qos
from lupex_node.conversions import seconds
from lupex_node.port import Port

PHASES = {
    value: name.lower().replace("_", " ")
    for name, value in vars(MissionStatus).items()
    if name.isupper() and isinstance(value, int)
}


@dataclass
class Seen:
    """Newest state of the sortie, as a person follows it."""

    sim_s: float = 0.0
    first_sim_s: float | None = None
    progress_wall_s: float = field(default_factory=time.monotonic)
    mission_wall_s: float | None = None
    phase: str = "starting"
    text: str = ""
    outcome: str = ""
    x_m: float = 0.0
    y_m: float = 0.0
    soc: float = 0.0
    sunlit: float = 0.0
    speed_up: float = 0.0
    margin_wh: float | None = None
    distance_m: float = 0.0
    lost: str = ""
    faults: list[str] = field(default_factory=list)
    entered: list["Seen"] = field(default_factory=list)
    """What was seen when each phase began: one may be over before anybody looks."""


class DemoMonitor:
    """Follows a sortie through a port, over the middleware or in lock step."""

    def __init__(self, port: Port) -> None:
        self.seen = Seen()
        for kind, topic, use, profile in (
            # all of them: a phase may be over before the next look
            (MissionStatus, "/mission/status", self._mission, qos.SAMPLES),
            (WorldTruth, "/truth/state", self._truth, qos.STATE),
            (PowerStatus, "/power/status", self._power, qos.STATE),
            (ReturnCertificate, "/plan/certificate", self._certificate, qos.STATE),
            (Fault, "/faults", self._fault, qos.EVENTS),
        ):
            port.subscribe(kind, topic, use, profile)

    def _mission(self, status: MissionStatus) -> None:
        if self.seen.mission_wall_s is None and status.phase != MissionStatus.IDLE:
            self.seen.mission_wall_s = time.monotonic()
        before, self.seen.phase = self.seen.phase, PHASES.get(status.phase, str(status.phase))
        self.seen.text, self.seen.outcome = status.text, status.outcome
        if self.seen.phase != before:
            self.seen.entered.append(replace(self.seen, entered=[], faults=[]))

    def _truth(self, truth: WorldTruth) -> None:
        seen = self.seen
        stamp_s = seconds(truth.header.stamp)
        if stamp_s > seen.sim_s:
            seen.progress_wall_s = time.monotonic()
        seen.sim_s = stamp_s
        if seen.first_sim_s is None:
            seen.first_sim_s = stamp_s
        seen.x_m, seen.y_m, seen.distance_m = truth.x_m, truth.y_m, truth.distance_m
        seen.sunlit, seen.speed_up = truth.sunlit_fraction, truth.speed_up
        if truth.tipped:
            seen.lost = "the rover tipped over"
        elif truth.dead:
            seen.lost = "the battery ran empty"

    def _power(self, status: PowerStatus) -> None:
        self.seen.soc = status.soc

    def _certificate(self, certificate: ReturnCertificate) -> None:
        self.seen.margin_wh = certificate.margin_wh if certificate.valid else None

    def _fault(self, fault: Fault) -> None:
        if fault.active:
            self.seen.faults.append(f"{fault.source}: {fault.text}")
