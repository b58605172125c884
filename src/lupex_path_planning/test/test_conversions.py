# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages in and out: refusals, units, and the grid map's order."""

import math

import numpy as np
import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from geometry_msgs.msg import Point, PoseStamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402

from lupex_interfaces.msg import MissionStatus, PowerStatus, SlipEstimate, SoilEstimate  # noqa: E402
from lupex_interfaces.srv import PlanSortie  # noqa: E402
from lupex_models.soil_strength import WEAKEST  # noqa: E402
from lupex_node.checks import InvalidMessage  # noqa: E402
from lupex_path_planning import conversions  # noqa: E402
from lupex_path_planning.priced_soil import LearnedSoil, Soil  # noqa: E402
from lupex_path_planning.sortie.plan import Objective, Sortie, Task, Waypoint  # noqa: E402
from lupex_path_planning.way_back.certificate import Certificate  # noqa: E402


def odometry(x=0.0, yaw=0.0, frame="map"):
    message = Odometry(child_frame_id="base_link")
    message.header.frame_id = frame
    message.pose.pose.position.x = x
    message.pose.pose.orientation.z, message.pose.pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def test_poses_are_read_and_odd_ones_refused():
    assert conversions.planar_pose(odometry(2.0, 1.0), "map").yaw_rad == pytest.approx(1.0)
    message = odometry()
    message.twist.twist.linear.x, message.twist.twist.linear.y = 0.03, 0.04
    message.pose.covariance[0], message.pose.covariance[1], message.pose.covariance[7] = 1.0, 0.5, 2.0
    found = conversions.pose_estimate(message, conversions.planar_pose(message, "map"), lost=True)
    assert found.covariance_m2.tolist() == [[1.0, 0.5], [0.0, 2.0]]
    assert found.speed_mps == pytest.approx(0.05)
    assert found.lost
    for odd in (odometry(frame="odom"), odometry(math.nan)):
        with pytest.raises(InvalidMessage):
            conversions.pose_estimate(odd, conversions.planar_pose(odd, "map"), lost=False)


def test_the_frames_of_one_moment_are_joined():
    in_map = conversions.PlanarPose(0.0, 10.0, 5.0, 0.0, 1.5)
    in_odom = conversions.PlanarPose(0.0, 2.0, -1.0, 0.0, 0.5)
    frame = conversions.map_from_odom(in_map, in_odom)
    assert frame.apply(np.array([[2.0, -1.0]]))[0] == pytest.approx((10.0, 5.0))
    assert frame.yaw_rad == pytest.approx(1.0)


def test_energies_come_in_watt_hours_and_odd_ones_are_refused():
    power = conversions.power_estimate(PowerStatus(energy_wh=2.0, energy_sigma_wh=1.0, reserve_wh=0.5))
    assert (power.energy_j, power.sigma_j, power.reserve_j) == (7200.0, 3600.0, 1800.0)
    for odd in (PowerStatus(energy_wh=math.nan), PowerStatus(energy_sigma_wh=-1.0), PowerStatus(load_power_w=-5.0)):
        with pytest.raises(InvalidMessage):
            conversions.power_estimate(odd)
    for slip in (SlipEstimate(slip=2.0), SlipEstimate(sigma=math.inf), SlipEstimate(slope_rad=3.0)):
        with pytest.raises(InvalidMessage):
            conversions.slip_measurement(slip)


def learned(**fields):
    message = SoilEstimate(measurements=3, strength=-0.5, strength_low=-1.5, patch_m=4.0)
    message.header.frame_id = "map"
    for name, value in fields.items():
        setattr(message, name, value)
    return message


PATCHES = {"patch_column": [1, -2], "patch_row": [0, 3], "patch_strength": [-1.0, 0.2], "patch_low": [-2.0, -1.0]}


def test_learned_soil_is_taken_with_its_weaker_patches():
    soil = conversions.learned_soil(learned(**PATCHES))
    assert soil.expected == Soil(-0.5, 4.0, {(1, 0): -1.0})
    assert soil.surely == Soil(-1.5, 4.0, {(1, 0): -2.0})
    # in the median as good as foreseen
    assert conversions.learned_soil(learned(strength=0.1, strength_low=-1.5)).surely == Soil()


def test_before_anything_was_learned_the_soil_is_as_foreseen():
    assert conversions.learned_soil(learned(measurements=0, strength_low=-3.0)) == LearnedSoil()


def test_soil_that_is_not_known_counts_as_the_weakest():
    soil = conversions.learned_soil(learned(strength=math.nan, strength_low=math.nan))
    assert soil.expected.elsewhere == soil.surely.elsewhere == WEAKEST


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"strength_low": -4.5}, "strength_low"),
        ({"strength": math.inf}, "strength"),
        ({"patch_m": math.nan}, "patch_m"),
        ({"patch_m": 0.0}, "patch_m"),
        ({**PATCHES, "patch_low": [-2.0]}, "equally many"),
        ({**PATCHES, "patch_column": [1]}, "equally many"),
        ({**PATCHES, "patch_row": [0, 3, 4]}, "equally many"),
        ({**PATCHES, "patch_column": [1, 1], "patch_row": [0, 0]}, "twice"),
        ({**PATCHES, "patch_low": [-2.0, -9.0]}, "patch_low"),
    ],
)
def test_soil_that_makes_no_sense_is_refused(fields, reason):
    with pytest.raises(InvalidMessage, match=reason):
        conversions.learned_soil(learned(**fields))


