# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A world in the cache, and a sortie judged in it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml

from lupex_analysis.config import JUDGEMENT
from lupex_analysis.judge.true_cost import true_cost
from lupex_analysis.judge.true_need import cell_of
from lupex_analysis.judge.true_world import NoWorldError, find_world, heater_w, refuse_another, sortie_way
from lupex_analysis.judge.verdict import way_home
from lupex_analysis.reading import read_recording
from lupex_analysis.sortie import THIN_S, WANTED, extract
from lupex_worlds.truth.level_file import read_level
from lupex_worlds.world_cache import default_worlds_directories, prepare_world
from lupex_worlds.world_making import HorizonGrid

CUSTOM = {"world": "plain", "seed": "3", "capacity_wh": "2500", "reserve_fraction": "0.15"}
COARSE = HorizonGrid(azimuth_count=8, cell_m=100.0, shadow_step_s=30 * 86_400.0)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        prepare_world("plain", 3, default_worlds_directories(), grid=COARSE)
        yield


@pytest.fixture(scope="module")
def found(cache):
    return find_world(CUSTOM)


@pytest.fixture
def sortie(sortie_bag, found):
    """Out of the Sun into the crater and back, over the true ground of the world."""
    held = extract(read_recording(sortie_bag, WANTED, THIN_S))
    truth, world = held.truth, found.world
    share = truth["x_m"] / truth["x_m"].max()
    truth["x_m"], truth["y_m"] = 23.0 * share, 19.3 * share
    truth["z_m"] = world.height(truth["x_m"], truth["y_m"])
    utc = truth["t"] + world.site.utc_offset_s
    for k, (x, y, at) in enumerate(zip(truth["x_m"], truth["y_m"], utc)):
        truth["sunlit_fraction"][k] = world.light.sunlit_fraction(x, y, 1.2, at)
    return held


def test_what_the_judge_sees_of_the_light_is_what_the_world_gave(found, sortie):
    # the world looks at every rock and along each moment's own azimuth, the judge at cells of 5 m
    rules = replace(JUDGEMENT.way, pad_m=60.0, horizon_s=3600.0)
    way = sortie_way(found, sortie, rules)
    world = found.world
    rng = np.random.default_rng(4)
    apart = []
    for _ in range(300):
        frame, i, j = (int(rng.integers(n)) for n in way.light.shape)
        x, y = way.x0_m + 5.0 * j, way.y0_m + 5.0 * i
        utc = way.start_s + (frame + 0.5) * way.frame_s + world.site.utc_offset_s
        apart.append(way.light[frame, i, j] - world.light.sunlit_fraction(x, y, 1.2, utc))
    assert np.mean(np.abs(apart) < 0.1) > 0.9
    assert abs(float(np.mean(apart))) < 0.03
    assert 0.2 < way.light.mean() < 0.98


def test_a_sortie_is_judged_in_its_world(sortie, cache):
    judged = way_home(CUSTOM, sortie, JUDGEMENT)
    assert judged.missing == ""
    assert judged.margins is not None
    assert judged.check_wh < 0.5
    assert judged.light_rms < 0.3
    need = judged.margins.need_wh
    lit = np.interp(judged.margins.t, sortie.truth["t"], sortie.truth["sunlit_fraction"])
    assert need[lit == 1.0].max() < 1.0
    assert need[lit == 0.0].mean() > 0.3
    # from the dark floor light lies some 10 m away: about 0.25 Wh a metre
    assert 0.5 < need.max() < 25.0
    assert judged.end.need_wh == pytest.approx(0.0, abs=0.1)


