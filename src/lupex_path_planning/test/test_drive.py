# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Drives: around what the site map does not know, patient, and with an end."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from lupex_models.costmap import Costmap
from lupex_path_planning.config import DriveConfig, GridConfig, LocalConfig
from lupex_path_planning.near_field.drive import Drive, Planar, Progress
from lupex_path_planning.site_grid import Moves, grid_of

CELL = 0.2
FRAME = Planar(0.0, 0.0, 0.0)
SEEN_M = 7.0


def site(size=16):
    grid = grid_of(np.zeros((size, size)), -20.0, -40.0, 5.0, GridConfig())
    time_s = np.full((8, size, size), 60.0)
    time_s[1::2] *= math.sqrt(2.0)
    # moves off the grid stay open in the table: the searches must not take them
    return grid, Moves(time_s, np.full((8, size, size), 90.0), 50.0, 1.0, 1.0, 400.0)


def made(goal=(30.0, 0.0), tolerance=1.0, **config):
    grid, moves = site()
    return Drive(grid, moves, goal, tolerance, DriveConfig(**config), LocalConfig())


def look(time_s, place, hazard):
    """Return the costmap around a place: seen to 7 m, with the hazards of the world."""
    size = 120
    x0, y0 = round(place[0] / CELL) * CELL - 12.0, round(place[1] / CELL) * CELL - 12.0
    x, y = np.meshgrid(x0 + CELL * (np.arange(size) + 0.5), y0 + CELL * (np.arange(size) + 0.5))
    cost = np.where(hazard(x, y), 100, 0)
    cost = np.where(np.hypot(x - place[0], y - place[1]) > SEEN_M, -1, cost)
    return Costmap(time_s, cost.astype(np.int8), x0, y0, CELL)


def travel(drive, hazard, steps=400, start=(0.0, 0.0)):
    """Follow the drive's paths 1 m a step and return the places and the last report."""
    place, places, now, yaw = np.array(start), [], 0.0, 0.0
    for _ in range(steps):
        report = drive.step(now, (*place, yaw), FRAME, look(now, place, hazard))
        if report.progress in (Progress.ARRIVED, Progress.FAILED):
            break
        left = 1.0
        for point in report.path_m[1:]:
            step = point - place
            length = float(np.hypot(*step))
            yaw = math.atan2(step[1], step[0])
            if length > left:
                place = place + step * left / length
                break
            place, left = point, left - length
        places.append(place.copy())
        now += 10.0
    return np.array(places), report


def test_over_open_ground_it_arrives():
    places, report = travel(made(), lambda x, y: np.zeros_like(x, bool))
    assert report.progress is Progress.ARRIVED
    assert math.dist(places[-1], (30.0, 0.0)) <= 1.0
    assert len(places) < 45


def test_around_a_wall_that_no_map_showed():
    def wall(x, y):
        return (np.abs(x - 15.0) < 0.5) & (y > -18.0) & (y < 25.0)

    places, report = travel(made(), wall)
    assert report.progress is Progress.ARRIVED
    assert not wall(*places.T).any()
    assert report.reroutes >= 1


def test_what_hazards_block_is_reported_and_what_is_not_seen_is_not():
    drive = made(wait_tries=1)
    travel(drive, lambda x, y: (np.abs(x - 15.0) < 0.5) & (y > -18.0) & (y < 25.0))
    assert drive.blocked
    assert all(5.0 < drive.grid.place(*cell)[0] < 25.0 for cell in drive.blocked)
    blind = made(wait_tries=1)
    for now in range(6):
        seen = look(now, (0.0, 0.0), lambda x, y: np.zeros_like(x, bool))
        seen.cost[seen.centres()[0] > 1.0] = -1
        blind.step(float(now), (0.0, 0.0, 0.0), FRAME, seen)
    assert not blind.blocked


def test_walled_in_it_fails_with_a_reason():
    places, report = travel(made(), lambda x, y: np.abs(np.hypot(x, y) - 3.0) < 0.4)
    assert report.progress is Progress.FAILED
    assert "no" in report.text
    assert report.path_m.shape == (0, 2)
    assert np.hypot(*places[-1]) < 3.0


def test_after_the_allowed_changes_of_route_it_fails():
    drive = made(wait_tries=1, reroutes_max=0)
    _, report = travel(drive, lambda x, y: np.abs(x - 2.5) < 0.3)
    assert report.progress is Progress.FAILED
    assert "after 0 changes of route" in report.text


