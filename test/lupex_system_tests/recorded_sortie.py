# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A plausible sortie, made without ROS: messages by rosbags from our .msg files, written by our recorder."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from lupex_recorder.config import Limits
from lupex_recorder.metadata import Qos
from lupex_recorder.recorder import Recorder
from lupex_recorder.schemas import Schema

ROOT = Path(__file__).resolve().parents[2]
NS = 1_000_000_000
WALL0_NS = 1_790_000_000 * NS
SPEED_UP = 20.0


def known_types():
    """Return a store of the types of Jazzy and ours."""
    made = get_typestore(Stores.ROS2_JAZZY)
    texts = {}
    for package, directory in (
        ("lupex_interfaces", ROOT / "src" / "lupex_interfaces" / "msg"),
        ("grid_map_msgs", ROOT / "underlay" / "grid_map_msgs" / "msg"),
    ):
        for path in sorted(directory.glob("*.msg")):
            texts.update(get_types_from_msg(path.read_text(encoding="utf-8"), f"{package}/msg/{path.stem}"))
    made.register(texts)
    return made


@pytest.fixture(scope="session")
def store():
    """Types of Jazzy and ours."""
    return known_types()


class Tape:
    """Make messages from plain values and hand them to a recorder."""

    def __init__(self, store, recorder):
        self.store = store
        self.recorder = recorder
        self.known = set()

    def make(self, kind, **values):
        cls = self.store.types[kind]
        fields = self.store.fielddefs[kind][1]
        return cls(**{name: values.get(name, self.default(shape)) for name, shape in fields})

    def default(self, shape):
        node, detail = shape
        if node == 1:
            return {"string": "", "bool": False}.get(detail[0], 0.0 if "float" in detail[0] else 0)
        if node == 2:
            return self.make(detail)
        item = detail[0]
        if item[0] == 1 and item[1][0] not in ("string",):
            return np.zeros(detail[1], dtype=item[1][0])
        return []

    def time(self, t_s):
        total = round(t_s * 1e9)
        return self.make("builtin_interfaces/msg/Time", sec=total // NS, nanosec=total % NS)

    def header(self, t_s, frame="map"):
        return self.make("std_msgs/msg/Header", stamp=self.time(t_s), frame_id=frame)

    def put(self, topic, kind, t_s, latched=False, wall_ns=None, **values):
        if topic not in self.known:
            self.known.add(topic)
            text, _ = self.store.generate_msgdef(kind, ros_version=2)
            schema = Schema(kind, text, self.store.hash_rihs01(kind))
            self.recorder.add_topic(topic, schema, [Qos(durability="transient_local" if latched else "volatile")])
        if any(name == "header" for name, _ in self.store.fielddefs[kind][1]):
            values.setdefault("header", self.header(t_s))
        data = bytes(self.store.serialize_cdr(self.make(kind, **values), kind))
        received = wall_ns or WALL0_NS + round((t_s - 1000.0) / SPEED_UP * NS)
        self.recorder.write(topic, data, received, received)


def lupex(name):
    return f"lupex_interfaces/msg/{name}"


def terrain(x, y):
    """Ridge with a crater 300 m across."""
    ground = 18 * np.sin(x / 210 + 0.4) + 11 * np.cos(y / 160) - 0.03 * x
    r = np.hypot(x - 250, y + 190) / 150
    bowl = np.where(r < 1, -34 * (1 - r**2), 5 * np.exp(-((r - 1) ** 2) / 0.05))
    rough = sum(np.sin(x / s + s) * np.cos(y / s * 1.3) * s / 60 for s in (7, 17, 31))
    return ground + bowl + rough


def sunlit(x, y):
    r = np.hypot(np.asarray(x, dtype=float) - 250, np.asarray(y, dtype=float) + 190)
    return np.clip((r - 155) / 25, 0, 1)


def site_map(tape):
    cell, count = 5.0, 160
    edge = (np.arange(count) + 0.5) * cell - count * cell / 2
    x, y = np.meshgrid(edge + 130, edge - 90)
    layers = {
        "elevation": terrain(x, y),
        "sunlit_fraction": sunlit(x, y),
        "permanent_shadow": (np.hypot(x - 250, y + 190) < 120).astype(float),
    }
    grid_map(tape, "/site/map", 1001.0, layers, cell, count)


def plan_map(tape, made):
    """Ground of the plan with the shadow's edge creeping east, at the begin, in the middle and at the end."""
    cell, count = 12.0, 50
    edge = (np.arange(count) + 0.5) * cell - count * cell / 2
    x, y = np.meshgrid(edge + 130, edge - 90)
    layers = {"elevation": terrain(x, y), "permanent_shadow": np.full(x.shape, np.nan)}
    layers |= {f"sunlit_{at}": sunlit(x - 0.004 * (at - 1030), y) for at in (1030, 5350, 10450)}
    grid_map(tape, "/plan/map", made, layers, cell, count)


def grid_map(tape, topic, t_s, layers, cell, count):
    data = []
    for values in layers.values():
        unfolded = values[::-1, ::-1].astype(np.float32).reshape(-1)
        dims = [
            tape.make("std_msgs/msg/MultiArrayDimension", label="column_index", size=count, stride=count * count),
            tape.make("std_msgs/msg/MultiArrayDimension", label="row_index", size=count, stride=count),
        ]
        layout = tape.make("std_msgs/msg/MultiArrayLayout", dim=dims, data_offset=0)
        data.append(tape.make("std_msgs/msg/Float32MultiArray", layout=layout, data=unfolded))
    pose = tape.make(
        "geometry_msgs/msg/Pose",
        position=tape.make("geometry_msgs/msg/Point", x=130.0, y=-90.0, z=0.0),
        orientation=tape.make("geometry_msgs/msg/Quaternion", w=1.0),
    )
    info = tape.make(
        "grid_map_msgs/msg/GridMapInfo", resolution=cell, length_x=count * cell, length_y=count * cell, pose=pose
    )
    tape.put(
        topic, "grid_map_msgs/msg/GridMap", t_s, latched=True, info=info, layers=list(layers), data=data,
        basic_layers=["elevation"],
    )  # fmt: skip


ROUTE = np.array([(0, 0), (60, -10), (130, -70), (190, -120), (250, -185)], dtype=float)
PHASES = {  # phase: seconds
    1: 120, 2: 3600, 3: 600, 4: 1500, 5: 3600, 6: 1200,
}  # fmt: skip


def truth_track():
    """Times, phases and positions of the true rover, every 5 s."""
    length = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(ROUTE, axis=0).T))))
    rows, t = [], 1030.0
    for phase, duration in PHASES.items():
        for step in range(0, duration, 5):
            share = step / duration
            done = {1: 0.0, 2: share, 3: 1.0, 4: 1.0, 5: 1 - share, 6: 0.0}[phase] * length[-1]
            x, y = (np.interp(done, length, ROUTE[:, axis]) for axis in (0, 1))
            driven = {1: 0.0, 2: done, 3: length[-1], 4: length[-1], 5: 2 * length[-1] - done, 6: 2 * length[-1]}
            rows.append((t, phase, x + 3 * math.sin(done / 25), y + 4 * math.sin(done / 40), driven[phase]))
            t += 5.0
    rows.append((t, 7, *rows[-1][2:]))
    return np.array(rows)


