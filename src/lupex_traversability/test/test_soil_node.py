# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The soil as the node tells it in lock step: slip and poses in map in, strengths out, and what teaches nothing."""

import math
import sys
from pathlib import Path as FilePath

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")
sys.path.insert(0, str(FilePath(__file__).parent))

from nav_msgs.msg import Odometry  # noqa: E402
from soil_by_hand import readings, slip_of  # noqa: E402

from lupex_interfaces.msg import SlipEstimate, SoilEstimate  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_traversability.config import SoilConfig  # noqa: E402
from lupex_traversability.conversions import soil_message  # noqa: E402
from lupex_traversability.node import TraversabilityNode  # noqa: E402
from lupex_traversability.soil.learned_soil import SoilEstimate as Known  # noqa: E402
from lupex_traversability.soil.strength_grid import Strength  # noqa: E402

ROVER = FilePath(__file__).parents[3] / "config" / "rover.yaml"
CONFIG = SoilConfig()


def slip_message(reading):
    message = SlipEstimate(slip=0.1, sigma=0.03, slope_rad=reading.slope_rad, distance_m=reading.distance_m)
    message.header.frame_id, message.header.stamp, message.window_s = "base_link", stamp(reading.time_s), 30.0
    return message


def pose_message(footing, pitch_rad):
    message = Odometry(child_frame_id="base_link")
    message.header.frame_id, message.header.stamp = "map", stamp(footing.time_s)
    message.pose.pose.position.x, message.pose.pose.position.y = footing.x_m, footing.y_m
    # nose up turns about the right
    message.pose.pose.orientation.y = -math.sin(0.5 * pitch_rad)
    message.pose.pose.orientation.w = math.cos(0.5 * pitch_rad)
    message.pose.covariance[0], message.pose.covariance[1], _ = footing.covariance_m2
    message.pose.covariance[6], message.pose.covariance[7] = footing.covariance_m2[1:]
    return message


class World:
    def __init__(self, now_s=1000.0, state_dir="soil"):
        self.conductor = Conductor(now_s=now_s)
        self.parameters = {"rover": str(ROVER), "map.size_m": 24.0, "state_dir": state_dir}
        self.node = self.conductor.add(TraversabilityNode, self.parameters)
        self.other = self.conductor.visitor("other")
        self.told = []
        self.other.subscribe(SoilEstimate, "/traversability/soil", self.told.append, qos.LATCHED)
        self.slips = self.other.publisher(SlipEstimate, "/mobility/slip", qos.STATE)
        self.poses = self.other.publisher(Odometry, "/odometry/global", qos.STATE)

    def restart(self):
        """Kill the node and start it again; nothing is told of before."""
        self.conductor.kill("traversability")
        self.told.clear()
        self.node = self.conductor.add(TraversabilityNode, self.parameters)

    def drive(self, spoil_slip=lambda m: m, spoil_pose=lambda m: m, **how):
        """Drive for so long as `readings` says, and tell of each second what became of it."""
        begin_s = self.conductor.now_s
        for reading, footing in readings(begin_s=begin_s, **how):
            self.poses.publish(spoil_pose(pose_message(footing, reading.slope_rad)))
            self.slips.publish(spoil_slip(slip_message(reading)))
            self.conductor.run_until(reading.time_s + 1.0)

    @property
    def refusal(self):
        return self.node._refusal.get("/mobility/slip", "")


@pytest.fixture
def world():
    made = World()
    yield made
    made.conductor.close()


def test_before_driving_the_prior_is_told_once(world):
    world.drive(seconds=20, mps=0.0)
    (told,) = world.told
    assert told.header.frame_id == "map"
    assert seconds(told.header.stamp) == 0.0
    assert told.strength == pytest.approx(CONFIG.mean, abs=0.1)
    assert (told.distance_m, told.measurements, len(told.patch_column)) == (0.0, 0, 0)
    assert told.patch_m == CONFIG.patch_m
    assert not told.weaker_possible


def test_driving_teaches_the_patches_where_they_lie_in_map(world):
    slip = slip_of(-1.5, 10.0)
    world.drive(seconds=330, slip=slip, slope_deg=10.0, tilt_deg=10.0, x_m=-12.0)
    told = world.told[-1]
    assert told.strength < -0.4
    assert set(told.patch_column) == {-3, -2, -1, 0, 1, 2}
    assert set(told.patch_row) == {0}
    assert told.distance_m == pytest.approx(3.0 * told.measurements, rel=0.3)
    assert 1000.0 < seconds(told.header.stamp) <= world.conductor.now_s
    arrays = ("column", "row", "strength", "sigma", "low", "weaker_possible")
    assert {len(getattr(told, f"patch_{name}")) for name in arrays} == {6}
    assert max(told.patch_low) < told.strength
    # one for the prior, and one at most for each measurement
    assert 5 < len(world.told) <= told.measurements + 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("slip", math.nan, "slip is not finite"),
        ("slip", 1.5, "slip is 1.5"),
        ("sigma", -0.1, "sigma is -0.1"),
        ("sigma", math.inf, "sigma is not finite"),
        ("slope_rad", math.nan, "slope_rad is not finite"),
        ("distance_m", math.nan, "distance_m is not finite"),
        ("distance_m", -1.0, "distance_m is -1"),
    ],
)
def test_numbers_that_are_none_teach_nothing_and_are_told(world, field, value, says):
    def spoil(message):
        setattr(message, field, value)
        return message

    world.drive(spoil, seconds=60)
    assert says in world.refusal
    assert not world.told


