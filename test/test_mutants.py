# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The known mutants can be made and have tests; none is run here: `python -m benchmarks.truth.mutants` does."""

import ast
import dataclasses
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.truth.mutants import KNOWN, Mutant, MutantError, failed, mutated

NAMES = [mutant.name for mutant in KNOWN]


def test_there_are_the_twelve_of_them():
    assert len(set(NAMES)) == len(KNOWN) == 12


@pytest.mark.parametrize("mutant", KNOWN, ids=NAMES)
def test_what_a_mutant_changes_is_there_once(repository, mutant):
    before = (repository / mutant.file).read_text(encoding="utf-8")
    after = mutated(repository, mutant)
    assert after != before
    assert len(after) == len(before) - len(mutant.old) + len(mutant.new)
    # a fault in what it does, not in its grammar
    ast.parse(after)


@pytest.mark.parametrize("mutant", KNOWN, ids=NAMES)
def test_the_tests_of_a_mutant_are_there(repository, mutant):
    assert mutant.tests
    for node in mutant.tests:
        file, _, name = node.partition("::")
        tree = ast.parse((repository / file).read_text(encoding="utf-8"))
        assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}, node


@pytest.mark.parametrize(("text", "count"), [("", 0), ("here\nand here\n", 2)])
def test_code_that_has_moved_on_is_told(tmp_path, text, count):
    (tmp_path / "code.py").write_text(text)
    with pytest.raises(MutantError, match=f"mutant 'one': code.py holds 'here' {count} times instead of once"):
        mutated(tmp_path, Mutant("one", "code.py", "here", "there", ("test.py::test",)))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(MutantError, match=r"absent.py cannot be read \(No such file"):
        mutated(tmp_path, Mutant("one", "absent.py", "here", "there", ("test.py::test",)))


@pytest.fixture
def small(tmp_path):
    """A repository of one room."""
    (tmp_path / "src").mkdir()
    (tmp_path / "test").mkdir()
    (tmp_path / "test_small.py").write_text(
        "import pytest\n"
        "def test_fails():\n    assert False\n"
        "def test_holds():\n    assert True\n"
        "@pytest.mark.parametrize('k', [1, 2])\ndef test_fails_once(k):\n    assert k == 1\n"
        "@pytest.fixture\ndef broken():\n    raise OSError\n"
        "def test_broken(broken):\n    assert False\n"
    )
    return tmp_path


def test_tests_that_fail_are_told_from_those_that_hold_and_those_that_cannot_be_run(small):
    tests = ["test_small.py::test_fails", "test_small.py::test_holds", "test_small.py::test_fails_once"]
    assert failed(small, tests) == {tests[0], tests[2]}
    for wrong in ("test_small.py::test_broken", "test_small.py::test_absent"):
        with pytest.raises(MutantError, match="cannot be run"):
            failed(small, [wrong])


def test_a_mutant_is_what_it_is():
    with pytest.raises(dataclasses.FrozenInstanceError):
        KNOWN[0].name = "another"
