# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From a launch file and its arguments to the processes to start. Nothing is started here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lupex_launch.description import Element, LaunchError, declared_arguments, read_launch_file
from lupex_launch.packages import package_executable
from lupex_launch.parameters import parameter_file_text, typed_value
from lupex_launch.substitutions import SubstitutionError, condition, parse_template, perform, split_command
from lupex_node.names import Remap, is_namespace, pushed

NAMESPACE = "ros_namespace"
"""Launch configuration that holds the namespace, as in launch_ros."""


@dataclass(frozen=True)
class ProcessSpec:
    """One process to start.

    `name` is unique and what programs call it by; `label` is `name-N`, the prefix of its output. `parameters` is the
    text of a parameter file that the supervisor writes and passes last, or empty. `package` and `executable` name a ROS
    node, and are empty for another program.
    """

    name: str
    label: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    parameters: str = ""
    respawn: bool = False
    respawn_delay_s: float = 0.0
    output: str = "log"
    origin: str = ""
    package: str = ""
    executable: str = ""


@dataclass
class LaunchScope:
    """What `$(...)` sees at one place of a launch file, and the processes found so far."""

    configurations: dict[str, str]
    environment: dict[str, str]
    directory: Path
    found: list[ProcessSpec] = field(default_factory=list)
    remaps: list[Remap] = field(default_factory=list)
    including: tuple[Path, ...] = ()

    def inner(self) -> LaunchScope:
        """Return the scope of a group: what is set in it ends with it."""
        return replace(
            self,
            configurations=dict(self.configurations),
            environment=dict(self.environment),
            remaps=list(self.remaps),
        )


