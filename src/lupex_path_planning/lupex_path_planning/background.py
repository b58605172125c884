# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Long computations in a thread beside the one that must not wait for them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Background:
    """Does one computation after the other; their results are taken up in the thread that calls `look`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "planning")
        self._queue: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        self._job: tuple[Future[Any], Callable[[Any], None]] | None = None

    @property
    def busy(self) -> bool:
        """Tell whether anything is being computed or waits to be."""
        return self._job is not None or bool(self._queue)

    def submit(self, work: Callable[[], Any], use: Callable[[Any], None]) -> None:
        """Have `work` done when all before it is; `use` gets its result, or the exception it raised."""
        self._queue.append((work, use))
        self.look()

    def look(self) -> None:
        """Hand over what is done and begin what is next."""
        if self._job is not None and self._job[0].done():
            job, use = self._job
            self._job = None
            error = job.exception()
            use(error if error is not None else job.result())
        if self._job is None and self._queue:
            work, use = self._queue.pop(0)
            self._job = (self._thread.submit(work), use)

    def close(self) -> None:
        """Wait for the computation under way and forget those that wait."""
        self._queue.clear()
        self._thread.shutdown(wait=True, cancel_futures=True)
