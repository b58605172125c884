# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lupex_models.height_field import HeightField
from lupex_models.horizon import UNIT_RAD, HorizonMap
from lupex_models.light import Light
from lupex_models.rover import read_rover
from lupex_models.site_frame import SiteFrame
from lupex_path_planning.site_grid import STEPS
from lupex_worlds.site_import import landing_choice
from lupex_worlds.site_import.landing_choice import ChoiceLimits, best_start, both_ways, choices, heights_of_sun
from lupex_worlds.site_import.light_survey import LightSurvey, SurveyGrid, averaged, brightest_place, survey_factor
from lupex_worlds.world_cache import default_worlds_directories, rover_file

FRAME = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1900.0)
START_S = 1798675200.0
CELL_M, SIDE = 20.0, 61
HALF_M = CELL_M * (SIDE - 1) / 2
LIMITS = ChoiceLimits(border_m=200.0, candidates=3)


@pytest.fixture(scope="module")
def rover():
    return read_rover(rover_file(default_worlds_directories()))


def place_of(x_m, y_m):
    return round((y_m + HALF_M) / CELL_M), round((x_m + HALF_M) / CELL_M)


def made_survey(dark=(), shares=None, permanent=(), heights=None):
    """A level site: skyline 3 deg below the horizon, but 10 deg above it in the dark places (x, y, radius)."""
    axis = -HALF_M + CELL_M * np.arange(SIDE)
    x, y = np.meshgrid(axis, axis)
    field = HeightField(np.zeros((SIDE, SIDE)) if heights is None else heights(x, y), -HALF_M, -HALF_M, CELL_M)
    low = np.full((8, SIDE, SIDE), round(math.radians(-3.0) / UNIT_RAD), dtype=np.int16)
    share = np.full((SIDE, SIDE), 0.8) if shares is None else shares(x, y)
    shadow = np.zeros((SIDE, SIDE), dtype=np.bool_)
    for cx, cy, radius in dark:
        inside = np.hypot(x - cx, y - cy) <= radius
        low[:, inside] = round(math.radians(10.0) / UNIT_RAD)
        share = np.where(inside, 0.0, share)
    for cx, cy, radius in permanent:
        shadow |= np.hypot(x - cx, y - cy) <= radius
    horizon = HorizonMap(low, -HALF_M, -HALF_M, CELL_M, 1.2)
    return LightSurvey(field, Light(FRAME, horizon), START_S, START_S + 30 * 86400.0, share, shadow)


def test_the_target_lies_deep_in_permanent_shadow_and_the_lander_in_the_light_beside_it(rover):
    patch = (100.0, 60.0, 90.0)
    survey = made_survey(dark=[patch], permanent=[patch])
    choice = next(choices(survey, rover, LIMITS))
    assert choice.permanent
    assert math.dist(choice.target, patch[:2]) <= 90.0 - 15.0
    assert survey.light.sunlit_fraction(*choice.lander, choice.start_utc_s) > 0.99
    assert survey.light.sunlit_fraction(*choice.target, choice.start_utc_s) == 0.0
    assert choice.lander_share == 0.8
    assert choice.target_share == 0.0
    assert choice.route[0] == choice.lander
    assert choice.route[-1] == choice.target
    assert LIMITS.nearest_target_m <= math.dist(choice.lander, choice.target) <= choice.route_m + 1e-6
    assert choice.start_utc_s % 3600.0 == 0.0
    toward = math.atan2(choice.target[1] - choice.lander[1], choice.target[0] - choice.lander[0])
    assert abs(math.remainder(choice.lander_yaw_rad - toward, 2 * math.pi)) < math.radians(50.0)


def test_a_brighter_lander_is_worth_some_way_but_not_any(rover):
    patch = (0.0, 0.0, 60.0)

    def shares(x, y):
        return 0.5 + 0.3 * (np.hypot(x - 160.0, y) < 50.0) + 0.4 * (np.hypot(x + 380.0, y) < 50.0)

    choice = next(choices(made_survey(dark=[patch], permanent=[patch], shares=shares), rover, LIMITS))
    assert math.dist(choice.lander, (160.0, 0.0)) < 60.0


def test_without_permanent_shadow_the_target_is_what_is_dark_then(rover):
    survey = made_survey(dark=[(100.0, 60.0, 90.0)])
    choice = next(choices(survey, rover, LIMITS))
    assert not choice.permanent
    assert survey.light.sunlit_fraction(*choice.target, choice.start_utc_s + np.arange(24) * 3600.0).max() == 0.0


