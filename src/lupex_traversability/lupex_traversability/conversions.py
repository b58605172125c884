# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to clouds and poses, maps to messages."""

import array
import math
from typing import Any

import numpy as np
from grid_map_msgs.msg import GridMap
from nav_msgs.msg import OccupancyGrid, Odometry
from numpy.typing import NDArray
from std_msgs.msg import Float32MultiArray, MultiArrayDimension

from lupex_interfaces.msg import Immobilisation, SlipEstimate
from lupex_interfaces.msg import SoilEstimate as SoilMessage
from lupex_node.checks import InvalidMessage, all_finite, finite, in_frame, unit_quaternion
from lupex_node.conversions import seconds, stamp
from lupex_traversability.driving_cost import LIMITS, Ground
from lupex_traversability.elevation_map import ElevationMap
from lupex_traversability.ground_layers import LEAST_IS_WORST, Grid
from lupex_traversability.pose_history import Pose
from lupex_traversability.shut_ground import Bogged
from lupex_traversability.soil.learned_soil import SoilEstimate
from lupex_traversability.soil.slip_windows import Footing, SlipReading

MAP, ODOM = "map", "odom"
_FARTHEST_M = 1e6
"""From the origin of map: further is no place."""


def pose(message: Odometry) -> Pose:
    """Return the pose of base_link in odom; raises InvalidMessage."""
    in_frame(message.header.frame_id, ODOM)
    in_frame(message.child_frame_id, "base_link")
    at, turned = message.pose.pose.position, message.pose.pose.orientation
    return Pose(
        seconds(message.header.stamp),
        all_finite((at.x, at.y, at.z), "position"),
        unit_quaternion(turned.x, turned.y, turned.z, turned.w, "orientation"),
    )


def slip_reading(message: SlipEstimate) -> SlipReading:
    """Return the slip; raises InvalidMessage."""
    in_frame(message.header.frame_id, "base_link")
    # what measures them is broken where these are none, and with it the way of the tracks
    finite(message.slip, "slip", -1.0, 1.0)
    finite(message.sigma, "sigma", 0.0, 10.0)
    return SlipReading(
        seconds(message.header.stamp),
        finite(message.slope_rad, "slope_rad", -1.5, 1.5),
        finite(message.distance_m, "distance_m", 0.0, 1e9),
    )


def bogged(message: Immobilisation) -> Bogged | None:
    """Return where the tracks lost their hold, once the rover is out of it or stays; None before; InvalidMessage."""
    if message.state not in (Immobilisation.OUT, Immobilisation.GIVEN_UP):
        return None
    in_frame(message.header.frame_id, ODOM)
    at = message.pose.position
    return Bogged(
        seconds(message.header.stamp),
        finite(at.x, "x", -_FARTHEST_M, _FARTHEST_M),
        finite(at.y, "y", -_FARTHEST_M, _FARTHEST_M),
        finite(message.direction_rad, "direction_rad", -3.2, 3.2),
    )


def footing(message: Odometry) -> Footing:
    """Return where the rover stands in map and how it is tilted; raises InvalidMessage."""
    in_frame(message.header.frame_id, MAP)
    in_frame(message.child_frame_id, "base_link")
    at, turned = message.pose.pose.position, message.pose.pose.orientation
    x, y, _, _ = unit_quaternion(turned.x, turned.y, turned.z, turned.w, "orientation")
    (xx, xy), (_, yy) = all_finite(message.pose.covariance, "covariance").reshape(6, 6)[:2, :2]
    if min(xx, yy) < 0.0 or xy * xy > 1.001 * xx * yy:
        raise InvalidMessage("the covariance of the place is none")
    return Footing(
        seconds(message.header.stamp),
        finite(at.x, "x", -_FARTHEST_M, _FARTHEST_M),
        finite(at.y, "y", -_FARTHEST_M, _FARTHEST_M),
        (float(xx), float(xy), float(yy)),
        math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y)))),
    )