def write_sortie(store, directory, *, seed=3, outcome="success", sampled=True, tipped=False, end_at=None, ice=0.055):
    """Write the bag of a sortie into a directory; returns the recorder, closed."""
    rng = np.random.default_rng(seed)
    recorder = Recorder(
        directory,
        Limits(free_mb=0.0),
        {"world": "ridge", "seed": "7", "reserve_fraction": "0.15", "lupex_recorder": "0.1.0", "utc_offset_s": "1.8e9"},
    )
    tape = Tape(store, recorder)
    site_map(tape)
    track = truth_track()
    if end_at is not None:
        track = track[track[:, 1] <= end_at]
    t, phase, x, y, driven = track.T
    light = sunlit(x, y)
    power = np.select([np.isin(phase, (2, 5)), phase == 4], [165.0, 125.0], 75.0) - 260 * light
    soc = np.clip(0.92 - np.concatenate(([0], np.cumsum(power[:-1] * np.diff(t)))) / 3600 / 2500, 0, 0.98)
    temperature = 291 - 9 * np.clip((t - 3000) / 6000, 0, 1) + 2 * light
    error = np.cumsum(rng.normal(0, 0.05, (len(t), 2)) * np.isin(phase, (2, 5))[:, None], axis=0)
    sigma = 0.15 + 0.04 * np.sqrt(np.cumsum(np.isin(phase, (2, 5))))
    write_plan(tape, track, soc, light)
    plan_map(tape, 1020.0)
    yaw = np.arctan2(np.gradient(y), np.gradient(x) + 1e-9)
    for i, now in enumerate(t):
        covariance = np.zeros(36)
        covariance[[0, 7, 14, 35]] = sigma[i] ** 2, sigma[i] ** 2, 0.04, 0.005**2
        noisy_yaw = yaw[i] + rng.normal(0, 0.004)
        tape.put(
            "/truth/state", lupex("WorldTruth"), now, x_m=x[i], y_m=y[i], z_m=float(terrain(x[i], y[i])),
            yaw_rad=float(yaw[i]), soc=soc[i], energy_wh=soc[i] * 2450, capacity_wh=2450.0,
            battery_temperature_k=temperature[i], sunlit_fraction=float(light[i]), distance_m=driven[i],
            slip=0.12 * (phase[i] in (2, 5)), tipped=bool(tipped and i > len(t) // 2), ice_fraction=ice,
            drill_depth_m=0.5 * (phase[i] >= 4), speed_up=SPEED_UP,
        )  # fmt: skip
        pose = tape.make(
            "geometry_msgs/msg/Pose",
            position=tape.make(
                "geometry_msgs/msg/Point", x=x[i] + error[i, 0], y=y[i] + error[i, 1],
                z=float(terrain(x[i], y[i])) + 0.05,
            ),
            orientation=tape.make(
                "geometry_msgs/msg/Quaternion", z=math.sin(noisy_yaw / 2), w=math.cos(noisy_yaw / 2)
            ),
        )  # fmt: skip
        tape.put(
            "/odometry/global", "nav_msgs/msg/Odometry", now,
            pose=tape.make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=covariance),
        )  # fmt: skip
        tape.put(
            "/power/status", lupex("PowerStatus"), now, soc=soc[i] + 0.004, soc_sigma=0.01,
            energy_wh=(soc[i] + 0.004) * 2450, energy_sigma_wh=24.0, capacity_wh=2450.0, reserve_wh=375.0,
            battery_temperature_k=temperature[i], array_power_w=float(260 * light[i]),
            load_power_w=float(power[i] + 260 * light[i]), work_allowed=True,
        )  # fmt: skip
        required = 420 + 0.9 * (driven[i] if phase[i] <= 4 else driven[-1] - driven[i]) + 60 * (phase[i] == 4)
        tape.put(
            "/plan/certificate", lupex("ReturnCertificate"), now, valid=bool(i > 3),
            reason="" if i > 3 else "no pose yet", energy_wh=soc[i] * 2450 - 72, required_wh=required,
            margin_wh=soc[i] * 2450 - 72 - required, haven_x_m=0.0, haven_y_m=0.0, plan_id="p2" if now > 3500 else "p1",
        )  # fmt: skip
        tape.put(
            "/mission/status", lupex("MissionStatus"), now, phase=int(phase[i]), target=0,
            outcome=outcome if phase[i] == 7 else "", text=f"phase {int(phase[i])}",
        )  # fmt: skip
        tape.put(
            "/localization/status", lupex("LocalizationStatus"), now, state=1, fixes_accepted=i, fixes_rejected=i // 90
        )
        if i % 2 == 0:
            tape.put(
                "/neutron/counts", lupex("NeutronCounts"), now, integration_s=10.0,
                epithermal=int(rng.poisson(120 - 35 * (1 - light[i]))), thermal=int(rng.poisson(100)),
            )  # fmt: skip
    if sampled and np.any(phase == 4):
        write_drilling(tape, float(t[phase == 4][0]), rng, ice)
    for at, code, severity, active, text in (
        (2900.0, "terrain_blocked", 0, True, "A rock field blocks the path: planning around it."),
        (2960.0, "terrain_blocked", 0, False, "The path is free again."),
        (3500.0, "node_lost", 1, True, "Node traversability is silent: the rover waits for it."),
        (3522.0, "node_lost", 1, False, "Node traversability is back."),
    ):
        tape.put(
            "/faults", lupex("Fault"), at, source="mission", code=code, severity=severity, active=active, text=text
        )
    recorder.close()
    return recorder


