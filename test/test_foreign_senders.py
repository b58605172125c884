# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A stranger among all nodes moves nothing and proves nothing; a recorder that dies records on."""

import math

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("lupex_interfaces.msg")

from sensor_msgs.msg import Imu, JointState  # noqa: E402

from lupex_analysis.reading import read_recording  # noqa: E402
from lupex_interfaces.msg import LocalizationStatus, MissionStatus, ReturnCertificate  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_simulator.conversions import JOINT_NAMES  # noqa: E402
from lupex_system_tests.conducted import conducted  # noqa: E402


def place(stack):
    truth = stack.newest("/truth/state")
    return truth.x_m, truth.y_m


def test_a_foreign_command_of_the_joints_only_stops_the_rover(tmp_path):
    with conducted("sim.launch.xml", tmp_path, world="plain", route_m="3.0") as stack:
        stack.until(lambda: stack.newest("/truth/state") and stack.newest("/truth/state").distance_m > 1.0, "it drives")
        intruder = stack.conductor.visitor("intruder")
        told = intruder.publisher(JointState, "/mobility/joint_commands", qos.STATE)
        stack.until(lambda: stack.faults("contested_mobility_joint_commands"), "the stranger is a fault", 1.0)
        begin = place(stack)

        def backwards():
            command = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 4 + [-2.0] * 4)
            command.header.stamp = stamp(stack.conductor.now_s)
            told.publish(command)

        intruder.timer(0.1, backwards)
        stack.conductor.run_until(stack.conductor.now_s + 20.0)
        # 0.1 m/s for the second of the motor controllers and the look at the truth
        assert math.dist(begin, place(stack)) < 0.25
        text = stack.faults("contested_mobility_joint_commands")[0].text
        assert "intruder and mobility" in text
        intruder.die()
        stack.until(lambda: "drive_route" not in stack.conductor.nodes, "out and back")
        assert not stack.faults("contested_mobility_joint_commands")[-1].active
        assert stack.run.exit_codes["drive_route"] == 0


def test_a_foreign_inertial_unit_is_named_and_turns_no_estimate(tmp_path):
    """None is believed, ours neither: localization goes on by the tracks and says that it is worse off."""
    with conducted("sim.launch.xml", tmp_path, world="plain", route_m="3.0") as stack:
        stack.until(lambda: stack.newest("/truth/state") and stack.newest("/truth/state").distance_m > 1.0, "it drives")
        intruder = stack.conductor.visitor("intruder")
        told = intruder.publisher(Imu, "/imu/data", qos.SAMPLES)
        stack.until(lambda: stack.faults("contested_imu_data"), "the stranger is a fault", 1.0)
        assert "intruder and simulator" in stack.faults("contested_imu_data")[0].text

        def spinning():
            sample = Imu()
            sample.header.stamp, sample.header.frame_id = stamp(stack.conductor.now_s), "base_link"
            sample.angular_velocity.z, sample.linear_acceleration.z = 0.5, 1.62
            told.publish(sample)

        intruder.timer(0.04, spinning)
        stack.conductor.run_until(stack.conductor.now_s + 20.0)
        assert stack.newest("/localization/status").state == LocalizationStatus.DEGRADED
        found = stack.newest("/odometry/global").pose.pose.position
        assert math.dist((found.x, found.y), place(stack)) < 0.2
        intruder.die()
        stack.until(lambda: "drive_route" not in stack.conductor.nodes, "out and back")
        assert not stack.faults("contested_imu_data")[-1].active
        assert stack.run.exit_codes["drive_route"] == 0


def test_a_foreign_certificate_stops_the_sortie_and_a_killed_recorder_goes_on(tmp_path):
    with conducted("demo.launch.xml", tmp_path, world="plain", seed="1", record="true") as stack:
        stack.until(stack.phase_is(MissionStatus.DRIVE), "the drive begins")
        begin_m = stack.newest("/truth/state").distance_m
        stack.until(lambda: stack.newest("/truth/state").distance_m > begin_m + 1.0, "it is under way")
        intruder = stack.conductor.visitor("intruder")
        told = intruder.publisher(ReturnCertificate, "/plan/certificate", qos.STATE)
        told.publish(ReturnCertificate(valid=True, margin_wh=99999.0))
        stack.until(stack.phase_is(MissionStatus.SAFE), "it stands still", 5.0)
        sources = {fault.source for fault in stack.faults("contested_plan_certificate")}
        assert {"mission", "mobility"} <= sources
        assert "intruder and path_planning" in stack.faults("contested_plan_certificate")[0].text
        stack.run.kill("recorder")
        intruder.die()
        stack.until(stack.phase_is(MissionStatus.DRIVE), "it goes on", 30.0)
        stack.until(lambda: stack.faults("node_lost_recorder"), "the recorder's death is told", 60.0)
        stack.until(lambda: not stack.faults("node_lost_recorder")[-1].active, "it is back", 60.0)
        stack.conductor.run_until(stack.conductor.now_s + 65.0)
    names = sorted(path.name for path in (tmp_path / "bag").iterdir())
    assert names == ["bag_0.mcap", "bag_1.mcap", "metadata.yaml"]
    whole = read_recording(tmp_path / "bag", ("/faults",))
    assert any(fault.code == "node_lost_recorder" for fault in whole.messages["/faults"])
