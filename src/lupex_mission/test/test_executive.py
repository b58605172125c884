# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The sortie, ticked by hand."""

import dataclasses

import pytest

from lupex_mission.config import MissionConfig
from lupex_mission.executive import Executive
from lupex_mission.observations import (
    Certificate,
    Drive,
    LookAnew,
    Observations,
    Phase,
    Place,
    PlanRoute,
    Power,
    Progress,
    Result,
    Sample,
)

CONFIG = MissionConfig(site="")
TARGETS = (Place(100.0, 0.0),)
HAVEN = Place(0.0, 0.0)
LIGHT = Place(3.0, 4.0)
NODES = frozenset(CONFIG.watched_nodes)


def test_counting_for_longer_makes_the_stay_longer_and_never_shorter():
    longer = CONFIG.counting(CONFIG.scan_s + 1000.0)
    assert (longer.scan_s, longer.service_s) == (CONFIG.scan_s + 1000.0, CONFIG.service_s + 1000.0)
    assert CONFIG.counting(0.0) == CONFIG


class Bench:
    """A world in which every wish comes true one tick later, unless told otherwise."""

    def __init__(self, config=CONFIG, progress=None, targets=TARGETS):
        self.executive = Executive(config, targets, HAVEN, progress)
        self.results = {}
        self.time_s = 1000.0
        self.changes = {}
        self.fail = {}
        self.phases = []
        self.wishes = []

    def seen(self):
        base = Observations(
            self.time_s,
            Place(1.0, 2.0),
            self.time_s,
            False,
            Certificate(self.time_s, True, "", 500.0, LIGHT),
            Power(self.time_s, True, "", 0.8, 300.0, 60.0),
            True,
            results=self.results,
        )
        return dataclasses.replace(base, **self.changes)

    def tick(self, step_s=10.0):
        self.time_s += step_s
        decision = self.executive.tick(self.seen())
        if not self.phases or self.phases[-1] is not decision.phase:
            self.phases.append(decision.phase)
        wish = decision.activity
        if wish is not None:
            if not self.wishes or self.wishes[-1] != wish:
                self.wishes.append(wish)
            reason = next((r for prefix, r in self.fail.items() if wish.key.startswith(prefix)), "")
            self.results[wish.key] = Result(not reason, reason, 0.5)
        return decision

    def run(self, until, limit=2000):
        for _ in range(limit):
            decision = self.tick()
            if until(decision):
                return decision
        raise AssertionError(f"never so; last {decision}")


def test_it_waits_until_it_is_told_to_begin():
    bench = Bench()
    assert bench.tick().phase is Phase.IDLE
    assert bench.wishes == []


def test_a_whole_sortie_in_its_order():
    bench = Bench()
    bench.executive.begin()
    end = bench.run(lambda d: d.outcome)
    assert end.outcome == "success"
    assert bench.phases == [
        Phase.LEAD_OUT, Phase.DRIVE, Phase.SCAN, Phase.DRILL, Phase.RETURN, Phase.RECHARGE, Phase.DONE
    ]  # fmt: skip
    kinds = [type(wish) for wish in bench.wishes]
    assert kinds == [PlanRoute, Drive, Sample, Drive]
    assert bench.wishes[-1].goal == HAVEN, "with time and charge it goes home"
    assert bench.tick().outcome == "success", "and it stays so"


def test_two_targets_are_both_sampled():
    bench = Bench(targets=(Place(1.0, 0.0), Place(2.0, 0.0)))
    bench.executive.begin()
    assert bench.run(lambda d: d.outcome).progress.sampled == 2


def test_begin_takes_other_targets():
    bench = Bench()
    bench.executive.begin((Place(7.0, 8.0),))
    bench.run(lambda d: d.phase is Phase.DRIVE)
    assert bench.tick().progress.begun
    assert any(isinstance(w, Drive) and w.goal == Place(7.0, 8.0) for w in bench.wishes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"certificate": Certificate(1e9, True, "", 39.0, LIGHT)}, "margin of 39 Wh"),
        ({"certificate": Certificate(1e9, True, "", float("nan"), LIGHT)}, "margin"),
        ({"certificate": Certificate(1e9, False, "pose is unknown", 0.0, HAVEN)}, "pose is unknown"),
        ({"power": Power(1e9, False, "battery is low", 0.3, 300.0, 60.0)}, "battery is low"),
    ],
)
def test_a_lasting_reason_turns_it_back_without_a_sample(change, words):
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is Phase.SCAN)
    bench.changes = change
    turned = bench.run(lambda d: d.turning_back)
    assert words in turned.text
    bench.changes = {}
    end = bench.run(lambda d: d.outcome)
    assert end.outcome == "turned_back"
    invalid = "certificate" in change and not change["certificate"].valid
    assert bench.wishes[-1].goal == (HAVEN if invalid else LIGHT), "in a hurry it goes where the certificate leads"
    assert Phase.DRILL not in bench.phases


