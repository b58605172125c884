# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is told of a rover that is not ours: by the types of its topics, each figure against a drive that is known."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from lupex_analysis.reading import read_recording
from lupex_analysis.rover.events import events
from lupex_analysis.rover.frames import frame_figures
from lupex_analysis.rover.inertial import allan, inertial_figures
from lupex_analysis.rover.overview import overview
from lupex_analysis.rover.pictures import MOST, pictures_html, small
from lupex_analysis.rover.tracks import east_north_up, track_of, tracks
from lupex_analysis.sortie import ASKED
from lupex_analysis.storage import ReadingError
from lupex_system_tests.odd_bags import STORE, TEXT, header, made, mcap_bag, odometry, stamp, text, told

TWIST = "geometry_msgs/msg/Twist"
POSE = "geometry_msgs/msg/PoseStamped"
IMU, BATTERY, FIX = (f"sensor_msgs/msg/{name}" for name in ("Imu", "BatteryState", "NavSatFix"))
IMAGE = "sensor_msgs/msg/Image"
TF, LOG, HEALTH = "tf2_msgs/msg/TFMessage", "rcl_interfaces/msg/Log", "diagnostic_msgs/msg/DiagnosticArray"


def point(**values):
    return made("geometry_msgs/msg/Vector3", **values)


def read(tmp_path, messages):
    bag = mcap_bag(tmp_path / "r.mcap", sorted(messages, key=lambda message: message[2]))
    return read_recording(bag, ASKED)


def pose(at_s, x_m, y_m, yaw_rad=0.0):
    held = made("geometry_msgs/msg/Pose", position=made("geometry_msgs/msg/Point", x=x_m, y=y_m))
    held.orientation.w, held.orientation.z = math.cos(yaw_rad / 2), math.sin(yaw_rad / 2)
    return told(POSE, header=header(at_s), pose=held)


def moving(at_s, speed_mps, turn_rad_s=0.0):
    twist = made("geometry_msgs/msg/Twist", linear=point(x=speed_mps), angular=point(z=turn_rad_s))
    return told(
        "nav_msgs/msg/Odometry", header=header(at_s), twist=made("geometry_msgs/msg/TwistWithCovariance", twist=twist)
    )


def command(speed_mps, turn_rad_s=0.0):
    return told(TWIST, linear=point(x=speed_mps), angular=point(z=turn_rad_s))


def test_a_track_tells_its_length_turning_and_time_standing(tmp_path):
    """Ten metres ahead in 20 s, 10 s of rest, a quarter turn, and five metres to the left in 10 s."""
    messages = []
    for k in range(401):
        t = 0.1 * k
        x = min(0.5 * t, 10.0)
        turned = math.radians(90.0) * min(max((t - 30.0) / 0.5, 0.0), 1.0)
        y = 0.5 * max(t - 30.0, 0.0)
        messages.append(("/pose", POSE, 100.0 + t, pose(100.0 + t, x, y, turned)))
    found = overview(read(tmp_path, messages)).figures
    track = found["tracks"]["/pose"]
    assert track["poses"] == 401
    assert track["distance_m"] == pytest.approx(15.0)
    assert track["straight_m"] == pytest.approx(math.hypot(10.0, 5.0))
    assert track["turned_deg"] == pytest.approx(90.0)
    assert track["standing_s"] == pytest.approx(10.0, abs=1.1)
    assert track["speed_max_mps"] == pytest.approx(0.5)
    assert found["truth"] is None
    assert found["errors"] == {}
    assert "--truth TOPIC" in found["errors_missing"]


def test_an_estimate_that_trembles_at_rest_drives_nowhere(tmp_path):
    rng = np.random.default_rng(1)
    messages = [
        ("/odom", "nav_msgs/msg/Odometry", 0.1 * k, odometry(0.1 * k, *(0.002 * rng.standard_normal(2))))
        for k in range(1, 600)
    ]
    assert overview(read(tmp_path, messages)).figures["tracks"]["/odom"]["distance_m"] < 0.1


