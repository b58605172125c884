# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The unit of a message's field: our names end with it, those of the common messages are known."""

ENDINGS = {
    "_rad_s": "rad/s",
    "_mps2": "m/s2",
    "_mps": "m/s",
    "_rad": "rad",
    "_deg": "deg",
    "_nm": "N m",
    "_wh": "Wh",
    "_kg": "kg",
    "_hz": "Hz",
    "_pa": "Pa",
    "_m": "m",
    "_s": "s",
    "_w": "W",
    "_k": "K",
    "_n": "N",
    "_v": "V",
    "_a": "A",
}
"""Longest first."""
PARENTS = {
    "position": "m",
    "translation": "m",
    "points": "m",
    "scale": "m",
    "linear": "m/s",
    "linear_acceleration": "m/s2",
    "angular": "rad/s",
    "angular_velocity": "rad/s",
}
"""Of x, y and z within."""
WHOLE = {
    ("sensor_msgs/msg/JointState", "position"): "rad",
    ("sensor_msgs/msg/JointState", "velocity"): "rad/s",
    ("sensor_msgs/msg/JointState", "effort"): "N m",
    ("sensor_msgs/msg/BatteryState", "voltage"): "V",
    ("sensor_msgs/msg/BatteryState", "current"): "A",
    ("sensor_msgs/msg/BatteryState", "temperature"): "degC",
    ("sensor_msgs/msg/BatteryState", "charge"): "Ah",
    ("sensor_msgs/msg/BatteryState", "capacity"): "Ah",
    ("sensor_msgs/msg/BatteryState", "design_capacity"): "Ah",
    ("nav_msgs/msg/OccupancyGrid", "info.resolution"): "m",
    ("grid_map_msgs/msg/GridMap", "info.resolution"): "m",
    ("grid_map_msgs/msg/GridMap", "info.length_x"): "m",
    ("grid_map_msgs/msg/GridMap", "info.length_y"): "m",
}


def unit_of(kind: str, path: str) -> str:
    """Return the unit of a field of a message type by its dotted path, indices left out; empty for a pure number."""
    path = path.replace("[]", "")
    if (kind, path) in WHOLE:
        return WHOLE[kind, path]
    *parents, name = path.split(".")
    if name in ("x", "y", "z"):
        return PARENTS.get(parents[-1], "") if parents else ""
    if name in ("stamp", "clock", "lifetime"):
        return "s"
    return next((unit for ending, unit in ENDINGS.items() if name.endswith(ending)), "")
