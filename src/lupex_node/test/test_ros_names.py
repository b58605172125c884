# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A node in a namespace as others in ROS 2 see it, and sensors that offer best effort alone."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from rclpy.qos import qos_profile_sensor_data  # noqa: E402
from ros_graph import Graph  # noqa: E402
from sensor_msgs.msg import Imu  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from lupex_interfaces.action import DriveTo  # noqa: E402
from lupex_interfaces.msg import Exchange  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.node import LupexNode  # noqa: E402
from lupex_node.ros.subscriptions import quality  # noqa: E402


@dataclass(frozen=True)
class NoSettings:
    pass


class Ear(LupexNode[NoSettings]):
    NAME, CONFIG = "ear", NoSettings

    def wire(self):
        self.heard = []
        self.receive(Imu, "imu/data", self.heard.append, profile=self.sensed(qos.SAMPLES))
        self.serve(Trigger, "ask", lambda request, reply: reply(Trigger.Response(success=True)))
        self.serve_action(DriveTo, "go", accept=lambda goal: False, begin=lambda goal: None)
        self.ask = self.client(Trigger, "ask")


@pytest.fixture
def graph():
    rclpy.init()
    made = Graph(Ear)
    yield made
    made.close()
    rclpy.shutdown()


def test_every_name_of_a_node_moves_with_its_namespace(graph, tmp_path):
    ear = graph.add(
        "-r", "__ns:=/site/r1", "-r", "/clock:=clock", "-p", f"state_dir:={tmp_path}", "-p", "use_sim_time:=true"
    )
    node = ear.port.node
    told = {name for name, _ in node.get_publisher_names_and_types_by_node("ear", "/site/r1")}
    heard = {name for name, _ in node.get_subscriber_names_and_types_by_node("ear", "/site/r1")}
    shared = {"/rosout", "/parameter_events"}
    assert {name for name in told | heard if not name.startswith("/site/r1/")} <= shared
    assert {"/site/r1/diagnostics", "/site/r1/faults", "/site/r1/exchanges"} <= told
    assert {"/site/r1/imu/data", "/site/r1/clock"} <= heard
    services = {name for name, _ in node.get_service_names_and_types_by_node("ear", "/site/r1")}
    assert "/site/r1/ask" in services
    assert any(name.startswith("/site/r1/go/_action") for name in services)
    assert ear.port.resolve("imu/data") == "/site/r1/imu/data"
    ear.save_state({"a": 1}, 1.0)
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.json")] == [Path("site/r1/ear.json")]


def test_a_remap_wins_and_an_exchange_tells_the_name_that_any_rover_has(graph):
    ear = graph.add("-r", "__ns:=/r1", "-r", "imu/data:=/xsens/imu")
    assert ear.port.resolve("imu/data") == "/xsens/imu"
    told, answers = [], []
    graph.other.create_subscription(Exchange, "/r1/exchanges", told.append, quality(qos.SAMPLES))
    graph.until(lambda: ear.ask.ready() and ear.port.node.count_subscribers("/r1/exchanges") == 1)
    ear.ask.call(Trigger.Request(), answers.append)
    graph.until(lambda: answers and len(told) == 2)
    assert {message.name for message in told} == {"/ask"}


@pytest.mark.parametrize(("arguments", "heard"), [((), False), (("-p", "best_effort_sensors:=true"), True)])
def test_a_driver_that_offers_best_effort_is_heard_where_the_node_is_told_to(graph, arguments, heard):
    ear = graph.add(*arguments)
    driver = graph.other.create_publisher(Imu, "/imu/data", qos_profile_sensor_data)
    reliable = graph.other.create_publisher(Imu, "/imu/data", quality(qos.SAMPLES))
    graph.until(lambda: reliable.get_subscription_count() == 1)
    if heard:
        graph.until(lambda: driver.get_subscription_count() == 1)

    def told():
        driver.publish(Imu(orientation_covariance=[1.0] + [0.0] * 8))
        reliable.publish(Imu())
        return len(ear.heard) >= 20

    graph.until(told)
    assert any(message.orientation_covariance[0] for message in ear.heard) == heard