def test_satellites_tell_metres_east_and_north(tmp_path):
    status = made("sensor_msgs/msg/NavSatStatus", status=0)
    none = made("sensor_msgs/msg/NavSatStatus", status=-1)
    messages = [
        (
            "/fix",
            FIX,
            1.0 + k,
            told(FIX, header=header(1.0 + k), status=status, latitude=45.0 + k * 1e-4, longitude=7.0),
        )
        for k in range(11)
    ]
    messages.append(("/fix", FIX, 50.0, told(FIX, header=header(50.0), status=none, latitude=0.0, longitude=0.0)))
    track = track_of(read(tmp_path, messages), "/fix")
    # a minute of latitude at 45 deg is 1852.2 m
    np.testing.assert_allclose(track.place_m[-1], [0.0, 1e-3 * 60 * 1852.2, 0.0], atol=0.05)
    assert len(track.time_s) == 11
    east = east_north_up(np.radians([60.0, 60.0]), np.radians([179.9999, -179.9999]), np.zeros(2))
    assert east[1, 0] == pytest.approx(2e-4 * 60 * 1855.3 * 0.5 * 1.0025, rel=0.003)


def test_speeds_follow_commands_after_a_delay(tmp_path):
    """A rover that drives 20 % slower than told, half a second later."""

    def asked(t):
        return 0.4 if 5.0 <= t < 15.0 else (-0.2 if 20.0 <= t < 26.0 else 0.0)

    messages = []
    for k in range(300):
        t = 0.1 * k
        messages.append(("/cmd_vel", TWIST, 100.0 + t, command(asked(t))))
        messages.append(("/odom", "nav_msgs/msg/Odometry", 100.0 + t, moving(100.0 + t, 0.8 * asked(t - 0.5))))
    found = overview(read(tmp_path, messages)).figures["motion"]
    assert found["missing"] is None
    assert found["delay_s"] == pytest.approx(0.5, abs=0.11)
    assert found["speed_gain"] == pytest.approx(0.8, abs=0.01)
    assert found["speed_rms_mps"] == pytest.approx(0.2 * math.sqrt((10 * 0.16 + 6 * 0.04) / 29.5), rel=0.1)
    assert found["driven_without_command_s"] < 0.5


def test_what_is_not_commanded_or_not_measured_is_said(tmp_path):
    messages = [("/cmd_vel", TWIST, 1.0 + k, command(0.1)) for k in range(20)]
    found = overview(read(tmp_path, messages)).figures["motion"]
    assert found["missing"] == "no measured speed that moves"
    assert found["speed_gain"] is None


def imu(at_s, rate, force):
    return told(
        IMU,
        header=header(at_s),
        angular_velocity=point(**dict(zip("xyz", rate))),
        linear_acceleration=point(**dict(zip("xyz", force))),
    )


def test_an_inertial_unit_at_rest_tells_bias_and_noise(tmp_path):
    rng = np.random.default_rng(4)
    messages = []
    for k in range(4000):
        t = 0.01 * k
        rate = np.array([0.01, -0.02, 0.03]) + 0.001 * rng.standard_normal(3)
        rate[2] += 0.3 * math.sin(t) if t > 30.0 else 0.0
        force = np.array([0.0, 0.0, 1.62]) + 0.05 * rng.standard_normal(3)
        messages.append(("/imu", IMU, 100.0 + t, imu(100.0 + t, rate, force)))
    found = inertial_figures(read(tmp_path, messages), "/imu")
    assert found["rest_s"] == pytest.approx(30.0, abs=0.6)
    assert found["rate_hz"] == pytest.approx(100.0)
    np.testing.assert_allclose(found["gyro_bias_rad_s"], [0.01, -0.02, 0.03], atol=1e-4)
    np.testing.assert_allclose(found["gyro_noise_rad_s"], 0.001, rtol=0.1)
    np.testing.assert_allclose(found["accelerometer_noise_mps2"], 0.05, rtol=0.1)
    assert found["gravity_mps2"] == pytest.approx(1.62, abs=0.01)
    # white noise falls by the root of the averaging time
    assert found["gyro_allan_rad_s"]["1"][0] == pytest.approx(1e-4, rel=0.35)
    assert found["saturated"] == []


