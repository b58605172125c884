# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The behaviour tree of a sortie: out while the way back is proven, and home in any case."""

import dataclasses
from dataclasses import dataclass

import py_trees
from py_trees.common import Status

from lupex_mission.config import MissionConfig
from lupex_mission.fault_protection import TurnBackJudge, reasons_to_stand_still
from lupex_mission.observations import Activity, Observations, Phase, Place, Progress, Sample
from lupex_mission.steps import Desk, DrillTarget, DriveToTarget, LeadOut, Recharge, Return, Scan


@dataclass(frozen=True)
class Decision:
    """What the executive wants at a tick; without an activity the rover stands still."""

    activity: Activity | None
    phase: Phase
    target: int
    text: str
    turning_back: bool
    outcome: str
    progress: Progress
    standing_still_for: tuple[str, ...] = ()


class Executive:
    """Ticks the tree on observations; holds nothing that Progress does not carry over a restart."""

    def __init__(
        self,
        config: MissionConfig,
        targets: tuple[Place, ...],
        haven: Place,
        progress: Progress | None = None,
    ) -> None:
        self._desk = Desk(config, targets, haven, progress=progress or Progress())
        self._judge = TurnBackJudge()
        self._root = _sortie(self._desk)

    @property
    def progress(self) -> Progress:
        """Return what is behind us."""
        return self._desk.progress

    @property
    def targets(self) -> tuple[Place, ...]:
        """Return the targets of the sortie."""
        return self._desk.targets

    def begin(self, targets: tuple[Place, ...] = ()) -> None:
        """Begin a sortie, over the given targets or the configured ones."""
        desk = self._desk
        self._desk = Desk(desk.config, targets or desk.targets, desk.haven, progress=Progress(begun=True))
        self._judge = TurnBackJudge()
        self._root = _sortie(self._desk)

    def turn_back(self, reason: str) -> None:
        """End the outward part, as a person asks for it."""
        if not self._desk.progress.turning_back:
            self._desk.progress = dataclasses.replace(self._desk.progress, turning_back=reason)

    def tick(self, seen: Observations) -> Decision:
        """Look, and decide what to do now."""
        desk = self._desk
        desk.seen, desk.wish = seen, None
        if not desk.progress.begun:
            desk.show(Phase.IDLE, "waiting for /mission/execute")
            return self._decision()
        if desk.progress.outcome:
            desk.show(Phase.FAILED if desk.progress.outcome == "failed" else Phase.DONE, desk.text)
            return self._decision()
        self._judge_way_back(seen)
        self._root.tick_once()
        wish, phase = desk.wish, desk.phase
        held = reasons_to_stand_still(seen, phase, desk.config) if phase is not Phase.RECHARGE else ()
        if held:
            # A drill at work goes on by its own limits; moving is what must stop.
            desk.wish = wish if isinstance(wish, Sample) else None
            desk.show(Phase.SAFE, f"standing still: {held[0]}", desk.target)
        return self._decision(held)

    def _judge_way_back(self, seen: Observations) -> None:
        desk = self._desk
        if desk.progress.turning_back or "lead_out" not in desk.progress.done or self._all_sampled():
            return
        self._judge = self._judge.judge(seen, desk.config)
        if self._judge.decided(seen.time_s, desk.config):
            self.turn_back(self._judge.reason)

    def _all_sampled(self) -> bool:
        return self._desk.progress.sampled >= len(self._desk.targets)

    def _decision(self, held: tuple[str, ...] = ()) -> Decision:
        desk = self._desk
        turning_back = bool(desk.progress.turning_back)
        text = f"{desk.text} ({desk.progress.turning_back})" if turning_back else desk.text
        return Decision(
            desk.wish, desk.phase, desk.target, text, turning_back, desk.progress.outcome, desk.progress, held
        )


class OutwardIsOver(py_trees.behaviour.Behaviour):
    """Succeeds once the sortie turns back."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("outward is over")
        self.desk = desk

    def update(self) -> Status:
        """Look at the progress."""
        return Status.SUCCESS if self.desk.progress.turning_back else Status.FAILURE


class Conclude(py_trees.behaviour.Behaviour):
    """States how the sortie ended."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("conclude")
        self.desk = desk

    def update(self) -> Status:
        """Give the outcome."""
        progress = self.desk.progress
        outcome = "success" if progress.sampled >= len(self.desk.targets) else "turned_back"
        self.desk.progress = dataclasses.replace(progress, outcome=outcome)
        self.desk.show(
            Phase.DONE, f"back in the sun with {progress.sampled} of {len(self.desk.targets)} targets sampled"
        )
        return Status.SUCCESS


def _sortie(desk: Desk) -> py_trees.behaviour.Behaviour:
    """Build the tree. No composite has a memory: each step knows whether it is done, also after a restart."""
    targets = py_trees.composites.Sequence("targets", memory=False)
    targets.add_child(LeadOut("lead_out", desk))
    for index in range(len(desk.targets)):
        targets.add_children(
            [
                DriveToTarget(f"drive:{index}", desk, index),
                Scan(f"scan:{index}", desk, index),
                DrillTarget(f"drill:{index}", desk, index),
            ]
        )
    outward = py_trees.composites.Selector("outward", memory=False)
    outward.add_children([OutwardIsOver(desk), targets, OutwardIsOver(desk)])
    root = py_trees.composites.Sequence("sortie", memory=False)
    root.add_children([outward, Return("return", desk), Recharge("recharge", desk), Conclude(desk)])
    return root
