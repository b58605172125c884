# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The plan's waits, for light or charge, are kept on the way; whoever is late or cannot get there goes on."""

import sys
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time

sys.path.insert(0, str(Path(__file__).parent))
from test_executive import HAVEN, TARGETS, Bench

from lupex_interfaces.msg import SortiePlan
from lupex_mission import conversions
from lupex_mission.observations import Certificate, Drive, Halt, Phase, Place
from lupex_node.checks import InvalidMessage

AT, AFTER = Place(50.0, 0.0), Place(60.0, 0.0)


def halted(*halts):
    bench = Bench()
    bench.changes = {"halts": halts}
    bench.executive.begin()
    return bench


def goals(bench):
    return [wish.goal for wish in bench.wishes if isinstance(wish, Drive)]


def test_it_waits_where_and_as_long_as_the_plan_does():
    bench = halted(Halt(AT, 2000.0, 0), Halt(AFTER, 9000.0, 1))
    bench.run(lambda d: d.phase is Phase.DRIVE and d.activity is None)
    assert "waiting where the plan does" in bench.tick().text
    assert goals(bench) == [AT]
    bench.run(lambda d: d.phase is Phase.SCAN)
    assert bench.time_s >= 2000.0
    assert goals(bench) == [AT, TARGETS[0]]
    end = bench.run(lambda d: d.outcome)
    assert end.outcome == "success"
    assert bench.time_s >= 9000.0
    assert goals(bench) == [AT, TARGETS[0], AFTER, HAVEN]


def test_whoever_is_late_or_would_hardly_wait_goes_on():
    bench = halted(Halt(AT, 900.0, 0), Halt(AFTER, 1060.0, 0))
    bench.run(lambda d: d.phase is Phase.SCAN)
    assert goals(bench) == [TARGETS[0]]


def test_a_wait_that_cannot_be_reached_is_passed_over():
    bench = halted(Halt(AT, 1e6, 0))
    bench.fail = {"drive:0:halt": "no way there"}
    bench.run(lambda d: d.phase is Phase.SCAN)
    assert goals(bench) == [AT, TARGETS[0]]


def test_nobody_who_turns_back_or_must_hurry_waits_on_the_way_home():
    bench = halted(Halt(AFTER, 1e6, 1))
    bench.run(lambda d: d.phase is Phase.SCAN)
    bench.executive.turn_back("asked for")
    bench.run(lambda d: d.phase is Phase.RECHARGE)
    assert AFTER not in goals(bench)
    bench = halted(Halt(AFTER, 1e6, 1))
    bench.run(lambda d: d.phase is Phase.RETURN)
    bench.changes["certificate"] = Certificate(1e9, True, "", 30.0, Place(3.0, 4.0))
    bench.run(lambda d: d.phase is Phase.RECHARGE)
    assert goals(bench)[-1] == Place(3.0, 4.0)


def plan(*points):
    message = SortiePlan()
    for activity, target, x_m, y_m, arrival_s in points:
        message.activity.append(activity)
        message.target.append(target)
        message.x_m.append(x_m)
        message.y_m.append(y_m)
        message.arrival.append(Time(sec=arrival_s))
    return message


DRIVE, WAIT, RECHARGE, SERVICE = SortiePlan.DRIVE, SortiePlan.WAIT, SortiePlan.RECHARGE, SortiePlan.SERVICE


def test_halts_are_the_waits_that_lead_on_to_a_drive():
    message = plan(
        (DRIVE, -1, 0.0, 0.0, 0), (WAIT, -1, 5.0, 0.0, 100), (RECHARGE, -1, 5.0, 0.0, 200), (DRIVE, -1, 9.0, 0.0, 300),
        (WAIT, -1, 9.0, 0.0, 400), (SERVICE, 0, 9.0, 0.0, 500), (WAIT, -1, 9.0, 0.0, 600), (DRIVE, -1, 5.0, 0.0, 700),
        (RECHARGE, -1, 5.0, 0.0, 900),
    )  # fmt: skip
    assert conversions.halts(message) == (Halt(Place(5.0, 0.0), 200.0, 0), Halt(Place(9.0, 0.0), 600.0, 1))


@pytest.mark.parametrize("x_m", [float("nan"), 1e6])
def test_a_plan_with_a_wait_nowhere_is_refused(x_m):
    with pytest.raises(InvalidMessage, match="x_m"):
        conversions.halts(plan((WAIT, -1, x_m, 0.0, 100)))


def test_a_plan_of_unequal_arrays_is_refused():
    message = plan((DRIVE, -1, 0.0, 0.0, 0))
    message.x_m.append(1.0)
    with pytest.raises(InvalidMessage, match="equally long"):
        conversions.halts(message)
