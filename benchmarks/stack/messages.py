# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One publisher, one subscriber: messages a second in lock step and by rclpy's own executor in one process."""

import time
from typing import Any

from benchmarks.measuring import Asked, Context, Outcome, Row

ASKED: dict[str, Asked] = {}


def run(context: Context) -> Outcome:
    """Move the same odometry messages both ways."""
    count = 2_000 if context.quick else 50_000
    rows = [
        {"way": way, "repeat": repeat, **move(count)}
        for repeat in range(1 if context.quick else 3)
        for way, move in (("lockstep", in_lock_step), ("rclpy", by_rclpy))
    ]

    def most(way: str) -> float:
        return float(max(row["messages_per_s"] for row in rows if row["way"] == way))

    notes = ("Messages: nav_msgs/Odometry, made anew each time, one subscriber that counts them; processor time.",)
    figures = {"messages_per_s": most("lockstep"), "messages_per_s_rclpy": most("rclpy")}
    return Outcome(figures, {"messages": rows}, notes)


def in_lock_step(count: int) -> Row:
    """Move messages through the conductor."""
    from nav_msgs.msg import Odometry

    from lupex_node import qos
    from lupex_node.lockstep.conductor import Conductor

    conductor = Conductor(now_s=1000.0)
    port = conductor.visitor()
    got: list[Any] = []
    port.subscribe(Odometry, "/odometry", got.append, qos.STATE)
    publisher = port.publisher(Odometry, "/odometry", qos.STATE)
    port.timer(0.05, lambda: publisher.publish(Odometry()))
    begin = time.process_time()
    conductor.run_until(1000.0 + 0.05 * count + 0.01)
    return _row(begin, len(got), count)


def by_rclpy(count: int) -> Row:
    """Move messages through rclpy and its SingleThreadedExecutor."""
    import rclpy
    from nav_msgs.msg import Odometry
    from rclpy.context import Context as RosContext
    from rclpy.executors import SingleThreadedExecutor

    count = count // 10
    context = RosContext()
    rclpy.init(context=context)
    node = rclpy.create_node("bench", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    got: list[Any] = []
    node.create_subscription(Odometry, "/bench/odometry", got.append, 10)
    publisher = node.create_publisher(Odometry, "/bench/odometry", 10)
    try:
        while publisher.get_subscription_count() == 0:
            executor.spin_once(timeout_sec=0.01)
        begin = time.process_time()
        for number in range(1, count + 1):
            publisher.publish(Odometry())
            while len(got) < number:
                executor.spin_once(timeout_sec=0.1)
        return _row(begin, len(got), count)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


def _row(begin: float, got: int, count: int) -> Row:
    cpu_s = time.process_time() - begin
    if got != count:
        raise RuntimeError(f"{got} of {count} messages arrived")
    return {"messages": count, "cpu_s": cpu_s, "messages_per_s": count / cpu_s}
