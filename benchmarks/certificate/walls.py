# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Rovers down walls into the dark, and who of them comes home: heeding the certificate, nothing, or a simpler rule."""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import ROOT, Asked, Context, Outcome, Row
from lupex_models.rover import read_rover
from lupex_system_tests.wall_scene import can_be_planned, scene
from lupex_system_tests.wall_traverse import Rule, traverse

ASKED = {
    "lost_heeding": Asked(0.0),
    "lost_not_heeding_share": Asked(0.2, at_most=False),
    "reached_share": Asked(0.5, at_most=False),
}
_SEEDS = 500
_LEVEL = "harsh"
_START_WH = 900.0
_TUNED = 1000
"""Seeds below it were looked at while the certificate was made."""


def run(context: Context) -> Outcome:
    """Drive each scene by each rule."""
    rows: list[Row] = []
    count = 4 if context.quick else context.seeds or _SEEDS
    for seed in range(_TUNED + context.seed, _TUNED + context.seed + count):
        rows += _rows(seed)
        context.say(f"scene {seed}: {len(rows) // len(Rule)} of {count} could be planned")
    by_rule = {rule: [row for row in rows if row["rule"] == rule.value] for rule in Rule}
    heeding = by_rule[Rule.CERTIFICATE]
    reached = {row["seed"] for row in rows if row["sampled"] and row["home"]}
    scenes = max(len(heeding), 1)
    figures = {
        "scenes": float(len(heeding)),
        "lost_heeding": float(sum(not row["home"] for row in heeding)),
        "lost_not_heeding_share": sum(not row["home"] for row in by_rule[Rule.NOTHING]) / scenes,
        "lost_threshold_share": sum(not row["home"] for row in by_rule[Rule.THRESHOLD]) / scenes,
        "lost_half_share": sum(not row["home"] for row in by_rule[Rule.HALF]) / scenes,
        "reached_share": sum(bool(row["sampled"] and row["home"]) for row in heeding) / max(len(reached), 1),
        "proofs_median": float(sorted(row["proofs"] for row in heeding)[len(heeding) // 2]) if heeding else 0.0,
    }
    return Outcome(
        figures,
        {"traverses": rows},
        (
            "Walls of 8 to 20 deg, gentler by 1 to 6 in one place, half of them with rocks that no map shows, on 200 x "
            "200 cells; soil and tracks drawn from the level harsh, and on six of ten walls going over into soil with "
            "a friction angle of 14 to 26 deg, which no rover's file foresees. A rover that spins backs out, and takes "
            "the cell for closed. Rover, plan and way home are the same for each rule.",
            "reached_share: of the scenes in which any rule brought rover and sample home. threshold: back at a "
            "quarter of the battery; half: back when half of what it set out with above the reserve is spent.",
        ),
    )


def _rows(seed: int) -> Iterator[Row]:
    rover = read_rover(ROOT / "config" / "rover.yaml")
    with tempfile.TemporaryDirectory() as directory:
        made = scene(seed, _LEVEL, rover, Path(directory))
        if not can_be_planned(made):
            return
        for rule in Rule:
            outcome = traverse(made, _START_WH, seed, rule)
            yield {
                "seed": seed,
                "rule": rule.value,
                "angle_deg": made.wall.angle_deg,
                "gentler_deg": made.wall.gentler_deg,
                **dataclasses.asdict(outcome),
            }
