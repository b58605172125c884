# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The `$(...)` of launch files: the grammar of ROS 2's `launch.frontend` and the substitutions that our files use."""

from __future__ import annotations

import math
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from lupex_launch.packages import package_share


class SubstitutionError(Exception):
    """A substitution cannot be read or performed."""


@dataclass(frozen=True)
class Substitution:
    """A call `$(name argument ...)`."""

    name: str
    arguments: tuple[Template, ...]


# Literal text and calls, to be joined.
Template = tuple[str | Substitution, ...]


class Scope(Protocol):
    """What substitutions look things up in."""

    configurations: dict[str, str]
    environment: dict[str, str]
    directory: Path


IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Text outside a substitution, between quotes, and as an argument. A backslash keeps the character after it.
OUTSIDE = re.compile(r"(?:[^$\\]|\\.|\\$)+", re.DOTALL)
QUOTED = {quote: re.compile(rf"(?:[^{quote}$\\]|\\.)+", re.DOTALL) for quote in "'\""}
ARGUMENT = {
    "": re.compile(r"(?:[^ '\"$()\\]|\\[^ ])+", re.DOTALL),
    "'": re.compile(r"(?:[^ '$()\\]|\\[^ ])+", re.DOTALL),
    '"': re.compile(r'(?:[^ "$()\\]|\\[^ ])+', re.DOTALL),
}


def parse_template(text: str) -> Template:
    """Return the parts of an attribute's value; raise SubstitutionError."""
    parts, end = _parts(text, 0, OUTSIDE, "")
    if end != len(text):
        raise SubstitutionError(f"a lone '$' at character {end + 1} of '{text}': write \\$ for the sign itself")
    return parts


def _parts(text: str, at: int, literal: re.Pattern[str], quote: str) -> tuple[Template, int]:
    """Read literal text and calls for as long as they follow each other."""
    parts: list[str | Substitution] = []
    while at < len(text):
        found = literal.match(text, at)
        if found:
            parts.append(ESCAPED.sub(r"\1", found.group()))
            at = found.end()
        elif text.startswith("$(", at):
            call, at = _call(text, at, quote)
            parts.append(call)
        else:
            break
    return tuple(parts), at


def _call(text: str, at: int, quote: str) -> tuple[Substitution, int]:
    """Read one `$(name argument ...)` that begins at `at`."""
    name = IDENTIFIER.match(text, at + 2)
    if not name:
        raise SubstitutionError(f"no name after '$(' in '{text}'")
    arguments: list[Template] = []
    at = name.end()
    while text.startswith(" ", at):
        argument, at = _argument(text, at + 1, quote)
        arguments.append(argument)
    if not text.startswith(")", at):
        raise SubstitutionError(f"'$({name.group()}' is not closed as it should be in '{text}'")
    known = SUBSTITUTIONS.get(name.group())
    if known is None:
        raise SubstitutionError(f"$({name.group()}) is not one of {', '.join(sorted(SUBSTITUTIONS))}")
    if not known.minimum <= len(arguments) <= known.maximum:
        raise SubstitutionError(f"$({name.group()}) takes {known.count()}, and here it has {len(arguments)}")
    return Substitution(name.group(), tuple(arguments)), at + 1


def _argument(text: str, at: int, quote: str) -> tuple[Template, int]:
    """Read one argument, bare or, where we are not in quotes already, quoted."""
    opening = text[at : at + 1]
    if not quote and opening in QUOTED:
        parts, at = _parts(text, at + 1, QUOTED[opening], opening)
        if not text.startswith(opening, at):
            raise SubstitutionError(f"a quote is not closed in '{text}'")
        return parts, at + 1
    parts, end = _parts(text, at, ARGUMENT[quote], quote)
    if not parts:
        raise SubstitutionError(
            f"an argument is missing at character {at + 1} of '{text}'; one space separates arguments"
        )
    return parts, end


def perform(template: Template, scope: Scope) -> str:
    """Return the text of a template; raise SubstitutionError."""
    return "".join(part if isinstance(part, str) else perform_one(part, scope) for part in template)


def perform_one(call: Substitution, scope: Scope) -> str:
    """Return the text of one call; raise SubstitutionError."""
    arguments = [perform(argument, scope) for argument in call.arguments]
    return SUBSTITUTIONS[call.name].function(scope, *arguments)


