# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node against the small rig, in lock step: one clock for both, and each command is the answer to a measurement."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import TwistStamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402

from lupex_drill_control.node import DrillControlNode  # noqa: E402
from lupex_drill_control.rig import RigCommand  # noqa: E402
from lupex_interfaces.action import AcquireSample  # noqa: E402
from lupex_interfaces.msg import (  # noqa: E402
    DrillRig,
    DrillRigCommand,
    DrillStatus,
    Fault,
    MissionStatus,
    PowerStatus,
    SampleAssay,
    SortiePlan,
)
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import MESSAGE, Conductor  # noqa: E402
from lupex_node.port import Outcome  # noqa: E402

ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
ANSWER_S = 0.01
"""More than the way of a measurement and of the command that answers it."""


class World:
    """Rig, rover at rest, power and an action client around one drill control."""

    def __init__(self, rig):
        self.rig = rig
        self.conductor = Conductor(now_s=rig.now_s)
        self.outside = self.conductor.visitor("world")
        self.rig_out = self.outside.publisher(DrillRig, "/drill/rig", qos.STATE)
        self.assay_out = self.outside.publisher(SampleAssay, "/drill/assay", qos.EVENTS)
        self.odometry = self.outside.publisher(Odometry, "/odometry/global", qos.STATE)
        self.power = self.outside.publisher(PowerStatus, "/power/status", qos.STATE)
        self.velocity = self.outside.publisher(TwistStamped, "/cmd_vel", qos.STATE)
        self.commands, self.statuses, self.faults = [], [], []
        self.outside.subscribe(DrillRigCommand, "/drill/rig_command", self.commands.append, qos.STATE)
        self.outside.subscribe(DrillStatus, "/drill/status", self.statuses.append, qos.STATE)
        self.outside.subscribe(Fault, "/faults", self.faults.append, qos.EVENTS)
        self.client = self.outside.action_client(AcquireSample, "/drill/acquire_sample")
        self.drill = self.conductor.add(DrillControlNode, {"rover": str(ROVER)})
        self.assayed = 0
        self.work_allowed = True
        self.speed_mps = 0.0
        self.reporting = True
        self.outside.timer(rig.dt_s, self.step)

    def step(self):
        """Advance the rig by a quarter second under the newest command, and let everybody hear of it."""
        if not self.reporting:
            return
        newest = None
        if self.commands and self.rig.now_s - seconds(self.commands[-1].header.stamp) <= 1.0:
            message = self.commands[-1]
            newest = RigCommand(**{name: getattr(message, name) for name in RigCommand.__dataclass_fields__})
        measured = self.rig.step(newest)
        names = [name for name in measured.__dataclass_fields__ if name != "stamp_s"]
        odometry = Odometry()
        odometry.twist.twist.linear.x = self.speed_mps
        for message, publisher in (
            (odometry, self.odometry),
            (PowerStatus(work_allowed=self.work_allowed, reason="resting"), self.power),
            (DrillRig(**{name: getattr(measured, name) for name in names}), self.rig_out),
        ):
            message.header.stamp = stamp(self.rig.now_s)
            publisher.publish(message)
        for top, bottom in self.rig.assays[self.assayed :]:
            self.assayed += 1
            self.assay_out.publish(
                SampleAssay(
                    sample_id=self.assayed, top_m=top, bottom_m=bottom, sample_mass_kg=0.02, mass_loss_kg=0.001,
                    mass_sigma_kg=2e-5,
                )
            )  # fmt: skip
        due_ns = self.conductor.now_ns + round(ANSWER_S * 1e9)
        self.conductor.at(due_ns, MESSAGE, None, self.answered, self.drill._sequence.active)

    def answered(self, active):
        """See that the drill control has stepped on the newest measurement and its command has come back."""
        assert self.drill._measured.stamp_s == pytest.approx(self.rig.now_s)
        if active and self.drill._sequence.active:
            assert self.rig.now_s - seconds(self.commands[-1].header.stamp) < 0.1

    def run(self, for_s):
        assert self.conductor.run_until(self.conductor.now_s + for_s)

    def until(self, done, limit_s=3600.0):
        assert self.conductor.until(done, limit_s), self.statuses[-1] if self.statuses else "nothing heard"

    def send(self, depth_m=0.1):
        """Send a goal that the node has the means to judge."""
        vehicle = lambda: self.drill._vehicle  # noqa: E731
        self.until(lambda: None not in (vehicle().odometry_stamp_s, vehicle().power_stamp_s))
        assert self.client.ready()
        goal = AcquireSample.Goal(depth_m=depth_m, sample_interval_m=0.1, max_duration_s=3000.0)
        ended = []
        return self.client.send(goal, lambda *end: ended.append(end)), ended

    def end(self, ended):
        """Run until a goal has ended, and return its outcome and its result."""
        self.until(lambda: ended)
        return ended[0]

    def cutting(self):
        self.until(lambda: self.statuses and self.statuses[-1].state == DrillStatus.CUTTING)


@pytest.fixture
def world(hole):
    made = []

    def make(**rig):
        made.append(World(hole(dt_s=0.25, **rig).rig))
        return made[-1]

    yield make
    for item in made:
        item.conductor.close()


