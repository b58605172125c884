# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Heat of cells, structure and panel against closed forms; temperature of the ground against its limits."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from energy_draws import NOMINAL_HEAT, PLAIN_HEAT, ROVER

from lupex_simulator.power.ground_temperature import Ground, Place
from lupex_simulator.power.true_heat import HeatSources, TrueHeat
from lupex_worlds.truth.power_truth import draw_heat

SIGMA = 5.670374419e-8
AU_M = 149_597_870_700.0
THERMAL = ROVER.thermal
BARE = dataclasses.replace(
    THERMAL, structure_emissivity=0.0, structure_absorptivity=0.0, radiator_area_m2=0.0, heat_pipe_w_k=0.0
)
NOTHING = HeatSources()


def heat(cells_k=285.0, structure_k=270.0, panel_k=260.0, thermal=THERMAL, **draw):
    return TrueHeat(thermal, PLAIN_HEAT._replace(**draw), cells_k, structure_k, panel_k)


def run(made, seconds, dt_s=10.0, ground_k=0.0, share=0.0, sources=NOTHING):
    for _ in range(round(seconds / dt_s)):
        made.step(ground_k, share, AU_M, sources, dt_s)
    return made


def test_cells_cool_to_the_structure_with_capacity_over_conductance():
    huge = dataclasses.replace(BARE, structure_heat_capacity_j_k=1e7)
    made = heat(290.0, 200.0, thermal=huge, box_conductance_w_k=0.10, pipe_leak_w_k=0.04)
    constant_s = THERMAL.battery_heat_capacity_j_k / 0.14
    run(made, constant_s, 60.0)
    assert made.cells_k == pytest.approx(200.0 + 90.0 * math.exp(-1.0), abs=0.3)


def test_a_panel_in_the_dark_cools_as_a_radiator_does():
    """C dT/dt = -k T^4: T^-3 grows by 3 k t / C."""
    made = run(heat(panel_k=320.0), 1200.0, 5.0)
    k = 2.0 * 0.85 * 1.6 * SIGMA / THERMAL.panel_heat_capacity_j_k
    assert made.panel_k == pytest.approx((320.0**-3 + 3.0 * k * 1200.0) ** (-1.0 / 3.0), rel=0.005)


def test_the_panel_in_the_sun_settles_where_absorbed_light_less_power_is_radiated():
    made = run(heat(panel_k=200.0), 20000.0, 30.0, share=1.0, sources=HeatSources(array_w=300.0))
    assert made.panel_k == pytest.approx(((0.85 * 1.6 * 1361.0 - 300.0) / (2.0 * 0.85 * 1.6 * SIGMA)) ** 0.25, abs=0.2)
    half = run(heat(panel_k=200.0), 20000.0, 30.0, share=0.5)
    assert half.panel_k == pytest.approx((0.85 * 1361.0 * 0.5 / (2.0 * 0.85 * SIGMA)) ** 0.25, abs=0.2)


def test_the_structure_settles_where_leaks_and_ground_balance_its_heat():
    leak, ground_k = 0.05, 100.0
    made = heat(
        250.0,
        250.0,
        structure_emissivity_factor=1.5,
        radiator_leak=leak,
        track_conductance_w_k=0.03,
        box_conductance_w_k=0.2,
    )
    run(made, 120 * 86400.0, 3600.0, ground_k=ground_k, sources=HeatSources(structure_w=5.0))
    kelvin = made.structure_k
    emitting = 0.05 * 1.5 * 6.0
    out = SIGMA * (emitting + leak * 0.85 * 0.45) * kelvin**4 + 0.03 * (kelvin - ground_k)
    assert out == pytest.approx(5.0 + emitting * 0.5 * 0.95 * SIGMA * ground_k**4, rel=1e-3)
    # FACTS, Night: 90..120 K in the dark with 3..6 W of sleep
    assert 85.0 < kelvin < 130.0
    assert made.cells_k == pytest.approx(kelvin, abs=0.5)


def test_books_close_in_long_steps():
    rng = np.random.default_rng(2)
    made = TrueHeat(THERMAL, draw_heat(NOMINAL_HEAT, rng), 292.0, 291.0, 150.0)
    before, balance, through = made.stored_j, 0.0, 0.0
    for _ in range(500):
        sources = HeatSources(float(rng.uniform(0, 40)), float(rng.uniform(0, 80)), float(rng.uniform(0, 100)))
        step = made.step(float(rng.uniform(40, 270)), float(rng.random()), AU_M, sources, 60.0)
        gained = step.absorbed_w + sources.cells_w + sources.structure_w - step.given_off_w
        balance += 60.0 * gained
        through += 60.0 * abs(step.given_off_w)
    assert made.stored_j - before == pytest.approx(balance, abs=1e-9 * through)


def test_a_minute_a_step_agrees_with_a_second_and_an_hour_is_cut_up():
    runs = []
    for dt_s in (1.0, 60.0, 3600.0):
        made = heat(290.0, 285.0, 300.0, radiator_leak=0.05)
        run(made, 7200.0, dt_s, ground_k=90.0, sources=HeatSources(15.0, 40.0))
        runs.append((made.cells_k, made.structure_k, made.panel_k))
    assert runs[1] == pytest.approx(runs[0], abs=0.15)
    assert runs[2] == pytest.approx(runs[1], abs=1e-6)


