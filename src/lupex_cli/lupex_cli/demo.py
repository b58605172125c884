# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One whole sortie: make the world, start every node, show how it goes, judge it, and write the report."""

import argparse
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from lupex_cli.lockstep_options import add_options, refuse_alone
from lupex_launch.description import LaunchError, find_launch_file
from lupex_launch.evaluation import ProcessSpec, evaluate_file
from lupex_launch.packages import package_executable
from lupex_launch.supervisor import StartError, Supervisor, describe_exit

if TYPE_CHECKING:
    from lupex_cli.demo_monitor import Seen
    from lupex_cli.process_faults import ProcessFaults
    from lupex_node.ros.visitor import RosVisitor

LINE_EVERY_S = 10.0
STALLED_AFTER_S = 60.0
NEEDED_DISK_BYTES = 300 * 10**6
"""A bag of at most 200 MB, the reserve with which the recorder ends, and the report."""
NEEDED_DISK_BYTES_FOR_ALL = 10**9
"""With clouds and whole costmaps."""
NEEDED_DISK_BYTES_FOR_PICTURES = 2400 * 10**6
"""With the cameras' pictures: a bag of at most 2 GB."""
WORLD_PROCESSES = {"embedded": ("simulator",), "gazebo": ("gazebo", "ros_gz_bridge", "gazebo_adapter", "payload")}
"""By simulator what makes the world: without one of them there is no sortie."""
WALL_LIMITS_S = {"embedded": 3600.0, "gazebo": 172800.0}
"""Gazebo runs at the pace of its machine, and a sortie lasts most of a day."""
DDS_VARIABLES = ("ROS_AUTOMATIC_DISCOVERY_RANGE", "FASTRTPS_DEFAULT_PROFILES_FILE")
REFUSED = 2
"""Exit code of a node that cannot work with the parameters or files it was given."""


class DemoError(RuntimeError):
    """Say in one sentence why there is no sortie."""