def evaluate_file(
    path: Path, arguments: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> list[ProcessSpec]:
    """Return the processes of a launch file, in order; raise LaunchError.

    `arguments` are what the command line gives; each must be declared in the file itself. Without `environment` it is
    that of this process.
    """
    root = read_launch_file(path)
    declared = [element.attributes["name"] for element in declared_arguments(root)]
    for name in arguments:
        if name not in declared:
            takes = f"it takes {', '.join(declared)}" if declared else "it takes none"
            raise LaunchError(f"{path}: there is no launch argument '{name}': {takes}")
    scope = LaunchScope(
        dict(arguments),
        dict(os.environ if environment is None else environment),
        path.absolute().parent,
        including=(path.resolve(),),
    )
    run_actions(root, scope)
    return with_unique_names(scope.found)


def with_unique_names(specs: list[ProcessSpec]) -> list[ProcessSpec]:
    """Number the labels, and the names that more than one process has."""
    names = [spec.name for spec in specs]
    numbered = []
    for number, spec in enumerate(specs, start=1):
        label = f"{spec.name}-{number}"
        numbered.append(replace(spec, label=label, name=spec.name if names.count(spec.name) == 1 else label))
    return numbered


def run_actions(parent: Element, scope: LaunchScope) -> None:
    """Visit the actions below `parent` in order."""
    for element in parent.children:
        if applies(element, scope):
            ACTIONS[element.tag](element, scope)


def applies(element: Element, scope: LaunchScope) -> bool:
    """Return whether the element's condition holds."""
    try:
        if "if" in element.attributes:
            return condition(text(element, "if", scope))
        if "unless" in element.attributes:
            return not condition(text(element, "unless", scope))
    except SubstitutionError as error:
        raise element.error(str(error)) from error
    return True


def text(element: Element, attribute: str, scope: LaunchScope, default: str = "") -> str:
    """Return an attribute with its substitutions performed; raise LaunchError."""
    try:
        return perform(parse_template(element.attributes.get(attribute, default)), scope)
    except SubstitutionError as error:
        raise element.error(f"{attribute}: {error}") from error


def declare_argument(element: Element, scope: LaunchScope) -> None:
    """Give an argument its default where nothing set it yet."""
    name = element.attributes["name"]
    if name in scope.configurations:
        return
    if "default" not in element.attributes:
        description = element.attributes.get("description")
        raise element.error(
            f"the launch argument '{name}' is missing{f' ({description})' if description else ''}: give {name}:=VALUE"
        )
    scope.configurations[name] = text(element, "default", scope)


def set_configuration(element: Element, scope: LaunchScope) -> None:
    """Set a launch configuration until the group ends."""
    scope.configurations[text(element, "name", scope)] = text(element, "value", scope)


def set_environment(element: Element, scope: LaunchScope) -> None:
    """Set an environment variable until the group ends."""
    scope.environment[text(element, "name", scope)] = text(element, "value", scope)


def push_namespace(element: Element, scope: LaunchScope) -> None:
    """Put the nodes up to the group's end into a namespace within the present one."""
    words = text(element, "namespace", scope)
    scope.configurations[NAMESPACE] = checked_namespace(element, pushed(scope.configurations.get(NAMESPACE, ""), words))


def set_remap(element: Element, scope: LaunchScope) -> None:
    """Give a remap to the nodes up to the group's end."""
    scope.remaps.append((text(element, "from", scope), text(element, "to", scope)))


def run_group(element: Element, scope: LaunchScope) -> None:
    """Visit a group in a scope of its own."""
    run_actions(element, scope.inner())


def include(element: Element, scope: LaunchScope) -> None:
    """Visit another file; as in ROS 2 it sees, and leaves behind, the configurations of the group around it."""
    path = Path(text(element, "file", scope))
    if not path.is_file():
        raise element.error(f"the included file {path} does not exist")
    if path.resolve() in scope.including:
        raise element.error(f"{path} includes itself")
    root = read_launch_file(path)
    declared = [declaration.attributes["name"] for declaration in declared_arguments(root)]
    for passed in element.children:
        name = text(passed, "name", scope)
        if name not in declared:
            raise passed.error(f"{path.name} declares no argument '{name}': it takes {', '.join(declared) or 'none'}")
        scope.configurations[name] = text(passed, "value", scope)
    run_actions(root, replace(scope, directory=path.absolute().parent, including=(*scope.including, path.resolve())))


def add_executable(element: Element, scope: LaunchScope) -> None:
    """Add a process that is no ROS node of ours."""
    try:
        command = split_command(parse_template(element.attributes["cmd"]), scope)
    except SubstitutionError as error:
        raise element.error(f"cmd: {error}") from error
    if not command:
        raise element.error("cmd is empty")
    name = text(element, "name", scope) or Path(command[0]).name
    add_process(element, scope, name, command, "")


def add_node(element: Element, scope: LaunchScope) -> None:
    """Add a ROS node, with the arguments that ROS 2 would give it."""
    package, executable = text(element, "pkg", scope), text(element, "exec", scope)
    try:
        path = package_executable(package, executable, scope.environment)
        arguments = split_command(parse_template(element.attributes.get("args", "")), scope)
    except (LookupError, SubstitutionError) as error:
        raise element.error(str(error.args[0])) from error
    name, ros_arguments = text(element, "name", scope), []
    namespace = node_namespace(element, scope)
    if name:
        ros_arguments += ["-r", f"__node:={name}"]
    if namespace:
        ros_arguments += ["-r", f"__ns:={namespace}"]
    inline: dict[str, object] = {}
    for parameter in (child for child in element.children if child.tag == "param"):
        if "from" in parameter.attributes:
            file = Path(text(parameter, "from", scope))
            if not file.is_file():
                raise parameter.error(f"the parameter file {file} does not exist")
            ros_arguments += ["--params-file", str(file)]
        else:
            inline[parameter.attributes["name"]] = parameter_value(parameter, scope)
    own = [child for child in element.children if child.tag == "remap"]
    for source, target in [*scope.remaps, *((text(one, "from", scope), text(one, "to", scope)) for one in own)]:
        ros_arguments += ["-r", f"{source}:={target}"]
    command = [str(path), *arguments, "--ros-args", *ros_arguments]
    full_name = f"{namespace.rstrip('/')}/{name}" if name and namespace else ""
    add_process(element, scope, name or executable, command, parameter_file_text(full_name, inline))
    scope.found[-1] = replace(scope.found[-1], package=package, executable=executable)


def node_namespace(element: Element, scope: LaunchScope) -> str:
    """Return the namespace of a node, within the one that was pushed; empty where nothing gives one."""
    above = scope.configurations.get(NAMESPACE, "")
    if "namespace" not in element.attributes:
        return above
    return checked_namespace(element, pushed(above, text(element, "namespace", scope)))


def checked_namespace(element: Element, namespace: str) -> str:
    """Return a namespace that ROS 2 takes; raise LaunchError."""
    if not is_namespace(namespace):
        raise element.error(
            f"'{namespace}' is no namespace: it takes letters, digits and _, no digit first, as in r1 or site/r1"
        )
    return namespace


def parameter_value(element: Element, scope: LaunchScope) -> object:
    """Return the typed value of `<param name= value=>`; raise LaunchError."""
    try:
        return typed_value(text(element, "value", scope), element.attributes.get("type"))
    except ValueError as error:
        raise element.error(f"the parameter '{element.attributes['name']}': {error}") from error


def add_process(element: Element, scope: LaunchScope, name: str, command: list[str], parameters: str) -> None:
    """Add one process with what node and executable have in common."""
    environment = dict(scope.environment)
    for variable in (child for child in element.children if child.tag == "env"):
        environment[text(variable, "name", scope)] = text(variable, "value", scope)
    scope.found.append(
        ProcessSpec(
            name=name,
            label=name,
            command=tuple(command),
            environment=environment,
            parameters=parameters,
            respawn=element.attributes.get("respawn", "false").lower() == "true",
            respawn_delay_s=float(element.attributes.get("respawn_delay", "0")),
            output=element.attributes.get("output", "log"),
            origin=f"{element.file}:{element.line}",
        )
    )


ACTIONS = {
    "arg": declare_argument,
    "let": set_configuration,
    "set_env": set_environment,
    "push_ros_namespace": push_namespace,
    "set_remap": set_remap,
    "group": run_group,
    "include": include,
    "node": add_node,
    "executable": add_executable,
}
