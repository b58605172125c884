# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The process of a node: what it is given and refuses, and how signals end it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.node
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")

from rclpy.context import Context  # noqa: E402

from lupex_models.configuration import setting  # noqa: E402
from lupex_node.bare_node import BareNode  # noqa: E402
from lupex_node.parameter_files import given_to, read_parameter_file  # noqa: E402
from lupex_node.ros.description import given_parameters  # noqa: E402
from lupex_node.ros.process import parameter_files, run  # noqa: E402


@dataclass(frozen=True)
class PlainConfig:
    gain: float = setting(2.0, "a number", minimum=0, maximum=10)
    ways: tuple[str, ...] = setting(("a",), "a list")


class Plain(BareNode[PlainConfig]):
    """Ends as soon as it is wired, and tells what it was given."""

    NAME, CONFIG = "plain", PlainConfig

    def wire(self):
        self.port.end(0, f"gain {self.config.gain:g} ways {' '.join(self.config.ways)} as {self.port.source}")


@pytest.fixture(autouse=True)
def signals_restored():
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def block(text, name="plain"):
    return f"{name}:\n  ros__parameters: {text}\n"


@pytest.mark.parametrize(
    ("file", "arguments", "words"),
    [
        (block("{gian: 3.0}"), [], "/x.yaml: unknown key 'gian'; did you mean 'gain'?"),
        (block("{gain: 30.0}"), [], "/x.yaml: 'gain' is 30.0 but takes a number from 0 up to 10"),
        (block("{gain: three}"), [], "/x.yaml: 'gain' is 'three' but takes a number"),
        (block("{gain: 3.0}", "plian"), [], "/x.yaml: has no block for the node /plain, only for /plian"),
        (block("{gain: 3.0}"), ["-r", "__ns:=/r1"], "has no block for the node /r1/plain, only for /plain"),
        (block("{gain: 3.0}"), ["-r", "__node:=other"], "has no block for the node /other, only for /plain"),
        (block("{ways: [1, a]}"), [], "/x.yaml: 'ways' is a list of more than one type"),
        ("plain: [1\n  a: b", [], "/x.yaml: is not YAML: "),
        ("plain:\n  gain: 3.0\n", [], "/x.yaml: '/plain/gain' holds no ros__parameters"),
        (block("{use_sim_time: maybe}"), [], "'use_sim_time' to 'maybe' of type 'STRING', expecting type 'BOOL'"),
        (None, ["-p", "use_sim_time:=maybe"], "expecting type 'BOOL'"),
        (None, ["-p", "start_type_description_service:=3"], "expecting type 'BOOL'"),
        (None, ["-p", "qos_overrides./clock.x:=1"], "unknown key 'qos_overrides./clock.x'"),
        (None, ["-p", "gian:=3.0"], "parameters of node /plain: unknown key 'gian'"),
        (None, ["-p", "gain"], "Couldn't parse parameter override rule: '-p gain'"),
        (None, ["-p", "gain:=["], "Couldn't parse parameter override rule"),
        (None, ["--foo"], "['--foo']"),
        (None, ["-r", "__node:=8/a"], "Couldn't parse remap rule"),
        (None, ["--params-file", "/nowhere.yaml"], "/nowhere.yaml: the parameter file cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_2(tmp_path, capfd, file, arguments, words):
    if file is not None:
        (tmp_path / "x.yaml").write_text(file)
        arguments = ["--params-file", str(tmp_path / "x.yaml"), *arguments]
    assert run(Plain, ["--ros-args", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err
    assert "/project/" not in err


@pytest.mark.parametrize(
    ("name", "arguments", "full"),
    [
        ("/**", ["-r", "__ns:=/r1"], "/r1/plain"),
        ("/**/plain", ["-r", "__ns:=/r1"], "/r1/plain"),
        ("/r1/plain", ["-r", "__ns:=/r1"], "/r1/plain"),
        ("other", ["-r", "__node:=other"], "/other"),
    ],
)
def test_files_combine_and_blocks_are_keyed_by_namespace_and_name(tmp_path, capfd, name, arguments, full):
    (tmp_path / "a.yaml").write_text(block("{gain: 3.0, ways: [b]}", name) + block("{speed: 1.0}", "/r9/somebody"))
    (tmp_path / "b.yaml").write_text(block("{gain: 4.0}", name))
    files = [word for file in ("a", "b") for word in ("--params-file", str(tmp_path / f"{file}.yaml"))]
    assert run(Plain, ["--ros-args", *files, *arguments]) == 0
    assert capfd.readouterr().out == f"{full.split('/')[-1]}: gain 4 ways b as parameters of node {full}\n"


def test_the_files_of_a_command_line_are_those_that_ros_is_given():
    words = ["x", "--params-file", "a", "--ros-args", "-p", "b:=1", "--params-file", "c", "--", "--params-file", "d"]
    assert parameter_files([*words, "--ros-args", "--params-file", "e", "--params-file"]) == ["c", "e"]


NODE = """
import sys
from dataclasses import dataclass
from lupex_node.bare_node import BareNode
from lupex_node.ros.process import run

@dataclass(frozen=True)
class Config:
    pass

class Waiting(BareNode[Config]):
    NAME, CONFIG, MAKES_TIME = "waiting", Config, "time" in sys.argv

    def wire(self):
        print("wiring", flush=True)
        sys.stdin.readline()
        self.port.publisher(Header, "/a", PROFILE)
        self.port.upkeep(0.01, self.tell)

    def tell(self):
        print("up", flush=True)

from std_msgs.msg import Header
from lupex_node.qos import STATE as PROFILE
sys.exit(run(Waiting, []))
"""


@pytest.mark.parametrize("makes_time", [False, True])
@pytest.mark.parametrize("early", [False, True])
def test_signals_end_a_node_with_0_and_no_word(makes_time, early):
    """SIGINT from the terminal and SIGTERM from the launcher, while it is wired and while it runs."""
    with subprocess.Popen(
        [sys.executable, "-c", NODE, *(["time"] if makes_time else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout.readline() == "wiring\n"
        if not early:
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate("\n", timeout=60)
        assert process.returncode == 0
        assert err == ""
        assert set(out.splitlines()) <= {"up"}


LAUNCHER = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: print("told to end", flush=True))
code = "from lupex_node.ros.refusal import end_launch; print(end_launch())"
print(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True).stdout, end="")
"""


@pytest.mark.parametrize(
    ("program", "verb", "asked", "told"),
    [
        ("ros2", "launch", "1", "told to end\nTrue\n"),
        ("ros2", "launch", "", "False\n"),
        ("ros2", "run", "1", "False\n"),
        ("lupex", "launch", "1", "False\n"),
    ],
)
def test_a_refusal_ends_ros2_launch_where_the_launch_file_asks_for_it(tmp_path, program, verb, asked, told):
    (tmp_path / program).write_text(LAUNCHER)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LUPEX_REFUSAL_ENDS_LAUNCH": asked}
    command = [sys.executable, str(tmp_path / program), verb, "lupex_bringup", "sim.launch.xml"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True, timeout=60)
    assert done.stdout == told


@pytest.mark.parametrize(
    "blocks",
    [
        [("n", "{a: 1, b: 1}"), ("/**", "{a: 2}")],
        [("/**", "{a: 2, b: 2}"), ("n", "{a: 1}"), ("/**", "{a: 3, b: 3}")],
        [("/*/n", "{a: 1}"), ("/r/n", "{a: 2}"), ("/r/*", "{a: 3}"), ("/*/n", "{a: 4}"), ("/r/n", "{b: 5}")],
        [("/**/n", "{a: {b: 1}}"), ("/r/n", "{a.b: 2, c: [1, 2]}")],
    ],
)
@pytest.mark.parametrize("namespace", ["", "/r"])
def test_files_are_read_as_rcl_reads_them(tmp_path, blocks, namespace):
    files = []
    for number, (name, text) in enumerate([*blocks, ("/**/n", "{z: 1}")]):
        files.append(tmp_path / f"{number}.yaml")
        files[-1].write_text(block(text, name) + block("{y: 1}", "/**/*"))
    words = ["--ros-args", *(word for file in files for word in ("--params-file", str(file)))]
    context = Context()
    rclpy.init(args=words, context=context)
    node = rclpy.create_node("n", namespace=namespace, context=context)
    read = given_parameters(node)
    node.destroy_node()
    rclpy.shutdown(context=context)
    given = given_to([read_parameter_file(file) for file in files], f"{namespace}/n")
    assert {key: one.value for key, one in given.items()} == read
