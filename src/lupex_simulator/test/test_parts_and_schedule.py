# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_models.configuration import ConfigurationError
from lupex_models.rover import read_rover
from lupex_simulator.parts import Part, read_parts
from lupex_simulator.schedule import START_NS, STEP_NS, Mode, Output, Schedule, ScheduleConfig

ROVER = read_rover(Path(__file__).resolve().parents[3] / "config" / "rover.yaml")
S = 1_000_000_000


def test_all_parts_and_each_switched_off_singly():
    assert read_parts("all") == frozenset(Part)
    for part in Part:
        if part is not Part.VEHICLE:
            assert read_parts(f"-{part.value}") == frozenset(Part) - {part}
    assert read_parts(" vehicle, lidar ") == {Part.VEHICLE, Part.LIDAR}
    assert Part.INERTIAL not in read_parts("-vehicle,-inertial")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("wheels", "unknown part 'wheels'"),
        ("-wheels", "unknown part 'wheels'"),
        ("vehicle,-lidar", "not both"),
        ("-vehicle", "inertial needs the vehicle's motion"),
        ("all,lidar", "unknown part 'all'"),
    ],
)
def test_bad_parts_are_refused_in_one_sentence(text, said):
    with pytest.raises(ConfigurationError, match=said):
        read_parts(text)


def told(mode, seconds):
    schedule = Schedule(ScheduleConfig(), ROVER)
    now, counts = START_NS, dict.fromkeys(Output, 0)
    while now < START_NS + seconds * S:
        later = schedule.next_ns(now, mode)
        for output in Output:
            counts[output] += schedule.due(output, now, later, mode)
        now = later
    return {output: count / seconds for output, count in counts.items()}


def test_rates_while_driving():
    rates = told(Mode.DRIVING, 100)
    assert rates[Output.CLOCK] == 12.5
    assert rates[Output.INERTIAL] == 25.0
    assert rates[Output.JOINTS] == 20.0
    assert rates[Output.LIDAR] == rates[Output.STAR_TRACKER] == rates[Output.POWER_BUS] == 1.0
    assert rates[Output.NEUTRONS] == 0.1


def test_rates_while_parked_and_drilling():
    parked, drilling = told(Mode.PARKED, 100), told(Mode.DRILLING, 100)
    for output in (Output.CLOCK, Output.INERTIAL, Output.JOINTS, Output.DRILL_RIG, Output.POWER_BUS):
        assert parked[output] == 0.25
    assert parked[Output.NEUTRONS] == 0.1
    assert parked[Output.LIDAR] == drilling[Output.LIDAR] == 0.05
    assert drilling[Output.DRILL_RIG] == 10.0
    assert drilling[Output.CLOCK] == 12.5
    assert drilling[Output.INERTIAL] == 2.0


@pytest.mark.property
@given(st.integers(0, 10**6), st.sampled_from(Mode))
def test_every_step_goes_on_and_lies_on_the_grid(steps, mode):
    now = START_NS + steps * STEP_NS
    later = Schedule(ScheduleConfig(), ROVER).next_ns(now, mode)
    assert later > now
    assert later % STEP_NS == 0
    assert later - now <= 4.0 * S


def test_who_lived_on_while_the_world_rested_is_not_left_behind():
    schedule = Schedule(ScheduleConfig(), ROVER)
    woken_ns = START_NS + 1_230_000_000
    assert schedule.next_ns(START_NS, Mode.DRIVING, woken_ns) == START_NS + 1_240_000_000
    assert schedule.next_ns(START_NS, Mode.PARKED, woken_ns) == START_NS + 4 * S
    assert schedule.next_ns(START_NS + 4 * S, Mode.PARKED, START_NS + 9 * S) == START_NS + 9 * S


@pytest.mark.parametrize(
    ("max_speed_up", "step_s"), [(0.0, 4.0), (0.05, 0.04), (1.0, 0.52), (4.0, 2.0), (8.0, 4.0), (100.0, 4.0)]
)
def test_who_looks_on_sees_no_clock_that_stands_for_long(max_speed_up, step_s):
    schedule = Schedule(ScheduleConfig(), ROVER, max_speed_up)
    assert schedule.next_ns(START_NS, Mode.PARKED) == START_NS + step_s * S