def write_plan(tape, track, soc, light):
    t, phase, x, y, _ = track.T
    for plan_id, made in (("p1", 1020.0), ("p2", 3500.0)):
        chosen = np.arange(0, len(t), 60)
        energy = soc[chosen] * 2450 + 40 * np.sin(chosen / 200)
        tape.put(
            "/plan/sortie", lupex("SortiePlan"), made, latched=True, plan_id=plan_id, feasible=True,
            explanation="Out to the crater, 25 min of work, back with 900 Wh.",
            activity=np.where(phase[chosen] == 4, 3, np.where(phase[chosen] == 6, 2, 0)).astype(np.uint8),
            target=np.where(phase[chosen] == 4, 0, -1).astype(np.int32), x_m=x[chosen].astype(np.float32),
            y_m=y[chosen].astype(np.float32), arrival=[tape.time(v) for v in t[chosen]],
            energy_wh=energy.astype(np.float32), required_wh=np.full(len(chosen), 600, dtype=np.float32),
            sunlit_fraction=light[chosen].astype(np.float32), planning_time_s=0.42, turn_back_by=tape.time(12_000.0),
        )  # fmt: skip
        later = chosen[t[chosen] >= made]
        tape.put(
            "/power/forecast", lupex("PowerForecast"), made + 1, plan_id=plan_id,
            times=[tape.time(v) for v in t[later]], energy_wh=(soc[later] * 2450 - 25).astype(np.float32),
            energy_sigma_wh=np.linspace(20, 70, len(later)).astype(np.float32),
            array_power_w=np.zeros(len(later), dtype=np.float32), load_power_w=np.zeros(len(later), dtype=np.float32),
            min_soc=float(np.min(soc[later])), min_soc_time=tape.time(t[later][0]),
        )  # fmt: skip


