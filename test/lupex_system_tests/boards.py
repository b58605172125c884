# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for boards on a bench: processes other than the simulator that supply a part of its topics."""

from collections.abc import Callable

import numpy as np
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu
from transforms3d.quaternions import quat2mat

from lupex_interfaces.msg import PowerBus, WorldTruth
from lupex_models.battery import BatteryState, step
from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_models.rover import Battery
from lupex_node import qos
from lupex_node.conversions import seconds
from lupex_node.port import Port


class InertialBoard:
    """Publishes /imu/data, one sample for each pose of the vehicle: a slower unit than the simulator's own."""

    def __init__(self, port: Port) -> None:
        self.samples = 0
        self._last: tuple[float, np.ndarray, np.ndarray] | None = None
        self._publisher = port.publisher(Imu, "/imu/data", qos.SAMPLES)
        port.subscribe(Odometry, "/truth/odometry", self._move, qos.SAMPLES)

    def _move(self, truth: Odometry) -> None:
        q = truth.pose.pose.orientation
        v = truth.twist.twist.linear
        rotation = quat2mat((q.w, q.x, q.y, q.z))
        time_s, velocity = seconds(truth.header.stamp), rotation @ (v.x, v.y, v.z)
        if self._last is not None and time_s > self._last[0]:
            dt_s = time_s - self._last[0]
            turn = self._last[1].T @ rotation
            rate = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / (2.0 * dt_s)
            up = (velocity - self._last[2]) / dt_s + (0.0, 0.0, MOON_GRAVITY_M_S2)
            self._publish(truth, rate, rotation.T @ up)
        self._last = (time_s, rotation, velocity)

    def _publish(self, truth: Odometry, rate: np.ndarray, force: np.ndarray) -> None:
        message = Imu()
        message.header.stamp, message.header.frame_id = truth.header.stamp, "base_link"
        message.orientation_covariance[0] = -1.0
        w, a = message.angular_velocity, message.linear_acceleration
        w.x, w.y, w.z = (float(value) for value in rate)
        a.x, a.y, a.z = (float(value) for value in force)
        self._publisher.publish(message)
        self.samples += 1


class PowerBoard:
    """Publishes /power/bus of a pack without sun under a load that the caller names."""

    def __init__(self, port: Port, config: Battery, soc: float, load_w: Callable[[], float]) -> None:
        self._config, self._load_w = config, load_w
        self._state = BatteryState(soc, 285.0)
        self._time_s: float | None = None
        self._publisher = port.publisher(PowerBus, "/power/bus", qos.STATE)
        port.subscribe(WorldTruth, "/truth/state", self._second, qos.STATE)

    def _second(self, truth: WorldTruth) -> None:
        time_s = seconds(truth.header.stamp)
        if self._time_s is not None and time_s > self._time_s:
            load_w = self._load_w()
            done = step(self._config, self._state, load_w, time_s - self._time_s)
            self._state = done.state
            message = PowerBus(
                bus_voltage_v=done.terminal_voltage_v,
                battery_current_a=done.current_a,
                battery_temperature_k=self._state.temperature_k,
                load_mobility_w=load_w - 45.0,
                load_avionics_w=45.0,
            )
            message.header.stamp, message.header.frame_id = truth.header.stamp, "base_link"
            self._publisher.publish(message)
        self._time_s = time_s
