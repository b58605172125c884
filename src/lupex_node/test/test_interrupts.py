# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import os
import signal

import pytest

from lupex_node.interrupts import interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_an_interrupt_was_turned_into_is_an_interrupt(number):
    """Numba's dispatcher turns a KeyboardInterrupt that it meets into a SystemError."""
    before = signal.getsignal(number)

    def dispatched():
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt as interrupt:
            raise SystemError("returned a result with an exception set") from interrupt

    with pytest.raises(KeyboardInterrupt), interruptible(signal.SIGINT, signal.SIGTERM):
        dispatched()
    assert signal.getsignal(number) is before


def test_an_error_without_an_interrupt_stays_what_it_is():
    with pytest.raises(ZeroDivisionError), interruptible():
        raise ZeroDivisionError


def test_only_what_is_named_interrupts():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) is before[1]
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
