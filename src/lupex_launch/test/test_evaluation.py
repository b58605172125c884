# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import pytest
import yaml

from lupex_launch.description import LaunchError
from lupex_launch.evaluation import evaluate_file


@pytest.fixture
def launch(tmp_path, environment):
    """Return a function that writes files and evaluates the first; the body of a launch file is its argument."""

    def run(body, arguments=None, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.launch.xml").write_text(f"<launch>{text}</launch>")
        path = tmp_path / "top.launch.xml"
        path.write_text(f"<launch>{body}</launch>")
        return evaluate_file(path, arguments or {}, environment)

    return run


def echoed(specs):
    """Return what the `echo` executables of a launch would print."""
    return [" ".join(spec.command[1:]) for spec in specs]


NODE = '<node pkg="rover" exec="drive" name="power"/>'


def ros_arguments(spec):
    return spec.command[spec.command.index("--ros-args") + 1 :]


def test_a_namespace_and_remaps_hold_up_to_the_end_of_their_group(launch):
    inner = '<group><push_ros_namespace namespace="arm"/><set_remap from="/tf" to="tf"/>' + NODE + "</group>"
    body = (
        f'<group><push_ros_namespace namespace="r1"/><set_remap from="/clock" to="clock"/>{inner}{NODE}</group>{NODE}'
    )
    within, outer, after = map(ros_arguments, launch(body))
    clock, tf, name = ("-r", "/clock:=clock"), ("-r", "/tf:=tf"), ("-r", "__node:=power")
    assert within == (*name, "-r", "__ns:=/r1/arm", *clock, *tf)
    assert outer == (*name, "-r", "__ns:=/r1", *clock)
    assert after == name


def test_what_was_pushed_reaches_into_an_included_file_and_a_nodes_parameters(launch):
    below = '<node pkg="rover" exec="drive" name="power" namespace="left"><param name="b" value="1"/></node>'
    body = '<group><push_ros_namespace namespace="r1"/><include file="$(dirname)/other.launch.xml"/></group>'
    (spec,) = launch(body, other=below)
    assert yaml.safe_load(spec.parameters) == {"/r1/left/power": {"ros__parameters": {"b": 1}}}


def test_an_empty_namespace_changes_no_name(launch):
    (spec,) = launch(f'<push_ros_namespace namespace=""/>{NODE}')
    assert ros_arguments(spec) == ("-r", "__node:=power", "-r", "__ns:=/")


def test_what_is_no_namespace_is_refused_with_its_place(launch):
    with pytest.raises(LaunchError, match=r"top\.launch\.xml:1: '/1r' is no namespace"):
        launch('<push_ros_namespace namespace="1r"/>')


def test_a_node_gets_the_arguments_that_ros_gives_it(launch, prefix, tmp_path):
    (tmp_path / "power.yaml").write_text("/**: {ros__parameters: {a: 1}}")
    (spec,) = launch(
        """
        <node pkg="rover" exec="drive" name="power" namespace="lunar" output="screen" respawn="true" respawn_delay="1.5"
              args="--fast $(dirname)">
          <param name="b" value="2.5"/>
          <param from="$(dirname)/power.yaml"/>
          <param name="c" value="[1, 2]"/>
          <remap from="in" to="/out"/>
          <env name="MODE" value="x"/>
        </node>"""
    )
    assert spec.command == (
        str(prefix / "lib" / "rover" / "drive"),
        *("--fast", str(tmp_path), "--ros-args"),
        *("-r", "__node:=power", "-r", "__ns:=/lunar"),
        *("--params-file", str(tmp_path / "power.yaml")),
        *("-r", "in:=/out"),
    )
    assert yaml.safe_load(spec.parameters) == {"/lunar/power": {"ros__parameters": {"b": 2.5, "c": [1, 2]}}}
    assert (spec.name, spec.label, spec.respawn, spec.respawn_delay_s, spec.output) == (
        "power",
        "power-1",
        True,
        1.5,
        "screen",
    )
    assert spec.environment["MODE"] == "x"
    assert spec.origin.endswith("top.launch.xml:2")


def test_the_root_namespace_names_the_node_fully(launch):
    (spec,) = launch("<node pkg='rover' exec='drive' name='a' namespace='/'><param name='b' value='1'/></node>")
    assert "__ns:=/" in spec.command
    assert list(yaml.safe_load(spec.parameters)) == ["/a"]


def test_a_node_without_name_or_namespace_keeps_its_own(launch):
    (spec,) = launch("<node pkg='rover' exec='drive'><param name='b' value='1'/></node>")
    assert spec.command[1:] == ("--ros-args",)
    assert list(yaml.safe_load(spec.parameters)) == ["/**"]
    assert (spec.output, spec.respawn, spec.name) == ("log", False, "drive")


def test_a_parameter_may_name_its_type(launch):
    (spec,) = launch("<node pkg='rover' exec='drive'><param name='b' value='1' type='str'/></node>")
    assert yaml.safe_load(spec.parameters)["/**"]["ros__parameters"] == {"b": "1"}


def test_the_environment_is_this_process_own_unless_given(tmp_path, monkeypatch):
    path = tmp_path / "top.launch.xml"
    path.write_text("<launch><executable cmd='echo $(env LUPEX_TEST)'/></launch>")
    monkeypatch.setenv("LUPEX_TEST", "here")
    assert echoed(evaluate_file(path, {})) == ["here"]


def test_names_that_occur_twice_are_numbered(launch):
    specs = launch("<executable cmd='echo a'/><executable cmd='ls' name='x'/><executable cmd='echo b'/>")
    assert [spec.name for spec in specs] == ["echo-1", "x", "echo-3"]
    assert [spec.label for spec in specs] == ["echo-1", "x-2", "echo-3"]


def test_arguments_take_the_default_or_what_is_given(launch):
    body = "<arg name='a' default='1'/><arg name='b' default='$(var a)0'/><executable cmd='echo $(var a) $(var b)'/>"
    assert echoed(launch(body)) == ["1 10"]
    assert echoed(launch(body, {"a": "2"})) == ["2 20"]
    assert echoed(launch(body, {"b": "two words"})) == ["1 two words"]


def test_conditions_decide(launch):
    body = """<arg name='a' default='true'/>
      <executable cmd='echo 1' if='$(var a)'/><executable cmd='echo 2' unless='$(var a)'/>
      <group if='$(not $(var a))'><executable cmd='echo 3'/></group>"""
    assert echoed(launch(body)) == ["1"]
    assert echoed(launch(body, {"a": "false"})) == ["2", "3"]


def test_a_group_ends_what_is_set_in_it(launch):
    body = """<let name='a' value='1'/><set_env name='E' value='1'/>
      <group><let name='a' value='2'/><set_env name='E' value='2'/><executable cmd='echo $(var a) $(env E)'/></group>
      <executable cmd='echo $(var a) $(env E)'/>"""
    specs = launch(body)
    assert echoed(specs) == ["2 2", "1 1"]
    assert [spec.environment["E"] for spec in specs] == ["2", "1"]


def test_an_include_sees_the_configurations_around_it(launch):
    body = """<let name='outer' value='o'/><group><include file='$(dirname)/low.launch.xml'>
      <arg name='a' value='1'/><arg name='b' value='$(var a)2'/></include>
      <executable cmd='echo after $(var a)'/></group>"""
    low = """<arg name='a'/><arg name='b'/><arg name='outer' default='own'/>
      <executable cmd='echo $(var a) $(var b) $(var outer)'/>"""
    assert echoed(launch(body, low=low)) == ["1 12 o", "after 1"]


def test_an_include_has_its_own_dirname(launch, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "low.launch.xml").write_text("<launch><executable cmd='echo $(dirname)'/></launch>")
    body = "<group><include file='$(dirname)/sub/low.launch.xml'/></group><executable cmd='echo $(dirname)'/>"
    assert echoed(launch(body)) == [str(tmp_path / "sub"), str(tmp_path)]


def test_an_include_whose_condition_fails_is_not_opened(launch):
    assert launch("<group><include file='/no/such.launch.xml' if='false'/></group>") == []
    assert launch("<group if='false'><include file='/no/such.launch.xml'/></group>") == []


def test_the_share_of_a_package_is_found(launch, prefix):
    assert echoed(launch("<executable cmd='echo $(find-pkg-share rover)'/>")) == [str(prefix / "share" / "rover")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<arg name='a' description='the a'/>", r"the launch argument 'a' is missing \(the a\): give a:=VALUE"),
        ("<executable cmd='echo $(var a)'/>", "cmd: there is no launch configuration 'a'"),
        ("<executable cmd=' '/>", "cmd is empty"),
        ("<executable cmd='echo' if='maybe'/>", "a condition is true, 1, false or 0"),
        ("<executable cmd='echo' unless='$(var a)'/>", "unless: there is no launch configuration"),
        ("<let name='a' value='$(eval 1)'/>", r"value: \$\(eval\) is not one of"),
        ("<node pkg='none' exec='drive'/>", "there is no package 'none'"),
        ("<node pkg='rover' exec='fly'/>", "package 'rover' has no executable 'fly': it has drill, drive, notes"),
        ("<node pkg='rover' exec='notes'/>", "package 'rover' has no executable 'notes'"),
        ("<node pkg='rover' exec='drive' args='$(var a)'/>", "no launch configuration 'a'"),
        (
            "<node pkg='rover' exec='drive'><param from='/no/file.yaml'/></node>",
            "the parameter file /no/file.yaml does not exist",
        ),
        (
            "<node pkg='rover' exec='drive'><param name='a' value='[1, b]'/></node>",
            "the parameter 'a': .* more than one type",
        ),
        (
            "<group><include file='/no/such.launch.xml'/></group>",
            "the included file /no/such.launch.xml does not exist",
        ),
        ("<group><include file='$(dirname)/top.launch.xml'/></group>", "top.launch.xml includes itself"),
        (
            "<group><include file='$(dirname)/low.launch.xml'><arg name='z' value='1'/></include></group>",
            "low.launch.xml declares no argument 'z': it takes a",
        ),
        (
            "<group><include file='$(dirname)/low.launch.xml'/></group>",
            r"low\.launch\.xml:1: the launch argument 'a' is missing",
        ),
    ],
)
def test_errors_name_the_place(launch, body, message):
    with pytest.raises(LaunchError, match=message) as caught:
        launch(body, low="<arg name='a'/>")
    assert ".launch.xml:1: " in str(caught.value)


def test_an_undeclared_argument_lists_the_declared(launch):
    with pytest.raises(
        LaunchError, match=r"top\.launch\.xml: there is no launch argument 'wrold': it takes world, seed"
    ):
        launch("<arg name='world' default='ridge'/><group><arg name='seed' default='1'/></group>", {"wrold": "x"})
    with pytest.raises(LaunchError, match="it takes none"):
        launch("", {"a": "1"})
