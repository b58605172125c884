# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node in lock step: its certificate, and ground that turns out to be closed."""

import math

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from nav_msgs.msg import Odometry  # noqa: E402
from planner_world import ROVER, planned  # noqa: E402

from lupex_interfaces.msg import (  # noqa: E402
    MissionStatus,
    SoilEstimate,
    SortiePlan,
)
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_models.rover import read_rover  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_path_planning.node import PathPlanningNode  # noqa: E402


def test_certificate_comes_with_the_inputs_and_goes_with_each(world):
    world.reporting = False
    world.until(lambda: "/plan/certificate" in world.heard)
    assert not world.heard["/plan/certificate"].valid
    assert world.heard["/plan/certificate"].reason
    world.reporting = True
    world.until(world.certified)
    certificate = world.heard["/plan/certificate"]
    # the reserve and, in the haven where it stands, one stop without sun, with the losses of the battery
    loads = read_rover(ROVER).loads
    stop_wh = 0.5 * 1.08 * (loads.avionics_w + loads.heater_w)
    assert 375.0 + stop_wh < certificate.required_wh < 375.0 + 1.25 * stop_wh
    assert certificate.energy_wh == pytest.approx(1985.0, abs=0.1)
    assert "/site/map" in world.heard
    assert world.heard["/site/map"].layers == ["elevation", "sunlit_fraction", "permanent_shadow"]
    world.lost = True
    world.until(lambda: not world.certified())
    assert "lost" in world.heard["/plan/certificate"].reason
    world.lost = False
    world.until(world.certified)
    world.reporting = False
    world.until(lambda: not world.certified())
    assert "old" in world.heard["/plan/certificate"].reason


def test_the_map_is_told_once_and_to_who_comes_late(world):
    world.until(world.certified)
    told = world.heard["/map"]
    world.run(5.0)
    assert world.heard["/map"] is told
    assert told.header.frame_id == "map"
    info, grid = told.info, world.node._site.grid
    # cell [0, 0] of the planner's grid is centred where the map's first cell is
    corner = info.origin.position
    assert (corner.x + 0.5 * info.resolution, corner.y + 0.5 * info.resolution) == pytest.approx(grid.place(0, 0))
    assert (info.height, info.width) == grid.shape
    late = []
    world.conductor.visitor("late").subscribe(type(told), "/map", late.append, qos.LATCHED)
    world.run(0.5)
    assert [message.data for message in late] == [told.data]


def test_certificates_are_numbered_over_a_restart(world):
    world.until(world.certified)
    world.run(3.0)
    numbers = [certificate.sequence for certificate in world.certificates]
    assert sorted(set(numbers)) == numbers
    world.conductor.kill("path_planning")
    world.run(2.0)
    before = world.heard["/plan/certificate"].sequence
    world.conductor.add(PathPlanningNode, world.parameters)
    world.until(lambda: world.heard["/plan/certificate"].sequence != before)
    assert world.heard["/plan/certificate"].sequence > before


def test_a_charge_that_no_battery_holds_is_refused(world):
    world.energy_wh = 9000.0
    world.run(3.0)
    assert "more than the battery holds" in world.node._refusal["/power/status"]
    assert not world.certified()


def test_while_another_could_tell_the_pose_there_is_no_certificate(world):
    world.until(world.certified)
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(Odometry, "/odometry/global", qos.STATE)
    world.until(lambda: not world.certified(), 10.0)
    assert world.heard["/faults"].code == "contested_odometry_global"
    intruder.die()
    world.until(world.certified)


def test_while_another_could_tell_the_pose_in_odom_none_is_used(world):
    world.until(world.certified)
    intruder = world.conductor.visitor("intruder")
    intruder.publisher(Odometry, "/odometry/local", qos.STATE)
    world.run(7.0)
    assert world.heard["/faults"].code == "contested_odometry_local"
    assert world.node._poses.framed(world.conductor.now_s) is None
    intruder.die()
    world.until(lambda: world.node._poses.framed(world.conductor.now_s) is not None)


def crossings(plan, x_m):
    """Return the y at which a plan passes an x."""
    steps = zip(plan.x_m, plan.y_m, plan.x_m[1:], strict=False)
    return [y for x, y, then in steps if min(x, then) < x_m <= max(x, then)]


def test_a_wall_on_the_plan_makes_a_new_one_and_no_doubt_where_the_way_back_keeps_off_it(world):
    first = planned(world)
    world.certificates.clear()
    world.wall_x_m = 12.5
    world.until(lambda: world.heard["/plan/sortie"].plan_id != first.plan_id)
    second = world.heard["/plan/sortie"]
    assert second.feasible
    assert list(second.target).count(0) == 1
    assert all(abs(y) < 10.0 for y in crossings(first, 12.5))
    assert all(abs(y) > 10.0 for y in crossings(second, 12.5))
    assert len(crossings(second, 12.5)) == 2
    world.until(lambda: world.heard["/plan/certificate"].plan_id == second.plan_id)
    # the rover stands in a haven: nothing lies between it and the sun
    assert all(certificate.valid for certificate in world.certificates)


