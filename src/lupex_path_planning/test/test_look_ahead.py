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
    """Return needs [J] of havens (slices, ny, nx) behind the stop and before it, inf where none is, and the unit."""
    scale = scale_of(moves, light, config, RESERVE_J, CAPACITY_J, ROUNDING)
    recharge = np.float32(config.haven_recharge_wh * 3600.0 / scale.unit_j * (1.0 + 1e-6))
    radius = round(config.haven_clearance_m / site.cell_m)
    view = outlook(flat(site, config), AHEAD)
    values, stopping = (np.full((light.count + 1, *site.shape), NONE, np.uint32) for _ in range(2))
    for k in range(light.count - 1, -1, -1):
        find_havens(
            values[k],
            stopping[k],
            values[k + 1],
            view,
            light.least_w,
            k,
            radius,
            scale.numbers[0],
            recharge,
            scale.stop,
            ROUNDING.haven,
        )
    needs, with_stop = (
        np.where(each < NONE, RESERVE_J + scale.unit_j * each, np.inf)
        for each in (values[: light.count - AHEAD], stopping[: light.count - AHEAD])
    )
    return needs, with_stop, scale.unit_j


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
        needs, _, unit_j = found(light, site, moves, config)
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
    needs, _, _ = found(light, site, moves, SLOW)
    rule = haven_need(site, moves, light, SLOW, RESERVE_J, CAPACITY_J)
    lit = np.flatnonzero(np.isfinite(needs[:, 0, 0]))
    assert np.array_equal(lit, np.flatnonzero(np.isfinite(rule[:, 0, 0])))
    assert 10 < lit.size < 30
    assert (needs[10:25, 0, 0] == RESERVE_J).all()


def recharged_in(power_w, moves, config, k):
    """Return in how many slices a haven of slice k is recharged, by what each whole slice adds."""
    reached = min(power_w[k] - moves.parked_w, 0.0) * moves.discharge * SLICE_S
    for m in range(k + 1, len(power_w)):
        net = power_w[m] - moves.parked_w
        rate = min(net, moves.charge_max_w) * moves.charge if net > 0.0 else net * moves.discharge
        reached += rate * SLICE_S
        if reached >= config.haven_recharge_wh * 3600.0:
            return m - k
    raise AssertionError("no haven")


def test_in_steady_light_a_stop_costs_its_load_alone_until_the_light_is_too_short_for_it():
    site, moves, _ = random_site(np.random.default_rng(1), 1, 1)
    config = replace(SLOW, stop_s=2.5 * SLICE_S)
    power = np.zeros((60, 1, 1), np.float32)
    power[10:40] = 300.0
    power[20:22] = 0.0
    light = LightSlices(1000.0, SLICE_S, power, power, power / np.float32(300.0))
    needs, with_stop, unit_j = found(light, site, moves, config)
    behind, before = (np.flatnonzero(np.isfinite(each[:, 0, 0])) for each in (needs, with_stop))
    load_j = moves.parked_w * moves.discharge * config.stop_s
    np.testing.assert_allclose(with_stop[25:30, 0, 0], RESERVE_J + load_j, atol=2.5 * unit_j)
    assert behind[0] == before[0]
    # two slices that charge, and all those that the stop may end in, sooner than behind it
    assert behind[-1] - before[-1] == 2 + 3
    # the dark spell is paid for twice where one may stop before it
    fall_j = moves.parked_w * moves.discharge * 2 * SLICE_S
    assert with_stop[18, 0, 0] == pytest.approx(RESERVE_J + load_j + fall_j, abs=0.6 * fall_j)


@pytest.mark.parametrize("stop_slices", [0.4, 2.0, 2.7])
def test_before_the_stop_a_haven_stays_one_wherever_the_stop_ends_and_pays_for_it(stop_slices):
    rng = np.random.default_rng(round(10 * stop_slices))
    site, moves, _ = random_site(rng, 2, 5)
    config = replace(SLOW, stop_s=stop_slices * SLICE_S)
    load_j = moves.parked_w * moves.discharge * config.stop_s
    havens = lost = dips = 0
    for _ in range(20):
        power = flickering(rng, 50, 2, 5)
        light = LightSlices(1000.0, SLICE_S, power, power, power / np.float32(300.0))
        needs, with_stop, _ = found(light, site, moves, config)
        for k, i, j in np.argwhere(np.isfinite(needs)):
            # the stop may begin as the last slice before the charge is there ends
            last = k + recharged_in(power[:, i, j].astype(float), moves, config, k) + int(np.ceil(stop_slices + 1e-9))
            above, after = with_stop[k, i, j] - RESERVE_J, needs[k : last + 1, i, j] - RESERVE_J
            if last >= needs.shape[0] or not np.isfinite(after).all():
                assert not np.isfinite(above)
                lost += 1
                continue
            assert above >= after[0] + load_j + after.max() - 1e-3
            ahead = needs[k : k + AHEAD + last - k, i, j] - RESERVE_J
            if k + AHEAD + int(np.ceil(stop_slices)) + 1 < needs.shape[0] and np.isfinite(ahead).all():
                assert np.isfinite(above)
                havens += 1
                dips += after.max() > 0.0
    assert min(havens, lost, dips) > 20


def test_nothing_is_known_past_the_horizon():
    site, moves, _ = random_site(np.random.default_rng(1), 1, 1)
    power = np.full((AHEAD, 1, 1), 300.0, np.float32)
    light = LightSlices(1000.0, SLICE_S, power, power, power / np.float32(300.0))
    scale = scale_of(moves, light, SLOW, RESERVE_J, CAPACITY_J, ROUNDING)
    view = outlook(flat(site, SLOW), AHEAD)
    values = np.zeros((3, 1, 1), np.uint32)
    for k in range(AHEAD - 1, -1, -1):
        find_havens(
            values[0],
            values[2],
            values[1],
            view,
            light.least_w,
            k,
            0,
            scale.numbers[0],
            np.float32(1.0),
            scale.stop,
            ROUNDING.haven,
        )
        assert values[0, 0, 0] == NONE