def test_without_coming_nearer_it_fails():
    drive = made(stuck_s=50.0, wait_tries=1000)
    _, report = travel(drive, lambda x, y: np.abs(x - 2.5) < 0.3)
    assert report.progress is Progress.FAILED
    assert "no nearer to the goal" in report.text


def test_without_a_place_or_a_fresh_costmap_it_stops_waits_and_fails():
    drive = made()
    fresh = look(0.0, (0.0, 0.0), lambda x, y: np.zeros_like(x, bool))
    assert drive.step(0.0, (0.0, 0.0, 0.0), FRAME, fresh).progress is Progress.GOING
    stale = drive.step(40.0, (0.0, 0.0, 0.0), FRAME, fresh)
    assert stale.progress is Progress.WAITING
    assert stale.path_m.shape == (0, 2)
    assert drive.step(41.0, None, FRAME, fresh).text == "no place of the rover"
    assert drive.step(42.0, (0.0, 0.0, 0.0), None, fresh).progress is Progress.WAITING
    assert drive.step(42.0, (0.0, 0.0, 0.0), FRAME, None).text == "no fresh costmap"
    assert drive.step(110.0, None, None, None).progress is Progress.FAILED


def test_the_path_goes_on_from_where_the_rover_is_without_a_new_costmap():
    drive = made()
    seen = look(0.0, (0.0, 0.0), lambda x, y: np.zeros_like(x, bool))
    first = drive.step(0.0, (0.0, 0.0, 0.0), FRAME, seen)
    later = drive.step(5.0, (2.0, 0.1, 0.0), FRAME, seen)
    assert tuple(later.path_m[0]) == (2.0, 0.1)
    assert (later.path_m[1:, 0] >= 2.0).all()
    assert later.path_m[-1] == pytest.approx(first.path_m[-1])


def test_the_path_is_given_in_map():
    frame = Planar(100.0, -50.0, math.pi / 2)
    goal = frame.apply(np.array([[6.0, 0.0]]))[0]
    grid, moves = site(64)
    grid = dataclasses.replace(grid, x0_m=0.0, y0_m=-150.0)
    drive = Drive(grid, moves, (float(goal[0]), float(goal[1])), 1.0, DriveConfig(), LocalConfig())
    report = drive.step(0.0, (0.0, 0.0, 0.0), frame, look(0.0, (0.0, 0.0), lambda x, y: np.zeros_like(x, bool)))
    assert report.path_m[0] == pytest.approx((100.0, -50.0))
    assert math.dist(report.path_m[-1], goal) <= 1.0


def interpolated(drive, points):
    """Return the length of the route left by another interpolation."""
    grid = drive.grid
    at = (points[:, 1] - grid.y0_m) / grid.cell_m, (points[:, 0] - grid.x0_m) / grid.cell_m
    route = map_coordinates(drive._left, at, order=1, mode="nearest")
    straight = np.hypot(points[:, 0] - drive.goal[0], points[:, 1] - drive.goal[1])
    return np.maximum(straight, route - 2.0 * grid.cell_m)


def test_what_remains_over_a_costmap_is_what_remains_at_its_cells():
    drive = made(goal=(30.0, 12.0))
    # reaching off the site map on one side
    for frame in (FRAME, Planar(-15.0, 20.0, 0.8), Planar(40.0, -30.0, -2.5)):
        seen = Costmap(0.0, np.zeros((70, 90), np.int8), -9.0, -7.0, CELL)
        x, y = seen.centres()
        points = frame.apply(np.stack([x.ravel(), y.ravel()], axis=-1))
        expected = interpolated(drive, points).reshape(x.shape)
        assert drive._remaining_over(seen, frame) == pytest.approx(expected, rel=1e-9)
        assert drive.remaining_m(points).reshape(x.shape) == pytest.approx(expected, rel=1e-9)


def beside_a_rock(x, y):
    return np.hypot(x, y - 1.1) < 0.15


def test_where_it_cannot_turn_it_says_the_heading_to_hold_in_map():
    frame = Planar(0.0, 0.0, math.pi / 2)
    report = made(goal=(0.0, -25.0)).step(0.0, (0.0, 0.0, 0.0), frame, look(0.0, (0.0, 0.0), beside_a_rock))
    assert report.progress is Progress.GOING
    assert "crabbing" in report.text
    assert report.heading_rad.shape == report.path_m.shape[:1]
    assert report.heading_rad[0] == pytest.approx(math.pi / 2)
    assert np.isnan(report.heading_rad[-1])
    free = made(goal=(0.0, -25.0)).step(0.0, (0.0, 0.0, 0.0), frame, look(0.0, (0.0, 0.0), lambda x, y: x > 1e9))
    assert np.isnan(free.heading_rad).all()
    assert "crabbing" not in free.text


