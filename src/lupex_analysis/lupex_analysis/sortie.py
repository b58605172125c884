# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a recording says of a sortie, as columns of numbers; times are ROS time in seconds, angles radians."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lupex_analysis.collecting import Wanted
from lupex_analysis.reading import Recording, stamp_s, time_s
from lupex_analysis.rover import roles

Columns = dict[str, np.ndarray]

TRUTH = "/truth/state"
ESTIMATE = "/odometry/global"
POWER = "/power/status"
FORECAST = "/power/forecast"
BUS = "/power/bus"
CERTIFICATE = "/plan/certificate"
PLAN = "/plan/sortie"
SITE_MAP = "/site/map"
PLAN_MAP = "/plan/map"
MISSION = "/mission/status"
FAULTS = "/faults"
RIG = "/drill/rig"
DRILL = "/drill/status"
ASSAY = "/drill/assay"
NEUTRON = "/neutron/counts"
LOCALIZATION = "/localization/status"
SLIP = "/mobility/slip"
COMMAND = "/cmd_vel"
NAVIGATION, NAVIGATION_RIGHT, HAZARD = (
    f"/camera/{name}/compressed" for name in ("navigation_left", "navigation_right", "hazard")
)

WANTED = {
    TRUTH: "lupex_interfaces/msg/WorldTruth",
    ESTIMATE: "nav_msgs/msg/Odometry",
    POWER: "lupex_interfaces/msg/PowerStatus",
    FORECAST: "lupex_interfaces/msg/PowerForecast",
    BUS: "lupex_interfaces/msg/PowerBus",
    CERTIFICATE: "lupex_interfaces/msg/ReturnCertificate",
    PLAN: "lupex_interfaces/msg/SortiePlan",
    SITE_MAP: "grid_map_msgs/msg/GridMap",
    PLAN_MAP: "grid_map_msgs/msg/GridMap",
    MISSION: "lupex_interfaces/msg/MissionStatus",
    FAULTS: "lupex_interfaces/msg/Fault",
    RIG: "lupex_interfaces/msg/DrillRig",
    DRILL: "lupex_interfaces/msg/DrillStatus",
    ASSAY: "lupex_interfaces/msg/SampleAssay",
    NEUTRON: "lupex_interfaces/msg/NeutronCounts",
    LOCALIZATION: "lupex_interfaces/msg/LocalizationStatus",
    SLIP: "lupex_interfaces/msg/SlipEstimate",
    COMMAND: "geometry_msgs/msg/TwistStamped",
    NAVIGATION: "sensor_msgs/msg/CompressedImage",
    NAVIGATION_RIGHT: "sensor_msgs/msg/CompressedImage",
    HAZARD: "sensor_msgs/msg/CompressedImage",
}
"""Topics that are read, and their types: what another tells there under the same name is not ours."""
THIN_S = {**roles.THIN_S, NAVIGATION: 20.0, NAVIGATION_RIGHT: 20.0, HAZARD: 20.0}
"""More pictures are more than a page shows."""

PHASES = ("idle", "lead out", "drive", "scan", "drill", "return", "recharge", "done", "failed", "safe")
SEVERITIES = ("warning", "error", "critical")

_TRUTH_FIELDS = (
    "x_m",
    "y_m",
    "z_m",
    "yaw_rad",
    "soc",
    "energy_wh",
    "capacity_wh",
    "battery_temperature_k",
    "sunlit_fraction",
    "slip",
    "distance_m",
    "tipped",
    "dead",
    "drill_depth_m",
    "ice_fraction",
    "speed_up",
)

