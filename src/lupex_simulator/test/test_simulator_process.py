# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator as a process on a small world: the wall's time, signals, the domain, exit codes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
from tiny_world import make_tiny_world  # noqa: E402

pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from world_listener import WorldListener  # noqa: E402

from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.life import Life  # noqa: E402
from lupex_node.ros.visitor import RosVisitor  # noqa: E402
from lupex_simulator.followers import HOST  # noqa: E402

ROVER = Path(__file__).resolve().parents[3] / "config" / "rover.yaml"
WALL_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world") / "tiny"
    make_tiny_world(directory)
    return directory


@pytest.fixture
def environment(tmp_path):
    return os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}


def command(world, *parameters):
    given = [f"world:={world}", f"rover:={ROVER}", "pace.unfollowed_speed_up:=20.0", *parameters]
    return [sys.executable, "-m", "lupex_simulator.node", "--ros-args", *(x for p in given for x in ("-p", p))]


def refused(world, environment, *parameters):
    ended = subprocess.run(
        command(world, *parameters), env=environment, capture_output=True, text=True, timeout=WALL_LIMIT_S, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    return ended.stderr


class Listener(WorldListener):
    """Listens over the middleware, and is a node that must be there."""

    life = Life(HOST, os.getpid(), 1)

    def __init__(self, visitor):
        super().__init__(visitor.port)
        self.visitor = visitor
        self.beats = visitor.port.publisher(DiagnosticArray, "/diagnostics", qos.LATCHED)
        self.beating = False
        self.beat_s = 0.0

    def send(self):
        super().send()
        if self.beating and self.now_s - self.beat_s >= 0.999:
            self.beat_s = self.now_s
            values = [KeyValue(key="started", value=str(self.life))]
            status = DiagnosticStatus(name="lupex/listener: health", values=values)
            beat = DiagnosticArray(status=[status])
            beat.header.stamp = stamp(self.now_s)
            self.beats.publish(beat)

    def until(self, done):
        end = time.monotonic() + WALL_LIMIT_S
        while not done():
            assert time.monotonic() < end, "it never came to pass"
            self.visitor.spin(0.05)


@pytest.fixture
def listener():
    visitor = RosVisitor("listener")
    yield Listener(visitor)
    visitor.close()


@pytest.fixture
def simulator(environment):
    running = []

    def start(world, *parameters):
        running.append(
            subprocess.Popen(command(world, *parameters), env=environment, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ended(process, by):
    process.send_signal(by)
    told = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    return told


def test_time_stands_until_all_are_there_then_runs_alone_on_its_domain(
    world, environment, simulator, listener, ros_domain
):
    process = simulator(world, "pace.required_nodes:=[listener]", "max_speed_up:=15.0")
    listener.until(lambda: len(listener.stamps["/clock"]) >= 3)
    assert set(listener.stamps["/clock"]) == {1000.0}
    listener.beating = True
    # over some seconds of the wall, of which 0.2 s may be made up for, in steps of 4 s: 15 * (1 + 0.2 / 5) + 4 / 5
    listener.until(lambda: listener.now_s > 1090.0)
    assert 1.0 < listener.last["/truth/state"].speed_up < 16.5

    assert f"already runs on ROS domain {ros_domain} " in refused(world, environment)
    assert "time waits for listener to be active" in ended(process, signal.SIGINT)


def test_silent_commander_stops_the_rover_after_a_bounded_wait(world, simulator, listener):
    process = simulator(world, "pace.hang_wall_s:=1.0")
    listener.speed = 1.0
    listener.until(lambda: listener.now_s > 1005.0)
    listener.speed = None
    quiet_s, quiet_wall_s = listener.now_s, time.monotonic()
    listener.until(lambda: listener.now_s > quiet_s + 2.0)
    assert time.monotonic() - quiet_wall_s > 0.9, "it did not wait"
    listener.until(lambda: listener.now_s > quiet_s + 6.0)
    assert list(listener.last["/mobility/joint_states"].velocity) == [0.0] * 8
    assert "mobility is dead or hangs" in ended(process, signal.SIGTERM)


def test_a_bad_parameter_is_one_sentence(world, environment):
    assert "unknown part 'wheels'" in refused(world, environment, "parts:=wheels")
