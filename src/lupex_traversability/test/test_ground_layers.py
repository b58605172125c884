# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Layers by name: what each holds on grounds whose answer is known by hand, and which limit a cost comes from."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scene import ROVER, centres

from lupex_models.soil_strength import StrengthTable
from lupex_traversability import driving_cost
from lupex_traversability.config import CostConfig, MapConfig, ShutConfig, SoilConfig, StandConfig
from lupex_traversability.driving_cost import DrivingCost
from lupex_traversability.elevation_map import ASSUMED, SEEN, UNKNOWN, ElevationMap
from lupex_traversability.ground_layers import LEAST_IS_WORST, ground_layers
from lupex_traversability.shut_ground import Bogged, ShutGround
from lupex_traversability.soil.learned_soil import LearnedSoil
from lupex_traversability.soil.strength_grid import Strength
from lupex_traversability.stand_bound import StandBound

TABLE = StrengthTable.build(ROVER)
TIP_OVER_RAD = ROVER.body.tip_over_rad
FORESEEN = Strength(0.0, 0.2, -0.4)


def seen(ground):
    """Return a map that holds a ground (x, y) -> z exactly."""
    made = ElevationMap(MapConfig(size_m=16.0), ROVER.lidar, ROVER.body)
    made.corner_x = made.corner_y = -made.size // 2
    x, y = centres(made)
    made.height_m[:] = made.low_m[:] = made.high_m[:] = ground(x, y)
    made.variance_m2[:], made.hidden_m[:], made.source[:] = 1e-4, 0.0, SEEN
    return made


def layers(made, soil=FORESEEN):
    derived = DrivingCost(CostConfig(), ROVER).of(made)
    standing = StandBound(StandConfig(), ROVER, made.config.cell_m).of(made)
    return ground_layers(made, derived, standing, soil, TABLE, TIP_OVER_RAD)


def slope(angle_deg):
    return lambda x, y: math.tan(math.radians(angle_deg)) * x


@pytest.fixture(scope="module")
def tilted():
    return seen(slope(8.0))


def test_on_a_slope_the_vehicle_tilts_by_it_and_a_little_more(tilted):
    found = layers(tilted)
    tilt = found["tilt"][np.isfinite(found["tilt"])]
    assert tilt.size > 100
    assert math.radians(8.0) < tilt.min()
    assert np.median(tilt) < math.radians(11.0)
    margin = found["stability_margin"][np.isfinite(found["tilt"])]
    assert margin == pytest.approx(TIP_OVER_RAD - tilt)
    room = found["clearance"][np.isfinite(found["clearance"])]
    assert 0.15 < np.median(room) < ROVER.body.clearance_m


def test_what_it_costs_to_cross_is_that_of_the_soil_learned(tilted):
    found = layers(tilted)
    weaker = layers(tilted, Strength(-1.5, 0.3, -2.0))
    at = np.isfinite(found["slip"])
    assert at.sum() > 100
    up = np.median(found["slope"][at])
    assert np.median(found["slip"][at]) == pytest.approx(float(TABLE.slip(up, 0.0, 0.0)), rel=0.1)
    metre_s = 1.0 / float(TABLE.speed_mps(up, 0.0, 0.0))
    assert np.median(found["minutes_per_m"][at]) == pytest.approx(metre_s / 60.0, rel=0.05)
    power_w = float(TABLE.power_w(up, 0.0, 0.0))
    assert np.median(found["wh_per_m"][at]) == pytest.approx(power_w * metre_s / 3600.0, rel=0.05)
    for name in ("slip", "minutes_per_m", "wh_per_m"):
        assert np.nanmedian(weaker[name]) > np.nanmedian(found[name])
        assert np.nanmedian(found[f"{name}_sigma"]) > 0.0
    assert np.nanmedian(weaker["speed"]) < np.nanmedian(found["speed"])


def test_where_the_soil_lets_nothing_climb_nothing_is_told_of_minutes(tilted):
    found = layers(tilted, Strength(-4.0, 0.1, -4.0))
    assert np.isfinite(found["slope"]).any()
    steep = found["slope"] > math.radians(7.5)
    assert np.isnan(found["minutes_per_m"][steep]).all()
    assert np.nanmin(found["slip"][steep]) == pytest.approx(1.0)


