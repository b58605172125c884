# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The process of one node, from its start to its end."""

import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.logging import LoggingSeverity, get_logger_level, set_logger_level
from rclpy.signals import SignalHandlerOptions, install_signal_handlers

from lupex_models.configuration import ConfigurationError
from lupex_node.bare_node import BareNode
from lupex_node.parameter_files import ParameterFile, read_parameter_file
from lupex_node.port import TimeMaker
from lupex_node.ros.executor import BatchingExecutor
from lupex_node.ros.port import RosPort, one_line
from lupex_node.ros.refusal import end_launch

RCLError = rclpy_implementation.RCLError
UnknownROSArgsError = rclpy_implementation.UnknownROSArgsError

REFUSED = 2
"""Exit code of a node that cannot work with the parameters, files or arguments it was given."""

MAX_WAIT_S = 0.1
"""Of the host's time in one wait of a maker of time: how fast a signal is noticed at the latest."""

SERVICE_PERIOD_S = 0.2
"""Of the host's time between looks at parameter services while a maker of time runs without waiting."""


def attach(kind: type[BareNode[Any]], name: str = "", **options: Any) -> BareNode[Any]:
    """Make a node on a port of its own in the present rclpy context and start it.

    `options` go to the port: the parameter `files`, and what rclpy's node takes (`cli_args`, `context`). Raises
    ConfigurationError, and takes everything down then.
    """
    port = RosPort(kind, name, **options)
    try:
        node = kind(port)
        port.start(node)
    except BaseException:
        port.close()
        raise
    return node


def detach(node: BareNode[Any]) -> None:
    """Take a node and its port down."""
    try:
        node.close()
    finally:
        node.port.close()


class Stop:
    """Set by the first SIGINT or SIGTERM; the loop ends between two callbacks, so that nothing is cut in the middle."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def run(
    kind: type[BareNode[Any]],
    args: list[str] | None = None,
    *,
    refusals: tuple[type[Exception], ...] = (),
    failures: tuple[type[Exception], ...] = (),
) -> int:
    """Run one node until it is told to stop or ends by itself; return the exit code.

    2: a parameter or file is wrong (ConfigurationError or one of `refusals`); 1: one of `failures` came up.
    """
    # Python's own handler would break into the middle of a callback, or of a compiled function.
    stop = Stop()
    node: BareNode[Any] | None = None
    executor: BatchingExecutor | None = None
    try:
        files = begin(kind, args)
        executor = BatchingExecutor()
        node = attach(kind, files=files)
        executor.interval_s = getattr(getattr(node, "common", None), "batch_interval_s", 0.0)
        executor.add_node(node.port.node)
        if kind.MAKES_TIME:
            make_time(executor, node.port, stop)
        else:
            spin(executor, node.port, stop)
        return farewell(node)
    except (ConfigurationError, *refusals) as error:
        print(f"error: {error}", file=sys.stderr)
        end_launch()
        return REFUSED
    except failures as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ExternalShutdownException:
        return farewell(node)
    except Exception:
        # The signal may shut the context down in the middle of a callback.
        if rclpy.ok() or not stop.asked:
            raise
        return 0
    finally:
        # A second signal (the terminal's and the launcher's both arrive) must not break the way down.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if executor is not None:
            with contextlib.suppress(Exception):
                executor.shutdown()
        if node is not None:
            detach(node)
        rclpy.try_shutdown()


def begin(kind: type[BareNode[Any]], args: list[str] | None) -> list[ParameterFile]:
    """Begin with rclpy; return the parameter files that the command line names. Raises ConfigurationError."""
    files = [read_parameter_file(Path(name)) for name in parameter_files(sys.argv if args is None else args)]
    # What rcl logs of wrong arguments is in its error as well.
    set_logger_level("rcl", LoggingSeverity.FATAL)
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except (RCLError, UnknownROSArgsError) as error:
        raise ConfigurationError(f"arguments of node {kind.NAME}: {one_line(error)}") from error
    finally:
        if get_logger_level("rcl") == LoggingSeverity.FATAL:
            set_logger_level("rcl", LoggingSeverity.UNSET)
    return files


def parameter_files(words: Sequence[str]) -> list[str]:
    """Return the parameter files of a command line, in order."""
    found: list[str] = []
    for_ros = False
    for at, word in enumerate(words):
        if word in ("--ros-args", "--"):
            for_ros = word == "--ros-args"
        elif for_ros and word == "--params-file" and at + 1 < len(words):
            found.append(words[at + 1])
    return found


def spin(executor: BatchingExecutor, port: RosPort, stop: Stop) -> None:
    """Serve a node until it ends by itself; raises ExternalShutdownException when it is told to."""
    # From now on rclpy's handler wakes the executor, and hands the signal on; while the node was made, it would have
    # taken the middleware from under it.
    install_signal_handlers(SignalHandlerOptions.ALL)
    while port.ended is None and not stop.asked:
        executor.spin_once()


def make_time(executor: BatchingExecutor, port: RosPort, stop: Stop) -> None:
    """Step a maker of time, as fast as it may, until told to stop; without a maker, serve the node."""
    served_s = time.monotonic()
    while not stop.asked and port.ended is None:
        maker: TimeMaker | None = port.maker
        wait_s = MAX_WAIT_S if maker is None else maker.wait_wall_s(time.monotonic())
        if wait_s > 0.0:
            executor.spin_once(timeout_sec=min(wait_s, MAX_WAIT_S))
            served_s = time.monotonic()
        else:
            maker.step(maker.next_ns(maker.now_ns()))
            if time.monotonic() - served_s > SERVICE_PERIOD_S:
                executor.spin_once(timeout_sec=0.0)
                served_s = time.monotonic()
        port.poll()


def farewell(node: BareNode[Any] | None) -> int:
    """Return the exit code of a node that has ended or was told to, and say what is to be said."""
    ended = None if node is None else node.port.ended
    if ended is None:
        ended = (0, "") if node is None else node.STOPPED
    code, text = ended
    if text:
        print(
            f"error: {node.name}: {text}" if code else f"{node.name}: {text}", file=sys.stderr if code else sys.stdout
        )
    return code
