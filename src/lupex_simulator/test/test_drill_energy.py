# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a hole costs, against TRIDENT's published power and pace; what a sample loses on its way to the balance."""

import math
from pathlib import Path

import numpy as np
import pytest

from lupex_models.rover import read_rover
from lupex_simulator.drill.cutting import DrillRigConfig
from lupex_simulator.drill.drill_rig import DrillRig, RigCommand
from lupex_simulator.drill.samples import SampleChain
from lupex_worlds.strata import Layer
from lupex_worlds.truth.drill_truth import KIND_DRILL, DrillTruth, SampleTruth, draw_drill, draw_sample

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
CALM = DrillRigConfig(binding_rate_hz=0.0, binding_per_m=0.0, standstill_binding_rate_hz=0.0)
SOFT = Layer(1700.0, 1e4, 0.0, 0.001)
ICY = Layer(1800.0, 7.5e6, 0.05, 0.43)
# as the level `nominal`
NOMINAL = DrillTruth((35.0, 60.0), (20.0, 35.0), (0.5, 0.65), (35.0, 55.0), (0.0030, 0.0039))
IDLE_W = 8.0
"""config/rover.yaml: the rig's electronics on the bus."""
DT = 0.04
FAST = RigCommand(0.01, 1.57, 100.0, 12.0)
LAST = RigCommand(0.003, 10.0, 100.0, 12.0)
CUT = RigCommand(0.00125, 10.0, 100.0, 12.0)
OUT = RigCommand(-0.010, 1.57, 100.0, 12.0)
STOW = RigCommand(stow=True, torque_limit_nm=12.0)


class Hole:
    """Six bites of 0.1 m as the drill control makes them: down fast, the last part slowly, cut, out, hand over."""

    def __init__(self, layer, draw):
        self.rig = DrillRig(ROVER, CALM, np.random.default_rng(1), draw)
        self.layer = layer
        self.now_s = self.energy_j = self.cutting_s = self.cutting_j = 0.0
        self._run(FAST, lambda rig: rig.depth_m >= -1e-9)
        for bite in range(1, 7):
            self._run(FAST, lambda rig: rig.depth_m >= rig.hole_depth_m - 0.05)
            self._run(LAST, lambda rig: rig.depth_m >= rig.hole_depth_m - 1e-6)
            before = self.now_s, self.energy_j
            self._run(CUT, lambda rig, bite=bite: rig.depth_m >= 0.1 * bite)
            self.cutting_s += self.now_s - before[0]
            self.cutting_j += self.energy_j - before[1]
            self._run(OUT, lambda rig: rig.depth_m <= -0.03)
        self._run(STOW, lambda rig: rig.stowed)

    def _run(self, command, until):
        start_s = self.now_s
        while not until(self.rig):
            assert self.now_s - start_s < 900.0
            self.rig.command(command, self.now_s)
            self.now_s += DT
            self.rig.step(DT, self.now_s, lambda depth_m: self.layer, (0.0, 0.0), powered=True)
            self.energy_j += self.rig.power_w * DT


@pytest.mark.parametrize("layer", [SOFT, ICY])
def test_six_tenths_of_a_metre_cost_about_sixty_watt_hours(layer):
    """TRIDENT: 1 m in 1 h at about 100 W, so 100 Wh a metre."""
    energies, powers = [], []
    for seed in range(3):
        hole = Hole(layer, draw_drill(NOMINAL, np.random.default_rng(seed)))
        energies.append((hole.energy_j + IDLE_W * hole.now_s) / 3600.0)
        powers.append(hole.energy_j / hole.now_s)
        # 6 of 10 bites, of an hour with 10
        assert 0.4 * 3600.0 < hole.now_s < 0.65 * 3600.0
        assert hole.cutting_s == pytest.approx(6 * 80.0, rel=0.01)
        assert hole.rig.drilled_m == pytest.approx(0.6, abs=0.001)
    assert min(energies) > 48.0
    assert max(energies) < 75.0
    assert np.mean(energies) == pytest.approx(60.0, abs=8.0)
    assert np.mean(powers) == pytest.approx(100.0, abs=25.0)


def test_the_kind_rig_costs_hardly_more_than_the_work_of_cutting():
    hole = Hole(ICY, KIND_DRILL)
    assert hole.energy_j / 3600.0 < 12.0


