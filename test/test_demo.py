# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A short sortie from end to end, and what it leaves."""

import json
import math
import re
import subprocess

import pytest

pytestmark = pytest.mark.system
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from lupex_system_tests.opened_files import of_the_world, opened_by_node  # noqa: E402

SUMMARY_KEYS = {
    "": "outcome mission_says world seed truth draw wall_s sim_s real_time_factor faults cpu_s_by_node",
    "drive": "distance_m mean_abs_slip p95_abs_slip mean_slip_up mean_slip_down stops",
    "localization": "ate_rmse_m end_error_m drift_percent heading_rmse_deg fixes_accepted fixes_rejected nees",
    "power": "min_soc min_soc_predicted min_energy_wh min_above_reserve_wh dark_s",
    "light": "promised_mean got_mean promised_lit_but_dark_share",
    "thermal": "battery_min_c",
    "drill": "depth_m duration_s mean_power_w peak_wob_n faults recoveries commands",
    "plan": "replans plan_ms_max",
    "certificate": "min_margin_wh violations judged violating_share excess_p95_wh least_true_margin_wh",
    "water": "ice_percent ice_percent_sigma depth_m error_sigmas",
    "consistency": "x y heading slip charge energy capacity forecast_energy ice",
}
TOPICS = [
    "/clock",
    "/imu/data",
    "/mobility/joint_states",
    "/lidar/points",
    "/star_tracker/attitude",
    "/sun_sensor/direction",
    "/power/bus",
    "/drill/rig",
    "/neutron/counts",
    "/mobility/joint_commands",
    "/drill/rig_command",
    "/power/switches",
    "/odometry/local",
    "/odometry/global",
    "/localization/status",
    "/traversability/costmap",
    "/traversability/map",
    "/plan/sortie",
    "/plan/path",
    "/plan/certificate",
    "/cmd_vel",
    "/mobility/slip",
    "/battery_state",
    "/power/status",
    "/power/forecast",
    "/drill/status",
    "/mission/status",
    "/faults",
    "/diagnostics",
    "/tf",
    "/tf_static",
    "/goal_pose",
    "/truth/odometry",
    "/truth/state",
]


def door(*arguments):
    from lupex_system_tests.demo_sortie import door as command

    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False)


def numbers(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_it_succeeds_by_truth(short_sortie):
    assert short_sortie.exit_code == 0, short_sortie.output
    summary = json.loads((short_sortie.out / "summary.json").read_text())
    assert summary["outcome"] == "success"
    assert summary["drill"]["depth_m"] >= 0.5
    assert summary["power"]["dark_s"] > 600.0
    assert summary["drive"]["distance_m"] > 40.0
    assert summary["certificate"]["violations"] == 0
    assert summary["certificate"]["judged"] > 30


def test_a_nominal_sortie_tells_no_fault_however_slow_the_host(short_sortie):
    assert json.loads((short_sortie.out / "summary.json").read_text())["faults"] == []


def test_the_summary_has_every_key_and_finite_numbers(short_sortie):
    summary = json.loads((short_sortie.out / "summary.json").read_text())
    for section, keys in SUMMARY_KEYS.items():
        assert set(keys.split()) <= set(summary[section] if section else summary)
    assert all(math.isfinite(number) for number in numbers(summary))
    assert summary["cpu_s_by_node"].keys() >= {"simulator", "localization", "mission", "recorder"}


def test_the_report_stands_alone(short_sortie):
    page = (short_sortie.out / "report.html").read_text()
    # what its scripts say is no link; that they ask for nothing, the tests in a browser show
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert not re.search(r'(src|href)="(?!#|data:)', markup)
    for words in ("Map", "Charge", "Drill", "Localization", "Timeline", "certificate"):
        assert words in page


def test_the_recording_is_small_and_has_no_clouds(short_sortie):
    from lupex_analysis.reading import read_recording

    files = list((short_sortie.out / "bag").iterdir())
    assert sum(file.stat().st_size for file in files) < 60e6
    counts = read_recording(short_sortie.out / "bag", ()).counts
    assert counts["/imu/data"] > 1000
    assert "/lidar/points" not in counts


def test_the_topics_of_the_plan_are_there(short_sortie):
    assert not set(TOPICS) - short_sortie.topics.keys()


AUTONOMY = (
    "localization",
    "traversability",
    "path_planning",
    "mobility",
    "drill_control",
    "power_management",
    "mission",
)


def test_autonomy_opens_nothing_of_the_world_but_what_was_measured_from_orbit(short_sortie, repository):
    by_node = opened_by_node(short_sortie.opened)
    world = next(path for path in by_node["simulator"] if path.name == "truth.yaml").parents[1]
    recipes = repository / "worlds"
    assert world / "truth" / "detail.npy" in of_the_world(by_node["simulator"], world, recipes), "the hook sees nothing"
    read = set().union(*(by_node[name] for name in AUTONOMY))
    assert world / "orbital" / "site.yaml" in read
    for name in AUTONOMY:
        assert not of_the_world(by_node[name], world, recipes), name


def test_nobody_on_board_listens_to_the_truth(short_sortie):
    truths = [topic for topic in short_sortie.topics if topic.startswith("/truth/")]
    assert {"/truth/state", "/truth/odometry"} <= set(truths)
    heard = {topic: short_sortie.listeners[topic] for topic in truths}
    assert "recorder" in heard["/truth/state"], "the graph was not seen"
    for topic, nodes in heard.items():
        assert not nodes & set(AUTONOMY), topic


def test_progress_is_told(short_sortie):
    for words in ("lead out", "drive", "scan", "drill", "return", "recharge", "done", "margin", "charge"):
        assert words in short_sortie.output


def test_a_second_one_in_the_same_domain_is_refused_with_a_sentence(short_sortie):
    assert short_sortie.second_instance.returncode != 0
    assert "ROS_DOMAIN_ID" in short_sortie.second_instance.stderr + short_sortie.second_instance.stdout


def test_a_bag_cut_short_is_reported_as_far_as_it_goes(short_sortie, tmp_path):
    whole = next((short_sortie.out / "bag").glob("*.mcap"))
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    done = door("report", str(cut), "--out", str(tmp_path / "report"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report" / "report.html").is_file()
    assert "cut" in (done.stdout + done.stderr).lower() or "truncated" in (done.stdout + done.stderr).lower()


def test_what_is_no_bag_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "note.txt").write_text("no bag")
    done = door("report", str(tmp_path / "note.txt"), "--out", str(tmp_path / "report"))
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("demo", "--world", "atlantis"), "atlantis"),
        (("launch", "sim.launch.xml", "wrold:=plain"), "wrold"),
        (("launch", "nowhere.launch.xml"), "nowhere"),
        (("demo", "--out", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_bad_input_is_one_sentence(arguments, words):
    done = door(*arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr
