# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import os
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
        (end(1), True),
        (end(-signal.SIGSEGV), True),
        (end(1, respawning=True), False),
        (end(-signal.SIGINT, stopping=True), False),
        (end(1, stopping=True), False),
        (end(-signal.SIGKILL, stopping=True), True),
    ],
)
def test_which_ends_fail_the_launch(ended, failure):
    assert is_failure(ended) is failure


def test_ends_are_told_in_words():
    assert describe_exit(end(3)) == "[a-1] ended with exit code 3 (pid 7)"
    assert describe_exit(end(-9, respawning=True)) == "[a-1] was ended by SIGKILL (pid 7), and will be respawned"


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


def test_the_output_is_prefixed_and_the_exit_code_clean(file, capsys):
    assert main([file("<executable cmd='echo one' output='screen'/><executable cmd='echo two'/>")]) == 0
    assert capsys.readouterr().out == "[echo-1] one\n"


def test_a_process_that_fails_fails_the_launch(file, capsys):
    assert main([file("<executable cmd='sh -c \"exit 4\"' name='s'/>")]) == 1
    assert "[s-1] ended with exit code 4" in capsys.readouterr().err


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
        assert launcher.stdout.readline() == "[a-1] 1\n"
        launcher.send_signal(number)
        assert launcher.wait(timeout=30) == 0


def test_a_reader_that_leaves_ends_the_launch(file):
    path = file(f"<executable cmd='{sys.executable} -c &quot;while True: print(1)&quot;' name='a' output='screen'/>")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "lupex_cli.launch", path], stdout=subprocess.PIPE, text=True, env=environment
    ) as launcher:
        assert launcher.stdout.readline() == "[a-1] 1\n"
        launcher.stdout.close()
        assert launcher.wait(timeout=30) == 0