def soil_message(soil: SoilEstimate, patch_m: float) -> SoilMessage:
    """Make the message of what is known of the soil; its stamp is that of the newest window used."""
    message = SoilMessage()
    message.header.frame_id = MAP
    message.header.stamp = stamp(soil.time_s or 0.0)
    unseen, patches = soil.unseen, list(soil.patches.values())
    message.strength, message.sigma, message.strength_low = unseen.median, unseen.sigma, unseen.low
    message.weaker_possible = unseen.weaker_possible
    message.distance_m, message.measurements = soil.distance_m, soil.windows
    message.patch_m = patch_m
    message.patch_column = [column for column, _ in soil.patches]
    message.patch_row = [row for _, row in soil.patches]
    message.patch_strength = [patch.median for patch in patches]
    message.patch_sigma = [patch.sigma for patch in patches]
    message.patch_low = [patch.low for patch in patches]
    message.patch_weaker_possible = [patch.weaker_possible for patch in patches]
    return message


def costmap(time_s: float, ground: ElevationMap, derived: Ground) -> OccupancyGrid:
    """Make the costmap message; its stamp is the cloud's."""
    message = OccupancyGrid()
    message.header.frame_id = ODOM
    message.header.stamp = message.info.map_load_time = stamp(time_s)
    message.info.resolution = ground.config.cell_m
    message.info.width = message.info.height = ground.size
    x_m, y_m = ground.origin_m
    message.info.origin.position.x, message.info.origin.position.y = float(x_m), float(y_m)
    message.info.origin.orientation.w = 1.0
    message.data = _array("b", derived.cost)
    return message


def grid_map(time_s: float, ground: ElevationMap, found: dict[str, Grid]) -> GridMap:
    """Make a grid map of half the resolution: mean height, and the worst of each four cells for the rest.

    The limit is that of the dearest of them.
    """
    layers = {
        name: _blocks(-values) * np.float32(-1.0)
        if name in LEAST_IS_WORST
        else _blocks(values, worst=name != "elevation")
        for name, values in found.items()
    }
    layers["limit"] = np.mod(_blocks(LIMITS * found["cost"] + found["limit"]), LIMITS)
    cells = layers["elevation"].shape[0]
    cell_m = 2.0 * ground.config.cell_m
    message = GridMap()
    message.header.frame_id = ODOM
    message.header.stamp = stamp(time_s)
    message.info.resolution = cell_m
    message.info.length_x = message.info.length_y = cells * cell_m
    x_m, y_m = ground.origin_m
    message.info.pose.position.x = x_m + 0.5 * cells * cell_m
    message.info.pose.position.y = y_m + 0.5 * cells * cell_m
    message.info.pose.orientation.w = 1.0
    message.layers = list(layers)
    message.basic_layers = ["elevation"]
    message.data = [_layer(values) for values in layers.values()]
    return message


def _blocks(values: NDArray[np.floating[Any]], *, worst: bool = True) -> NDArray[np.float32]:
    n = values.shape[0] // 2
    four = values[: 2 * n, : 2 * n].reshape(n, 2, n, 2)
    known = np.isfinite(four)
    if worst:
        found = np.where(known, four, -np.inf).max(axis=(1, 3))
        return np.where(np.isfinite(found), found, np.nan).astype(np.float32)
    count = known.sum(axis=(1, 3))
    total = np.where(known, four, 0.0).sum(axis=(1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _layer(values: NDArray[np.float32]) -> Float32MultiArray:
    """Lay (y, x) cells out as grid_map does: from the +x +y corner, columns (falling y) one after the other."""
    ny, nx = values.shape
    made = Float32MultiArray()
    made.layout.dim = [
        MultiArrayDimension(label="column_index", size=ny, stride=nx * ny),
        MultiArrayDimension(label="row_index", size=nx, stride=nx),
    ]
    made.data = _array("f", values[::-1, ::-1])
    return made


def _array(code: str, values: NDArray[Any]) -> "array.array[Any]":
    made: array.array[Any] = array.array(code)
    made.frombytes(memoryview(np.ascontiguousarray(values)).cast("B"))
    return made