def parser() -> argparse.ArgumentParser:
    """Return the command line of the demo."""
    made = argparse.ArgumentParser(prog="lupex demo", description="One whole sortie, judged against truth.")
    made.add_argument(
        "--world", default="ridge", help="name of a recipe in worlds/, or the path of one (default: ridge)"
    )
    made.add_argument("--seed", type=int, default=1, help="of the place (default: 1)")
    made.add_argument(
        "--truth", default="kind", metavar="LEVEL", help="how far the world is from what is believed (docs/truth.md)"
    )
    made.add_argument("--draw", type=int, default=-1, help="of soil, battery, sensors, noise (default: the place's)")
    made.add_argument(
        "--simulator", choices=tuple(WORLD_PROCESSES), default="embedded", help="what moves the rover (docs/gazebo.md)"
    )
    made.add_argument("--drive", choices=("tracks", "bogies"), default="tracks", help="of the rover in Gazebo")
    made.add_argument("--cameras", action="store_true", help="in Gazebo: record the cameras' pictures, 2 GB at most")
    made.add_argument("--out", type=Path, help="directory of the results (default: lupex-demo-WORLD-SEED)")
    made.add_argument("--headless", action="store_true", help="never open a window: do not show the report at the end")
    add_options(made)
    made.add_argument(
        "--record-all", action="store_true", help="record all that ./lupex replay needs, clouds too: 0.3 GB a sortie"
    )
    made.add_argument(
        "--wall-limit", type=float, metavar="S", help="give up after so many seconds (default: 1 hour; in Gazebo 48)"
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return 0 when the mission succeeded, judged against truth."""
    options = parser().parse_args(argv)
    # To be told to end is to end as by Ctrl-C: nodes down, what there is reported.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(options)
    except (DemoError, LaunchError, StartError) as error:
        print(f"lupex demo: {error}", file=sys.stderr)
        return 2


def run(options: argparse.Namespace) -> int:
    """Run the sortie that the options ask for; raises DemoError."""
    begun_s = time.monotonic()
    refuse_alone(options)
    refuse_in_this_world(options)
    out = options.out or Path(f"lupex-demo-{Path(options.world).stem}-{options.seed}")
    prepare_world(options.world, options.seed, options.truth, options.simulator)
    arguments = {
        "world": str(options.world),
        "seed": str(options.seed),
        "truth": str(options.truth),
        "draw": str(options.draw),
        "bag": str(out.resolve() / "bag"),
        "state_dir": str(out.resolve() / "state"),
        "record_all": str(options.record_all).lower(),
        "simulator": options.simulator,
        "drive": options.drive,
        "cameras": str(options.cameras).lower(),
    }
    specs = evaluate_file(find_launch_file("demo.launch.xml"), arguments)
    claim(out, needed_disk_bytes(options))
    with NodeLog(out / "nodes.log") as log:
        sortie = (in_lock_step if options.lockstep else as_processes)(specs, options, log)
    shutil.rmtree(out / "state", ignore_errors=True)
    started_s = sortie.started_wall_s or begun_s
    figures = {
        "world": Path(options.world).stem,
        "seed": options.seed,
        "truth": options.truth,
        "draw": options.seed if options.draw < 0 else options.draw,
        "wall_s": time.monotonic() - started_s,
        "setup_s": started_s - begun_s,
        "cpu_s_by_node": sortie.cpu_s_by_node,
    }
    return conclude(out, figures, sortie.end, options.headless)


def refuse_in_this_world(options: argparse.Namespace) -> None:
    """Settle the wall limit; raise DemoError for one that is none, and for what the simulator asked for has not."""
    if options.simulator == "gazebo" and options.lockstep:
        raise DemoError("--lockstep runs nodes in this process, and Gazebo is a program of its own: take one of them")
    if options.simulator != "gazebo" and (options.cameras or options.drive != "tracks"):
        raise DemoError("--cameras and --drive are of the rover in Gazebo: add --simulator gazebo")
    if options.wall_limit is None:
        options.wall_limit = WALL_LIMITS_S[options.simulator]
    if not 0.0 < options.wall_limit < math.inf:
        raise DemoError(f"--wall-limit {options.wall_limit:g}: give a time in seconds above 0")


def needed_disk_bytes(options: argparse.Namespace) -> int:
    """Return how much the results may take."""
    asked = (
        (options.cameras, NEEDED_DISK_BYTES_FOR_PICTURES),
        (options.record_all, NEEDED_DISK_BYTES_FOR_ALL),
    )
    return max([needed for wanted, needed in asked if wanted], default=NEEDED_DISK_BYTES)


def in_lock_step(specs: Sequence[ProcessSpec], options: argparse.Namespace, log: "NodeLog") -> "Sortie":
    """Run the sortie's nodes in this process."""
    from lupex_cli.lockstep_demo import conduct

    progress = Progress()
    done = conduct(specs, options.faults, options.wall_limit, log.write, progress.show)
    if options.profile:
        print(done.profile)
    return Sortie(done.end, done.cpu_s_by_node, done.started_wall_s)


def as_processes(specs: Sequence[ProcessSpec], options: argparse.Namespace, log: "NodeLog") -> "Sortie":
    """Run the sortie's nodes as processes."""
    # the monitor hears the nodes the way they hear each other
    os.environ.update({name: value for name, value in specs[0].environment.items() if name in DDS_VARIABLES})
    from lupex_cli.demo_monitor import DemoMonitor
    from lupex_cli.kernels import ensure_compiled
    from lupex_cli.process_faults import ProcessFaults
    from lupex_node.ros.visitor import RosVisitor

    faults = ProcessFaults.read(options.faults)
    ensure_compiled()
    supervisor = Supervisor(specs, on_line=log.write, on_exit=lambda end: log.write(describe_exit(end)))
    visitor = RosVisitor("demo_monitor")
    monitor = DemoMonitor(visitor.port)
    usage = CpuUsage()
    try:
        supervisor.start()
        makers = WORLD_PROCESSES[options.simulator]
        end = follow(supervisor, visitor, monitor.seen, usage, faults, options.wall_limit, makers)
    except KeyboardInterrupt:
        end = "stopped by the operator"
    finally:
        usage.look(supervisor.pids())
        supervisor.stop()
        visitor.close()
    return Sortie(end, usage.seconds, monitor.seen.mission_wall_s)


@dataclass(frozen=True)
class Sortie:
    """How a sortie ended ('' when the mission gave an outcome), processor time by node, and when its mission began."""

    end: str
    cpu_s_by_node: dict[str, float]
    started_wall_s: float | None


def prepare_world(world: str, seed: int, truth: str = "kind", simulator: str = "embedded") -> None:
    """Make the world with its progress shown; raises DemoError when it cannot be made."""
    try:
        tool = package_executable("lupex_worlds", "prepare_world", os.environ)
    except LookupError as error:
        raise DemoError(str(error.args[0])) from error
    made = subprocess.run(
        [
            *(str(tool), world, "--seed", str(seed), "--truth", truth, "--simulator", simulator),
            *("--progress", "--print", "world"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise DemoError(f"the world '{world}' could not be made; the line above says why")


def claim(out: Path, needed_bytes: int = NEEDED_DISK_BYTES) -> None:
    """Make the directory of the results; raises DemoError when it holds something or cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        raise DemoError(f"{out}: cannot be used for results: {error.strerror}") from error
    if taken:
        raise DemoError(f"{out} is not empty: give another --out, or remove it")
    free = shutil.disk_usage(out).free
    if free < needed_bytes:
        raise DemoError(
            f"{out}: {free / 1e6:.0f} MB are free there and a sortie may need {needed_bytes / 1e6:.0f} MB:"
            " free some, or give another --out"
        )


class NodeLog:
    """What the nodes say, in a file. A disk that is full ends the file, never the nodes: their output is read on."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._ended = False

    def write(self, line: object) -> None:
        """Add a line while there is space."""
        if self._ended:
            return
        try:
            self._file.write(f"{line}\n".encode())
        except OSError as error:
            self._ended = True
            print(f"nodes.log ends here: {error.strerror}", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class CpuUsage:
    """Processor time by node, summed over the lives of a node."""

    def __init__(self) -> None:
        self._by_process: dict[tuple[str, int], float] = {}

    def look(self, pids: dict[str, int]) -> None:
        """Read what the living processes have used so far."""
        for name, pid in pids.items():
            try:
                times = psutil.Process(pid).cpu_times()
            except psutil.Error:
                continue
            self._by_process[name, pid] = times.user + times.system

    @property
    def seconds(self) -> dict[str, float]:
        """Processor seconds by node."""
        total: dict[str, float] = {}
        for (name, _), used_s in self._by_process.items():
            total[name] = total.get(name, 0.0) + used_s
        return {name: round(used_s, 2) for name, used_s in sorted(total.items())}


class Progress:
    """Shows new faults, and a line now and then and with each phase."""

    def __init__(self) -> None:
        self._begun, self._entered, self._faults, self._line_wall_s = False, 0, 0, 0.0

    def show(self, seen: "Seen", wall_s: float) -> bool:
        """Print what is new after so much wall time; tell whether it was a line."""
        for fault in seen.faults[self._faults :]:
            print(f"  fault  {fault}", flush=True)
        self._faults = len(seen.faults)
        new = seen.entered[self._entered :]
        self._entered = len(seen.entered)
        if not new and self._begun and wall_s - self._line_wall_s < LINE_EVERY_S:
            return False
        for then in new or [seen]:
            print(progress_line(then, wall_s), flush=True)
        self._begun, self._line_wall_s = True, wall_s
        return True


def follow(
    supervisor: Supervisor,
    visitor: "RosVisitor",
    seen: "Seen",
    usage: CpuUsage,
    faults: "ProcessFaults",
    wall_limit_s: float,
    makers: Sequence[str] = WORLD_PROCESSES["embedded"],
) -> str:
    """Show the sortie until it ends; return how it ended: '' when the mission gave an outcome, else the reason."""
    begun_s = time.monotonic()
    seen.progress_wall_s = begun_s
    progress = Progress()
    while True:
        visitor.spin(0.5)
        refusing = [end.name for end in supervisor.poll() if end.code == REFUSED and not end.stopping]
        now_s = time.monotonic()
        if progress.show(seen, now_s - begun_s):
            usage.look(supervisor.pids())
        if seen.first_sim_s is not None:
            faults.follow(seen.sim_s - seen.first_sim_s, supervisor)
        if seen.outcome:
            return ""
        if seen.lost:
            return str(seen.lost)
        if refusing:
            return f"{refusing[0]} refuses its parameters or files; nodes.log says why"
        gone = [name for name in makers if not supervisor.alive(name)]
        if gone:
            return f"the {gone[0]} has ended; nodes.log says why"
        if now_s - seen.progress_wall_s > STALLED_AFTER_S:
            return f"time has stood still for {STALLED_AFTER_S:.0f} s; nodes.log says why"
        if now_s - begun_s > wall_limit_s:
            return f"not over after {wall_limit_s:.0f} s"


def progress_line(seen: "Seen", wall_s: float) -> str:
    """Return one line on the state of the sortie."""
    sim_s = seen.sim_s - (seen.first_sim_s or seen.sim_s)
    light = "dark" if seen.sunlit <= 0.0 else f"sun {100.0 * seen.sunlit:3.0f}%"
    margin = "  none" if seen.margin_wh is None else f"{seen.margin_wh:5.0f} Wh"
    return (
        f"{wall_s:5.0f} s  T+{sim_s / 3600.0:5.2f} h  {seen.phase:<9} x{seen.x_m:7.1f} y{seen.y_m:7.1f} m  "
        f"{seen.distance_m:5.0f} m driven  charge {100.0 * seen.soc:3.0f}%  {light:<8}  margin {margin}  "
        f"{seen.speed_up:4.1f}x  {seen.text}"
    )


def conclude(out: Path, figures: dict[str, object], end: str, headless: bool) -> int:
    """Write summary and report from the bag; return the exit code by truth. Raises DemoError."""
    from lupex_analysis.report_files import write_report
    from lupex_analysis.storage import ReadingError

    if end:
        print(f"the sortie did not end by itself: {end}")
    try:
        summary = write_report(out / "bag", out, figures)
    except ReadingError as error:
        raise DemoError(f"there is no report: {error}") from error
    except OSError as error:
        raise DemoError(f"there is no report: {error.filename or out} cannot be written: {error.strerror}") from error
    outcome = summary["outcome"]
    print(f"outcome: {outcome}")
    print("".join(f"  {reason}\n" for reason in summary["reasons"]), end="")
    print(f"summary: {out / 'summary.json'}\nreport:  {out / 'report.html'}\nbag:     {out / 'bag'}")
    if not headless and os.environ.get("DISPLAY") and (browser := shutil.which("xdg-open")):
        subprocess.Popen([browser, str(out / "report.html")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 0 if outcome == "success" and not end else 1
