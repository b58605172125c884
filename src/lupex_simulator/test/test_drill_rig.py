# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The drill in soft, icy and hard ground; what jams it; what it brings up."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupex_models.rover import read_rover
from lupex_simulator.drill.cutting import DrillRigConfig
from lupex_simulator.drill.drill_rig import DrillRig, RigCommand
from lupex_worlds.strata import Layer

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
CALM = DrillRigConfig(binding_rate_hz=0.0, binding_per_m=0.0, standstill_binding_rate_hz=0.0)
DT = 0.04
SOFT = Layer(1700.0, 1e4, 0.0, 0.001)
ICY = Layer(1800.0, 7.5e6, 0.05, 0.43)
ROCK = Layer(2200.0, 3e7, 0.0, 0.75)
CUT = RigCommand(0.00125, 10.0, 100.0, 12.0)
OUT = RigCommand(-0.010, 1.57, 100.0, 12.0)


class Bench:
    """A rig with its clock; the command is repeated each step, as a controller would."""

    def __init__(self, layer=SOFT, config=CALM, seed=1):
        self.rig = DrillRig(ROVER, config, np.random.default_rng(seed))
        self.layer_at = layer if callable(layer) else lambda depth_m: layer
        self.now_s = 0.0
        self.place_m = (0.0, 0.0)
        self.energy_j = 0.0

    def run(self, seconds, command=None, powered=True, until=None):
        for _ in range(round(seconds / DT)):
            if command is not None:
                self.rig.command(command, self.now_s)
            self.now_s += DT
            self.rig.step(DT, self.now_s, self.layer_at, self.place_m, powered=powered)
            self.rig.samples.deliver(self.now_s)
            self.energy_j += self.rig.power_w * DT
            if until is not None and until(self.rig):
                return self
        return self

    def lower(self):
        return self.run(60, RigCommand(0.01, 1.57, 100.0, 12.0), until=lambda rig: rig.depth_m >= -1e-9)

    def bite(self, depth_m, command=CUT, seconds=2000):
        return self.run(seconds, command, until=lambda rig: rig.depth_m >= depth_m)

    def clear(self):
        return self.run(300, OUT, until=lambda rig: rig.depth_m <= -0.03)


def test_stowed_it_rests_and_a_feed_takes_it_out_of_the_latch():
    bench = Bench().run(1, RigCommand())
    assert bench.rig.stowed
    assert bench.rig.depth_m == -CALM.stow_height_m
    bench.lower()
    assert not bench.rig.stowed
    assert bench.now_s == pytest.approx(1 + 0.15 / 0.01, abs=0.1)


def test_soft_ground_is_cut_at_the_commanded_feed_with_little_weight():
    bench = Bench(SOFT).lower()
    bench.bite(0.05)
    start_s, start_m = bench.now_s, bench.rig.depth_m
    bench.bite(0.1)
    assert (bench.rig.depth_m - start_m) / (bench.now_s - start_s) == pytest.approx(0.00125, rel=0.01)
    assert bench.rig.weight_on_bit_n < 20.0
    assert bench.rig.torque_nm < 5.0
    assert not bench.rig.bound


def test_icy_ground_takes_tens_of_newtons_as_trident_does():
    """TRIDENT: 10 cm bites at 1.25 mm/s under 100 N and about 100 W."""
    bench = Bench(ICY).lower()
    start = bench.now_s, bench.energy_j
    bench.bite(0.1)
    assert bench.now_s - start[0] == pytest.approx(80.0, rel=0.05)
    assert 30.0 < bench.rig.weight_on_bit_n < 100.0
    assert 20.0 < (bench.energy_j - start[1]) / (bench.now_s - start[0]) < 100.0