def test_late_messages_and_those_of_other_frames_teach_nothing_and_are_told(world):
    def late(message):
        message.header.stamp = stamp(seconds(message.header.stamp) - 20.0)
        return message

    def elsewhere(message):
        message.header.frame_id = "odom"
        return message

    world.drive(late, seconds=60)
    assert "s old" in world.refusal
    world.drive(elsewhere, seconds=60)
    assert "frame is 'odom'" in world.refusal
    assert not world.told
    world.drive(spoil_pose=elsewhere, seconds=60)
    assert "frame is 'odom', not 'map'" in world.node._refusal["/odometry/global"]
    assert world.refusal == "no pose in map"
    (told,) = world.told
    assert told.measurements == 0


def test_poses_whose_covariance_is_none_teach_nothing(world):
    for entry, value in ((0, math.nan), (7, -1.0), (1, 5.0)):

        def spoil(message, entry=entry, value=value):
            message.pose.covariance[entry] = value
            return message

        world.drive(spoil_pose=spoil, seconds=40)
        assert "covariance" in world.node._refusal["/odometry/global"]
    assert world.told[-1].measurements == 0


def test_a_slip_told_again_and_again_teaches_once_and_is_told(world):
    world.drive(seconds=40)
    measured = world.told[-1].measurements
    last = slip_message(readings(seconds=40, begin_s=1000.0)[-1][0])
    for _ in range(40):
        world.slips.publish(last)
        world.conductor.run_until(world.conductor.now_s + 0.05)
    assert "not newer" in world.refusal
    assert world.node._refused["/mobility/slip"] == 40
    assert world.told[-1].measurements == measured


def test_while_another_could_tell_slip_or_pose_nothing_is_learned(world):
    for kind, topic in ((SlipEstimate, "/mobility/slip"), (Odometry, "/odometry/global")):
        intruder = world.conductor.visitor("intruder")
        intruder.publisher(kind, topic, qos.STATE)
        world.drive(seconds=60)
        assert all(told.measurements == 0 for told in world.told)
        assert "intruder" in world.node._refusal[topic]
        intruder.die()


def learned_weak(world):
    world.drive(seconds=200, slip=slip_of(-1.5, 10.0), slope_deg=10.0, tilt_deg=10.0)
    before = world.told[-1]
    assert before.measurements > 3
    return before


def test_what_was_learned_outlives_the_node_and_is_told_before_it_drives_again(world):
    before = learned_weak(world)
    world.restart()
    world.drive(seconds=5, mps=0.0)
    (again,) = world.told
    assert (again.measurements, again.distance_m) == (before.measurements, pytest.approx(before.distance_m))
    assert list(again.patch_column) == list(before.patch_column)
    assert list(again.patch_low) == pytest.approx(list(before.patch_low), abs=0.02)
    assert again.strength_low == pytest.approx(before.strength_low, abs=0.02)
    assert seconds(again.header.stamp) == pytest.approx(seconds(before.header.stamp), abs=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"soil.patch_m": 6.0},
        {"soil.common_error": 0.02},
        {"soil.resume_age_s": 1.0},
        {"state_dir": "another"},
    ],
)
def test_what_was_learned_otherwise_or_long_ago_is_not_taken_up(world, change):
    learned_weak(world)
    world.parameters |= change
    world.restart()
    world.drive(seconds=5, mps=0.0)
    (again,) = world.told
    assert (again.measurements, again.distance_m) == (0, 0.0)


def test_a_message_says_what_is_known():
    unseen, patch = Strength(-0.5, 0.4, -1.25), Strength(-3.0, 0.5, -4.0)
    message = soil_message(Known(12.5, unseen, {(-2, 7): patch}, 33.0, 11), 5.0)
    assert seconds(message.header.stamp) == 12.5
    assert (message.strength, message.strength_low) == (-0.5, -1.25)
    assert message.sigma == pytest.approx(0.4)
    assert not message.weaker_possible
    assert (list(message.patch_column), list(message.patch_row)) == ([-2], [7])
    assert (list(message.patch_strength), list(message.patch_sigma), list(message.patch_low)) == ([-3.0], [0.5], [-4.0])
    assert list(message.patch_weaker_possible) == [True]
    assert (message.distance_m, message.measurements, message.patch_m) == (33.0, 11, 5.0)
