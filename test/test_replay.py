# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What was recorded in lock step, replayed: the same bytes from every node, and others where a parameter is another."""

import json
import math
import shutil

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from lupex_analysis.raw_reading import open_raw  # noqa: E402
from lupex_analysis.reading import read_recording  # noqa: E402
from lupex_cli import replay  # noqa: E402
from lupex_interfaces.msg import Exchange  # noqa: E402
from lupex_node.conversions import seconds  # noqa: E402
from lupex_node.serialization import deserialize_message  # noqa: E402
from lupex_system_tests.conducted import conducted  # noqa: E402
from lupex_system_tests.recorded_everything import LASTS_S, SCAN_S  # noqa: E402

AUTONOMY = (
    "localization",
    "traversability",
    "path_planning",
    "mobility",
    "drill_control",
    "power_management",
    "mission",
)
AS_RECORDED = ("--set", f"scan_s={SCAN_S:g}")
SAYS = {
    "localization": "/odometry/global",
    "traversability": "/traversability/costmap",
    "path_planning": "/plan/sortie",
    "mobility": "/mobility/joint_commands",
    "drill_control": "/drill/rig_command",
    "power_management": "/power/forecast",
    "mission": "/mission/status",
    "simulator": "/lidar/points",
}


def replayed(bag, out, *words):
    """Replay; return the exit code and the comparison."""
    figures = out.with_suffix(".json")
    code = replay.main([str(bag), "--out", str(out), "--json", str(figures), "--expect-same", *words])
    return code, json.loads(figures.read_text())


@pytest.mark.parametrize("node", SAYS)
def test_a_node_says_the_same_bytes(everything_bag, tmp_path, node):
    words = AS_RECORDED if node == "mission" else ()
    code, topics = replayed(everything_bag, tmp_path / "now", "--node", node, *words)
    assert code == 0, {name: item["first"] for name, item in topics.items() if not item["same"]}
    assert topics[SAYS[node]]["now"] > 0
    then, now = open_raw(everything_bag), open_raw(tmp_path / "now")
    for topic in set(now.topics) - {"/diagnostics", "/exchanges", "/faults"}:
        assert list(now.messages({topic})) == list(then.messages({topic})), topic


def test_all_nodes_wired_together_say_the_same_bytes(everything_bag, tmp_path):
    code, topics = replayed(everything_bag, tmp_path / "now", "--node", *AUTONOMY, *AS_RECORDED)
    assert code == 0, {name: item["first"] for name, item in topics.items() if not item["same"]}
    assert {SAYS[node] for node in AUTONOMY} <= set(topics)
    # plan, drive and hole: asked, taken, answered
    assert topics["/exchanges"]["now"] == 7


def test_a_rover_in_a_namespace_is_replayed_like_any_other(tmp_path):
    arguments = {"world": "plain", "route_m": "2.0", "namespace": "r1", "record": "true", "record_all": "true"}
    with conducted("sim.launch.xml", tmp_path, **arguments) as stack:
        stack.conductor.run_until(stack.conductor.now_s + 40.0)
        assert not [name for name in stack.conductor.servers if not name.startswith("/r1/")]
    bag = tmp_path / "bag" / "r1"
    assert open_raw(bag).custom["namespace"] == "/r1"
    code, topics = replayed(bag, tmp_path / "now", "--node", "localization", "mobility")
    assert code == 0, {name: item["first"] for name, item in topics.items() if not item["same"]}
    assert min(topics[name]["now"] for name in ("/odometry/global", "/mobility/joint_commands", "/diagnostics")) > 10


def test_another_parameter_says_something_else_where_it_must(everything_bag, tmp_path, capsys):
    words = ("--node", "localization", "--set", "tracks.slip_sigma=0.4", "--picture", str(tmp_path / "picture.svg"))
    code, topics = replayed(everything_bag, tmp_path / "now", *words)
    assert code == 1
    assert topics["/diagnostics"]["same"]
    sigma = next(item for item in topics["/localization/status"]["fields"] if item["path"] == "position_sigma_m")
    assert sigma["largest"] > 0.1
    assert sigma["unit"] == "m"
    told = capsys.readouterr().out
    assert "position_sigma_m: by" in told
    picture = (tmp_path / "picture.svg").read_text()
    assert "/odometry/global  distance from the truth [m]" in picture


