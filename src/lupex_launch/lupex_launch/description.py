# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Reading a ROS 2 XML launch file, strictly: what this runner would not do as ROS 2 does, it refuses to read."""

from __future__ import annotations

import os
import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lupex_launch.packages import package_share
from lupex_launch.parameters import TYPE_NAMES

CONDITIONS = frozenset({"if", "unless"})
OUTPUTS = ("screen", "log", "both")


class LaunchError(Exception):
    """A launch file, or what was asked of it, is wrong. The text begins with `file:line:` where there is one."""


@dataclass(frozen=True)
class Element:
    """One XML element and where it stands."""

    tag: str
    attributes: dict[str, str]
    file: Path
    line: int
    children: list[Element] = field(default_factory=list)

    def error(self, message: str) -> LaunchError:
        """Return the error that names this element's place."""
        return LaunchError(f"{self.file}:{self.line}: {message}")


@dataclass(frozen=True)
class Rule:
    """What a tag may carry."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()


ACTIONS = frozenset({"arg", "let", "group", "include", "node", "executable", "set_env"})
PROCESS = CONDITIONS | {"name", "output", "respawn", "respawn_delay"}
RULES = {
    "launch": Rule(children=ACTIONS),
    "arg": Rule(frozenset({"name"}), CONDITIONS | {"default", "description"}),
    "let": Rule(frozenset({"name", "value"}), CONDITIONS),
    "group": Rule(optional=CONDITIONS, children=ACTIONS),
    "include": Rule(frozenset({"file"}), CONDITIONS, frozenset({"arg"})),
    "node": Rule(frozenset({"pkg", "exec"}), PROCESS | {"namespace", "args"}, frozenset({"param", "remap", "env"})),
    "executable": Rule(frozenset({"cmd"}), PROCESS, frozenset({"env"})),
    "set_env": Rule(frozenset({"name", "value"}), CONDITIONS),
    "param": Rule(optional=frozenset({"name", "value", "type", "from"})),
    "remap": Rule(frozenset({"from", "to"})),
    "env": Rule(frozenset({"name", "value"})),
}
# What an include passes has the tag of a declaration and another meaning.
PASSED_ARGUMENT = Rule(frozenset({"name", "value"}))


def find_launch_file(name: str) -> Path:
    """Return the launch file: a path, or a name in lupex_bringup's launch directory; raise LaunchError."""
    path = Path(name)
    if path.is_file() or path.parent != Path("."):
        return path
    try:
        directory = package_share("lupex_bringup", os.environ) / "launch"
    except LookupError as error:
        raise LaunchError(f"{name} does not exist here, and {error.args[0]}") from error
    if (directory / name).is_file():
        return directory / name
    names = sorted(file.name for file in directory.glob("*.launch.xml"))
    raise LaunchError(
        f"there is no launch file '{name}', neither here nor in {directory}, which has {', '.join(names) or 'none'}"
    )


def find_in_package(package: str, name: str) -> Path:
    """Return a file of that name anywhere in a package's share directory, as ROS 2 looks for it; raise LaunchError."""
    try:
        share = package_share(package, os.environ)
    except LookupError as error:
        raise LaunchError(str(error.args[0])) from error
    found = sorted(Path(at) / name for at, _, files in os.walk(share, followlinks=True) if name in files)
    if not found:
        raise LaunchError(f"the package '{package}' has no file '{name}' in {share}")
    if len(found) > 1:
        raise LaunchError(f"the package '{package}' has several files '{name}': {', '.join(map(str, found))}")
    return found[0]


def read_launch_file(path: Path) -> Element:
    """Return the checked root element of a launch file; raise LaunchError."""
    root = parse_xml(path)
    if root.tag != "launch":
        raise root.error(f"the root element is <{root.tag}>, and a launch file begins with <launch>")
    check(root, RULES["launch"], inside_group=False)
    return root


def declared_arguments(root: Element) -> list[Element]:
    """Return the `<arg>` declarations of one file, in order, conditional ones included."""
    return [element for element in walk(root) if element.tag == "arg"]


def walk(element: Element) -> Iterator[Element]:
    """Yield the actions of one file in order, without what includes, nodes and executables hold."""
    for child in element.children:
        yield child
        if child.tag == "group":
            yield from walk(child)


def check(element: Element, rule: Rule, inside_group: bool) -> None:
    """Raise LaunchError when the element or one below it is not what the rules allow."""
    for name in sorted(rule.required - element.attributes.keys()):
        raise element.error(f"<{element.tag}> lacks the attribute '{name}'")
    for name in element.attributes:
        if name not in rule.required | rule.optional:
            raise element.error(
                f"<{element.tag}> has the attribute '{name}', and it takes {listed(rule.required | rule.optional)}"
            )
    if element.attributes.keys() >= CONDITIONS:
        raise element.error(f"<{element.tag}> has both 'if' and 'unless'")
    if element.tag == "include" and not inside_group:
        raise element.error("an <include> leaks its arguments: put it in a <group>")
    check_values(element)
    for child in element.children:
        if child.tag not in rule.children:
            raise child.error(f"<{child.tag}> cannot stand in <{element.tag}>, which takes {listed(rule.children)}")
        passed = element.tag == "include"
        check(child, PASSED_ARGUMENT if passed else RULES[child.tag], inside_group or element.tag == "group")


def check_values(element: Element) -> None:
    """Check the attributes that ROS 2 reads as they stand, with no substitutions."""
    attributes = element.attributes
    if element.tag == "param":
        if attributes.keys() not in ({"name", "value"}, {"name", "value", "type"}, {"from"}):
            raise element.error("<param> takes either 'name', 'value' and perhaps 'type', or 'from'")
        if attributes.get("type", "str") not in TYPE_NAMES:
            raise element.error(f"type is '{attributes['type']}', and it is one of {', '.join(TYPE_NAMES)}")
    if attributes.get("output", "screen") not in OUTPUTS:
        raise element.error(f"output is '{attributes['output']}', and it is one of {', '.join(OUTPUTS)}")
    if attributes.get("respawn", "true").lower() not in ("true", "false"):
        raise element.error(f"respawn is '{attributes['respawn']}', and it is true or false, with no substitution")
    try:
        valid = float(attributes.get("respawn_delay", "0")) >= 0.0
    except ValueError:
        valid = False
    if not valid:
        raise element.error(
            f"respawn_delay is '{attributes['respawn_delay']}', and it is a number of seconds, 0 or more"
        )


def listed(names: frozenset[str]) -> str:
    """Return names for a sentence."""
    return ", ".join(sorted(names)) if names else "nothing"


def parse_xml(path: Path) -> Element:
    """Return the root element of an XML file, each element with its line; raise LaunchError."""
    parser = xml.parsers.expat.ParserCreate()
    open_elements: list[Element] = []
    roots: list[Element] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, path, parser.CurrentLineNumber)
        (open_elements[-1].children if open_elements else roots).append(element)
        open_elements.append(element)

    def end(_tag: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        if data.strip():
            raise LaunchError(f"{path}:{parser.CurrentLineNumber}: there is text outside the tags: '{data.strip()}'")

    def doctype(*_arguments: object) -> None:
        raise LaunchError(f"{path}:{parser.CurrentLineNumber}: a launch file has no DOCTYPE")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(path.read_bytes(), True)
    except OSError as error:
        raise LaunchError(f"{path}: the launch file cannot be read: {error.strerror}") from error
    except xml.parsers.expat.ExpatError as error:
        reason = xml.parsers.expat.ErrorString(error.code)
        raise LaunchError(f"{path}:{error.lineno}: this is not XML: {reason}") from error
    return roots[0]
