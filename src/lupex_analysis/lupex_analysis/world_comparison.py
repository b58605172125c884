# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Two recordings of one drive in two worlds, side by side over the way: commands, path, attitude, slip, energy."""

import math
from dataclasses import dataclass

import numpy as np

from lupex_analysis.reading import Recording, stamp_s
from lupex_analysis.sortie import BUS, TRUTH, Columns

POSES = "/truth/odometry"
COMMANDS = "/mobility/joint_commands"
WANTED = (POSES, COMMANDS, TRUTH, BUS)
UNITS = 4

STEP_M = 0.25
"""Between places that are compared."""
_TREMBLE_M = 0.005
_LEAST_WAY_M = 1.0
_NAME_CHARACTERS = 18
_SAME_RATE = 0.02
_SAME_STEER_RAD = math.radians(2.0)


class ComparisonError(RuntimeError):
    """Say in one sentence why two recordings cannot be compared."""


@dataclass(frozen=True)
class Drive:
    """One drive from its first command on, in the frame of its first pose; every column over `way_m`."""

    name: str
    way_m: np.ndarray
    columns: Columns
    """x_m, y_m, pitch_rad, roll_rad, rate_rad_s and steer_rad as commanded, slip, energy_wh, time_s."""


@dataclass(frozen=True)
class Row:
    """One line of the comparison."""

    name: str
    unit: str
    first: float
    second: float
    difference: float | None = None
    """What lies between both along the way, root mean square; None where there is no such thing."""


def extract_drive(recording: Recording, name: str) -> Drive:
    """Return the drive of a recording; raises ComparisonError."""
    for topic in WANTED:
        if not recording.has(topic):
            raise ComparisonError(f"{recording.path} holds no {topic}: record the whole world with record:=true")
    time_s, rate, steer = _commands(recording)
    driving = np.flatnonzero(rate > 0.0)
    if driving.size == 0:
        raise ComparisonError(f"{recording.path} holds no drive: every command on {COMMANDS} is of standstill")
    begin_s, end_s = time_s[driving[0]], time_s[driving[-1]] + 2.0
    poses = _poses(recording, begin_s, end_s)
    if poses["t"].size < 2:
        raise ComparisonError(f"{recording.path} holds no poses on {POSES} while it drives")
    kept = _steps(poses["x_m"], poses["y_m"])
    poses = {key: values[kept] for key, values in poses.items()}
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(poses["x_m"]), np.diff(poses["y_m"])))])
    if way[-1] < _LEAST_WAY_M:
        raise ComparisonError(f"{recording.path}: the rover went {way[-1]:.2f} m, too little to be compared")
    at = poses["t"]
    truth, bus = recording.columns(TRUTH, ("slip",)), recording.columns(BUS, ("load_mobility_w",))
    energy = np.concatenate([[0.0], np.cumsum(bus["load_mobility_w"][1:] * np.diff(bus["t"]))]) / 3600.0
    columns = {
        "x_m": poses["x_m"],
        "y_m": poses["y_m"],
        "pitch_rad": poses["pitch_rad"],
        "roll_rad": poses["roll_rad"],
        # commands and slip hold until the next is told
        "rate_rad_s": rate[_last(time_s, at)],
        "steer_rad": steer[_last(time_s, at)],
        "slip": truth["slip"][_last(truth["t"], at)],
        "energy_wh": np.interp(at, bus["t"], energy) - float(np.interp(at[0], bus["t"], energy)),
        "time_s": at - at[0],
    }
    return Drive(name, way, columns)


def _last(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(times, at, side="right") - 1, 0, None)