def test_a_goal_gives_a_sample_and_silence_before_and_after(world):
    made = world()
    made.run(5.0)
    _, ended = made.send()
    made.run(ANSWER_S)
    assert made.drill._sequence.state == 1, "the goal is taken"
    assert made.commands == []
    outcome, result = made.end(ended)
    assert outcome is Outcome.SUCCEEDED
    assert result.success, result.reason
    assert result.depth_m >= 0.1
    assert list(result.ice_fraction) == pytest.approx([0.05], abs=1e-6)
    assert 0 < result.ice_sigma[0] < 0.01
    assert made.rig.stowed
    made.run(2.0)
    made.commands.clear()
    made.run(5.0)
    assert made.commands == []
    assert {0, 1, 2, 3, 5, 6} <= {status.state for status in made.statuses}
    assert made.statuses[-1].commands == 1
    assert made.faults == []


@pytest.mark.parametrize(
    ("change", "depth_m", "word"),
    [
        ({"speed_mps": 0.08}, 0.1, "moves"),
        ({"work_allowed": False}, 0.1, "resting"),
    ],
)
def test_interlocks_refuse_with_their_reason(world, change, depth_m, word):
    made = world()
    for name, value in change.items():
        setattr(made, name, value)
    outcome, result = made.end(made.send(depth_m)[1])
    assert outcome is Outcome.ABORTED
    assert not result.success
    assert word in result.reason
    made.run(5.0)
    assert made.commands == []


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (AcquireSample.Goal(), "depth 0 m is outside 0 to 1.5 m"),
        (AcquireSample.Goal(depth_m=2.0, sample_interval_m=0.1, max_duration_s=3000.0), "outside 0 to 1.5"),
        (AcquireSample.Goal(depth_m=0.1, max_duration_s=3000.0), "sample interval 0 m"),
        (AcquireSample.Goal(depth_m=0.1, sample_interval_m=0.1), "duration limit 0 s"),
        (AcquireSample.Goal(depth_m=float("nan"), sample_interval_m=0.1, max_duration_s=1.0), "not finite"),
    ],
)
def test_a_goal_that_is_none_is_not_taken_and_the_reason_is_told(world, goal, words):
    made = world()
    made.run(2.0)
    ended = []
    made.client.send(goal, lambda *end: ended.append(end))
    made.run(ANSWER_S)
    assert ended == [(None, None)]
    assert words in made.drill._refusal["/drill/acquire_sample"]


PLAN, EARLIER = "sortie-2", "sortie-1"


def mission(made, phase, age_s=0.0):
    """Let a mission say its phase, and path planning the plans in force one after the other."""
    outside = made.conductor.visitor("mission")
    status = MissionStatus(phase=phase)
    status.header.stamp = stamp(made.conductor.now_s - age_s)
    outside.publisher(MissionStatus, "/mission/status", qos.STATE).publish(status)


def plans(made):
    told = made.conductor.visitor("path_planning").publisher(SortiePlan, "/plan/sortie", qos.LATCHED)
    for plan_id in ("sortie-0", EARLIER, PLAN):
        told.publish(SortiePlan(plan_id=plan_id))
        made.run(ANSWER_S)


def sent(made, plan_id):
    """Return whether a goal that serves a plan is taken, and why not."""
    ended = []
    goal = AcquireSample.Goal(depth_m=0.1, sample_interval_m=0.1, max_duration_s=3000.0, plan_id=plan_id)
    made.client.send(goal, lambda *end: ended.append(end))
    made.run(ANSWER_S)
    return not ended, made.drill._refusal.get("/drill/acquire_sample", "")


@pytest.mark.parametrize(
    ("plan_id", "taken"), [("", False), ("sortie-0", False), ("of-somebody", False), (EARLIER, True), (PLAN, True)]
)
def test_during_a_mission_the_drill_serves_its_plan_alone(world, plan_id, taken):
    made = world()
    made.run(2.0)
    plans(made)
    mission(made, MissionStatus.DRIVE)
    made.run(ANSWER_S)
    was, why = sent(made, plan_id)
    assert was is taken
    assert taken or f"a mission follows {PLAN}, and the goal serves {plan_id or 'none'}" in why


@pytest.mark.parametrize(
    ("phase", "age_s"),
    [(MissionStatus.IDLE, 0.0), (MissionStatus.DONE, 0.0), (MissionStatus.FAILED, 0.0), (MissionStatus.DRILL, 11.0)],
)
def test_without_a_mission_anybody_may_drill(world, phase, age_s):
    made = world()
    made.run(2.0)
    plans(made)
    mission(made, phase, age_s)
    made.run(ANSWER_S)
    assert sent(made, "") == (True, "")


def test_who_knows_no_plan_believes_a_goal_that_names_one(world):
    made = world()
    made.run(2.0)
    mission(made, MissionStatus.DRILL)
    made.run(ANSWER_S)
    taken, why = sent(made, "")
    assert not taken
    assert "a mission follows no plan that is known, and the goal serves none" in why
    assert sent(made, PLAN)[0]