def test_a_margin_lost_on_the_way_home_changes_the_goal():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"return:1": "no way"}
    bench.run(lambda d: d.phase is Phase.RETURN)
    bench.results.clear()
    assert bench.wishes[-1].goal == HAVEN
    bench.changes = {"certificate": Certificate(1e9, True, "", 10.0, Place(5.0, 6.0))}
    bench.tick()
    assert bench.wishes[-1].goal == Place(5.0, 6.0)
    bench.fail = {}
    bench.changes = {}
    assert bench.run(lambda d: d.outcome).outcome == "success"


def test_a_passing_reason_does_not():
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is Phase.SCAN)
    bench.changes = {"certificate": Certificate(1e9, True, "", -5.0, HAVEN)}
    bench.tick(step_s=CONFIG.confirm_s / 2)
    bench.changes = {}
    assert bench.run(lambda d: d.outcome).outcome == "success"


def test_without_a_proof_it_stands_still_and_goes_on_when_the_proof_is_back():
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is Phase.DRIVE)
    bench.results.clear()
    bench.changes = {"certificate": Certificate(1e9, False, "no place of the rover yet", 0.0, HAVEN)}
    for _ in range(int(CONFIG.confirm_invalid_s / 10.0) - 1):
        held = bench.tick()
        assert (held.phase, held.activity, held.turning_back) == (Phase.SAFE, None, False)
    bench.changes = {}
    assert bench.run(lambda d: d.outcome).outcome == "success"


def test_with_the_samples_aboard_a_failing_certificate_changes_nothing():
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is Phase.RETURN)
    bench.changes = {"certificate": Certificate(1e9, True, "", -5.0, HAVEN)}
    bench.results = {key: r for key, r in bench.results.items() if not key.startswith("return")}
    assert bench.run(lambda d: d.outcome).outcome == "success"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lost_nodes": frozenset({"localization"})}, "localization is lost"),
        ({"lost_nodes": frozenset({"mobility"})}, "mobility is lost"),
        ({"certificate": None}, "certificate"),
        ({"certificate": Certificate(0.0, True, "", 500.0, HAVEN)}, "certificate"),
        ({"power": None}, "power"),
        ({"power": Power(0.0, True, "", 0.8, 300.0, 60.0)}, "power"),
        ({"place": None}, "position"),
        ({"place_stamp_s": 0.0}, "position"),
        ({"localization_lost": True}, "localization is lost"),
    ],
)
def test_without_its_inputs_it_stands_still_and_then_goes_on(change, words):
    bench = Bench()
    bench.executive.begin()
    bench.fail = {}
    bench.run(lambda d: d.phase is Phase.DRIVE)
    bench.results.clear()
    bench.changes = change
    held = bench.tick()
    assert held.phase is Phase.SAFE
    assert held.activity is None
    assert any(words in reason for reason in held.standing_still_for)
    bench.changes = {}
    assert bench.run(lambda d: d.outcome).outcome == "success"


def test_a_drill_at_work_is_not_stopped_by_a_lost_localization():
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: isinstance(d.activity, Sample))
    bench.results.clear()
    bench.changes = {"lost_nodes": frozenset({"localization"}), "localization_lost": True}
    assert isinstance(bench.tick().activity, Sample)
    bench.results.clear()
    bench.changes = {"lost_nodes": frozenset({"power_management"})}
    decision = bench.tick()
    assert decision.phase is Phase.SAFE
    assert isinstance(decision.activity, Sample), "the drill has limits of its own; lifting it is its own work"


def test_a_target_out_of_reach_turns_it_back_after_its_tries():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"drive:0": "a wall of rocks"}
    end = bench.run(lambda d: d.outcome)
    assert end.outcome == "turned_back"
    assert "a wall of rocks" in end.progress.turning_back
    assert sum(isinstance(w, Drive) and w.key.startswith("drive:0") for w in bench.wishes) == CONFIG.drive_tries


