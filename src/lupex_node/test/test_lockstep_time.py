# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Time in lock step: timers live by /clock, and who makes the time may be hastened."""

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("rosgraph_msgs.msg")

from geometry_msgs.msg import TwistStamped  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402

from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.latency import Latency, Transport  # noqa: E402

DELAY_S = 0.01


@pytest.fixture
def conductor():
    return Conductor(Latency(Transport(DELAY_S)), now_s=1000.0)


@pytest.fixture
def outside(conductor):
    return conductor.visitor()


class Maker:
    """Makes time in leaps of 4 s, or of 40 ms while `busy`, and tells of it on /clock."""

    def __init__(self, port, told_every=1):
        self.time_ns, self.busy, self.steps, self.told_every = 1_000_000_000_000, False, [], told_every
        self.clock = port.publisher(Clock, "/clock", qos.STATE)
        port.makes_time = True
        port.subscribe(TwistStamped, "/wake", lambda _: setattr(self, "busy", True), qos.STATE)

    def now_ns(self):
        return self.time_ns

    def next_ns(self, not_before_ns):
        step_ns = 40_000_000 if self.busy else 4_000_000_000
        return max(self.time_ns + step_ns, not_before_ns)

    def step(self, to_ns):
        self.time_ns = to_ns
        self.steps.append(round(to_ns / 1e9 - 1000.0, 3))
        if len(self.steps) % self.told_every == 0:
            self.clock.publish(Clock(clock=stamp(to_ns / 1e9)))


def test_timers_tick_when_the_clock_is_told_and_what_was_missed_is_not_caught_up(conductor, outside):
    port = conductor.visitor("world")
    conductor.make_time(port, Maker(port))
    ticks, heard = [], []
    outside.timer(1.0, lambda: ticks.append((round(conductor.now_s - 1000.0, 3), len(heard))))
    outside.subscribe(Clock, "/clock", lambda _: heard.append(conductor.now_s), qos.STATE)
    conductor.run_until(1009.0)
    # what is told with the clock arrives before the timers look at it
    assert ticks == [(4 + DELAY_S, 1), (8 + DELAY_S, 2)]


def test_timers_follow_what_is_told_and_not_each_step(conductor, outside):
    port = conductor.visitor("world")
    maker = Maker(port, told_every=2)
    maker.busy = True
    conductor.make_time(port, maker)
    ticks = []
    outside.timer(0.1, lambda: ticks.append(conductor.now_s - 1000.0))
    conductor.run_until(1000.35)
    assert ticks == pytest.approx([told + DELAY_S for told in (0.16, 0.24, 0.32)])


def test_what_a_resting_maker_of_time_is_told_brings_its_next_step_forward(conductor, outside):
    port = conductor.visitor("world")
    maker = Maker(port)
    conductor.make_time(port, maker)
    conductor.run_until(1005.0)
    outside.publisher(TwistStamped, "/wake", qos.STATE).publish(TwistStamped())
    conductor.run_until(1005.1)
    assert maker.steps == pytest.approx([4.0, 5.01, 5.05, 5.09])
    maker.busy = False
    conductor.run_until(1014.0)
    # the step of the old plan at 8 s is not made besides
    assert maker.steps[4:] == pytest.approx([5.13, 9.13, 13.13])


def test_timers_stand_still_with_the_clock(conductor, outside):
    port = conductor.visitor("world")
    conductor.make_time(port, Maker(port))
    ticks = []
    outside.timer(1.0, lambda: ticks.append(conductor.now_s))
    conductor.run_until(1005.0)
    port.die()
    conductor.run_until(1100.0)
    assert len(ticks) == 1


def test_without_a_clock_timers_tick_by_themselves(conductor, outside):
    ticks = []
    outside.timer(1.0, lambda: ticks.append(conductor.now_s - 1000.0))
    conductor.run_until(1002.5)
    assert ticks == [1.0, 2.0]


def test_timers_of_before_the_first_clock_live_by_it_too(conductor, outside):
    ticks = []
    outside.timer(1.0, lambda: ticks.append(conductor.now_s - 1000.0))
    port = conductor.visitor("world")
    conductor.make_time(port, Maker(port))
    conductor.run_until(1005.0)
    assert ticks == pytest.approx([4.0 + DELAY_S])