def test_a_shadow_behind_steep_ground_is_not_chosen(rover):
    patch = (0.0, 0.0, 60.0)

    def heights(x, y):
        return 200.0 * np.tanh((np.hypot(x, y) - 150.0) / 60.0)

    survey = made_survey(dark=[patch], permanent=[patch], heights=heights)
    assert list(choices(survey, rover, LIMITS)) == []


def test_no_shadow_or_no_light_is_no_choice(rover):
    assert list(choices(made_survey(), rover, LIMITS)) == []
    everywhere = (0.0, 0.0, 1e4)
    assert list(choices(made_survey(dark=[everywhere], permanent=[everywhere]), rover, LIMITS)) == []


def test_havens_are_apart_lit_and_begin_with_the_lander(rover):
    patch = (100.0, 60.0, 90.0)
    choice = next(choices(made_survey(dark=[patch], permanent=[patch]), rover, LIMITS))
    assert choice.havens[0] == choice.lander
    assert len(choice.havens) == 1 + LIMITS.havens
    for index, haven in enumerate(choice.havens):
        assert math.dist(haven, patch[:2]) > patch[2]
        assert all(math.dist(haven, other) >= LIMITS.apart_m for other in choice.havens[:index])
        assert math.dist(haven, choice.lander) <= LIMITS.reach_m


def test_the_start_is_when_the_lander_is_safest_and_the_target_dark():
    survey = made_survey(dark=[(300.0, 0.0, 80.0)])
    start = best_start(survey, (0.0, 0.0), (300.0, 0.0), LIMITS)
    times = survey.year_start_utc_s + 3600.0 * np.arange(29 * 24 - 36)
    lit = [heights_of_sun(survey, np.zeros((1, 2)), time + 3600.0 * np.arange(37))[0].min() for time in times]
    best = heights_of_sun(survey, np.zeros((1, 2)), start + 3600.0 * np.arange(37))[0].min()
    # The four places 10 m around the lander are looked at too; the Sun stands 10 m / R = 6e-6 rad lower there.
    assert best == pytest.approx(max(lit), abs=2e-5)
    assert best_start(survey, (300.0, 0.0), (0.0, 0.0), LIMITS) is None
    assert best_start(survey, (0.0, 0.0), (0.0, 200.0), LIMITS) is None


def test_there_and_back_counts_both():
    rng = np.random.default_rng(1)
    cost = rng.uniform(1.0, 2.0, (8, 5, 6))
    total = both_ways(cost)
    for move, (di, dj) in enumerate(STEPS):
        back = STEPS.index((-di, -dj))
        for i in range(5):
            for j in range(6):
                inside = 0 <= i + di < 5 and 0 <= j + dj < 6
                wanted = cost[move, i, j] + cost[back, i + di, j + dj] if inside else math.inf
                assert total[move, i, j] == wanted


def test_small_shadows_keep_their_deepest_cells():
    dark = np.zeros((20, 20), dtype=np.bool_)
    dark[2:5, 2:5] = True
    dark[8:19, 8:19] = True
    deep = landing_choice._deep(dark, 3.0)
    assert deep[2:5, 2:5].sum() == 1
    assert deep[3, 3]
    assert deep[11:16, 11:16].all()
    assert deep.sum() == 1 + 25


def test_averaging_keeps_the_mean_and_the_places():
    rng = np.random.default_rng(2)
    field = HeightField(rng.normal(size=(7, 9)), 10.0, -20.0, 5.0)
    half = averaged(field, 2)
    assert half.shape == (3, 4)
    assert (half.x0_m, half.y0_m, half.cell_m) == (12.5, -17.5, 10.0)
    assert half.heights_m[1, 2] == pytest.approx(field.heights_m[2:4, 4:6].mean(), abs=1e-6)
    assert averaged(field, 1) is field


def test_a_survey_never_has_more_cells_than_asked():
    field = HeightField(np.zeros((1600, 1600)), 0.0, 0.0, 5.0)
    assert survey_factor(field, SurveyGrid()) == 4
    assert survey_factor(HeightField(np.zeros((300, 300)), 0.0, 0.0, 20.0), SurveyGrid()) == 1
    assert survey_factor(HeightField(np.zeros((2, 300)), 0.0, 0.0, 1.0), SurveyGrid()) == 10


def test_the_brightest_place_has_light_all_around_it():
    def shares(x, y):
        return 0.4 + 0.5 * (np.hypot(x - 200.0, y - 100.0) < 15.0) + 0.3 * (np.hypot(x + 200.0, y + 100.0) < 90.0)

    x, y = brightest_place(made_survey(shares=shares), 30.0)
    assert math.dist((x, y), (-200.0, -100.0)) < 90.0
