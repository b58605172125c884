# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Sorties asked of the node, and which of them is put in force."""

import math

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import Point  # noqa: E402
from planner_world import ANSWER_S, World, ask, mission, planned  # noqa: E402

from lupex_interfaces.msg import (  # noqa: E402
    MissionStatus,
    SortiePlan,
)
from lupex_interfaces.srv import PlanSortie  # noqa: E402
from lupex_node.conversions import seconds  # noqa: E402


def test_a_sortie_is_planned_published_and_named_in_the_certificate(world):
    world.until(world.certified)
    answer = ask(world, targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    assert answer.feasible, answer.explanation
    world.until(lambda: "/plan/sortie" in world.heard)
    plan = world.heard["/plan/sortie"]
    assert plan.plan_id == answer.plan.plan_id
    assert {SortiePlan.DRIVE, SortiePlan.SERVICE, SortiePlan.RECHARGE} <= set(plan.activity)
    assert list(plan.target).count(0) == 1
    # it ends in the haven that the site names
    assert math.hypot(plan.x_m[-1], plan.y_m[-1]) <= 10.0
    assert all(e >= r for e, r in zip(plan.energy_wh, plan.required_wh, strict=True))
    world.until(lambda: world.heard["/plan/certificate"].plan_id == plan.plan_id)
    # the picture of the plan: when to turn back, the ground with its light then, and markers
    served = plan.arrival[list(plan.target).index(0)]
    assert plan.turn_back_by.sec > served.sec
    world.until(lambda: {"/plan/map", "/plan/markers"} <= set(world.heard))
    assert world.heard["/plan/map"].layers[:2] == ["elevation", "permanent_shadow"]
    assert all(name.startswith("sunlit_") for name in world.heard["/plan/map"].layers[2:])
    assert len(world.heard["/plan/map"].layers) == 6
    assert {"route", "target", "turn_back"} <= {marker.ns for marker in world.heard["/plan/markers"].markers}


def test_while_a_sortie_is_computed_the_certificates_go_on(site):
    world = World(site, sortie_s=5.0)
    world.until(world.certified)
    world.certificates.clear()
    begun_s = world.conductor.now_s
    answer = ask(world, targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    assert answer.feasible, answer.explanation
    assert world.conductor.now_s - begun_s == pytest.approx(5.0, abs=ANSWER_S)
    assert seconds(answer.plan.header.stamp) == pytest.approx(begun_s, abs=ANSWER_S)
    assert answer.plan.planning_time_s == 5.0
    assert len(world.certificates) == 5
    assert all(certificate.valid for certificate in world.certificates)


def test_a_request_waits_for_a_place_that_is_on_its_way(world):
    world.reporting = False
    answers = []
    request = PlanSortie.Request(targets=[Point(x=80.0, y=0.0)], service_s=[600.0], service_power_w=[50.0], commit=True)
    world.outside.client(PlanSortie, "/plan/sortie_request").call(request, answers.append)
    asked_s = world.conductor.now_s
    world.conductor.run_until(asked_s + 1.5)
    assert answers == []
    world.reporting = True
    world.until(lambda: answers)
    assert answers[0].feasible, answers[0].explanation


def test_bad_and_impossible_requests_are_explained(world):
    world.reporting = False
    assert "place" in ask(world).explanation
    world.reporting = True
    world.until(world.certified)
    uneven = ask(world, targets=[Point()], service_s=[], service_power_w=[])
    assert "equally long" in uneven.explanation
    far = ask(world, targets=[Point(x=9e4)], service_s=[1.0], service_power_w=[0.0], commit=True)
    assert not far.feasible
    assert "outside" in far.explanation
    assert "/plan/sortie" not in world.heard


VISIT = {"targets": [Point(x=80.0, y=0.0)], "service_s": [600.0], "service_power_w": [50.0]}


def test_a_request_is_only_answered_unless_it_is_to_be_put_in_force(world):
    first = planned(world)
    answer = ask(world, **VISIT)
    assert answer.feasible, answer.explanation
    assert answer.plan.plan_id != first.plan_id
    empty = ask(world)
    assert "without targets" not in empty.explanation
    world.run(3.0)
    assert world.heard["/plan/sortie"] is first
    assert world.heard["/plan/certificate"].plan_id == first.plan_id


def test_an_empty_request_is_never_put_in_force(world):
    world.until(world.certified)
    assert "without targets" in ask(world, commit=True).explanation
    assert "/plan/sortie" not in world.heard


def test_during_a_mission_only_who_knows_its_plan_replaces_it(world):
    first = planned(world)
    mission(world, MissionStatus.DRIVE)
    for replaces in ("", "sortie-of-somebody"):
        refused = ask(world, **VISIT, commit=True, replaces=replaces)
        assert not refused.feasible
        assert f"a mission follows {first.plan_id}" in refused.explanation
    assert world.heard["/plan/sortie"] is first
    mission(world, MissionStatus.DRIVE)
    answer = ask(world, **VISIT, commit=True, replaces=first.plan_id)
    assert answer.feasible, answer.explanation
    world.until(lambda: world.heard["/plan/sortie"].plan_id == answer.plan.plan_id)
    mission(world, MissionStatus.DONE)
    assert ask(world, **VISIT, commit=True).feasible