def _commands(recording: Recording) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, mean drive rate, mean steering angle; both without their signs, which differ from unit to unit."""
    rows = [
        (
            stamp_s(message),
            float(np.abs(np.asarray(message.velocity)[UNITS:]).mean()),
            float(np.abs(np.asarray(message.position)[:UNITS]).mean()),
        )
        for message in recording.messages[COMMANDS]
        if len(message.velocity) == 2 * UNITS and len(message.position) == 2 * UNITS
    ]
    time_s, rate, steer = np.array(rows, dtype=float).reshape(-1, 3).T
    return time_s, rate, steer


def _poses(recording: Recording, begin_s: float, end_s: float) -> Columns:
    """Return the poses of a time, moved and turned so that the first is the origin."""
    names = ("position.x", "position.y", "orientation.w", "orientation.x", "orientation.y", "orientation.z")
    found = recording.columns(POSES, [f"pose.pose.{name}" for name in names])
    chosen = (found["t"] >= begin_s - 0.5) & (found["t"] <= end_s)
    t, x, y, qw, qx, qy, qz = (values[chosen] for values in found.values())
    yaw = np.arctan2(2.0 * (qw * qz + qx * qy), 1.0 - 2.0 * (qy**2 + qz**2))
    first = yaw[0] if yaw.size else 0.0
    dx, dy = x - (x[0] if x.size else 0.0), y - (y[0] if y.size else 0.0)
    return {
        "t": t,
        "x_m": np.cos(first) * dx + np.sin(first) * dy,
        "y_m": np.cos(first) * dy - np.sin(first) * dx,
        "pitch_rad": np.arcsin(np.clip(2.0 * (qw * qy - qz * qx), -1.0, 1.0)),
        "roll_rad": np.arctan2(2.0 * (qw * qx + qy * qz), 1.0 - 2.0 * (qx**2 + qy**2)),
    }


def _steps(x_m: np.ndarray, y_m: np.ndarray) -> np.ndarray:
    """Return the poses that are a step further than the last of them: a body at rest trembles."""
    kept = [0]
    for k in range(1, x_m.size):
        if math.hypot(x_m[k] - x_m[kept[-1]], y_m[k] - y_m[kept[-1]]) > _TREMBLE_M:
            kept.append(k)
    return np.array(kept)


def over_way(first: Drive, second: Drive) -> tuple[np.ndarray, Columns, Columns]:
    """Return (way, columns of the first, columns of the second) at common places along the shorter way."""
    grid = np.arange(0.0, min(first.way_m[-1], second.way_m[-1]), STEP_M)
    a, b = (
        {key: np.interp(grid, drive.way_m, values) for key, values in drive.columns.items()}
        for drive in (first, second)
    )
    return grid, a, b


def separation_m(first: Drive, second: Drive) -> np.ndarray:
    """Return how far each place of the first path lies from the second path, whenever it was there."""
    points = np.stack([first.columns["x_m"], first.columns["y_m"]], axis=-1)
    path = np.stack([second.columns["x_m"], second.columns["y_m"]], axis=-1)
    begin, leg = path[:-1], np.diff(path, axis=0)
    nearest = np.empty(len(points))
    for k, point in enumerate(points):
        share = np.clip(((point - begin) * leg).sum(axis=1) / np.maximum((leg**2).sum(axis=1), 1e-12), 0.0, 1.0)
        nearest[k] = np.linalg.norm(begin + share[:, None] * leg - point, axis=1).min()
    return nearest


def compare(first: Drive, second: Drive) -> list[Row]:
    """Return the comparison, line by line."""
    grid, a, b = over_way(first, second)

    def rms(key: str, factor: float = 1.0) -> float:
        return factor * float(np.sqrt(np.mean((a[key] - b[key]) ** 2)))

    def mean(key: str, factor: float = 1.0) -> tuple[float, float]:
        return factor * float(a[key].mean()), factor * float(b[key].mean())

    same = np.abs(a["rate_rad_s"] - b["rate_rad_s"]) <= _SAME_RATE * np.maximum(a["rate_rad_s"], b["rate_rad_s"])
    same &= np.abs(a["steer_rad"] - b["steer_rad"]) <= _SAME_STEER_RAD
    apart = separation_m(first, second)
    deg = math.degrees(1.0)
    energy = a["energy_wh"][-1], b["energy_wh"][-1]
    ends = [float(np.hypot(d.columns["x_m"][-1], d.columns["y_m"][-1])) for d in (first, second)]
    return [
        Row("commanded drive rate, mean", "rad/s", *mean("rate_rad_s"), rms("rate_rad_s")),
        Row("commanded steering, mean", "deg", *mean("steer_rad", deg), rms("steer_rad", deg)),
        Row("same commands, share of the way", "%", 100.0, 100.0 * float(same.mean())),
        Row("way over ground", "m", float(first.way_m[-1]), float(second.way_m[-1])),
        Row("time for it", "s", float(first.columns["time_s"][-1]), float(second.columns["time_s"][-1])),
        Row("end from start", "m", *ends),
        Row("path apart, greatest", "m", 0.0, float(apart.max()), float(np.sqrt(np.mean(apart**2)))),
        Row("pitch, mean", "deg", *mean("pitch_rad", deg), rms("pitch_rad", deg)),
        Row("roll, mean", "deg", *mean("roll_rad", deg), rms("roll_rad", deg)),
        Row("slip, mean", "%", *mean("slip", 100.0), rms("slip", 100.0)),
        Row("energy of the drives, common way", "Wh", *energy, rms("energy_wh")),
        Row("energy a metre", "Wh/m", energy[0] / grid[-1], energy[1] / grid[-1]),
    ]


def table(first: Drive, second: Drive, rows: list[Row]) -> str:
    """Return the comparison as text, one line a row."""
    width = max(len(row.name) for row in rows)
    # what tells two long names apart stands at their ends as often as at their beginnings
    names = [
        name if len(name) <= _NAME_CHARACTERS else f"…{name[1 - _NAME_CHARACTERS :]}"
        for name in (first.name, second.name)
    ]
    if names[0] == names[1]:
        names = [name[:_NAME_CHARACTERS] for name in (first.name, second.name)]
    lines = [f"{'':{width}}  {names[0]:>{_NAME_CHARACTERS}}  {names[1]:>{_NAME_CHARACTERS}}  {'rms between':>14}"]
    for row in rows:
        between = "" if row.difference is None else f"{row.difference:.4g}"
        first_value, second_value = (f"{value:>{_NAME_CHARACTERS}.4g}" for value in (row.first, row.second))
        lines.append(f"{row.name:{width}}  {first_value}  {second_value}  {between:>14}  {row.unit}")
    return "\n".join(lines)