def test_a_wall_on_the_way_back_makes_the_certificate_invalid_until_it_is_proven_anew(world):
    world.place = [75.0, 0.0]
    world.until(world.certified)
    before = world.heard["/plan/certificate"].required_wh
    world.wall_x_m = 62.5
    world.until(lambda: not world.certified())
    assert "closed" in world.heard["/plan/certificate"].reason
    world.until(world.certified)
    assert world.heard["/plan/certificate"].required_wh > before + 1.0
    # it is gone when it is looked at again
    world.wall_x_m = math.inf
    world.certificates.clear()
    world.until(lambda: world.heard["/plan/certificate"].required_wh < before + 0.5)
    assert all(certificate.valid for certificate in world.certificates)


def test_weaker_soil_is_proven_and_planned_anew(world):
    first = planned(world)
    world.place = [75.0, 0.0]
    world.until(lambda: world.certified() and world.heard["/plan/certificate"].required_wh > 390.0)
    before = world.heard["/plan/certificate"].required_wh
    world.learn(-2.0, -3.2)
    world.until(lambda: not world.certified())
    assert "soil is weaker" in world.heard["/plan/certificate"].reason
    world.until(world.certified)
    assert world.heard["/plan/certificate"].required_wh > before + 1.0
    world.until(lambda: world.heard["/plan/sortie"].plan_id != first.plan_id)


def test_what_was_learned_of_the_soil_outlives_a_teller_that_began_anew(world):
    planned(world)
    world.learn(-2.0, -3.2)
    world.until(lambda: not world.certified())
    world.until(world.certified)
    needed = world.heard["/plan/certificate"].required_wh
    message = SoilEstimate(measurements=0, strength=0.3, strength_low=-0.8, patch_m=4.0)
    message.header.frame_id = "map"
    world.senders["/traversability/soil"].publish(message)
    # beyond what an allowance is kept for
    world.run(1900.0)
    assert world.heard["/plan/certificate"].required_wh >= needed - 1.0


def test_soil_in_another_frame_changes_nothing(world):
    planned(world)
    world.learn(-2.0, -3.2)
    world.until(lambda: not world.certified())
    world.until(world.certified)
    message = SoilEstimate(measurements=9, strength=-4.0, strength_low=-4.0, patch_m=4.0)
    message.header.frame_id = "odom"
    world.senders["/traversability/soil"].publish(message)
    world.certificates.clear()
    world.until(lambda: len(world.certificates) > 4)
    assert all(certificate.valid for certificate in world.certificates)


def test_on_the_way_home_only_that_is_planned_anew(world):
    first = planned(world)
    world.place = [75.0, 0.0]
    world.until(lambda: world.certified() and world.heard["/plan/certificate"].required_wh > 390.0)
    status = MissionStatus(phase=MissionStatus.RETURN, target=-1)
    status.header.stamp = world.now()
    world.senders["/mission/status"].publish(status)
    world.wall_x_m = 62.5
    world.until(lambda: world.heard["/plan/sortie"].plan_id != first.plan_id)
    home = world.heard["/plan/sortie"]
    assert SortiePlan.SERVICE not in home.activity
    assert home.x_m[0] == pytest.approx(75.0, abs=2.6)
    assert home.turn_back_by.sec == 0


def test_without_another_way_the_plan_is_said_to_be_blocked(world):
    planned(world)
    # no charge for any way: the plan in force is all there is
    world.energy_wh = 380.0
    world.wall_x_m = 12.5
    world.until(lambda: "/faults" in world.heard and world.heard["/faults"].code == "plan_blocked")
    assert world.heard["/faults"].active
    world.energy_wh = 2000.0
    world.wall_x_m = math.inf
    world.until(lambda: not world.heard["/faults"].active)


@pytest.mark.parametrize("fault", ["unknown", "stale", "frame"])
def test_what_no_costmap_proves_closes_nothing(world, fault):
    first = planned(world)
    world.cost, world.costmap_age_s, world.costmap_frame = {
        "unknown": (-1, 0, "odom"),
        "stale": (0, 600, "odom"),
        "frame": (0, 0, "map"),
    }[fault]
    world.wall_x_m = 12.5
    heard = len(world.certificates)
    world.until(lambda: len(world.certificates) > heard + 4)
    assert world.heard["/plan/sortie"].plan_id == first.plan_id
    assert all(certificate.valid for certificate in world.certificates[heard:])


def test_without_a_site_the_node_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="is no directory"):
        Conductor().add(PathPlanningNode, {"site": str(tmp_path / "none"), "rover": str(ROVER)})
