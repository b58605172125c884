# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import os
import re
import signal
import subprocess
import sys

import pytest

from lupex_cli.launch import is_failure, main, parse_arguments
from lupex_launch.description import LaunchError
from lupex_launch.supervisor import ProcessExit, describe_exit


@pytest.fixture
def file(tmp_path):
    def write(body):
        path = tmp_path / "a.launch.xml"
        path.write_text(f"<launch>{body}</launch>")
        return str(path)

    return write


def end(code, respawning=False, stopping=False):
    return ProcessExit("a", "a-1", 7, code, respawning, stopping)


def test_arguments_are_names_and_values():
    assert parse_arguments(["a:=1", "b:=x:=y", "c:="]) == {"a": "1", "b": "x:=y", "c": ""}


@pytest.mark.parametrize("word", ["a", "a=1", ":=1"])
def test_other_words_are_refused(word):
    with pytest.raises(LaunchError, match=f"'{word}' is no launch argument: write name:=value"):
        parse_arguments([word])


@pytest.mark.parametrize(
    ("ended", "failure"),
    [
        (end(0), False),
        (end(1), False),
        (end(-signal.SIGSEGV), False),
        (end(2), True),
        (end(2, respawning=True), True),
        (end(2, stopping=True), False),
        (end(1, respawning=True), False),
        (end(-signal.SIGINT, stopping=True), False),
        (end(1, stopping=True), False),
        (end(-signal.SIGKILL, stopping=True), True),
    ],
)
def test_which_ends_fail_the_launch(ended, failure):
    assert is_failure(ended) is failure


def test_ends_are_told_in_words():
    assert describe_exit(end(0)) == "[INFO] [a-1]: process has finished cleanly [pid 7]"
    assert describe_exit(end(3)) == "[ERROR] [a-1]: process has died [pid 7, exit code 3]"
    told = "[ERROR] [a-1]: process has died [pid 7, exit code -9, SIGKILL]; it will be respawned"
    assert describe_exit(end(-9, respawning=True)) == told


def test_the_arguments_of_a_file_are_shown(file, capsys):
    assert main([file("<arg name='w' default='ridge' description='which world'/><arg name='s'/>"), "--show-args"]) == 0
    shown = capsys.readouterr().out
    assert "  w  (default: 'ridge')\n      which world\n  s  (required)" in shown


def test_a_file_without_arguments_says_so(file, capsys):
    assert main([file(""), "--show-args"]) == 0
    assert "takes no launch arguments" in capsys.readouterr().out


def test_a_dry_run_prints_and_starts_nothing(file, capsys, prefix, monkeypatch):
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix))
    body = """<set_env name='MODE' value='a b'/>
      <node pkg='rover' exec='drive' name='d' respawn='true' respawn_delay='1'><param name='p' value='1'/></node>"""
    assert main([file(body), "--print"]) == 0
    printed = capsys.readouterr().out
    assert f"[d-1] MODE='a b' {prefix}/lib/rover/drive --ros-args -r __node:=d" in printed
    assert "respawned after 1 s" in printed
    assert "p: 1" in printed


def test_starts_and_ends_are_told_as_ros2_launch_tells_them_and_the_output_is_prefixed(file, capsys):
    assert main([file("<executable cmd='echo one' output='screen'/><executable cmd='echo two'/>")]) == 0
    shown = capsys.readouterr().out
    assert re.sub(r"\d{2,}", "PID", "\n".join(sorted(shown.splitlines()))) == "\n".join(
        [
            "[INFO] [echo-1]: process has finished cleanly [pid PID]",
            "[INFO] [echo-1]: process started with pid [PID]",
            "[INFO] [echo-2]: process has finished cleanly [pid PID]",
            "[INFO] [echo-2]: process started with pid [PID]",
            "[echo-1] one",
        ]
    )
    lines = shown.splitlines()
    assert lines.index("[echo-1] one") > next(
        at for at, line in enumerate(lines) if "[echo-1]: process started" in line
    )


