# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A sortie in lock step, recorded: how much faster than real time it goes, and whether it repeats itself."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measuring import Asked, Context, Outcome, Row, run_child

ASKED = {
    "lockstep_driving_speed_up": Asked(50.0, at_most=False),
    "lockstep_parked_speed_up": Asked(1000.0, at_most=False),
    "lockstep_asleep_speed_up": Asked(3000.0, at_most=False),
    "lockstep_side_by_side": Asked(0.85, at_most=False),
}
LIMIT_S = 12 * 3600.0
"""Of the rover's time to each part of a sortie: on the ridge it waits for the sun on the way."""


def run(context: Context) -> Outcome:
    """Conduct sorties in processes of their own."""
    world = "plain" if context.quick else "ridge"
    about = {"world": world, "seed": context.seed, "quick": context.quick}
    one_core = {"NUMBA_NUM_THREADS": "1"}
    # the first run compiles what is not on disk yet
    run_child(__name__, {**about, "part": "parts", "quick": True}, one_core)
    alone = run_child(__name__, {**about, "part": "parts"}, one_core)
    rows: dict[str, list[Row]] = {"lockstep_parts": alone["rows"]}
    figures = {f"lockstep_{row['state']}_speed_up": row["speed_up"] for row in alone["rows"]}
    notes = [
        "Lock step: one process, numba with one thread, recording as by default; simulated over processor seconds. "
        "Driving: the way out; parked: counting neutrons, all nodes on; asleep: nothing is asked of the rover.",
    ]
    if not context.quick:
        reruns = [run_child(__name__, {**about, "part": "sortie"}, {"PYTHONHASHSEED": str(k)}) for k in (1, 2)]
        figures["lockstep_sortie_cpu_s"] = min(row["cpu_s"] for row in reruns)
        figures["identical_reruns"] = float(len(reruns) - len({row["said"] for row in reruns}) + 1)
        figures["lockstep_side_by_side"] = side_by_side(about, one_core, alone["rows"])
        rows["lockstep_sorties"] = reruns
        notes.append("Reruns: other hash seeds of Python; identical when one hash over every message of the bag is.")
        notes.append("Side by side: two at once on two cores, driving, over one alone.")
    return Outcome(figures, rows, tuple(notes))


def side_by_side(about: Row, environment: dict[str, str], alone: list[Row]) -> float:
    """Return how fast each of two at once drives, over one alone."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run_child(__name__, {**about, "part": "parts"}, environment), range(2)))
    wall = min(row["wall_speed_up"] for found in both for row in found["rows"] if row["state"] == "driving")
    return float(wall / next(row["wall_speed_up"] for row in alone if row["state"] == "driving"))


def started(launch_file: str, directory: Path, line: Callable[[str], None], **arguments: str) -> Any:
    """Start the nodes of a launch file in lock step, recording into a directory."""
    from lupex_cli.lockstep_options import start
    from lupex_launch.description import find_launch_file
    from lupex_launch.evaluation import evaluate_file

    given = {"bag": str(directory / "bag"), "state_dir": str(directory / "state"), **arguments}
    return start(evaluate_file(find_launch_file(launch_file), given), None, line)


def measured(conductor: Any, state: str, seconds: float) -> Row:
    """Run for a while and return how fast that was."""
    begin_s, wall, cpu, messages = conductor.now_s, time.perf_counter(), time.process_time(), conductor.messages
    conductor.run_until(begin_s + seconds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "state": state,
        "simulated_s": seconds,
        "cpu_s": cpu,
        "speed_up": seconds / cpu,
        "wall_speed_up": seconds / wall,
        "messages": conductor.messages - messages,
    }


def parts(argument: Row, directory: Path) -> Row:
    """Measure driving, standing and resting."""
    from lupex_interfaces.msg import MissionStatus
    from lupex_node import qos

    quick = argument["quick"]
    common = {"world": argument["world"], "seed": str(argument["seed"])}
    conductor = started("demo.launch.xml", directory / "sortie", lambda line: None, **common).conductor
    phase = [MissionStatus.IDLE]
    port = conductor.visitor("bench")
    port.subscribe(MissionStatus, "/mission/status", lambda status: phase.__setitem__(0, status.phase), qos.STATE)
    rows = []
    for state, wanted, seconds in (("driving", MissionStatus.DRIVE, 300.0), ("parked", MissionStatus.SCAN, 900.0)):
        if not conductor.until(lambda wanted=wanted: phase[0] == wanted, LIMIT_S):
            raise RuntimeError(f"the sortie never came to {state}")
        conductor.run_until(conductor.now_s + 20.0)
        rows.append(measured(conductor, state, 30.0 if quick else seconds))
    conductor.close()
    idle = started("sim.launch.xml", directory / "idle", lambda line: None, route_m="0.0", **common).conductor
    idle.run_until(idle.now_s + 60.0)
    rows.append(measured(idle, "asleep", 60.0 if quick else 1800.0))
    idle.close()
    return {"rows": rows}


def sortie(argument: Row, directory: Path) -> Row:
    """Conduct a whole sortie; return its processor time and one hash over all that was said."""
    import hashlib

    from mcap.reader import make_reader

    from lupex_interfaces.msg import MissionStatus
    from lupex_node import qos

    begin = time.process_time()
    common = {"world": argument["world"], "seed": str(argument["seed"])}
    conductor = started("demo.launch.xml", directory, lambda line: None, **common).conductor
    outcome = [""]
    port = conductor.visitor("bench")
    port.subscribe(MissionStatus, "/mission/status", lambda status: outcome.__setitem__(0, status.outcome), qos.STATE)
    begin_s = conductor.now_s
    conductor.until(lambda: outcome[0], LIMIT_S)
    simulated_s = conductor.now_s - begin_s
    conductor.close()
    digest = hashlib.sha256()
    with next((directory / "bag").glob("*.mcap")).open("rb") as stream:
        for _, channel, message in make_reader(stream).iter_messages(log_time_order=False):
            digest.update(f"{channel.topic} {message.log_time} ".encode() + message.data)
    return {
        "cpu_s": time.process_time() - begin,
        "simulated_s": simulated_s,
        "outcome": outcome[0],
        "said": digest.hexdigest(),
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    base = Path(tempfile.mkdtemp(prefix="lupex-bench-"))
    try:
        print(json.dumps({"parts": parts, "sortie": sortie}[given["part"]](given, base)))
    finally:
        shutil.rmtree(base, ignore_errors=True)