def test_hard_ground_refuses_the_bit_without_the_hammer():
    bench = Bench(ROCK).lower()
    begun = bench.rig.depth_m
    bench.run(60, CUT)
    assert bench.rig.depth_m == begun
    assert bench.rig.weight_on_bit_n == pytest.approx(100.0, rel=0.01)
    bench.run(60, dataclasses.replace(CUT, percussion=True))
    assert 0.01 < bench.rig.depth_m < 0.075
    assert bench.rig.reading().percussion_on


def test_a_layer_change_shows_in_force_and_torque():
    bench = Bench(lambda depth_m: ICY if depth_m > 0.05 else SOFT).lower()
    bench.bite(0.045)
    before = bench.rig.weight_on_bit_n, bench.rig.torque_nm
    bench.bite(0.07)
    assert bench.rig.weight_on_bit_n > before[0] + 30.0
    assert bench.rig.torque_nm > before[1]


def test_weight_on_bit_never_passes_what_would_lift_the_rover():
    light = dataclasses.replace(ROVER, body=dataclasses.replace(ROVER.body, mass_kg=100.0))
    bench = Bench(ROCK)
    bench.rig = DrillRig(light, CALM, np.random.default_rng(1))
    bench.lower().run(30, dataclasses.replace(CUT, weight_on_bit_limit_n=500.0))
    lever = 0.55 / (0.55 + 0.60)
    assert bench.rig.weight_on_bit_n == pytest.approx(0.9 * 100.0 * 1.624 * lever, rel=0.01)


def test_without_rotation_the_bit_only_presses():
    bench = Bench(SOFT).lower().run(10, RigCommand(0.00125, 0.0, 60.0, 12.0))
    assert bench.rig.depth_m == pytest.approx(0.0, abs=1e-6)
    assert bench.rig.weight_on_bit_n == pytest.approx(60.0, rel=0.01)


def test_long_bite_chokes_and_stalls_at_the_torque_limit_and_pulling_out_clears_it():
    bench = Bench(ICY).lower()
    bench.run(600, CUT, until=lambda rig: rig.stalled)
    assert bench.rig.stalled
    assert 0.13 < bench.rig.depth_m < 0.3
    assert bench.rig.rotation_rate_rad_s == 0.0
    stalled_at = bench.rig.depth_m
    bench.run(5, CUT)
    assert bench.rig.depth_m == stalled_at
    assert bench.rig.torque_nm == pytest.approx(12.0, rel=0.01)
    bench.clear()
    assert bench.rig.samples.fill == 0.0
    bench.run(60, RigCommand(0.01, 10.0, 100.0, 12.0), until=lambda rig: rig.depth_m >= stalled_at - 0.001)
    bench.bite(stalled_at + 0.05)
    assert not bench.rig.stalled


def test_bites_with_retraction_reach_depth_without_choking():
    bench = Bench(ICY).lower()
    for k in range(1, 6):
        bench.run(100, RigCommand(0.01, 10.0, 100.0, 12.0), until=lambda rig: rig.depth_m >= rig.hole_depth_m - 1e-6)
        bench.bite(0.1 * k)
        assert not bench.rig.stalled
        bench.clear()
    assert bench.rig.hole_depth_m == pytest.approx(0.5, abs=0.002)


def test_binding_holds_everything_until_it_is_worked_free():
    sticky = dataclasses.replace(CALM, binding_per_m=1e6)
    bench = Bench(ICY, sticky).lower().run(1, CUT)
    rig = bench.rig
    assert rig.bound
    held = rig.depth_m
    bench.run(3, CUT)
    assert rig.stalled
    assert rig.depth_m == held
    assert rig.reading().motor_stalled
    bench.run(300, RigCommand(0.0, -1.57, 100.0, 12.0, percussion=True), until=lambda rig: not rig.bound)
    assert not rig.bound
    bench.run(5, RigCommand(0.0, -1.57, 100.0, 12.0))
    assert rig.rotation_rate_rad_s == -1.57
    bench.clear()
    assert rig.depth_m <= -0.03


