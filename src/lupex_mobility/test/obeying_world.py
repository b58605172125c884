# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A world in lock step that moves exactly as commanded, and says and proves what mobility needs."""

import array
import functools
import math

import numpy as np
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import OccupancyGrid, Odometry, Path
from sensor_msgs.msg import JointState

from lupex_interfaces.msg import DrillRig, Fault, Immobilisation, ReturnCertificate, SlipEstimate
from lupex_mobility import conversions
from lupex_mobility.config import Steering
from lupex_mobility.unit_kinematics import JOINT_NAMES, BodyTwist, UnitKinematics
from lupex_node import qos
from lupex_node.conversions import stamp
from lupex_node.lockstep.conductor import Conductor

AHEAD = BodyTwist(0.05, 0.0, 0.0)
STEP_S = 0.1
ANSWERED_S = 0.05
"""After a step: the way of what the world says and of what the nodes make of it."""
ODOM = (30.0, -20.0, 0.5)
"""Place and heading of map in odom, which differ where localization has corrected itself."""
CELL_M, CELLS = 0.2, 150


class World:
    """Steps of 0.1 s, each run until the nodes have answered; what it publishes can be switched off."""

    def __init__(self, rover):
        self.rover = rover
        self.kinematics = UnitKinematics(rover.crawler, Steering())
        self.time_s, self.x, self.y, self.yaw, self.pitch = 1000.0, 0.0, 0.0, 0.0, 0.0
        self.conductor = Conductor(now_s=self.time_s)
        self.ends = []
        self.conductor.on_end = lambda *ended: self.ends.append(ended)
        outside = self.conductor.visitor("world")
        self.steer, self.track = np.zeros(4), np.zeros(4)
        self.command = self.slip = None
        self.commands, self.faults, self.velocities, self.immobile = [], [], [], []
        self.odometry_on = self.stowed = self.rig_on = self.joints_on = self.proven = True
        self.local_on = self.costmap_on = True
        self.grip = lambda x, twist: 1.0
        """Share of a twist of the tracks that the ground lets the body have, at a place."""
        self.cost = np.zeros((CELLS, CELLS), np.int8)
        self.corner = ODOM[0] - 0.5 * CELL_M * CELLS, ODOM[1] - 0.5 * CELL_M * CELLS
        self.sequence = 0
        make = outside.publisher
        self.joints = make(JointState, "/mobility/joint_states", qos.SAMPLES)
        self.odometry = make(Odometry, "/odometry/global", qos.STATE)
        self.local = make(Odometry, "/odometry/local", qos.STATE)
        self.costmap = make(OccupancyGrid, "/traversability/costmap", qos.LATCHED)
        self.rig = make(DrillRig, "/drill/rig", qos.STATE)
        self.outside = outside
        self.path = make(Path, "/plan/path", qos.STATE)
        self.certificate = make(ReturnCertificate, "/plan/certificate", qos.STATE)
        take = outside.subscribe
        take(JointState, "/mobility/joint_commands", self.on_command, qos.STATE)
        take(Fault, "/faults", self.faults.append, qos.EVENTS)
        take(SlipEstimate, "/mobility/slip", lambda m: setattr(self, "slip", m), qos.STATE)
        take(TwistStamped, "/cmd_vel", self.velocities.append, qos.STATE)
        take(Immobilisation, "/mobility/immobilisation", self.immobile.append, qos.LATCHED)

    @functools.cached_property
    def cmd_vel(self):
        return self.outside.publisher(TwistStamped, "/cmd_vel", qos.STATE)

    def on_command(self, message):
        assert list(message.name) == list(JOINT_NAMES)
        self.command = message
        self.commands.append(message)

    @property
    def driving(self):
        return self.command is not None and any(self.command.velocity[4:])

    def active(self, code):
        state = [fault.active for fault in self.faults if fault.code == code]
        return bool(state) and state[-1]

    def step(self):
        if self.command is not None:
            target = np.array(self.command.position[:4])
            self.steer = self.steer + np.clip(target - self.steer, -0.03, 0.03)
            self.track = np.array(self.command.velocity[4:]) * self.rover.crawler.sprocket_radius_m
            twist = self.motion()
            self.yaw += twist.turning_rad_s * STEP_S
            c, s = math.cos(self.yaw) * STEP_S, math.sin(self.yaw) * STEP_S
            self.x += twist.forward_mps * c - twist.left_mps * s
            self.y += twist.forward_mps * s + twist.left_mps * c
        self.time_s += STEP_S
        self.conductor.run_until(self.time_s)
        self.publish()
        self.conductor.run_until(self.time_s + ANSWERED_S)

    def motion(self):
        tracks = self.kinematics.twist(self.steer, self.track)
        kept = self.grip(self.x, tracks)
        return BodyTwist(kept * tracks.forward_mps, kept * tracks.left_mps, kept * tracks.turning_rad_s)

    def publish(self):
        at = stamp(self.time_s)
        if self.joints_on:
            message = JointState(name=list(JOINT_NAMES))
            message.header.stamp = at
            message.position = [*self.steer.tolist(), 0.0, 0.0, 0.0, 0.0]
            message.velocity = [0.0] * 4 + (self.track / self.rover.crawler.sprocket_radius_m).tolist()
            self.joints.publish(message)
        if self.rig_on:
            rig = DrillRig(stowed=self.stowed, depth_m=-0.1)
            rig.header.stamp = at
            self.rig.publish(rig)
        if self.proven:
            self.certify()
        if self.local_on:
            self.local.publish(self.pose_in_odom(at))
        if self.costmap_on:
            self.costmap.publish(self.seen_ground(at))
        if self.odometry_on:
            self.odometry.publish(self.pose(at))

    def certify(self, **fields):
        self.sequence += 1
        numbers = {"energy_wh": 1500.0, "required_wh": 600.0, "margin_wh": 900.0, "sequence": self.sequence}
        message = ReturnCertificate(**{"valid": True, **numbers, **fields})
        message.header.stamp, message.header.frame_id = stamp(self.time_s), "map"
        self.certificate.publish(message)

    def pose(self, at):
        message = Odometry(child_frame_id="base_link")
        message.header.stamp, message.header.frame_id = at, "map"
        message.pose.pose.position.x, message.pose.pose.position.y = self.x, self.y
        cy, sy = math.cos(self.yaw / 2), math.sin(self.yaw / 2)
        cp, sp = math.cos(self.pitch / 2), math.sin(self.pitch / 2)
        q = message.pose.pose.orientation
        q.w, q.x, q.y, q.z = cy * cp, -sy * sp, cy * sp, sy * cp
        message.pose.covariance = np.full(36, 0.01)
        message.twist.covariance = np.full(36, 1e-6)
        twist = self.motion()
        message.twist.twist.linear.x, message.twist.twist.linear.y = twist.forward_mps, twist.left_mps
        return message

    def in_odom(self, x, y):
        """Return a place of map in odom."""
        c, s = math.cos(ODOM[2]), math.sin(ODOM[2])
        return ODOM[0] + c * x - s * y, ODOM[1] + s * x + c * y

    def pose_in_odom(self, at):
        message = self.pose(at)
        message.header.frame_id = "odom"
        message.pose.pose.position.x, message.pose.pose.position.y = self.in_odom(self.x, self.y)
        yaw, q = self.yaw + ODOM[2], message.pose.pose.orientation
        q.w, q.x, q.y, q.z = math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)
        return message

    def seen_ground(self, at):
        message = OccupancyGrid()
        message.header.frame_id, message.header.stamp = "odom", at
        message.info.resolution, message.info.width, message.info.height = CELL_M, CELLS, CELLS
        message.info.origin.position.x, message.info.origin.position.y = self.corner
        message.info.origin.orientation.w = 1.0
        message.data = array.array("b", self.cost.tobytes())
        return message

    def ground(self, cost, x, y):
        """Let the cell at a place of map cost so much."""
        at = self.in_odom(x, y)
        column, row = (int((at[axis] - self.corner[axis]) // CELL_M) for axis in (0, 1))
        self.cost[row, column] = cost

    def until(self, condition, limit=20):
        for _ in range(limit):
            if condition():
                return
            self.step()
        raise AssertionError("condition not reached")

    def drive(self, twist, frame="base_link"):
        message = conversions.command(self.time_s, twist)
        message.header.frame_id = frame
        self.cmd_vel.publish(message)
