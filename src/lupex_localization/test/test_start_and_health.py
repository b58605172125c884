# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from lupex_localization import rotation, start
from lupex_localization.config import InitialPose, LocalizationConfig
from lupex_localization.filter_state import heading_sigma_rad, position_sigma_m
from lupex_localization.health import Condition, Symptoms, judge
from lupex_localization.samples import InertialSample
from lupex_localization.surroundings import Surroundings
from lupex_localization.terms import FilterTerms
from lupex_models.site import Pose2

WELL = Symptoms(True, 0.1, 0.001, 0.1, 0.1, 0)


@pytest.mark.parametrize(
    ("change", "condition", "word"),
    [
        ({}, Condition.TRACKING, ""),
        ({"begun": False}, Condition.INITIALIZING, "waiting"),
        ({"position_sigma_m": 80.0}, Condition.LOST, "position"),
        ({"position_sigma_m": math.nan}, Condition.LOST, "position"),
        ({"heading_sigma_rad": 1.0}, Condition.LOST, "heading"),
        ({"inertial_silence_s": 20.0, "track_silence_s": 20.0}, Condition.LOST, "no joint state"),
        ({"inertial_silence_s": 7.0}, Condition.DEGRADED, "tracks alone"),
        ({"track_silence_s": 7.0}, Condition.DEGRADED, "inertial unit alone"),
        ({"heading_sigma_rad": 0.1}, Condition.DEGRADED, "stars"),
        ({"refused_streak": 8}, Condition.DEGRADED, "refused"),
        ({"unconfirmed": "nothing was heard for 20 s"}, Condition.LOST, "initialpose"),
        ({"refused": "each joint state for 6 s was refused"}, Condition.DEGRADED, "joint state"),
        ({"isolated": ("gyroscopes left out",)}, Condition.DEGRADED, "gyroscopes"),
        ({"contradiction": "innovations of ground"}, Condition.DEGRADED, "innovations"),
        ({"immobile": True}, Condition.DEGRADED, "does not move"),
        ({"refused_streak": 301, "stars_refused_s": 301.0}, Condition.LOST, "star tracker"),
        ({"clock_stands_s": 6.0}, Condition.LOST, "clock stands"),
    ],
)
def test_each_symptom_has_its_word(change, condition, word):
    found, text = judge(replace(WELL, **change), LocalizationConfig())
    assert found is condition
    assert word in text


def test_first_state_is_level_by_gravity_and_heads_as_told(make_world, terms):
    world = make_world(noise=0.0)
    sample, _ = world.step(0.0, 0.0)
    there = InitialPose(x_m=1.0, y_m=2.0, z_m=3.0, yaw_rad=world.yaw_rad)
    state = start.first_state(sample, there, terms.spread())
    assert state.nominal[0:3] == pytest.approx([1.0, 2.0, 3.0])
    assert abs(state.nominal[6:10] @ world.quaternion) == pytest.approx(1.0, abs=1e-9)
    assert heading_sigma_rad(state) == pytest.approx(InitialPose().yaw_sigma_rad)


@pytest.fixture
def terms(rover, slip_model):
    return FilterTerms(LocalizationConfig(), rover, slip_model, Surroundings())


@dataclass(frozen=True)
class Slope:
    """Ground that rises by 0.3 to the east and 0.4 to the north a metre."""

    def gradient(self, x_m, y_m):
        return np.asarray(0.3), np.asarray(0.4)


@dataclass(frozen=True)
class Site:
    lander: Pose2 = field(default_factory=lambda: Pose2(5.0, -6.0, 0.7))
    lander_sigma_m: float = 10.0
    lander_sigma_rad: float = 0.2
    dem: Slope = field(default_factory=Slope)


def test_the_start_is_no_better_known_than_the_map_tells(make_world, terms):
    told = start.told_initial(InitialPose(), Site())
    assert (told.x_m, told.y_m, told.z_m, told.yaw_rad) == (5.0, -6.0, 0.0, 0.7)
    sample, _ = make_world(noise=0.0).step(0.0, 0.0)
    covariance = start.first_state(sample, told, terms.spread()).covariance
    assert np.sqrt(np.diag(covariance)[:2]) == pytest.approx([10.0, 10.0])
    # Over 10 m in any direction a slope of 0.5 falls by 5 m one sigma, beside the 0.2 m of the frame's own height.
    assert math.sqrt(covariance[2, 2]) == pytest.approx(math.hypot(5.0, 0.2))
    assert told.yaw_sigma_rad == 0.2