def test_binding_comes_more_often_with_full_flutes():
    config = dataclasses.replace(CALM, binding_rate_hz=0.2)

    def jams(bite_m):
        count = 0
        for seed in range(25):
            bench = Bench(ICY, config, seed).lower()
            bench.run(600, CUT, until=lambda rig: rig.bound or rig.stalled or rig.depth_m >= bite_m)
            count += bench.rig.bound
        return count

    assert jams(0.06) < jams(0.2)


def test_a_standing_auger_can_freeze_in():
    config = dataclasses.replace(CALM, standstill_binding_rate_hz=5.0)
    bench = Bench(ICY, config).lower().bite(0.08)
    bench.run(30, RigCommand())
    assert bench.rig.bound


def test_loosening_empties_the_flutes():
    bench = Bench(ICY).lower().bite(0.1)
    filled = bench.rig.samples.fill
    bench.run(8, RigCommand(0.0, -1.57, 100.0, 12.0))
    assert bench.rig.samples.fill == pytest.approx(filled * math.exp(-1.0), rel=0.01)


def test_old_commands_stop_everything():
    bench = Bench(SOFT).lower().bite(0.03)
    bench.run(0.9)
    assert bench.rig.rotation_rate_rad_s == 10.0
    bench.run(0.3)
    assert bench.rig.rotation_rate_rad_s == 0.0
    stopped = bench.rig.depth_m
    bench.run(5)
    assert bench.rig.depth_m == stopped
    assert bench.rig.power_w == 0.0


def test_without_power_nothing_turns():
    bench = Bench(SOFT).lower().bite(0.03)
    stopped = bench.rig.depth_m
    bench.run(5, dataclasses.replace(CUT, percussion=True), powered=False)
    assert bench.rig.depth_m == stopped
    assert bench.rig.power_w == 0.0


def test_stow_retracts_and_latches_and_stays():
    bench = Bench(SOFT).lower().bite(0.05)
    bench.run(60, RigCommand(stow=True, torque_limit_nm=12.0))
    assert bench.rig.stowed
    assert bench.rig.depth_m == pytest.approx(-CALM.stow_height_m)
    assert bench.rig.hole_depth_m == pytest.approx(0.05, abs=0.002)
    bench.run(5, dataclasses.replace(CUT, stow=True))
    assert bench.rig.stowed


def test_sample_holds_the_ground_of_its_interval():
    bench = Bench(lambda depth_m: ICY if depth_m > 0.1 else SOFT).lower()
    for k in (1, 2):
        bench.run(100, RigCommand(0.01, 10.0, 100.0, 12.0), until=lambda rig: rig.depth_m >= rig.hole_depth_m - 1e-6)
        bench.bite(0.1 * k)
        bench.clear()
        bench.run(4, RigCommand(deliver_sample=True))
        delivered_s = bench.now_s
        bench.run(2, RigCommand())
    dry = bench.rig.samples.assay(delivered_s)
    assert bench.rig.samples.assay(delivered_s + 0.5 * CALM.analysis_s) is None
    wet = bench.rig.samples.assay(delivered_s + CALM.analysis_s)
    assert (dry.sample_id, wet.sample_id) == (1, 2)
    assert (dry.top_m, dry.bottom_m) == pytest.approx((0.0, 0.1), abs=0.002)
    assert (wet.top_m, wet.bottom_m) == pytest.approx((0.1, 0.2), abs=0.002)
    area = math.pi * 0.0125**2
    assert wet.sample_mass_kg == pytest.approx(0.3 * 1800.0 * area * 0.1, rel=0.03)
    sigma = CALM.balance_sigma_kg * math.sqrt(2.0)
    assert abs(dry.mass_loss_kg) < 5.0 * sigma
    assert wet.mass_loss_kg == pytest.approx(0.05 * wet.sample_mass_kg, abs=5.0 * sigma)
    assert bench.rig.samples.assay(bench.now_s + 1e6) is None