def test_a_heading_is_held_to_the_end_of_its_segment_without_a_new_costmap():
    drive = made(goal=(-18.0, 0.0))
    seen = look(0.0, (0.0, 0.0), beside_a_rock)
    first = drive.step(0.0, (0.0, 0.0, 0.0), FRAME, seen)
    held = int(np.isfinite(first.heading_rad).sum())
    end, before = first.path_m[held], first.path_m[held - 1]
    for share, expected in ((0.4, 0.0), (0.9, 0.0), (1.1, math.nan)):
        place = before + share * (end - before)
        later = drive.step(1.0, (*place, 0.0), FRAME, seen)
        assert later.path_m[0] == pytest.approx(place)
        assert later.heading_rad[0] == pytest.approx(expected, nan_ok=True)
        assert later.path_m.shape[0] == later.heading_rad.size
        if share < 1.0:
            assert later.path_m[1] == pytest.approx(end)
    last = drive.step(2.0, (*first.path_m[-1], 0.0), FRAME, seen)
    assert last.path_m.shape[0] == last.heading_rad.size == 2


def test_a_goal_off_the_site_map_is_refused():
    with pytest.raises(ValueError, match="outside"):
        made(goal=(900.0, 0.0))


@pytest.mark.property
@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(-4, 4), st.floats(-50, 50), st.floats(-50, 50))
def test_a_transform_and_its_inverse_undo_each_other(x, y, yaw, px, py):
    frame = Planar(x, y, yaw)
    point = np.array([[px, py]])
    assert frame.inverse(frame.apply(point)) == pytest.approx(point, abs=1e-9)


def nothing(x, y):
    return x > 1e9


class Counted:
    """A drive over open ground whose plans are counted."""

    def __init__(self, monkeypatch, **config):
        self.plans = 0
        plan = Drive._plan

        def counted(*given):
            self.plans += 1
            return plan(*given)

        monkeypatch.setattr(Drive, "_plan", counted)
        self.drive = made(**config)
        self.report = self.step(0.0)
        assert self.plans == 1

    def step(self, now, place=(0.0, 0.0), yaw=0.0, hazard=nothing, frame=FRAME):
        """Step on a new costmap of the ground around the start."""
        self.report = self.drive.step(now, (*place, yaw), frame, look(now, (0.0, 0.0), hazard))
        return self.report


@pytest.fixture
def counted(monkeypatch):
    return Counted(monkeypatch)


def test_standing_and_moving_a_little_keeps_the_way(counted):
    for second in range(1, 9):
        report = counted.step(float(second), (0.04 * second, 0.0), 0.02 * second)
    assert counted.plans == 1
    assert report.progress is Progress.GOING
    assert report.planned_s == 0.0
    assert tuple(report.path_m[0]) == (0.32, 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"place": (0.41, 0.0)},
        {"yaw": -0.21},
        {"now": 10.1},
        {"now": -5.0},
        {"frame": Planar(0.0, 0.5, 0.0)},
        {"hazard": lambda x, y: np.hypot(x - 4.0, y) < 0.3},
        # beside the way, where the outline may touch it
        {"hazard": lambda x, y: np.hypot(x - 4.0, y - 1.0) < 0.15},
    ],
)
def test_motion_a_turn_time_another_frame_and_new_hazards_on_the_way_plan_anew(counted, changes):
    report = counted.step(**{"now": 1.0, **changes})
    assert counted.plans == 2
    assert report.planned_s == changes.get("now", 1.0)


def test_a_new_hazard_far_from_the_way_does_not(counted):
    counted.step(1.0, hazard=lambda x, y: np.hypot(x, y - 5.0) < 0.5)
    assert counted.plans == 1


def test_ground_on_the_way_that_is_no_longer_known_does(counted):
    seen = look(1.0, (0.0, 0.0), nothing)
    seen.cost[np.hypot(seen.centres()[0] - 3.0, seen.centres()[1]) < 0.5] = -1
    counted.drive.step(1.0, (0.0, 0.0, 0.0), FRAME, seen)
    assert counted.plans == 2


def test_the_same_costmap_is_planned_on_once(counted):
    seen = look(0.0, (0.0, 0.0), nothing)
    for place in ((0.0, 0.0), (1.0, 0.0)):
        counted.drive.step(0.5, (*place, 0.0), FRAME, seen)
    assert counted.plans == 1


