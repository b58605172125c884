# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The near field as it is driven: the vehicle's own outline, reasons with places, and a path that does not waver."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from lupex_models.costmap import Costmap
from lupex_models.rover import read_rover
from lupex_path_planning.config import DriveConfig, GridConfig, LocalConfig
from lupex_path_planning.near_field.drive import Drive, Planar, Progress
from lupex_path_planning.near_field.local import plan_local
from lupex_path_planning.near_field.local_search import dearness, spread, trace
from lupex_path_planning.site_grid import STEPS, Moves, grid_of

CONFIG = LocalConfig()
CELL = 0.2
SIZE = 120
HALF = SIZE * CELL / 2


def ground(cost):
    return Costmap(10.0, cost.astype(np.int8), -HALF, -HALF, CELL)


def centres():
    return ground(np.zeros((SIZE, SIZE))).centres()


def plan(cost, goal=(8.0, 0.0), kept=None, config=CONFIG):
    x, y = centres()
    to_go = np.hypot(x - goal[0], y - goal[1])
    return plan_local(ground(cost), (0.0, 0.0, 0.0), to_go, goal, 0.5, config, kept)


def test_the_outline_planned_with_takes_in_the_vehicle():
    body = read_rover(Path(__file__).parents[3] / "config" / "rover.yaml").body
    assert CONFIG.half_length_m > body.length_m / 2
    assert CONFIG.half_width_m > body.width_m / 2
    assert CONFIG.inscribed_radius_m > body.width_m / 2
    assert CONFIG.circumscribed_radius_m > math.hypot(body.length_m, body.width_m) / 2


@pytest.mark.parametrize(("value", "kind"), [(100, "a hazard"), (-1, "unknown ground")])
def test_without_a_way_it_says_what_blocks_and_where(value, kind):
    x, _ = centres()
    found = plan(np.where(x > 1.5, value, 0))
    assert not found.found
    assert found.blocked_by == kind
    assert kind in found.reason
    assert found.blocked_at_m[0] == pytest.approx(1.7)
    assert abs(found.blocked_at_m[1]) < 1.0


def test_hemmed_in_it_says_by_what():
    x, y = centres()
    found = plan(np.where(np.hypot(x, y) > 0.5, -1, 0))
    assert not found.leaves
    assert found.blocked_by == "unknown ground"


def test_at_the_end_of_its_reach_nothing_is_blamed():
    x, y = centres()
    config = dataclasses.replace(CONFIG, progress_min_m=50.0)
    to_go = np.where(np.hypot(x, y) < 3.0, np.hypot(x - 8.0, y), np.inf)
    found = plan_local(ground(np.zeros((SIZE, SIZE))), (0.0, 0.0, 0.0), to_go, (8.0, 0.0), 0.5, config)
    assert not found.found
    assert found.blocked_by == ""
    assert found.blocked_at_m is None


def test_of_two_ways_about_as_good_the_one_kept_is_kept():
    x, y = centres()
    rock = np.where(np.hypot(x - 4.0, y) < 0.7, 100, 0)
    for side in (1.0, -1.0):
        slightly_against = np.where((rock == 0) & (side * y > 0.0), 1, rock)
        kept = np.array([[0.0, 0.0], [2.0, side * 1.5], [4.0, side * 2.2], [6.0, side * 1.5], [8.0, 0.0]])
        assert np.mean(side * plan(slightly_against, kept=kept).path_m[:, 1]) > 0.0
        without = dataclasses.replace(CONFIG, keep_share=0.0)
        assert np.mean(side * plan(slightly_against, kept=kept, config=without).path_m[:, 1]) < 0.0