_POWER_FIELDS = (
    "soc",
    "soc_sigma",
    "energy_wh",
    "energy_sigma_wh",
    "capacity_wh",
    "reserve_wh",
    "battery_temperature_k",
    "array_power_w",
    "load_power_w",
    "work_allowed",
)
_BUS_FIELDS = ("array_power_w", "load_mobility_w", "load_drill_w", "load_heater_w", "load_avionics_w")
_CERTIFICATE_FIELDS = (
    "valid",
    "energy_wh",
    "required_wh",
    "margin_wh",
    "haven_x_m",
    "haven_y_m",
)
_RIG_FIELDS = (
    "depth_m",
    "hole_depth_m",
    "weight_on_bit_n",
    "torque_nm",
    "rotation_rate_rad_s",
    "power_w",
    "percussion_on",
    "stowed",
)
_NEUTRON_FIELDS = ("integration_s", "epithermal", "thermal")
_LOCALIZATION_FIELDS = (
    "state",
    "position_sigma_m",
    "heading_sigma_rad",
    "fixes_accepted",
    "fixes_rejected",
    "nis_mean",
)
_SLIP_FIELDS = ("slip", "sigma", "predicted", "distance_m", "window_s")
_COMMAND_FIELDS = ("twist.linear.x", "twist.linear.y", "twist.angular.z")
_MISSION_FIELDS = ("phase", "target", "turning_back", "progress")
_ESTIMATE_FIELDS = (
    *(f"pose.pose.position.{axis}" for axis in "xyz"),
    *(f"pose.pose.orientation.{axis}" for axis in "wxyz"),
    *(f"pose.covariance.{place}" for place in (0, 1, 7, 14, 35)),
)
ASKED = Wanted(
    topics=WANTED,
    columns={
        TRUTH: _TRUTH_FIELDS,
        ESTIMATE: _ESTIMATE_FIELDS,
        POWER: _POWER_FIELDS,
        BUS: _BUS_FIELDS,
        CERTIFICATE: (*_CERTIFICATE_FIELDS, "reason"),
        MISSION: (*_MISSION_FIELDS, "text", "outcome"),
        RIG: _RIG_FIELDS,
        NEUTRON: _NEUTRON_FIELDS,
        LOCALIZATION: _LOCALIZATION_FIELDS,
        SLIP: _SLIP_FIELDS,
        COMMAND: _COMMAND_FIELDS,
    },
    types=roles.COLUMNS,
    thin_s=THIN_S,
    few=roles.FEW,
)
"""What is read of a sortie, and of any rover: as columns where a message is a row of numbers."""


@dataclass(frozen=True)
class Layer:
    """A layer of the site map, [y, x], row 0 the smallest y; x_m and y_m are the cells' centres."""

    x_m: np.ndarray
    y_m: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Plan:
    """One sortie plan."""

    made_s: float
    plan_id: str
    feasible: bool
    explanation: str
    columns: Columns
    planning_time_s: float
    turn_back_s: float | None


@dataclass(frozen=True)
class Forecast:
    """One energy forecast."""

    made_s: float
    plan_id: str
    columns: Columns
    min_soc: float


@dataclass(frozen=True)
class FaultEvent:
    """A fault appearing or clearing."""

    t_s: float
    source: str
    code: str
    severity: str
    active: bool
    text: str


@dataclass(frozen=True)
class Sample:
    """Ice fraction of one depth interval, as the drill control gave it."""

    top_m: float
    bottom_m: float
    fraction: float
    sigma: float


@dataclass(frozen=True)
class Hole:
    """One hole: the samples assayed, from the drill's status."""

    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Sortie:
    """Columns of one recording; absent topics give empty columns."""

    truth: Columns
    estimate: Columns
    power: Columns
    bus: Columns
    certificate: Columns
    certificate_reasons: tuple[str, ...]
    mission: Columns
    mission_texts: tuple[str, ...]
    mission_outcome: str
    rig: Columns
    drill: Columns
    neutron: Columns
    localization: Columns
    slip: Columns
    commands: Columns
    holes: tuple[Hole, ...]
    assay_bottoms_m: np.ndarray
    plans: tuple[Plan, ...]
    forecasts: tuple[Forecast, ...]
    faults: tuple[FaultEvent, ...]
    layers: Mapping[str, Layer]
    plan_layers: tuple[tuple[float, Mapping[str, Layer]], ...]
    utc_offset_s: float | None
    start_s: float
    end_s: float
    wall_s: float

    def seen(self, columns: Columns) -> bool:
        """Tell whether columns hold a row."""
        return len(columns["t"]) > 0


