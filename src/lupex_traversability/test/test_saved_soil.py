# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The learned soil through a checkpoint: the same again, and nothing of what is damaged."""

import copy
import dataclasses
import json
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from soil_by_hand import TABLE, window

from lupex_traversability.config import SoilConfig
from lupex_traversability.soil.learned_soil import LearnedSoil
from lupex_traversability.soil.saved_soil import restored, to_plain

CONFIG = dataclasses.replace(SoilConfig(), patches=4)
WINDOWS = [window(0.06, 9.0, 5.0 * k + 1.0, time_s=40.0 * k, variance_m2=0.1 * k) for k in range(8)]


def learned(windows):
    soil = LearnedSoil(CONFIG, TABLE)
    for each in windows:
        soil.learn(each)
    return soil


@pytest.fixture(scope="module")
def plain():
    return json.loads(json.dumps(to_plain(learned(WINDOWS))))


def same(one, other):
    assert (one.time_s, one.windows, one.distance_m) == (other.time_s, other.windows, other.distance_m)
    assert one.patches.keys() == other.patches.keys()
    for was, now in zip((one.unseen, *one.patches.values()), (other.unseen, *other.patches.values()), strict=True):
        assert dataclasses.astuple(now) == pytest.approx(dataclasses.astuple(was), abs=1e-4)


def test_it_goes_on_as_if_nothing_had_been(plain):
    soil = LearnedSoil(CONFIG, TABLE)
    assert restored(soil, plain) == ""
    same(soil.estimate(), learned(WINDOWS).estimate())
    more = [window(0.3, 9.0, 101.0, time_s=900.0, variance_m2=2.0)]
    soil.learn(more[0])
    same(soil.estimate(), learned([*WINDOWS, *more]).estimate())


def test_nothing_learned_is_nothing_again():
    soil = LearnedSoil(CONFIG, TABLE)
    assert restored(soil, json.loads(json.dumps(to_plain(LearnedSoil(CONFIG, TABLE))))) == ""
    assert soil.estimate() == LearnedSoil(CONFIG, TABLE).estimate()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda p: p.pop("form"), "damaged"),
        (lambda p: p.update(form=99), "other patches"),
        (lambda p: p.update(patch_m=4.0), "other patches"),
        (lambda p: p.update(errors=[0.0]), "other settings"),
        (lambda p: p.update(forgotten="no base64 !"), "damaged"),
        (lambda p: p.update(forgotten=p["forgotten"][:-8]), "damaged"),
        (lambda p: p["patches"][0].pop(), "damaged"),
        (lambda p: p["patches"][0].__setitem__(5, p["forgotten"]), "damaged"),
        (lambda p: p["patches"][0].__setitem__(2, 0.0), "none"),
        (lambda p: p["patches"][0].__setitem__(2, math.nan), "damaged"),
        (lambda p: p["patches"][0].__setitem__(4, 1e6), "still to come"),
        (lambda p: p.update(distance_m=-1.0), "none"),
        (lambda p: p.update(distance_m=None), "damaged"),
        (lambda p: p.update(time_s=math.inf), "damaged"),
        (lambda p: p.update(windows="many"), "damaged"),
        (lambda p: p.update(patches=3), "damaged"),
    ],
)
def test_what_is_damaged_is_not_taken_up_in_part(plain, spoil, says):
    spoiled = copy.deepcopy(plain)
    spoil(spoiled)
    soil = LearnedSoil(CONFIG, TABLE)
    assert says in restored(soil, spoiled)
    assert soil.estimate() == LearnedSoil(CONFIG, TABLE).estimate()
