# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The commands of `./lupex`. At the top it imports only what needs no environment, as help does not."""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from lupex_cli.stale_kernels import forget_stale

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended."""


@dataclass(frozen=True)
class Command:
    """One command: what help says, and the function or script that does it.

    `target` is `module:function`, or the path of a script relative to the repository.
    """

    name: str
    arguments: str
    summary: str
    target: str

    def source(self, root: Path) -> Path:
        """Return the file in the repository at `root` that holds the target."""
        if ":" not in self.target:
            return root / self.target
        module = self.target.partition(":")[0]
        return (root / "src" / module.partition(".")[0]).joinpath(*module.split(".")).with_suffix(".py")


COMMANDS = (
    Command("demo", "[--world W] [--seed N] [--out DIR] [--headless]", "drive one whole sortie", "lupex_cli.demo:main"),
    Command("launch", "[PACKAGE] FILE [name:=value ...]", "run a launch file", "lupex_cli.launch:main"),
    Command("test", "[LEVEL or pytest arguments]", "run the tests; what CI runs", "lupex_cli.testing:main"),
    Command("bench", "[NAME] [--json F]", "run ours beside each peer", "benchmarks/run.py"),
    Command("report", "BAG [--out DIR]", "analyse a recording, of any rover", "lupex_cli.report:main"),
    Command(
        "bag", "info|doctor|recover BAG", "what a recording holds, has lost, and still gives", "lupex_cli.bag:main"
    ),
    Command("compare", "RUN ... [--fail-if RULE]", "compare runs: bags or summaries", "lupex_cli.compare:main"),
    Command(
        "replay",
        "BAG --node NAME ... --out BAG2 [--set KEY=VALUE]",
        "ask what nodes would have said on that day",
        "lupex_cli.replay:main",
    ),
    Command(
        "plan",
        "--world W [--targets X,Y ...] [--start UTC]",
        "plan a sortie, as picture and JSON",
        "lupex_cli.plan:main",
    ),
    Command(
        "compare-worlds",
        "BAG_A BAG_B",
        "compare one drive in two worlds, as embedded and Gazebo",
        "lupex_cli.compare_worlds:main",
    ),
    Command("world", "NAME [--seed N]", "make a world and its Gazebo files", "lupex_cli.world:main"),
    Command("site", "import GEOTIFF --name W", "make a world from a LOLA DEM", "lupex_cli.site:main"),
    Command("setup", "", "make the environment, build, and compile the kernels", "lupex_cli.door:setup"),
    Command("doctor", "", "say what is installed, what is missing and how to get it", "lupex_cli.doctor:main"),
)


def available(root: Path) -> tuple[Command, ...]:
    """Return the commands whose code is in the repository at `root`."""
    return tuple(command for command in COMMANDS if command.source(root).is_file())


def usage(root: Path) -> str:
    """Return the help text: one line a command."""
    rows = [(f"{command.name} {command.arguments}".strip(), command.summary) for command in available(root)]
    width = max(len(left) for left, _ in rows)
    lines = [f"  ./lupex {left:<{width}}  {right}" for left, right in rows]
    return "\n".join(["usage: ./lupex COMMAND [ARGUMENTS]", "", *lines])


def find(name: str, root: Path) -> Command | None:
    """Return the available command of that name."""
    return next((command for command in available(root) if command.name == name), None)


def setup() -> int:
    """Compile the kernels; by the time Python runs here, the environment is made and the workspace built."""
    from lupex_cli.demo import DemoError
    from lupex_cli.kernels import ensure_compiled
    from lupex_launch.description import LaunchError

    try:
        ensure_compiled()
    except (DemoError, LaunchError) as error:
        print(f"lupex setup: {error}", file=sys.stderr)
        return 1
    print("The environment and the workspace are ready, the kernels compiled.")
    return 0


def run(command: Command, arguments: list[str], root: Path) -> int:
    """Run the command in this process with `arguments` as its own command line."""
    sys.argv = [f"lupex {command.name}", *arguments]
    if ":" not in command.target:
        try:
            runpy.run_path(str(command.source(root)), run_name="__main__")
        except SystemExit as stop:
            return exit_code(stop.code)
        return 0
    module, _, function = command.target.partition(":")
    return exit_code(getattr(importlib.import_module(module), function)())


def interruptible(command: Command, arguments: list[str], root: Path) -> int:
    """Run the command; return its exit code, or 130 after one line when Ctrl-C ended it."""
    interrupted: list[int] = []

    def interrupt(number: int, frame: object) -> NoReturn:
        interrupted.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        return run(command, arguments, root)
    except (KeyboardInterrupt, Exception):
        # An import or a compiled function that is interrupted ends in errors of its own, as SystemError.
        if not interrupted:
            raise
        print(f"lupex {command.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)


def exit_code(result: object) -> int:
    """Turn what a main function returns, or SystemExit carries, into an exit code."""
    if result is None:
        return 0
    if isinstance(result, int):
        return result
    print(result, file=sys.stderr)
    return 1


def main(argv: list[str] | None = None) -> int:
    """Run the command named first on the command line; return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    root = Path(os.environ.get("LUPEX_ROOT") or Path(__file__).resolve().parents[3])
    name = arguments[0] if arguments else "help"
    if name in ("help", "-h", "--help"):
        print(usage(root))
        return 0
    checking = name == "check"
    if checking:
        name = arguments[1]
    command = find(name, root)
    if command is None:
        print(f"lupex: there is no command '{name}'.\n\n{usage(root)}", file=sys.stderr)
        return 2
    if checking:
        return 0
    workspace = os.environ.get("LUPEX_WORKSPACE")
    if workspace:
        forget_stale(Path(workspace))
    return interruptible(command, arguments[1:], root)


if __name__ == "__main__":
    sys.exit(main())