def extract(recording: Recording) -> Sortie:
    """Turn a recording's messages into columns."""
    recording = _only_ours(recording)
    mission = recording.columns(MISSION, _MISSION_FIELDS)
    truth = _by_time(recording.columns(TRUTH, _TRUTH_FIELDS))
    outcomes = recording.texts(MISSION, "outcome")
    start_s, end_s, wall_s = _span(recording, mission, truth)
    return Sortie(
        truth=truth,
        estimate=_estimate(recording),
        power=_once_read(recording.columns(POWER, _POWER_FIELDS)),
        bus=recording.columns(BUS, _BUS_FIELDS),
        certificate=recording.columns(CERTIFICATE, _CERTIFICATE_FIELDS),
        certificate_reasons=recording.texts(CERTIFICATE, "reason"),
        mission=mission,
        mission_texts=recording.texts(MISSION, "text"),
        mission_outcome=next((told for told in reversed(outcomes) if told), ""),
        rig=recording.columns(RIG, _RIG_FIELDS),
        drill=recording.columns(
            DRILL,
            (
                "state",
                "depth_m",
                "bite",
                "rate_of_penetration_mps",
                "specific_energy_j_m3",
                "recoveries",
                "faults",
                "commands",
            ),
        ),
        neutron=recording.columns(NEUTRON, _NEUTRON_FIELDS),
        localization=recording.columns(LOCALIZATION, _LOCALIZATION_FIELDS),
        slip=recording.columns(SLIP, _SLIP_FIELDS),
        commands=recording.columns(COMMAND, _COMMAND_FIELDS),
        holes=_holes(recording.messages.get(DRILL, ())),
        assay_bottoms_m=recording.columns(ASSAY, ("bottom_m",))["bottom_m"],
        plans=tuple(_plan(message) for message in recording.messages.get(PLAN, ())),
        forecasts=tuple(_forecast(message) for message in recording.messages.get(FORECAST, ())),
        faults=_faults(recording.messages.get(FAULTS, ())),
        layers=_layers(recording.messages[SITE_MAP][-1]) if recording.has(SITE_MAP) else {},
        plan_layers=tuple((stamp_s(message), _layers(message)) for message in recording.messages.get(PLAN_MAP, ())),
        utc_offset_s=_utc_offset(recording),
        start_s=start_s,
        end_s=end_s,
        wall_s=wall_s,
    )


def _only_ours(recording: Recording) -> Recording:
    """Leave out what another tells under our topics' names by a type of its own."""
    foreign = {topic for topic, kind in recording.types.items() if WANTED.get(topic, kind) != kind}
    if not foreign:
        return recording
    return replace(
        recording,
        messages={topic: held for topic, held in recording.messages.items() if topic not in foreign},
        tables={topic: held for topic, held in recording.tables.items() if topic not in foreign},
        received_ns={topic: held for topic, held in recording.received_ns.items() if topic not in foreign},
    )


def _once_read(columns: Columns) -> Columns:
    """Leave out what was told before there was a reading: its stamp is that of none."""
    read = columns["t"] > 0.0
    return {name: values[read] for name, values in columns.items()}


