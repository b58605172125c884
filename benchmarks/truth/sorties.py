# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Whole sorties in worlds ever farther from what autonomy believes: how they end, and what was claimed in them."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measuring import Asked, Context, Outcome, Row, sources

LEVELS = ("kind", "nominal", "harsh")
SEEDS, QUICK_SEEDS = 10, 1
AT_ONCE = 2
WALL_LIMIT_S = 3600.0
_KEEPING = threading.Lock()
ASKED: dict[str, Asked] = {}
QUANTITIES = ("x", "y", "heading", "slip", "charge", "energy", "capacity", "forecast_energy", "ice")


def run(context: Context) -> Outcome:
    """Conduct sorties of some seeds at each level, each in a process of its own, two at a time.

    Finished ones are kept where the context says, and taken from there when all that decides them is as it was.
    """
    world = "plain" if context.quick else "ridge"
    count = context.seeds or (QUICK_SEEDS if context.quick else SEEDS)
    seeds = range(context.seed, context.seed + count)
    code, begun_s = sources(), time.monotonic()
    done = kept_rows(context.kept, world, code)
    # all levels of a seed before the next seed: a run that ends early has as many of each
    tasks = [(world, level, seed) for seed in seeds for level in LEVELS]

    def one(task: tuple[str, str, int]) -> Row | None:
        if task[1:] in done:
            return done[task[1:]]
        if time.monotonic() - begun_s > context.budget_s:
            return None
        row = {**sortie(*task), "world": world, "sources": code}
        keep(context.kept, row)
        against = "; ".join(row["reasons"]) or "nothing against it"
        context.say(f"{row['level']} {row['seed']}: {row['outcome']}; {against}")
        return row

    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = [row for row in pool.map(one, tasks) if row is not None]
    figures: dict[str, float] = {}
    for level in LEVELS:
        figures |= level_figures(level, [row for row in rows if row["level"] == level])
    missing = len(tasks) - len(rows)
    notes = (
        f"Sorties on {world} in lock step, seeds {seeds[0]} to {seeds[-1]} at each level, judged by truth alone; the "
        "draw's seed is the place's. in_2_sigma: share of moments at which a stated value lay within two of its own "
        "sigmas of the truth, over all sorties of the level.",
        *([f"{missing} of {len(tasks)} sorties were not made: the time was over."] if missing else []),
    )
    return Outcome(figures, {"truth_sorties": rows}, notes)


def kept_rows(path: Path | None, world: str, code: str) -> dict[tuple[str, int], Row]:
    """Return the rows of a file by level and seed that are of this world and code; a line cut short is passed over."""
    found: dict[tuple[str, int], Row] = {}
    if path is None or not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            if (row["world"], row["sources"]) == (world, code):
                found[row["level"], row["seed"]] = row
        except (ValueError, KeyError, TypeError):
            continue
    return found


def keep(path: Path | None, row: Row) -> None:
    """Add a row to a file, a line of its own also after one that was cut short."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _KEEPING, path.open("a+b") as file:
        cut = ""
        if file.tell():
            file.seek(-1, os.SEEK_END)
            cut = "" if file.read(1) == b"\n" else "\n"
        file.write(f"{cut}{json.dumps(row)}\n".encode())


def sortie(world: str, level: str, seed: int) -> Row:
    """Conduct one sortie; return how it ended and what was claimed in it."""
    with tempfile.TemporaryDirectory(prefix="lupex-bench-") as base:
        out = Path(base) / "out"
        words = ["demo", "--lockstep", "--headless", "--world", world, "--truth", level, "--seed", str(seed)]
        command = [sys.executable, "-m", "lupex_cli.door", *words, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=WALL_LIMIT_S, check=False)
        file = out / "summary.json"
        if not file.is_file():
            raise RuntimeError(f"{level}, seed {seed}: there is no summary: {(done.stderr or done.stdout)[-500:]}")
        return row_of(level, seed, json.loads(file.read_text(encoding="utf-8")))


def row_of(level: str, seed: int, summary: dict[str, Any]) -> Row:
    """Return what a table needs of a summary."""
    certificate = summary["certificate"]
    return {
        "level": level,
        "seed": seed,
        "outcome": summary["outcome"],
        "reasons": summary["reasons"],
        "mission_says": summary["mission_says"],
        "faults": sorted({fault["code"] for fault in summary["faults"]}),
        "sim_s": summary["sim_s"],
        **{key: summary["drive"].get(key) for key in ("distance_m", "mean_abs_slip", "p95_abs_slip")},
        **{key: summary["localization"].get(key) for key in ("ate_rmse_m", "end_error_m")},
        **{key: summary["power"].get(key) for key in ("min_energy_wh", "min_above_reserve_wh", "dark_s")},
        "min_margin_wh": certificate.get("min_margin_wh"),
        "judged": certificate.get("judged"),
        "violations": certificate.get("violations"),
        "excess_max_wh": certificate.get("excess_max_wh"),
        "water_error_sigmas": summary["water"].get("error_sigmas"),
        "consistency": summary["consistency"],
    }


def level_figures(level: str, rows: list[Row]) -> dict[str, float]:
    """Return the figures of one level."""
    figures = {
        f"demo_sorties_{level}": float(len(rows)),
        f"demo_success_{level}": float(sum(row["outcome"] == "success" for row in rows)),
        f"demo_home_without_sample_{level}": float(sum(row["outcome"] == "home_without_sample" for row in rows)),
        f"demo_lost_{level}": float(sum(row["outcome"] == "lost" for row in rows)),
        f"certificates_judged_{level}": float(sum(row["judged"] or 0 for row in rows)),
        f"certificate_violations_{level}": float(sum(row["violations"] or 0 for row in rows)),
    }
    for quantity in QUANTITIES:
        found = [row["consistency"][quantity] for row in rows if row["consistency"].get(quantity)]
        total = sum(item["n"] for item in found)
        if total:
            figures[f"in_2_sigma_{quantity}_{level}"] = sum(item["n"] * item["in_2_sigma"] for item in found) / total
    return figures