def test_a_crest_between_the_tracks_takes_the_room_beneath_the_belly():
    def crest(x, y):
        return 0.35 * np.exp(-(((x - 4.0) / 0.4) ** 2 + (y / 0.4) ** 2))

    made = seen(crest)
    found = layers(made)
    x, y = centres(made)
    on = (np.hypot(x - 4.0, y) < 0.25) & np.isfinite(found["clearance"])
    flat = (np.hypot(x - 4.0, y) > 2.5) & np.isfinite(found["clearance"])
    assert on.any()
    assert found["clearance"][on].max() < 0.1
    assert np.median(found["clearance"][flat]) > 0.25


def test_nothing_is_told_of_a_stand_that_reaches_to_unknown_ground():
    made = seen(slope(0.0))
    row, column = 40, 50
    made.source[row, column] = UNKNOWN
    rows, columns = np.indices(made.source.shape)
    away_m = made.config.cell_m * np.hypot(rows - row, columns - column)
    told = np.isfinite(layers(made)["tilt"])
    assert not told[away_m < 1.0].any()
    inner = (np.minimum(rows, columns) > 14) & (np.maximum(rows, columns) < 65)
    assert told[inner & (away_m > 2.2)].all()


def test_a_cost_says_which_limit_it_comes_from():
    made = seen(lambda x, y: np.where(x > 3.0, 0.3, 0.0) + math.tan(math.radians(24.0)) * np.maximum(-3.0 - x, 0.0))
    x, y = centres(made)
    made.source[(np.abs(x) < 1.0) & (np.abs(y) < 1.0)] = ASSUMED
    missed = (np.abs(x) < 1.0) & (y > 4.0)
    made.hidden_m[missed] = 0.2
    made.source[y < -6.0] = UNKNOWN
    found = layers(made)
    limit = found["limit"]
    seen_well = y > -4.0
    steep = seen_well & (x < -4.5) & (x > -7.0) & (y < 7.0)
    assert set(np.unique(limit[steep])) <= {driving_cost.SLOPE, driving_cost.SLIP}
    assert (limit[seen_well & (np.abs(x - 3.0) < 0.15) & (y < 7.0)] == driving_cost.STEP).all()
    assert (limit[(np.abs(x) < 0.8) & (np.abs(y) < 0.8)] == driving_cost.UNSEEN).all()
    assert (limit[missed] == driving_cost.HIDDEN).all()
    assert (limit[(np.abs(x) < 0.5) & (np.abs(y - 2.5) < 0.5)] == driving_cost.FREE).all()
    assert np.isnan(limit[np.isnan(found["cost"])]).all()


def test_ground_that_did_not_bear_the_tracks_says_so(tilted):
    derived = DrivingCost(CostConfig(), ROVER).of(tilted)
    shut = ShutGround(ShutConfig())
    assert shut.take(Bogged(100.0, 1.0, 0.0, 0.0))
    marked = shut.on(derived, tilted.origin_m, tilted.config.cell_m, 101.0)
    x, y = centres(tilted)
    inside = (x > 1.0) & (x < 2.8) & (np.abs(y) < 0.8)
    assert (marked.cost[inside] == driving_cost.LETHAL).all()
    assert (marked.limit[inside] == driving_cost.BOGGED).all()
    np.testing.assert_array_equal(marked.cost[~inside], derived.cost[~inside])
    # what was derived from the ground alone stays as it was
    assert not (derived.limit == driving_cost.BOGGED).any()


def test_all_layers_of_which_the_least_is_worst_are_there(tilted):
    assert set(layers(tilted)) >= LEAST_IS_WORST


def test_the_strength_before_driving_is_that_of_the_prior():
    assert LearnedSoil(SoilConfig(), TABLE).estimate().unseen.low < 0.0


def test_of_four_cells_the_grid_map_tells_the_worst_and_the_limit_of_the_dearest():
    pytest.importorskip("lupex_interfaces.msg")
    from lupex_traversability.conversions import grid_map

    made = seen(slope(0.0))
    found = layers(made)
    for name in found:
        found[name] = np.full_like(found[name], np.nan)
    found["cost"][:2, :2] = [[10.0, 80.0], [20.0, np.nan]]
    found["limit"][:2, :2] = [[driving_cost.UNSEEN, driving_cost.SLOPE], [driving_cost.HIDDEN, np.nan]]
    found["clearance"][:2, :2] = [[0.2, 0.1], [np.nan, 0.3]]
    message = grid_map(1.0, made, found)
    # grid_map lays cells out from the corner of most x and y: the first is the last
    told = {name: data.data[-1] for name, data in zip(message.layers, message.data, strict=True)}
    assert (told["cost"], told["limit"]) == (80.0, driving_cost.SLOPE)
    assert told["clearance"] == pytest.approx(0.1)
    assert math.isnan(message.data[message.layers.index("limit")].data[0])
