# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Mobility trusts nobody: one sender a topic, a certificate in its turn, and tracks that do what they are told."""

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import Twist, TwistStamped  # noqa: E402
from nav_msgs.msg import Path  # noqa: E402
from obeying_world import AHEAD, STEP_S  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from lupex_interfaces.msg import MissionStatus, ReturnCertificate  # noqa: E402
from lupex_interfaces.srv import OverrideMotion  # noqa: E402
from lupex_mobility import conversions  # noqa: E402
from lupex_mobility.config import Permission, Watch  # noqa: E402
from lupex_mobility.drive_route.node import DriveRouteNode  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402

FAR = np.array([[0.0, 0.0], [50.0, 0.0]])


def follow(world, condition, limit=40):
    """Have the planner's path told each second until a condition holds."""

    def step():
        if round(world.time_s * 10) % 10 == 0:
            world.path.publish(conversions.path(world.time_s, FAR))
        return condition()

    world.until(step, limit)


def steps(world, count):
    for _ in range(count):
        world.step()


def text(world, code):
    return next(fault.text for fault in reversed(world.faults) if fault.code == code)


@pytest.mark.parametrize(
    ("kind", "topic"),
    [(Path, "/plan/path"), (ReturnCertificate, "/plan/certificate"), (TwistStamped, "/cmd_vel")],
)
def test_while_another_could_tell_what_it_moves_by_it_rests_and_names_both(world, mobility, kind, topic):
    follow(world, lambda: world.driving)
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(kind, topic, qos.STATE)
    code = f"contested_{topic.strip('/').replace('/', '_')}"
    follow(world, lambda: world.active(code) and not world.driving, 6)
    first = "mobility" if topic == "/cmd_vel" else "world"
    assert first in text(world, code)
    assert "intruder" in text(world, code)
    for _ in range(20):
        follow(world, lambda: True)
        world.step()
        assert not world.driving
    intruder.die()
    follow(world, lambda: world.driving and not world.active(code))


def test_while_another_could_tell_the_joints_nothing_is_commanded(world, mobility):
    follow(world, lambda: world.driving)
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(JointState, "/mobility/joint_states", qos.SAMPLES)
    follow(world, lambda: world.active("contested_mobility_joint_states"), 6)
    assert "intruder" in text(world, "contested_mobility_joint_states")
    # without measured angles a set-point is a guess; the controllers stop by the silence
    told = len(world.commands)
    steps(world, 12)
    assert len(world.commands) == told
    intruder.die()
    follow(world, lambda: world.driving and len(world.commands) > told)


def test_who_commands_without_a_stamp_is_a_second_commander_too(world, mobility):
    follow(world, lambda: world.driving)
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(Twist, "/cmd_vel_unstamped", qos.STATE)
    follow(world, lambda: world.active("contested_cmd_vel") and not world.driving, 6)
    assert "intruder" in text(world, "contested_cmd_vel")
    intruder.die()
    follow(world, lambda: world.driving and not world.active("contested_cmd_vel"))


def test_of_two_who_command_with_and_without_a_stamp_none_is_obeyed(world, mobility):
    stamped = world.conductor.visitor("one").publisher(TwistStamped, "/cmd_vel", qos.STATE)
    other = world.conductor.visitor("other")
    other.publisher(Twist, "/cmd_vel_unstamped", qos.STATE)

    def ahead():
        stamped.publish(conversions.command(world.time_s + 0.01, AHEAD))
        return world.driving

    with pytest.raises(AssertionError):
        world.until(ahead, 30)
    assert "one and other command the rover" in mobility._refusal["/cmd_vel"]
    other.die()
    world.until(ahead)


def test_another_who_commands_the_joints_is_a_fault(world, mobility):
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(JointState, "/mobility/joint_commands", qos.STATE)
    world.until(lambda: world.active("contested_mobility_joint_commands"))
    assert "intruder and mobility" in text(world, "contested_mobility_joint_commands")
    intruder.die()
    world.until(lambda: not world.active("contested_mobility_joint_commands"))


def test_a_foreign_command_is_not_carried_out_beside_a_path(world, mobility):
    follow(world, lambda: world.driving)
    told = world.conductor.visitor("intruder").publisher(TwistStamped, "/cmd_vel", qos.STATE)

    def reversing():
        told.publish(conversions.command(world.time_s + 0.01, type(AHEAD)(-0.1, 0.0, 0.0)))
        return False

    with pytest.raises(AssertionError):
        follow(world, reversing, 30)
    assert not world.driving
    assert world.track.min() >= 0.0


def test_without_a_certificate_it_does_not_move_and_says_why(world, mobility):
    world.proven = False
    steps(world, round(Permission().certificate_age_s / STEP_S) + 2)
    follow(world, lambda: world.active("motion_not_permitted"))
    assert not world.driving
    assert "no fresh return certificate" in text(world, "motion_not_permitted")
    world.proven = True
    follow(world, lambda: world.driving and not world.active("motion_not_permitted"))


def test_teleoperation_too_needs_a_certificate(world, mobility):
    world.proven = False
    steps(world, round(Permission().certificate_age_s / STEP_S) + 2)

    def teleop():
        world.drive(AHEAD)
        return world.active("motion_not_permitted")

    world.until(teleop)
    assert not world.driving


def test_a_certificate_that_lapses_on_the_way_stops_it(world, mobility):
    follow(world, lambda: world.driving)
    world.proven = False
    lapsed_s = world.time_s
    follow(world, lambda: not world.driving, 200)
    assert world.time_s - lapsed_s == pytest.approx(Permission().certificate_age_s, abs=2 * STEP_S)


