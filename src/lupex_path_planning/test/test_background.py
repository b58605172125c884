# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Computations beside the executor's thread."""

import threading

from lupex_path_planning.background import Background


def drain(background):
    while background.busy:
        background.look()


def test_results_and_errors_come_in_order_and_in_the_looking_thread():
    background, got = Background(), []

    def take(value):
        got.append((value, threading.current_thread() is threading.main_thread()))

    def fail():
        raise ValueError("no")

    background.submit(lambda: threading.current_thread() is threading.main_thread(), take)
    background.submit(fail, take)
    background.submit(lambda: 3, take)
    drain(background)
    assert got[0] == (False, True)
    assert isinstance(got[1][0], ValueError)
    assert got[2] == (3, True)
    background.close()


def test_close_forgets_what_waits():
    background, got, gate = Background(), [], threading.Event()
    background.submit(gate.wait, got.append)
    background.submit(lambda: 2, got.append)
    gate.set()
    background.close()
    drain(background)
    assert got == [True]