def test_the_heat_pipe_carries_nothing_backwards():
    """Warm structure, cooler cells in the pipe's range: only the box conducts."""
    made = heat(290.0, 300.0, thermal=dataclasses.replace(BARE, heat_pipe_w_k=50.0), box_conductance_w_k=0.12)
    run(made, 60.0, 1.0)
    assert made.cells_k - 290.0 == pytest.approx(60.0 * 0.12 * 10.0 / THERMAL.battery_heat_capacity_j_k, rel=0.01)
    forward = heat(300.0, 290.0, thermal=dataclasses.replace(BARE, heat_pipe_w_k=50.0), box_conductance_w_k=0.12)
    run(forward, 60.0, 1.0)
    assert 300.0 - forward.cells_k > 50.0 * (made.cells_k - 290.0)


def test_the_thermostat_has_two_thresholds_and_its_own_error():
    made = heat(281.0)
    assert not made.heater_wanted()
    made.cells_k = THERMAL.heater_on_k - 0.1
    assert made.heater_wanted()
    made.cells_k = 281.0
    assert made.heater_wanted()
    made.cells_k = THERMAL.heater_off_k + 0.1
    assert not made.heater_wanted()
    seen_warm = heat(THERMAL.heater_on_k - 1.0, thermostat_error_k=2.0)
    assert not seen_warm.heater_wanted()


def test_lit_ground_lies_between_200_and_270_kelvin_by_its_slope():
    """FACTS: sunlit polar ground. A plane radiates what it takes up of 0.88 times 1361 W/m2."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        ground = Ground(draw_heat(NOMINAL_HEAT, rng))
        level = ground.balance_k(1.0, AU_M, Place(sun_on_ground=math.sin(math.radians(1.5))), permanent_shadow=False)
        tilted = ground.balance_k(1.0, AU_M, Place(sun_on_ground=math.sin(math.radians(10.0))), permanent_shadow=False)
        assert 200.0 < level < 262.0
        assert level < tilted < 285.0
    smooth = Ground(PLAIN_HEAT._replace(slope_share=1.0, rough_cosine=0.0))
    plane = smooth.balance_k(1.0, AU_M, Place(sun_on_ground=0.2), permanent_shadow=False)
    assert plane == pytest.approx((0.88 * 1361.0 * 0.2 / (0.95 * SIGMA)) ** 0.25)
    behind = smooth.balance_k(1.0, AU_M, Place(sun_on_ground=-0.2), permanent_shadow=False)
    assert behind == PLAIN_HEAT.shade_ground_k


def test_permanent_shadow_spreads_over_26_to_110_kelvin_by_place():
    kelvin = np.array(
        [
            draw_heat(NOMINAL_HEAT, np.random.default_rng(seed)).permanent_shadow_at(x, -x)
            for seed in range(200)
            for x in (0.0, 1000.0)
        ]
    )
    assert kelvin.min() >= 26.0
    assert kelvin.max() <= 110.0
    # uniform: mean 68, sigma 24.2; standard error of 400 about 1.2, five of each
    assert kelvin.mean() == pytest.approx(68.0, abs=6.1)
    assert kelvin.std() == pytest.approx(84.0 / math.sqrt(12.0), rel=0.12)
    one = draw_heat(NOMINAL_HEAT, np.random.default_rng(1))
    assert one.permanent_shadow_at(5.0, 5.0) == pytest.approx(one.permanent_shadow_at(6.0, 5.0), abs=2.0)
    assert one.permanent_shadow_at(5.0, 5.0) != pytest.approx(one.permanent_shadow_at(705.0, 5.0), abs=0.5)


def test_ground_follows_the_light_with_its_own_times():
    ground = Ground(PLAIN_HEAT._replace(ground_cooling_s=7200.0, ground_warming_s=1800.0, shade_ground_k=120.0))
    lit = ground.step(1.0, AU_M, Place(), 1.0)
    assert lit == pytest.approx(230.0, abs=0.5)
    for _ in range(120):
        ground.step(0.0, AU_M, Place(), 60.0)
    assert ground.kelvin == pytest.approx(120.0 + (lit - 120.0) * math.exp(-1.0), rel=1e-6)
    for _ in range(30):
        ground.step(1.0, AU_M, Place(), 60.0)
    cold = 120.0 + (lit - 120.0) * math.exp(-1.0)
    assert ground.kelvin == pytest.approx(lit + (cold - lit) * math.exp(-1.0), rel=1e-6)


def test_driving_into_shade_meets_ground_that_is_cold_already():
    ground = Ground(PLAIN_HEAT._replace(ground_cooling_s=1e9, ground_warming_s=1e9))
    lit = ground.step(1.0, AU_M, Place(), 1.0)
    for k in range(1, 26):
        ground.step(0.0, AU_M, Place(x_m=1.0 * k), 10.0, permanent_shadow=True)
    assert ground.kelvin == pytest.approx(60.0 + (lit - 60.0) * math.exp(-5.0), rel=1e-3)