def test_drives_that_go_on_failing_have_the_ground_looked_at_anew():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"return": "no safe ground around the rover"}
    bench.run(lambda d: d.progress.tries.get("return", 0) >= 4)
    kinds = [type(wish) for wish in bench.wishes if wish.key.startswith("return")]
    assert kinds[:6] == [Drive, Drive, LookAnew, Drive, LookAnew, Drive]
    bench.fail = {}
    assert bench.run(lambda d: d.outcome).outcome == "success"


def test_no_feasible_plan_keeps_it_at_home():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"plan": "target 1 needs 900 Wh"}
    end = bench.run(lambda d: d.outcome)
    assert "900 Wh" in end.progress.turning_back
    assert Phase.DRIVE not in bench.phases


def test_a_failed_hole_is_tried_again_a_step_aside():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"drill:0:0": "auger bound"}
    assert bench.run(lambda d: d.outcome).outcome == "success"
    aside = next(wish for wish in bench.wishes if ":aside:" in wish.key)
    moved_m = ((aside.goal.x_m - 100.0) ** 2 + aside.goal.y_m**2) ** 0.5
    assert moved_m == pytest.approx(CONFIG.drill_step_aside_m)
    assert aside.tolerance_m < CONFIG.drill_step_aside_m


def test_holes_that_all_fail_end_in_turning_back():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"drill:0:0": "bound", "drill:0:1": "bound again"}
    end = bench.run(lambda d: d.outcome)
    assert end.outcome == "turned_back"
    assert "bound again" in end.progress.turning_back


def test_it_does_not_drive_home_before_the_drill_is_stowed():
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: isinstance(d.activity, Sample))
    bench.executive.turn_back("cancelled by the operator")
    bench.changes = {"drill_stowed": False}
    for _ in range(5):
        decision = bench.tick()
        assert decision.phase is Phase.RETURN
        assert decision.activity is None
    bench.changes = {}
    assert isinstance(bench.tick().activity, Drive)


def test_the_return_is_tried_for_ever_and_asks_the_certificate_each_time():
    bench = Bench()
    bench.executive.begin()
    bench.fail = {"return": "no way"}
    bench.run(lambda d: d.progress.tries.get("return", 0) >= 10)
    bench.fail = {}
    bench.changes = {"certificate": Certificate(1e9, False, "none", 0.0, HAVEN)}
    assert bench.run(lambda d: d.outcome).outcome == "success"
    assert bench.wishes[-1].goal == HAVEN, "without a certificate it is the site's first haven"


def test_recharging_waits_for_proven_sun_and_charge():
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is Phase.RECHARGE)
    begun_s = bench.time_s
    bench.changes = {"power": Power(1e9, True, "", 0.3, 300.0, 60.0)}
    for _ in range(100):
        assert not bench.tick().outcome
    bench.changes = {}
    assert bench.run(lambda d: d.outcome).outcome == "success"
    assert bench.time_s - begun_s >= CONFIG.recharge_min_s


@pytest.mark.parametrize("power", [Power(1e9, True, "", 0.3, 300.0, 60.0), Power(1e9, True, "", 0.9, 0.0, 60.0)])
def test_a_haven_that_does_not_charge_is_a_failure(power):
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is Phase.RECHARGE)
    bench.changes = {"power": power}
    bench.time_s += CONFIG.recharge_max_s
    end = bench.run(lambda d: d.outcome, limit=3)
    assert (end.outcome, bench.tick().phase) == ("failed", Phase.FAILED)


@pytest.mark.parametrize("phase", [Phase.DRIVE, Phase.SCAN, Phase.DRILL, Phase.RETURN, Phase.RECHARGE])
def test_killed_in_any_phase_it_goes_on_where_it_was(phase):
    bench = Bench()
    bench.executive.begin()
    bench.run(lambda d: d.phase is phase)
    saved = Progress.from_json(bench.executive.progress.to_json())
    assert saved == bench.executive.progress
    heir = Bench(progress=saved)
    heir.time_s = bench.time_s
    heir.tick()
    assert heir.phases == [phase]
    assert heir.run(lambda d: d.outcome).outcome == "success"


@pytest.mark.parametrize("damage", [{}, {"begun": 1}, None, {**Progress().to_json(), "tries": [1]}])
def test_a_checkpoint_of_another_form_is_refused(damage):
    with pytest.raises(ValueError, match="another form"):
        Progress.from_json(damage)
