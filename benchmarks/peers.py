# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The other programs that ours is measured against: pinned in locks/, installed on demand into the cache.

Never into the workspace's environment: a peer is seen by the benchmark's process alone, and takes numpy from it.
"""

import hashlib
import importlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

LOCKS = Path(__file__).parent / "locks"

_NO_NETWORK = ("connection broken by", "Could not fetch URL", "Name or service not known", "Temporary failure in name")


class PeerError(Exception):
    """A peer cannot be had; the message is one sentence."""


class Peers:
    """Peers by name, as modules; remembers the versions of those that were found and says why others were not."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._found: dict[str, ModuleType | None] = {}
        self.versions: dict[str, str] = {}

    def __call__(self, name: str) -> ModuleType | None:
        """Return the peer's top module, or None after having said in one sentence why there is none."""
        if name not in self._found:
            try:
                directory = install(name, self._say)
                self._found[name], self.versions[name] = _load(name, directory)
            except PeerError as error:
                self._say(f"{error} The benchmark runs without {name}.")
                self._found[name] = None
        return self._found[name]


def cache_directory() -> Path:
    """Return the project's directory in the user's cache. Raises PeerError when neither variable gives a path."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = os.environ.get("HOME", "")
        if not os.path.isabs(home):
            raise PeerError("Neither HOME nor XDG_CACHE_HOME is an absolute path: set one of them.")
        base = os.path.join(home, ".cache")
    return Path(base) / "lupex"


def directory_of(name: str) -> Path:
    """Return where a peer is installed: its name follows its locks, this Python, numpy and machine."""
    digest = hashlib.sha256()
    for lock in _locks(name):
        digest.update(lock.read_bytes())
    numpy_version = importlib.import_module("numpy").__version__
    digest.update(f"{sys.version_info[:2]} {platform.machine()} {numpy_version}".encode())
    return cache_directory() / f"peers-{digest.hexdigest()[:16]}"


def install(name: str, say: Callable[[str], None]) -> Path:
    """Return the directory of a peer, installed now if it was not: complete, or not there at all.

    Raises PeerError in one sentence when there is no network, no compiler, or another reason.
    """
    target = directory_of(name)
    if target.is_dir():
        return target
    say(f"installing {name}, once, into {target}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    except OSError as error:
        raise PeerError(f"{name} cannot be installed: {target.parent} cannot be written ({error.strerror}).") from error
    try:
        lock, *build = _locks(name)
        environment = dict(os.environ)
        if build:
            # Its build tools are for this one installation only.
            _pip(name, build[0], made / "build", environment)
            environment["PYTHONPATH"] = os.pathsep.join([str(made / "build"), environment.get("PYTHONPATH", "")])
        _pip(name, lock, made / "peer", environment, "--no-build-isolation")
        try:
            (made / "peer").rename(target)
        except OSError:
            # Another run was quicker.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def _locks(name: str) -> list[Path]:
    lock = LOCKS / f"{name}.txt"
    if not lock.is_file():
        raise PeerError(f"There is no peer '{name}' in {LOCKS}.")
    build = LOCKS / f"{name}.build.txt"
    return [lock, build] if build.is_file() else [lock]


def _pip(name: str, lock: Path, target: Path, environment: dict[str, str], *options: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"),
            *("--no-cache-dir", "--no-deps", "--require-hashes", "--target", str(target), *options, "-r", str(lock)),
        ],
        env={**environment, "PIP_USER": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    output = done.stdout + done.stderr
    if any(sign in output for sign in _NO_NETWORK):
        raise PeerError(
            f"{name} is not installed yet and the Python package index cannot be reached: connect to the network, "
            "needed once."
        )
    errors = [line for line in output.splitlines() if line.lower().lstrip().startswith("error")]
    reason = (errors or output.splitlines() or ["pip gave no reason"])[-1].strip()
    raise PeerError(f"{name} could not be installed from {lock}: {reason.rstrip('.')}.")


def _load(name: str, directory: Path) -> tuple[ModuleType, str]:
    # Behind all else, so that a peer hides nothing of the workspace.
    if str(directory) not in sys.path:
        sys.path.append(str(directory))
    # A physics engine wants a display unless told otherwise.
    os.environ.setdefault("MUJOCO_GL", "disable")
    lock = _locks(name)[0].read_text(encoding="utf-8")
    version = next(line.split("==")[1].split()[0] for line in lock.splitlines() if "==" in line)
    try:
        return importlib.import_module(name), version
    except ImportError as error:
        raise PeerError(f"{name} in {directory} cannot be imported ({error}): delete that directory.") from error
