# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One world for each ROS domain and namespace: two would talk on the same topics."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

SHARED_DIRECTORY = "/tmp"


class DomainTaken(RuntimeError):  # noqa: N818 - reads as what it is where it is raised
    """Say that another simulator has the domain, and what to do."""


def lock_domain(environment: Mapping[str, str], namespace: str = "/") -> int:
    """Take this user's or machine's lock of a namespace of the ROS domain; the file returned holds it until closed.

    Raises DomainTaken when another simulator holds it, or when the lock cannot be opened.
    """
    domain = environment.get("ROS_DOMAIN_ID") or "0"
    directory = environment.get("XDG_RUNTIME_DIR") or SHARED_DIRECTORY
    if not os.access(directory, os.W_OK | os.X_OK):
        # After a change of user the variable still names the former one's directory.
        directory = SHARED_DIRECTORY
    # no namespace has a dash
    words = "-".join([domain, *namespace.strip("/").split("/")]).rstrip("-")
    path = Path(directory) / f"lupex-domain-{words}.lock"
    try:
        file = _open(path)
    except OSError as error:
        raise DomainTaken(
            f"{path}: cannot be opened ({error.strerror}); remove it, or choose another ROS_DOMAIN_ID than {domain}"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        where = f"ROS domain {domain}" + (f" in {namespace}" if namespace.strip("/") else "")
        raise DomainTaken(
            f"a simulator already runs on {where} (lock {path}); stop it, or choose another ROS_DOMAIN_ID or namespace"
        ) from error
    return file


def _open(path: Path) -> int:
    # Reading is enough for a lock, and the file may be another user's.
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        pass
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
