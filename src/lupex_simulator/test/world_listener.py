# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Who hears a world's topics through a port, and drives or drills on its clock."""

import collections

from geometry_msgs.msg import Vector3Stamped
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState, PointCloud2
from tf2_msgs.msg import TFMessage

from lupex_interfaces.msg import (
    AttitudeFix,
    DrillRig,
    DrillRigCommand,
    NeutronCounts,
    PowerBus,
    PowerSwitches,
    WorldTruth,
)
from lupex_node import qos
from lupex_node.conversions import seconds, stamp
from lupex_simulator.conversions import JOINT_NAMES

TOPICS = {
    "/clock": Clock,
    "/imu/data": Imu,
    "/mobility/joint_states": JointState,
    "/lidar/points": PointCloud2,
    "/star_tracker/attitude": AttitudeFix,
    "/sun_sensor/direction": Vector3Stamped,
    "/power/bus": PowerBus,
    "/drill/rig": DrillRig,
    "/neutron/counts": NeutronCounts,
    "/truth/odometry": Odometry,
    "/truth/state": WorldTruth,
}


class WorldListener:
    """Keeps the stamps of all and the newest of each; `speed` [rad/s] and `feed` [m/s] are what it commands."""

    def __init__(self, port):
        self.port = port
        self.stamps = collections.defaultdict(list)
        self.last = {}
        for topic, kind in TOPICS.items():
            port.subscribe(kind, topic, lambda message, topic=topic: self.take(topic, message), qos.SAMPLES)
        port.subscribe(TFMessage, "/tf_static", lambda message: self.take("/tf_static", message), qos.LATCHED)
        self.joints = port.publisher(JointState, "/mobility/joint_commands", qos.STATE)
        self.rig = port.publisher(DrillRigCommand, "/drill/rig_command", qos.STATE)
        self.switches = port.publisher(PowerSwitches, "/power/switches", qos.STATE)
        self.sent_s = 0.0
        self.speed = self.feed = None

    def take(self, topic, message):
        self.last[topic] = message
        if topic != "/tf_static":
            self.stamps[topic].append(seconds(message.clock if topic == "/clock" else message.header.stamp))
        if topic == "/clock":
            self.send()

    @property
    def now_s(self):
        return self.stamps["/clock"][-1] if self.stamps["/clock"] else 0.0

    def between(self, topic, begin_s, end_s):
        """Stamps of a topic after one time and up to another."""
        return [t for t in self.stamps[topic] if begin_s < t <= end_s]

    def send(self):
        if self.now_s - self.sent_s < 0.099:
            return
        self.sent_s = self.now_s
        if self.speed is not None:
            message = JointState(name=list(JOINT_NAMES), position=[0.0] * 8, velocity=[0.0] * 4 + [self.speed] * 4)
            message.header.stamp = stamp(self.now_s)
            self.joints.publish(message)
        if self.feed is not None:
            switches = PowerSwitches(drill=True, heater=True, instruments=True)
            switches.header.stamp = stamp(self.now_s)
            self.switches.publish(switches)
            rig = DrillRigCommand(
                feed_rate_mps=self.feed, rotation_rate_rad_s=10.0, weight_on_bit_limit_n=100.0, torque_limit_nm=12.0
            )
            rig.header.stamp = stamp(self.now_s)
            self.rig.publish(rig)