def split_command(template: Template, scope: Scope) -> list[str]:
    """Split a command line at the spaces of its literal text; what a substitution yields stays whole, as in ROS 2."""
    words: list[str] = []
    word: str | None = None
    for part in template:
        if isinstance(part, Substitution):
            word = (word or "") + perform_one(part, scope)
            continue
        try:
            tokens = shlex.split(part)
        except ValueError as error:
            raise SubstitutionError(f"the command '{part}' cannot be split: {error}") from error
        if word is not None and (part[0].isspace() or not tokens):
            words.append(word)
            word = None
        if not tokens:
            continue
        words.extend([(word or "") + tokens[0], *tokens[1:]])
        word = None if part[-1].isspace() else words.pop()
    return words if word is None else [*words, word]


def boolean(text: str) -> bool:
    """Return the truth of a YAML boolean; raise SubstitutionError."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if not isinstance(value, bool):
        raise SubstitutionError(f"'{text}' is neither true nor false")
    return value


def condition(text: str) -> bool:
    """Return the truth of an `if` or `unless`; raise SubstitutionError."""
    word = text.strip().lower()
    if word not in ("true", "1", "false", "0"):
        raise SubstitutionError(f"a condition is true, 1, false or 0, and this one is '{text}'")
    return word in ("true", "1")


def equal(left: str, right: str) -> bool:
    """Compare as ROS 2 does: two truth values, else two numbers, else two texts."""
    words = ("true", "false", "1", "0")
    if left.lower() in words and right.lower() in words:
        return (left.lower() in ("true", "1")) == (right.lower() in ("true", "1"))
    try:
        return math.isclose(float(left), float(right))
    except ValueError:
        return left == right


def _spelled(value: bool) -> str:
    return "true" if value else "false"


def _var(scope: Scope, name: str, default: str | None = None) -> str:
    value = scope.configurations.get(name, default)
    if value is None:
        raise SubstitutionError(f"there is no launch configuration '{name}'")
    return value


def _env(scope: Scope, name: str, default: str | None = None) -> str:
    value = scope.environment.get(name, default)
    if value is None:
        raise SubstitutionError(f"the environment variable '{name}' is not set")
    return value


def _find_pkg_share(scope: Scope, package: str) -> str:
    try:
        return str(package_share(package, scope.environment))
    except LookupError as error:
        raise SubstitutionError(str(error.args[0])) from error


def _command(scope: Scope, command: str, on_stderr: str = "fail") -> str:
    if on_stderr not in ("fail", "ignore", "warn", "capture"):
        raise SubstitutionError(
            f"$(command)'s second argument is fail, ignore, warn or capture, and here it is '{on_stderr}'"
        )
    stderr = subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE
    try:
        done = subprocess.run(
            shlex.split(command), stdout=subprocess.PIPE, stderr=stderr, text=True, env=scope.environment, check=False
        )
    except (OSError, ValueError) as error:
        raise SubstitutionError(f"the command '{command}' cannot be run: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        program = Path(shlex.split(command)[0]).name
        if said.startswith(f"{program}: ") and "\n" not in said:
            # one sentence that bears its name says all: a command line before it would only hide it
            raise SubstitutionError(said)
        raise SubstitutionError(f"the command '{command}' failed with {done.returncode}: {said}")
    if done.stderr and on_stderr == "fail":
        raise SubstitutionError(f"the command '{command}' wrote to stderr: {done.stderr.strip()}")
    if done.stderr and on_stderr == "warn":
        print(f"the command '{command}' wrote to stderr: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True)
class Known:
    """A substitution's function and how many arguments it takes."""

    function: Callable[..., str]
    minimum: int
    maximum: int

    def count(self) -> str:
        """Return the number of arguments for a sentence."""
        if self.minimum == self.maximum:
            return f"{self.minimum} argument{'' if self.minimum == 1 else 's'}"
        return f"{self.minimum} or {self.maximum} arguments"


SUBSTITUTIONS = {
    "var": Known(_var, 1, 2),
    "env": Known(_env, 1, 2),
    "find-pkg-share": Known(_find_pkg_share, 1, 1),
    "dirname": Known(lambda scope: str(scope.directory), 0, 0),
    "command": Known(_command, 1, 2),
    "equals": Known(lambda _, left, right: _spelled(equal(left, right)), 2, 2),
    "not-equals": Known(lambda _, left, right: _spelled(not equal(left, right)), 2, 2),
    "not": Known(lambda _, value: _spelled(not boolean(value)), 1, 1),
    "and": Known(lambda _, left, right: _spelled(boolean(left) & boolean(right)), 2, 2),
    "or": Known(lambda _, left, right: _spelled(boolean(left) | boolean(right)), 2, 2),
}
