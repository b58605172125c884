# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Bridge, robot description, world, adapter, launch files and the plan of the house name the same topics and types."""

import ast
import importlib
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from lupex_launch.description import LaunchError, read_launch_file
from lupex_launch.evaluation import evaluate_file
from lupex_models.rover import read_rover
from lupex_node import qos
from lupex_node.parameter_files import given_to, read_parameter_file
from lupex_simulator.gazebo.node import INSTANTS
from lupex_system_tests.structure import AUTONOMY, modules
from lupex_worlds.gazebo_files.files import PACED_FILE
from lupex_worlds.gazebo_files.robot_description import DESCRIPTION, DRIVES, read_urdf, read_xacro
from lupex_worlds.gazebo_files.rover_model import rover_model
from lupex_worlds.gazebo_files.world_model import STEP_S, SUN_NAME, WORLD_NAME

PAIRS = {
    "rosgraph_msgs/msg/Clock": "gz.msgs.Clock",
    "sensor_msgs/msg/Imu": "gz.msgs.IMU",
    "sensor_msgs/msg/PointCloud2": "gz.msgs.PointCloudPacked",
    "sensor_msgs/msg/JointState": "gz.msgs.Model",
    "sensor_msgs/msg/Image": "gz.msgs.Image",
    "sensor_msgs/msg/CameraInfo": "gz.msgs.CameraInfo",
    "nav_msgs/msg/Odometry": "gz.msgs.Odometry",
    "std_msgs/msg/Float64": "gz.msgs.Double",
    "ros_gz_interfaces/msg/Contacts": "gz.msgs.Contacts",
    "ros_gz_interfaces/msg/Light": "gz.msgs.Light",
}
"""What ros_gz_bridge of Jazzy converts, as its table says, as far as we use it."""
UNITS = ("fl", "fr", "rl", "rr")
STEER_NAMES, DRIVE_NAMES = (tuple(f"{unit}_{what}" for unit in UNITS) for what in ("steer", "drive"))
KEYS = {
    "ros_topic_name": str,
    "gz_topic_name": str,
    "ros_type_name": str,
    "gz_type_name": str,
    "direction": str,
    "publisher_queue": int,
    "subscriber_queue": int,
    "lazy": bool,
}
OPTIONAL = {"publisher_queue", "subscriber_queue", "lazy"}


