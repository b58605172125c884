# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What each node may do in a simulated second, driving and parked: the table of docs/architecture.md.

    python -m lupex_system_tests.budget        measures anew and prints the table

Callbacks and messages are counted, which is the same on every host; milliseconds of a processor are what one host took.
"""

import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lupex_interfaces.msg import MissionStatus
from lupex_node.lockstep.profile import Profile
from lupex_system_tests.conducted import ROOT, ConductedStack, conducted

PAGE = ROOT / "docs" / "architecture.md"
HEAD = "| node | callbacks/s | messages/s | ms/s | parked: callbacks/s | messages/s | ms/s |"
SPARE = 1.25
"""Of what is measured, which a budget leaves for what comes."""


@dataclass(frozen=True)
class Use:
    """Of one node in a simulated second."""

    callbacks: float
    messages: float
    milliseconds: float


class Messages:
    """Counts messages by node."""

    def __init__(self) -> None:
        self.by_node: Counter[str] = Counter()

    def offered(self, topic: Any, publisher: Any) -> None:
        """Take no note of publishers."""

    def said(self, node: str, topic: Any, message: Any) -> None:
        """Count a message."""
        self.by_node[node] += 1


def used(stack: ConductedStack, seconds: float) -> dict[str, Use]:
    """Run for a while; return what each node did in a second of it."""
    conductor = stack.conductor
    profile, messages = Profile(), Messages()
    conductor.profile = profile
    conductor.watchers.append(messages)
    conductor.run_until(conductor.now_s + seconds)
    conductor.watchers.remove(messages)
    conductor.profile = None
    calls: Counter[str] = Counter()
    for share in profile.shares():
        calls[share.node] += share.calls
    spent = profile.by_node()
    return {
        name: Use(calls[name] / seconds, messages.by_node[name] / seconds, 1e3 * spent.get(name, 0.0) / seconds)
        for name in conductor.nodes
    }


def measure(directory: Path) -> tuple[dict[str, Use], dict[str, Use]]:
    """Return what each node uses driving, and parked with everything on."""
    with conducted("demo.launch.xml", directory, world="plain", seed="1", record="true") as stack:
        stack.until(stack.phase_is(MissionStatus.DRIVE), "the drive begins")
        stack.conductor.run_until(stack.conductor.now_s + 20.0)
        driving = used(stack, 120.0)
        stack.until(stack.phase_is(MissionStatus.SCAN), "it arrives")
        stack.conductor.run_until(stack.conductor.now_s + 60.0)
        return driving, used(stack, 600.0)


def table(driving: dict[str, Use], parked: dict[str, Use]) -> str:
    """Return the rows of the page: budgets of counts, and the milliseconds as measured."""
    rows = [HEAD, "|---|---:|---:|---:|---:|---:|---:|"]
    for name in driving:
        cells = [f"`{name}`"]
        for use in (driving[name], parked[name]):
            cells += [f"{SPARE * use.callbacks:.3g}", f"{SPARE * use.messages:.3g}", f"{use.milliseconds:.2f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def budgets() -> tuple[dict[str, Use], dict[str, Use]]:
    """Return the budgets that the page states, driving and parked."""
    text = PAGE.read_text(encoding="utf-8").partition(HEAD)[2]
    driving, parked = {}, {}
    for row in re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE):
        numbers = [float(cell) for cell in row[1].split("|")]
        driving[row[0]], parked[row[0]] = Use(*numbers[:3]), Use(*numbers[3:6])
    return driving, parked


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        print(table(*measure(Path(base))))
