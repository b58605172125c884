# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A client of Nav2's actions in lock step."""

from lupex_node.conversions import duration
from lupex_node.port import Severity


class Client:
    """Sends goals and keeps how they end, and what is logged of those that are not taken."""

    def __init__(self, world, kind, name):
        self.world, self.ends, self.said = world, [], []
        self.client = world.conductor.visitor("client").action_client(kind, name)
        world.conductor.on_log = lambda node, severity, text: self.said.append((severity, text))

    def send(self, goal):
        return self.client.send(goal, lambda outcome, result: self.ends.append((outcome, result)))

    def run(self, goal, limit=900):
        before = len(self.ends)
        self.send(goal)
        self.world.until(lambda: len(self.ends) > before, limit)
        return self.ends[-1]

    def refusal(self, goal):
        assert self.run(goal) == (None, None)
        severity, text = self.said[-1]
        assert severity is Severity.WARNING
        return text


def straight(kind, x_m, speed_mps, allowance_s=0.0):
    goal = kind.Goal(speed=speed_mps, time_allowance=duration(allowance_s))
    goal.target.x = x_m
    return goal