def test_on_the_way_home_an_invalid_certificate_does_not_hold_it_but_none_does(world, mobility):
    world.proven = False
    mission = world.conductor.visitor("mission").publisher(MissionStatus, "/mission/status", qos.STATE)

    def invalid(phase):
        def step():
            message = MissionStatus(phase=phase)
            message.header.stamp = stamp(world.time_s)
            mission.publish(message)
            world.certify(valid=False, reason="the ground is closed")
            return world.driving

        return step

    with pytest.raises(AssertionError):
        follow(world, invalid(MissionStatus.DRIVE), 30)
    assert "the ground is closed" in text(world, "motion_not_permitted")
    follow(world, invalid(MissionStatus.RETURN))
    follow(world, lambda: not world.driving, 200)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"energy_wh": 99999.0, "margin_wh": 99399.0}, "the battery holds 2500"),
        ({"margin_wh": 99999.0}, "not energy_wh - required_wh"),
        ({"required_wh": -1.0, "margin_wh": 1501.0}, "no way back gives energy"),
        ({"margin_wh": float("nan")}, "not finite"),
        ({"sequence": 1}, "is number 1, and"),
    ],
)
def test_an_impossible_or_old_certificate_is_not_used(world, mobility, fields, words):
    steps(world, 3)
    world.proven = False
    told = dict(mobility._refused)
    world.certify(**fields)
    world.step()
    assert mobility._refused.get("/plan/certificate", 0) == told.get("/plan/certificate", 0) + 1
    assert words in mobility._refusal["/plan/certificate"]


def override(world, **fields):
    answers = []
    client = world.conductor.visitor("operator").client(OverrideMotion, "/mobility/override")
    client.call(OverrideMotion.Request(**{"allow": True, "person": "Aiko", **fields}), answers.append)
    world.until(lambda: answers)
    return answers[0]


def unproven(world):
    world.proven = False
    steps(world, round(Permission().certificate_age_s / STEP_S) + 2)


def test_a_persons_word_moves_it_until_it_expires_and_is_recorded(world, mobility):
    unproven(world)
    answer = override(world, reason="out of the shadow")
    assert answer.accepted, answer.text
    given_s = world.time_s
    follow(world, lambda: world.driving)
    assert world.active("motion_override")
    assert "Aiko" in text(world, "motion_override")
    assert "out of the shadow" in text(world, "motion_override")
    follow(world, lambda: not world.driving, 700)
    assert world.time_s - given_s == pytest.approx(Permission().override_s, abs=5 * STEP_S)
    world.until(lambda: not world.active("motion_override"))


def test_a_persons_word_is_renewed_and_ended(world, mobility):
    unproven(world)
    override(world, duration_s=2.0)
    follow(world, lambda: world.driving)
    override(world, duration_s=30.0)
    # past the first word's end
    steps(world, 25)
    follow(world, lambda: world.driving)
    override(world, allow=False)
    follow(world, lambda: not world.driving and not world.active("motion_override"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"person": " "}, "person is empty"),
        ({"duration_s": 61.0}, "0 up to 60"),
        ({"duration_s": -1.0}, "0 up to 60"),
        ({"duration_s": float("nan")}, "0 up to 60"),
    ],
)
def test_what_is_no_decision_of_a_person_is_refused_with_the_reason(world, mobility, fields, words):
    answer = override(world, **fields)
    assert not answer.accepted
    assert words in answer.text
    assert mobility._refused["/mobility/override"] == 1


def test_the_route_moves_without_a_certificate_only_where_it_asks_for_it(world, mobility):
    unproven(world)
    route = world.conductor.add(DriveRouteNode, {"distance_m": 1.0, "stuck_s": 3.0})
    world.until(lambda: route.done, 35)
    assert "no progress" in route.outcome
    route = world.conductor.add(DriveRouteNode, {"distance_m": 1.0, "override": True})
    world.until(lambda: route.done, 500)
    assert route.outcome == ""
    world.until(lambda: not world.active("motion_override"))


@pytest.mark.parametrize(("speed", "words"), [(-0.1, "runs backwards"), (0.3, "runs away")])
def test_tracks_that_do_not_do_what_they_are_told_stop_it(world, mobility, speed, words):
    follow(world, lambda: world.driving)
    disobeys, publish = [True], world.publish

    def told():
        if disobeys:
            world.track = np.full(4, speed)
        publish()

    world.publish = told
    began_s = world.time_s
    follow(world, lambda: world.active("motion_contradicts_command") and not world.driving)
    assert world.time_s - began_s < Watch().lasting_s + 1.0
    assert words in text(world, "motion_contradicts_command")
    disobeys.clear()
    follow(world, lambda: not world.active("motion_contradicts_command") and world.driving, 200)


@pytest.mark.parametrize("end", ["deactivate", "remove"])
def test_it_commands_rest_before_it_rests_or_ends(world, mobility, end):
    follow(world, lambda: world.driving)
    told = len(world.commands)
    if end == "remove":
        world.conductor.remove("mobility")
    else:
        mobility.deactivate()
    world.conductor.run_until(world.time_s + 0.09)
    assert len(world.commands) == told + 1
    assert list(world.command.velocity) == [0.0] * 8
    assert world.velocities[-1].twist.linear.x == 0.0


def test_a_route_that_is_told_to_end_stops_the_rover(world, mobility):
    world.conductor.add(DriveRouteNode, {"distance_m": 10.0})
    world.until(lambda: world.driving, 40)
    world.conductor.remove("drive_route")
    world.until(lambda: not world.driving, 3)