def test_a_parameter_file_wins_over_the_launch_file(everything_bag, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("mobility:\n  ros__parameters:\n    following:\n      speed_mps: 0.05\n", encoding="utf-8")
    code, topics = replayed(everything_bag, tmp_path / "now", "--node", "mobility", "--parameters", str(file))
    assert code == 1
    speed = next(item for item in topics["/cmd_vel"]["fields"] if item["path"] == "twist.linear.x")
    assert speed["unit"] == "m/s"


def test_a_part_of_a_recording_is_replayed(everything_bag, tmp_path):
    words = ("--node", "power_management", "--until", "60")
    code, topics = replayed(everything_bag, tmp_path / "first", *words)
    assert code == 0
    recording = open_raw(everything_bag)
    told_ns = [message.log_ns for message in recording.messages({"/power/status"})]
    in_the_part = [time_ns for time_ns in told_ns if time_ns <= recording.start_ns + 60_000_000_000]
    assert topics["/power/status"]["now"] == len(in_the_part)
    assert 15 <= len(in_the_part) < 0.5 * len(told_ns)
    sent = [deserialize_message(m.data, Exchange) for m in recording.messages({"/exchanges"})]
    goal = next(seconds(m.header.stamp) for m in sent if m.name == "/drill/acquire_sample")
    # between two steps of the parked world, after which the goal came: what a node owes at its begin it cannot know
    begin_s = 4 * math.floor((goal - recording.start_ns / 1e9) / 4.0) - 2
    words = ("--node", "drill_control", "--from", str(begin_s), "--until", str(begin_s + 40))
    _, topics = replayed(everything_bag, tmp_path / "second", *words)
    assert topics["/drill/status"]["recorded"] == topics["/drill/status"]["now"] > 20
    # the goal that came in this part was taken
    assert topics["/exchanges"]["same"]
    assert topics["/exchanges"]["now"] == 1


def test_what_is_written_is_a_recording(everything_bag, tmp_path):
    replayed(everything_bag, tmp_path / "now", "--node", "traversability")
    recording = read_recording(tmp_path / "now", ("/traversability/costmap",))
    assert not recording.problems
    assert recording.counts["/traversability/costmap"] > 50
    assert recording.custom["replayed"] == "traversability"
    assert recording.custom["world"] == "plain"
    assert recording.end_ns - recording.start_ns == pytest.approx(LASTS_S * 1e9, abs=2e9)


def test_the_storage_of_ros2_bag_is_replayed_too(everything_bag, tmp_path):
    from lupex_system_tests.bag_forms import to_sqlite

    bag = to_sqlite(everything_bag, tmp_path / "sqlite")
    code, topics = replayed(bag, tmp_path / "now", "--node", "localization", "--world", "plain")
    assert topics["/odometry/global"]["same"], topics["/odometry/global"]["first"]
    # it does not say whether something was left out
    assert code == 0


def test_a_recording_by_the_hosts_time_is_replayed_by_its_clock(everything_bag, tmp_path):
    from lupex_system_tests.bag_forms import to_host_time

    bag = to_host_time(everything_bag, tmp_path / "host", speed_up=20.0)
    _, topics = replayed(bag, tmp_path / "now", "--node", "localization")
    odometry = topics["/odometry/global"]
    assert odometry["only_recorded"] + odometry["only_now"] < 0.02 * odometry["recorded"]
    places = {item["path"]: item["largest"] for item in odometry["fields"]}
    assert max((places.get(f"pose.pose.position.{axis}", 0.0) for axis in "xy"), default=0.0) < 0.02


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--node", "nobody"), "there is no node 'nobody' in sim.launch.xml: there are simulator, localization"),
        (("--node", "mobility", "--set", "nothing=3"), "no replayed node has a parameter 'nothing'"),
        (("--node", "mobility", "--set", "speed_mps=3"), "there is mobility.following.speed_mps"),
        (("--node", "mobility", "--set", "speed"), "--set takes KEY=VALUE"),
        (("--node", "mobility", "--set", "following.speed_mps=fast"), "'following.speed_mps' is 'fast' but takes"),
        (("--node", "mobility", "traversability", "--set", "rover=x"), "say which, as traversability.rover"),
        (("--node", "mobility", "--from", "500"), "there is nothing from 500 s until inf s"),
        (("--node", "simulator", "--from", "5"), "a world begins at its own beginning"),
        (("--node", "mobility", "--parameters", "/nowhere.yaml"), "/nowhere.yaml: the parameter file cannot be read"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(everything_bag, tmp_path, capsys, words, sentence):
    assert replay.main([str(everything_bag), "--out", str(tmp_path / "now"), *words]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_what_is_there_is_not_written_over(everything_bag, tmp_path, capsys):
    shutil.copytree(everything_bag, tmp_path / "now")
    assert replay.main([str(everything_bag), "--out", str(tmp_path / "now"), "--node", "mobility"]) == 2
    assert "already holds a bag" in capsys.readouterr().err
    assert replay.main([str(tmp_path / "nothing"), "--out", str(tmp_path / "x"), "--node", "mobility"]) == 2
    assert "nothing does not exist" in capsys.readouterr().err


def test_inputs_that_are_not_as_they_were_are_said_and_not_expected_to_give_the_same(everything_bag, tmp_path, capsys):
    from lupex_system_tests.bag_forms import altered

    bag = altered(everything_bag, tmp_path / "thin", leave_out={"/lidar/points"}, thin="/odometry/local=4")
    words = [str(bag), "--node", "traversability", "--out"]
    assert replay.main([*words, str(tmp_path / "now")]) == 0
    told = capsys.readouterr().out
    assert "/lidar/points was left out when it was recorded" in told
    assert "/odometry/local was thinned when it was recorded: one message in 4 is fed" in told
    assert replay.main([*words, str(tmp_path / "again"), "--expect-same"]) == 2
    assert "record with ./lupex demo --record-all" in capsys.readouterr().err


def test_foreign_types_and_other_definitions_are_one_sentence(everything_bag, tmp_path, capsys):
    from lupex_system_tests.bag_forms import altered

    other = altered(everything_bag, tmp_path / "other", type_hash={"/power/bus": "RIHS01_" + 64 * "0"})
    words = ["--node", "power_management", "--out", str(tmp_path / "now")]
    assert replay.main([str(other), *words]) == 2
    assert "/power/bus was recorded with another definition of lupex_interfaces/msg/PowerBus" in capsys.readouterr().err
    foreign = altered(everything_bag, tmp_path / "foreign", kind={"/power/bus": "their_msgs/msg/Bus"})
    assert replay.main([str(foreign), *words[:-1], str(tmp_path / "then")]) == 2
    expected = "/power/bus is their_msgs/msg/Bus in the recording and lupex_interfaces/msg/PowerBus to the node"
    assert expected in capsys.readouterr().err
    empty = altered(everything_bag, tmp_path / "empty", only={"/clock", "/power/status"})
    assert replay.main([str(empty), "--node", "mobility", "--out", str(tmp_path / "last")]) == 2
    assert "holds nothing that mobility listen to" in capsys.readouterr().err