def test_without_a_way_each_new_costmap_is_planned_on(counted):
    def wall(x, y):
        return np.abs(np.hypot(x, y) - 2.0) < 0.3

    for second in range(1, 4):
        assert counted.step(float(second), hazard=wall).progress is Progress.WAITING
    assert counted.plans == 4


HOLE_M, HOLE_RAD = (1.0, 1.9), 1.2
"""In what is known, around the front of where the rover stands: from so far to so far, and to either side."""
BLIND_M = 2.4
"""Nearer the lidar sees no ground."""


class WithAHole:
    """Ground seen but for a hole, which is seen once the rover looks at it from afar."""

    def __init__(self):
        self.seen = False

    def __call__(self, time_s, place):
        self.seen = self.seen or place[0] < HOLE_M[0] - BLIND_M
        costmap = look(time_s, place, nothing)
        x, y = costmap.centres()
        if not self.seen:
            away = np.hypot(x, y)
            costmap.cost[(away > HOLE_M[0]) & (away < HOLE_M[1]) & (np.abs(np.arctan2(y, x)) < HOLE_RAD)] = -1
        return costmap


def go_on(drive, ground, steps=60):
    """Follow the drive's paths 0.4 m a step and crab along them; return the places, and what was said."""
    place, now, places, texts = np.zeros(2), 0.0, [], []
    for _ in range(steps):
        report = drive.step(now, (*place, 0.0), FRAME, ground(now, place))
        texts.append(report.text)
        if report.progress in (Progress.ARRIVED, Progress.FAILED) or place[0] > 5.0:
            break
        left = 0.4
        for point in report.path_m[1:]:
            length = math.dist(point, place)
            place = place + (point - place) * min(1.0, left / max(length, 1e-9))
            left -= length
            if left <= 0.0:
                break
        places.append(place.copy())
        now += 4.0
    return np.array(places), texts


def test_before_a_hole_too_near_to_be_seen_it_goes_away_to_see_it_and_then_on():
    drive, ground = made(), WithAHole()
    places, texts = go_on(drive, ground)
    assert ground.seen
    assert sum("to see what lies ahead" in text for text in texts) > 2
    assert places[-1, 0] > 5.0
    assert drive._backs == 1


def test_without_that_it_stands_there_until_it_fails():
    drive, ground = made(backs_max=0, reroutes_max=3), WithAHole()
    places, texts = go_on(drive, ground)
    assert not ground.seen
    assert np.abs(places).max() < 0.5
    assert texts[-1].startswith("no way after 3 changes of route: no motion of the vehicle fits")


def test_a_way_to_see_more_is_given_up_after_a_while():
    drive, ground = made(), WithAHole()
    reports = [drive.step(4.0 * k, (0.0, 0.0, 0.0), FRAME, ground(4.0 * k, (0.0, 0.0))) for k in range(60)]
    # it never moves: after so long the way ahead is looked at again, and then the next such way is taken
    began = [k for k, report in enumerate(reports) if "to see what lies ahead" in report.text]
    assert drive._backs >= 2
    assert 4.0 * began[0] < DriveConfig().back_s


def backing(drive, ground):
    """Step until it goes away from the hole; return the time."""
    for k in range(20):
        report = drive.step(4.0 * k, (0.0, 0.0, 0.0), FRAME, ground(4.0 * k, (0.0, 0.0)))
        if "to see what lies ahead" in report.text:
            return 4.0 * k
    raise AssertionError(report.text)


def test_a_hazard_that_appears_on_the_way_away_is_not_driven_into():
    drive, ground = made(), WithAHole()
    now = backing(drive, ground) + 4.0
    seen = ground(now, (-0.5, 0.0))
    x, y = seen.centres()
    rock = np.hypot(x + 2.2, y) < 0.4
    seen.cost[rock] = 100
    report = drive.step(now, (-0.5, 0.0, 0.0), FRAME, seen)
    if report.path_m.shape[0] > 1:
        assert (
            np.hypot(report.path_m[:, 0] + 2.2, report.path_m[:, 1]).min()
            > 0.4 + LocalConfig().inscribed_radius_m - 0.2
        )
    assert drive._planned.time_s == now


def test_who_loses_its_place_on_the_way_away_plans_anew_once_it_is_back():
    drive, ground = made(), WithAHole()
    now = backing(drive, ground) + 4.0
    assert drive.step(now, None, FRAME, ground(now, (0.0, 0.0))).progress is Progress.WAITING
    drive.step(now + 4.0, (0.0, 0.0, 0.0), FRAME, ground(now + 4.0, (0.0, 0.0)))
    assert drive._planned.time_s == now + 4.0