def test_a_process_that_fails_is_told_and_does_not_fail_the_launch(file, capsys):
    """As with ros2 launch 3.4."""
    assert main([file("<executable cmd='sh -c \"exit 4\"' name='s'/>")]) == 0
    assert re.search(r"^\[ERROR\] \[s-1\]: process has died \[pid \d+, exit code 4\]$", capsys.readouterr().err, re.M)


def test_a_refusal_ends_the_launch_although_the_process_is_to_be_respawned(file, capsys):
    body = """<executable cmd='sh -c "exit 2"' name='s' respawn='true'/><executable cmd='sleep 3600' name='t'/>"""
    assert main([file(body)]) == 1
    out, err = capsys.readouterr()
    assert err.count("process has died") == 1
    assert "respawned" not in err
    assert out.count("[s-1]: process started") == 1


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A package `rover` with launch files here and there."""
    (tmp_path / "share/ament_index/resource_index/packages").mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/rover").touch()
    for folder, name in (("launch", "a.launch.xml"), ("launch", "b.launch.xml"), ("more", "b.launch.xml")):
        path = tmp_path / "share/rover" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<launch><arg name='w' default='1'/><executable cmd='echo $(var w)' output='screen'/></launch>")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))


def test_a_file_is_found_in_a_package(packages, capsys):
    assert main(["rover", "a.launch.xml", "w:=7"]) == 0
    assert "[echo-1] 7\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rover", "a.launch.xml", "v:=7"], "there is no launch argument 'v'"),
        (["rover", "a.launch.xml", "w"], "'w' is no launch argument"),
        (["rover", "c.launch.xml"], "the package 'rover' has no file 'c.launch.xml'"),
        (["rover", "b.launch.xml"], "the package 'rover' has several files 'b.launch.xml'"),
        (["mars", "a.launch.xml"], "there is no package 'mars'"),
    ],
)
def test_what_a_package_does_not_have_is_one_sentence(packages, capsys, words, message):
    assert main(words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a:=1"], "there is no launch argument 'a'"),
        (["a"], "'a' is no launch argument"),
    ],
)
def test_wrong_arguments_are_one_sentence(file, capsys, arguments, message):
    assert main([file(""), *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_program_that_is_missing_is_one_sentence(file, capsys):
    assert main([file("<executable cmd='no-such-program'/>")]) == 1
    assert "a.launch.xml:1: 'no-such-program' is no program" in capsys.readouterr().err


def test_a_name_is_looked_up_in_the_bringup_package(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    assert main(["sim.launch.xml"]) == 1
    assert "sim.launch.xml does not exist here, and there is no package 'lupex_bringup'" in capsys.readouterr().err
    (tmp_path / "share/ament_index/resource_index/packages").mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/lupex_bringup").touch()
    directory = tmp_path / "share/lupex_bringup/launch"
    directory.mkdir(parents=True)
    (directory / "sim.launch.xml").write_text("<launch/>")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    assert main(["sim.launch.xml", "--print"]) == 0
    assert main(["smi.launch.xml"]) == 1
    assert "which has sim.launch.xml" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_brings_everything_down_cleanly(file, number):
    path = file(
        f"<executable cmd='{sys.executable} -c &quot;import time; print(1, flush=True); time.sleep(3600)&quot;'"
        " name='a' output='screen'/>"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "lupex_cli.launch", path], stdout=subprocess.PIPE, text=True, env=environment
    ) as launcher:
        assert "process started" in launcher.stdout.readline()
        assert launcher.stdout.readline() == "[a-1] 1\n"
        launcher.send_signal(number)
        assert launcher.wait(timeout=30) == 0


def test_a_reader_that_leaves_ends_the_launch(file):
    path = file(f"<executable cmd='{sys.executable} -c &quot;while True: print(1)&quot;' name='a' output='screen'/>")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "lupex_cli.launch", path], stdout=subprocess.PIPE, text=True, env=environment
    ) as launcher:
        assert "process started" in launcher.stdout.readline()
        assert launcher.stdout.readline() == "[a-1] 1\n"
        launcher.stdout.close()
        assert launcher.wait(timeout=30) == 0