def test_the_allan_deviation_of_white_noise_and_of_a_ramp():
    rng = np.random.default_rng(0)
    white = allan(rng.standard_normal((100_000, 1)), 0.01)
    assert white["0.1"][0] == pytest.approx(10**-0.5, rel=0.05)
    assert white["1"][0] == pytest.approx(0.1, rel=0.1)
    ramp = allan(np.arange(10_000)[:, None] * 0.01, 0.01)
    assert ramp["1"][0] == pytest.approx(1.0 / math.sqrt(2.0), rel=1e-3)


def test_an_axis_at_its_limit_and_a_unit_that_never_rests_are_said(tmp_path):
    rng = np.random.default_rng(4)
    messages = []
    for k in range(300):
        t = 0.01 * k
        rate = np.clip(2.0 * rng.standard_normal(3) + [0, 0, 3.0 * math.sin(9 * t)], -4.0, 4.0)
        rate[2] = 4.0 if 100 <= k < 120 else rate[2]
        messages.append(("/imu", IMU, 100.0 + t, imu(100.0 + t, rate, rng.standard_normal(3))))
    found = inertial_figures(read(tmp_path, messages), "/imu")
    assert found["saturated"] == ["angular_velocity.z"]
    assert found["gyro_bias_rad_s"] is None
    assert found["missing"] == "it never rested for 10 s"


def battery(at_s, volts, amperes, charge):
    return told(BATTERY, header=header(at_s), voltage=volts, current=amperes, percentage=charge, temperature=math.nan)


def test_a_battery_tells_what_it_gave_and_zeros_before_its_first_reading_count_for_nothing(tmp_path):
    messages = [("/battery", BATTERY, 99.0, battery(99.0, 0.0, 0.0, 0.0))]
    messages += [("/battery", BATTERY, 100.0 + k, battery(100.0 + k, 25.0, -4.0, 0.9 - 0.0001 * k)) for k in range(361)]
    messages += [("/odom", "nav_msgs/msg/Odometry", 100.0 + k, odometry(100.0 + k, 0.1 * k)) for k in range(361)]
    found = overview(read(tmp_path, messages)).figures["battery"]["/battery"]
    assert found["readings"] == 361
    assert found["charge_begin"] == pytest.approx(0.9)
    assert found["charge_min"] == pytest.approx(0.864, abs=1e-6)
    assert found["energy_wh"] == pytest.approx(10.0)
    assert found["energy_wh_per_m"] == pytest.approx(10.0 / 36.0)
    assert found["temperature_min_c"] is None


def transform(parent, child, x=0.0, w=1.0):
    moved = made("geometry_msgs/msg/Transform", translation=point(x=x))
    moved.rotation.w = w
    return made("geometry_msgs/msg/TransformStamped", header=header(1.0, parent), child_frame_id=child, transform=moved)


