# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which part a topic plays, told by its type: whose rover it is and what the topic is called does not matter."""

from collections.abc import Mapping

_PLACE = ("x", "y", "z")
_TURN = ("w", "x", "y", "z")


def _pose(prefix: str) -> tuple[str, ...]:
    return (*(f"{prefix}.position.{axis}" for axis in _PLACE), *(f"{prefix}.orientation.{axis}" for axis in _TURN))


def _twist(prefix: str) -> tuple[str, ...]:
    return (*(f"{prefix}.linear.{axis}" for axis in _PLACE), f"{prefix}.angular.z")


ODOMETRY = "nav_msgs/msg/Odometry"
TRUTH_STATE = "lupex_interfaces/msg/WorldTruth"
FIX = "sensor_msgs/msg/NavSatFix"
IMU = "sensor_msgs/msg/Imu"
BATTERY = "sensor_msgs/msg/BatteryState"
JOINTS = "sensor_msgs/msg/JointState"
TF = "tf2_msgs/msg/TFMessage"
DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
LOGS = ("rcl_interfaces/msg/Log", "rosgraph_msgs/msg/Log")
IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
VIEWS = ("sensor_msgs/msg/PointCloud2", "sensor_msgs/msg/LaserScan", "nav_msgs/msg/OccupancyGrid")
"""What is looked at from above."""

POSES: Mapping[str, tuple[str, ...]] = {
    ODOMETRY: _pose("pose.pose"),
    "geometry_msgs/msg/PoseStamped": _pose("pose"),
    "geometry_msgs/msg/PoseWithCovarianceStamped": _pose("pose.pose"),
    TRUTH_STATE: ("x_m", "y_m", "z_m", "yaw_rad"),
}
"""Types that tell where the rover is: x, y, z, and its attitude as w, x, y, z or as yaw alone."""
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "geometry_msgs/msg/Twist": ("linear.x", "linear.y", "linear.z", "angular.z"),
    "geometry_msgs/msg/TwistStamped": _twist("twist"),
}
SPEEDS: Mapping[str, tuple[str, ...]] = {
    ODOMETRY: _twist("twist.twist"),
    "geometry_msgs/msg/TwistWithCovarianceStamped": _twist("twist.twist"),
}
IMU_FIELDS = (
    *(f"angular_velocity.{axis}" for axis in _PLACE),
    *(f"linear_acceleration.{axis}" for axis in _PLACE),
)
BATTERY_FIELDS = ("voltage", "current", "percentage", "temperature", "charge", "capacity")
FIX_FIELDS = ("status.status", "latitude", "longitude", "altitude")
JOINT_FIELDS = ("position", "velocity", "effort")

COLUMNS: Mapping[str, tuple[str, ...] | None] = {
    **POSES,
    **COMMANDS,
    **{kind: (*POSES.get(kind, ()), *fields) for kind, fields in SPEEDS.items()},
    FIX: FIX_FIELDS,
    IMU: IMU_FIELDS,
    BATTERY: BATTERY_FIELDS,
    JOINTS: JOINT_FIELDS,
    TF: None,
    DIAGNOSTICS: None,
    **dict.fromkeys(LOGS),
    **dict.fromkeys((*IMAGES, *VIEWS)),
}
"""What is read of a topic of a type: fields by columns, or whole messages (None)."""

THIN_S: Mapping[str, float] = dict.fromkeys((*IMAGES, *VIEWS), 20.0)
"""More pictures are more than a page shows."""
FEW: Mapping[str, int] = {TF: 2000, "sensor_msgs/msg/Image": 30, "sensor_msgs/msg/CompressedImage": 300,
    **dict.fromkeys(VIEWS, 30)}  # fmt: skip
"""Messages of a topic after which only one in twenty is looked at."""


def called_true(topic: str) -> bool:
    """Tell whether a topic calls itself the truth: the one thing that no type tells."""
    name = topic.lower()
    return "truth" in name or "gt" in name.split("/")


WORDS: Mapping[str, str] = {
    **dict.fromkeys(POSES, "place"),
    ODOMETRY: "place and speed",
    TRUTH_STATE: "truth",
    FIX: "place (satellites)",
    **dict.fromkeys(COMMANDS, "commanded speed"),
    "geometry_msgs/msg/TwistWithCovarianceStamped": "speed",
    IMU: "inertial",
    BATTERY: "battery",
    JOINTS: "joints",
    TF: "frames",
    DIAGNOSTICS: "health",
    **dict.fromkeys(LOGS, "log"),
    **dict.fromkeys(IMAGES, "picture"),
    "sensor_msgs/msg/PointCloud2": "cloud",
    "sensor_msgs/msg/LaserScan": "scan",
    "nav_msgs/msg/OccupancyGrid": "map",
    "grid_map_msgs/msg/GridMap": "map",
    "nav_msgs/msg/Path": "path",
}
"""The part in words, for the table of topics."""