def test_each_part_of_the_power_is_added_where_it_runs():
    draw = KIND_DRILL._replace(electronics_w=40.0, rotary_drag_w=30.0, feed_power_w=50.0)
    rig = DrillRig(ROVER, CALM, np.random.default_rng(1), draw)

    def power(command, seconds=1.0, powered=True):
        for k in range(round(seconds / DT)):
            rig.command(command, k * DT)
            rig.step(DT, (k + 1) * DT, lambda depth_m: SOFT, (0.0, 0.0), powered=powered)
        return rig.power_w

    assert power(RigCommand()) == 0.0
    assert power(RigCommand(0.01, 0.0, 100.0, 12.0), 2.0) == pytest.approx(40.0 + 50.0)
    # above the hole nothing resists: the drag of the gears alone
    assert power(RigCommand(0.0, 10.0, 100.0, 12.0)) == pytest.approx(40.0 + 30.0)
    assert power(RigCommand(0.0, 5.0, 100.0, 12.0)) == pytest.approx(40.0 + 15.0)
    assert power(RigCommand(), powered=False) == 0.0


def test_travel_is_as_slow_as_the_drawn_feed():
    rig = DrillRig(ROVER, CALM, np.random.default_rng(1), KIND_DRILL._replace(travel_mps=0.004))
    for k in range(25):
        rig.command(RigCommand(0.01, 0.0, 100.0, 12.0), k * DT)
        rig.step(DT, (k + 1) * DT, lambda depth_m: SOFT, (0.0, 0.0), powered=True)
    assert rig.reading().feed_rate_mps == pytest.approx(0.004)
    assert rig.depth_m + CALM.stow_height_m == pytest.approx(0.004, rel=0.01)


def assays(spread, layer, count=600, seed=3, exact=True):
    """Return (delivered mass over captured, loss over delivered mass) of samples of a tenth of a metre each."""
    config = DrillRigConfig(balance_sigma_kg=0.0) if exact else DrillRigConfig()
    draw = draw_sample(spread, np.random.default_rng(seed))
    chain = SampleChain(config, ROVER.drill, np.random.default_rng(seed + 1), draw, np.random.default_rng(seed + 2))
    cut_kg = 0.3 * layer.density_kg_m3 * math.pi * 0.0125**2 * 0.1
    masses, losses = [], []
    for k in range(count):
        chain.take(layer, 0.1, 0.1)
        chain.surface()
        chain.ask(True)
        chain.deliver(float(k))
        chain.ask(False)
        reading = chain.assay(k + config.analysis_s)
        masses.append(reading.sample_mass_kg / cut_kg)
        losses.append(reading.mass_loss_kg / reading.sample_mass_kg)
    return np.array(masses), np.array(losses)


def test_spilling_takes_mass_uniformly_and_leaves_the_composition():
    masses, losses = assays(SampleTruth(mass_loss=(0.0, 0.3)), ICY)
    # uniform over 0.7..1: mean 0.85, sigma 0.0866; five standard errors of 600
    assert masses.mean() == pytest.approx(0.85, abs=0.018)
    assert masses.std() == pytest.approx(0.3 / math.sqrt(12.0), rel=0.12)
    assert masses.min() >= 0.7
    assert losses == pytest.approx(np.full(600, 0.05))


def test_heat_of_handling_takes_ice_about_the_run_s_own_share():
    _, losses = assays(SampleTruth(water_loss=(0.2, 0.2), water_loss_sigma=(0.03, 0.03)), ICY)
    # of 0.05 ice a share L goes: 0.05 (1 - L) / (1 - 0.05 L) is left to be weighed
    kept = losses / 0.05 * 0.95 / (1.0 - losses)
    assert 1.0 - kept.mean() == pytest.approx(0.2, abs=0.0062)
    assert kept.std() == pytest.approx(0.03, rel=0.15)


def test_the_run_s_own_share_is_drawn_over_its_range():
    spread = SampleTruth(water_loss=(0.02, 0.15))
    shares = np.array([draw_sample(spread, np.random.default_rng(seed)).water_loss for seed in range(400)])
    # five standard errors of a uniform spread
    assert shares.mean() == pytest.approx(0.085, abs=5.0 * 0.13 / math.sqrt(12.0 * 400.0))
    assert shares.min() >= 0.02
    assert shares.max() <= 0.15


def test_dry_ground_seems_wet():
    _, losses = assays(SampleTruth(dry_release=(0.001, 0.002)), SOFT)
    assert losses.mean() == pytest.approx(0.0015, abs=6e-5)
    assert losses.min() >= 0.001
    assert losses.max() <= 0.002


def test_the_balance_has_a_gain_of_its_own():
    gains = [assays(SampleTruth(balance_gain_sigma=(0.01, 0.01)), ICY, 1, seed)[0][0] for seed in range(300)]
    assert np.mean(gains) == pytest.approx(1.0, abs=0.003)
    assert np.std(gains) == pytest.approx(0.01, rel=0.2)


def test_kind_handling_loses_nothing():
    masses, losses = assays(SampleTruth(), ICY, 5)
    assert masses == pytest.approx(np.ones(5))
    assert losses == pytest.approx(np.full(5, 0.05))
