# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Havens as the field's kernels find them, against the rule in plain units."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_site import CAPACITY_J, CONFIG, RESERVE_J, SLICE_S, random_site

from lupex_path_planning.light_slices import LightSlices
from lupex_path_planning.way_back.havens import flat, haven_need
from lupex_path_planning.way_back.labels import NONE, ROUNDING
from lupex_path_planning.way_back.look_ahead import find_havens, outlook
from lupex_path_planning.way_back.scale import scale_of

AHEAD = 6
SLOW = replace(CONFIG, haven_recharge_wh=30.0, haven_time_s=AHEAD * SLICE_S)
"""A charge that takes two slices in full light, and more where it comes and goes."""


def found(light, site, moves, config):
    """Return (slices, ny, nx) needs of havens [J] by the kernel, inf where there is none, and its unit."""
    scale = scale_of(moves, light, config, RESERVE_J, CAPACITY_J, ROUNDING)
    recharge = np.float32(config.haven_recharge_wh * 3600.0 / scale.unit_j * (1.0 + 1e-6))
    radius = round(config.haven_clearance_m / site.cell_m)
    view = outlook(flat(site, config), AHEAD)
    values = np.full((light.count + 1, *site.shape), NONE, np.uint32)
    for k in range(light.count - 1, -1, -1):
        find_havens(
            values[k], values[k + 1], view, light.least_w, k, radius, scale.numbers[0], recharge, ROUNDING.haven
        )
    values = values[: light.count - AHEAD]
    return np.where(values < NONE, RESERVE_J + scale.unit_j * values, np.inf), scale.unit_j


def flickering(rng, slices, ny, nx):
    """Return light that comes and goes in spells, none, weak or strong; at times it is all bright."""
    power = rng.choice(np.float32([0.0, 30.0, 50.0, 120.0, 300.0]), (slices, ny, nx))
    for k in range(1, slices):
        power[k] = np.where(rng.random((ny, nx)) < 0.7, power[k - 1], power[k])
    spells = np.repeat(rng.choice(np.float32([-1.0, 50.0, 120.0, 300.0]), slices), 2)[:slices]
    power[spells > 0.0] = spells[spells > 0.0, None, None]
    return power


@pytest.mark.parametrize("radius", [0, 1, 2])
@pytest.mark.parametrize("nx", [1, 5, 16, 23, 70])
def test_havens_are_those_of_the_rule_and_their_needs_no_less(nx, radius):
    rng = np.random.default_rng(100 * nx + radius)
    site, moves, _ = random_site(rng, 3, nx)
    site = replace(site, passable=rng.random((3, nx)) < 0.8)
    config = replace(SLOW, haven_clearance_m=radius * site.cell_m)
    havens = 0
    for _ in range(6):
        power = flickering(rng, 40, 3, nx)
        light = LightSlices(1000.0, SLICE_S, power, power, power / np.float32(300.0))
        needs, unit_j = found(light, site, moves, config)
        rule = haven_need(site, moves, light, config, RESERVE_J, CAPACITY_J)
        assert np.array_equal(np.isfinite(needs), np.isfinite(rule))
        home = np.isfinite(rule)
        assert (needs[home] >= rule[home] - 1e-3).all()
        assert (needs[home] <= rule[home] + 2.5 * unit_j).all()
        havens += int(home.sum())
    assert havens > 0


def test_a_haven_that_has_charged_long_is_none_as_soon_as_its_light_would_end_too_early():
    site, moves, _ = random_site(np.random.default_rng(1), 1, 1)
    power = np.zeros((40, 1, 1), np.float32)
    power[10:30] = 300.0
    light = LightSlices(1000.0, SLICE_S, power, power, power / np.float32(300.0))
    needs, _ = found(light, site, moves, SLOW)
    rule = haven_need(site, moves, light, SLOW, RESERVE_J, CAPACITY_J)
    lit = np.flatnonzero(np.isfinite(needs[:, 0, 0]))
    assert np.array_equal(lit, np.flatnonzero(np.isfinite(rule[:, 0, 0])))
    assert 10 < lit.size < 30
    assert (needs[10:25, 0, 0] == RESERVE_J).all()


def test_nothing_is_known_past_the_horizon():
    site, moves, _ = random_site(np.random.default_rng(1), 1, 1)
    power = np.full((AHEAD, 1, 1), 300.0, np.float32)
    light = LightSlices(1000.0, SLICE_S, power, power, power / np.float32(300.0))
    scale = scale_of(moves, light, SLOW, RESERVE_J, CAPACITY_J, ROUNDING)
    view = outlook(flat(site, SLOW), AHEAD)
    values = np.zeros((2, 1, 1), np.uint32)
    for k in range(AHEAD - 1, -1, -1):
        find_havens(values[0], values[1], view, light.least_w, k, 0, scale.numbers[0], np.float32(1.0), ROUNDING.haven)
        assert values[0, 0, 0] == NONE
