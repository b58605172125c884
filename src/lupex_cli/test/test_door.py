# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import os
import signal
import sys
from pathlib import Path

import pytest

from lupex_cli import door, testing


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Make a repository that has the code of `launch` and `bench` and of no other command."""
    package = tmp_path / "src" / "lupex_cli" / "lupex_cli"
    package.mkdir(parents=True)
    (package / "launch.py").touch()
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "run.py").write_text(
        "import sys\nprint(sys.argv[1:])\nsys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else None)\n"
    )
    monkeypatch.setenv("LUPEX_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["lupex"])
    return tmp_path


@pytest.mark.parametrize("word", [[], ["help"], ["-h"], ["--help"]])
def test_help_lists_the_commands_that_are_there(root, capsys, word):
    assert door.main(word) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: ./lupex COMMAND [ARGUMENTS]"
    assert [line.split()[1] for line in lines[2:]] == ["launch", "bench"]


@pytest.mark.parametrize("words", [["dmeo"], ["check", "dmeo"], ["demo"]])
def test_an_unknown_command_is_refused_with_the_list(root, capsys, words):
    assert door.main(words) == 2
    error = capsys.readouterr().err
    assert f"there is no command '{words[-1]}'" in error
    assert "./lupex launch" in error


def test_a_check_runs_nothing(root, capsys):
    assert door.main(["check", "bench"]) == 0
    assert capsys.readouterr().out == ""


def test_a_script_gets_its_arguments_and_gives_its_exit_code(root, capsys):
    assert door.main(["bench"]) == 0
    assert door.main(["bench", "3", "--json"]) == 3
    assert "['3', '--json']" in capsys.readouterr().out


def test_a_module_gets_its_arguments(root, capsys):
    assert door.main(["launch", "/no/such.launch.xml"]) == 1
    assert "/no/such.launch.xml: the launch file cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("hidden", [False, True])
def test_an_interrupt_is_one_line_whatever_it_was_turned_into(root, capsys, monkeypatch, hidden):
    def interrupted(command, arguments, root):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            if hidden:
                raise SystemError("no compiled object yet") from None
            raise

    monkeypatch.setattr(door, "run", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert door.main(["launch", "x"]) == 130
    assert capsys.readouterr().err == "lupex launch: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_an_error_of_a_command_is_not_dressed_up(root, monkeypatch):
    def broken(command, arguments, root):
        raise SystemError

    monkeypatch.setattr(door, "run", broken)
    with pytest.raises(SystemError):
        door.main(["launch", "x"])


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (5, 5), ("a sentence", 1)])
def test_exit_codes(result, code, capsys):
    assert door.exit_code(result) == code
    assert capsys.readouterr().err == ("a sentence\n" if code == 1 else "")


def test_every_command_of_the_repository_can_be_found_from_its_own_place():
    root = Path(door.__file__).resolve().parents[3]
    assert {"launch", "test", "doctor", "setup"} <= {command.name for command in door.available(root)}


@pytest.mark.parametrize(
    ("words", "level", "rest"),
    [
        ([], None, []),
        (["node"], "node", []),
        (["unit", "-x"], "unit", ["-x"]),
        (["-k", "node"], None, ["-k", "node"]),
        (["src"], None, ["src"]),
    ],
)
def test_a_level_comes_first(words, level, rest):
    assert testing.split_level(words) == (level, rest)


@pytest.mark.parametrize(
    ("level", "expression"),
    [
        (None, None),
        ("all", None),
        ("node", "node"),
        ("gazebo", "gazebo"),
        ("unit", "not property and not golden and not node and not system and not gazebo"),
    ],
)
def test_levels_are_marks(level, expression):
    assert testing.marker_expression(level) == expression


def test_paths_are_relative_to_where_the_user_stands(tmp_path):
    (tmp_path / "test_a.py").touch()
    arguments = testing.pytest_arguments(
        "golden", ["test_a.py::test_b", "-k", "none.py", "-x"], tmp_path, Path("/cache")
    )
    assert arguments == [
        *("-m", "golden", "-o", "cache_dir=/cache/pytest", "-o", "pythonpath=test"),
        *(f"{tmp_path}/test_a.py::test_b", "-k", "none.py", "-x"),
    ]


def test_what_gazebo_shows_is_written_where_the_user_stands(tmp_path):
    assert testing.pytest_arguments("gazebo", [], tmp_path, None) == [
        *("-m", "gazebo", f"--gazebo-out={tmp_path}/lupex-gazebo")
    ]
    given = ["--gazebo-out=/elsewhere", "-x"]
    assert testing.pytest_arguments("gazebo", given, tmp_path, None) == ["-m", "gazebo", *given]
    assert not any("gazebo-out" in word for word in testing.pytest_arguments("node", [], tmp_path, None))


@pytest.mark.parametrize("level", [None, "all"])
def test_only_the_whole_is_shared_by_two_processes(tmp_path, level):
    pytest.importorskip("xdist")
    assert testing.pytest_arguments(level, [], tmp_path, None) == ["-n", "2", "--no-loadscope-reorder"]
    assert testing.pytest_arguments(level, ["-x"], tmp_path, None) == ["-x"]
    assert "-n" not in testing.pytest_arguments("golden", [], tmp_path, None)


def test_what_is_set_already_is_left_alone(monkeypatch):
    monkeypatch.setenv("RUFF_CACHE_DIR", "/elsewhere")
    monkeypatch.delenv("MYPY_CACHE_DIR", raising=False)
    variables = testing.environment(Path("/cache"))
    assert "RUFF_CACHE_DIR" not in variables
    assert variables["MYPY_CACHE_DIR"] == "/cache/mypy"


def test_the_linters_see_every_package(tmp_path):
    for name in ("b", "a"):
        (tmp_path / "src" / name / name).mkdir(parents=True)
        (tmp_path / "src" / name / name / "__init__.py").touch()
    packages = testing.python_packages(tmp_path)
    assert packages == ["src/a/a", "src/b/b"]
    assert testing.lint_commands(packages)[-1] == ["mypy", "src/a/a", "src/b/b"]


def test_the_first_linter_that_complains_ends_the_linting(tmp_path, monkeypatch, capfd):
    (tmp_path / "complains.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    commands = [["no_such_linter"], ["complains"], ["timeit", "-n1", "print('not reached')"]]
    monkeypatch.setattr(testing, "lint_commands", lambda _: commands)
    assert testing.lint(tmp_path) == 3
    output = capfd.readouterr().out
    assert "no_such_linter is not installed: skipped." in output
    assert "not reached" not in output


def test_the_levels_of_the_tests_are_explained(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lupex test", "--help"])
    assert testing.main() == 0
    assert "LEVEL is one of lint, unit, property, golden, node, system, gazebo, all" in capsys.readouterr().out
