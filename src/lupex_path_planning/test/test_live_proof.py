# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The proof of the way back as the ground turns out to be closed, and open again."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flat_site import UTC_S, flat_planner, flat_site

from lupex_models.costmap import Costmap
from lupex_path_planning import live_proof
from lupex_path_planning.live_proof import LiveProof
from lupex_path_planning.near_field.drive import Planar
from lupex_path_planning.priced_soil import Soil
from lupex_path_planning.way_back.certificate import PoseEstimate
from lupex_path_planning.way_back.measured_factors import Allowance

NOW_S = 1234.0
OFFSET_S = UTC_S - 1000.0
FRAME = Planar(60.0, 0.0, 0.0)
"""Odom lies where the rover stands, in the dark."""
PLACE, AS_BOUND = (60.0, 0.0), Allowance()
SIGMA_M = 0.5


@pytest.fixture(scope="module")
def site():
    """Plan over a flat site, lit in the west and dark in the east for ever."""
    return flat_planner(replace(flat_site(), permanent_shadow=None), 21_600.0)


@pytest.fixture
def live(site):
    made = LiveProof(site, OFFSET_S)
    made.take(made.prove(NOW_S, AS_BOUND))
    return made


def wall(time_s, x_m, below_m=math.inf):
    """Return a costmap around the rover with a wall across, at an x in map, as far as to a y."""
    cost = np.zeros((240, 240), np.int8)
    y = -24.0 + 0.2 * (np.arange(240) + 0.5)
    cost[np.ix_(y < below_m, np.abs(y + PLACE[0] - x_m) < 0.3)] = 100
    return Costmap(time_s, cost, -24.0, -24.0, 0.2)


def at(x_m, y_m, sigma_m=SIGMA_M):
    """Return what is known of a place."""
    return PoseEstimate(NOW_S, x_m, y_m, np.diag([sigma_m**2, sigma_m**2]), 0.1)


HERE = at(*PLACE)


def test_weaker_soil_is_proven_anew_at_a_higher_need_and_planned_on(live):
    before = live.way.policy.need(NOW_S, *live.planner.grid.cell(*PLACE))
    soil = Soil(-3.0)
    softer = replace(AS_BOUND, soil=soil)
    assert not live.serves(NOW_S, softer)
    live.take(live.prove(NOW_S, softer, Soil(-2.0)))
    assert live.serves(NOW_S, softer)
    assert live.way.policy.need(NOW_S, *live.planner.grid.cell(*PLACE)) > before + 3600.0
    assert (live.planner.expected.time_s >= live.site.expected.time_s).all()
    assert live.planner.expected.power_w[0, 8, 8] > live.site.expected.power_w[0, 8, 8]


def test_before_the_first_proof_there_is_nothing_to_doubt(site):
    live = LiveProof(site, OFFSET_S)
    assert live.way is None
    assert live.planner is site
    assert not live.serves(NOW_S, AS_BOUND)
    assert live.doubt(NOW_S, HERE) == ""


def test_a_wall_on_the_way_back_is_doubted_until_it_is_proven_anew_at_a_higher_need(live):
    before = live.way.policy.need(NOW_S, *live.planner.grid.cell(*PLACE))
    assert live.serves(NOW_S, AS_BOUND)
    live.look(NOW_S, wall(NOW_S, 52.5), (0.0, 0.0), FRAME, SIGMA_M)
    assert not live.serves(NOW_S, AS_BOUND)
    assert "closed" in live.doubt(NOW_S, HERE)
    # whoever stands in the haven already does not come by it
    assert live.doubt(NOW_S, at(0.0, 0.0)) == ""
    light = live.way.policy.light
    live.take(live.prove(NOW_S, AS_BOUND))
    assert live.serves(NOW_S, AS_BOUND)
    assert live.doubt(NOW_S, HERE) == ""
    assert live.way.policy.light is light
    assert live.way.policy.need(NOW_S, *live.planner.grid.cell(*PLACE)) > before


def test_a_wall_off_the_way_back_is_allowed_for_without_a_doubt(live):
    live.look(NOW_S, wall(NOW_S, 72.5), (0.0, 0.0), FRAME, SIGMA_M)
    assert not live.serves(NOW_S, AS_BOUND)
    assert live.doubt(NOW_S, HERE) == ""


def test_a_wall_beside_the_way_back_leaves_the_old_proof_until_the_rover_may_be_where_it_does_not_hold(live):
    # it ends 7 m beside the rover: the way straight back keeps off it, that from behind it does not
    live.look(NOW_S, wall(NOW_S, 52.5, -7.0), (0.0, 0.0), FRAME, SIGMA_M)
    assert not live.serves(NOW_S, AS_BOUND)
    assert live.doubt(NOW_S, HERE) == ""
    for there, doubted in ((at(60.0, -16.0), True), (at(60.0, 0.0, 4.0), True), (at(60.0, 6.0), False)):
        assert bool(live.doubt(NOW_S, there)) == doubted
    live.take(live.prove(NOW_S, AS_BOUND))
    assert live.doubt(NOW_S, at(60.0, -16.0)) == ""