def test_a_site_that_tells_no_sigma_leaves_the_start_as_configured():
    told = start.told_initial(InitialPose(), Site(lander_sigma_m=0.0, lander_sigma_rad=0.0))
    assert replace(told, x_m=0.0, y_m=0.0, yaw_rad=0.0) == InitialPose()
    own = InitialPose(from_site=False, x_m=1.0)
    assert start.told_initial(own, Site()) is own
    assert start.told_initial(InitialPose(), None) == InitialPose()


@pytest.fixture
def driven(make_world, make_estimator):
    world = make_world(1)
    estimator = make_estimator(world)
    for k in range(400):
        sample, joints = world.step(0.1 if k > 100 else 0.0, 0.0)
        estimator.add(sample, world.time_s)
        estimator.add(joints, world.time_s)
        if k % 25 == 0:
            estimator.add(world.star(), world.time_s)
        estimator.advance()
    return world, estimator


def test_a_killed_process_takes_up_where_it_was(driven, make_estimator, terms):
    world, estimator = driven
    kept = json.loads(json.dumps(start.to_plain(estimator.reckoning, estimator.travel_m)))
    odom = estimator.reckoning.odom_position_m
    for _ in range(100):
        world.step(0.1, 0.0)
    sample, tracks = world.step(0.0, 0.0)
    saved = start.from_plain(kept)
    beginning = start.resumed_beginning(saved, sample, tracks, terms)
    state, moved = beginning.state, beginning.moved_m
    assert not beginning.unconfirmed
    assert np.linalg.norm(moved) == pytest.approx(0.4, abs=0.02)
    error = state.nominal[0:2] - world.position_m[0:2]
    assert np.hypot(*error) < 0.1 < 3.0 * position_sigma_m(state)
    assert heading_sigma_rad(state) > 0.25
    assert np.linalg.eigvalsh(state.covariance)[0] > -1e-12
    fresh = make_estimator(world)
    fresh.begin(beginning)
    assert np.linalg.norm(fresh.reckoning.odom_position_m - odom) == pytest.approx(np.linalg.norm(moved))
    assert fresh.reckoning.odom_yaw_rad == pytest.approx(estimator.reckoning.odom_yaw_rad, abs=1e-6)


@pytest.mark.parametrize("tracks_known", [True, False])
def test_without_the_tracks_counters_the_position_is_opened(driven, terms, tracks_known):
    world, estimator = driven
    saved = start.from_plain(start.to_plain(estimator.reckoning, estimator.travel_m))
    sample, tracks = world.step(0.0, 0.0)
    later = InertialSample(sample.time_s + 3.0, sample.rate, sample.force)
    other = replace(tracks, time_s=later.time_s, travel_m=tracks.travel_m + 500.0) if tracks_known else None
    beginning = start.resumed_beginning(saved, later, other, terms)
    state, moved = beginning.state, beginning.moved_m
    # other counters are those of another rover, or of drives since begun anew: somebody has to say where it is
    assert ("counters" in beginning.unconfirmed) is tracks_known
    assert np.linalg.norm(moved) == 0.0
    assert position_sigma_m(state) > 0.29


@pytest.mark.parametrize(
    "damage",
    [
        lambda v: v.pop("nominal"),
        lambda v: v.update(nominal=v["nominal"][:-1]),
        lambda v: v.update(nominal=[math.nan] * 40),
        lambda v: v.update(nominal=[0.0] * 40),
        lambda v: v.update(covariance=[-1.0] * 37**2),
        lambda v: v.update(time_s="then"),
        lambda v: v.update(odom_yaw_rad=math.inf),
        lambda v: v.update(travel_m=[1.0]),
    ],
)
def test_a_damaged_checkpoint_is_none(driven, damage):
    _, estimator = driven
    values = start.to_plain(estimator.reckoning, estimator.travel_m)
    assert start.from_plain(values) is not None
    damage(values)
    assert start.from_plain(values) is None


def test_yaw_is_kept_and_tilt_is_measured_anew(driven, terms):
    world, estimator = driven
    saved = start.from_plain(start.to_plain(estimator.reckoning, None))
    sample, _ = world.step(0.0, 0.0)
    state = start.resumed_beginning(saved, sample, None, terms).state
    assert rotation.yaw_of(state.nominal[6:10]) == pytest.approx(rotation.yaw_of(saved.state.nominal[6:10]), abs=1e-9)


def test_a_jolt_does_not_pass_for_a_tilt(driven, terms):
    world, estimator = driven
    saved = start.from_plain(start.to_plain(estimator.reckoning, None))
    sample, _ = world.step(0.0, 0.0)
    assert not start.steady(sample, InitialPose())
    state = start.resumed_beginning(saved, sample, None, terms).state
    assert abs(state.nominal[6:10] @ world.quaternion) == pytest.approx(1.0, abs=1e-4)
    calm, _ = world.step(0.0, 0.0)
    assert start.steady(calm, InitialPose())
