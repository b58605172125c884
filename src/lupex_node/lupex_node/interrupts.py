# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C as one exception, whatever the code that it breaks into makes of it."""

import contextlib
import signal
from collections.abc import Iterator
from typing import NoReturn


@contextlib.contextmanager
def interruptible(*numbers: signal.Signals) -> Iterator[None]:
    """End the block with KeyboardInterrupt at any of the signals, SIGINT where none is named.

    An import, a compilation or the dispatch of a compiled function that is interrupted ends in another error, as
    SystemError; that becomes the KeyboardInterrupt that it was.
    """
    told: list[int] = []

    def interrupt(number: int, frame: object) -> NoReturn:
        told.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers or (signal.SIGINT,)}
    try:
        yield
    except Exception as error:
        if told:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