def test_two_bites_make_one_sample_and_an_early_request_waits():
    bench = Bench(ICY).lower().bite(0.05)
    bench.run(1, dataclasses.replace(CUT, deliver_sample=True))
    bench.clear()
    bench.run(CALM.analysis_s + 1)
    assert bench.rig.samples.assay(bench.now_s).bottom_m == pytest.approx(0.05, abs=0.003)
    for depth in (0.1, 0.15):
        bench.run(100, RigCommand(0.01, 10.0, 100.0, 12.0), until=lambda rig: rig.depth_m >= rig.hole_depth_m - 1e-6)
        bench.bite(depth)
        bench.clear()
    bench.run(2, RigCommand(deliver_sample=True))
    bench.run(CALM.analysis_s)
    second = bench.rig.samples.assay(bench.now_s)
    assert (second.top_m, second.bottom_m) == pytest.approx((0.051, 0.15), abs=0.003)


def test_one_edge_is_one_delivery():
    bench = Bench(ICY).lower().bite(0.05).clear()
    bench.run(20, RigCommand(deliver_sample=True))
    bench.run(CALM.analysis_s + 1, RigCommand(deliver_sample=True))
    assert bench.rig.samples.assay(bench.now_s) is not None
    assert bench.rig.samples.assay(bench.now_s) is None


def test_at_another_place_it_is_a_new_hole():
    bench = Bench(SOFT).lower().bite(0.05)
    bench.run(60, RigCommand(stow=True, torque_limit_nm=12.0))
    bench.lower()
    assert bench.rig.hole_depth_m > 0.04
    bench.run(60, RigCommand(stow=True, torque_limit_nm=12.0))
    bench.place_m = (1.0, 0.0)
    bench.lower()
    assert bench.rig.hole_depth_m == pytest.approx(0.0, abs=1e-3)


def test_the_hole_ends_at_the_drills_reach():
    bench = Bench(SOFT).lower()
    bench.rig.depth_m = bench.rig.hole_depth_m = 1.495
    bench.run(30, CUT)
    assert bench.rig.hole_depth_m == pytest.approx(ROVER.drill.max_depth_m)


def test_cutting_warms_the_bit():
    bench = Bench(ICY)
    bench.run(3600)
    cold = bench.rig.bit_temperature_k
    bench.lower().bite(0.1)
    assert bench.rig.bit_temperature_k > cold + 2.0


def test_readings_are_noisy_about_the_state():
    bench = Bench(SOFT)
    readings = [bench.rig.reading() for _ in range(500)]
    weight = np.array([reading.weight_on_bit_n for reading in readings])
    assert weight.std() == pytest.approx(CALM.force_sigma_n, rel=0.2)
    assert abs(weight.mean()) < 0.25
    assert readings[0].stowed


def test_commands_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        RigCommand(feed_rate_mps=math.nan)


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(
            RigCommand,
            st.floats(-0.05, 0.05),
            st.floats(-20.0, 20.0),
            st.floats(0.0, 600.0),
            st.floats(0.0, 30.0),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([SOFT, ICY, ROCK]),
)
def test_whatever_is_commanded_limits_hold(commands, layer):
    bench = Bench(layer, DrillRigConfig())
    for command in commands:
        bench.run(4, command)
        rig = bench.rig
        assert -CALM.stow_height_m - 1e-9 <= rig.depth_m <= ROVER.drill.max_depth_m + 1e-9
        assert rig.depth_m <= rig.hole_depth_m + 1e-9
        assert abs(rig.weight_on_bit_n) <= min(ROVER.drill.max_weight_on_bit_n, rig.lift_limit_n) + 1e-6
        assert abs(rig.torque_nm) <= ROVER.drill.max_torque_nm + 1e-6
        assert abs(rig.feed_rate_mps) <= ROVER.drill.max_feed_rate_mps + 1e-9
        assert rig.power_w >= 0.0
        assert all(math.isfinite(value) for value in vars(rig.reading()).values())