def write_drilling(tape, start, rng, ice):
    done, samples = 0.0, []
    for second in range(0, 1500, 2):
        now, cycle = start + second, second % 280
        bite = second // 280
        cutting = bite < 5 and 40 <= cycle < 130
        depth = -0.15
        if bite < 5:
            bottom = 0.1 * (bite + 1)
            depth = np.interp(cycle, (0, 40, 130, 140, 200, 280), (-0.03, done, bottom, bottom, -0.03, -0.03))
        if cutting:
            done = max(done, float(depth))
        hard = 0.28 < depth < 0.36
        tape.put(
            "/drill/rig", lupex("DrillRig"), now, depth_m=float(depth), hole_depth_m=done,
            weight_on_bit_n=cutting * float(55 + 45 * hard + rng.normal(0, 3)),
            torque_nm=cutting * float(3 + 4 * depth + 3 * hard + rng.normal(0, 0.3)),
            rotation_rate_rad_s=10.0 * cutting, power_w=8 + 70.0 * cutting + 40 * hard, bit_temperature_k=210.0,
            percussion_on=bool(hard and cutting), stowed=bite >= 5,
        )  # fmt: skip
        if bite < 5 and cycle == 270:
            true = ice * (bite > 0)
            samples.append((0.1 * bite, 0.1 * (bite + 1), max(true + rng.normal(0, 0.002), 0), 0.002))
            tape.put(
                "/drill/assay", lupex("SampleAssay"), now, sample_id=len(samples), top_m=0.1 * bite,
                bottom_m=0.1 * (bite + 1), sample_mass_kg=0.025, mass_loss_kg=0.025 * true, mass_sigma_kg=2e-5,
            )  # fmt: skip
        columns = [np.array(column, dtype=np.float32) for column in zip(*samples, strict=True)] or [
            np.zeros(0, np.float32)
        ] * 4
        tape.put(
            "/drill/status", lupex("DrillStatus"), now, state=0 if bite >= 5 else 2 if cutting else 3,
            depth_m=float(depth), target_depth_m=0.5, bite=min(bite + 1, 5),
            rate_of_penetration_mps=0.0011 * cutting, specific_energy_j_m3=(2.2e7 + 3e7 * hard) * cutting,
            recoveries=int(second > 600), commands=1, ice_top_m=columns[0], ice_bottom_m=columns[1],
            ice_fraction=columns[2], ice_sigma=columns[3],
        )  # fmt: skip


@pytest.fixture(scope="session")
def synthetic(store):
    """Tools to write bags with."""
    return SimpleNamespace(write_sortie=write_sortie, Tape=Tape, lupex=lupex, truth_track=truth_track)


@pytest.fixture(scope="session")
def sortie_bag(store, tmp_path_factory):
    """A sortie that succeeded."""
    directory = tmp_path_factory.mktemp("sortie") / "bag"
    write_sortie(store, directory)
    return directory


@pytest.fixture(scope="session")
def swaying_bag(store, tmp_path_factory):
    """A rover that turns to and fro within seconds, known without error five times a second."""
    directory = tmp_path_factory.mktemp("swaying") / "bag"
    recorder = Recorder(directory, Limits(free_mb=0.0), {})
    tape = Tape(store, recorder)
    covariance = np.zeros(36)
    covariance[[0, 7, 14, 35]] = 1e-4
    for tick in range(500):
        now = 1000.0 + 0.2 * tick
        yaw = 0.2 * math.sin(0.7 * tick * 0.2)
        half = tape.make("geometry_msgs/msg/Quaternion", z=math.sin(yaw / 2), w=math.cos(yaw / 2))
        pose = tape.make("geometry_msgs/msg/Pose", orientation=half)
        posed = tape.make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=covariance)
        tape.put("/odometry/global", "nav_msgs/msg/Odometry", now, pose=posed)
        if tick % 5 == 2:
            tape.put("/truth/state", lupex("WorldTruth"), now, yaw_rad=yaw)
    recorder.close()
    return directory


@pytest.fixture(scope="session")
def tape_for(store):
    """Return a function that makes a tape whose recorder writes into a directory."""
    return lambda directory: Tape(store, Recorder(directory, Limits()))


@pytest.fixture
def small_bag(store, synthetic, tmp_path):
    """A recording of one message."""
    recorder = Recorder(tmp_path / "run" / "bag", Limits(free_mb=0.0))
    synthetic.Tape(store, recorder).put("/truth/state", synthetic.lupex("WorldTruth"), 1001.0)
    recorder.close()
    return tmp_path / "run" / "bag"
