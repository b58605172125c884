# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What permits motion, on its topics: the certificate, the mission's way home, and a person's word."""

from lupex_interfaces.msg import Fault, MissionStatus, ReturnCertificate
from lupex_interfaces.srv import OverrideMotion
from lupex_mobility import conversions
from lupex_mobility.config import MobilityConfig, Permission
from lupex_mobility.permission import MotionPermission
from lupex_models.stated_proof import Turn
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_node.node import LupexNode
from lupex_node.port import Use

OVERRIDDEN = "motion_override"
SERVICE = "mobility/override"


class Permit:
    """Hears what permits motion, and offers /mobility/override; a person's word is a warning while it holds."""

    def __init__(self, node: LupexNode[MobilityConfig], config: Permission, capacity_wh: float) -> None:
        self._node, self._capacity_wh = node, capacity_wh
        self._permission = MotionPermission(config)
        self._turn = Turn()
        node.receive(
            ReturnCertificate,
            "plan/certificate",
            self._take_certificate,
            sole_sender=True,
            forget=self._forget_certificate,
        )
        node.receive(
            MissionStatus,
            "mission/status",
            self._take_mission,
            sole_sender=True,
            forget=lambda: self._permission.take_mission(0.0, returning=False, under_way=False),
        )
        node.serve(OverrideMotion, SERVICE, self._answer)

    def why_not(self, time_s: float) -> str:
        """Return why the rover must not move; empty where it may."""
        return self._permission.why_not(time_s)

    def mission_under_way(self, time_s: float) -> bool:
        """Tell whether the rover is the mission's."""
        return self._permission.mission_under_way(time_s)

    def tell(self, now_s: float) -> None:
        """End a person's word whose time is over."""
        if not self._permission.overridden(now_s):
            self._permission.end_override()
            self._node.clear_fault(OVERRIDDEN, "the rover moves by its certificate again")

    def _take_certificate(self, message: ReturnCertificate) -> None:
        now_s = self._node.now_s()
        if late := self._turn.refusal(message.sequence, now_s):
            raise InvalidMessage(late)
        self._permission.take_proof(conversions.certificate(message, self._capacity_wh))
        self._turn = Turn(message.sequence, now_s)

    def _forget_certificate(self) -> None:
        self._turn = Turn()
        self._permission.take_proof(None)

    def _take_mission(self, message: MissionStatus) -> None:
        ended = (MissionStatus.IDLE, MissionStatus.DONE, MissionStatus.FAILED)
        self._permission.take_mission(
            seconds(message.header.stamp),
            returning=message.phase == MissionStatus.RETURN,
            under_way=message.phase not in ended,
        )

    def _answer(self, request: OverrideMotion.Request, answer: Use) -> None:
        now_s = self._node.now_s()
        if not request.allow:
            self._permission.end_override()
            self.tell(now_s)
            answer(OverrideMotion.Response(accepted=True, text="the rover moves by its certificate"))
            return
        try:
            if not self._node.active:
                raise ValueError("mobility is not active")
            given = self._permission.allow(request.person, request.reason, request.duration_s, now_s)
        except ValueError as error:
            self._node.refuse(SERVICE, str(error))
            answer(OverrideMotion.Response(accepted=False, text=str(error)))
            return
        text = f"{given.person} lets the rover move without a certificate until {given.until_s:.0f} s: {given.reason}"
        self._node.raise_fault(OVERRIDDEN, Fault.WARNING, text)
        self._node.info(text)
        answer(OverrideMotion.Response(accepted=True, text=text))
