# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from lupex_worlds import domain_lock
from lupex_worlds.domain_lock import DomainTaken, lock_domain


def environment(directory, domain="7"):
    return {"XDG_RUNTIME_DIR": str(directory), "ROS_DOMAIN_ID": domain}


def test_second_world_on_the_domain_is_refused_until_the_first_ends(tmp_path):
    first = lock_domain(environment(tmp_path))
    with pytest.raises(DomainTaken, match="already runs on ROS domain 7"):
        lock_domain(environment(tmp_path))
    other = lock_domain(environment(tmp_path, "8"))
    os.close(first)
    again = lock_domain(environment(tmp_path))
    os.close(again)
    os.close(other)


def test_each_namespace_of_a_domain_has_room_for_a_world(tmp_path):
    held = [lock_domain(environment(tmp_path), namespace) for namespace in ("/", "/r1", "/r2", "/site/r1")]
    with pytest.raises(DomainTaken, match=r"already runs on ROS domain 7 in /r1 .*or namespace"):
        lock_domain(environment(tmp_path), "/r1")
    assert len({path.name for path in tmp_path.iterdir()}) == 4
    for file in held:
        os.close(file)


def test_without_a_domain_it_is_the_default_one(tmp_path):
    file = lock_domain({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert (tmp_path / "lupex-domain-0.lock").exists()
    os.close(file)


def test_a_lock_that_cannot_be_opened_is_one_sentence(tmp_path):
    path = tmp_path / "lupex-domain-7.lock"
    path.symlink_to(path)
    with pytest.raises(DomainTaken, match=r"cannot be opened .*choose another ROS_DOMAIN_ID than 7"):
        lock_domain(environment(tmp_path))


def test_a_runtime_directory_of_nobody_falls_back_to_the_shared_one(tmp_path, monkeypatch):
    monkeypatch.setattr(domain_lock, "SHARED_DIRECTORY", str(tmp_path))
    os.close(lock_domain(environment(tmp_path / "absent")))
    assert (tmp_path / "lupex-domain-7.lock").exists()


def test_another_users_lock_file_can_be_read_only(tmp_path):
    path = tmp_path / "lupex-domain-7.lock"
    path.touch(mode=0o444)
    os.close(lock_domain(environment(tmp_path)))