def test_a_node_that_is_deactivated_or_ends_stops_the_drill_first(world):
    made = world()
    _, ended = made.send()
    made.cutting()
    made.commands.clear()
    made.drill.deactivate()
    made.run(ANSWER_S)
    assert [(c.feed_rate_mps, c.rotation_rate_rad_s) for c in made.commands] == [(0.0, 0.0)]
    [(outcome, result)] = ended
    assert outcome is Outcome.ABORTED
    assert "rests" in result.reason
    made.client.send(AcquireSample.Goal(), lambda *end: ended.append(end))
    made.run(ANSWER_S)
    assert ended[1:] == [(None, None)]
    assert "not active" in made.drill._refusal["/drill/acquire_sample"]


def test_cancel_stows(world):
    made = world()
    goal, ended = made.send()
    made.cutting()
    goal.cancel()
    outcome, result = made.end(ended)
    assert outcome is Outcome.CANCELED
    assert result.reason == "cancelled"
    assert made.rig.stowed


def test_motion_while_drilling_pulls_the_bit_out(world):
    made = world()
    _, ended = made.send()
    made.cutting()
    made.speed_mps = 0.1
    outcome, result = made.end(ended)
    assert outcome is Outcome.ABORTED
    assert "moves" in result.reason
    assert made.rig.stowed


def test_a_node_born_with_the_bit_in_the_ground_stows_it_first(world):
    made = world(depth_m=0.2, hole_m=0.3, stowed=False)
    made.until(lambda: made.rig.stowed)
    made.until(lambda: made.statuses[-1].state == 0)
    assert not made.statuses[-1].commands


def test_a_silent_rig_is_a_fault_and_stops_the_drill(world):
    made = world()
    made.send()
    made.cutting()
    made.reporting = False
    made.until(lambda: any(fault.code == "drill_rig_lost" and fault.active for fault in made.faults), limit_s=5.0)
    made.run(ANSWER_S)
    assert made.commands[-1].feed_rate_mps == 0
    assert made.commands[-1].rotation_rate_rad_s == 0


def test_a_second_goal_while_one_is_drilled_is_refused_and_ends_nothing(world):
    made = world()
    _, first = made.send()
    made.cutting()
    assert made.end(made.send()[1]) == (None, None)
    assert "cancel it first" in made.drill._refusal["/drill/acquire_sample"]
    assert not first
    outcome, result = made.end(first)
    assert outcome is Outcome.SUCCEEDED
    assert result.success


def succeed(made):
    outcome, _ = made.end(made.send()[1])
    assert outcome is Outcome.SUCCEEDED


def cancel(made):
    goal, ended = made.send()
    made.cutting()
    goal.cancel()
    outcome, _ = made.end(ended)
    assert outcome is Outcome.CANCELED


def lose_the_rig(made):
    _, ended = made.send()
    made.cutting()
    made.reporting = False
    outcome, result = made.end(ended)
    assert outcome is Outcome.ABORTED
    assert "lost" in result.reason
    # its clock goes on where the world's is
    made.rig.now_s = made.conductor.now_s
    made.reporting = True
    made.until(lambda: made.drill._sequence.state == 0)


def be_refused(made):
    made.work_allowed = False
    made.run(1.0)
    outcome, _ = made.end(made.send()[1])
    assert outcome is Outcome.ABORTED
    made.work_allowed = True
    made.run(1.0)


@pytest.mark.parametrize("earlier", [succeed, cancel, lose_the_rig, be_refused])
def test_the_outcome_of_an_earlier_hole_never_ends_a_new_goal(world, earlier):
    made = world()
    earlier(made)
    # a step aside, where the ground is whole
    made.rig.hole_m = made.rig.top_m = 0.0
    made.run(1.0)
    begun_s = made.conductor.now_s
    _, ended = made.send(0.2)
    made.cutting()
    assert not ended
    outcome, result = made.end(ended)
    assert outcome is Outcome.SUCCEEDED, result.reason
    assert result.depth_m == pytest.approx(0.2, abs=0.01)
    assert result.duration_s == pytest.approx(made.conductor.now_s - begun_s, abs=0.5)
    assert list(result.bottom_m) == pytest.approx([0.1, 0.2], abs=0.01)
    made.run(5.0)
    assert len(ended) == 1


def counted_steps(made, monkeypatch):
    """Return a list that grows with each step of the sequence."""
    steps, step = [], made.drill._sequence.step
    monkeypatch.setattr(made.drill._sequence, "step", lambda *given: steps.append(1) or step(*given))
    return steps


def test_a_stowed_rig_that_is_silent_is_looked_after_once_a_second(world, monkeypatch):
    made = world()
    made.run(5.0)
    made.reporting = False
    steps = counted_steps(made, monkeypatch)
    made.run(10.0)
    assert 9 <= len(steps) <= 11


def test_a_silent_rig_at_work_is_looked_after_at_the_full_rate(world, monkeypatch):
    made = world()
    made.run(5.0)
    made.send()
    made.cutting()
    made.reporting = False
    steps = counted_steps(made, monkeypatch)
    made.run(10.0)
    assert len(steps) >= 10.0 * made.drill.config.status_rate_hz - 2
