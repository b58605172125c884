# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A kernel that was compiled from a file as it was before is compiled anew."""

import os
import subprocess
import sys

import pytest

from lupex_cli.stale_kernels import Source, dependents, forget_stale, imports, module_name

CALLEE = "from numba import njit\n\n\n@njit(cache=True)\ndef slip():\n    return {value}\n"
CALLER = (
    "from numba import njit\n\nfrom pack.deep import callee\nfrom pack.constants import MASS\n\n"
    "slip = callee.slip\n\n\n@njit(cache=True)\ndef price():\n    return slip() * MASS\n"
)
LONER = "from numba import njit\n\n\n@njit(cache=True)\ndef alone():\n    return 7.0\n"
ASKED = "from pack import caller, loner\nprint(caller.price(), loner.alone())"


@pytest.fixture
def workspace(tmp_path):
    package = tmp_path / "src" / "src" / "pack" / "pack"
    (package / "deep").mkdir(parents=True)
    (package / "deep" / "callee.py").write_text(CALLEE.format(value="2.0"))
    (package / "constants.py").write_text("MASS = 10.0\n")
    (package / "caller.py").write_text(CALLER)
    (package / "loner.py").write_text(LONER)
    return tmp_path


def asked(workspace):
    """Return what a process of its own gets from the kernels."""
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(workspace / "numba"),
        "PYTHONPATH": f"{workspace}/src/src/pack:{os.environ.get('PYTHONPATH', '')}",
    }
    ran = subprocess.run(
        [sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=True, cwd=workspace
    )
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("edited", "text", "price"),
    [("deep/callee.py", CALLEE.format(value="30.0"), "300.0"), ("constants.py", "MASS = 100.0\n", "200.0")],
)
def test_what_a_kernel_took_from_a_file_that_changed_is_compiled_anew(workspace, edited, text, price):
    forget_stale(workspace)
    assert asked(workspace) == ["20.0", "7.0"]
    (workspace / "kernels").write_text("all")
    (workspace / "src/src/pack/pack" / edited).write_text(text)
    assert asked(workspace) == ["20.0", "7.0"], "numba sees it by itself: this file is no longer needed"
    assert forget_stale(workspace) > 0
    assert not (workspace / "kernels").exists()
    assert list(workspace.glob("numba/pack_*/loner.*.nbi"))
    assert asked(workspace) == [price, "7.0"]
    assert forget_stale(workspace) == 0


@pytest.mark.parametrize("record", [None, "{", "[]", '{"a": 1}'])
def test_without_a_record_that_can_be_read_all_go(workspace, record):
    asked(workspace)
    if record is not None:
        (workspace / "sources.json").write_text(record)
    assert forget_stale(workspace) == 3
    assert not list(workspace.glob("numba/*/*.nbi"))


def test_a_file_that_is_gone_takes_what_used_it_along(workspace):
    forget_stale(workspace)
    asked(workspace)
    (workspace / "src/src/pack/pack/constants.py").unlink()
    assert forget_stale(workspace) == 1


def test_a_workspace_that_was_never_built_is_left_alone(tmp_path):
    assert forget_stale(tmp_path) == 0
    assert not list(tmp_path.iterdir())


def test_users_are_followed_through_however_many_files_and_in_circles():
    sources = {
        f"src/p/p/{name}.py": Source((0, 0), frozenset(uses))
        for name, uses in {"a": ["p.c"], "b": ["p.a"], "c": ["p.b"], "d": ["p.b"], "e": []}.items()
    }
    assert dependents(["src/p/p/b.py"], sources) == {f"src/p/p/{name}.py" for name in "abcd"}
    assert dependents(["src/p/p/e.py"], sources) == {"src/p/p/e.py"}


def test_imports_of_every_form_are_seen():
    text = (
        "import p.a\ndef f():\n    from p.b import (\n        c as d,\n        e)\nfrom . import g\nfrom .h import i\n"
    )
    assert imports(text, "q.r") == {"p.a", "p.b", "p.b.c", "p.b.e", "q", "q.g", "q.h", "q.h.i"}
    assert imports("from . import g", "q", is_package=True) == {"q", "q.g"}
    assert imports("def f(:", "q") == frozenset()


def test_a_file_is_named_as_it_is_imported():
    assert module_name("src/lupex_models/lupex_models/soil.py") == "lupex_models.soil"
    assert module_name("src/lupex_models/lupex_models/__init__.py") == "lupex_models"
    assert module_name("test/lupex_system_tests/budget.py") == "lupex_system_tests.budget"
    assert module_name("benchmarks/models/kernels.py") == "benchmarks.models.kernels"
