# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whose the drill is: during a mission it is the mission's, which names the plan that a goal serves."""

from lupex_drill_control.config import DrillControlSettings
from lupex_interfaces.msg import MissionStatus, SortiePlan
from lupex_node import qos
from lupex_node.checks import InvalidMessage
from lupex_node.conversions import seconds
from lupex_node.node import LupexNode

_ENDED = (MissionStatus.IDLE, MissionStatus.DONE, MissionStatus.FAILED)
_KEPT = 2
"""Plans that a goal may name: the mission may not have heard of a new one yet."""


class Claim:
    """Hears the mission and the plan in force, and judges goals by them."""

    def __init__(self, node: LupexNode[DrillControlSettings]) -> None:
        self._node = node
        self._plan_ids: tuple[str, ...] = ()
        # read only when a goal comes
        self._mission = node.newest(MissionStatus, "mission/status", sole_sender=True)
        node.receive(
            SortiePlan, "plan/sortie", self._take_plan, profile=qos.LATCHED, sole_sender=True, forget=self._forget
        )

    def judge(self, plan_id: str) -> None:
        """Raise InvalidMessage for a goal that is not the mission's while one is under way.

        Who was started again knows no plan, and believes whoever names one.
        """
        if not self._under_way() or (plan_id and (plan_id in self._plan_ids or not self._plan_ids)):
            return
        followed = self._plan_ids[-1] if self._plan_ids else "no plan that is known"
        raise InvalidMessage(
            f"a mission follows {followed}, and the goal serves {plan_id or 'none'}: end it before the drill is used"
        )

    def _under_way(self) -> bool:
        """Tell whether a mission goes on, as far as can be told: one that fell silent may be coming back."""
        status = self._mission()
        if status is None or status.phase in _ENDED:
            return False
        age_s = self._node.now_s() - seconds(status.header.stamp)
        return bool(age_s <= self._node.config.mission_max_age_s)

    def _take_plan(self, message: SortiePlan) -> None:
        self._plan_ids = (*self._plan_ids, message.plan_id)[-_KEPT:]

    def _forget(self) -> None:
        self._plan_ids = ()
