# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""ROS domains for tests that run beside one another."""

import contextlib
import socket
from collections.abc import Iterator

FIRST_DOMAIN, LAST_DOMAIN = 110, 199


@contextlib.contextmanager
def free_domain() -> Iterator[int]:
    """Hold a ROS domain that no other test on this machine uses: a loopback port is the token."""
    for domain in range(FIRST_DOMAIN, LAST_DOMAIN + 1):
        with socket.socket() as token:
            try:
                token.bind(("127.0.0.1", 27000 + domain))
            except OSError:
                continue
            yield domain
            return
    raise RuntimeError("no free ROS domain")
