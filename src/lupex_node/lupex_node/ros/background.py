# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Long computations in a thread beside the one that must not wait for them."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Background:
    """Does one computation after the other; their results are taken up in the thread that calls `look`.

    `wake` is called, from the other thread, whenever there is something to look at.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._thread = ThreadPoolExecutor(1, "background")
        self._queue: list[tuple[Callable[[], Any], Callable[[Any, float], None]]] = []
        self._job: tuple[Future[tuple[Any, float]], Callable[[Any, float], None]] | None = None

    def submit(self, work: Callable[[], Any], use: Callable[[Any, float], None]) -> None:
        """Have `work` done when all before it is; `use` gets its result, or the exception it raised, and its time."""
        self._queue.append((work, use))
        self._begin_next()

    def look(self) -> None:
        """Hand over what is done and begin what is next."""
        if self._job is not None and self._job[0].done():
            job, use = self._job
            self._job = None
            self._begin_next()
            use(*job.result())

    def _begin_next(self) -> None:
        if self._job is None and self._queue:
            work, use = self._queue.pop(0)
            job = self._thread.submit(timed, work)
            self._job = (job, use)
            job.add_done_callback(lambda _: self._wake())

    def close(self) -> None:
        """Wait for the computation under way and forget those that wait."""
        self._queue.clear()
        self._job = None
        self._thread.shutdown(wait=True, cancel_futures=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns, or the exception it raises, and the processor time of its thread."""
    begin_s = time.thread_time()
    try:
        result = work()
    except Exception as error:
        result = error
    return result, time.thread_time() - begin_s