def test_a_path_kept_is_left_where_a_hazard_shows_up():
    x, y = centres()
    kept = np.array([[0.0, 0.0], [40.0, 0.0]])
    found = plan(np.where(np.hypot(x - 4.0, y) < 0.7, 100, 0), kept=kept)
    assert found.reaches_goal
    assert np.hypot(found.path_m[:, 0] - 4.0, found.path_m[:, 1]).min() > 0.7 + CONFIG.inscribed_radius_m - CELL


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_cheapest_way_over_free_ground_is_the_one_of_a_search_of_all_edges(seed):
    rng = np.random.default_rng(seed)
    ny, nx = (int(k) for k in rng.integers(3, 20, 2))
    cost = rng.choice([0, 30, 99], (ny, nx)).astype(np.int8)
    cost[rng.random((ny, nx)) < 0.2] = -1
    clearance = rng.uniform(0.9, 2.5, (ny, nx)).astype(np.float32)
    at = (int(rng.integers(ny)), int(rng.integers(nx)))
    numbers = np.array([CELL, 0.83, 2.2, 4.0, 3.0, 100.0, 1.0])
    dear = dearness(clearance, cost, np.zeros((ny, nx), np.float32), *at, numbers)
    best, before = spread(dear, clearance, *at, CELL, CELL)
    inside = dear[1:-1, 1:-1]
    number = np.arange(ny * nx).reshape(ny, nx)
    edges = [
        (CELL * math.hypot(di, dj) * inside[i + di, j + dj], number[i, j], number[i + di, j + dj])
        for i in range(ny)
        for j in range(nx)
        for di, dj in STEPS
        if 0 <= i + di < ny and 0 <= j + dj < nx and math.isfinite(inside[i + di, j + dj])
    ]
    value, tail, head = (np.array(each) for each in zip(*edges, strict=True)) if edges else (np.empty(0),) * 3
    graph = coo_array((value, (tail.astype(int), head.astype(int))), shape=(ny * nx, ny * nx)).tocsr()
    expected = dijkstra(graph, indices=number[at]).reshape(ny, nx)
    assert np.array_equal(np.isfinite(best), np.isfinite(expected))
    assert best[np.isfinite(best)] == pytest.approx(expected[np.isfinite(best)], rel=1e-12, abs=1e-12)
    end = np.unravel_index(int(np.argmax(np.where(np.isfinite(best), best, -1.0))), best.shape)
    way = trace(before, int(end[0]), int(end[1]), nx + 2)
    assert (way[0] // (nx + 2) - 1, way[0] % (nx + 2) - 1) == at
    assert np.abs(np.diff(way // (nx + 2))).max(initial=0) <= 1


def sortie(config, seed, goal=(22.0, 0.0)):
    """Drive by pure pursuit, with turns on the spot, over ground whose costs and edges waver from look to look.

    Returns the progress at the end, the number of turns on the spot, the seconds taken and the least room to a rock.
    """
    rng = np.random.default_rng(seed)
    grid = grid_of(np.zeros((30, 30)), -40.0, -75.0, 5.0, GridConfig())
    time_s = np.full((8, 30, 30), 60.0)
    time_s[1::2] *= math.sqrt(2.0)
    drive = Drive(
        grid, Moves(time_s, np.full((8, 30, 30), 90.0), 50.0, 1.0, 1.0, 400.0), goal, 1.0, DriveConfig(), config
    )
    rocks = np.column_stack([rng.uniform(3, 20, 26), rng.uniform(-12, 12, 26), rng.uniform(0.2, 0.7, 26)])
    rough = gaussian_filter(rng.standard_normal((300, 300)), 4)
    rough = 20.0 + 12.0 * rough / rough.std()
    place, yaw, now, turns, turning, room = np.zeros(2), 0.0, 0.0, 0, False, math.inf
    count = 120
    while now < 900.0:
        x0, y0 = np.round(place / CELL) * CELL - CELL * count / 2
        x, y = np.meshgrid(x0 + CELL * (np.arange(count) + 0.5), y0 + CELL * (np.arange(count) + 0.5))
        cost = rough[((y + 30) / CELL).astype(int), ((x + 20) / CELL).astype(int)] + rng.normal(0.0, 4.0, x.shape)
        cost = np.clip(cost, 0.0, 95.0)
        for rx, ry, size in rocks:
            cost[np.hypot(x - rx, y - ry) < size + rng.uniform(0.0, 0.15)] = 100.0
        bearing = np.arctan2(y - place[1], x - place[0])
        cost[np.hypot(x - place[0], y - place[1]) > 9.0 + rng.normal(0.0, 0.3) + np.sin(3.0 * bearing + now)] = -1.0
        seen = Costmap(now, cost.astype(np.int8), float(x0), float(y0), CELL)
        report = drive.step(now, (float(place[0]), float(place[1]), yaw), Planar(0.0, 0.0, 0.0), seen)
        if report.progress in (Progress.ARRIVED, Progress.FAILED):
            break
        path, progress = report.path_m, 0.0
        station = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))]) if len(path) else path
        for _ in range(4 if len(path) else 0):
            target = np.array([np.interp(progress + 1.2, station, path[:, k]) for k in (0, 1)]) - place
            off = math.remainder(math.atan2(target[1], target[0]) - yaw, 2.0 * math.pi)
            began, turning = turning, abs(off) > (0.06 if turning else 0.5)
            if turning:
                turns += not began
                yaw += math.copysign(min(0.12, max(0.02, 0.8 * abs(off))), off) * 0.5
                continue
            curvature = max(-0.8, min(0.8, 2.0 * math.sin(off) / max(math.hypot(*target), 0.15)))
            step = 0.5 * 0.1 * max(0.25, min(1.0, 0.4 / max(abs(curvature), 1e-9)))
            yaw += step * curvature
            place = place + step * np.array([math.cos(yaw), math.sin(yaw)])
            progress += step
            room = min(room, float((np.hypot(rocks[:, 0] - place[0], rocks[:, 1] - place[1]) - rocks[:, 2]).min()))
        now += 2.0
    return report.progress, turns, now, room


def test_over_ground_that_wavers_a_path_kept_turns_the_rover_less_and_loses_no_room():
    kept = sortie(CONFIG, 2)
    anew = sortie(dataclasses.replace(CONFIG, keep_share=0.0), 2)
    assert kept[0] is anew[0] is Progress.ARRIVED
    assert kept[1] < anew[1]
    assert kept[2] < anew[2]
    half_width_m = 0.73
    assert kept[3] > half_width_m