def test_costs_rise_with_the_slope_and_end_where_the_soil_gives_way(found):
    cost = true_cost(found.world, found.rover, 7.0)
    joules, seconds = cost.energy_and_time(
        found.world.soil.mean_row, np.radians([-10.0, 0.0, 10.0, 20.0, 60.0]), np.zeros(5)
    )
    assert (np.diff(joules[:4]) > 0).all()
    assert np.isinf(joules[4])
    weight = 350.0 * 1.624
    # at least the lift, at most all of it at the drives' efficiency and twice over
    assert weight * np.sin(np.radians(10.0)) < joules[2] - joules[1] < 4 * weight * np.sin(np.radians(10.0))
    assert seconds[1] == pytest.approx(10.0, rel=0.05)
    assert cost.parked_w == pytest.approx(found.rover.loads.avionics_w + found.rover.loads.lidar_w + 7.0)
    assert 1.0 < cost.discharge < 1.3
    assert 0.8 < cost.charge < 1.0
    assert 0.85 * 388.0 < cost.array_w < 1.02 * 388.0


def test_the_heater_counts_as_it_was_drawn(sortie):
    assert heater_w(sortie) == 0.0
    bus = {**sortie.bus, "load_heater_w": np.array([0.0, 20.0, 20.0, np.nan])}
    assert heater_w(replace(sortie, bus=bus)) == pytest.approx(40.0 / 3)


def test_the_window_reaches_around_the_sortie(found, sortie):
    way = sortie_way(found, sortie, replace(JUDGEMENT.way, horizon_s=3600.0))
    for x, y in ((0.0, 0.0), (23.0, 19.3), (-95.0, -95.0), (118.0, 114.0)):
        assert cell_of(way, x, y) is not None
    assert cell_of(way, -110.0, 0.0) is None
    assert way.light.shape[0] * way.frame_s >= sortie.truth["t"][-1] - sortie.truth["t"][0] + 3600.0


def test_another_ground_is_another_world(found, sortie):
    refuse_another(found.world, sortie.truth, JUDGEMENT.way)
    sortie.truth["z_m"] += 3.0
    with pytest.raises(NoWorldError, match="not that of the recording"):
        refuse_another(found.world, sortie.truth, JUDGEMENT.way)
    judged = way_home(CUSTOM, sortie, JUDGEMENT)
    assert judged.margins is None
    assert "not that of the recording" in judged.missing
    with pytest.raises(NoWorldError, match="no true places"):
        refuse_another(found.world, {name: values[:0] for name, values in sortie.truth.items()}, JUDGEMENT.way)


def test_a_level_whose_numbers_changed_since_judges_nothing(cache, sortie, repository, tmp_path):
    mine = tmp_path / "mine.yaml"
    shutil.copy(repository / "worlds" / "truth" / "kind.yaml", mine)
    prepare_world("plain", 3, default_worlds_directories(), grid=COARSE, level=read_level(str(mine), []))
    custom = {**CUSTOM, "truth": str(mine), "truth_hash": read_level(str(mine), []).digest}
    assert find_world(custom).world.level.name == "mine"
    values = yaml.safe_load(mine.read_text(encoding="utf-8"))
    # of the draw alone: the world's files stay what they were, and only the hash tells
    values["ground"]["weak"]["share"] = 0.4
    mine.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(NoWorldError, match="the truth level 'mine' on this machine is not that of the recording"):
        find_world(custom)
    judged = way_home(custom, sortie, JUDGEMENT)
    assert judged.margins is None
    assert custom["truth_hash"][:8] in judged.missing
    # what an older recording does not tell cannot be refused
    assert find_world({key: value for key, value in custom.items() if key != "truth_hash"}).world.level.name == "mine"


@pytest.mark.parametrize(
    ("custom", "words"),
    [
        ({}, "does not name its world"),
        ({"world": "plain", "seed": "x"}, "does not name its world"),
        ({"world": "plain", "seed": "3", "draw": "x"}, "does not name its world"),
        ({"world": "plain", "seed": "3", "truth": "cruel"}, "no truth level 'cruel'"),
        ({"world": "plain", "seed": "41"}, "./lupex world plain --seed 41 --truth kind"),
        ({"world": "nowhere", "seed": "1"}, "no world 'nowhere'"),
    ],
)
def test_without_the_world_it_is_said_how_it_is_had(cache, sortie, custom, words):
    with pytest.raises(NoWorldError, match=words):
        find_world(custom)
    assert words in way_home(custom, sortie, JUDGEMENT).missing