@pytest.fixture(scope="module")
def bridge(repository):
    return yaml.safe_load((repository / "config" / "ros_gz_bridge.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def planned(repository):
    """Topics of the plan of the house."""
    text = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text[text.index("## Topics") : text.index("## Two underlays")]
    return set(re.findall(r"`(/[a-z_/]+)", table))


def test_every_entry_is_one_that_the_bridge_reads(bridge):
    for entry in bridge:
        assert set(KEYS) - OPTIONAL <= set(entry) <= set(KEYS), entry
        for key, value in entry.items():
            assert type(value) is KEYS[key], f"{entry['ros_topic_name']}: {key}"
        assert entry["direction"] in ("GZ_TO_ROS", "ROS_TO_GZ")
        assert PAIRS[entry["ros_type_name"]] == entry["gz_type_name"]
    for side in ("ros_topic_name", "gz_topic_name"):
        named = [entry[side] for entry in bridge]
        assert len(named) == len(set(named))


def test_four_seconds_of_the_inertial_unit_wait_at_both_ends(bridge):
    (entry,) = (entry for entry in bridge if entry["ros_type_name"] == "sensor_msgs/msg/Imu")
    assert entry["publisher_queue"] == entry["subscriber_queue"] == INSTANTS.depth == round(4.0 / STEP_S)
    assert qos.SAMPLES.depth == round(4.0 * 25.0), "and of their means, behind the adapter"


@pytest.mark.node
def test_every_type_of_the_bridge_exists_in_ros(bridge):
    for entry in bridge:
        package, folder, name = entry["ros_type_name"].split("/")
        assert hasattr(importlib.import_module(f"{package}.{folder}"), name), entry["ros_type_name"]


def topics_of_the_rover(model):
    """Gazebo's topics by direction, from what the description gives to sensors and controllers."""
    out, into = set(), set()
    for sensor in model.iter("sensor"):
        kind = sensor.get("type")
        topic = sensor.findtext("contact/topic") if kind == "contact" else sensor.findtext("topic")
        out.add(f"{topic}/points" if kind == "gpu_lidar" else topic)
        if kind == "camera":
            out.add(sensor.findtext("camera/camera_info_topic"))
    for plugin in model.iter("plugin"):
        system = plugin.get("name").split("::")[-1]
        if system == "OdometryPublisher":
            out.add(plugin.findtext("odom_topic"))
        elif system == "JointStatePublisher":
            out.add(plugin.findtext("topic"))
            assert [e.text for e in plugin.findall("joint_name")] == list(STEER_NAMES)
        elif system == "TrackController":
            into.add(plugin.findtext("velocity_topic"))
        elif system in ("JointPositionController", "JointController"):
            into.add(plugin.findtext("topic"))
        else:
            assert system == "WheelSlip"
    return out, into


@pytest.mark.parametrize("drive", DRIVES)
def test_bridge_and_robot_description_name_the_same_topics(repository, bridge, drive):
    pytest.importorskip("xacro")
    model = rover_model(read_urdf(read_xacro(repository / DESCRIPTION, drive=drive)))
    out, into = topics_of_the_rover(model)
    told = {e["gz_topic_name"] for e in bridge if e["direction"] == "GZ_TO_ROS"}
    commanded = {e["gz_topic_name"] for e in bridge if e["direction"] == "ROS_TO_GZ"}
    assert told == out | {"/clock"}
    assert commanded == into | {f"/world/{WORLD_NAME}/light_config"}


def test_worlds_bear_the_name_and_the_sun_that_the_bridge_knows(repository):
    for path in (repository / "worlds").glob("*.sdf"):
        world = ElementTree.parse(path).getroot().find("world")
        assert world.get("name") == WORLD_NAME
        assert world.find("light").get("name") == SUN_NAME


def named_topics(path):
    """Topics that a node's source names, as a rover without a namespace has them; the units' are spelled out."""
    found = set()
    for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            found |= {f"/{item.value}"} if re.fullmatch(r"[a-z_]+(/[a-z_]+)+", item.value) else set()
        if isinstance(item, ast.JoinedStr):
            text = "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in item.values)
            if text.startswith("gazebo/{}/"):
                names = STEER_NAMES if text.endswith("angle") else DRIVE_NAMES
                found |= {f"/{text.format(name)}" for name in names}
    return found


def test_bridge_and_nodes_name_the_same_topics(repository, bridge, planned):
    package = repository / "src" / "lupex_simulator" / "lupex_simulator"
    adapter = named_topics(package / "gazebo" / "node.py")
    payload = named_topics(package / "payload" / "node.py")
    ours = {topic for topic in adapter | payload if topic.startswith("/gazebo/")}
    bridged = {f"/{entry['ros_topic_name']}" for entry in bridge}
    assert {topic for topic in bridged if topic.startswith("/gazebo/")} == ours
    # what does not go through a node of ours is a topic of the plan
    assert {topic for topic in bridged if not topic.startswith("/gazebo/")} <= planned
    assert {topic for topic in adapter if not topic.startswith(("/gazebo/", "/truth/"))} <= planned


@pytest.mark.parametrize("package", AUTONOMY)
def test_no_autonomy_node_knows_gazebo(repository, package):
    for path in modules(repository, package):
        assert "/gazebo/" not in path.read_text(encoding="utf-8"), path


LAUNCH_FILES = ("autonomy", "demo", "description", "embedded", "gazebo", "record", "rviz", "sim", "teleop")


def test_every_launch_file_is_read_and_short(repository):
    paths = sorted((repository / "launch").glob("*.launch.xml"))
    assert tuple(path.name.removesuffix(".launch.xml") for path in paths) == LAUNCH_FILES
    for path in paths:
        root = read_launch_file(path)
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60, path
        # an include outside of a group would leave its arguments behind
        assert not [child for child in root.children if child.tag == "include"], path


OWN = {
    "lupex_simulator": ("simulator", "payload", "gazebo_adapter", "camera_encoder", "robot_state_publisher"),
    "lupex_worlds": ("prepare_world",),
    "lupex_localization": ("localization",),
    "lupex_traversability": ("traversability",),
    "lupex_path_planning": ("path_planning",),
    "lupex_mobility": ("mobility", "drive_route"),
    "lupex_drill_control": ("drill_control",),
    "lupex_power_management": ("power_management",),
    "lupex_mission": ("mission",),
    "lupex_recorder": ("recorder",),
}
FOREIGN = {
    "ros_gz_bridge": ("parameter_bridge",),
    "robot_state_publisher": ("robot_state_publisher",),
    "rviz2": ("rviz2",),
}


def installation(root, repository, packages):
    """Make a prefix with packages whose executables do nothing; prepare_world answers as the real one does."""
    index = root / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    for package, names in {**packages, "lupex_bringup": ()}.items():
        (index / package).touch()
        share, binaries = root / "share" / package, root / "lib" / package
        share.mkdir(parents=True)
        binaries.mkdir(parents=True)
        for name in names:
            (binaries / name).write_text("#!/bin/sh\n")
            (binaries / name).chmod(0o755)
    share = root / "share" / "lupex_bringup"
    for folder in ("launch", "config", "description", "worlds"):
        (share / folder).symlink_to(repository / folder)
    (root / "lib" / "lupex_worlds" / "prepare_world").write_text(
        '#!/bin/sh\ncase "$*" in\n*"--simulator gazebo"*"--print world"*) printf /world ;;\n'
        "*--simulator\\ embedded*--print\\ world*) printf /world ;;\n"
        '*"--print gazebo"*) printf "/made of %s" "$*" | sed "s/ //g" ;;\n'
        '*"--print state"*) printf /state ;;\n*"--print utc_offset_s"*) printf 1.0 ;;\n'
        '*"--truth nominal --print truth_hash"*) printf 5ff1 ;;\n*"--print truth_hash"*) printf 0000 ;;\n'
        '*) echo "no such simulator" >&2; exit 2 ;;\nesac\n'
    )
    # as the real one, for what is installed here
    (root / "lib" / "lupex_simulator" / "state_publisher_package").write_text(
        f"#!/bin/sh\n[ -e {index}/robot_state_publisher ] && printf robot_state_publisher || printf lupex_simulator\n"
    )
    (root / "lib" / "lupex_simulator" / "state_publisher_package").chmod(0o755)
    (root / "bin").mkdir()
    (root / "bin" / "xacro").write_text('#!/bin/sh\necho "<robot/>"\n')
    (root / "bin" / "xacro").chmod(0o755)
    return {"AMENT_PREFIX_PATH": str(root), "PATH": f"{root / 'bin'}:/usr/bin:/bin"}


def processes(repository, environment, **arguments):
    specs = evaluate_file(repository / "launch" / "sim.launch.xml", {"record": "false", **arguments}, environment)
    return {spec.name: spec for spec in specs}


def test_what_is_not_asked_for_is_not_opened(repository, tmp_path):
    environment = installation(tmp_path, repository, OWN)
    names = set(processes(repository, environment))
    assert "simulator" in names
    assert not names & {"gazebo", "ros_gz_bridge", "gazebo_adapter", "payload", "rviz2"}
    with pytest.raises(LaunchError, match="there is no package 'ros_gz_bridge'"):
        processes(repository, environment, simulator="gazebo")
    with pytest.raises(LaunchError, match="there is no package 'rviz2'"):
        processes(repository, environment, rviz="true")


@pytest.mark.parametrize(("foreign", "package"), [({}, "lupex_simulator"), (FOREIGN, "robot_state_publisher")])
@pytest.mark.parametrize("simulator", ["embedded", "gazebo"])
def test_every_simulation_tells_the_description_and_the_joints_frames(
    repository, tmp_path, foreign, package, simulator
):
    bridge = {"ros_gz_bridge": ("parameter_bridge",)}
    environment = installation(tmp_path, repository, {**OWN, **bridge, **foreign})
    found = processes(repository, environment, simulator=simulator, namespace="r1")["robot_state_publisher"]
    assert found.package == package
    assert yaml.safe_load(found.parameters)["/r1/robot_state_publisher"]["ros__parameters"] == {
        "robot_description": "<robot/>\n",
        "publish_frequency": 5.0,
        "use_sim_time": True,
    }
    given = " ".join(found.command)
    for remap in ("joint_states:=mobility/joint_states", "/tf:=tf", "/tf_static:=tf_static", "/clock:=clock"):
        assert f"-r {remap}" in given
    assert "robot_state_publisher" not in processes(repository, environment, simulator=simulator, frames="false")


def test_each_rover_has_a_gazebo_of_its_own(repository, tmp_path):
    environment = installation(tmp_path, repository, {**OWN, "ros_gz_bridge": ("parameter_bridge",)})
    second = processes(repository, environment, simulator="gazebo", namespace="r2")
    for name in ("gazebo", "ros_gz_bridge"):
        assert second[name].environment["GZ_PARTITION"] == "r2"
    alone = processes(repository, environment, simulator="gazebo")
    assert "GZ_PARTITION" not in alone["gazebo"].environment
    named = processes(repository, {**environment, "GZ_PARTITION": "mine"}, simulator="gazebo")
    assert named["gazebo"].environment.get("GZ_PARTITION", "mine") == "mine"


TELEOP = {
    "joy": ("joy_node",),
    "teleop_twist_joy": ("teleop_node",),
    "teleop_twist_keyboard": ("teleop_twist_keyboard",),
}


def test_a_person_drives_by_joystick_or_keyboard(repository, tmp_path):
    environment = installation(tmp_path, repository, {**OWN, **TELEOP})
    path = repository / "launch" / "teleop.launch.xml"
    joystick = {spec.name: spec for spec in evaluate_file(path, {"namespace": "r1"}, environment)}
    assert set(joystick) == {"joy", "teleop"}
    given = yaml.safe_load(joystick["teleop"].parameters)["/r1/teleop"]["ros__parameters"]
    assert given["publish_stamped_twist"] is True
    assert given["require_enable_button"] is True
    assert (
        max(given["scale_linear.x"], given["scale_linear.y"])
        <= read_rover(repository / "config" / "rover.yaml").crawler.max_speed_mps
    )
    (keyboard,) = evaluate_file(path, {"namespace": "r1", "device": "keyboard"}, environment)
    assert "__ns:=/r1" in keyboard.command
    assert "stamped:=true" in keyboard.command


@pytest.mark.parametrize(
    ("device", "absent"), [("joystick", "there is no package 'joy'"), ("keyboard", "teleop_twist_keyboard")]
)
def test_a_device_whose_program_is_not_installed_is_one_sentence(repository, tmp_path, device, absent):
    environment = installation(tmp_path, repository, OWN)
    with pytest.raises(LaunchError, match=absent):
        evaluate_file(repository / "launch" / "teleop.launch.xml", {"device": device}, environment)


def test_the_recorder_is_told_the_world_and_the_hash_of_its_level(repository, tmp_path):
    environment = installation(tmp_path, repository, OWN)
    found = processes(repository, environment, record="true", world="plain", seed="4", truth="nominal", draw="7")
    recorder = yaml.safe_load(found["recorder"].parameters)["/recorder"]["ros__parameters"]
    told = [recorder[name] for name in ("world", "seed", "truth", "truth_hash", "draw")]
    assert told == ["plain", 4, "nominal", "5ff1", 7]
    assert recorder["everything"] is False
    found = processes(repository, environment, record="true", truth="nominal", record_all="true")
    assert yaml.safe_load(found["recorder"].parameters)["/recorder"]["ros__parameters"]["everything"] is True


def test_gazebo_takes_the_place_of_the_embedded_world(repository, tmp_path):
    environment = installation(tmp_path, repository, {**OWN, **FOREIGN})
    found = processes(repository, environment, simulator="gazebo", world="plain", seed="4", drive="bogies")
    assert {"gazebo", "ros_gz_bridge", "gazebo_adapter", "payload", "localization", "mission"} <= set(found)
    assert not {"simulator", "rviz2"} & set(found)
    server = found["gazebo"]
    # it stands until the payload node grants it steps
    assert server.command[:3] == ("gz", "sim", "-s")
    assert "-r" not in server.command
    assert server.command[-3:-1] == ("--initial-sim-time", "1000")
    made = server.command[-1].removesuffix(f"/{PACED_FILE}")
    assert "plain--seed4--truthkind--draw-1--drivebogies--printgazebo" in made
    assert server.environment["GZ_SIM_RESOURCE_PATH"] == f"{made}/models"
    assert "GZ_SIM_RESOURCE_PATH" not in found["localization"].environment
    payload, adapter = (
        yaml.safe_load(found[name].parameters)[f"/{name}"]["ros__parameters"] for name in ("payload", "gazebo_adapter")
    )
    assert payload["parts"] == "-vehicle,-lidar,-inertial"
    assert (payload["world"], payload["truth"], payload["draw"]) == ("/world", "kind", -1)
    assert (adapter["world"], adapter["truth"], adapter["draw"]) == ("/world", "kind", -1)
    assert adapter["drive"] == "bogies"
    assert (payload["world_control"], payload["max_speed_up"]) == (True, 0.0)
    assert found["ros_gz_bridge"].command[1] == f"/world/{WORLD_NAME}/control@ros_gz_interfaces/srv/ControlWorld"
    assert yaml.safe_load(found["ros_gz_bridge"].parameters)["/ros_gz_bridge"]["ros__parameters"][
        "config_file"
    ].endswith("config/ros_gz_bridge.yaml")


def test_real_time_on_request(repository, tmp_path):
    environment = installation(tmp_path, repository, {**OWN, **FOREIGN})
    found = processes(repository, environment, simulator="gazebo", paced="false")
    assert found["gazebo"].command[:4] == ("gz", "sim", "-r", "-s")
    assert found["gazebo"].command[-1].endswith("/world.sdf")
    assert yaml.safe_load(found["payload"].parameters)["/payload"]["ros__parameters"]["world_control"] is False


def test_pictures_are_recorded_on_request_with_room_for_them(repository, tmp_path):
    environment = installation(tmp_path, repository, {**OWN, **FOREIGN})
    for cameras, megabytes in (("false", 190.0), ("true", 2000.0)):
        found = processes(repository, environment, simulator="gazebo", record="true", cameras=cameras)
        assert ("camera_encoder" in found) == (cameras == "true")
        arguments = found["recorder"].command
        named = [arguments[at + 1] for at, word in enumerate(arguments) if word == "--params-file"]
        given = given_to([read_parameter_file(repository / "config" / Path(name).name) for name in named], "/recorder")
        assert given["limits.size_mb"].value == megabytes
    # the embedded world has no cameras
    assert "camera_encoder" not in processes(repository, environment, cameras="true")


def test_the_encoder_hears_what_the_bridge_tells(repository, bridge):
    named = named_topics(repository / "src/lupex_simulator/lupex_simulator/camera/node.py")
    heard = {topic for topic in named if topic.startswith("/camera/")}
    assert heard == {
        f"/{entry['ros_topic_name']}" for entry in bridge if entry["ros_type_name"] == "sensor_msgs/msg/Image"
    }


def test_a_window_and_rviz_on_request(repository, tmp_path):
    environment = installation(tmp_path, repository, {**OWN, **FOREIGN})
    found = processes(repository, environment, simulator="gazebo", headless="false", rviz="true")
    assert "-s" not in found["gazebo"].command
    assert found["rviz2"].command[found["rviz2"].command.index("-d") + 1].endswith("config/lupex.rviz")


def test_an_unknown_simulator_is_refused_before_anything_starts(repository, tmp_path):
    environment = installation(tmp_path, repository, OWN)
    with pytest.raises(LaunchError, match="no such simulator"):
        processes(repository, environment, simulator="webots")


def shown_topics(value):
    """Topic names anywhere in an RViz or Foxglove file."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from shown_topics(key)
            yield from shown_topics(item)
    elif isinstance(value, list):
        for item in value:
            yield from shown_topics(item)
    elif isinstance(value, str) and re.fullmatch(r"(/[a-z_]+)+(\.[a-z_]+)*", value):
        yield value


FIELDS = {
    "/plan/certificate": "ReturnCertificate",
    "/power/bus": "PowerBus",
    "/mobility/slip": "SlipEstimate",
    "/truth/state": "WorldTruth",
    "/drill/rig": "DrillRig",
    "/mission/status": "MissionStatus",
}


@pytest.mark.parametrize("name", ["lupex.rviz", "foxglove_layout.json"])
def test_what_is_shown_is_told(repository, planned, name):
    text = (repository / "config" / name).read_text(encoding="utf-8")
    content = yaml.safe_load(text) if name.endswith(".rviz") else json.loads(text)
    shown = set(shown_topics(content))
    assert {"/plan/path", "/traversability/costmap", "/lidar/points", "/odometry/global"} <= shown
    for item in shown:
        topic, _, field = item.partition(".")
        assert topic in planned or topic.startswith("/truth/"), item
        if field and topic in FIELDS:
            message = (repository / "src/lupex_interfaces/msg" / f"{FIELDS[topic]}.msg").read_text(encoding="utf-8")
            assert re.search(rf"^\S+ {field}\b", message, re.MULTILINE), item


def test_rviz_looks_at_the_map_and_at_the_robot(repository):
    content = yaml.safe_load((repository / "config" / "lupex.rviz").read_text(encoding="utf-8"))
    displays = content["Visualization Manager"]["Displays"]
    assert content["Visualization Manager"]["Global Options"]["Fixed Frame"] == "map"
    assert "rviz_default_plugins/RobotModel" in {display["Class"] for display in displays}
    assert len({display["Name"] for display in displays}) == len(displays)


def test_foxglove_panels_are_all_laid_out(repository):
    content = json.loads((repository / "config" / "foxglove_layout.json").read_text(encoding="utf-8"))

    def panels(node):
        return [node] if isinstance(node, str) else panels(node["first"]) + panels(node["second"])

    assert sorted(panels(content["layout"])) == sorted(content["configById"])