def test_transforms_tell_the_bodys_way_in_the_root_of_the_tree(tmp_path):
    """The odometry's frame stands turned by 90 deg at (5, 2): ahead is y there; a mast on the body changes nothing."""
    messages = [("/tf_static", TF, 99.0, told(TF, transforms=[moved(99.0, "base_link", "mast", z=1.0)]))]
    messages.append(
        ("/tf", TF, 99.5, told(TF, transforms=[moved(99.5, "map", "odom", x=5.0, y=2.0, yaw_rad=math.pi / 2)]))
    )
    for k in range(101):
        at_s = 100.0 + 0.1 * k
        messages.append(("/tf", TF, at_s, told(TF, transforms=[moved(at_s, "odom", "base_link", x=0.05 * k)])))
    track = next(track for track in tracks(read(tmp_path, messages)))
    assert track.topic == "/tf map to base_link"
    np.testing.assert_allclose(track.place_m[[0, -1]], [[5.0, 2.0, 0.0], [5.0, 7.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(track.yaw_rad, math.pi / 2)
    np.testing.assert_allclose(track.time_s[[0, -1]], [100.0, 110.0])


def test_transforms_without_a_body_or_in_a_circle_tell_no_way(tmp_path):
    for child, parent in (("mast", "map"), ("base_link", "base_link")):
        messages = [("/tf", TF, 1.0 + k, told(TF, transforms=[moved(1.0 + k, parent, child, x=k)])) for k in range(9)]
        assert tracks(read(tmp_path, messages)) == []


def moved(at_s, parent, child, x=0.0, y=0.0, z=0.0, yaw_rad=0.0):
    held = made("geometry_msgs/msg/Transform", translation=point(x=x, y=y, z=z))
    held.rotation.w, held.rotation.z = math.cos(yaw_rad / 2), math.sin(yaw_rad / 2)
    return made("geometry_msgs/msg/TransformStamped", header=header(at_s, parent), child_frame_id=child, transform=held)


def image(encoding, rows, step=None):
    rows = np.asarray(rows, dtype=np.uint8)
    height, width = rows.shape[:2]
    return made(
        IMAGE, header=header(1.0), height=height, width=width, encoding=encoding, data=rows.reshape(-1),
        step=rows.size // height if step is None else step,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "pixel", "seen"),
    [
        ("rgb8", (250, 10, 20), (250, 10, 20)),
        ("bgr8", (20, 10, 250), (250, 10, 20)),
        ("bgra8", (20, 10, 250, 255), (250, 10, 20)),
        ("mono8", (90,), (90, 90, 90)),
    ],
)
def test_pictures_are_shown_small_in_their_own_colours(encoding, pixel, seen):
    data = small(image(encoding, np.tile(np.array(pixel, np.uint8), (400, 640, 1))))
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (320, 200)
        np.testing.assert_allclose(picture.getpixel((160, 100)), seen, atol=6)


def test_what_is_no_picture_is_not_shown():
    rows = np.zeros((4, 4, 3))
    assert small(image("16UC1", rows)) == b""
    assert small(image("rgb8", rows, step=99)) == b""
    assert small(made("sensor_msgs/msg/CompressedImage", format="jpeg", data=np.arange(9, dtype=np.uint8))) == b""


def test_cameras_of_a_stranger_are_on_the_page(tmp_path):
    frame = image("mono8", np.full((8, 8, 1), 90))
    messages = []
    for k in range(10):
        frame.header = header(100.0 + 30.0 * k)
        messages.append(("/eye", IMAGE, 100.0 + 30.0 * k, bytes(STORE.serialize_cdr(frame, IMAGE))))
    html = pictures_html(read(tmp_path, messages))
    assert html.count("data:image/jpeg") == 6
    assert "at 0.0 s" in html
    assert "at 270.0 s" in html


def test_however_many_cameras_there_are_the_page_stays_small(tmp_path):
    rng = np.random.default_rng(3)
    messages = []
    for eye in range(MOST + 4):
        frame = image("rgb8", rng.integers(0, 256, (320, 320, 3)))
        for k in range(3):
            frame.header = header(100.0 + k)
            messages.append((f"/eye_{eye:02d}", IMAGE, 100.0 + k, bytes(STORE.serialize_cdr(frame, IMAGE))))
    html = pictures_html(read(tmp_path, messages))
    assert html.count("data:image/jpeg") == MOST
    assert "4 more such topics are not shown" in html
    # the worst that a camera can see is noise
    assert len(html) < 4e6


def frames(tmp_path, *transforms):
    data = [told(TF, transforms=[each]) for each in transforms]
    return frame_figures(read(tmp_path, [("/tf", TF, 1.0 + k, each) for k, each in enumerate(data)]))


def test_a_sound_tree_of_frames_has_no_fault(tmp_path):
    found = frames(tmp_path, transform("map", "odom"), transform("odom", "base_link"), transform("base_link", "imu"))
    assert found == {
        "roots": ["map"], "parents": {"base_link": "odom", "imu": "base_link", "odom": "map"}, "faults": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("transforms", "says"),
    [
        ((("map", "a"), ("odom", "a"), ("map", "odom")), "a has 2 parents: map (1 times), odom (1 times)"),
        ((("map", "a"), ("odom", "b")), "there are 2 trees, not connected: map, odom"),
        ((("a", "b"), ("b", "c"), ("c", "a"), ("map", "d")), "frames go round in a circle: a, b, c"),
        ((("map", "a", math.nan),), "a: 1 transforms are no numbers, or their quaternion is no rotation"),
        ((("map", "a", 0.0, 0.0),), "a: 1 transforms are no numbers, or their quaternion is no rotation"),
        ((("a", "a"),), "a is its own parent"),
    ],
)
def test_faults_of_frames_are_told(tmp_path, transforms, says):
    assert says in frames(tmp_path, *(transform(*each) for each in transforms))["faults"]


def test_changes_of_health_and_warnings_of_the_log_are_events(tmp_path):
    def health(level):
        status = made("diagnostic_msgs/msg/DiagnosticStatus", level=level, name="motor", message=f"level {level}")
        return told(HEALTH, header=header(1.0), status=[status])

    def log(level, said):
        return told(LOG, stamp=stamp(1.0), level=level, name="planner", msg=said)

    messages = [("/diagnostics", HEALTH, 10.0 + k, health(level)) for k, level in enumerate((0, 0, 1, 1, 2, 0))]
    messages += [("/rosout", LOG, 10.5 + k, log(level, said)) for k, (level, said) in enumerate(
        ((20, "fine"), (30, "slow"), (30, "slow"), (40, "lost")))]  # fmt: skip
    found = [
        (event.t_s, event.level, event.source, event.text, event.count) for event in events(read(tmp_path, messages))
    ]
    assert found == [
        (1.5, "warning", "planner", "slow", 2),
        (2.0, "warning", "motor", "level 1", 1),
        (3.5, "error", "planner", "lost", 1),
        (4.0, "error", "motor", "level 2", 1),
        (5.0, "ok", "motor", "level 0", 1),
    ]


def test_topics_tell_rate_jitter_gap_and_latency(tmp_path):
    messages = [
        ("/odom", "nav_msgs/msg/Odometry", 100.0 + 0.1 * k, odometry(99.98 + 0.1 * k)) for k in range(100) if k != 50
    ]
    messages += [("/said", TEXT, 100.0, text("once"))]
    found = overview(read(tmp_path, messages)).figures["topics"]
    odom = found["/odom"]
    assert odom["rate_hz"] == pytest.approx(10.0)
    assert odom["longest_gap_s"] == pytest.approx(0.2)
    assert odom["latency_ms"] == pytest.approx(20.0, abs=0.01)
    assert odom["jitter"] == pytest.approx(0.0, abs=1e-6)
    assert odom["part"] == "place and speed"
    assert odom["bytes"] == sum(len(data) for topic, _, _, data in messages if topic == "/odom")
    assert found["/said"]["rate_hz"] is None
    assert found["/said"]["part"] is None


def test_a_topic_that_tells_no_places_cannot_be_the_truth(tmp_path):
    recording = read(
        tmp_path, [("/said", TEXT, 1.0, text("a")), ("/odom", "nav_msgs/msg/Odometry", 1.0, odometry(1.0))]
    )
    with pytest.raises(ReadingError, match="/said tells no places; those that do: /odom"):
        overview(recording, truth="/said")
    assert overview(recording, truth="/odom").figures["truth"] == "/odom"
