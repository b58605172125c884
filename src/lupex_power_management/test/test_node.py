# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node on a synthetic bus in lock step; every wait is for a condition, counted in seconds of simulated time."""

import math
from pathlib import Path

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from nav_msgs.msg import Odometry  # noqa: E402
from sensor_msgs.msg import BatteryState  # noqa: E402

from lupex_interfaces.msg import (  # noqa: E402
    DrillStatus,
    Fault,
    MissionStatus,
    PowerBus,
    PowerForecast,
    PowerStatus,
    PowerSwitches,
    SortiePlan,
)
from lupex_models import battery as cells  # noqa: E402
from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_models.rover import read_rover  # noqa: E402
from lupex_models.site import write_site  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import seconds, stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_power_management.node import PowerManagementNode  # noqa: E402

ROVER_YAML = Path(__file__).parents[3] / "config" / "rover.yaml"
PACK = read_rover(ROVER_YAML).battery


class Bench:
    """A bus around one node: the bus speaks at each full second, the node a quarter later, and it is seen at half."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.conductor = Conductor(now_s=1000.0)
        self.soc = 0.6
        self.load_w = 60.0
        self.array_w = 0.0
        self.kelvin = 288.0
        self.bus_on = True
        self.spoil = lambda message: message
        self.drill = self.phase = None
        self.place = (50.0, 0.0)
        world = self.conductor.visitor("world")
        self.bus = world.publisher(PowerBus, "/power/bus", qos.STATE)
        self.odometry = world.publisher(Odometry, "/odometry/global", qos.STATE)
        self.drills = world.publisher(DrillStatus, "/drill/status", qos.STATE)
        self.missions = world.publisher(MissionStatus, "/mission/status", qos.STATE)
        self.plans = world.publisher(SortiePlan, "/plan/sortie", qos.LATCHED)
        self.heard = {}
        for kind, topic, profile in (
            (PowerStatus, "/power/status", qos.STATE),
            (PowerForecast, "/power/forecast", qos.STATE),
            (PowerSwitches, "/power/switches", qos.STATE),
            (BatteryState, "/battery_state", qos.STATE),
            (Fault, "/faults", qos.EVENTS),
        ):
            self.heard[topic] = []
            world.subscribe(kind, topic, self.heard[topic].append, profile)
        world.timer(1.0, self.second)
        self.start()

    @property
    def time_s(self):
        return self.conductor.now_s

    def start(self):
        self.conductor.run_until(math.floor(self.time_s) + 1.25)
        self.node = self.conductor.add(PowerManagementNode, self.parameters)
        self.conductor.run_until(self.time_s + 0.25)

    def kill(self):
        self.conductor.kill("power_management")

    def second(self):
        now = stamp(self.time_s)
        result = cells.step(PACK, cells.BatteryState(self.soc, self.kelvin), self.load_w - self.array_w, 1.0)
        self.soc = result.state.soc
        if self.bus_on:
            message = PowerBus(
                bus_voltage_v=result.terminal_voltage_v,
                battery_current_a=result.current_a,
                battery_temperature_k=self.kelvin,
                array_power_w=self.array_w,
                load_avionics_w=self.load_w,
            )
            message.header.stamp = now
            message.header.frame_id = "base_link"
            self.bus.publish(self.spoil(message))
        odometry = Odometry()
        odometry.header.stamp = now
        odometry.header.frame_id = "map"
        odometry.pose.pose.position.x, odometry.pose.pose.position.y = self.place
        self.odometry.publish(odometry)
        if self.drill is not None:
            status = DrillStatus(state=self.drill)
            status.header.stamp = now
            self.drills.publish(status)
        if self.phase is not None:
            status = MissionStatus(phase=self.phase)
            status.header.stamp = now
            self.missions.publish(status)

    def until(self, condition, limit=120):
        """Let seconds pass, at least one; the node has told its status in each once something was measured."""
        for _ in range(limit):
            count = len(self.heard["/power/status"])
            self.conductor.run_until(self.time_s + 1.0)
            assert len(self.heard["/power/status"]) == count + (self.node._reading is not None)
            if condition():
                return
        raise AssertionError("condition not reached")

    def newest(self, topic):
        return self.heard[topic][-1]

    def status_where(self, wanted, limit=120):
        self.until(lambda: wanted(self.newest("/power/status")), limit)
        return self.newest("/power/status")


@pytest.fixture
def bench(site, tmp_path):
    made = []
    write_site(tmp_path / "orbital", site)
    parameters = {
        "rover": str(ROVER_YAML),
        "site": str(tmp_path / "orbital"),
        "utc_offset_s": site.utc_offset_s,
        "state_dir": "/state",
    }

    def make(**more):
        made.append(Bench({**parameters, **more}))
        return made[-1]

    yield make
    for each in made:
        each.conductor.close()


def plan(now_s):
    message = SortiePlan(plan_id="p1", feasible=True)
    message.header.frame_id = "map"
    message.activity = [SortiePlan.WAIT, SortiePlan.DRIVE, SortiePlan.SERVICE]
    message.target = [-1, -1, 0]
    message.x_m = [50.0, -100.0, -100.0]
    message.y_m = [0.0, 0.0, 0.0]
    message.arrival = [stamp(now_s + t) for t in (0.0, 1800.0, 5400.0)]
    message.service_power_w = [0.0, 0.0, 80.0]
    return message


def test_charge_battery_state_and_forecast(bench):
    world = bench()
    status = world.status_where(lambda s: s.work_allowed)
    assert status.soc == pytest.approx(world.soc, abs=0.03)
    assert status.reserve_wh == pytest.approx(375.0)
    assert 0.0 < status.energy_sigma_wh < 150.0
    assert status.header.frame_id == "base_link"
    world.until(lambda: world.heard["/battery_state"] and world.heard["/power/forecast"])
    battery = world.newest("/battery_state")
    assert battery.percentage == pytest.approx(status.soc, abs=0.01)
    assert battery.current < 0.0
    assert battery.temperature == pytest.approx(14.85, abs=0.01)
    resting = world.newest("/power/forecast")
    assert resting.plan_id == ""
    # the haven lies in the sun
    assert resting.array_power_w[1] > 60.0
    assert len(resting.times) == len(resting.energy_wh) == len(resting.energy_sigma_wh) == len(resting.load_power_w)

    world.plans.publish(plan(world.time_s))
    world.until(lambda: world.newest("/power/forecast").plan_id == "p1")
    planned = world.newest("/power/forecast")
    assert planned.array_power_w[-1] == 0.0
    assert planned.load_power_w[-1] == pytest.approx(140.0, abs=1.0)
    assert planned.min_soc < status.soc
    assert seconds(planned.min_soc_time) == pytest.approx(seconds(planned.times[-1]))

    broken = plan(world.time_s)
    broken.x_m = [0.0]
    world.plans.publish(broken)
    withdrawn = plan(world.time_s)
    withdrawn.feasible = False
    world.until(lambda: "/plan/sortie" in world.node._refused)
    world.plans.publish(withdrawn)
    world.until(lambda: world.newest("/power/forecast").plan_id == "")


def test_silence_of_the_bus_forbids_work_until_it_speaks_again(bench):
    world = bench()
    sure = world.status_where(lambda s: s.work_allowed)
    world.bus_on = False
    silent = world.status_where(lambda s: not s.work_allowed, limit=10)
    assert "power bus" in silent.reason
    assert silent.soc_sigma > sure.soc_sigma
    world.until(lambda: any(f.code == "bus_silent" and f.active for f in world.heard["/faults"]))
    world.bus_on = True
    world.status_where(lambda s: s.work_allowed, limit=10)
    world.until(lambda: any(f.code == "bus_silent" and not f.active for f in world.heard["/faults"]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bus_voltage_v", math.nan),
        ("bus_voltage_v", 400.0),
        ("battery_current_a", -1000.0),
        ("battery_temperature_k", 15.0),
        ("array_power_w", math.inf),
        ("load_mobility_w", -500.0),
    ],
)
def test_insane_readings_are_as_good_as_none(bench, field, value):
    world = bench()
    before = world.status_where(lambda s: s.work_allowed)

    def spoil(message):
        setattr(message, field, value)
        return message

    world.spoil = spoil
    after = world.status_where(lambda s: not s.work_allowed, limit=10)
    assert after.soc == pytest.approx(before.soc, abs=0.01)
    assert all(math.isfinite(v) for v in (after.soc, after.energy_wh, after.load_power_w, after.array_power_w))


def test_wrong_frame_and_old_stamps_are_not_used(bench):
    world = bench()

    def spoil(message):
        message.header.frame_id = "map"
        return message

    world.spoil = spoil
    world.until(lambda: world.node._refused.get("/power/bus", 0) >= 2)
    assert "no reading" in world.node._verdict.reason
    # a status would be one of a battery that nobody has measured
    assert not world.heard["/power/status"]

    def old(message):
        message.header.stamp = stamp(world.time_s - 60.0)
        return message

    world.spoil = old
    world.until(lambda: world.node._refused.get("/power/bus", 0) >= 4)
    assert world.node._reading is None


def test_low_charge_and_cold_forbid_work(bench):
    world = bench()
    world.soc = 0.18
    low = world.status_where(lambda s: "secured energy" in s.reason)
    assert low.state in (PowerStatus.LOW, PowerStatus.CRITICAL)
    assert not low.work_allowed
    world.soc = 0.6
    world.kelvin = 257.0
    world.status_where(lambda s: "too cold" in s.reason)
    world.until(lambda: any(f.code == "battery_cold" for f in world.heard["/faults"]))


def test_drill_line_follows_the_drill(bench):
    world = bench()
    world.drill, world.phase = DrillStatus.STOWED, MissionStatus.DRIVE
    world.until(lambda: world.heard["/power/switches"] and world.newest("/power/switches").instruments)
    assert not world.newest("/power/switches").drill
    world.phase = MissionStatus.DRILL
    world.until(lambda: world.newest("/power/switches").drill)
    world.drill, world.phase = DrillStatus.RECOVERING, MissionStatus.SAFE
    world.until(lambda: world.newest("/power/switches").instruments)
    assert world.newest("/power/switches").drill
    world.drill = DrillStatus.STOWED
    world.until(lambda: not world.newest("/power/switches").drill)
    assert not world.newest("/power/switches").instruments


def test_a_killed_node_takes_up_its_estimate(bench):
    world = bench()
    world.until(lambda: world.time_s >= 1040.0)
    sigma = world.newest("/power/status").soc_sigma
    share = float(world.node._charge.mean[1])
    world.kill()
    world.bus_on = False
    count = len(world.heard["/power/status"])
    world.start()
    assert len(world.heard["/power/status"]) == count, "the dead do not speak, and the living has not yet"
    assert world.node._charge is None
    world.bus_on = True
    world.until(lambda: world.node._charge is not None and len(world.heard["/power/status"]) > count + 1, limit=2)
    assert float(world.node._charge.mean[1]) == pytest.approx(share, abs=0.005)
    # one begun afresh is a quarter less sure by then
    assert world.newest("/power/status").soc_sigma < 1.1 * sigma
    assert world.newest("/power/status").soc == pytest.approx(world.soc, abs=0.03)


def test_without_a_site_there_is_no_forecast_but_all_else(bench):
    world = bench(site="")
    world.status_where(lambda s: s.work_allowed)
    world.until(lambda: world.time_s >= 1030.0)
    assert not world.heard["/power/forecast"]


def test_without_a_position_there_is_no_forecast(bench):
    world = bench()
    world.place = (math.nan, 0.0)
    world.status_where(lambda s: s.work_allowed)
    world.until(lambda: world.time_s >= 1030.0)
    assert not world.heard["/power/forecast"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("site", "/nowhere", "no directory"),
        ("rover", "/nowhere.yaml", "cannot be read"),
        ("vetto.stale_s", 1.0, "unknown key"),
    ],
)
def test_bad_parameters_end_with_a_sentence(bench, key, value, words):
    with pytest.raises(ConfigurationError, match=words):
        bench(**{key: value})