def test_soil_in_another_frame_is_refused():
    message = learned()
    message.header.frame_id = "odom"
    with pytest.raises(InvalidMessage, match="frame"):
        conversions.learned_soil(message)


def test_goals_and_visits_are_checked():
    goal = PoseStamped()
    with pytest.raises(InvalidMessage, match="frame"):
        conversions.goal(goal)
    goal.header.frame_id = "map"
    goal.pose.position.x = math.inf
    with pytest.raises(InvalidMessage, match="finite"):
        conversions.goal(goal)
    request = PlanSortie.Request(targets=[Point()], service_s=[1.0], service_power_w=[-1.0])
    with pytest.raises(InvalidMessage, match="service_power_w"):
        conversions.visits(request)


def test_a_task_is_in_order_in_the_least_time_unless_it_says_otherwise():
    assert conversions.task(PlanSortie.Request()) == Task()
    request = PlanSortie.Request(objective=2, any_order=True, earth_to_drive=True, earth_to_serve=True)
    request.deadline.sec = 5000
    assert conversions.task(request) == Task(Objective.MOST_MARGIN, False, 5000.0, True, True)
    with pytest.raises(InvalidMessage, match="objective is 3"):
        conversions.task(PlanSortie.Request(objective=3))


def test_a_plan_carries_its_loads_and_how_good_it_is():
    points = (
        Waypoint(0, -1, 1.0, 2.0, 10.0, 7200.0, 3600.0, 0.5),
        Waypoint(3, 0, 1.0, 2.0, 20.0, 7200.0, 3600.0, 0.0, 80.0),
    )
    made = conversions.sortie_plan(1.0, "p", Sortie(True, "", points, 2, Objective.LEAST_TIME, (0,), 19.0, 4.0), 0.1)
    assert list(made.service_power_w) == [0.0, 80.0]
    assert (made.objective, made.cost, made.gap) == (0, 19.0, 4.0)
    energy = Sortie(True, "", points, 2, Objective.LEAST_ENERGY, (0,), 7200.0, 3600.0)
    made = conversions.sortie_plan(1.0, "p", energy, 0.1)
    assert (made.objective, made.cost, made.gap) == (1, 2.0, 1.0)
    none = conversions.sortie_plan(1.0, "p", Sortie(False, "no", (), 0), 0.1)
    assert (none.cost, none.gap) == (0.0, 0.0)


def test_an_invalid_certificate_has_finite_numbers_alone():
    message = conversions.return_certificate(Certificate(False, "no place", 5.0), "", 7)
    assert message.sequence == 7
    assert message.pose_age_s == message.power_age_s == pytest.approx(1e9)
    assert not message.valid


def test_a_path_looks_along_itself():
    made = conversions.path(1.0, np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), 2.0)
    assert [pose.pose.position.z for pose in made.poses] == [2.0] * 3
    assert made.poses[0].pose.orientation.z == pytest.approx(math.sin(math.pi / 4))
    assert made.poses[2].pose.orientation.w == pytest.approx(1.0)
    assert conversions.path(1.0, np.empty((0, 2)), 0.0).poses == []


def test_a_pose_of_the_path_looks_where_the_body_does():
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    made = conversions.path(1.0, points, 2.0, np.array([2.5, math.nan, math.nan]))
    yaw = [2.0 * math.atan2(pose.pose.orientation.z, pose.pose.orientation.w) for pose in made.poses]
    assert yaw == pytest.approx([2.5, 0.0, 0.0])


def test_the_grid_map_begins_at_the_corner_of_greatest_x_and_y():
    values = np.arange(6.0).reshape(2, 3)
    made = conversions.grid_map(1.0, {"elevation": values}, 10.0, 20.0, 5.0)
    rows, columns = made.data[0].layout.dim[1].size, made.data[0].layout.dim[0].size
    # grid_map: entry (i, j) at data[j * rows + i], x falls with i, y with j
    data = np.array(made.data[0].data).reshape(columns, rows)
    assert (rows, columns) == (3, 2)
    assert data[0, 0] == values[1, 2]
    assert data[0, 1] == values[1, 1]
    assert data[1, 0] == values[0, 2]
    assert (made.info.pose.position.x, made.info.pose.position.y) == (15.0, 22.5)
    assert (made.info.length_x, made.info.length_y) == (15.0, 10.0)


@pytest.mark.parametrize(
    ("phase", "target", "turning_back", "done"),
    [
        ("LEAD_OUT", -1, False, 0),
        ("DRIVE", 0, False, 0),
        ("DRILL", 2, False, 2),
        ("SAFE", 1, False, 1),
        # standing still says nothing of targets where it names none
        ("SAFE", -1, False, None),
        ("SAFE", 1, True, conversions.ALL_TARGETS),
        ("RETURN", -1, False, conversions.ALL_TARGETS),
        ("RECHARGE", -1, False, conversions.ALL_TARGETS),
        ("IDLE", -1, False, None),
        ("DONE", 1, True, None),
    ],
)
def test_the_mission_tells_which_targets_are_done(phase, target, turning_back, done):
    message = MissionStatus(phase=getattr(MissionStatus, phase), target=target, turning_back=turning_back)
    assert conversions.targets_done(message) == done


def test_a_mission_at_no_target_that_there_is_is_refused():
    with pytest.raises(InvalidMessage, match="target"):
        conversions.targets_done(MissionStatus(phase=MissionStatus.DRIVE, target=-2))