def test_from_where_the_drive_comes_to_meanwhile_the_old_proof_must_hold_too(live):
    live.look(NOW_S, wall(NOW_S, 52.5, -7.0), (0.0, 0.0), FRAME, SIGMA_M)
    ahead_m = live.site.config.ground.ahead_m
    y_m = next(float(y) for y in np.arange(0.0, -20.0, -0.05) if live.doubt(NOW_S, at(60.0, float(y), 0.0)))
    assert live.doubt(NOW_S, at(60.0, y_m + 0.1, 0.0)) == ""
    # the centre of the first cell that is doubted lies so far ahead
    reach_m = 5.0 * math.sqrt(0.5) + ahead_m
    assert math.remainder(y_m - reach_m, 5.0) == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize(("x_m", "sigma_m", "doubted"), [(67.5, 0.5, False), (67.5, 6.0, True), (72.5, 6.0, False)])
def test_of_a_place_known_badly_only_its_own_way_is_followed_and_keeps_off_cells_beside(live, x_m, sigma_m, doubted):
    live.look(NOW_S, wall(NOW_S, x_m), (0.0, 0.0), FRAME, SIGMA_M)
    assert not live.serves(NOW_S, AS_BOUND)
    assert bool(live.doubt(NOW_S, at(60.0, 0.0, sigma_m))) == doubted


def test_ground_that_is_open_again_is_no_reason_to_doubt(live):
    live.look(NOW_S, wall(NOW_S, 52.5), (0.0, 0.0), FRAME, SIGMA_M)
    live.take(live.prove(NOW_S, AS_BOUND))
    count = live.site.config.ground.open_looks
    for n in range(1, count + 1):
        later = NOW_S + 60.0 * n
        live.look(later, wall(later, math.inf), (0.0, 0.0), FRAME, SIGMA_M)
        assert live.serves(later, AS_BOUND) == (n < count)
        assert live.doubt(later, HERE) == ""


def test_what_a_drive_reports_counts_until_it_lapses(live):
    cell = live.planner.grid.cell(52.5, 0.0)
    live.report({cell}, NOW_S)
    assert "closed" in live.doubt(NOW_S, HERE)
    later = NOW_S + live.site.config.ground.blocked_keep_s
    live.report(set(), later)
    assert live.doubt(later, HERE) == ""
    assert live.serves(later, AS_BOUND)


def test_stale_and_missing_costmaps_close_nothing_and_looks_are_not_made_too_often(live):
    age_s = live.site.config.local.costmap_max_age_s + 1.0
    for costmap in (None, wall(NOW_S - age_s, 52.5), wall(NOW_S + age_s, 52.5)):
        live.look(NOW_S, costmap, (0.0, 0.0), FRAME, SIGMA_M)
        assert live.serves(NOW_S, AS_BOUND)
    live.look(NOW_S, wall(NOW_S, math.inf), (0.0, 0.0), FRAME, SIGMA_M)
    soon_s = NOW_S + 0.5 * live.site.config.ground.period_s
    live.look(soon_s, wall(soon_s, 52.5), (0.0, 0.0), FRAME, SIGMA_M)
    assert live.serves(soon_s, AS_BOUND)
    # time that runs backward, as a world that begins anew, does not keep it from looking
    live.look(NOW_S - 100.0, wall(NOW_S - 100.0, 52.5), (0.0, 0.0), FRAME, SIGMA_M)
    assert not live.serves(NOW_S, AS_BOUND)


def test_more_allowance_and_the_end_of_the_horizon_ask_for_another_proof(live):
    assert not live.serves(NOW_S, replace(AS_BOUND, pace=1.25))
    later = NOW_S + 0.5 * live.site.config.recovery.horizon_s
    assert not live.serves(later, AS_BOUND)
    assert live.prove(later, AS_BOUND).way.policy.start_s > live.way.policy.start_s


@pytest.fixture
def looks(live, monkeypatch):
    """Return the list of looks made, the first at open ground."""
    made, look = [], live_proof.look
    monkeypatch.setattr(live_proof, "look", lambda *given: made.append(given) or look(*given))
    live.look(NOW_S, wall(NOW_S, math.inf), (0.0, 0.0), FRAME, SIGMA_M)
    assert len(made) == 1
    return made


def test_at_rest_ground_without_new_hazards_is_looked_at_now_and_then(live, looks):
    for second in range(1, 60):
        live.look(NOW_S + second, wall(NOW_S + second, math.inf), (0.01, 0.0), FRAME, SIGMA_M)
    assert len(looks) == 1
    live.look(NOW_S + 60.0, wall(NOW_S + 60.0, math.inf), (0.01, 0.0), FRAME, SIGMA_M)
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("x_m", "rover", "frame"),
    [
        (math.inf, (0.21, 0.0), FRAME),
        (math.inf, (0.0, 0.0), Planar(60.0, 0.3, 0.0)),
        (72.5, (0.0, 0.0), FRAME),
    ],
)
def test_after_motion_and_with_new_hazards_it_is_looked_at_after_the_period(live, looks, x_m, rover, frame):
    period_s = live.site.config.ground.period_s
    for later_s in (0.9 * period_s, period_s):
        live.look(NOW_S + later_s, wall(NOW_S + later_s, x_m), rover, frame, SIGMA_M)
    assert len(looks) == 2


def test_without_reports_nothing_is_computed_each_second(live, monkeypatch):
    monkeypatch.setattr(live, "update", lambda now_s: pytest.fail("nothing has changed"))
    for second in range(100):
        live.report(set(), NOW_S + second)