def _by_time(columns: Columns) -> Columns:
    order = np.argsort(columns["t"], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def _span(recording: Recording, mission: Columns, truth: Columns) -> tuple[float, float, float]:
    """Return start and end of the sortie in ROS time and its wall time.

    The sortie runs from the mission's first phase that is not idle to the first that is done or failed; without a
    mission from the first to the last stamp.
    """
    working = np.flatnonzero(mission["phase"] != 0)
    if len(working):
        over = np.flatnonzero(np.isin(mission["phase"], (7, 8)))
        first, last = working[0], over[0] if len(over) else len(mission["t"]) - 1
        received = recording.received_ns[MISSION]
        wall_s = float(received[last] - received[first]) * 1e-9
        return float(mission["t"][first]), float(mission["t"][last]), wall_s
    wall_s = (recording.end_ns - recording.start_ns) * 1e-9
    every = [recording.columns(topic, ())["t"][[0, -1]] for topic in recording.received_ns]
    stamps = [float(time) for times in every for time in times if time > 0.0]
    if len(truth["t"]):
        return float(truth["t"][0]), float(truth["t"][-1]), wall_s
    return (min(stamps), max(stamps), wall_s) if stamps else (0.0, 0.0, wall_s)


def _estimate(recording: Recording) -> Columns:
    held = recording.columns(ESTIMATE, _ESTIMATE_FIELDS)
    x, y, z, qw, qx, qy, qz = (held[name] for name in _ESTIMATE_FIELDS[:7])
    found = {"t": held["t"], "x_m": x, "y_m": y, "z_m": z}
    found["yaw_rad"] = np.arctan2(2 * (qw * qz + qx * qy), 1 - 2 * (qy**2 + qz**2))
    # row-major 6 x 6 over x, y, z, roll, pitch, yaw
    for name, place in (("xx_m2", 0), ("xy_m2", 1), ("yy_m2", 7), ("zz_m2", 14), ("yaw_rad2", 35)):
        found[name] = held[f"pose.covariance.{place}"]
    return _by_time(found)


def _plan(message: Any) -> Plan:
    columns = {
        "t": np.array([time_s(time) for time in message.arrival]),
        **{
            name: np.asarray(getattr(message, name), dtype=float)
            for name in ("x_m", "y_m", "activity", "target", "energy_wh", "required_wh", "sunlit_fraction")
        },
    }
    return Plan(
        stamp_s(message),
        message.plan_id,
        bool(message.feasible),
        message.explanation,
        columns,
        float(message.planning_time_s),
        _turn_back(message),
    )


def _turn_back(message: Any) -> float | None:
    """Return the latest moment to turn back; None for a plan without one, and in recordings older than the field."""
    told = getattr(message, "turn_back_by", None)
    return None if told is None or time_s(told) == 0.0 else time_s(told)


def _utc_offset(recording: Recording) -> float | None:
    """Return UTC less ROS time as the recorder was given it, None where it was not."""
    try:
        offset_s = float(recording.custom.get("utc_offset_s", ""))
    except ValueError:
        return None
    return offset_s if np.isfinite(offset_s) else None


def _forecast(message: Any) -> Forecast:
    columns = {
        "t": np.array([time_s(time) for time in message.times]),
        "energy_wh": np.asarray(message.energy_wh, dtype=float),
        "energy_sigma_wh": np.asarray(message.energy_sigma_wh, dtype=float),
    }
    return Forecast(stamp_s(message), message.plan_id, columns, float(message.min_soc))


def _faults(messages: tuple[Any, ...]) -> tuple[FaultEvent, ...]:
    return tuple(
        FaultEvent(
            stamp_s(message),
            message.source,
            message.code,
            SEVERITIES[min(int(message.severity), 2)],
            bool(message.active),
            message.text,
        )
        for message in messages
    )


def _holes(messages: tuple[Any, ...]) -> tuple[Hole, ...]:
    """Gather the samples of each hole: the drill's status lists those of its present hole, and begins anew."""
    found: list[tuple[Sample, ...]] = []
    for message in messages:
        columns = (message.ice_top_m, message.ice_bottom_m, message.ice_fraction, message.ice_sigma)
        samples = tuple(Sample(*(float(v) for v in row)) for row in zip(*columns, strict=False))
        if not samples:
            continue
        if found and samples[: len(found[-1])] == found[-1]:
            found[-1] = samples
        else:
            found.append(samples)
    return tuple(Hole(samples) for samples in found)


def _layers(message: Any) -> dict[str, Layer]:
    """Unfold a GridMap: column-major layers from the +x +y corner, in a ring whose start is given."""
    info = message.info
    rows, columns = round(info.length_x / info.resolution), round(info.length_y / info.resolution)
    found = {}
    for name, data in zip(message.layers, message.data, strict=False):
        values = np.asarray(data.data, dtype=float)
        if values.size != rows * columns or not rows or not columns:
            continue
        ring = values.reshape(columns, rows)
        straight = np.roll(ring, (-int(message.inner_start_index), -int(message.outer_start_index)), (0, 1))
        x = info.pose.position.x + (np.arange(rows) + 0.5) * info.resolution - info.length_x / 2
        y = info.pose.position.y + (np.arange(columns) + 0.5) * info.resolution - info.length_y / 2
        found[name] = Layer(x, y, straight[::-1, ::-1])
    return found
